"""Node's `http2` as client: ordinary requests, and `ws` on extended CONNECT streams."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.backends import LibraryBackend, http_server, node_echo
from support.proxy import configuration

CLIENT = Path(__file__).parent / "support" / "http2_client.js"


def node(proxy, scenario: str, count: int) -> subprocess.Popen:
    paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs"]
    return subprocess.Popen(
        ["node", str(CLIENT), f"https://localhost:{proxy.port}", scenario, str(count)], text=True,
        env={**os.environ, "NODE_PATH": ":".join(filter(None, paths))}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def outcome(process: subprocess.Popen) -> dict:
    out, _ = process.communicate(timeout=60)
    seen = json.loads(out.strip().splitlines()[-1])
    assert "failure" not in seen and "error" not in seen, seen
    return seen


def test_requests_of_every_kind(run):
    with http_server() as server, run(configuration(server.address, workers=1)) as proxy:
        seen = outcome(node(proxy, "requests", 100))
    assert seen["lengths"] == [number * 100 for number in range(100)]
    assert seen["down"]["x-sum"] == "42" and seen["up"] == {"x-check": "sent"}
    assert seen["hints"] == [103] and seen["large"] == 5_000_000 and seen["head"] == "77"


@pytest.mark.parametrize("backend", [node_echo, LibraryBackend], ids=["ws", "websockets"])
def test_many_sockets_on_one_connection(run, backend):
    with backend() as server, run(configuration(server.address, workers=1)) as proxy:
        seen = outcome(node(proxy, "sockets", 50))
        assert seen["settings"]["enableConnectProtocol"] is True
        assert seen["echoes"] == 250
        assert seen["closes"] == [[4000 + number, "done"] for number in range(50)]


def test_a_drain_ends_each_socket_and_then_the_connection(run):
    with node_echo() as server, run(configuration(server.address, workers=1)) as proxy:
        process = node(proxy, "drain", 20)
        assert process.stdout.readline() == "ready\n"
        proxy.process.send_signal(signal.SIGTERM)
        seen = outcome(process)
        assert {code for code, _ in seen["closes"]} == {1012}
        assert seen["goaways"][0] == [0, 2**31 - 1]
        assert proxy.process.wait(10) == 0
