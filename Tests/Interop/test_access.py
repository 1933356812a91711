"""Who may come in by address and password, what is changed of heads, and tokens that browsers put in odd places."""

import base64
import time

import pytest

from support import machine
from support.admin import Admin
from support.backends import ScriptedBackend, echo_frames
from support.http2 import Http2
from support.proxy import route, upstream
from support.wire import TEXT, upgrade_request

BCRYPT = "$2b$04$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m"
SLOW = "$2b$12$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m"
SHA512 = ("$6$TYwhFmeUAZZpBA2l$Z8D5dYtekSvwVzs5sloDNV0BB61W33zwnN2L.vGA8GeE11wlktdy/9dVjMBcspwu0uesv"
          ".DNkuJeatnhzyQz00")


class Recorder(ScriptedBackend):
    """Opens WebSockets, and echoes; answers plain requests with what they were."""

    def __init__(self):
        super().__init__(self._script)

    def _script(self, wire, head):
        if head.get("upgrade"):
            wire.accept(head, fields=[("Server", "secret/1.0"), ("X-Answer", "kept")])
            return echo_frames(wire)
        body = b"plain"
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nServer: secret/1.0\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" + body)


@pytest.fixture
def recorder():
    with Recorder() as backend:
        yield backend


def app(recorder, **more) -> dict:
    return {"routes": [route("/", "app", **more)], "upstreams": {"app": upstream(recorder.address, pool={"warm": 0})}}


def basic(user: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def status(proxy, path="/", fields=None, version=1, upgrade=True) -> int:
    """Of an upgrade, or of a plain request."""
    pairs = list((fields or {}).items())
    if version == 2:
        with Http2(proxy) as http2:
            lower = [(name.lower(), value) for name, value in pairs]
            stream = http2.connect(path, fields=lower) if upgrade else http2.request(path, fields=lower)
            return stream.head.status
    with proxy.wire() as wire:
        if upgrade:
            wire.sock.sendall(upgrade_request(path, fields=pairs))
        else:
            lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
            wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        return wire.read_head().status


def test_addresses_decide_first(run, recorder):
    config = app(recorder, access={"allow": ["10.0.0.0/8", "2001:db8::/32"]})
    config["trusted_proxies"] = ["127.0.0.1"]
    with run(config) as proxy:
        assert status(proxy) == 403
        assert status(proxy, fields={"X-Forwarded-For": "10.1.2.3"}) == 101
        assert status(proxy, fields={"X-Forwarded-For": "2001:db8::7"}, version=2) == 200
        assert status(proxy, fields={"X-Forwarded-For": "2001:db9::7"}, version=2) == 403
        assert status(proxy, fields={"X-Forwarded-For": "10.1.2.3"}, upgrade=False) == 200
        proxy.wait_log("this address is not allowed here")


def test_the_first_of_allow_and_deny_that_matches_wins(run, recorder):
    rules = [("deny", ["127.0.0.1"]), ("allow", ["127.0.0.0/8"])]
    for order, expected in ((rules, 403), (rules[::-1], 101)):
        with run(app(recorder, access=dict(order))) as proxy:
            assert status(proxy) == expected
    with run(app(recorder, access={"deny": ["10.0.0.0/8"]})) as proxy:
        assert status(proxy) == 101


def test_passwords(run, recorder, tmp_path):
    users = tmp_path / "users"
    users.write_text(f"ada:{BCRYPT}\nbob:{SHA512}\n")
    config = app(recorder, access={"basic": {"users": str(users)}},
                 headers={"request": {"set": {"X-Login": "${user}"}}})
    with run(config) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request("/"))
            head = wire.read_head()
            assert (head.status, head.get("www-authenticate")) == (401, 'Basic realm="app", charset="UTF-8"')
        for version, good in ((1, 101), (2, 200)):
            assert status(proxy, fields=basic("ada", "secret"), version=version) == good
            assert status(proxy, fields=basic("bob", "secret"), version=version, upgrade=False) == 200
            for wrong in (basic("ada", "Secret"), basic("eve", "secret"), basic("ada", ""), {"Authorization": "Basic x"}):
                assert status(proxy, fields=wrong, version=version) == 401
        assert {head.get("x-login") for head in recorder.heads} == {"ada", "bob"}
        # Read again when it changes; a file that is none changes nothing.
        users.write_text("nonsense\n")
        proxy.wait_log("what it held before still counts")
        assert status(proxy, fields=basic("ada", "secret")) == 101
        users.write_text(f"eve:{BCRYPT}\n")
        proxy.wait_log("file read again")
        assert status(proxy, fields=basic("eve", "secret")) == 101
        assert status(proxy, fields=basic("ada", "secret")) == 401
        lines = "\n".join(proxy.out + proxy.err)
        assert "secret" not in lines and basic("ada", "secret")["Authorization"] not in lines


def test_a_slow_hash_holds_nobody_up(run, recorder, tmp_path):
    users = tmp_path / "users"
    users.write_text(f"ada:{SLOW}\n")
    config = app(recorder)
    config["routes"].insert(0, route("/locked", "app", name="locked", access={"basic": {"users": str(users)}}))
    config["workers"] = 1
    with run(config) as proxy:
        with proxy.upgraded("/") as other:
            wires = [proxy.wire() for _ in range(3)]
            for number, wire in enumerate(wires):
                wire.sock.sendall(upgrade_request("/locked", fields=list(basic("ada", f"guess{number}").items())))
            began, worst = time.monotonic(), 0.0
            while time.monotonic() - began < 0.5:
                sent = time.monotonic()
                other.send(TEXT, b"still there")
                assert other.read_message() == (TEXT, b"still there")
                worst = max(worst, time.monotonic() - sent)
            for wire in wires:
                assert wire.read_head().status == 401
                wire.sock.close()
        assert worst < 0.5


def test_fields_are_changed_on_the_way(run, recorder):
    headers = {
        "request": {"set": {"X-Tenant": "blue", "X-Client": "${client_ip} ${tls_version} ${sni} ${host} ${scheme}"},
                    "add": {"Via": "1.1 edge"}, "remove": ["Cookie", "X-Secret"]},
        "response": {"set": {"Strict-Transport-Security": "max-age=31536000", "X-Id": "${request_id}"},
                     "remove": ["Server"]}}
    config = app(recorder, headers=headers)
    config["routes"].insert(0, route("/own", "app", name="own", headers=headers))
    config["routes"][0].pop("upstream")
    config["routes"][0]["respond"] = {"status": 200, "body": "own"}
    sent = {"X-Tenant": "forged", "x-secret": "1", "Cookie": "a=b", "Via": "1.0 other", "Connection": "X-Tenant",
            "X-Request-Id": "id-7"}
    with run(config) as proxy:
        for path, version in (("/", 1), ("/own", 1), ("/", 2), ("/own", 2)):
            fields = {name: value for name, value in sent.items() if version == 1 or name != "Connection"}
            if version == 1:
                with proxy.wire() as wire:
                    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
                    wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
                    head = wire.read_head()
            else:
                with Http2(proxy) as http2:
                    head = http2.request(path, fields=[(n.lower(), v) for n, v in fields.items()]).head
            assert head.get("strict-transport-security") == "max-age=31536000"
            assert head.get("server") is None
            assert head.get("x-id") == "id-7"
        for wire in (proxy.wire(),):
            del sent["Connection"]
            wire.sock.sendall(upgrade_request("/", fields=list(sent.items())))
            head = wire.read_head()
            assert (head.get("server"), head.get("x-answer"), head.get("x-id")) == (None, "kept", "id-7")
            wire.sock.close()
    assert len(recorder.heads) == 3
    for head in recorder.heads:
        assert head.all("x-tenant") == ["blue"]
        assert head.get("x-client") == "127.0.0.1 TLSv1.3 localhost localhost https"
        assert head.all("via") == ["1.0 other", "1.1 edge"]
        assert head.get("cookie") is None and head.get("x-secret") is None


TOKEN = "eyTOKEN.of-somebody.sig_nature"
PLACES = {"from": [{"subprotocol": "bearer."}, {"query": "access_token"}, {"cookie": "session"}], "to": "Authorization"}


@pytest.fixture(scope="module")
def browsers(shared_run):
    """One proxy for all of them, its admin listener and its backend."""
    admin = Admin(machine.free_port())
    with Recorder() as recorder, shared_run({**app(recorder, upgrade_token=PLACES), "admin": admin.section}) as proxy:
        yield proxy, admin, recorder


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("target, fields, subprotocols, answered", [
    ("/chat?a=1", {}, ["chat.v2", "bearer." + TOKEN], None),
    ("/chat?a=1", {}, ["bearer." + TOKEN], "bearer." + TOKEN),
    ("/chat?a=1&access_token=" + TOKEN, {}, [], None),
    ("/chat?access%5Ftoken=" + TOKEN.replace(".", "%2E") + "&a=1", {}, [], None),
    ("/chat?a=1", {"Cookie": f"theme=dark; session={TOKEN}"}, [], None),
])
def test_tokens_of_browsers_go_on_as_a_field_and_are_not_shown(
        browsers, version, target, fields, subprotocols, answered):
    proxy, admin, recorder = browsers
    heads, lines = len(recorder.heads), len(proxy.out)
    pairs = list(fields.items())
    if subprotocols:
        pairs.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    if version == 1:
        wire = proxy.wire()
        wire.sock.sendall(upgrade_request(target, fields=pairs))
        head = wire.read_head()
        assert head.status == 101
        assert head.get("sec-websocket-protocol") == answered
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")
        pages = admin.get("/status")[1] + admin.get("/metrics")[1]
        wire.sock.close()
    else:
        with Http2(proxy) as http2:
            stream = http2.connect(target, fields=[(n.lower(), v) for n, v in pairs])
            assert stream.head.status == 200
            assert stream.head.get("sec-websocket-protocol") == answered
            pages = admin.get("/status")[1] + admin.get("/metrics")[1]
    got = recorder.heads[heads]
    assert got.all("authorization") == ["Bearer " + TOKEN]
    assert got.target == "/chat?a=1"
    assert got.get("sec-websocket-protocol") == ("chat.v2" if len(subprotocols) == 2 else None)
    assert got.get("cookie") == ("theme=dark" if fields else None)
    machine.eventually(lambda: any("session ended" in line for line in proxy.out[lines:]), "the session has ended")
    shown = "\n".join(proxy.out + proxy.err) + pages
    assert "eyTOKEN" not in shown and "sig_nature" not in shown


def test_tokens_are_masked_in_lines_of_what_is_refused(run, recorder):
    config = app(recorder, upgrade_token=PLACES)
    config["routes"][0]["match"] = {"path": "/chat"}
    with run(config) as proxy:
        for target in (f"/none?access_token={TOKEN}", f"/chat?access_token={TOKEN}&x=1"):
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request(target, fields=[("Sec-WebSocket-Extensions", ";;")]))
                head = wire.read_head()
                body = wire.read_body(head)
                assert head.status in (400, 404) and b"eyTOKEN" not in body
        with Http2(proxy) as http2:
            assert http2.request(f"/none?access_token={TOKEN}").head.status == 404
            assert http2.connect(f"/chat?access_token={TOKEN}", version="8").head.status == 426
        proxy.wait_log("access_token=\\*\\*\\*&x=1")
        assert not [line for line in proxy.out + proxy.err if "eyTOKEN" in line]
