"""What the logs say: of floods in few lines, after rotation in the right file, and of requests however they end."""

import json
import os
import signal
import time

import pytest

from support import machine
from support.backends import http_server
from support.proxy import configuration
from support.wire import upgrade_request


@pytest.fixture(scope="module")
def backend():
    with http_server() as server:
        yield server


def told(proxy, message: str) -> list[dict]:
    """The lines of standard error with this text."""
    return [line for line in map(json.loads, list(proxy.err)) if line["message"] == message]


def test_an_outage_is_told_once_a_second_with_a_count(run):
    """Clients are told to come again, not all at once; the log is not theirs to fill."""
    addresses = [f"127.0.0.1:{machine.free_port()}" for _ in range(2)]
    with run(configuration(*addresses, workers=1), tls=False) as proxy:
        waits, asked = set(), 0
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request("/"))
                head = wire.read_head()
                assert head.status == 503, head.first
                waits.add(int(head.get("retry-after")))
                asked += 1
        assert asked > 50 and len(waits) > 3
        time.sleep(1.2)
        lines = told(proxy, "upgrade failed")
        assert 2 <= len(lines) <= 5
        assert sum(line.get("count", 1) for line in lines) == asked
        assert len(told(proxy, "backend unreachable")) < 12


def test_the_first_failure_of_an_only_backend_is_502_the_next_ones_503(run):
    with run(configuration(f"127.0.0.1:{machine.free_port()}", workers=1), tls=False) as proxy:
        statuses = []
        for _ in range(3):
            with proxy.wire() as wire:
                wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                statuses.append(wire.read_head().status)
        assert statuses == [502, 503, 503]


@pytest.mark.parametrize("how", ["SIGHUP", "SIGUSR1", "moved", "removed"])
def test_a_rotated_access_log_is_opened_anew(run, tmp_path, backend, how):
    log = tmp_path / "access.log"
    config = configuration(backend.address, log={"access": str(log)})

    def ask(path: str) -> None:
        with proxy.wire() as wire:
            wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert wire.read_head().status == 200

    def holds(path: str):
        return lambda: log.exists() and path in log.read_text()

    with run(config, tls=False) as proxy:
        ask("/first")
        machine.eventually(holds("/first"), "the first line")
        if how == "removed":
            log.unlink()
        else:
            log.rename(tmp_path / "access.log.1")
        if how.startswith("SIG"):
            os.kill(proxy.pid, getattr(signal, how))
            # Made by the signal, not by the next line: whoever rotates may look for it.
            machine.eventually(log.exists, "the new file")
        else:
            time.sleep(1.1)
        ask("/second")
        machine.eventually(holds("/second"), "the second line in the new file")
        assert "/first" not in log.read_text()
