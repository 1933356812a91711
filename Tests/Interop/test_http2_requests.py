"""Requests on HTTP/2 streams by raw frames, as no library would send them: what makes one malformed (RFC 9113, 8), what
is refused, and what passes (RFC 8441)."""

import json
import struct
import threading
import time

import pytest
from hpack import Decoder

from support import machine
from support.backends import LibraryBackend, ScriptedBackend
from support.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,
                           Frames, Http2, block, frame, get)
from support.proxy import configuration, route
from support.wire import TEXT, Ended

WHOLE = END_HEADERS | END_STREAM
PROTOCOL = 1


@pytest.fixture(scope="module")
def edge(shared_run, server):
    with shared_run(configuration(server.address, workers=1), tls=False) as proxy:
        yield proxy


def outcome(edge, *frames: bytes) -> tuple[int | None, int | None, bytes]:
    """Status, code of the reset, and body of stream 1."""
    status, code, body, decoder = None, None, b"", Decoder()
    with Frames(edge, timeout=2) as peer:
        peer.send(*frames)
        while got := peer.read():
            kind, flags, stream, payload = got
            assert kind != GOAWAY, f"the connection ends: {payload!r}"
            if kind == HEADERS:
                status = int(dict(decoder.decode(payload))[":status"])
            elif kind == DATA:
                body += payload
            elif kind == RST_STREAM:
                code = struct.unpack("!I", payload)[0]
            if kind == RST_STREAM or kind in (HEADERS, DATA) and flags & END_STREAM:
                break
    return status, code, body


def literal(name: bytes, value: bytes) -> bytes:
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def fields(*more: tuple[str, str], **changed: str | None) -> bytes:
    """A request's head; what is changed to None is left out."""
    pseudo = {"method": "GET", "scheme": "http", "authority": "localhost", "path": "/", **changed}
    return block(*((f":{name}", value) for name, value in pseudo.items() if value is not None), *more)


def post(*more: tuple[str, str]) -> bytes:
    return frame(HEADERS, END_HEADERS, 1, fields(*more, method="POST"))


MALFORMED = {
    # 8.2.1: names and values.
    "a blank in a name": get() + literal(b"x y", b"1"),
    "a name in upper case": get() + literal(b"X", b"1"),
    "a name that is empty": get() + literal(b"", b"1"),
    "a colon in a name": get() + literal(b"x:y", b"1"),
    "a name over 127": get() + literal(b"x\xe9", b"1"),
    "a control character": get() + literal(b"x", b"a\1b"),
    "a NUL": get() + literal(b"x", b"a\0"),
    "a line's end": get() + literal(b"x", b"a\r\nb: c"),
    "a DEL": get() + literal(b"x", b"\x7f"),
    "a value that begins with a blank": get() + literal(b"x", b" a"),
    "a value that ends with one": get() + literal(b"x", b"a\t"),
    # 8.2.2: fields of a connection.
    **{f"'{name}: {value}'": fields((name, value)) for name, value in [
        ("connection", "close"), ("proxy-connection", "close"), ("keep-alive", "1"), ("upgrade", "websocket"),
        ("transfer-encoding", "chunked"), ("te", "gzip"), ("te", "trailers, gzip")]},
    # 8.3: pseudo-header fields.
    "no method": fields(method=None),
    "no scheme": fields(scheme=None),
    "no path": fields(path=None),
    "an empty path": fields(path=""),
    "an empty authority": fields(authority=""),
    "an empty scheme": fields(scheme=""),
    "a path without a slash": fields(path="a"),
    "an asterisk where it doesn't belong": fields(path="*"),
    "a method that is no token": fields(method="GE T"),
    "two methods": fields((":method", "GET")),
    "two paths": fields((":path", "/")),
    "two authorities": fields((":authority", "localhost")),
    "one that is unknown": fields((":version", "2")),
    "that of a response": fields((":status", "200")),
    "one behind the others": get() + block((":authority", "localhost")),
    "CONNECT with scheme and path": fields(method="CONNECT"),
    "extended CONNECT without scheme": fields(method="CONNECT", protocol="websocket", scheme=None),
    "extended CONNECT without path": fields(method="CONNECT", protocol="websocket", path=None),
    "extended CONNECT without authority": fields(method="CONNECT", protocol="websocket", authority=None),
    "a protocol on another method": fields(protocol="websocket"),
    "an empty protocol": fields(method="CONNECT", protocol=""),
    # 8.1.1: lengths.
    "a length that is none": fields(("content-length", "-1")),
    "two lengths": fields(("content-length", "0"), ("content-length", "0")),
    "a length without a body": fields(("content-length", "5")),
    "Host twice": fields(("host", "localhost"), ("host", "localhost")),
}


@pytest.mark.parametrize("head", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_heads_reset_their_stream(edge, head):
    assert outcome(edge, frame(HEADERS, WHOLE, 1, head)) == (None, PROTOCOL, b"")


@pytest.mark.parametrize("frames", [
    [post(("content-length", "5")), frame(DATA, END_STREAM, 1, b"abc")],
    [post(("content-length", "2")), frame(DATA, 0, 1, b"abc")],
    [post(), frame(DATA, 0, 1, b"abc"), frame(HEADERS, END_HEADERS, 1, block(("x", "y")))],
    [post(), frame(HEADERS, WHOLE, 1, block((":path", "/b")))],
    [post(), frame(HEADERS, WHOLE, 1, block(("connection", "close")))],
    [post(), frame(HEADERS, WHOLE, 1, literal(b"X", b"y"))],
], ids=["less than its length", "more than its length", "trailers that don't end it", "a path in trailers",
        "a connection's field in trailers", "upper case in trailers"])
def test_malformed_bodies_reset_their_stream(edge, frames):
    status, code, _ = outcome(edge, *frames)
    assert (status, code) == (None, PROTOCOL)


def test_a_backend_never_takes_a_short_body_for_a_whole_one(run):
    seen, closed = [], threading.Event()

    def script(wire, head):
        seen.append(head.get("content-length"))
        with pytest.raises((Ended, OSError)):
            wire.read(5)
        closed.set()
    with ScriptedBackend(script) as backend, run(configuration(backend.address), tls=False) as proxy:
        with Frames(proxy) as peer:
            peer.send(post(("content-length", "5")), frame(DATA, 0, 1, b"ab"))
            # The backend has the head before the body turns out to be short.
            machine.eventually(lambda: seen == ["5"], "the backend is asked")
            peer.send(frame(DATA, END_STREAM, 1, b"c"))
            got = peer.wait(RST_STREAM, 1)
            assert got and struct.unpack("!I", got[3])[0] == PROTOCOL
        assert closed.wait(5)


@pytest.mark.parametrize("head, status, reason", [
    (fields(method="CONNECT", scheme=None, path=None, authority="localhost:443"), 501, "only :protocol websocket"),
    (fields(method="CONNECT", protocol="connect-udp"), 501, "only :protocol websocket"),
    (fields(method="CONNECT", protocol="websocket"), 400, "stream ended with its request"),
    (fields(("sec-websocket-version", "12"), method="CONNECT", protocol="websocket"), 400, "stream ended"),
    (fields(method="TRACE"), 405, "method is not allowed"),
    (fields(("host", "other")), 400, ":authority and Host differ"),
    (fields(authority="a,b"), 400, "malformed :authority"),
    (fields(path="/%2e%2e/x"), 400, "path climbs"),
])
def test_well_formed_requests_that_are_refused(edge, head, status, reason):
    got, code, body = outcome(edge, frame(HEADERS, WHOLE, 1, head))
    assert (got, code) == (status, None) and reason in body.decode()


@pytest.mark.parametrize("frames, seen", [
    ([frame(HEADERS, WHOLE, 1, fields(("te", "trailers")))], {"method": "GET"}),
    ([frame(HEADERS, WHOLE, 1, fields(("host", "LOCALHOST")))], {"method": "GET"}),
    ([frame(HEADERS, WHOLE, 1, fields(method="OPTIONS", path="/x"))], {"method": "OPTIONS", "url": "/x"}),
    # Padded, with a priority, in three pieces.
    ([frame(HEADERS, END_STREAM | 8 | 32, 1, b"\2\0\0\0\0\x10" + get("/x")[:4] + b"\0\0"),
      frame(CONTINUATION, 0, 1, get("/x")[4:9]), frame(CONTINUATION, END_HEADERS, 1, get("/x")[9:])], {"url": "/x"}),
    ([post(("content-length", "3")), frame(DATA, 8, 1, b"\4ab\0\0\0\0"), frame(DATA, END_STREAM, 1, b"c")],
     {"body": "abc", "length": 3}),
    ([post(), frame(DATA, 0, 1, b"abc"), frame(DATA, END_STREAM, 1, b"")], {"body": "abc"}),
])
def test_what_is_unusual_but_right_is_served(edge, frames, seen):
    status, code, body = outcome(edge, *frames)
    assert (status, code) == (200, None)
    assert seen.items() <= json.loads(body).items()


def test_a_tunnel_carries_nothing_but_data(run):
    with LibraryBackend() as backend, run(configuration(backend.address), tls=False) as proxy, Http2(proxy) as client:
        wire, other = client.upgraded(), client.upgraded()
        client.h2.send_headers(wire.sock.number, [("x", "y")], end_stream=True)
        client.flush()
        client.until(lambda: wire.sock.reset is not None)
        assert wire.sock.reset == PROTOCOL
        machine.eventually(lambda: len(backend.closes) == 1, "the backend sees it end")
        other.send(TEXT, b"go on")
        assert other.read_message() == (TEXT, b"go on")


def test_the_name_of_the_protocol_is_read_as_an_upgrades(run):
    with LibraryBackend() as backend, run(configuration(backend.address)) as proxy, Http2(proxy) as client:
        wire = client.upgraded(protocol="WebSocket")
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")


def test_an_upload_that_nobody_takes_closes_its_window_only(run, server):
    release = threading.Event()

    def script(wire, head):
        release.wait(30)
        got = wire.read(20_000_000)
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%08d" % len(got))
    config = {"workers": 1, "limits": {"buffer": "64KiB", "request_body": "0"},
              "routes": [route("/slow", "slow"), route("/", "quick")]}
    with ScriptedBackend(script) as backend:
        config["upstreams"] = {"slow": {"backends": [{"address": backend.address}]},
                               "quick": {"backends": [{"address": server.address}]}}
        with run(config) as proxy, Http2(proxy) as client:
            upload = client.request("/slow", "POST", end=False, fields=[("content-length", "20000000")])
            window, sent = client.h2.local_flow_control_window, 0
            quick = client.request("/first")
            before = proxy.resident_kib
            while quick.head and window(upload.number):
                part = min(window(upload.number), client.h2.max_outbound_frame_size)
                client.h2.send_data(upload.number, b"u" * part)
                client.flush()
                sent += part
                quick = client.request("/others")
                assert json.loads(quick.body())["url"] == "/others"
            assert sent < 16 << 20, "nothing holds the sender back"
            machine.expect_memory(proxy.resident_kib, below=before + 4096)
            release.set()
            upload.sendall(b"u" * (20_000_000 - sent), end=True)
            assert upload.body() == b"20000000"


def offers_connect(proxy) -> bool:
    with Http2(proxy) as client:
        client.until(lambda: client.settings)
        return client.settings.get(8) == 1


RESPOND = {"name": "own", "match": {"path": "/own"}, "respond": {"status": 200, "body": "own\n"}}
PLAIN = {**route("/", "only", name="plain"), "match": {"path": "/", "upgrade": "none"}}


@pytest.mark.parametrize("routes, listener, offers", [
    ([RESPOND], {}, False), ([PLAIN, RESPOND], {}, False), ([route("/", "only")], {"redirect_to_https": True}, False),
    ([PLAIN, route("/ws", "only")], {}, True), ([route("/", "only")], {}, True),
])
def test_extended_connect_is_offered_only_where_it_can_be_served(run, server, routes, listener, offers):
    config = {**configuration(server.address), "routes": routes}
    if routes == [RESPOND]:
        del config["upstreams"]
    with run(config, tls=False, listener=listener) as proxy:
        assert offers_connect(proxy) == offers


def test_an_own_answer_without_a_body_has_no_length(run, server):
    own = {"name": "own", "match": {"path": "/own"}, "respond": {"status": 204}}
    with run({**configuration(server.address), "routes": [own]}) as proxy, Http2(proxy) as client:
        answer = client.request("/own")
        assert answer.body() == b"" and answer.head.status == 204
        assert answer.head.get("content-length") is None and answer.head.get("content-type") is None


def test_a_reload_takes_no_offer_back(run):
    with LibraryBackend() as backend, run(configuration(backend.address, workers=1)) as proxy, Http2(proxy) as old:
        wire = old.upgraded()

        def reload(routes: list) -> None:
            count = len([line for line in proxy.err if "configuration reloaded" in line])
            config = {**json.loads(proxy.config), "routes": routes}
            (proxy.folder / "proxy.conf").write_text(json.dumps(config))
            proxy.process.send_signal(1)
            machine.eventually(
                lambda: len([line for line in proxy.err if "configuration reloaded" in line]) > count, "it reloads")
        # The sessions' own route stays; `/ws` is for new ones.
        reload([route("/", "only", match={"path": "/", "upgrade": "none"})])
        machine.eventually(lambda: not offers_connect(proxy), "new connections are offered none")
        late = old.connect("/")
        assert late.head.status == 404
        assert late.body() == b"no route for this host and path\n"
        wire.send(TEXT, b"still here")
        assert wire.read_message() == (TEXT, b"still here")
        assert old.settings[8] == 1 and not old.goaways
        reload([route("/", "only")])
        machine.eventually(lambda: offers_connect(proxy), "it is offered again")
        assert old.upgraded()
