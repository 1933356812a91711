"""Peers that do just enough to look alive: drips that carry nothing, windows that open by a byte, answers to the wrong
question. None puts a deadline off that it doesn't serve; and slow ones that do get on are left alone."""

import json
import socket
import struct
import threading
import time

import pytest
from hpack import Decoder

from support import http2
from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.hostile import Http2Backend
from support.http2 import Frames, Http2
from support.machine import FULL
from support.proxy import configuration, upstream
from support.wire import BINARY, CLOSE, PING, PONG, TEXT, Ended, Wire, frame, upgrade_request

MASK = b"\x11\x22\x33\x44"
QUICK = {"ping_interval": "300ms", "pong_timeout": "600ms"}
EMPTY = {"empty": http2.frame(http2.DATA, 0, 1), "padded": http2.frame(http2.DATA, 8, 1, b"\x03\0\0\0")}


def few(names: str, every: list, usual: list):
    """All of them in a full run, and some in each."""
    assert all(one in every for one in usual)
    return pytest.mark.parametrize(names, every if FULL else usual)


class Lines(Http2Backend):
    """A multiplexed backend by hand, whose streams follow a script: it is given what sends, the stream and its path."""

    def __init__(self, script):
        self.script = script
        super().__init__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _answer(self, sock, stream: int, path: str) -> None:
        def send(kind: int, flags: int = 0, payload: bytes = b"", on: int = stream) -> None:
            self._send(sock, http2.frame(kind, flags, on, payload))
        try:
            self.script(send, path)
        except OSError:
            pass


def answer(send, status: str = "200") -> None:
    send(http2.HEADERS, http2.END_HEADERS, http2.block((":status", status)))


def multiplexed(address: str, **sections) -> dict:
    more = sections.pop("upstream", {})
    return configuration(upstreams={"only": upstream(address, mode="multiplex", **more)}, workers=1, **sections)


def until_ended(sock: socket.socket, within: float) -> float:
    """How long it takes until the connection ends, whatever comes before."""
    began = time.monotonic()
    sock.settimeout(within)
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - began


# MARK: bodies that don't come, and answers

@few("drip", ["a chunk's size", "a chunk's extension", *EMPTY], ["a chunk's extension", "padded"])
def test_what_is_no_part_of_a_body_does_not_put_its_deadline_off(run, drip):
    with ScriptedBackend(lambda wire, head: wire.is_ended(10)) as backend, \
            run(configuration(backend.address, workers=1, timeouts={"request_body": "600ms"}), tls=False) as proxy:
        began = time.monotonic()
        if drip in EMPTY:
            with Frames(proxy) as opened:
                head = http2.block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"))
                opened.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, head))
                dripping(lambda: opened.send(EMPTY[drip]))
                _, _, _, payload = opened.wait(http2.HEADERS, 1)
                assert dict(Decoder().decode(payload))[":status"] == "408"
        else:
            with proxy.wire() as wire:
                wire.sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  + (b"5;a=" if "extension" in drip else b""))
                dripping(lambda: wire.sock.sendall(b"x" if "extension" in drip else b"0"))
                assert wire.read_head().status == 408
        assert time.monotonic() - began < 5


def dripping(send, pause: float = 0.1, count: int = 100) -> None:
    def drip():
        try:
            for _ in range(count):
                time.sleep(pause)
                if send() is False:
                    return
        except OSError:
            pass
    threading.Thread(target=drip, daemon=True).start()


@few("drip, version", [(drip, version) for drip in ["extension", *EMPTY] for version in (1, 2)],
     [("extension", 2), ("empty", 1)])
def test_what_is_no_part_of_an_answer_does_not_put_its_silence_off(run, drip, version):
    def over_http1(wire, head):
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n5;a=")
        for _ in range(100):
            wire.sock.sendall(b"x")
            time.sleep(0.1)

    def over_http2(send, path):
        answer(send)
        send(http2.DATA, 0, b"some")
        for _ in range(100):
            send(http2.DATA, 0 if drip == "empty" else 8, b"" if drip == "empty" else b"\x03\0\0\0")
            time.sleep(0.1)

    settings = dict(timeouts={"response_body": "700ms"})
    if drip == "extension":
        backend = ScriptedBackend(over_http1)
    else:
        backend = Lines(over_http2)
    with backend, run(configuration(backend.address, workers=1, **settings) if drip == "extension"
                      else multiplexed(backend.address, **settings), tls=False) as proxy:
        began = time.monotonic()
        if version == 1:
            with proxy.wire() as wire:
                wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert wire.read_head().status == 200
                until_ended(wire.sock, 8)
        else:
            with Http2(proxy) as opened:
                stream = opened.request("/")
                opened.until(lambda: stream.reset is not None)
                assert stream.head.status == 200 and stream.reset not in (None, 0)
        assert 0.5 < time.monotonic() - began < 6


@few("asks, mode, version", [(asks, mode, version) for asks in ("a page", "a WebSocket")
                             for mode in ("session", "multiplex") for version in (1, 2)],
     [("a page", "multiplex", 1), ("a WebSocket", "session", 2)])
def test_hints_do_not_put_an_answer_off(run, asks, mode, version):
    """Interim responses announce an answer and are none."""
    def over_http1(wire, head):
        for _ in range(100):
            wire.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            time.sleep(0.1)

    def over_http2(send, path):
        for _ in range(100):
            answer(send, "103")
            time.sleep(0.1)

    settings = {"timeouts": {"response": "800ms"}, "retry": {"attempts": 1}}
    backend = ScriptedBackend(over_http1) if mode == "session" else Lines(over_http2)
    with backend:
        config = configuration(upstreams={"only": upstream(
            backend.address, **settings, **({"mode": mode} if mode == "multiplex" else {}))}, workers=1)
        with run(config, tls=False) as proxy:
            began = time.monotonic()
            if version == 2:
                with Http2(proxy) as opened:
                    stream = opened.request("/") if asks == "a page" else opened.connect("/")
                    assert stream.head.status == 504
            else:
                with proxy.wire() as wire:
                    wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" if asks == "a page" else upgrade_request("/"))
                    while (head := wire.read_head()).status < 200:
                        pass
                    assert head.status == 504
            assert 0.6 < time.monotonic() - began < 5


# MARK: pings

def cause(proxy, within: float = 8) -> str:
    return json.loads(proxy.wait_log(r'"session ended"', within))["cause"]


def test_a_client_that_answers_for_its_connection_does_not_answer_for_its_streams(run):
    """Over HTTP/2 one stream is dead, another one isn't, and what is said of the connection is said of neither."""
    with ScriptedBackend(echo) as backend, \
            run(configuration(backend.address, workers=1, keepalive=QUICK), tls=False) as proxy, Http2(proxy) as opened:
        live, silent = opened.upgraded("/live"), opened.upgraded("/silent")
        until = time.monotonic() + 3
        while silent.sock.reset is None and not silent.sock.ended and time.monotonic() < until:
            opened.h2.ping(b"12345678")
            live.send(TEXT, b"here")
            assert live.read_message() == (TEXT, b"here")
            time.sleep(0.05)
        line = json.loads(proxy.wait_log(r'"session ended"'))
        assert (line["path"], line["cause"]) == ("/silent", "no pong in time")
        live.send(TEXT, b"still")
        assert live.read_message() == (TEXT, b"still")


def test_a_multiplexed_backend_that_answers_pings_of_http2_alone_is_dead_for_its_sessions(run):
    def script(send, path):
        answer(send)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            send(http2.WINDOW_UPDATE, 0, struct.pack("!I", 1))
            time.sleep(0.1)

    with Lines(script) as backend, run(multiplexed(backend.address, keepalive=QUICK), tls=False) as proxy, \
            proxy.upgraded() as wire:
        while (got := wire.read_frame()).opcode == PING:
            wire.send(PONG, got.payload)
        assert (got.opcode, got.close_code) == (CLOSE, 1011)
        wire.send_close(1011)
        assert cause(proxy) == "no pong in time"


@few("mode", ["session", "multiplex"], ["multiplex"])
def test_a_message_of_the_backends_may_take_longer_than_every_deadline(run, mode):
    data = frame(BINARY, bytes(2500))
    steps = range(0, len(data), 100)

    def over_http1(wire, head):
        wire.accept(head)
        for start in steps:
            wire.sock.sendall(data[start:start + 100])
            time.sleep(0.1)
        wire.is_ended(10)

    def over_http2(send, path):
        answer(send)
        for start in steps:
            send(http2.DATA, 0, data[start:start + 100])
            time.sleep(0.1)
        time.sleep(3)

    backend = ScriptedBackend(over_http1) if mode == "session" else Lines(over_http2)
    settings = {"keepalive": QUICK, "timeouts": {"idle": "700ms"}}
    with backend, run(configuration(backend.address, workers=1, **settings) if mode == "session"
                      else multiplexed(backend.address, **settings), tls=False) as proxy, proxy.upgraded() as wire:
        wire.sock.settimeout(10)
        while (got := wire.read_frame()).opcode == PING:
            wire.send(PONG, got.payload)
        assert (got.opcode, len(got.payload)) == (BINARY, 2500)


# MARK: sides that are paused because the other one is slow

def test_a_backend_that_pours_is_not_dead_because_its_client_is_slow(run):
    """Its pongs stand behind what nobody reads."""
    def pour(wire, head):
        wire.accept(head)
        def answer_pings():
            try:
                while True:
                    got = wire.read_frame()
                    if got.opcode == PING:
                        wire.send(PONG, got.payload)
            except (Ended, OSError):
                pass
        threading.Thread(target=answer_pings, daemon=True).start()
        while True:
            wire.send(BINARY, bytes(8000))

    sections = dict(keepalive=QUICK, compression={"mode": "off"}, timeouts={"slow_consumer": "1500ms"})
    with ScriptedBackend(pour) as backend, \
            run(configuration(backend.address, workers=1, **sections), tls=False) as proxy, \
            slow_reader(proxy) as wire:
        taken, until = 0, time.monotonic() + 2.5
        while time.monotonic() < until:
            taken += len(wire.sock.recv(3000))
            time.sleep(0.05)
        assert taken > 50_000 and not any("session ended" in line for line in list(proxy.out))


def slow_reader(proxy) -> Wire:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    wire = Wire(sock, masking=True)
    sock.sendall(upgrade_request("/"))
    assert wire.read_head().status == 101
    return wire


@few("version", [1, 2], [2])
def test_a_client_that_uploads_is_not_dead_because_its_backend_is_slow(run, version):
    """Nobody reads its pongs meanwhile, and those of the backend do come."""
    taken = []

    def reader(wire, head):
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.accept(head)
        while True:
            taken.append(len(wire.sock.recv(4000)))
            time.sleep(0.02)

    sections = dict(keepalive=QUICK, timeouts={"slow_consumer": "1500ms"}, limits={"buffer": "16KiB"})
    with ScriptedBackend(reader) as backend, \
            run(configuration(backend.address, workers=1, **sections), tls=False) as proxy:
        opened = Http2(proxy) if version == 2 else None
        wire = opened.upgraded() if opened else proxy.upgraded()
        data = frame(BINARY, bytes(60_000), mask=MASK)
        ends = []

        def upload():
            try:
                for _ in range(200):
                    wire.sock.sendall(data)
            except (OSError, AttributeError) as problem:
                ends.append(problem)
        threading.Thread(target=upload, daemon=True).start()
        time.sleep(2.5)
        assert sum(taken) > 50_000 and not any("session ended" in line for line in list(proxy.out)), ends
        (opened or wire).sock.close()


# MARK: windows that open by a byte

def test_a_stream_that_takes_a_byte_at_a_time_is_stalled_however_busy_its_connection_is(run):
    """What others of its connection take is not taken by it."""
    def script(wire, head):
        if head.target == "/busy":
            return echo(wire, head)
        wire.accept(head)
        while True:
            wire.send(BINARY, bytes(8000))

    sections = dict(keepalive={"ping_interval": 0}, compression={"mode": "off"}, timeouts={"slow_consumer": "1500ms"})
    with ScriptedBackend(script) as backend, \
            run(configuration(backend.address, workers=1, **sections), tls=False) as proxy, Http2(proxy) as opened:
        busy, poured = opened.upgraded("/busy"), opened.connect("/pour")
        poured.reads = False
        until = time.monotonic() + 8
        while poured.reset is None and not poured.ended and time.monotonic() < until:
            busy.send(BINARY, bytes(3000))
            assert busy.read_message() == (BINARY, bytes(3000))
            if poured.reset is None:
                opened.h2.increment_flow_control_window(1, poured.number)
            opened.flush()
            time.sleep(0.02)
        line = json.loads(proxy.wait_log(r'"session ended"', 1))
        assert (line["path"], line["cause"]) == ("/pour", "took no bytes for too long")


@pytest.mark.skipif(not FULL, reason="takes some seconds, and the other side is tested")
def test_a_backends_stream_that_takes_a_byte_at_a_time_is_stalled_however_busy_its_connection_is(run):
    echoed = frame(TEXT, b"here")

    def script(send, path):
        answer(send)
        until = time.monotonic() + 8
        if path == "/busy":
            send(http2.WINDOW_UPDATE, 0, struct.pack("!I", 1 << 28))
        while time.monotonic() < until:
            if path == "/busy":
                send(http2.DATA, 0, echoed)
                send(http2.WINDOW_UPDATE, 0, struct.pack("!I", 1 << 16))
            else:
                send(http2.WINDOW_UPDATE, 0, struct.pack("!I", 1))
            send(http2.WINDOW_UPDATE, 0, struct.pack("!I", 1 << 16), on=0)
            time.sleep(0.05)

    sections = dict(keepalive={"ping_interval": 0}, timeouts={"slow_consumer": "1500ms"},
                    upstream={"pool": {"connections": 1, "warm": 0}})
    with Lines(script) as backend, run(multiplexed(backend.address, **sections), tls=False) as proxy, \
            proxy.upgraded("/busy") as busy, proxy.upgraded("/deaf") as wire:
        dripping(lambda: busy.send(BINARY, bytes(3000)), 0.02, 500)
        wire.sock.settimeout(0.5)
        data = frame(BINARY, bytes(60_000), mask=MASK)
        try:
            for _ in range(1000):
                wire.sock.sendall(data)
        except OSError:
            pass
        line = json.loads(proxy.wait_log(r'"session ended"', 8))
        assert (line["path"], line["cause"]) == ("/deaf", "took no bytes for too long")
        assert len(backend.socks) == 1, "both were streams of one connection"


# MARK: the end

@few("who", ["client", "backend"], ["client"])
def test_an_end_that_only_drips_comes_all_the_same(run, who):
    """Half a frame, a byte at a time, after our Close: it is waited for, but not for ever."""
    def script(wire, head):
        wire.accept(head)
        if who == "client":
            return echo_close(wire)
        wire.sock.sendall(frame(BINARY, bytes(60_000))[:10])
        for _ in range(200):
            time.sleep(0.05)
            wire.sock.sendall(b"x")

    def echo_close(wire):
        while (got := wire.read_frame()).opcode != CLOSE:
            pass
        wire.send(CLOSE, got.payload)

    admin = free_admin()
    sections = dict(timeouts={"close": "150ms"}, admin=admin.section)
    with ScriptedBackend(script) as backend, \
            run(configuration(backend.address, workers=1, **sections), tls=False) as proxy, proxy.upgraded() as wire:
        began = time.monotonic()
        if who == "client":
            wire.sock.sendall(frame(BINARY, bytes(60_000), mask=MASK)[:10])
            dripping(lambda: wire.sock.sendall(b"x"), 0.05, 200)
        time.sleep(0.5)
        assert admin.call("POST", "/sessions/close?route=only")[0] == 200
        until_ended(wire.sock, 10)
        proxy.wait_log(r'"session ended"', 8)
        assert time.monotonic() - began < 6


@few("mode", ["session", "broadcast"], ["broadcast"])
def test_a_client_that_goes_while_its_backend_is_deaf_is_found_out(run, mode):
    """It is not read, so its end is not seen: the next Ping tells."""
    def deaf(wire, head):
        wire.accept(head)
        time.sleep(6)

    more = {"mode": mode, "broadcast": {"client_messages": "forward"}} if mode == "broadcast" else {}
    with ScriptedBackend(deaf) as backend:
        config = configuration(upstreams={"only": upstream(backend.address, **more)}, workers=1,
                               keepalive={"ping_interval": "300ms", "pong_timeout": "30s"}, limits={"buffer": "16KiB"})
        with run(config, tls=False) as proxy:
            wire = proxy.upgraded()
            wire.sock.settimeout(0.3)
            try:
                for _ in range(1000):
                    wire.sock.sendall(frame(BINARY, bytes(60_000), mask=MASK))
            except OSError:
                pass
            wire.sock.close()
            began = time.monotonic()
            proxy.wait_log(r'"session ended"', 8)
            assert time.monotonic() - began < 4
