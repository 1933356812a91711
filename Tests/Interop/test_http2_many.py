"""Thousands of WebSockets on the streams of many HTTP/2 connections: every byte checked, then a drain under all of them."""

import json
import os
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from support import machine
from support.admin import free_admin
from support.backends import node_echo
from support.machine import FULL
from support.proxy import configuration

pytestmark = pytest.mark.alone

PROCESSES, CONNECTIONS, STREAMS = (4, 25, 30) if FULL else (2, 5, 30)
ROUNDS = 10 if FULL else 3
# Sessions are closed at a pace that takes most of it.
DRAIN = 30 if FULL else 8
SCRIPT = Path(__file__).parent / "support" / "http2_crowd.js"


class Crowd:
    """One process of clients."""

    def __init__(self, proxy):
        paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs"]
        self.process = subprocess.Popen(
            ["node", str(SCRIPT), f"https://localhost:{proxy.port}", str(CONNECTIONS), str(STREAMS)], text=True,
            env={**os.environ, "NODE_PATH": ":".join(filter(None, paths))},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        machine.end(self.process)

    def order(self, what: str) -> None:
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()

    @property
    def answer(self):
        got = json.loads(self.process.stdout.readline())
        assert not isinstance(got, dict) or "error" not in got, got
        return got


def all_of(crowds: list[Crowd], what: str) -> list:
    for crowd in crowds:
        crowd.order(what)
    return [crowd.answer for crowd in crowds]


def test_all_echo_and_each_ends_with_its_own_close(run):
    count = PROCESSES * CONNECTIONS * STREAMS
    admin = free_admin()
    with node_echo() as backend, ExitStack() as stack:
        config = configuration(backend.address, workers=2, admin=admin.section, timeouts={"drain": f"{DRAIN}s", "close": "10s"})
        proxy = stack.enter_context(run(config, drain=DRAIN + 5))
        before = proxy.resident_kib
        crowds = [stack.enter_context(Crowd(proxy)) for _ in range(PROCESSES)]
        assert all_of(crowds, "open") == [CONNECTIONS * STREAMS] * PROCESSES
        each = (proxy.resident_kib - before) / count
        print(f"{count} sessions on {PROCESSES * CONNECTIONS} connections, {each:.1f} KiB each")
        # Beside its share of the client's connection a session has one of its own to the backend.
        machine.expect_memory(int(each), below=24)
        page = admin.metrics()
        assert page.value("trunkline_sessions_open") == count
        assert page.value("trunkline_http2_connections_total") == PROCESSES * CONNECTIONS
        for _ in range(ROUNDS):
            assert all_of(crowds, "exchange") == [3 * CONNECTIONS * STREAMS] * PROCESSES
        proxy.process.send_signal(signal.SIGTERM)
        seen = all_of(crowds, "ends")
        closes, goaways = Counter(), Counter()
        for one in seen:
            closes += Counter(one["closes"])
            goaways += Counter(one["goaways"])
        assert closes == {"1012": count}
        assert goaways["0 all"] == PROCESSES * CONNECTIONS and {key[0] for key in goaways} == {"0"}
        assert proxy.process.wait(10) == 0
