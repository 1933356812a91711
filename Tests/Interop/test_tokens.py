"""Tokens by PyJWT and joserfc in every algorithm, and those that must not let anybody in."""

import base64
import hashlib
import hmac
import json
import signal
import time

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.backends import LibraryBackend
from support.http2 import Http2
from support.proxy import route, upstream
from support.tokens import ALGORITHMS, SECRET, Issuer, bearer, encode, key_for
from support.wire import upgrade_request


@pytest.fixture(scope="module")
def issuer():
    return Issuer(*ALGORITHMS, "Ed448")


@pytest.fixture(scope="module")
def edge(shared_run, issuer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys = issuer.write(folder / "keys.jwks")
    rules = {"issuer": "https://id.example.com", "audience": "chat", "leeway": "30s",
             "require": {"scope": "chat", "tenant": ["blue", "green"]}, "pass": {"X-User": "sub", "X-Plan": "plan"}}
    (folder / "rsa.pem").write_bytes(issuer.pem("RS256"))

    def locked(path: str, **jwt):
        return route(path, "app", name=path.strip("/"), access={"jwt": {"keys": keys, **jwt}})

    with LibraryBackend() as backend:
        config = {
            "routes": [
                locked("/any/", algorithms=ALGORITHMS),
                locked("/es/", algorithms=["ES256"]),
                locked("/rs/", algorithms=["RS256"], keys=str(folder / "rsa.pem")),
                locked("/public/", algorithms=["RS256", "ES256", "EdDSA"]),
                locked("/ruled/", algorithms=["ES256"], **rules),
                locked("/open/", algorithms=["ES256"], anonymous=True, **{"pass": {"X-User": "sub"}}),
            ],
            "upstreams": {"app": upstream(backend.address, pool={"warm": 0})}}
        with shared_run(config) as proxy:
            proxy.backend = backend
            yield proxy


def ask(proxy, path: str, token: str | None = None, fields=(), version: int = 1):
    """Status and challenge of an upgrade."""
    pairs = [*fields, *(bearer(token).items() if token is not None else ())]
    if version == 2:
        with Http2(proxy) as http2:
            head = http2.connect(path, fields=[(n.lower(), v.strip()) for n, v in pairs]).head
            return head.status, head.get("www-authenticate")
    with proxy.wire() as wire:
        wire.sock.sendall(upgrade_request(path, fields=pairs))
        head = wire.read_head()
        return head.status, head.get("www-authenticate")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_by_two_libraries(edge, issuer, algorithm):
    assert ask(edge, "/any/", issuer.sign(algorithm)) == (101, None)
    assert ask(edge, "/any/", issuer.sign_jose(algorithm)) == (101, None)
    assert ask(edge, "/any/", issuer.sign(algorithm), version=2) == (200, None)
    name, payload, signature = issuer.sign(algorithm).split(".")
    changed = encode({**json.loads(base64.urlsafe_b64decode(payload + "==")), "sub": "eve"})
    assert ask(edge, "/any/", f"{name}.{changed}.{signature}")[0] == 401


def test_ed448_and_pem(edge, issuer):
    assert ask(edge, "/any/", jwt.encode({"sub": "a"}, issuer.keys["Ed448"], "EdDSA", {"kid": "Ed448"})) == (101, None)
    assert ask(edge, "/rs/", issuer.sign("RS256")) == (101, None)


def test_what_is_asked_for_and_how_it_is_refused(edge, issuer):
    good = {"iss": "https://id.example.com", "aud": "chat", "scope": "read chat", "tenant": "blue", "plan": "pro"}

    def told(**changes):
        claims = {**good, **changes}
        return ask(edge, "/ruled/", issuer.sign(**{k: v for k, v in claims.items() if v is not None}))

    assert told() == (101, None)
    assert told(aud=["x", "chat"], scope=["chat"], tenant="green") == (101, None)
    invalid = 'Bearer realm="ruled", error="invalid_token", error_description="token is not valid"'
    for changes in ({"iss": "https://evil.example"}, {"iss": None}, {"aud": "chats"}, {"aud": None}):
        assert told(**changes) == (401, invalid)
    for changes in ({"scope": "read"}, {"tenant": "red"}, {"tenant": None}):
        status, challenge = told(**changes)
        assert status == 403 and 'error="insufficient_scope"' in challenge
    assert 'scope="chat"' in told(scope="read")[1]
    assert ask(edge, "/ruled/") == (401, 'Bearer realm="ruled"')
    assert ask(edge, "/ruled/", version=2) == (401, 'Bearer realm="ruled"')
    assert ask(edge, "/ruled/", fields=[("Authorization", "Basic YTpi")]) == (401, 'Bearer realm="ruled"')
    twice = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    assert ask(edge, "/ruled/", fields=twice)[0] == 400


def test_clocks_may_be_off_by_the_leeway(edge, issuer):
    good = {"iss": "https://id.example.com", "aud": "chat", "scope": "chat", "tenant": "blue"}
    now = time.time()
    for claims, status in (({"exp": now - 20}, 101), ({"exp": now - 40}, 401), ({"nbf": now + 20}, 101),
                           ({"nbf": now + 60}, 401)):
        assert ask(edge, "/ruled/", issuer.sign(**{**good, "expires": None if "exp" in claims else 60, **claims}))[0] == status
    assert "token has expired" in ask(edge, "/ruled/", issuer.sign(**good, expires=-60))[1]
    assert ask(edge, "/es/", issuer.sign(expires=-1))[0] == 401, "without leeway"


def test_claims_reach_the_backend_and_what_clients_say_of_them_does_not(edge, issuer):
    good = {"iss": "https://id.example.com", "aud": "chat", "scope": "chat", "tenant": "blue", "plan": ["pro", 7]}
    forged = [("X-User", "root"), ("x-plan", "free"), ("X_User", "root"), ("Connection", "Upgrade, X-User")]
    edge.backend.requests.clear()
    with edge.wire() as wire:
        pairs = [*forged[:3], *bearer(issuer.sign(**good)).items()]
        wire.sock.sendall(upgrade_request("/ruled/", fields=pairs).replace(b"Connection: Upgrade", b"Connection: Upgrade, X-User"))
        assert wire.read_head().status == 101
    headers = machine.eventually(lambda: edge.backend.requests, "the backend is asked")[-1].headers
    assert headers.get_all("X-User") == ["ada"] and headers.get_all("X-Plan") == ["pro,7"]
    assert ask(edge, "/open/", fields=forged[:1]) == (101, None)
    machine.eventually(lambda: len(edge.backend.requests) == 2, "the backend is asked again")
    assert edge.backend.requests[1].headers.get_all("X-User") == []
    assert ask(edge, "/open/", "nonsense")[0] == 401, "a bad token is none the less refused"


def attacks(issuer) -> dict[str, tuple[str, str]]:
    """Route and token, by what is tried."""
    now = int(time.time())
    claims = {"sub": "root", "exp": now + 60}
    payload = encode(claims)
    es, ps = issuer.sign("ES256"), issuer.sign("RS256")
    head, body, signature = es.split(".")

    def raw(header: dict | str, claims: dict | str = claims, signature: bytes = b"x" * 64) -> str:
        return f"{encode(header)}.{encode(claims)}.{encode(signature)}"

    def by_secret(header: dict | str, claims: dict | str = claims, secret: bytes = SECRET) -> str:
        signed = f"{encode(header)}.{encode(claims)}"
        return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

    own = key_for("ES256")
    evil = Issuer("ES256")
    hs = {"alg": "HS256", "kid": "HS256"}
    tried = {
        "none": ("/any/", f"{encode({'alg': 'none'})}.{payload}."),
        "None": ("/any/", f"{encode({'alg': 'None'})}.{payload}."),
        "none with a signature": ("/any/", raw({"alg": "none", "kid": "ES256"})),
        "no algorithm": ("/any/", raw({"typ": "JWT"})),
        "a public key as a secret": ("/public/", by_secret({"alg": "HS256"}, secret=issuer.pem("RS256"))),
        "a public key's text as a secret": (
            "/any/", by_secret({"alg": "HS256", "kid": "RS256"}, secret=issuer.pem("RS256"))),
        "an algorithm that isn't allowed": ("/es/", ps),
        "the key of another algorithm": ("/any/", issuer.sign("RS256", headers={"kid": "ES256"})),
        "another's key": ("/any/", jwt.encode(claims, own, "ES256", {"kid": "ES256"})),
        "another's key, embedded": (
            "/any/", jwt.encode(claims, evil.keys["ES256"], "ES256", {"kid": "ES256", "jwk": evil.jwk("ES256")})),
        "another's key, named by an address": (
            "/any/", jwt.encode(claims, own, "ES256", {"kid": "ES256", "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"})),
        "another's certificate": ("/any/", jwt.encode(claims, own, "ES256", {"kid": "ES256", "x5c": ["MIIB"]})),
        "a path as a key": ("/any/", jwt.encode(claims, own, "ES256", {"kid": "../../../../dev/null"})),
        "SQL as a key": ("/any/", jwt.encode(claims, own, "ES256", {"kid": "x' UNION SELECT 'key"})),
        "a long name of a key": ("/any/", jwt.encode(claims, own, "ES256", {"kid": "k" * 4000})),
        "a key that is a number": ("/any/", raw('{"alg":"ES256","kid":7}')),
        "an empty secret": ("/any/", by_secret({"alg": "HS256", "kid": "HS256"}, secret=b"")),
        "an empty signature": ("/any/", f"{head}.{body}."),
        "a signature of zeros": ("/any/", f"{head}.{body}.{encode(bytes(64))}"),
        "a signature in DER": ("/any/", raw({"alg": "ES256", "kid": "ES256"}, signature=bytes.fromhex("3006020101020101"))),
        "a signature that is cut off": ("/any/", es[:-8]),
        "a wrong curve": ("/any/", jwt.encode(claims, key_for("ES384"), "ES384", {"kid": "ES256"})),
        "crit": ("/any/", by_secret({**hs, "crit": ["exp"]})),
        "b64": ("/any/", by_secret({**hs, "b64": False, "crit": ["b64"]})),
        "an algorithm twice": ("/any/", by_secret('{"alg":"none","alg":"HS256","kid":"HS256"}')),
        "a claim twice": ("/any/", by_secret(hs, '{"sub":"a","exp":1,"exp":%d}' % (now + 60))),
        "deep nesting": ("/any/", by_secret(hs, '{"a":' + "[" * 3000 + "]" * 3000 + "}")),
        "deep nesting in the header": ("/any/", by_secret('{"alg":"HS256","x":' + '{"a":' * 2000)),
        "an end as text": ("/any/", by_secret(hs, '{"exp":"%d"}' % (now + 60))),
        "an end that is NaN": ("/any/", by_secret(hs, '{"exp":NaN}')),
        "an end of 2^63": ("/any/", by_secret(hs, '{"exp":9223372036854775808}')),
        "an end beyond numbers": ("/any/", by_secret(hs, '{"exp":1e999}')),
        "a negative end": ("/any/", by_secret(hs, '{"exp":-1}')),
        "a beginning as text": ("/any/", by_secret(hs, '{"nbf":"0"}')),
        "no object": ("/any/", by_secret(hs, "[]")),
        "padding": ("/any/", es + "=="),
        "blanks": ("/any/", es.replace(".", " .")),
        "five parts": ("/any/", f"{head}.{body}.{signature}.{body}.{signature}"),
        "nothing": ("/any/", ""),
        "a huge token": ("/any/", f"{head}.{'A' * 12000}.{signature}"),
    }
    return tried


def test_none_of_these_lets_anybody_in(edge, issuer):
    before = len(edge.backend.requests)
    for name, (path, token) in attacks(issuer).items():
        for version in (1, 2):
            status, challenge = ask(edge, path, token, version=version)
            assert status == 401, (name, version, status)
            assert challenge.startswith(f'Bearer realm="{path.strip("/")}"'), name
            assert not any(word in challenge for word in ("key", "algorithm", "signature")), name
    assert len(edge.backend.requests) == before
    assert ask(edge, "/any/", issuer.sign()) == (101, None)


def test_no_line_shows_a_token(edge, issuer):
    token = issuer.sign(expires=-60)
    assert ask(edge, "/es/", token)[0] == 401
    edge.wait_log("token has expired")
    lines = "\n".join(edge.out + edge.err)
    assert not any(part in lines for part in token.split("."))


def test_keys_are_read_again_when_they_change(run, tmp_path):
    old, new = Issuer("ES256"), Issuer("ES256")
    keys = old.write(tmp_path / "keys.jwks")
    with LibraryBackend() as backend:
        config = {"routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})],
                  "upstreams": {"app": upstream(backend.address)}}
        with run(config) as proxy:
            with proxy.connect(additional_headers=bearer(old.sign())) as client:
                new.write(tmp_path / "keys.jwks")
                proxy.wait_log("file read again")
                assert ask(proxy, "/", old.sign())[0] == 401
                assert ask(proxy, "/", new.sign())[0] == 101
                client.send("still there")
                assert client.recv() == "still there"


def test_a_reload_of_rules_is_for_those_who_come(run, tmp_path):
    """Who is in keeps the rules under which he came in, and renews by them; who comes finds the new ones."""
    issuer = Issuer("ES256", "EdDSA")
    rules = {"keys": issuer.write(tmp_path / "keys.jwks"), "algorithms": ["ES256"], "audience": "old",
             "renew": {"prefix": "token:"}}
    with LibraryBackend() as backend:
        config = {"routes": [route("/", "app", access={"jwt": rules})], "upstreams": {"app": upstream(backend.address)}}
        with run(config) as proxy:
            with proxy.connect(additional_headers=bearer(issuer.sign(aud="old", expires=60))) as client:
                file = proxy.folder / "proxy.conf"
                changed = json.loads(file.read_text())
                changed["routes"][0]["access"]["jwt"].update(audience="new", algorithms=["EdDSA"])
                file.write_text(json.dumps(changed))
                proxy.process.send_signal(signal.SIGHUP)
                proxy.wait_log("configuration reloaded")
                machine.eventually(lambda: ask(proxy, "/", issuer.sign("EdDSA", aud="new"))[0] == 101, "the new rules count")
                assert ask(proxy, "/", issuer.sign(aud="old"))[0] == 401
                client.send("token:" + issuer.sign(aud="old", exp=time.time() + 1.5))
                client.send("still there")
                assert client.recv() == "still there"
                with pytest.raises(ConnectionClosed) as closed:
                    client.recv(5)
                assert closed.value.rcvd.code == 4401, "it was renewed by the old rules, and ends with that token"
