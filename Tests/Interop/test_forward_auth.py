"""Somebody else decides who may come in: asked at the handshake in the way of nginx, Traefik and Caddy, and again for as
long as a session lives."""

import http.server
import json
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.backends import LibraryBackend
from support.http2 import Http2
from support.proxy import route, upstream
from support.tokens import Issuer, bearer
from support.wire import upgrade_request


class Authority:
    """A server that says yes to whoever it knows."""

    def __init__(self):
        self.asked: list = []
        self.known = {"Bearer good": "ada"}
        self.mode = "serve"
        self.jwks: dict = {"keys": []}

    def __enter__(self):
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                authority.asked.append((self.command, self.path, self.headers))
                if authority.mode == "slow":
                    time.sleep(3)
                if authority.mode == "broken":
                    return self.answer(500, {}, b"")
                if self.path.startswith("/keys"):
                    return self.answer(200, {"Content-Type": "application/json"}, json.dumps(authority.jwks).encode())
                user = authority.known.get(self.headers.get("Authorization", "")) or (
                    "cookie" if "sid=ok" in self.headers.get("Cookie", "") else None)
                if user:
                    return self.answer(200, {"X-User": user, "X-Extra": "1", "Set-Cookie": "a=b"}, b"fine")
                if "text/html" in self.headers.get("Accept", ""):
                    return self.answer(302, {"Location": "https://login.example/?rd=1", "Set-Cookie": "csrf=1"}, b"go")
                self.answer(401, {"WWW-Authenticate": "Custom realm=x", "Content-Type": "text/html"}, b"<b>no</b>")

            do_GET = do_POST = do_HEAD = do

            def answer(self, status, fields, body):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def authority_server():
    with Authority() as authority:
        yield authority


def config(backend, authority, **forward) -> dict:
    forward = {"upstream": "auth", "path": "/verify?x=1", "pass": ["X-User", "X-Plan"], **forward}
    return {"routes": [route("/", "app", access={"forward": forward})],
            "upstreams": {"app": upstream(backend.address, pool={"warm": 0}), "auth": upstream(authority.address)}}


def ask(proxy, path="/", fields=(), upgrade=True):
    with proxy.wire() as wire:
        if upgrade:
            wire.sock.sendall(upgrade_request(path, fields=list(fields)))
        else:
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
            wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
        head = wire.read_head()
        return head, b"" if head.status == 101 else wire.read_body(head)


GOOD = ("Authorization", "Bearer good")


def test_yes_and_no(run, authority_server):
    with LibraryBackend() as backend, run(config(backend, authority_server, method="GET")) as proxy:
        forged = [("X-User", "root"), ("X-Plan", "gold"), ("X-Forwarded-Method", "DELETE"), ("X-Forwarded-Uri", "/x")]
        head, _ = ask(proxy, "/room?a=b", [GOOD, *forged])
        assert head.status == 101
        method, path, fields = authority_server.asked[-1]
        assert (method, path) == ("GET", "/verify?x=1")
        assert fields.get_all("X-Forwarded-Method") == ["GET"] and fields.get_all("X-Forwarded-Uri") == ["/room?a=b"]
        assert fields["X-Forwarded-Host"] == "localhost" and fields["X-Forwarded-Proto"] == "https"
        assert fields["X-Forwarded-For"] == "127.0.0.1" and fields["Authorization"] == "Bearer good"
        assert fields["Sec-WebSocket-Key"] is None and fields["Upgrade"] is None
        sent = machine.eventually(lambda: backend.requests, "the backend is asked")[-1].headers
        assert sent.get_all("X-User") == ["ada"] and sent.get_all("X-Plan") == [] and sent.get_all("X-Extra") == []
        head, body = ask(proxy)
        assert (head.status, head.get("www-authenticate"), body) == (401, "Custom realm=x", b"<b>no</b>")
        assert head.get("content-type") == "text/html"
        head, _ = ask(proxy, fields=[("Accept", "text/html")], upgrade=False)
        assert (head.status, head.get("location")) == (302, "https://login.example/?rd=1")
        assert head.get("set-cookie") == "csrf=1"
        with Http2(proxy) as http2:
            assert http2.connect("/", fields=[("authorization", "Bearer good")]).head.status == 200
            stream = http2.connect("/")
            assert stream.head.status == 401 and stream.body() == b"<b>no</b>"
            assert http2.connect("/", fields=[("cookie", "sid=ok")]).head.status == 200
        machine.eventually(lambda: len(backend.requests) == 3, "the backend is asked by those who may")


def test_one_that_does_not_answer(run, authority_server):
    with LibraryBackend() as backend:
        for on_failure, status in (("refuse", 503), ("allow", 101)):
            with run(config(backend, authority_server, timeout="500ms", on_failure=on_failure)) as proxy:
                for mode in ("broken", "slow"):
                    authority_server.mode = mode
                    began = time.monotonic()
                    head, _ = ask(proxy, fields=[GOOD, ("X-User", "root")])
                    assert head.status == status and time.monotonic() - began < 2.5
                authority_server.mode = "serve"
        assert all(request.headers.get_all("X-User") == [] for request in backend.requests)


def test_answers_are_remembered_for_the_same_proof(run, authority_server):
    with LibraryBackend() as backend, run({**config(backend, authority_server, cache="30s"), "workers": 1}) as proxy:
        for _ in range(3):
            assert ask(proxy, "/a", [GOOD])[0].status == 101
        assert len(authority_server.asked) == 1
        assert ask(proxy, "/b", [GOOD])[0].status == 101
        assert ask(proxy, "/a", [("Authorization", "Bearer other")])[0].status == 401
        assert ask(proxy, "/a", [("Authorization", "Bearer other")])[0].status == 401
        assert len(authority_server.asked) == 4
        machine.eventually(
            lambda: [request.headers["X-User"] for request in backend.requests] == ["ada"] * 4, "all four reach it")


def test_an_answer_is_remembered_for_nobody_else(run, authority_server):
    """A cookie that all have proves nothing: what does may stand in another field, in the query, or be the address."""
    settings = {"workers": 1, "trusted_proxies": ["127.0.0.1"]}
    with LibraryBackend() as backend, \
            run({**config(backend, authority_server, cache="30s"), **settings}) as proxy:
        same = [("Cookie", "lang=en; sid=ok"), ("X-Forwarded-For", "192.0.2.1")]
        assert ask(proxy, "/a?key=1", [*same, ("X-Api-Key", "good")])[0].status == 101
        assert ask(proxy, "/a?key=1", [*same, ("X-Api-Key", "good")])[0].status == 101
        assert len(authority_server.asked) == 1
        others = [("/a?key=1", same), ("/a?key=1", [*same, ("X-Api-Key", "other")]), ("/a", [*same, ("X-Api-Key", "good")]),
                  ("/a?key=1", [same[0], ("X-Forwarded-For", "192.0.2.2"), ("X-Api-Key", "good")])]
        for number, (path, fields) in enumerate(others):
            assert ask(proxy, path, fields)[0].status == 101
            assert len(authority_server.asked) == 2 + number, (path, fields)


def test_who_is_asked_again_is_asked_about_the_newest_token(run, authority_server, tmp_path):
    issuer = Issuer("ES256")
    jwt = {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"], "renew": {"prefix": "token:"}}
    first, second = issuer.sign(jti="1"), issuer.sign(jti="2", expires=600)
    authority_server.known = {f"Bearer {first}": "ada", f"Bearer {second}": "ada"}
    with LibraryBackend() as backend:
        made = config(backend, authority_server, recheck="300ms")
        made["routes"][0]["access"]["jwt"] = jwt
        with run(made) as proxy, proxy.connect(additional_headers=bearer(first)) as client:
            client.send("token:" + second)
            client.send("hello")
            assert client.recv(5) == "hello"
            machine.eventually(lambda: authority_server.asked[-1][2]["Authorization"] == f"Bearer {second}", "it is asked by it")
            # The old one is no good any more.
            del authority_server.known[f"Bearer {first}"]
            asked = len(authority_server.asked)
            machine.eventually(lambda: len(authority_server.asked) >= asked + 3, "it is asked again")
            assert authority_server.asked[-1][2]["Authorization"] == f"Bearer {second}"
            client.send("still here")
            assert client.recv(5) == "still here"


def test_one_that_comes_and_goes_closes_nobody(run, authority_server):
    """Fewer failures one after the other than it takes: sessions stay, and handshakes are decided by what it says then."""
    forward = {"recheck": "150ms", "timeout": "1s", "failures": 3}
    with LibraryBackend() as backend, run(config(backend, authority_server, **forward)) as proxy:
        with proxy.connect(additional_headers={"Authorization": "Bearer good"}) as client:
            for _ in range(4):
                asked = len(authority_server.asked)
                authority_server.mode = "broken"
                machine.eventually(lambda: len(authority_server.asked) > asked, "it is asked while it is broken", step=0.002)
                authority_server.mode = "serve"
                assert ask(proxy, fields=[GOOD])[0].status == 101
                asked = len(authority_server.asked)
                machine.eventually(lambda: len(authority_server.asked) > asked, "it is asked again", step=0.002)
                client.send("here")
                assert client.recv() == "here"
            authority_server.mode = "broken"
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(10)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "access could not be confirmed")


class Scripted(Authority):
    """Answers as a program does whose documentation says how."""

    def __init__(self, answer):
        super().__init__()
        self.script = answer

    def __enter__(self):
        super().__enter__()
        handler, script = self.server.RequestHandlerClass, self.script

        def do(request):
            self.asked.append((request.command, request.path, request.headers))
            status, fields = script(request)
            request.answer(status, fields, b"")
        handler.do_GET = do
        return self


def oauth2_proxy(request):
    """/oauth2/auth of oauth2-proxy: 202 and X-Auth-Request-* for a cookie that it knows, else 401 (its documentation of
    nginx's auth_request)."""
    if request.path == "/oauth2/auth" and "_oauth2_proxy=good" in request.headers.get("Cookie", ""):
        return 202, {"X-Auth-Request-User": "ada", "X-Auth-Request-Email": "ada@example.com",
                     "Set-Cookie": "_oauth2_proxy=fresh; HttpOnly"}
    return 401, {}


def authelia(request):
    """/api/authz/forward-auth of Authelia: it wants X-Forwarded-Method, -Proto, -Host, -Uri, and sends browsers to its
    portal (its documentation of trusted proxies and of Traefik and Caddy)."""
    fields = request.headers
    if request.path != "/api/authz/forward-auth" or not all(
            fields.get_all(f"X-Forwarded-{name}") for name in ("Method", "Proto", "Host", "Uri", "For")):
        return 400, {}
    if "authelia_session=good" in fields.get("Cookie", ""):
        return 200, {"Remote-User": "ada", "Remote-Groups": "admins,dev", "Remote-Name": "Ada", "Remote-Email": "a@b.example"}
    target = f"{fields['X-Forwarded-Proto']}://{fields['X-Forwarded-Host']}{fields['X-Forwarded-Uri']}"
    where = {"Location": f"https://auth.example.com/?rd={target}&rm={fields['X-Forwarded-Method']}"}
    return (302 if "text/html" in fields.get("Accept", "") else 401), where


@pytest.mark.parametrize("script, path, passed, cookie, sent", [
    (oauth2_proxy, "/oauth2/auth", ["X-Auth-Request-User", "X-Auth-Request-Email"], "_oauth2_proxy=good",
     {"X-Auth-Request-User": "ada", "X-Auth-Request-Email": "ada@example.com"}),
    (authelia, "/api/authz/forward-auth", ["Remote-User", "Remote-Groups"], "authelia_session=good",
     {"Remote-User": "ada", "Remote-Groups": "admins,dev"}),
])
def test_shapes_of_well_known_authorities(run, script, path, passed, cookie, sent):
    with Scripted(script) as authority, LibraryBackend() as backend, run(
            config(backend, authority, path=path, **{"pass": passed})) as proxy:
        head, _ = ask(proxy, "/chat?room=1", [("Cookie", "theme=dark; " + cookie), (passed[0], "root")])
        assert head.status == 101
        got = machine.eventually(lambda: backend.requests, "the backend is asked")[-1].headers
        assert {name: got[name] for name in sent} == sent and len(got.get_all(passed[0])) == 1
        head, _ = ask(proxy, "/chat?room=1")
        assert head.status == 401
        head, _ = ask(proxy, "/chat?room=1", [("Accept", "text/html")], upgrade=False)
        if script is authelia:
            assert (head.status, head.get("location")) == (
                302, "https://auth.example.com/?rd=https://localhost/chat?room=1&rm=GET")
        else:
            assert head.status == 401


def test_a_no_within_a_session_closes_it(run, authority_server):
    with LibraryBackend() as backend, run(config(backend, authority_server, recheck="400ms")) as proxy:
        with proxy.connect(additional_headers={"Authorization": "Bearer good"}) as client, \
                proxy.connect(additional_headers={"Cookie": "sid=ok"}) as other:
            machine.eventually(lambda: len(authority_server.asked) >= 6, "it is asked again")
            client.send("here")
            assert client.recv() == "here"
            del authority_server.known["Bearer good"]
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(5)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "access was revoked")
            other.send("still")
            assert other.recv() == "still"


@pytest.mark.skipif(not machine.FULL, reason="TRUNKLINE_FULL")
def test_sessions_of_an_authority_that_is_down(run, authority_server):
    with LibraryBackend() as backend:
        rules = {"recheck": "300ms", "timeout": "300ms", "failures": 2, "revoked_code": 4403}
        with run(config(backend, authority_server, **rules)) as proxy:
            with proxy.connect(additional_headers={"Authorization": "Bearer good"}) as client:
                authority_server.mode = "broken"
                with pytest.raises(ConnectionClosed) as closed:
                    client.recv(6)
                assert closed.value.rcvd.code == 4403
                authority_server.mode = "serve"
        with run(config(backend, authority_server, **rules, on_failure="allow")) as proxy:
            with proxy.connect(additional_headers={"Authorization": "Bearer good"}) as client:
                authority_server.mode = "broken"
                time.sleep(2)
                client.send("kept")
                assert client.recv() == "kept"


def test_keys_of_an_upstream(run, authority_server):
    first, second = Issuer("ES256"), Issuer("ES256")
    first.keys["one"] = first.keys.pop("ES256")
    second.keys["two"] = second.keys.pop("ES256")
    authority_server.jwks = first.jwks()
    keys = {"upstream": "idp", "path": "/keys", "refresh": "1s", "stale_for": "1h"}
    made = {"routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})]}
    with LibraryBackend() as backend:
        made["upstreams"] = {"app": upstream(backend.address), "idp": upstream(authority_server.address)}
        with run(made) as proxy:
            def status(issuer, name):
                return ask(proxy, fields=bearer(issuer.sign("ES256", key=name)).items())[0].status
            assert status(first, "one") == 101
            assert status(second, "two") == 401
            # Rotated: the new key is fetched when it is first named, or when it is time.
            authority_server.jwks = {"keys": first.jwks()["keys"] + second.jwks()["keys"]}
            machine.eventually(lambda: status(second, "two") == 101, "the new key is known")
            assert status(first, "one") == 101
            # Down: what was fetched still counts.
            authority_server.mode = "broken"
            proxy.wait_log("keys could not be fetched")
            assert status(first, "one") == 101 and status(second, "two") == 101
        # Never up: nobody is let in, and nobody waits for long.
        with run(made) as proxy:
            began = time.monotonic()
            assert ask(proxy, fields=bearer(first.sign("ES256", key="one")).items())[0].status == 503
            assert time.monotonic() - began < 3


def test_an_unknown_key_makes_one_fetch(run, authority_server):
    issuer = Issuer("ES256")
    authority_server.jwks = issuer.jwks()
    keys = {"upstream": "idp", "path": "/keys", "refresh": "1h"}
    made = {"routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})]}
    with LibraryBackend() as backend:
        made["upstreams"] = {"app": upstream(backend.address), "idp": upstream(authority_server.address)}
        with run(made) as proxy:
            assert ask(proxy, fields=bearer(issuer.sign()).items())[0].status == 101
            before = len(authority_server.asked)
            for number in range(30):
                token = issuer.sign("ES256", headers={"kid": f"made-up-{number}"})
                assert ask(proxy, fields=bearer(token).items())[0].status == 401
            assert len(authority_server.asked) <= before + 1
