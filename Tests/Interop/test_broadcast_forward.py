"""Clients of a feed that talk to its backend: messages arrive whole, one after the other, and hold no more than was sent."""

import os
import signal
import socket
import threading
import time
import zlib

import pytest

from support.backends import ScriptedBackend
from support.feeds import broadcast
from support.wire import BINARY, CLOSE, CONTINUATION, TEXT, Head, Wire, frame

DEFLATE = [("Sec-WebSocket-Extensions", "permessage-deflate; client_no_context_takeover")]


def packed(plain: bytes) -> bytes:
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (z.compress(plain) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


def hear(wire: Wire, messages: list[tuple[int, bytes]]) -> None:
    opcode, parts = None, []
    while (got := wire.read_frame()).opcode != CLOSE:
        if got.opcode > CLOSE:
            continue
        # A message of another client in the middle of one would begin here.
        assert (got.opcode == CONTINUATION) == (opcode is not None)
        opcode = opcode or got.opcode
        parts.append(got.payload)
        if got.fin:
            messages.append((opcode, b"".join(parts)))
            opcode, parts = None, []


class Listening:
    """A backend that reads messages when it is told to."""

    def __init__(self):
        self.may_read = threading.Event()
        self.messages: list[tuple[int, bytes]] = []

    def __call__(self, wire: Wire, head: Head) -> None:
        wire.accept(head)
        self.may_read.wait(30)
        wire.sock.settimeout(30)
        hear(wire, self.messages)


@pytest.fixture
def listening():
    script = Listening()
    with ScriptedBackend(script) as backend:
        yield script, backend
        script.may_read.set()


def forwarding(backend, **sections) -> dict:
    return broadcast(backend.address, policy={"client_messages": "forward"}, **sections)


def test_an_unfinished_message_holds_what_was_sent_and_has_its_time(run, listening):
    _, backend = listening
    plain = b"".join(bytes([n & 255]) * 170 for n in range(40_000))
    part = packed(plain)
    config = forwarding(backend, timeouts={"request_body": "1s"}, keepalive={"ping_interval": 0})
    with run(config, tls=False) as proxy:
        wires = [proxy.upgraded(fields=DEFLATE) for _ in range(10)]
        before = proxy.resident_kib
        for wire in wires:
            wire.sock.sendall(frame(BINARY, part, fin=False, rsv=4, mask=b"abcd"))
        closes = [wire.read_until_close() for wire in wires]
        assert {close.close_code for close in closes} == {1008}
        # Inflated they would be 66 MB.
        proxy.expect_memory(below=before + 16384)
        proxy.wait_log("left a message unfinished")
        for wire in wires:
            wire.sock.close()


def test_messages_arrive_whole_and_in_turn_however_slow_the_backend_is(run, listening):
    script, backend = listening
    plains = [bytes([n + 1]) * 3_000_000 for n in range(8)]
    with run(forwarding(backend), tls=False) as proxy:
        wires = [proxy.upgraded(fields=DEFLATE) for _ in plains]
        before = proxy.resident_kib
        for wire, plain in zip(wires, plains):
            data = packed(plain)
            wire.sock.sendall(frame(BINARY, data[:500], fin=False, rsv=4, mask=b"abcd")
                              + frame(CONTINUATION, data[500:], mask=b"efgh") + frame(TEXT, b"and one more", mask=b"abcd"))
        # The first of them is under way; it is passed on though its client leaves.
        proxy.expect_memory(below=before + 16384)
        wires[0].sock.close()
        script.may_read.set()
        proxy_messages = script.messages
        for _ in range(400):
            if len(proxy_messages) >= 15:
                break
            threading.Event().wait(0.05)
        large = [payload for opcode, payload in proxy_messages if opcode == BINARY]
        assert sorted(large) == plains
        assert [payload for opcode, payload in proxy_messages if opcode == TEXT][:7] == [b"and one more"] * 7
        proxy.expect_memory(below=before + 16384)
        for wire in wires[1:]:
            wire.sock.close()


def test_a_backend_lost_in_the_middle_of_a_message_does_not_silence_the_others(run):
    received = []

    def first_dies(wire: Wire, head: Head) -> None:
        wire.accept(head)
        if len(backend.heads) == 1:
            wire.read(100_000)
            wire.reset()
            return
        hear(wire, received)

    with ScriptedBackend(first_dies) as backend, run(forwarding(backend), tls=False) as proxy:
        one, other = proxy.upgraded(fields=DEFLATE), proxy.upgraded(fields=DEFLATE)
        one.sock.sendall(frame(BINARY, packed(bytes(15 << 20)), rsv=4, mask=b"abcd"))
        proxy.wait_log("feed reopened")
        other.send(TEXT, b"hello")
        for _ in range(100):
            if (TEXT, b"hello") in received:
                break
            threading.Event().wait(0.05)
        assert received == [(TEXT, b"hello")]
        for wire in (one, other):
            wire.sock.close()


@pytest.mark.alone
def test_much_to_inflate_for_a_feed_keeps_nobody_else_waiting(run, listening):
    """What the clients of a feed compress is inflated a little a turn, not all that came in one of them."""
    _, backend = listening
    config = forwarding(backend, compression={"mode": "edge"})
    config["routes"].insert(0, {"name": "other", "match": {"path": "/other"}, "respond": {"status": 200}})
    bomb = frame(BINARY, packed(bytes(15 << 20)), fin=False, rsv=4, mask=b"abcd")
    with run(config, tls=False) as proxy:
        wires = [proxy.upgraded(fields=DEFLATE) for _ in range(60)]
        took: list[float] = []
        with socket.create_connection(("127.0.0.1", proxy.port), 20) as sock:
            # All of it is there when the loop looks again.
            os.kill(proxy.pid, signal.SIGSTOP)
            for wire in wires:
                wire.sock.sendall(bomb)
            os.kill(proxy.pid, signal.SIGCONT)
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                start = time.monotonic()
                sock.sendall(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
                assert b" 200 " in sock.recv(4096)
                took.append(time.monotonic() - start)
        # Together they are 900 MB to be made.
        assert sorted(took)[-1] < 0.3, sorted(took)[-3:]
        for wire in wires:
            wire.sock.close()
