"""What the backend sees of a request, and what the client sees of the answer."""

import re

import pytest

from support.backends import ScriptedBackend, echo
from support.proxy import configuration, route, upstream
from support.wire import KEY, Ended


@pytest.fixture(scope="module")
def backend():
    with ScriptedBackend(echo) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def edge(shared_run, backend):
    config = {"routes": [route("/strip/", "only", name="strip", rewrite={"strip_prefix": "/strip"}),
                         route("/from/", "only", name="replace", rewrite={"replace_prefix": ["/from", "/to"]}),
                         route("/exact", "only", name="exact"), route("/any/", "only", name="any")],
              "upstreams": {"only": upstream(backend.address)}}
    with shared_run(config) as proxy:
        yield proxy


def seen(edge, backend, path: str = "/any/", **options):
    """The head that reached the backend for a request with these options."""
    with edge.upgraded(path, **options):
        return backend.heads[-1]


def test_the_forwarding_headers_say_who_asked(edge, backend):
    head = seen(edge, backend, host="chat.example.com:8443")
    assert head.get("x-forwarded-for") == "127.0.0.1"
    assert head.get("x-forwarded-proto") in ("https", "wss")
    assert head.get("x-forwarded-host") == "chat.example.com:8443"
    forwarded = head.get("forwarded")
    assert re.search(r'for="?127\.0\.0\.1', forwarded) and re.search(r"proto=(https|wss)", forwarded)
    assert 'host="chat.example.com:8443"' in forwarded
    assert len(head.get("x-request-id")) >= 8


def test_each_request_has_its_own_id(edge, backend):
    ids = {seen(edge, backend).get("x-request-id") for _ in range(5)}
    assert len(ids) == 5 and None not in ids


def test_the_host_is_kept(edge, backend):
    head = seen(edge, backend, host="chat.example.com:8443")
    assert head.all("host") == ["chat.example.com:8443"]


def test_hop_by_hop_fields_end_here(edge, backend):
    fields = [("Connection", "X-Private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
              ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eA==")]
    head = seen(edge, backend, fields=fields)
    for name in ("x-private", "keep-alive", "te", "proxy-connection", "proxy-authorization"):
        assert head.get(name) is None, name
    assert [value.lower() for value in head.all("connection")] == ["upgrade"]
    assert [value.lower() for value in head.all("upgrade")] == ["websocket"]


def test_the_websocket_fields_keep_the_spelling_of_the_rfc(edge, backend):
    head = seen(edge, backend, without=("sec-websocket-key", "sec-websocket-version"),
                fields=[("sec-websocket-key", KEY), ("SEC-WEBSOCKET-VERSION", "13"), ("sec-websocket-protocol", "a, b")])
    for name in ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"):
        assert name in head.spellings
    assert head.get("sec-websocket-version") == "13"


def test_the_key_is_fresh_on_the_backends_leg(edge, backend):
    keys = {seen(edge, backend).get("sec-websocket-key") for _ in range(3)}
    assert len(keys) == 3 and KEY not in keys


def test_application_headers_pass_as_they_are(edge, backend):
    fields = [("Cookie", "a=1; b=2"), ("X-Thing", "one"), ("X-Thing", "two"), ("Authorization", "Bearer t"),
              ("Origin", "https://example.com"), ("User-Agent", "probe/1")]
    head = seen(edge, backend, fields=fields)
    assert head.get("cookie") == "a=1; b=2" and head.get("authorization") == "Bearer t"
    assert ", ".join(head.all("x-thing")) == "one, two"
    assert (head.get("origin"), head.get("user-agent")) == ("https://example.com", "probe/1")


def test_a_client_cannot_smuggle_its_own_address(edge, backend):
    head = seen(edge, backend, fields=[("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "gopher")])
    assert "127.0.0.1" in ", ".join(head.all("x-forwarded-for")).split(", ")[-1]
    assert head.all("x-forwarded-proto")[0] in ("https", "wss") and len(head.all("x-forwarded-proto")) == 1


@pytest.mark.parametrize("asked, arrived", [
    ("/strip/room/7?x=1&y=%2F", "/room/7?x=1&y=%2F"), ("/strip/", "/"), ("/strip/?q", "/?q"),
    ("/from/a", "/to/a"), ("/exact?x", "/exact?x"), ("/any/%7Euser/a%2fb", "/any/~user/a%2Fb")])
def test_the_target_is_rewritten_only_as_told(edge, backend, asked, arrived):
    assert seen(edge, backend, asked).target == arrived


@pytest.mark.parametrize("sneaky", ["/any/../exact/x", "/any/%2e%2e/admin", "/any//../../etc", "/strip/..%2fsecret"])
def test_dots_do_not_lead_out_of_a_prefix(edge, backend, sneaky):
    before = len(backend.heads)
    try:
        with edge.upgraded(sneaky):
            arrived = backend.heads[-1].target
            assert arrived.startswith("/any/")
    except (AssertionError, Ended) as refused:
        assert "400" in str(refused) or "404" in str(refused)
        assert len(backend.heads) == before


def test_the_backends_headers_reach_the_client(run):
    def script(wire, head):
        wire.accept(head, fields=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Backend", "7")])
        wire.is_ended(10)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        with proxy.connect() as client:
            headers = client.response.headers
            assert headers.get_all("Set-Cookie") == ["a=1", "b=2"] and headers["X-Backend"] == "7"


def test_hosts_and_paths_choose_the_backend(run):
    with ScriptedBackend(echo) as one, ScriptedBackend(echo) as two, ScriptedBackend(echo) as three:
        routes = [{"name": "exact", "match": {"host": "chat.example.com", "path": "/only"}, "upstream": "one"},
                  {"name": "any", "match": {"host": "*.example.com", "path": "/"}, "upstream": "two"},
                  {"name": "rest", "match": {"path": "/"}, "upstream": "three"}]
        config = {"routes": routes, "upstreams": {name: upstream(to.address) for name, to in
                                                  (("one", one), ("two", two), ("three", three))}}
        with run(config) as proxy:
            for host, path in (("chat.example.com", "/only"), ("CHAT.example.com:443", "/only"),
                               ("chat.example.com", "/other"), ("a.example.com", "/only"), ("example.com", "/only")):
                with proxy.upgraded(path, host=host):
                    pass
        assert [len(backend.heads) for backend in (one, two, three)] == [2, 2, 1]


def test_a_route_may_respond_by_itself(run):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address)
        config["routes"].insert(0, {"name": "gone", "match": {"path": "/gone"},
                                    "respond": {"status": 410, "body": "moved out"}})
        with run(config) as proxy, proxy.wire() as wire:
            wire.sock.sendall(b"GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = wire.read_head()
            assert (head.status, wire.read_body(head).strip()) == (410, b"moved out")
