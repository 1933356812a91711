"""No token that was used is found anywhere afterwards: whatever place it came in, good or not, over both versions of
HTTP."""

import base64
import json

import pytest

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend, echo_frames
from support.http2 import Http2
from support.proxy import route, upstream
from support.tokens import Issuer
from support.wire import TEXT, upgrade_request

PLACES = ("field", "subprotocol", "query", "encoded query", "cookie", "message", "order")
SOURCES = {"from": [{"subprotocol": "bearer."}, {"query": "access_token"}, {"cookie": "session"}], "to": "Authorization"}


def request(place: str, token: str) -> tuple[str, list[tuple[str, str]]]:
    """Target and fields."""
    match place:
        case "subprotocol": return "/chat?a=1", [("Sec-WebSocket-Protocol", "chat, bearer." + token)]
        case "query": return f"/chat?access_token={token}&a=1", []
        case "encoded query": return f"/chat?acce%73s_token={token.replace('.', '%2e')}&access_token={token}", []
        case "cookie": return "/chat", [("Cookie", f'a=b; session="{token}"')]
        case _: return "/chat", [("Authorization", "Bearer " + token)]


def parts(token: str) -> list[str]:
    """What must not be found: each part of it, and what it says; not the header, which all of a kind share."""
    return [part for part in token.split(".")[1:] if len(part) > 16]


@pytest.mark.parametrize("version", [1, 2])
def test_nothing_shows_a_token(run, tmp_path, version):
    issuer = Issuer("ES256")
    admin = free_admin()
    seen: list[str] = []

    def script(wire, head):
        seen.append(str(head.fields))
        if not head.get("upgrade"):
            return wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        wire.accept(head)
        echo_frames(wire)

    used: list[str] = []
    answers: list[str] = []

    def token(**claims) -> str:
        number = base64.b16encode(bytes([len(used)]) * 12).decode()
        used.append(issuer.sign(**{"sub": f"user-{len(used)}", "jti": number, **claims}))
        return used[-1]

    with ScriptedBackend(script) as backend:
        jwt = {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"], "renew": {"prefix": "token:"},
               "pass": {"X-User": "sub"}}
        made = {"admin": admin.section, "log": {"access": "stdout", "format": "json", "level": "debug"},
                "routes": [route("/chat", "app", access={"jwt": jwt}, upgrade_token=SOURCES)],
                "upstreams": {"app": upstream(backend.address, pool={"warm": 0})}}
        with run(made) as proxy:
            http2 = Http2(proxy).__enter__() if version == 2 else None

            def ask(place: str, text: str, path: str = "/chat", upgrade: bool = True, **options):
                target, fields = request(place, text)
                target = target.replace("/chat", path)
                if http2:
                    lower = [(name.lower(), value) for name, value in fields]
                    stream = http2.connect(target, fields=lower) if upgrade else http2.request(target, fields=lower)
                    answers.append(str(stream.head.fields) + (stream.body().decode() if stream.head.status >= 400 else ""))
                    return stream.head.status, None
                wire = proxy.wire()
                if upgrade:
                    wire.sock.sendall(upgrade_request(target, fields=fields, **options))
                else:
                    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
                    wire.sock.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
                head = wire.read_head()
                answers.append(str(head.fields) + (wire.read_body(head).decode() if head.status >= 400 else ""))
                return head.status, wire

            opened = []
            for place in PLACES:
                status, wire = ask(place, token(expires=600))
                assert status == (200 if http2 else 101), place
                opened.append(wire)
                for bad in (token(expires=-60), Issuer("ES256").sign(sub="eve"), token()[:-20] + "A" * 20):
                    used.append(bad)
                    assert ask(place, bad)[0] == 401, place
                ask(place, token(), path="/none")
                ask(place, token(), upgrade=False)
            if not http2:
                wire = opened[0]
                for text in (token(sub="eve"), token(expires=-60)):
                    wire.send(TEXT, b"token:" + text.encode())
                wire.send(TEXT, b"hello")
                assert wire.read_message() == (TEXT, b"hello")
            sessions = json.loads(admin.get("/sessions")[1])["sessions"]
            assert len(sessions) == len(PLACES)
            for text in (token(), "x" + token()):
                answers.append(admin.call("PUT", f"/sessions/{sessions[0]['id']}/token", body=text.encode())[2])
            pages = [admin.get(page)[1] for page in ("/status", "/metrics", "/sessions", "/revocations",
                                                     f"/sessions/{sessions[0]['id']}")]
            for wire in opened:
                if wire:
                    wire.sock.close()
            if http2:
                http2.__exit__(None, None, None)
            machine.eventually(lambda: sum("session ended" in line for line in proxy.out) == len(PLACES), "all have ended")
            shown = "\n".join([*proxy.out, *proxy.err, *pages, *answers])
        assert len(proxy.out) > 5 * len(PLACES)
        for text in used:
            for part in parts(text):
                assert part not in shown, next(line for line in shown.splitlines() if part in line)
        # Backends get them where they are told to, and nowhere else.
        assert all(fields.count("eyJ") <= 2 and "bearer." not in fields and "session=" not in fields for fields in seen)
