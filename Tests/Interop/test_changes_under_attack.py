"""Reloads, hand-overs and the end of a process amid hostile clients and lying backends: honest sessions beside them lose no
message and are not cut without need, the process ends in time, and what was taken comes back."""

import json
import selectors
import signal
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from support import machine
from support.http2 import Http2
from support.machine import FULL
from support.successor import hand_over
from support.wire import CLOSE, TEXT, Wire, upgrade_request
from test_hostile_peers import CASES, USUAL, Edge, running

pytestmark = pytest.mark.alone
RELOADS = 40 if FULL else 4
SLACK_KIB = 24 * 1024


class Honest:
    """A session that sends numbers, and expects them back in order; and how it was told to go."""

    def __init__(self, edge: Edge, kind: str):
        self.kind, self.count, self.close, self.problem, self.stopping = kind, 0, None, None, threading.Event()
        self.slowest = 0.0
        if kind == "h2":
            self.wire = Http2(edge.proxy, timeout=20).upgraded("/echo")
        else:
            sock = edge.proxy.tcp(20) if kind == "plain" else connect_secure(edge)
            self.wire = Wire(sock, masking=True)
            sock.sendall(upgrade_request("/echo"))
            assert self.wire.read_head().status == 101
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                self.wire.send(TEXT, b"%d" % self.count)
                got = self.wire.read_frame()
                while got.opcode not in (TEXT, CLOSE):
                    got = self.wire.read_frame()
                if got.opcode == CLOSE:
                    self.close = got.close_code
                    self.wire.send_close(got.close_code)
                    return
                assert got.payload == b"%d" % self.count, got
                self.count += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                time.sleep(0.01)
        except Exception as problem:  # noqa: BLE001 whatever it is, it is told
            self.problem = f"{self.kind}: {type(problem).__name__} {problem} after {self.count}"

    def end(self) -> None:
        self.stopping.set()
        self.thread.join(20)
        self.wire.sock.close()


def connect_secure(edge: Edge) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", edge.ports["tls"]), 20)
    context = edge.proxy.authority.client_context()
    context.set_alpn_protocols(["http/1.1"])
    return context.wrap_socket(sock, server_hostname="localhost")


class Mob:
    """Hostile peers of every kind at once; who is cut comes again."""

    def __init__(self, edge: Edge, cases):
        self.edge, self.cases, self.stopping = edge, list(cases), threading.Event()
        self.refused, self.begun = 0, 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready:
            waiting, idle = list(self.cases), []
            while not self.stopping.is_set():
                for case in waiting[:3]:
                    waiting.remove(case)
                    try:
                        peer = CASES[case](self.edge)
                    except Exception:  # noqa: BLE001 refused, which is an answer too
                        self.refused += 1
                        waiting.append(case)
                        continue
                    self.begun += 1
                    peer.sock.setblocking(False)
                    ready.register(peer.sock, selectors.EVENT_WRITE, (peer, case))
                for key, _ in ready.select(0.02) if ready.get_map() else []:
                    peer, case = key.data
                    try:
                        goes_on = peer.send()
                    except BlockingIOError:
                        continue
                    except OSError:
                        ready.unregister(peer.sock)
                        peer.sock.close()
                        waiting.append(case)
                        continue
                    if not goes_on:
                        ready.unregister(peer.sock)
                        idle.append(peer)
                time.sleep(0.001)
            for key in list(ready.get_map().values()):
                key.data[0].sock.close()
            for peer in idle:
                peer.sock.close()

    def __enter__(self):
        self.thread.start()
        machine.eventually(lambda: self.begun >= len(self.cases) * 2 // 3, "a mob", 60)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(30)


@pytest.fixture
def edge(shared_run, authority, request):
    options = getattr(request, "param", {})
    yield from running(shared_run, authority, {"upstream": "5s", "handshakes": "5s"}, limits={"memory": "64MiB"},
                       timeouts={"drain": "1s"}, **options)


def changed(config: str, number: int, spare: int) -> str:
    config = json.loads(config)
    config["limits"]["message"] = f"{16 + number % 3}MiB"
    config["keepalive"] = {"ping_interval": f"{20 + number}s"}
    config["compression"] = {"level": 1 + number % 9}
    if number % 2:
        config["routes"].insert(0, {"name": "extra", "match": {"path": "/extra"}, "respond": {"status": 200}})
        config["listeners"].append({"address": f"127.0.0.1:{spare}"})
    if number % 3 == 0:
        config["http2"] = {"streams": 100 + number}
    return json.dumps(config)


def reload(edge: Edge, number: int, spare: int) -> None:
    proxy = edge.proxy
    (proxy.folder / "proxy.conf").write_text(changed(proxy.config, number, spare))
    seen = sum("configuration reloaded" in line for line in proxy.err)
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: sum("configuration reloaded" in line for line in list(proxy.err)) > seen, "a reload", 20)
    assert not any("not reloaded" in line for line in list(proxy.err))


@contextmanager
def honest(edge: Edge):
    many = [Honest(edge, kind) for kind in ("plain", "tls", "h2") for _ in range(2)]
    try:
        yield many
    finally:
        for one in many:
            with suppress(Exception):
                one.end()


def expect_untouched(many, why: str) -> None:
    assert [one.problem for one in many if one.problem] == [], why
    assert [one.close for one in many if one.close is not None] == [], why


def expect_progress(many, why: str) -> None:
    counts = [one.count for one in many]
    machine.eventually(lambda: all(one.count > count or one.problem for one, count in zip(many, counts)), why, 20)


def cases() -> list[str]:
    return [case for case in CASES if FULL or case in USUAL]


@pytest.mark.parametrize("edge", [
    pytest.param({"workers": 1}, marks=pytest.mark.skipif(not FULL, reason="TRUNKLINE_FULL is not set")), {"workers": 2},
], indirect=True, ids=["one", "two"])
def test_reloads(edge):
    spare = machine.free_port()
    resident, descriptors = edge.proxy.resident_kib, machine.open_descriptors(edge.proxy.pid)
    with honest(edge) as many:
        with Mob(edge, cases()):
            for number in range(RELOADS):
                reload(edge, number, spare)
                expect_untouched(many, f"reload {number}")
            expect_progress(many, "echoes go on")
        edge.forget()
        expect_progress(many, "echoes go on")
        expect_untouched(many, "afterwards")
        print([(one.kind, one.count, round(one.slowest, 3)) for one in many])
    machine.eventually(lambda: machine.open_descriptors(edge.proxy.pid) <= descriptors + 12, "descriptors come back", 20)
    machine.expect_memory_back(lambda: edge.proxy.resident_kib, below=resident + SLACK_KIB)


@pytest.mark.parametrize("edge", [
    # Whose FIN is behind more than our window takes is found out by a ping.
    {"workers": 2, "drain": {"linger": "1h"}, "keepalive": {"ping_interval": "1s", "pong_timeout": "1s"}},
], indirect=True, ids=["lingers"])
def test_hand_overs(edge):
    """The second while the first process lingers; both end once their sessions have."""
    with honest(edge) as first:
        with Mob(edge, cases()) as mob:
            olds = [hand_over(edge.proxy)]
            with honest(edge) as second:
                expect_progress(first + second, "echoes go on")
                olds.append(hand_over(edge.proxy))
                begun = mob.begun
                machine.eventually(lambda: mob.begun > begun + 10, "the mob finds the new one", 20)
                expect_progress(first + second, "echoes go on in all of them")
                expect_untouched(first + second, "hand-over")
                with honest(edge) as third:
                    expect_progress(third, "the newest serves")
        edge.forget()
        expect_untouched(first, "hand-over")
    edge.witness.close()
    for old in olds:
        assert old.wait(25) == 0


@pytest.mark.parametrize("edge", [{"workers": 2}], indirect=True, ids=["drains"])
def test_the_end(edge):
    """Everybody honest is told 1012 after its last message; the process does not wait for who won't listen."""
    with honest(edge) as many, Mob(edge, cases()):
        began = time.monotonic()
        edge.proxy.process.send_signal(signal.SIGTERM)
        assert edge.proxy.process.wait(15) == 0
        took = time.monotonic() - began
        for one in many:
            one.thread.join(5)
        assert [one.problem for one in many if one.problem] == []
        assert [one.close for one in many] == [1012] * len(many)
        assert took < 6
