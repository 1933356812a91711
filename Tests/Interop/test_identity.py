"""Who the client is, is what the proxy says: forged fields, trusted proxies, trailers, and feeds that many share."""

import socket
from contextlib import ExitStack

import pytest

from support import machine
from support.backends import ScriptedBackend, http_server
from support.feeds import broadcast
from support.http2 import Http2
from support.proxy import configuration, route, upstream
from support.wire import Wire, upgrade_request

FORGED = [("X-Forwarded-For", "6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("X_Real_IP", "6.6.6.6"), ("X-Scheme", "gopher"),
          ("X_Forwarded_For", "6.6.6.6"), ("Forwarded", 'for=6.6.6.6;x="'), ("X-Forwarded-User", "root"),
          ("Client_Cert", ":eA==:"), ("Client-Cert", ":eA==:"), ("X-Forwarded-Prefix", "/forged"),
          ("Trunkline-Session", "stolen"), ("trunkline_session", "stolen"), ("Trunkline-Resume", "reason=stolen"),
          ("trunkline_resume", "reason=stolen"), ("Trunkline.Resume", "reason=stolen")]


class Recorder(ScriptedBackend):
    """Answers plain requests, keeps their heads and what follows; opens WebSockets."""

    def __init__(self):
        super().__init__(self._script)
        self.rests: list[bytes] = []

    def _script(self, wire, head):
        if head.get("upgrade"):
            wire.accept(head)
            return wire.is_ended(10)
        rest = b""
        if head.get("transfer-encoding"):
            while not rest.endswith(b"\r\n\r\n"):
                rest += wire.read(1)
        self.rests.append(rest)
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def ask(proxy, fields, path="/", first="GET", version=1, body=b""):
    """The status of a plain request."""
    if version == 2:
        with Http2(proxy) as connection:
            return connection.request(path, fields=[(name.lower(), value) for name, value in fields]).head.status
    with proxy.wire() as wire:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        wire.sock.sendall(f"{first} {path} HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n".encode() + body)
        return wire.read_head().status


@pytest.fixture(scope="module")
def recorder():
    with Recorder() as backend:
        yield backend


@pytest.fixture(scope="module")
def edge(shared_run, recorder):
    config = {"routes": [route("/app/", "only", name="app", rewrite={"strip_prefix": "/app"}), route("/", "only")],
              "upstreams": {"only": upstream(recorder.address, pool={"warm": 0})}}
    with shared_run(config) as proxy:
        yield proxy


@pytest.mark.parametrize("kind", ["plain", "http2", "upgrade"])
def test_what_a_stranger_says_of_itself_goes_nowhere(edge, recorder, kind):
    if kind == "upgrade":
        with edge.upgraded("/app/x", fields=FORGED):
            pass
    else:
        assert ask(edge, FORGED, "/app/x", version=2 if kind == "http2" else 1) == 200
    head = recorder.heads[-1]
    assert head.all("x-forwarded-for") == head.all("x-real-ip") == ["127.0.0.1"]
    assert head.all("x-forwarded-proto") == ["https"] and head.all("x-forwarded-port") == [str(edge.port)]
    assert head.all("x-forwarded-prefix") == ["/app"]
    assert len(head.all("forwarded")) == 1 and head.get("forwarded").startswith("for=127.0.0.1;proto=https;host=")
    everything = str(head.fields)
    for trace in ("6.6.6.6", "gopher", "root", "eA==", "forged", "stolen", "_"):
        assert trace not in everything.replace("x_forwarded", "_"), trace


@pytest.mark.parametrize("version", [1, 2])
def test_trailers_say_nothing_of_the_client(edge, recorder, version):
    bad = [("Client-Cert", ":eA==:"), ("X-Forwarded-For", "6.6.6.6"), ("X-Real-Ip", "6.6.6.6"), ("X_Real_Ip", "6.6.6.6"),
           ("Authorization", "Basic x"), ("Cookie", "admin=1"), ("Host", "inner"), ("Forwarded", "for=6.6.6.6")]
    good = [("Ok", "yes")]
    if version == 1:
        lines = "".join(f"{name}: {value}\r\n" for name, value in bad + good)
        body = f"1\r\nz\r\n0\r\n{lines}\r\n".encode()
        assert ask(edge, [("Transfer-Encoding", "chunked"), ("Trailer", "ok")], first="POST", body=body) == 200
    else:
        with Http2(edge) as connection:
            stream = connection.request("/", "POST", end=False)
            stream.sendall(b"z")
            connection.h2.send_headers(
                stream.number, [(name.lower(), value) for name, value in bad + good], end_stream=True)
            connection.flush()
            assert stream.head.status == 200
    tail = recorder.rests[-1].split(b"0\r\n", 1)[1].lower()
    assert tail == b"ok: yes\r\n\r\n"


def test_a_trusted_proxy_is_believed_and_its_client_is_the_client(run, recorder):
    config = configuration(recorder.address, trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"])
    config["upstreams"]["only"]["pool"] = {"warm": 0}
    with run(config) as proxy:
        fields = [("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.7"), ("X-Forwarded-Proto", "http"),
                  ("X-Forwarded-Host", "public.example"), ("Forwarded", "for=203.0.113.9")]
        assert ask(proxy, fields) == 200
        head = recorder.heads[-1]
        assert head.all("x-forwarded-for") == ["6.6.6.6, 203.0.113.9, 10.0.0.7, 127.0.0.1"]
        assert head.all("x-real-ip") == ["203.0.113.9"] and head.all("x-forwarded-proto") == ["http"]
        assert head.all("x-forwarded-host") == ["public.example"]
        assert head.get("forwarded").startswith("for=203.0.113.9, for=127.0.0.1;proto=https")
        # An open quote would swallow what is added.
        assert ask(proxy, [("Forwarded", 'for=203.0.113.9;x="')]) == 200
        assert recorder.heads[-1].get("forwarded").startswith("for=127.0.0.1;proto=https")
        machine.eventually(lambda: len(proxy.events) >= 2, "the access log")
        assert [event["client"] for event in proxy.events[:2]] == ["203.0.113.9", "127.0.0.1"]


def test_limits_count_the_clients_of_a_trusted_proxy_apart(run, recorder):
    config = configuration(recorder.address, trusted_proxies=["127.0.0.1"], limits={"connections_per_client": 1})
    config["upstreams"]["only"]["pool"] = {"warm": 0}
    with run(config) as proxy:
        with proxy.upgraded(fields=[("X-Forwarded-For", "203.0.113.1")]):
            with proxy.upgraded(fields=[("X-Forwarded-For", "203.0.113.2")]):
                with proxy.wire() as wire:
                    wire.sock.sendall(upgrade_request(fields=[("X-Forwarded-For", "203.0.113.1")]))
                    assert wire.read_head().status == 503


@pytest.mark.parametrize("trusted, client", [(None, "192.0.2.1"), (["127.0.0.1"], "192.0.2.1"), (["10.0.0.1"], "127.0.0.1")])
def test_proxy_headers_are_believed_of_whoever_is_named(run, recorder, trusted, client):
    config = configuration(recorder.address, **({"trusted_proxies": trusted} if trusted else {}))
    with run(config, tls=False, listener={"proxy_protocol": "accept"}) as proxy, Wire(proxy.tcp()) as wire:
        wire.sock.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.read_head().status == 200
        assert recorder.heads[-1].all("x-real-ip") == [client]


@pytest.mark.parametrize("trusted, client", [([], None), (["unix"], "203.0.113.9")])
def test_who_comes_over_a_unix_socket_is_believed_where_named(run, recorder, tmp_path, trusted, client):
    path = tmp_path / "edge.sock"
    with run(configuration(recorder.address, trusted_proxies=trusted), tls=False, listener={"address": f"unix:{path}"}):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        sock.connect(str(path))
        with Wire(sock) as wire:
            wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
            assert wire.read_head().status == 200
        head = recorder.heads[-1]
        assert head.get("x-real-ip") == client and head.get("x-forwarded-port") is None
        assert head.get("x-forwarded-for") == ("203.0.113.9, unknown" if client else "unknown")


def test_behind_a_proxy_that_ends_tls_nothing_is_redirected(run, recorder):
    config = configuration(recorder.address, trusted_proxies=["127.0.0.1"])
    with run(config, tls=False, listener={"redirect_to_https": True}) as proxy:
        assert ask(proxy, []) == 308
        assert ask(proxy, [("X-Forwarded-Proto", "https")]) == 200


def test_underscores_pass_where_they_are_to(run, recorder):
    with run(configuration(recorder.address, underscore_fields="pass")) as proxy:
        assert ask(proxy, [("my_field", "1"), ("x_real_ip", "6.6.6.6")]) == 200
        assert recorder.heads[-1].get("my_field") == "1" and recorder.heads[-1].get("x_real_ip") is None


def test_connect_is_for_no_one(edge, recorder):
    before = len(recorder.heads)
    for target in ("/", "/app/x", "a:80", "[::1]:443", "http://a/", "*"):
        assert ask(edge, [], target, first="CONNECT") == 405
    assert len(recorder.heads) == before


def test_a_route_is_reached_through_its_listener_alone(run, recorder):
    ports = [machine.free_port(), machine.free_port()]
    config = {"listeners": [{"name": "inner", "address": f"127.0.0.1:{ports[0]}"}, {"address": f"127.0.0.1:{ports[1]}"}],
              "routes": [{"name": "admin", "match": {"listener": "inner"}, "respond": {"status": 200}},
                         {"name": "rest", "respond": {"status": 410}}], "upstreams": {}}
    with run(config, tls=False, port=ports[0]) as proxy:
        assert ask(proxy, []) == 200
        proxy.port = ports[1]
        assert ask(proxy, []) == 410


@pytest.mark.parametrize("tls", [True, False])
def test_where_only_http2_is_spoken_nothing_else_is(run, authority, recorder, tls):
    with run(configuration(recorder.address), tls=tls, listener={"protocols": ["h2"]}) as proxy:
        sock = proxy.tcp()
        if tls:
            context = authority.client_context()
            context.set_alpn_protocols([])
            sock = context.wrap_socket(sock, server_hostname="localhost")
        with Wire(sock) as wire:
            wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert wire.read_head().status == 505
        assert ask(proxy, [], version=2) == 200


def test_clients_of_different_standing_share_no_feed(run, feed):
    with run(broadcast(feed.address, policy={"key_headers": ["X-Real-IP"]})) as proxy, proxy.upgraded(
            fields=[("X-Real-IP", "6.6.6.6"), ("Cookie", "a=1"), ("X-Api-Key", "k")]):
        sent = feed.stats["requests"][-1]["headers"]
        assert sent["x-real-ip"] == "127.0.0.1"
        assert not {"x-forwarded-for", "forwarded", "cookie", "x-api-key", "client-cert"} & sent.keys()
        with proxy.upgraded(fields=[("X-Real-IP", "7.7.7.7")]), proxy.upgraded(fields=[("Origin", "https://b.example")]):
            assert feed.stats["connections"] == 2


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("version", [1, 2])
def test_a_feed_is_of_the_authority_that_its_backend_is_told(run, feed, tls, version):
    """The scheme's own port and the listener's, written or not, make no other."""
    with run(broadcast(feed.address), tls=tls) as proxy, ExitStack() as stack:
        def join(authority: str) -> None:
            if version == 1:
                stack.enter_context(proxy.upgraded(host=authority))
            else:
                client = stack.enter_context(Http2(proxy))
                assert client.connect("/", authority=authority).head.status == 200

        own, other = ("443", "80") if tls else ("80", "443")
        for authority in ["feeds.example", f"feeds.example:{own}", "FEEDS.example", f"feeds.example:{proxy.port}"]:
            join(authority)
        assert feed.stats["connections"] == 1
        for count, port in [(2, other), (3, "81"), (3, "81")]:
            join(f"feeds.example:{port}")
            assert feed.stats["connections"] == count
            assert feed.stats["requests"][-1]["headers"]["host"] == f"feeds.example:{port}"
