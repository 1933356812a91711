"""What a client may not do on an HTTP/2 connection: each flood is cut off with ENHANCE_YOUR_CALM, logged, counted, and
costs the others nothing. Frames by hand, in the manner of h2spec (RFC 9113)."""

import json
import socket
import struct
import time
from contextlib import contextmanager

import pytest

from support import machine
from support.admin import Admin, free_admin
from support.http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
                           RST_STREAM, SETTINGS, WINDOW_UPDATE, Frames, Http2, block, frame, get)
from support.proxy import configuration

NO_ERROR, PROTOCOL, FLOW, STREAM_CLOSED, FRAME_SIZE, REFUSED, COMPRESSION, CALM = 0, 1, 3, 5, 6, 7, 9, 11


@pytest.fixture(scope="module")
def admin() -> Admin:
    return free_admin()


@pytest.fixture(scope="module")
def edge(shared_run, server, admin):
    config = configuration(server.address, workers=1, timeouts={"slow_consumer": "1s", "request_head": "1s"},
                           admin=admin.section)
    config["http2"] = {"streams": 20, "resets": 100, "control_frames": 200, "empty_frames": 200}
    config["limits"] = {"request_head": "8KiB"}
    with shared_run(config, tls=False) as proxy:
        yield proxy


@pytest.fixture
def counted(admin):
    """`with counted(reason):` the cuts for this reason, and no others, become more."""
    @contextmanager
    def watch(reason: str, more: int = 1):
        def cuts():
            page = admin.metrics()
            return {labels["reason"]: page.value("trunkline_http2_cuts_total", **labels)
                    for labels in page.label_sets("trunkline_http2_cuts_total")}
        before = cuts()
        yield
        wanted = {**before, reason: before.get(reason, 0) + more}
        machine.eventually(lambda: cuts() == wanted, f"{wanted} are counted, {cuts()} are")
    return watch


def cut(edge, frames, rounds: int = 2000) -> int | None:
    """Sends frames until the connection ends, and returns the code that it ended with."""
    with Frames(edge) as peer:
        for number in range(rounds):
            if not peer.send(*frames(number)):
                break
        return peer.goaway()


def deaf(edge) -> socket.socket:
    """A connection that announces windows of any size, and reads nothing: not even the kernel does."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(5)
    sock.connect(("127.0.0.1", edge.port))
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0x7FFFFFFF))
                 + frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 0x70000000)))
    return sock


def is_reset(sock: socket.socket) -> bool:
    try:
        sock.sendall(frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 256)))
        return False
    except OSError:
        return True


def headers(number: int, flags: int = END_HEADERS | END_STREAM, fields: bytes | None = None) -> bytes:
    return frame(HEADERS, flags, number * 2 + 1, get("/never") if fields is None else fields)


@pytest.mark.parametrize("label, reason, frames", [
    ("resets", "too many stream resets", lambda n: [headers(n), frame(RST_STREAM, 0, n * 2 + 1, struct.pack("!I", 8))]),
    ("resets", "too many stream resets", lambda n: [headers(n, fields=get("/", ("te", "gzip")))]),
    ("controlFrames", "too many control frames", lambda n: [frame(SETTINGS)] * 10),
    ("controlFrames", "too many control frames", lambda n: [frame(PING, 0, 0, b"12345678")] * 10),
    ("controlFrames", "too many control frames", lambda n: [frame(PRIORITY, 0, 2 * n + 1, b"\0\0\0\0\x10")]),
    ("emptyFrames", "too many empty frames", lambda n: [headers(0, END_HEADERS)] if n == 0 else [frame(DATA, 0, 1)]),
    ("emptyFrames", "too many empty frames", lambda n: [frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")]),
    ("headerList", "header list far too large",
     lambda n: [headers(n, fields=get("/", ("x", "y" * 4000)) + b"\xbe" * 4000)]),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_floods_are_cut_off(edge, counted, label, reason, frames):
    before = len([line for line in edge.err if reason in line])
    with counted(label):
        assert cut(edge, frames) == CALM
    machine.eventually(lambda: len([line for line in edge.err if reason in line]) > before, "it is logged")
    line = json.loads([line for line in edge.err if reason in line][-1])
    assert (line["phase"], line["side"], line["client"]) == ("http2", "client", "127.0.0.1")


def test_a_head_in_too_many_pieces_is_cut_off(edge, counted):
    with counted("continuations"), Frames(edge) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, get()))
        for _ in range(1000):
            if not peer.send(frame(CONTINUATION, 0, 1, b"\0\1x\1y")):
                break
        assert peer.goaway() == CALM
    edge.wait_log("too many CONTINUATION frames")


def test_what_others_do_meanwhile_goes_on(edge):
    with Http2(edge) as other:
        before = edge.resident_kib
        for _ in range(5):
            assert cut(edge, lambda n: [headers(n), frame(RST_STREAM, 0, n * 2 + 1, struct.pack("!I", 8))]) == CALM
            assert json.loads(other.request("/fine").body())["url"] == "/fine"
        edge.expect_memory(below=before + 4096)


def test_no_more_streams_than_announced(edge, admin):
    before = admin.metrics().value("trunkline_http2_refused_streams_total")
    with Frames(edge) as peer:
        settings = peer.wait(SETTINGS)[3]
        pairs = dict(struct.unpack("!HI", settings[at:at + 6]) for at in range(0, len(settings), 6))
        assert pairs[3] == 20
        peer.send(*(headers(number) for number in range(25)))
        refused = [peer.wait(RST_STREAM) for _ in range(5)]
        assert {got[2] for got in refused} == {number * 2 + 1 for number in range(20, 25)}
        assert {got[3] for got in refused} == {struct.pack("!I", REFUSED)}
        # From here on the client knows.
        peer.send(frame(SETTINGS, ACK), headers(25))
        assert peer.goaway() == PROTOCOL
    assert admin.metrics().value("trunkline_http2_refused_streams_total") == before + 5


def test_a_client_that_takes_no_answer_is_given_up(edge, counted):
    with counted("stall"), Frames(edge, first=PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0))) as peer:
        began = time.monotonic()
        peer.send(headers(0, fields=get("/x")))
        got = peer.wait(RST_STREAM)
        assert got and 0.5 < time.monotonic() - began < 5
    edge.wait_log("answer is not taken")


def test_a_window_that_opens_by_one_is_as_good_as_closed(edge, counted):
    with counted("stall"), Frames(edge, first=PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0)), timeout=0.2) as peer:
        began = time.monotonic()
        peer.send(headers(0, fields=get("/x")))
        taken, end = b"", None
        while end is None and time.monotonic() - began < 8:
            peer.send(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"))
            while got := peer.read():
                taken += got[3] if got[0] == DATA else b""
                end = got if got[0] == RST_STREAM else end
        assert len(taken) > 3 and end and end[2] == 1
        peer.sock.settimeout(5)
        # Its streams are given up, its connection isn't.
        peer.send(frame(PING, 0, 0, b"12345678"))
        assert peer.wait(PING)[3] == b"12345678"


def test_many_windows_that_never_open_cost_little_and_hold_nobody_up(edge, admin):
    before, given_up = edge.resident_kib, admin.metrics().value("trunkline_slow_consumers_total", peer="client")
    with Frames(edge, first=PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0))) as peer, \
            Http2(edge) as other:
        peer.send(*(headers(number, fields=get("/large?size=3000000")) for number in range(20)))
        for _ in range(30):
            assert json.loads(other.request("/fine").body())["url"] == "/fine"
        # A route's 256 KiB a stream, and what the kernel gave at once.
        edge.expect_memory(below=before + 20 * 512)
        assert {peer.wait(RST_STREAM)[2] for _ in range(20)} == {number * 2 + 1 for number in range(20)}
    assert admin.metrics().value("trunkline_slow_consumers_total", peer="client") == given_up + 20


@pytest.mark.parametrize("buffer", ["256KiB", "1GiB"])
def test_all_streams_together_hold_no_more_than_their_limit_or_than_was_taken(run, server, buffer):
    config = configuration(server.address, workers=1, limits={"buffer": "1MiB"})
    config["http2"] = {"buffer": buffer}
    with run(config, tls=False) as proxy, Http2(proxy) as client, Http2(proxy) as other:
        assert client.request("/").head.status == 200
        before = proxy.resident_kib
        streams = [client.request("/large?size=8000000") for _ in range(20)]
        for stream in streams:
            stream.reads = False
            assert stream.head.status == 200
        for _ in range(50):
            assert other.request("/fine").head.status == 200
        machine.expect_memory(proxy.resident_kib, below=before + (6 << 10))
        for stream in streams:
            stream.resume()
        for stream in streams:
            assert len(stream.body()) == 8_000_000


def test_a_client_that_reads_nothing_at_all_is_ended(edge, counted):
    with counted("unread"), deaf(edge) as sock:
        sock.sendall(headers(0, fields=get("/large?size=30000000")))
        machine.eventually(lambda: is_reset(sock), "it is ended", 10)


@pytest.mark.parametrize("frames", [
    lambda number: headers(number, fields=get("/", ("te", "gzip"))), lambda number: frame(PING, 0, 0, b"12345678")])
def test_answers_that_are_not_read_pile_up_to_a_limit(run, server, frames):
    admin = free_admin()
    config = configuration(server.address, workers=1, admin=admin.section)
    config["http2"] = {"resets": 0, "control_frames": 0}
    with run(config, tls=False) as proxy, deaf(proxy) as sock:
        sock.sendall(headers(0, fields=get("/large?size=30000000")))
        before = proxy.resident_kib
        try:
            for start in range(1, 500_000, 1000):
                sock.sendall(b"".join(frames(number) for number in range(start, start + 1000)))
        except OSError:
            pass
        machine.eventually(lambda: is_reset(sock), "it is ended")
        proxy.expect_memory(below=before + 8192)
        assert admin.metrics().value("trunkline_http2_cuts_total", reason="unreadAnswers") == 1


def test_a_head_that_does_not_end_is_not_waited_for(edge, counted):
    with counted("slowHead"), Frames(edge) as peer:
        began = time.monotonic()
        peer.send(frame(HEADERS, END_STREAM, 1, get()))
        assert peer.goaway() == CALM
        assert 0.5 < time.monotonic() - began < 5
    with Frames(edge) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, get("/x")[:5]), frame(CONTINUATION, END_HEADERS, 1, get("/x")[5:]))
        assert peer.wait(HEADERS, 1)
        time.sleep(1.5)
        peer.send(frame(PING, 0, 0, b"12345678"))
        assert peer.wait(PING), "the time of one that has ended runs no longer"


def test_a_client_that_says_nothing_is_ended(edge, counted):
    with counted("silence"), Frames(edge, first=PREFACE) as peer:
        began = time.monotonic()
        peer.goaway()
        while peer.read():
            pass
        assert peer.ended and time.monotonic() - began < 4


def test_more_than_the_window_is_a_flow_control_error(edge):
    with Frames(edge) as peer:
        # Nobody takes it: the backend does not answer.
        peer.wait(SETTINGS)
        peer.send(frame(HEADERS, END_HEADERS, 1, block(
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "localhost"),
            (":path", "/never"))))
        code = None
        for _ in range(80):
            if not peer.send(frame(DATA, 0, 1, b"x" * 16_384)):
                break
        while got := peer.read():
            if got[0] == GOAWAY:
                code = struct.unpack("!I", got[3][4:8])[0]
            if got[0] == RST_STREAM:
                code = struct.unpack("!I", got[3])[0]
            if code is not None:
                break
        assert code == FLOW


@pytest.mark.parametrize("frames, codes", [
    ([frame(DATA, 0, 0, b"x")], {PROTOCOL}),
    ([frame(DATA, 0, 1, b"x")], {PROTOCOL, STREAM_CLOSED}),
    ([frame(HEADERS, END_HEADERS | END_STREAM, 0, get())], {PROTOCOL}),
    ([frame(HEADERS, END_HEADERS | END_STREAM, 2, get())], {PROTOCOL}),
    ([frame(CONTINUATION, END_HEADERS, 1, b"")], {PROTOCOL}),
    ([frame(HEADERS, END_STREAM, 1, get()), frame(DATA, 0, 1, b"x")], {PROTOCOL}),
    ([frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff")], {COMPRESSION}),
    ([frame(RST_STREAM, 0, 1, b"\0\0\0\0")], {PROTOCOL}),
    ([frame(RST_STREAM, 0, 0, b"\0\0\0\0")], {PROTOCOL}),
    ([frame(SETTINGS, 0, 1)], {PROTOCOL}),
    ([frame(SETTINGS, ACK, 0, b"\0" * 6)], {FRAME_SIZE}),
    ([frame(SETTINGS, 0, 0, b"\0")], {FRAME_SIZE}),
    ([frame(SETTINGS, 0, 0, struct.pack("!HI", 2, 2))], {PROTOCOL}),
    ([frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 1 << 31))], {FLOW}),
    ([frame(SETTINGS, 0, 0, struct.pack("!HI", 5, 100))], {PROTOCOL}),
    ([frame(PING, 0, 0, b"short")], {FRAME_SIZE}),
    ([frame(PING, 0, 1, b"12345678")], {PROTOCOL}),
    ([frame(GOAWAY, 0, 1, b"\0" * 8)], {PROTOCOL}),
    ([frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0")], {PROTOCOL}),
    ([frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff")], {FLOW}),
    ([frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")], {PROTOCOL}),
    ([frame(5, END_HEADERS, 1, b"\0\0\0\2" + get())], {PROTOCOL}),
    ([b"\xff\xff\xff\0\0\0\0\0\1"], {FRAME_SIZE}),
])
def test_broken_frames_end_the_connection_with_the_right_code(edge, frames, codes):
    with Frames(edge) as peer:
        peer.send(*frames)
        assert peer.goaway() in codes


def test_unknown_frames_are_passed_over(edge):
    with Frames(edge) as peer:
        peer.send(frame(200, 255, 0, b"what?"), frame(201, 0, 7, b""), headers(0, fields=get("/x")))
        assert peer.wait(HEADERS, 1)


def test_random_bytes_end_only_their_connection(edge):
    import random
    chance = random.Random(7)
    for _ in range(200):
        with Frames(edge, timeout=0.3) as peer:
            data = b"".join(
                frame(chance.randrange(12), chance.randrange(256), chance.randrange(8),
                      chance.choice([get(), chance.randbytes(chance.randrange(40))])) for _ in range(20))
            peer.send(data)
    with Http2(edge) as client:
        assert client.request("/after").head.status == 200


def test_anything_but_the_preface_is_no_http2(run, server):
    with run(configuration(server.address)) as proxy:
        with Frames(proxy, first=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as peer:
            while peer.read():
                pass
            assert peer.ended
        proxy.wait_log("not an HTTP/2 connection preface")
