"""Alive is who makes progress: slow peers, paused ones and busy ones keep their sessions, those that stand don't."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast
from support.http2 import Http2
from support.machine import FULL
from support.proxy import configuration
from support.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, upgrade_request

MASK = b"\x11\x22\x33\x44"


def versions(one: int):
    """Of HTTP, in front: both in a full run."""
    return pytest.mark.parametrize("version", [1, 2] if FULL else [one])


def quick(address: str, **more) -> dict:
    """Pings and deadlines of less than a second."""
    return configuration(address, keepalive={"ping_interval": "300ms", "pong_timeout": "400ms"}, workers=1, **more)


@contextmanager
def before(run, script, make=configuration, **settings):
    """A proxy without TLS before a backend that follows the script."""
    with ScriptedBackend(script) as backend, run(make(backend.address, **settings), tls=False) as proxy:
        yield proxy


def reader(wire, head):
    """Answers with the size of each message, and its pings."""
    wire.accept(head)
    while True:
        got = wire.read_frame()
        if got.opcode == PING:
            wire.send(PONG, got.payload)
        elif got.opcode == CLOSE:
            return wire.send(CLOSE, got.payload)
        elif got.opcode != PONG:
            wire.send(TEXT, str(len(got.payload)).encode())


def is_open(proxy) -> bool:
    return not any("session ended" in line for line in list(proxy.out))


def small(proxy, kept: int = 4096) -> Wire:
    """A client that the kernel keeps little for."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kept)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    wire = Wire(sock, masking=True)
    sock.sendall(upgrade_request("/"))
    assert wire.read_head().status == 101
    return wire


# MARK: sessions

@versions(1)
def test_a_message_that_takes_longer_than_every_deadline_arrives(run, version):
    """Behind half a frame no Ping can be sent: then nobody was asked. And a message under way is no idleness."""
    with ScriptedBackend(reader) as backend, \
            run(quick(backend.address, timeouts={"idle": "600ms"}), tls=False) as proxy:
        opened = Http2(proxy) if version == 2 else None
        wire = opened.upgraded() if opened else proxy.upgraded()
        data = frame(BINARY, bytes(40_000), mask=MASK)
        for start in range(0, len(data), 2000):
            wire.sock.sendall(data[start:start + 2000])
            time.sleep(0.1)
        assert wire.read_message() == (TEXT, b"40000")
        assert is_open(proxy)
        (opened or wire).sock.close()


def test_a_client_that_takes_slowly_and_says_nothing_is_alive(run):
    """Nothing comes from it, and the Ping stands behind what it has not taken: what its kernel takes is its life."""
    def flood(wire, head):
        wire.accept(head)
        while True:
            wire.send(BINARY, bytes(8000))

    settings = dict(workers=1, compression={"mode": "off"}, keepalive={"ping_interval": "500ms", "pong_timeout": "1s"},
                    timeouts={"slow_consumer": "1500ms"})
    with before(run, flood, **settings) as proxy, small(proxy) as wire:
        until, taken = time.monotonic() + 3.5, 0
        while time.monotonic() < until:
            taken += len(wire.sock.recv(3000))
            time.sleep(0.05)
        assert taken > 30_000
        assert is_open(proxy)
        # Then it takes nothing at all.
        line = json.loads(proxy.wait_log(r'"session ended"', 15))
        assert line["cause"] in ("took no bytes for too long", "no pong in time"), line


def test_a_throttled_client_is_not_cut_because_nobody_reads_its_pongs(run):
    with before(run, echo, limits={"messages_per_second": 2, "rate_action": "throttle"}, make=quick) as proxy, \
            proxy.upgraded() as wire:
        wire.sock.sendall(b"".join(frame(TEXT, b"%d" % n, mask=MASK) for n in range(8)))
        time.sleep(2.5)
        wire.send(TEXT, b"later")
        heard = []
        while b"later" not in heard:
            got = wire.read_frame()
            assert got.opcode != CLOSE, got
            if got.opcode == PING:
                wire.send(PONG, got.payload)
            elif got.opcode == TEXT:
                heard.append(got.payload)
        assert len(heard) == 9


def test_pings_that_waited_through_our_pause_are_no_flood_and_a_flood_is_one(run):
    settings = dict(workers=1, keepalive={"ping_interval": 0},
                    limits={"messages_per_second": 2, "control_frames_per_second": 20})
    with before(run, echo, **settings) as proxy, proxy.upgraded() as wire:
        wire.sock.sendall(b"".join(frame(TEXT, b"%d" % n, mask=MASK) for n in range(8)))
        for _ in range(35):
            wire.send(PING, b"rtt")
            time.sleep(0.1)
        wire.send(PING, b"last")
        pongs = 0
        while (got := wire.read_frame()).payload != b"last":
            assert got.opcode != CLOSE, got
            pongs += got.opcode == PONG
        assert pongs > 0
        wire.sock.sendall(frame(PING, b"flood", mask=MASK) * 600)
        assert wire.read_until_close().close_code == 1008


# MARK: pings of one side

def test_a_ping_of_one_side_reaches_the_other_unless_that_was_just_heard(run):
    pings, wires = [], []

    def script(wire, head):
        wire.accept(head)
        wires.append(wire)
        while True:
            got = wire.read_frame()
            if got.opcode == PING:
                pings.append(got.payload)
                wire.send(PONG, got.payload)
            elif got.opcode == TEXT:
                wire.send(TEXT, got.payload)

    with before(run, script, workers=1, keepalive={"ping_interval": 0}) as proxy, proxy.upgraded() as wire:
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")
        # The backend has just been heard.
        wire.send(PING, b"mine")
        assert wire.read_frame().opcode == PONG
        time.sleep(1.3)
        assert pings == []
        # Now it is asked, once a second at most, and not with the client's words.
        for _ in range(5):
            wire.send(PING, b"mine")
            assert wire.read_frame().opcode == PONG
        machine.eventually(lambda: pings, "the backend is asked")
        time.sleep(0.1)
        assert len(pings) == 1 and b"mine" not in pings[0]
        # And the other way round.
        time.sleep(1.1)
        wires[0].send(PING, b"yours")
        got = wire.read_frame()
        assert got.opcode == PING and got.payload != b"yours"


def test_clients_of_a_feed_keep_its_connection_awake_but_are_not_asked_for_its_backend(run):
    """All of them together, once a second."""
    pings, wires = [], []

    def script(wire, head):
        wire.accept(head)
        wires.append(wire)
        while True:
            got = wire.read_frame()
            if got.opcode == PING:
                pings.append(got.payload)
                wire.send(PONG, got.payload)
            elif got.opcode == CLOSE:
                return wire.send(CLOSE, got.payload)

    with ScriptedBackend(script) as backend:
        with run(broadcast(backend.address, keepalive={"ping_interval": 0}), tls=False) as proxy:
            clients = [proxy.upgraded() for _ in range(2)]
            time.sleep(1.2)
            for client in clients:
                client.send(PING, b"me")
                assert client.read_frame().opcode == PONG
            machine.eventually(lambda: pings, "the feed's backend is asked")
            time.sleep(0.1)
            assert len(pings) == 1
            time.sleep(1.1)
            wires[0].send(PING, b"feed")
            for client in clients:
                client.sock.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    client.read_frame()
                client.sock.close()


# MARK: the end

def test_an_end_that_gets_on_is_waited_for(run):
    """The Close stands behind more than the client can take within the deadline."""
    size = 5 << 20

    def script(wire, head):
        wire.accept(head)
        wire.send(BINARY, bytes(size))
        wire.send_close(1000, "done")
        wire.is_ended(10)

    with before(run, script, workers=1, compression={"mode": "off"}, timeouts={"close": "1500ms"}) as proxy, \
            small(proxy, 65536) as wire:
        got = bytearray(wire.buffer)  # what came together with the head
        wire.buffer.clear()
        while len(got) < size + 10:
            part = wire.sock.recv(40_000)
            assert part, f"the connection ends after {len(got)} bytes"
            got += part
            time.sleep(0 if len(got) < size - 800_000 else len(part) / 200_000)
        wire.buffer += got[size + 10:]
        closed = wire.read_frame()
        assert (closed.opcode, closed.close_code, closed.close_reason) == (CLOSE, 1000, "done")


# MARK: plain requests

def answering(pieces: int, pause: float, *, rest: bool = True, kind: str = "text/plain"):
    """An answer in pieces of ten bytes; the rest of it may never come."""
    def script(wire, head):
        length = int(head.get("content-length") or 0)
        if head.get("x-early") is None:
            wire.read(length)
        total = pieces * 10 if rest else pieces * 10 + 5
        wire.sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {total}\r\n\r\n".encode())
        for _ in range(pieces):
            wire.sock.sendall(b"0123456789")
            time.sleep(pause)
        if not rest:
            wire.is_ended(10)
    return script


def fetch(proxy, version: int, body: list[bytes], pause: float, *, length: int | None = None, fields=()):
    """Status, body, and whether it is whole."""
    length = sum(map(len, body)) if length is None else length
    if version == 2:
        with Http2(proxy) as opened:
            stream = opened.request("/x", "POST", fields=[("content-length", str(length)), *fields], end=False)
            for piece in body:
                stream.sendall(piece)
                time.sleep(pause)
            if length == sum(map(len, body)):
                stream.end()
            status = stream.head.status
            opened.until(lambda: stream.ended or stream.reset is not None)
            return status, b"".join(stream.data), stream.reset in (None, 0)
    wire = proxy.wire()
    more = "".join(f"{name}: {value}\r\n" for name, value in fields)
    wire.sock.sendall(
        f"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n".encode())
    for piece in body:
        wire.sock.sendall(piece)
        time.sleep(pause)
    head = wire.read_head()
    got = wire.read_all()
    return head.status, got, len(got) == int(head.get("content-length") or -1)


def with_timeouts(address: str, **timeouts) -> dict:
    return configuration(address, workers=1, timeouts=timeouts)


@versions(1)
def test_a_body_that_comes_steadily_is_never_late(run, version):
    with ScriptedBackend(answering(1, 0)) as backend, \
            run(with_timeouts(backend.address, request_body="500ms"), tls=False) as proxy:
        assert fetch(proxy, version, [b"x" * 100] * 15, 0.1) == (200, b"0123456789", True)


@versions(2)
def test_the_bodys_time_ends_with_the_body(run, version):
    with ScriptedBackend(answering(8, 0.2)) as backend, \
            run(with_timeouts(backend.address, request_body="500ms"), tls=False) as proxy:
        assert fetch(proxy, version, [b"x", b"y"], 0.1) == (200, b"0123456789" * 8, True)


@versions(1)
def test_a_body_that_stops_is_late_and_an_answer_under_way_is_left_alone(run, version):
    """No second head can stand in an answer that has begun."""
    with ScriptedBackend(answering(8, 0.2)) as backend, \
            run(with_timeouts(backend.address, request_body="500ms"), tls=False) as proxy:
        assert fetch(proxy, version, [b"x"], 0, length=9)[0] == 408
        status, body, _ = fetch(proxy, version, [b"x"], 0, length=9, fields=[("x-early", "1")])
        assert (status, body) == (200, b"0123456789" * 8)


@pytest.mark.parametrize("kind", ["text/plain", "text/event-stream; charset=utf-8"] if FULL else ["text/plain"])
@versions(2)
def test_a_response_that_stands_still_is_cut_a_slow_one_is_not(run, version, kind):
    """Of event streams too, where the time was set on purpose."""
    timeouts = {"response_body": "600ms"}
    with ScriptedBackend(answering(4, 0.25, kind=kind)) as backend, \
            run(with_timeouts(backend.address, **timeouts), tls=False) as proxy:
        assert fetch(proxy, version, [], 0) == (200, b"0123456789" * 4, True)
    with ScriptedBackend(answering(2, 0, rest=False, kind=kind)) as backend, \
            run(with_timeouts(backend.address, **timeouts), tls=False) as proxy:
        began = time.monotonic()
        assert fetch(proxy, version, [], 0) == (200, b"0123456789" * 2, False)
        assert 0.5 < time.monotonic() - began < 5


def test_a_backend_that_takes_nothing_of_a_request_is_given_up(run):
    def script(wire, head):
        time.sleep(8)

    with ScriptedBackend(script) as backend, \
            run(with_timeouts(backend.address, slow_consumer="700ms"), tls=False) as proxy:
        wire = proxy.wire()
        wire.sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")

        def upload():
            try:
                for _ in range(200):
                    wire.sock.sendall(bytes(100_000))
            except OSError:
                pass
        thread = threading.Thread(target=upload, daemon=True)
        thread.start()
        assert wire.read_head().status == 504
        wire.sock.close()
        thread.join(5)


# MARK: hosts that are gone

def keepalive_timers(port: int) -> list[bool]:
    """Of each connection whose one end is the port, as the kernel shows them: whether its timer is that of keepalive."""
    found = []
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        local, state, timer = (line.split()[place] for place in (1, 3, 5))
        if int(local.split(":")[1], 16) == port and state == "01":
            found.append(timer.startswith("02"))
    return found


def test_the_kernel_asks_silent_hosts_on_both_sides(run):
    with ScriptedBackend(echo) as backend, run(configuration(backend.address, workers=1), tls=False) as proxy, \
            proxy.upgraded() as wire:
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")
        machine.eventually(lambda: keepalive_timers(proxy.port) == [True], "the client is asked")
        # A connection of ours is told of it when it has lasted.
        ours = ports_to(backend.port)
        machine.eventually(lambda: ours and all(keepalive_timers(port) == [True] for port in ours), "the backend is asked",
                           timeout=20)


def ports_to(remote: int) -> list[int]:
    """Our ends of connections to a port."""
    lines = open("/proc/net/tcp").read().splitlines()[1:]
    pairs = [(int(line.split()[1].split(":")[1], 16), int(line.split()[2].split(":")[1], 16)) for line in lines]
    return [local for local, far in pairs if far == remote]
