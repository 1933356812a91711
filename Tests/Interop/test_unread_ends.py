"""A peer that ends its side behind bytes that nobody reads: what it said gets on where anybody takes it, and it holds nothing
where nobody does."""

import contextlib
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast
from support.proxy import configuration
from support.successor import hand_over
from support.wire import BINARY, CLOSE, PING, PONG, TEXT, Ended, Wire, close_payload, frame, upgrade_request

MASK = b"\x11\x22\x33\x44"
LINGERS = {"linger": "1h"}
# No ping finds anybody out within a test.
SILENT = {"ping_interval": "60s"}


def ends(wire: Wire, how: str) -> None:
    """The client has nothing more to say: it goes on listening, or is gone."""
    if how == "half":
        wire.sock.shutdown(socket.SHUT_WR)
    else:
        wire.sock.close()


def unread(wire: Wire) -> int:
    """Bytes that wait in the kernel of the proxy's end."""
    here, there = (f"{end[1]:04X}" for end in (wire.sock.getsockname(), wire.sock.getpeername()))
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{there}") and words[2].endswith(f":{here}"):
            return int(words[4].split(":")[1], 16)
    raise AssertionError("there is no such connection")


def send_until_paused(wire: Wire, piece: bytes) -> None:
    """Sends until the proxy reads no more, and not as much as there is room for: an end gets no further than what is before it."""
    for _ in range(10_000):
        wire.sock.sendall(piece)
        if unread(wire) >= len(piece):
            time.sleep(0.3)
            if unread(wire) >= len(piece):
                return
    raise AssertionError("it was never paused")


class Waiting:
    """A backend that upgrades and reads nothing until it may, then counts messages up to the end."""

    def __init__(self, pace: float = 0):
        self.may_read, self.is_over, self.pace = threading.Event(), threading.Event(), pace
        self.messages, self.bytes, self.close = 0, 0, None

    def __call__(self, wire: Wire, head) -> None:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        wire.accept(head)
        self.may_read.wait(30)
        try:
            while True:
                got = wire.read_frame()
                if got.opcode == CLOSE:
                    self.close = got.close_code
                    wire.send(CLOSE, got.payload)
                elif got.opcode == BINARY:
                    self.messages, self.bytes = self.messages + 1, self.bytes + len(got.payload)
                    time.sleep(self.pace)
        except (Ended, OSError):
            self.is_over.set()


@contextlib.contextmanager
def before(run, script, make=configuration, **sections):
    sections = {"keepalive": SILENT, "workers": 1, "drain": LINGERS, **sections}
    with ScriptedBackend(script) as backend, run(make(backend.address, **sections), tls=False) as proxy:
        yield proxy


def narrow(proxy, way: int = socket.SO_SNDBUF, size: int = 65536) -> Wire:
    """A session whose client's kernel keeps little, one way."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, way, size)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    sock.sendall(upgrade_request("/"))
    wire = Wire(sock, masking=True)
    assert wire.read_head().status == 101
    return wire


@pytest.mark.parametrize("how", ["half", "gone"])
def test_a_client_whose_backend_takes_nothing_is_given_up_and_so_is_the_process_that_lingers(run, how):
    script = Waiting()
    with before(run, script, timeouts={"close": "1s"}) as proxy:
        wire = proxy.upgraded()
        send_until_paused(wire, frame(BINARY, bytes(20_000), mask=MASK))
        old = hand_over(proxy)
        began = time.monotonic()
        ends(wire, how)
        assert old.wait(10) == 0
        assert time.monotonic() - began < 9
        script.may_read.set()
        line = json.loads(proxy.wait_log('"session ended"'))
        assert (line["closed_by"], line["close_code"]) == ("client", 1006)
        wire.sock.close()


@pytest.mark.parametrize("how", ["half", "gone"])
def test_what_a_client_said_before_its_end_gets_on_as_long_as_the_backend_takes_some(run, how):
    # Behind it stands its Close. All in all it takes longer than nothing may move.
    script = Waiting(pace=0.04)
    piece = frame(BINARY, bytes(100_000), mask=MASK)
    with before(run, script, timeouts={"close": "1s"}) as proxy:
        wire = narrow(proxy)
        wire.sock.settimeout(20)
        threading.Timer(1, script.may_read.set).start()
        for _ in range(60):
            wire.sock.sendall(piece)
        wire.sock.sendall(frame(CLOSE, close_payload(4000, "done"), mask=MASK))
        ends(wire, how)
        assert script.is_over.wait(30)
        assert (script.messages, script.close) == (60, 4000)
        wire.sock.close()


def fill(wire: Wire, piece: bytes) -> None:
    """Sends until the proxy's kernel has no room and ours neither: an end stays on this side."""
    wire.sock.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while True:
            wire.sock.sendall(piece)
    assert unread(wire) > 0


@pytest.mark.parametrize("found_by", ["ping", "slow consumer"])
def test_a_client_that_has_gone_behind_a_full_window_is_found(run, found_by):
    script = Waiting()
    is_asked = found_by == "ping"
    with before(run, script, keepalive={"ping_interval": "1s" if is_asked else 0},
                timeouts={"close": "1s", "slow_consumer": "1h" if is_asked else "1s"}) as proxy:
        wire = proxy.upgraded()
        fill(wire, frame(BINARY, bytes(20_000), mask=MASK))
        wire.sock.close()
        line = json.loads(proxy.wait_log('"session ended"', 10))
        assert line["closed_by"] == ("client" if is_asked else "proxy"), line
        script.may_read.set()


def test_a_client_over_its_rate_that_has_gone_is_not_waited_for_for_ever(run):
    with before(run, echo, limits={"messages_per_second": 2}, timeouts={"close": "100ms"}) as proxy:
        wire = proxy.upgraded()
        wire.sock.sendall(frame(TEXT, b"x", mask=MASK) * 8_000)
        old = hand_over(proxy)
        wire.sock.shutdown(socket.SHUT_WR)
        # It would take hours.
        assert old.wait(20) == 0
        wire.sock.close()


def test_a_client_of_a_feed_that_ended_behind_what_the_feed_does_not_take_is_given_up(run):
    script = Waiting()

    def make(address, **sections):
        return broadcast(address, policy={"client_messages": "forward"}, **sections)

    with before(run, script, make, timeouts={"close": "1s", "request_body": 0}) as proxy:
        wire = proxy.upgraded()
        send_until_paused(wire, frame(BINARY, bytes(10_000), mask=MASK))
        old = hand_over(proxy)
        wire.sock.shutdown(socket.SHUT_WR)
        assert old.wait(10) == 0
        script.may_read.set()
        wire.sock.close()


@pytest.mark.parametrize("place, talks", [("tcp", False), ("unix", False), ("unix", True)], ids=["tcp", "unix", "talking"])
def test_the_last_words_of_a_backend_reach_a_client_that_is_slow(run, tmp_path, place, talks):
    """Its connection is closed long before they have been read; it is not asked whether it is there, and what the client says
    meanwhile goes nowhere."""
    count, gone = 60, threading.Event()

    def script(wire, head):
        wire.accept(head)
        for _ in range(count):
            wire.send(BINARY, bytes(100_000))
        wire.send(CLOSE, close_payload(1000, "all"))
        wire.sock.close()
        gone.set()

    unix = tmp_path / "backend.sock" if place == "unix" else None
    with ScriptedBackend(script, unix=unix) as backend:
        config = configuration(
            backend.address, workers=1, keepalive={"ping_interval": "200ms", "pong_timeout": "200ms"}, timeouts={"close": "1s"})
        with run(config, tls=False) as proxy:
            wire = narrow(proxy, socket.SO_RCVBUF, 16384)
            received = 0
            while (got := wire.read_frame()).opcode != CLOSE:
                if got.opcode == PING:
                    wire.send(PONG, got.payload)
                if got.opcode != BINARY:
                    continue
                received += 1
                if talks:
                    wire.send(TEXT, b"are you there? " * 50)
                # Slower than it was sent: most of it waits behind the end.
                time.sleep(0.05 if received < 40 else 0)
            assert (received, got.close_code, got.close_reason) == (count, 1000, "all")
            assert gone.is_set()
            wire.send(CLOSE, got.payload)
            wire.sock.close()


@pytest.mark.parametrize("place", ["tcp", "unix"])
def test_a_page_reaches_a_client_that_is_slow_though_its_backend_has_gone(run, tmp_path, place):
    size = 6_000_000

    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(size))
        wire.sock.close()

    unix = tmp_path / "backend.sock" if place == "unix" else None
    with ScriptedBackend(script, unix=unix) as backend, run(configuration(backend.address, workers=1), tls=False) as proxy:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(10)
        sock.connect(("127.0.0.1", proxy.port))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(1)
        wire = Wire(sock)
        assert wire.read_head().status == 200
        body = wire.read_all()
        # In chunks, as nobody knew its length before its end.
        assert body.endswith(b"0\r\n\r\n") and body.count(bytes(1000)) >= size // 1000 - 1000


def test_a_request_behind_which_its_client_ended_is_answered_however_slowly_its_body_is_taken(run):
    size, pieces = 4_000_000, 40

    def script(wire, head):
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        for _ in range(pieces):
            time.sleep(0.06)
            wire.read(size // pieces)
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with before(run, script, timeouts={"close": "1s"}) as proxy:
        wire = proxy.wire()
        wire.sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        wire.sock.shutdown(socket.SHUT_WR)
        head = wire.read_head()
        assert (head.status, wire.read_body(head)) == (200, b"ok")
        wire.sock.close()


def test_requests_behind_which_their_client_ended_are_all_answered_and_hold_nothing_after(run):
    def script(wire, head):
        while True:
            time.sleep(0.05)
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            head = wire.read_head()

    with before(run, script) as proxy:
        wire = proxy.wire()
        wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Pad: %s\r\n\r\n" % bytes(b"x" * 3000) * 40)
        wire.sock.shutdown(socket.SHUT_WR)
        old = hand_over(proxy)
        assert wire.read_all().count(b"200 OK") >= 1
        assert old.wait(10) == 0
        wire.sock.close()
