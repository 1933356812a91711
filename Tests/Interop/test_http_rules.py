"""What the RFCs say of requests and answers that are odd but legal, over HTTP/1.1 and HTTP/2."""

import pytest

from support.backends import ScriptedBackend, echo_frames
from support.http2 import Http2
from support.proxy import configuration, route
from support.wire import TEXT, upgrade_request

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


def answer(wire, head):
    """A WebSocket where one is asked for, but on some paths; a page otherwise. Its fields are odd."""
    refuses = head.target.startswith("/page") or head.target.startswith("/204")
    if head.get("upgrade") and not refuses:
        wire.accept(head, fields=ANSWERS.get(head.target, []))
        return echo_frames(wire)
    if head.target == "/broken":
        return wire.sock.sendall(b"HTTP/1.1 20 OK\r\n\r\n")
    if head.target.startswith("/204"):
        return wire.sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    wire.sock.sendall(PLAIN + b"X-Blank \t: 1\r\nX-Bytes: \xf6\xff\r\nSet-Cookie: a=\xf6\r\nConnection: close\r\n\r\nok")


ANSWERS = {"/empty": [("Sec-WebSocket-Protocol", "")], "/blank": [("X-Blank ", "1")]}


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(answer) as backend:
        config = configuration(backend.address, workers=1, limits={"fields": 60})
        config["upstreams"]["only"]["pool"] = {"warm": 0}
        hello = {"name": "hello", "match": {"path": "/hello"}, "respond": {"status": 200, "body": "hello"}}
        nobody = {"name": "nobody", "match": {"path": "/head/"}, "respond": {"status": 404, "body": "nobody"}}
        config["routes"] = [hello, nobody, route("/", "only")]
        with shared_run(config) as proxy:
            proxy.backend = backend
            yield proxy


def asked(edge, request: bytes):
    """The answer's head and body, and the head that the backend got."""
    edge.backend.heads.clear()
    with edge.wire() as wire:
        wire.sock.sendall(request)
        head = wire.read_head()
        body = b"" if head.status == 101 else wire.read_body(head)
    return head, body, edge.backend.heads[-1] if edge.backend.heads else None


# A 2xx would open the WebSocket there (RFC 8441, 5).
@pytest.mark.parametrize("path", ["/page", "/204", "/hello"])
def test_a_2xx_to_an_upgrade_is_502_over_http2_and_as_it_is_over_http1(edge, path):
    head, _, _ = asked(edge, upgrade_request(path))
    assert head.status == (204 if path == "/204" else 200)
    with Http2(edge) as client:
        refused = client.connect(path)
        assert refused.head.status == 502 and refused.body().count(b"\n") == 1
        with client.upgraded("/") as wire:
            wire.send(TEXT, b"beside")
            assert wire.read_message() == (TEXT, b"beside")
        assert client.request(path).head.status in (200, 204)


# RFC 9110, 9.3.2. What `/broken` answers is malformed.
@pytest.mark.parametrize(("path", "status"), [("/head/x", 404), ("/broken", 502), ("/hello", 200), ("/head%2Fx", 400)])
def test_no_answer_to_head_has_content(edge, path, status):
    with edge.wire() as wire:
        wire.sock.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := wire.sock.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.endswith(b"\r\n\r\n")
    with Http2(edge) as client:
        answered = client.request(path, "HEAD")
        assert answered.head.status == status and answered.body() == b""


IGNORED = {
    "HTTP/1.0": upgrade_request(version="HTTP/1.0"),
    "HTTP/1.0 and close": upgrade_request(version="HTTP/1.0", without=("connection",), fields=[("Connection", "close")]),
    "no Connection": upgrade_request(without=("connection",)),
    "Connection: close": upgrade_request(without=("connection",), fields=[("Connection", "close")]),
    "POST": upgrade_request(method="POST", fields=[("Content-Length", "2")], trailing=b"hi"),
    "POST without a body": upgrade_request(method="POST"),
    "HEAD": upgrade_request(method="HEAD", fields=[("Connection", "close")]),
    "h2c": upgrade_request(without=("upgrade",), fields=[("Upgrade", "h2c")]),
    "another protocol": upgrade_request(without=("upgrade",), fields=[("Upgrade", "TLS/1.0, h2c")]),
}


@pytest.mark.parametrize("request_bytes", IGNORED.values(), ids=IGNORED.keys())
def test_an_upgrade_that_must_be_ignored_is_a_plain_request(edge, request_bytes):
    """RFC 9110, 7.6.1 and 7.8."""
    edge.backend.heads.clear()
    with edge.wire() as wire:
        wire.sock.sendall(request_bytes)
        assert wire.read_head().status == 200
    assert edge.backend.heads[-1].get("upgrade") is None


@pytest.mark.parametrize("value, passed", [
    ("", []), (" , ", []), ("ocpp1.6,", ["ocpp1.6,"]), ("chat, chat", ["chat, chat"]),
    ("bearer, YWJj/Zg==", ["bearer, YWJj/Zg=="]), ("a\r\nSec-WebSocket-Protocol: b", ["a", "b"]), ("caf\xe9", ["caf\xe9"]),
])
def test_what_stands_in_sec_websocket_protocol_is_the_backends_to_judge(edge, value, passed):
    head, _, seen = asked(edge, upgrade_request(fields=[("Sec-WebSocket-Protocol", value)]))
    assert head.status == 101 and seen.all("sec-websocket-protocol") == passed


def test_an_empty_subprotocol_in_the_answer_is_none(edge):
    for fields in ([], [("Sec-WebSocket-Protocol", "a")]):
        head, _, _ = asked(edge, upgrade_request("/empty", fields=fields))
        assert head.status == 101 and head.get("sec-websocket-protocol") is None
    with Http2(edge) as client:
        assert client.connect("/empty").head.status == 200


def test_a_blank_before_a_responses_colon_is_removed(edge):
    head, _, _ = asked(edge, b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
    assert head.status == 200 and head.get("x-blank") == "1"
    head, _, _ = asked(edge, upgrade_request("/blank"))
    assert head.status == 101 and head.get("x-blank") == "1"


def test_bytes_that_are_no_text_pass_unchanged(edge):
    """RFC 9110, 5.5; each field by itself, over both versions, there and back."""
    value = "a=\xf6\xff\x80\xc3"
    names = ["cookie", "origin", "referer", "user-agent", "x-other", "authorization"]
    fields = [(name, value) for name in names]
    requests = [upgrade_request("/", fields=fields), upgrade_request("/page", fields=fields)]
    requests.append(("GET /page HTTP/1.1\r\nHost: a\r\n" + "".join(f"{name}: {value}\r\n" for name in names)
                     + "\r\n").encode("latin-1"))
    for request in requests:
        head, _, seen = asked(edge, request)
        assert [seen.all(name) for name in names] == [[value]] * len(names)
        if head.status == 200:
            assert head.get("x-bytes") == "\xf6\xff" and head.get("set-cookie") == "a=\xf6"
    with Http2(edge) as client:
        raw = [(name.encode(), value.encode("latin-1")) for name in names] + [(b"cookie", b"b=\xfe")]
        for stream in (client.request("/page", fields=raw), client.connect("/", fields=raw)):
            assert stream.head.status == 200
            seen = edge.backend.heads[-1]
            assert [seen.all(name) for name in names[1:]] == [[value]] * (len(names) - 1)
            assert seen.all("cookie") == [value + "; b=\xfe"]


def test_clients_of_a_feed_are_told_apart_by_bytes(run):
    """As text these would all look the same: nobody may be given what is another's."""
    config = {"routes": [route("/", "only")], "workers": 1}
    with ScriptedBackend(answer) as backend:
        config["upstreams"] = {"only": {"mode": "broadcast", "backends": [{"address": backend.address}],
                                        "broadcast": {"key_headers": ["x-who"]}, "pool": {"warm": 0}}}
        with run(config, tls=False) as proxy:
            wires = [proxy.upgraded(fields=[("X-Who", who)]) for who in ("\xff", "\xfe", "\xff", "e\xcc\x81", "\xc3\xa9")]
            seen = [head.get("x-who") for head in backend.heads]
            assert sorted(seen) == sorted({"\xff", "\xfe", "e\xcc\x81", "\xc3\xa9"})
            for wire in wires:
                wire.sock.close()


def test_cookies_over_http2_are_one_field(edge):
    with Http2(edge) as client:
        crumbs = [("cookie", f"c{number}=1") for number in range(120)]
        for stream in (client.request("/page", fields=crumbs), client.connect("/", fields=crumbs)):
            assert stream.head.status == 200
            assert edge.backend.heads[-1].get("cookie").count(";") == 119
        many = [(f"x-{number}", "1") for number in range(61)]
        assert client.request("/page", fields=many).head.status == 431
    many = "".join(f"X-{number}: 1\r\n" for number in range(60))
    with edge.wire() as wire:
        wire.sock.sendall(f"GET /page HTTP/1.1\r\nHost: a\r\n{many}\r\n".encode())
        assert wire.read_head().status == 431


@pytest.mark.parametrize("target, host, seen_host", [
    ("http://example.org:80/x?y", "example.org", "example.org:80"), ("ws://example.org/x?y", "example.org:80", "example.org"),
    ("https://one.example/x?y", "another.example", "one.example"), ("http://example.org/x?y", "EXAMPLE.org", "example.org"),
])
def test_the_absolute_form_wins_over_host(edge, target, host, seen_host):
    """RFC 9112, 3.2.2."""
    head, _, seen = asked(edge, upgrade_request(target, host))
    assert head.status == 101 and seen.all("host") == [seen_host] and seen.target == "/x?y"
    assert seen.get("x-forwarded-host") == seen_host


@pytest.mark.parametrize("offer, answered", [
    ("permessage-deflate", "permessage-deflate"),
    ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=12"),
    ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
    ("permessage-deflate; client_no_context_takeover; server_no_context_takeover",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
])
def test_no_parameter_is_answered_that_was_not_offered(edge, offer, answered):
    head, _, _ = asked(edge, upgrade_request(fields=[("Sec-WebSocket-Extensions", offer)]))
    assert head.status == 101 and head.get("sec-websocket-extensions") == answered


@pytest.mark.parametrize("target", ["*", "http://localhost"], ids=["asterisk", "absolute without a path"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_options_of_the_server_is_answered_by_the_server(edge, target, version):
    """RFC 9110, 9.3.7: a ping; no backend is meant by it, and the connection goes on."""
    asked = len(edge.backend.heads)
    with edge.wire() as wire:
        for _ in range(2):
            wire.sock.sendall(f"OPTIONS {target} {version}\r\nHost: localhost\r\n\r\n".encode())
            head = wire.read_head()
            assert head.status == 204 and "GET" in head.get("allow") and head.get("content-length") is None
            if version == "HTTP/1.0":
                assert wire.is_ended()
                break
    assert len(edge.backend.heads) == asked
    edge.wait_log(r'"method":"OPTIONS".*"path":"\*".*"status":204|"status":204.*"path":"\*"')


def test_options_of_the_server_over_http_2(edge):
    with Http2(edge) as connection:
        stream = connection.request("*", "OPTIONS")
        connection.until(lambda: stream.ended)
        assert stream.head.status == 204 and "GET" in stream.head.get("allow") and not stream.body()


@pytest.mark.parametrize("line", ["GET * HTTP/1.1", "options * HTTP/1.1", "OPTIONS ** HTTP/1.1", "OPTIONS *?a HTTP/1.1"])
def test_nothing_else_has_the_asterisk_form(edge, line):
    with edge.wire() as wire:
        wire.sock.sendall(f"{line}\r\nHost: localhost\r\n\r\n".encode())
        assert wire.read_head().status == 400


def test_options_of_the_server_needs_a_host_and_is_answered_where_all_else_is_redirected(run, server):
    with run(configuration(server.address), tls=False, listener={"redirect_to_https": {"port": 8443}}) as proxy:
        for fields, status in (("Host: a\r\n", 204), ("", 400), ("Host: a,b\r\n", 400)):
            with proxy.wire() as wire:
                wire.sock.sendall(f"OPTIONS * HTTP/1.1\r\n{fields}\r\n".encode())
                assert wire.read_head().status == status
