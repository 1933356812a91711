"""What operators find out about sessions, and do with them: on all workers, of feeds too, from the shell as well."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.admin import free_admin
from support.audience import Feed
from support.backends import LibraryBackend, ScriptedBackend, node_echo
from support.http2 import Http2
from support.proxy import BINARY, route, upstream
from support.successor import hand_over
from support.tokens import Issuer, bearer
from support.wire import BINARY as BINARY_FRAME, TEXT, upgrade_request


@pytest.fixture(scope="module")
def house(shared_run, tmp_path_factory):
    """One proxy with four workers: a plain route, one with tokens, and a feed with tokens."""
    issuer = Issuer("ES256")
    keys = issuer.write(tmp_path_factory.mktemp("keys") / "keys")
    admin = free_admin()
    jwt = {"keys": keys, "algorithms": ["ES256"]}
    with LibraryBackend() as backend, Feed() as feed:
        config = {
            "workers": 4, "admin": admin.section,
            "routes": [route("/plain", "app", name="plain"), route("/feed", "news", name="feed", access={"jwt": jwt}),
                       route("/", "app", name="tokens", access={"jwt": jwt})],
            "upstreams": {"app": upstream(backend.address, pool={"warm": 0}),
                          "news": upstream(feed.address, mode="broadcast")}}
        with shared_run(config) as proxy:
            yield SimpleNamespace(proxy=proxy, admin=admin, issuer=issuer, feed=feed, backend=backend)


def call(house, method: str, path: str, body: str | bytes = b"", status: int = 200):
    got, _, text = house.admin.call(method, path, body=body.encode() if isinstance(body, str) else body)
    assert got == status, text
    return json.loads(text) if text.startswith("{") else text


def listed(house, query: str = "") -> list[dict]:
    return call(house, "GET", "/sessions" + query)["sessions"]


def end_of(client, within: float = 5.0) -> tuple[int, str]:
    try:
        while True:
            client.recv(within)
    except ConnectionClosed as closed:
        return closed.rcvd.code, closed.rcvd.reason


def member(house, subject: str, path: str = "/", **claims):
    return house.proxy.connect(path, additional_headers=bearer(house.issuer.sign(sub=subject, **claims)))


def echoes(client, text: str = "still here") -> bool:
    client.send(text)
    return client.recv(5) == text


def test_sessions_are_found_by_what_is_known_of_them(house):
    with member(house, "liz", "/room?x=1", jti="t-1") as liz, house.proxy.connect("/plain") as plain, \
            member(house, "liz", "/feed"):
        echoes(liz), echoes(plain)
        machine.eventually(lambda: len(listed(house, "?subject=liz")) == 2, "both are listed")
        one = listed(house, "?subject=liz&route=tokens")[0]
        assert (one["route"], one["state"], one["path"], one["client"]) == ("tokens", "open", "/room?x=1", "127.0.0.1")
        assert one["backend"] == house.backend.address and one["messages_from_client"] == 1
        assert one["token"]["id"] == "t-1" and one["token"]["expires_at"] > time.time()
        assert call(house, "GET", f"/sessions/{one['id']}")["id"] == one["id"]
        assert [s["subject"] for s in listed(house, "?route=plain")] == [None]
        assert len(listed(house, "?client=127.0.0.0/8&state=open")) >= 3
        assert listed(house, "?client=10.0.0.0/8") == [] == listed(house, "?older_than=1h")
        assert len(listed(house, f"?backend={quote(house.backend.address)}&limit=1")) == 1
        assert call(house, "GET", "/sessions?limit=1")["more"] is True
    for path in ("/sessions/0-1", "/sessions/99-1"):
        call(house, "GET", path, status=404)
        call(house, "DELETE", path, status=404)
        call(house, "PUT", path + "/token", "x", status=404)


def test_a_list_is_streamed_while_sessions_come_and_go(house):
    with ThreadPoolExecutor(20) as pool:
        wires = list(pool.map(lambda _: house.proxy.upgraded("/plain"), range(150)))
        listing = pool.submit(lambda: [listed(house, "?route=plain") for _ in range(5)])
        for wire in wires[::3]:
            wire.sock.close()
        for lists in listing.result():
            ids = [session["id"] for session in lists]
            assert len(ids) == len(set(ids)) and 100 <= len(ids) <= 150
        answer = house.admin.socket()
        answer.sendall(b"GET /sessions HTTP/1.0\r\nHost: localhost\r\n\r\n")
        text = b""
        while more := answer.recv(65536):
            text += more
        assert len(json.loads(text.split(b"\r\n\r\n", 1)[1])["sessions"]) >= 100
        assert call(house, "POST", "/sessions/close?route=plain&code=4000&reason=enough")["sessions"] >= 100
        began = time.time()
        for wire in wires:
            if wire.sock.fileno() >= 0:
                close = wire.read_until_close()
                assert (close.close_code, close.close_reason) == (4000, "enough")
                wire.sock.close()
        assert time.time() - began < 5


def test_one_session_is_closed_with_words(house):
    with member(house, "ada") as ada, member(house, "ada") as other:
        one = listed(house, "?subject=ada")
        assert call(house, "DELETE", f"/sessions/{one[0]['id']}?code=4123&reason=go%20now") == {"sessions": 1}
        ended, stays = (other, ada) if is_open(ada) else (ada, other)
        assert end_of(ended) == (4123, "go now")
        assert echoes(stays)
        call(house, "DELETE", f"/sessions/{one[1]['id']}?code=1005", status=400)
    line = json.loads(house.proxy.wait_log('"close_code":4123.*session ended|session ended.*"close_code":4123'))
    assert (line["closed_by"], line["cause"]) == ("proxy", "closed by order")


def is_open(client) -> bool:
    try:
        client.recv(0.3)
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False
    return True


def test_a_user_is_logged_out_everywhere_and_nobody_else(house):
    users = [member(house, name, path) for name in ("eve", "bob") for path in ("/", "/a", "/feed") for _ in range(3)]
    try:
        machine.eventually(lambda: len(listed(house, "?subject=eve")) == 9, "all are listed")
        began = time.time()
        assert call(house, "POST", "/sessions/close?subject=eve&code=4401&reason=logged+out") == {"sessions": 9}
        assert [end_of(client) for client in users[:9]] == [(4401, "logged out")] * 9
        assert time.time() - began < 1.5
        assert len(listed(house, "?subject=bob&state=open")) == 9
        assert all(echoes(client) for client in users[9:15])
        paced = time.time()
        assert call(house, "POST", "/sessions/close?subject=bob&rate=12") == {"sessions": 9}
        assert {end_of(client)[0] for client in users[9:]} == {1008}
        assert 0.5 < time.time() - paced < 3
    finally:
        for client in users:
            client.close()


def test_messages_are_sent_into_sessions(house):
    with member(house, "meg") as meg, member(house, "meg", "/feed") as listener, member(house, "other") as other, \
            Http2(house.proxy) as http2:
        second = http2.upgraded("/two", fields=[("authorization", f"Bearer {house.issuer.sign(sub='meg')}")])
        machine.eventually(lambda: len(listed(house, "?subject=meg")) == 3, "all are there")
        answer = call(house, "POST", "/sessions/send?subject=meg", '{"type":"notice","text":"ü"}')
        assert answer["sessions"] == 3 and answer["sent"] + answer["waiting"] == 3
        assert meg.recv(5) == listener.recv(5) == '{"type":"notice","text":"ü"}'
        assert second.read_message() == (TEXT, '{"type":"notice","text":"ü"}'.encode())
        call(house, "POST", "/sessions/send?subject=meg&type=binary", b"\xff\x00")
        assert meg.recv(5) == listener.recv(5) == b"\xff\x00"
        assert second.read_message() == (BINARY_FRAME, b"\xff\x00")
        call(house, "POST", "/sessions/send?subject=meg", b"\xff", status=400)
        call(house, "POST", "/sessions/send", b"to all?", status=400)
        call(house, "POST", "/sessions/send?subject=meg", b"x" * 70_000, status=413)
        assert echoes(other), "it has been sent nothing"
        assert echoes(meg)
    assert house.admin.metrics().value("trunkline_ordered_messages_total", outcome="sent") >= 6


def test_a_message_waits_for_the_end_of_one_that_is_under_way(run, authority):
    admin = free_admin()

    def script(wire, head):
        wire.accept(head)
        wire.send(TEXT, b"be", fin=False)
        assert wire.read_message() == (TEXT, b"go")
        wire.send(0, b"gun")
        wire.read_until_close()
    with ScriptedBackend(script) as backend, \
            run({"admin": admin.section, "routes": [route("/", "app")],
                 "upstreams": {"app": upstream(backend.address, pool={"warm": 0})}}) as proxy:
        wire = proxy.upgraded()
        assert wire.read_frame().payload == b"be"
        status, _, text = admin.call("POST", "/sessions/send?route=app", body=b"notice")
        assert (status, json.loads(text)) == (200, {"sessions": 1, "sent": 0, "waiting": 1})
        time.sleep(0.1)
        wire.send(TEXT, b"go")
        assert wire.read_frame().payload == b"gun"
        assert wire.read_message() == (TEXT, b"notice")
        wire.send_close()
        wire.read_until_close()


def test_a_backend_renews_a_session(house):
    with member(house, "ivy", exp=time.time() + 2) as ivy, house.proxy.connect("/plain") as plain:
        assert echoes(plain)
        session = listed(house, "?subject=ivy")[0]
        path = f"/sessions/{session['id']}/token"
        for bad in (house.issuer.sign(sub="eve"), "nonsense", Issuer("ES256").sign(sub="ivy"),
                    house.issuer.sign(sub="ivy", expires=-60)):
            assert bad not in str(call(house, "PUT", path, bad, status=403))
        end = time.time() + 3.5
        assert call(house, "PUT", path, house.issuer.sign(sub="ivy", exp=end, jti="new") + "\n")["expires_at"] == end
        assert call(house, "GET", f"/sessions/{session['id']}")["token"]["id"] == "new"
        call(house, "PUT", f"/sessions/{listed(house, '?route=plain')[0]['id']}/token", "x", status=409)
        time.sleep(1.5)
        assert echoes(ivy)
        assert end_of(ivy) == (4401, "token expired")
        assert end - 0.1 < time.time() < end + 1.5


def refused(house, **claims) -> bool:
    with house.proxy.wire() as wire:
        wire.sock.sendall(upgrade_request("/", fields=list(bearer(house.issuer.sign(**claims)).items())))
        head = wire.read_head()
        if head.status == 401:
            assert "revoked" in head.get("www-authenticate"), head
        return head.status == 401


def test_what_is_revoked_ends_and_stays_out(house):
    now = int(time.time())
    with member(house, "zoe", iat=now - 100, jti="z1") as first, member(house, "zoe", iat=now, jti="z2") as second, \
            member(house, "zoe", "/feed", jti="z3", iat=now) as third, member(house, "yan") as yan:
        assert call(house, "POST", f"/revocations?subject=zoe&issued_before={now - 50}")["sessions"] == 1
        assert end_of(first) == (4401, "access was revoked")
        assert echoes(second)
        assert refused(house, sub="zoe", iat=now - 60) and refused(house, sub="zoe")
        assert not refused(house, sub="zoe", iat=now) and not refused(house, sub="yan", iat=now - 60)
        assert call(house, "POST", "/revocations", json.dumps({"token_id": "z2"}))["sessions"] == 1
        assert end_of(second) == (4401, "access was revoked")
        assert refused(house, sub="zoe", jti="z2", iat=now) and not refused(house, sub="zoe", jti="z4", iat=now)
        assert call(house, "POST", "/revocations", "subject=zoe&for=1h")["sessions"] == 1
        assert end_of(third) == (4401, "access was revoked")
        assert refused(house, sub="zoe", iat=now)
        session = listed(house, "?subject=yan")[0]
        call(house, "POST", "/revocations?token_id=bad")
        call(house, "PUT", f"/sessions/{session['id']}/token", house.issuer.sign(sub="yan", jti="bad"), status=403)
        assert echoes(yan)
    kept = call(house, "GET", "/revocations")["revocations"]
    assert len(kept) == 4 and all(entry["until"] > time.time() + 3000 for entry in kept)
    assert house.admin.metrics().value("trunkline_revocations") == 4
    call(house, "DELETE", "/revocations?subject=zoe")
    assert not refused(house, sub="zoe", iat=now)
    call(house, "DELETE", "/revocations?subject=zoe", status=404)
    house.proxy.wait_log('"message":"revoked"')


def test_from_the_shell(house):
    def shell(*arguments, status=0):
        done = subprocess.run([BINARY, *arguments, "--admin", house.admin.address], capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr
    with member(house, "pat") as one, member(house, "pat") as two:
        lines = shell("sessions", "--subject", "pat").splitlines()
        assert lines[0].split()[:4] == ["ID", "ROUTE", "BACKEND", "CLIENT"]
        assert len(lines) == 4 and lines[-1] == "2 sessions"
        ids = [session["id"] for session in json.loads(shell("sessions", "--subject", "pat", "--json"))["sessions"]]
        assert shell("close", ids[0], "--code", "4001", "--reason", "bye") == "closing 1 session\n"
        assert json.loads(shell("close", "--subject", "pat", "--state", "open", "--code", "4001", "--reason", "bye",
                                "--json"))["sessions"] == 1
        assert end_of(one) == end_of(two) == (4001, "bye")
    assert "it answers 404: no such session" in shell("close", ids[0], status=1)
    assert "name which sessions are meant" in shell("close", status=1)
    assert "is no state" in shell("sessions", "--state", "sad", status=1)


def test_orders_want_the_token_and_no_browser(run, tmp_path):
    token = tmp_path / "admin.token"
    token.write_text("hunter2\n")
    admin = free_admin()
    with LibraryBackend() as backend, \
            run({"admin": {**admin.section, "token": str(token)}, "routes": [route("/", "app")],
                 "upstreams": {"app": upstream(backend.address)}}):
        for method, path in (("GET", "/sessions"), ("GET", "/sessions/0-1"), ("POST", "/sessions/close?route=app"),
                             ("POST", "/sessions/send?route=app"), ("PUT", "/sessions/0-1/token"),
                             ("DELETE", "/sessions/0-1"), ("GET", "/revocations"), ("POST", "/revocations?subject=a")):
            assert admin.call(method, path)[0] == 401
            right = {"Authorization": "Bearer hunter2"}
            assert admin.call(method, path, right, None if "revo" in path else b"x")[0] in (200, 404)
            assert admin.call(method, path, {**right, "Origin": "https://evil.example"})[0] == 403
            assert admin.call(method, path, {**right, "Host": "evil.example"})[0] == 403


def test_revocations_outlive_a_process_that_hands_over(run, tmp_path):
    issuer = Issuer("ES256")
    keys = issuer.write(tmp_path / "keys")
    admin = free_admin()
    with LibraryBackend() as backend, \
            run({"admin": admin.section,
                 "routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})],
                 "upstreams": {"app": upstream(backend.address)}}) as proxy:
        assert admin.post("/revocations?subject=zoe&issued_before=5000000000")[0] == 200
        before = json.loads(admin.get("/revocations")[1])
        hand_over(proxy)
        assert json.loads(admin.get("/revocations")[1]) == before
        wire = proxy.wire()
        wire.sock.sendall(upgrade_request("/", fields=list(bearer(issuer.sign(sub="zoe")).items())))
        assert wire.read_head().status == 401


def test_revocations_outlive_a_crash_where_they_have_a_file(run, tmp_path):
    issuer = Issuer("ES256")
    keys = issuer.write(tmp_path / "keys")
    admin = free_admin()
    kept = tmp_path / "revocations.json"
    with LibraryBackend() as backend:
        config = {"admin": {**admin.section, "revocations": str(kept)},
                  "routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})],
                  "upstreams": {"app": upstream(backend.address)}}
        here = SimpleNamespace(issuer=issuer)
        with run(config) as here.proxy:
            here.proxy.allowed_exit = (-9,)
            assert admin.post("/revocations?subject=zoe")[0] == 200
            assert admin.post("/revocations?token_id=t-9")[0] == 200
            assert admin.call("DELETE", "/revocations?token_id=t-9")[0] == 200
            before = json.loads(admin.get("/revocations")[1])
            assert kept.stat().st_mode & 0o077 == 0 and json.loads(kept.read_text()) == before
            here.proxy.process.kill()
            here.proxy.process.wait()
        with run(config) as here.proxy:
            assert json.loads(admin.get("/revocations")[1]) == before
            assert refused(here, sub="zoe") and not refused(here, sub="yan")
            kept.unlink()
            kept.mkdir()
            assert admin.post("/revocations?subject=yan")[0] == 500
            assert refused(here, sub="yan"), "it counts all the same"
            here.proxy.wait_log("cannot write revocations")
        kept.rmdir()
        kept.write_text('{"revocations": [')
        file = tmp_path / "proxy.conf"
        file.write_text(json.dumps({**config, "listeners": [{"address": "127.0.0.1:0"}]}))
        done = subprocess.run([BINARY, "check", "--config", str(file)], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and "holds no revocations" in done.stdout + done.stderr


def test_of_many_users_one_is_logged_out_within_a_second(run, tmp_path):
    """As many sessions as TRUNKLINE_FULL asks for: of all of one user's none stays, and nobody else notices."""
    users, each = (500, 10) if machine.FULL else (30, 5)
    issuer = Issuer("ES256")
    keys = issuer.write(tmp_path / "keys")
    admin = free_admin()
    with node_echo() as backend, run(
            {"workers": 4, "admin": admin.section, "timeouts": {"close": "500ms"},
             "routes": [route("/", "app", access={"jwt": {"keys": keys, "algorithms": ["ES256"]}})],
             "upstreams": {"app": upstream(backend.address)}}, tls=False) as proxy:
        tokens = [issuer.sign(sub=f"user-{number}", expires=600) for number in range(users)]

        def opened(number: int):
            wire = proxy.wire(60)
            wire.sock.sendall(upgrade_request("/", fields=list(bearer(tokens[number % users]).items())))
            assert wire.read_head().status == 101
            return wire
        with ThreadPoolExecutor(16) as pool:
            wires = list(pool.map(opened, range(users * each)))
            began = time.monotonic()
            status, _, text = admin.call("POST", "/revocations?subject=user-7")
            assert (status, json.loads(text)["sessions"]) == (200, each)
            closes = [wire.read_until_close() for wire in wires[7::users]]
            took = time.monotonic() - began
            assert {(close.close_code, close.close_reason) for close in closes} == {(4401, "access was revoked")}
            assert took < 1, took

            def lives(wire) -> bool:
                wire.send(TEXT, b"still here")
                return wire.read_message() == (TEXT, b"still here")
            assert all(pool.map(lives, [wire for index, wire in enumerate(wires) if index % users != 7]))
        for wire in wires:
            wire.sock.close()
