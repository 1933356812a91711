"""Frames that break RFC 6455 from either side: each ends its session with the right code and touches no other."""

import socket

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, Ended, frame

MASK = b"\x11\x22\x33\x44"


ENDED: list[bool] = []
"""Of connections to /cut: whether the backend's ended."""


def answer(wire, head) -> None:
    """By the path: an echo, or one that breaks a rule when it is spoken to, or waits for its end."""
    kind, _, number = head.target.rpartition("/")
    if kind == "/bad":
        wire.accept(head)
        wire.send(TEXT, b"first")
        wire.read_frame()
        wire.sock.sendall(list(FROM_BACKEND.values())[int(number)])
        wire.sock.shutdown(socket.SHUT_WR)
        wire.is_ended(10)
    elif kind == "/cut":
        wire.accept(head)
        ENDED.append(wire.is_ended(10))
    else:
        echo(wire, head)


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(answer) as backend:
        with shared_run(configuration(backend.address, limits={"frame": "1MiB", "message": "2MiB"})) as proxy:
            yield proxy


@pytest.fixture(autouse=True)
def neighbour(edge):
    """A healthy session beside each test, which must not notice."""
    with edge.upgraded() as wire:
        yield
        wire.send(BINARY, b"unharmed" * 1000)
        assert wire.read_message() == (BINARY, b"unharmed" * 1000)


FROM_CLIENT = {
    "reserved opcode 3": (frame(0x3, b"x", mask=MASK), 1002),
    "reserved opcode 7": (frame(0x7, mask=MASK), 1002),
    "reserved control opcode 11": (frame(0xB, mask=MASK), 1002),
    "reserved control opcode 15": (frame(0xF, mask=MASK), 1002),
    "RSV1 without compression": (frame(TEXT, b"x", rsv=4, mask=MASK), 1002),
    "RSV2": (frame(TEXT, b"x", rsv=2, mask=MASK), 1002),
    "RSV3": (frame(BINARY, b"x", rsv=1, mask=MASK), 1002),
    "unmasked": (frame(TEXT, b"in the clear"), 1002),
    "unmasked and empty": (frame(TEXT), 1002),
    "a ping of 126 bytes": (frame(PING, b"p" * 126, mask=MASK), 1002),
    "a fragmented ping": (frame(PING, b"p", fin=False, mask=MASK), 1002),
    "a fragmented close": (frame(CLOSE, b"\x03\xe8", fin=False, mask=MASK), 1002),
    "16-bit length of 125": (frame(TEXT, b"l" * 125, length_bytes=2, mask=MASK), 1002),
    "64-bit length of 65535": (frame(TEXT, b"l" * 65535, length_bytes=8, mask=MASK), 1002),
    "64-bit length with its top bit": (frame(TEXT, length_bytes=8, declared=1 << 63 | 5, mask=MASK), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x", mask=MASK), 1002),
    "a text inside a message": (frame(TEXT, b"a", fin=False, mask=MASK) + frame(TEXT, b"b", mask=MASK), 1002),
    "a frame over the limit": (frame(BINARY, declared=(1 << 20) + 1, mask=MASK), 1009),
    "a frame of 2^62": (frame(BINARY, length_bytes=8, declared=1 << 62, mask=MASK), 1009),
    "a message over the limit": (
        frame(BINARY, b"m" * (1 << 20), fin=False, mask=MASK)
        + frame(CONTINUATION, b"m" * (1 << 20), fin=False, mask=MASK) + frame(CONTINUATION, b"m", mask=MASK), 1009),
    "text that isn't UTF-8": (frame(TEXT, b"\xce\xba\xff", mask=MASK), 1007),
    "text cut inside a character": (frame(TEXT, b"caf\xc3", mask=MASK), 1007),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80", mask=MASK), 1007),
}


@pytest.mark.parametrize("bad, code", FROM_CLIENT.values(), ids=FROM_CLIENT.keys())
@pytest.mark.parametrize("after_a_good_one", [False, True], ids=["first", "second"])
def test_the_client_breaks_the_protocol(edge, bad, code, after_a_good_one):
    with edge.upgraded() as wire:
        if after_a_good_one:
            wire.send(TEXT, b"fine")
            assert wire.read_message() == (TEXT, b"fine")
        send_through_refusal(wire, bad)
        assert wire.read_until_close().close_code == code
        assert wire.is_ended()


def send_through_refusal(wire, data: bytes) -> None:
    """The proxy may answer and end before it has taken all."""
    try:
        wire.sock.sendall(data)
    except OSError:
        pass


FROM_BACKEND = {
    "masked": frame(TEXT, b"hidden", mask=MASK),
    "reserved opcode": frame(0x4, b"x"),
    "RSV1": frame(TEXT, b"x", rsv=4),
    "RSV2": frame(TEXT, b"x", rsv=2),
    "a ping of 126 bytes": frame(PING, b"p" * 126),
    "a fragmented ping": frame(PING, b"p", fin=False),
    "16-bit length of 125": frame(TEXT, b"l" * 125, length_bytes=2),
    "64-bit length with its top bit": frame(TEXT, length_bytes=8, declared=1 << 63 | 5),
    "a continuation of nothing": frame(CONTINUATION, b"x"),
    "close of one byte": frame(CLOSE, b"\x03"),
    "close 1006": frame(CLOSE, b"\x03\xee"),
    "the end inside a message": frame(TEXT, b"cut", fin=False),
}


@pytest.mark.parametrize("number", range(len(FROM_BACKEND)), ids=FROM_BACKEND.keys())
def test_the_backend_breaks_the_protocol(edge, number):
    with edge.upgraded(f"/bad/{number}") as wire:
        assert wire.read_message() == (TEXT, b"first")
        wire.send(TEXT, b"now")
        assert wire.read_until_close().close_code in (1002, 1011)
        assert wire.is_ended()


def test_a_backend_frame_cut_by_the_end_ends_the_session_without_a_close(run):
    """Frames are streamed: no Close can be put into one, and none may be made up."""
    def script(wire, head):
        wire.accept(head)
        wire.sock.sendall(frame(TEXT, b"cut", declared=100))
        wire.sock.shutdown(socket.SHUT_WR)
        wire.is_ended(10)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, proxy.upgraded() as wire:
        with pytest.raises((Ended, OSError)):
            wire.read_frame()


def test_a_backend_frame_over_the_limit(run):
    def script(wire, head):
        wire.accept(head, trailing=frame(BINARY, b"x" * 70_000))
        wire.is_ended(10)

    config = {"limits": {"backend_frame": "64KiB"}}
    with ScriptedBackend(script) as backend, run(configuration(backend.address, **config)) as proxy:
        with proxy.upgraded() as wire:
            got = wire.read_until_close()
            assert (got.close_code, got.close_reason) == (1009, "backend went over a limit: frame too big: 70000 > 65536")


@pytest.mark.parametrize("cut", [1, 2, 5, 8, 20])
def test_a_frame_cut_by_the_end_ends_the_backend_session(edge, cut):
    ENDED.clear()
    wire = edge.upgraded("/cut/")
    wire.sock.sendall(frame(TEXT, b"z" * 300, mask=MASK)[:cut])
    wire.sock.shutdown(socket.SHUT_RDWR)
    wire.sock.close()
    machine.eventually(lambda: ENDED, "the backend's connection ends")
    assert ENDED == [True]


def test_the_log_says_which_side_and_why(edge):
    with edge.upgraded("/who-closed") as wire:
        wire.send(TEXT, b"\xff")
        assert wire.read_until_close().close_code == 1007
    line = edge.wait_log("who-closed")
    assert "1007" in line


def test_memory_comes_back_after_many_bad_sessions(edge):
    bad = [case[0] for case in FROM_CLIENT.values() if len(case[0]) < 1 << 20]

    def break_one(number: int) -> None:
        with edge.upgraded() as wire:
            send_through_refusal(wire, bad[number % len(bad)])
            if number % 2:
                try:
                    wire.read_until_close()
                except (Ended, OSError):
                    pass

    for number in range(100):
        break_one(number)
    memory, descriptors = edge.resident_kib, machine.open_descriptors(edge.pid)
    for number in range(500 if machine.FULL else 200):
        break_one(number)
    machine.eventually(
        lambda: machine.open_descriptors(edge.pid) <= descriptors + 2, "descriptors of bad sessions are closed")
    edge.expect_memory(below=memory + 8 * 1024)
