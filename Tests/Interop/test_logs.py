"""What the logs say: of floods in few lines, after rotation in the right file, and of requests however they end."""

import json
import os
import re
import signal
import time

import pytest

from support import machine
from support.admin import free_admin
from support.backends import LibraryBackend, ScriptedBackend, http_server
from support.http2 import Http2
from support.proxy import configuration, upstream
from support.wire import TEXT, upgrade_request


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


# MARK: Requests

SLOW = "/slow"      # never answered
HALF = "/half"      # half an answer


def dawdle(wire, head) -> None:
    if head.first.split()[1].startswith(HALF):
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
    wire.is_ended(10)


def line_of(proxy, path: str) -> dict:
    """The one line of the access log that has this path."""
    proxy.wait_log(re.escape(f'"path":"{path}"'))
    lines = [line for line in proxy.events if line.get("path") == path]
    assert len(lines) == 1, lines
    return lines[0]


def leave_http1(proxy, request: bytes) -> None:
    with proxy.tcp() as sock:
        sock.sendall(request)
        time.sleep(0.3)


@pytest.fixture
def dawdler(run):
    admin = free_admin()
    with ScriptedBackend(dawdle) as backend:
        config = configuration(backend.address, admin=admin.section, workers=1)
        config["upstreams"]["only"] = upstream(backend.address, pool={"warm": 0})
        with run(config, tls=False) as proxy:
            yield proxy, admin


FIELDS = [("User-Agent", "tester/1"), ("Origin", "https://a.example"), ("X-Request-Id", "mine")]
HEAD = "Host: Example.COM:80\r\n" + "".join(f"{name}: {value}\r\n" for name, value in FIELDS)


@pytest.mark.parametrize("request_head, path, message, status, phase", [
    (f"GET {SLOW}-1 HTTP/1.1\r\n{HEAD}\r\n", f"{SLOW}-1", "request", 0, "response"),
    (f"GET {HALF}-1 HTTP/1.1\r\n{HEAD}\r\n", f"{HALF}-1", "request", 200, "answer"),
    (f"POST /up HTTP/1.1\r\n{HEAD}Content-Length: 9\r\n\r\nabc", "/up", "request", 0, "body"),
    (upgrade_request("/ws", "Example.COM:80", fields=FIELDS).decode(), "/ws", "upgrade", 0, "response"),
], ids=["asked", "answering", "uploading", "upgrade"])
def test_what_a_client_gave_up_is_logged_and_counted(dawdler, request_head, path, message, status, phase):
    proxy, admin = dawdler
    leave_http1(proxy, request_head.encode())
    line = line_of(proxy, path)
    assert line["message"] == message and line["status"] == status and line["phase"] == phase, line
    assert line["side"] == "client" and "client left" in line["cause"], line
    assert line["user_agent"] == "tester/1" and line["origin"] == "https://a.example", line
    assert line["request_id"] == "mine" and line["route"] == "only", line
    assert line["host"] == "example.com" and line["http"] == 1, line
    if message == "request":
        assert admin.metrics().value("trunkline_requests_total", route="only", status=str(status)) == 1
    else:
        assert admin.metrics().value("trunkline_handshakes_total", outcome="client_left") == 1


@pytest.mark.parametrize("ends_connection", [False, True], ids=["cancelled", "connection closed"])
@pytest.mark.parametrize("path, status, phase", [(SLOW, 0, "response"), (HALF, 200, "answer"), ("/up", 0, "body"),
                                                 ("/ws", 0, "response")])
def test_the_same_over_http2(dawdler, path, status, phase, ends_connection):
    proxy, admin = dawdler
    with Http2(proxy) as client:
        if path == "/ws":
            stream = client.connect(path)
        else:
            stream = client.request(path, "POST" if path == "/up" else "GET", end=path != "/up")
        if path == HALF:
            client.until(lambda: stream.data)
        else:
            time.sleep(0.3)
        if not ends_connection:
            client.h2.reset_stream(stream.number, 8)
            client.flush()
            proxy.wait_log(path)
    line = line_of(proxy, path)
    assert line["message"] == ("upgrade" if path == "/ws" else "request"), line
    assert (line["status"], line["phase"], line["http"], line["side"]) == (status, phase, 2, "client"), line
    assert ("cancelled" in line["cause"]) == (not ends_connection), line
    if path == "/ws":
        assert admin.metrics().value("trunkline_handshakes_total", outcome="client_left") == 1
    else:
        assert admin.metrics().value("trunkline_requests_total", route="only", status=str(status)) == 1


def test_who_leaves_the_queue_is_logged(run):
    """Waiting for a place with the only backend."""
    with ScriptedBackend(dawdle) as backend:
        config = configuration(backend.address, workers=1)
        config["upstreams"]["only"] = {"backends": [{"address": backend.address, "max_sessions": 1}], "pool": {"warm": 0}}
        with run(config, tls=False) as proxy, proxy.tcp() as first:
            first.sendall(upgrade_request("/first"))
            time.sleep(0.2)
            leave_http1(proxy, upgrade_request("/second"))
            line = line_of(proxy, "/second")
            assert line["message"] == "upgrade" and line["phase"] == "queue", line


def test_a_failed_request_is_one_line_with_its_host_path_and_id(run):
    dead = f"127.0.0.1:{machine.free_port()}"
    with run(configuration(dead, workers=1), tls=False) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(f"GET /gone HTTP/1.1\r\n{HEAD}\r\n".encode())
            assert wire.read_head().status == 502
        line = line_of(proxy, "/gone")
        assert line["message"] == "request" and line["status"] == 502 and line["cause"], line
        assert (line["host"], line["request_id"]) == ("example.com", "mine"), line
        assert len(proxy.events) == 1
        machine.eventually(lambda: told(proxy, "request failed"), "the line for operators")
        assert not told(proxy, "upgrade failed")


def test_hosts_are_written_one_way(run, backend):
    config = configuration(backend.address, workers=1)
    config["routes"] = [{"name": "here", "match": {"path": "/here"}, "respond": {"status": 200, "body": "ok"}},
                        {"name": "there", "match": {"path": "/there"}, "upstream": "only"}]
    with run(config, tls=False) as proxy:
        for path in ("/here", "/there", "/nowhere"):
            with proxy.wire() as wire:
                wire.sock.sendall(f"GET {path} HTTP/1.1\r\n{HEAD}\r\n".encode())
                wire.read_head()
            assert line_of(proxy, path)["host"] == "example.com"


def test_what_peers_say_is_bounded_and_escaped(run, backend):
    agent = "\x9b31m".encode() + "\u202e".encode() + b"x" * 2000
    with LibraryBackend() as sessions, run(configuration(sessions.address, workers=1), tls=False) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request("/s", fields=[("User-Agent", agent.decode("latin-1"))]))
            assert wire.read_head().status == 101
            wire.masking = True
            wire.send_close(4001, "bye \u0085\u202e")
            wire.read_until_close()
        raw = proxy.wait_log('"session ended"')
        assert "\x9b" not in raw and "\u202e" not in raw and "\u0085" not in raw
        line = json.loads(raw)
        assert line["close_reason"] == "bye \u0085\u202e" and line["close_code"] == 4001
        assert line["user_agent"].startswith("\x9b31m\u202e") and len(line["user_agent"].encode()) < 300


def test_a_cancelled_stream_has_a_cause_of_its_own(run):
    """What a browser does when its tab closes."""
    with LibraryBackend() as sessions, run(configuration(sessions.address, workers=1)) as proxy:
        with Http2(proxy) as client:
            wire = client.upgraded("/tab")
            wire.send(TEXT, b"there")
            assert wire.read_message()[1] == b"there"
            client.h2.reset_stream(wire.sock.number, 8)
            client.flush()
            line = json.loads(proxy.wait_log('"session ended"'))
        assert line["closed_by"] == "client" and "cancelled" in line["cause"], line


def test_the_status_and_the_metrics_show_certificates(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)):
        shown, = json.loads(admin.get("/status")[1])["certificates"]
        assert shown["subject"] and shown["issuer"] and shown["key_fits"] is True, shown
        assert 0 < shown["expires_in_seconds"] < 400 * 86_400
        expiry = admin.metrics().value("trunkline_certificate_expiry_seconds", listener=shown["listener"])
        assert abs(expiry - time.time() - shown["expires_in_seconds"]) < 5
