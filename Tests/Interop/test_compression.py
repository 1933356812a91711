"""permessage-deflate at the edge (RFC 7692): negotiated with the client, unseen by the backend."""

import os
import re
import time
import zlib

import pytest

from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import CONTINUATION, TEXT, upgrade_request

TAIL = b"\x00\x00\xff\xff"


@pytest.fixture(scope="module")
def backend():
    with ScriptedBackend(echo) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def edge(shared_run, backend):
    with shared_run(configuration(backend.address)) as proxy:
        yield proxy


def offer(*values: str) -> list[tuple[str, str]]:
    return [("Sec-WebSocket-Extensions", value) for value in values]


def negotiated(edge, *values: str):
    """A session opened with this offer, and the parameters agreed to (None when none was)."""
    wire = edge.wire()
    wire.sock.sendall(upgrade_request("/", fields=offer(*values)))
    head = wire.read_head()
    assert head.status == 101, head.first
    answer = head.get("sec-websocket-extensions")
    return wire, None if answer is None else [part.strip() for part in answer.split(";")]


def deflated(data: bytes, bits: int = 15) -> bytes:
    squeeze = zlib.compressobj(wbits=-bits)
    return (squeeze.compress(data) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def test_the_backend_sees_no_extension_and_plain_frames(edge, backend):
    with edge.connect(compression="deflate") as client:
        assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
        text = "plain behind, squeezed in front " * 100
        client.send(text)
        assert client.recv(timeout=5) == text
    assert backend.heads[-1].get("sec-websocket-extensions") is None


def test_what_comes_back_is_smaller_on_the_wire(edge):
    wire, answer = negotiated(edge, "permessage-deflate")
    with wire:
        assert answer[0] == "permessage-deflate"
        text = b'{"type":"quote","symbol":"TRNK","price":17}' * 200
        wire.send(TEXT, deflated(text), rsv=4)
        got = wire.read_frame()
        assert (got.fin, got.rsv, got.opcode) == (True, 4, TEXT)
        assert len(got.payload) < len(text) // 10
        assert zlib.decompressobj(wbits=-15).decompress(got.payload + TAIL) == text


def test_a_small_message_goes_uncompressed(edge):
    wire, _ = negotiated(edge, "permessage-deflate")
    with wire:
        wire.send(TEXT, b"short")
        got = wire.read_frame()
        assert (got.rsv, got.payload) == (0, b"short")


@pytest.mark.parametrize("value, wanted", [
    ("permessage-deflate; server_no_context_takeover", "server_no_context_takeover"),
    ("permessage-deflate; client_no_context_takeover", None),
    ("permessage-deflate; server_max_window_bits=10", "server_max_window_bits=10"),
    ("permessage-deflate; client_max_window_bits", None),
    ("permessage-deflate; client_max_window_bits=11; server_max_window_bits=9", "server_max_window_bits=9"),
    ("foo; bar=1, permessage-deflate", None),
    ("permessage-deflate; server_max_window_bits=99, permessage-deflate", None),
])
def test_offers_are_agreed_to_and_kept(edge, value, wanted):
    wire, answer = negotiated(edge, value)
    with wire:
        assert answer is not None and answer[0] == "permessage-deflate"
        if wanted:
            assert wanted in answer
        params = dict((part.split("=") + ["15"])[:2] for part in answer[1:])
        server_bits = int(params.get("server_max_window_bits", 15))
        client_bits = int(params.get("client_max_window_bits", 15))
        fresh = "server_no_context_takeover" in params
        inflate = zlib.decompressobj(wbits=-server_bits)
        text = os.urandom(700).hex().encode() * 30
        for _ in range(3):
            wire.send(TEXT, deflated(text, max(client_bits, 9)), rsv=4)
            frames = [wire.read_frame()]
            while not frames[-1].fin:
                frames.append(wire.read_frame())
            assert [frame.rsv for frame in frames] == [4] + [0] * (len(frames) - 1)
            assert inflate.decompress(b"".join(frame.payload for frame in frames) + TAIL) == text
            if fresh:
                inflate = zlib.decompressobj(wbits=-server_bits)


@pytest.mark.parametrize("value", ["permessage-deflate; server_max_window_bits=7", "x-webkit-deflate-frame",
                                   "permessage-deflate; unheard_of", "permessage-deflate; server_max_window_bits"])
def test_an_offer_that_cannot_be_kept_is_declined_and_the_session_works(edge, value):
    wire, answer = negotiated(edge, value)
    with wire:
        assert answer is None
        wire.send(TEXT, b"plain" * 100)
        assert wire.read_message() == (TEXT, b"plain" * 100)


def test_a_compressed_message_in_fragments(edge):
    wire, _ = negotiated(edge, "permessage-deflate")
    with wire:
        data = deflated(b"piece by piece " * 500)
        wire.send(TEXT, data[:5], fin=False, rsv=4)
        wire.send(CONTINUATION, data[5:9], fin=False)
        wire.send(CONTINUATION, data[9:])
        got, parts = wire.read_frame(), b""
        assert got.rsv == 4
        parts = got.payload
        while not got.fin:
            got = wire.read_frame()
            assert got.rsv == 0
            parts += got.payload
        assert zlib.decompressobj(wbits=-15).decompress(parts + TAIL) == b"piece by piece " * 500


def test_bad_deflate_data_closes_the_session(edge):
    wire, _ = negotiated(edge, "permessage-deflate")
    with wire:
        wire.send(TEXT, b"\xff\xff\xff\xff\xff", rsv=4)
        assert wire.read_until_close().close_code in (1002, 1007)


def test_a_bomb_is_stopped(edge):
    wire, _ = negotiated(edge, "permessage-deflate")
    with wire:
        wire.send(TEXT, deflated(b"\0" * (64 << 20)), rsv=4)
        assert wire.read_until_close().close_code in (1008, 1009)


def test_very_repetitive_text_of_ordinary_length_is_no_bomb(edge):
    with edge.connect(compression="deflate") as client:
        client.send("third " * 30_000)
        assert client.recv() == "third " * 30_000


@pytest.mark.parametrize("size", [1_100_000, 8 << 20, 16 << 20])
def test_one_letter_however_often_passes(edge, size):
    """What a message becomes is bounded by `limits.message` alone."""
    with edge.connect(compression="deflate") as client:
        client.send("a" * size)
        assert client.recv() == "a" * size


@pytest.mark.parametrize("ratio, is_slow", [(200, True), (0, False)])
def test_who_goes_on_beyond_the_ratio_is_read_more_slowly(run, backend, ratio, is_slow):
    admin = free_admin()
    config = configuration(
        backend.address, limits={"inflate_ratio": ratio, "message": "2MiB"}, admin=admin.section, workers=1)
    with run(config) as proxy, proxy.connect(compression="deflate") as client:
        zeros = bytes(2 << 20)
        began = time.monotonic()
        for _ in range(3):
            client.send(zeros)
        for _ in range(3):
            assert client.recv() == zeros
        took = time.monotonic() - began
        hits = admin.metrics().value("trunkline_limits_hit_total", limit="inflate_ratio") or 0
        # Two seconds' worth of a burst of 2 MiB, less what the ratio gives.
        assert (took > 1) == is_slow or not is_slow, took
        assert (hits > 0) == is_slow
    line = next(line for line in proxy.events if line["message"] == "session ended")
    assert ("throttled" in line) == is_slow and line["closed_by"] == "client"


def test_the_routes_mode_off_is_obeyed(run, backend):
    config = configuration(backend.address, compression={"mode": "off"})
    with run(config) as proxy, proxy.connect(compression="deflate") as client:
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        client.send("x" * 1000)
        assert client.recv(timeout=5) == "x" * 1000


def test_the_answer_shrinks_as_the_memory_fills(run, backend):
    """Smaller windows; and the sessions go on. That no message refers to an earlier one any more is not said to a client
    that did not ask. (Whether the budget is ever quite full, and
    the answer none, hangs on what is being freed at that moment: the rule itself is tested as a value.)"""
    config = configuration(backend.address, workers=1, compression={"memory_budget": "256KiB"})
    words = os.urandom(40_000).hex().encode()
    with run(config) as proxy:
        sessions, answers = [], []
        try:
            for _ in range(24):
                wire, answer = negotiated(proxy, "permessage-deflate; server_max_window_bits=15")
                sessions.append(wire)
                answers.append(tuple(answer[1:]) if answer else None)
                payload = deflated(words) if answer else words
                wire.send(TEXT, payload, rsv=4 if answer else 0)
                got = wire.read_frame()
                while not got.fin:
                    got = wire.read_frame()
            stages = list(dict.fromkeys(answers))
            bits = [int(re.search(r"window_bits=(\d+)", " ".join(stage))[1]) for stage in stages if stage]
            assert bits[0] == 12 and bits == sorted(bits, reverse=True) and bits[-1] == 10, answers
            for wire in sessions:
                wire.send(TEXT, b"still here")
                assert wire.read_frame().payload
        finally:
            for wire in sessions:
                wire.sock.close()
