"""A backend that breaks the rules is cut off with the code that says why; its client hears why, in whole frames only."""

import json
import os
import socket

import pytest

from support import machine
from support.backends import ScriptedBackend
from support.proxy import configuration
from support.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Ended, frame

MASK = b"\x01\x02\x03\x04"
TRAIN = frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", fin=False) * 60

# What it sends, the code of the Close that it gets, and a word of the reason.
RULES = {
    "a masked frame": (frame(TEXT, b"hidden", mask=MASK), 1002, "mask"),
    "bad UTF-8": (frame(TEXT, b"fine \xff"), 1007, "UTF-8"),
    "bad UTF-8 in the second fragment": (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"A"), 1007, "UTF-8"),
    "UTF-8 that ends too early": (frame(TEXT, b"cut \xe2\x82"), 1007, "UTF-8"),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007, "UTF-8"),
    "a compressed frame nobody negotiated": (frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4), 1002, "reserved"),
    "RSV2": (frame(BINARY, b"x", rsv=2), 1002, "reserved"),
    "RSV3 on a ping": (frame(PING, b"x", rsv=1), 1002, "reserved"),
    "a reserved opcode": (frame(0x3, b"x"), 1002, "opcode"),
    "a reserved control opcode": (frame(0xB, b"x"), 1002, "opcode"),
    "Close with code 999": (frame(CLOSE, b"\x03\xe7"), 1002, "999"),
    "Close with code 1005": (frame(CLOSE, b"\x03\xed"), 1002, "1005"),
    "Close with code 5000": (frame(CLOSE, b"\x13\x88"), 1002, "5000"),
    "Close with one byte": (frame(CLOSE, b"\x03"), 1002, "Close"),
    "Close with a reason that is no text": (frame(CLOSE, b"\x03\xe8\xff"), 1007, "UTF-8"),
    "a long control frame": (frame(PING, b"p" * 126), 1002, "control"),
    "an endless train of fragments": (TRAIN, 1008, "fragment"),
    "a 64-bit length with its top bit": (frame(TEXT, length_bytes=8, declared=1 << 63 | 5), 1002, "length"),
    "a length in more bytes than it needs": (frame(TEXT, b"x" * 10, length_bytes=8), 1002, "length"),
    "a message over the limit": (frame(BINARY, b"x" * 70_000), 1009, "65536"),
    "a flood of pings": (frame(PING, b"!") * 120, 1008, "control"),
}


@pytest.mark.parametrize("bad, code, word", RULES.values(), ids=RULES.keys())
def test_a_rule_that_a_backend_breaks(run, bad, code, word):
    closes = []

    def script(wire, head):
        wire.accept(head)
        wire.send(TEXT, b"first")
        wire.read_frame()
        wire.sock.sendall(bad)
        close = wire.read_until_close()
        assert close.mask is not None
        closes.append((close.close_code, close.close_reason))
        wire.sock.shutdown(socket.SHUT_WR)
        wire.is_ended(10)

    limits = {"backend_frame": "64KiB", "backend_message": "64KiB", "fragments": 50}
    with ScriptedBackend(script) as backend, run(configuration(backend.address, limits=limits)) as proxy:
        with proxy.upgraded() as wire:
            assert wire.read_message() == (TEXT, b"first")
            wire.send(TEXT, b"now")
            while (got := wire.read_frame()).opcode != CLOSE:
                assert got.mask is None and got.rsv == 0 and got.opcode in (TEXT, BINARY, CONTINUATION, PING, PONG)
            told = 1009 if code == 1009 else 1011
            assert (got.mask, got.rsv, got.fin, got.close_code) == (None, 0, True, told)
            is_limit = code in (1008, 1009)
            assert got.close_reason.startswith("backend went over a limit: " if is_limit else "backend broke the protocol")
            wire.send_close(told)
            assert wire.is_ended()
        machine.eventually(lambda: closes, "the backend is told")
        assert closes[0][0] == code and word.lower() in closes[0][1].lower(), closes
        line = json.loads(proxy.wait_log(r'"session ended"'))
        assert (line["closed_by"], line["close_code"]) == ("backend", code), line


def test_a_backend_may_send_what_a_client_may_not(run):
    """The limits on clients are none of its: it is trusted to know what it sends, and nothing of it is held."""
    def script(wire, head):
        wire.accept(head)
        wire.send(BINARY, b"x" * 3_000_000)
        wire.read_until_close()

    limits = {"frame": "64KiB", "message": "64KiB"}
    with ScriptedBackend(script) as backend, run(configuration(backend.address, limits=limits)) as proxy:
        with proxy.upgraded() as wire:
            assert wire.read_message() == (BINARY, b"x" * 3_000_000)
            wire.send(BINARY, b"y" * 65_537)
            assert wire.read_until_close().close_code == 1009


def test_a_backend_that_goes_on_after_its_mistake_is_not_listened_to(run):
    """And its bytes take no memory: the connection is closed by the deadline at the latest."""
    def script(wire, head):
        wire.accept(head)
        wire.send(TEXT, b"bad", rsv=2)
        try:
            for _ in range(400):
                wire.sock.sendall(frame(TEXT, os.urandom(30_000).hex().encode()))
            sent.append(None)
        except OSError as broken:
            sent.append(broken)

    sent = []
    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, proxy.upgraded() as wire:
        before = proxy.resident_kib
        assert wire.read_until_close().close_code == 1011
        with pytest.raises((Ended, OSError)):
            wire.read_frame()
        machine.eventually(lambda: sent, "the backend notices", 10)
        proxy.expect_memory(below=before + 8 * 1024)
