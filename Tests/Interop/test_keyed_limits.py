"""Limits of all that comes with one key, over all workers; and the age of sessions."""

import base64
import json
import signal
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.admin import free_admin
from support.backends import LibraryBackend, node_echo
from support.http2 import Http2
from support.proxy import route, upstream
from support.tokens import Issuer, bearer
from support.wire import BINARY, TEXT, frame, upgrade_request


@pytest.fixture(scope="module")
def backend():
    with node_echo() as node:
        yield node


def config(backend, per: list[dict], **more) -> dict:
    return {"workers": 4, "timeouts": {"close": "200ms"}, "routes": [route("/", "app", limits={"per": per}, **more)],
            "upstreams": {"app": upstream(backend.address)}}


def reload(proxy, per: list[dict]) -> None:
    file = proxy.folder / "proxy.conf"
    settings = json.loads(file.read_text())
    settings["routes"][0]["limits"]["per"] = per
    file.write_text(json.dumps(settings))
    seen = len(proxy.err)
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: any("configuration reloaded" in line for line in list(proxy.err)[seen:]), "it is reloaded")


def ask(proxy, key: str | None = None, cookie: str | None = None):
    """A session, or the refusal's head."""
    wire = proxy.wire()
    fields = [("X-Api-Key", key)] if key else []
    fields += [("Cookie", f"a=b; session={cookie}")] if cookie else []
    wire.sock.sendall(upgrade_request("/", fields=fields))
    head = wire.read_head()
    if head.status != 101:
        wire.sock.close()
    return wire, head


def test_places_and_handshakes_are_counted_by_key(run, backend):
    admin = free_admin()
    per = [{"key": "header:X-Api-Key", "sessions": 3, "connections": 4},
           {"key": "cookie:session", "upgrades_per_minute": 5}]
    with run({**config(backend, per), "admin": admin.section}, tls=False) as proxy:
        opened = [ask(proxy, "one")[0] for _ in range(3)]
        _, head = ask(proxy, "one")
        assert (head.status, head.get("retry-after")) == (429, "1")
        assert ask(proxy, "two")[1].status == 101 and ask(proxy)[1].status == 101
        opened.pop().sock.close()
        machine.eventually(lambda: ask(proxy, "one")[1].status == 101, "the place is free again")
        heads = [ask(proxy, cookie="ada")[1] for _ in range(8)]
        assert [head.status for head in heads] == [101] * 5 + [429] * 3
        assert 1 <= int(heads[-1].get("retry-after")) <= 13
        assert ask(proxy, cookie="eve")[1].status == 101
        # One key's place is given back where another refuses.
        assert all(ask(proxy, "three", "ada")[1].status == 429 for _ in range(9))
        assert ask(proxy, "three", "eve")[1].status == 101
        page = admin.metrics()
        assert page.value("trunkline_limit_keys") >= 5
        assert page.value("trunkline_refusals_total", reason="limit_upgrades_per_minute") == 12


def told(proxy, version: int, fields) -> int:
    """The answer to a handshake that nothing comes of."""
    if version == 2:
        with Http2(proxy) as connection:
            status = connection.connect(fields=[(name.lower(), value) for name, value in fields]).head.status
            return 101 if status == 200 else status
    with proxy.wire() as wire:
        wire.sock.sendall(upgrade_request("/", fields=fields))
        return wire.read_head().status


def fields_of(key: str, made_up: str) -> list[list[tuple[str, str]]]:
    """Ways to say a key so that some backend understands it."""
    name = "X-Api-Key"
    return [[(name, key)], [(name, made_up), (name, key)], [(name, key), (name, made_up)], [("x-API-key", f"  {key} ")],
            [("x_api_key", key)], [(name, made_up), ("X_Api_Key", key)], [(name, ""), (name, key)],
            [("Connection", name), (name, key)]]


def cookies_of(key: str, made_up: str) -> list[list[tuple[str, str]]]:
    lines = [f"session={key}", f"session={made_up}; session={key}", f"session={key};session={made_up}", f'session="{key}"',
             f"a=b;  session=%{ord(key[0]):02x}{key[1:]} ", f"session=; session={key}"]
    return [[("Cookie", line)] for line in lines] + [[("Cookie", f"session={made_up}"), ("Cookie", f"session={key}")]]


@pytest.mark.parametrize("version", [1, 2])
def test_no_spelling_is_a_way_around(run, backend, version):
    per = [{"key": "header:X-Api-Key", "sessions": 1}, {"key": "cookie:session", "sessions": 1}]
    with run({**config(backend, per), "underscore_fields": "pass"}) as proxy, \
            proxy.upgraded(fields=[("X-Api-Key", "one"), ("Cookie", "session=ada")]):
        ways = fields_of("one", "made-up") + cookies_of("ada", "made-up")
        if version == 2:
            # Neither blanks around a value nor a field of the connection may be there.
            ways = [[(name, value.strip()) for name, value in fields] for fields in ways if fields[0][0] != "Connection"]
        for fields in ways:
            assert told(proxy, version, fields) == 429, fields
        machine.eventually(lambda: told(proxy, version, [("X-Api-Key", "made-up"), ("Cookie", "session=made-up")]) == 101,
                           "what was taken with a key that is full is given back")
        assert told(proxy, version, [("X-Api-Key", str(number)) for number in range(9)]) == 400
        assert told(proxy, version, [("Cookie", "; ".join(f"session={number}" for number in range(9)))]) == 400
        if version == 1:
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request("/", fields=[("X-Api-Key", "made-up\r\n one")]))
                assert wire.read_head().status == 400


def test_who_has_no_key_is_as_the_route_says(run, backend, tmp_path):
    issuer = Issuer("ES256")
    jwt = {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"], "anonymous": True}
    per = [{"key": "header:X-Api-Key", "sessions": 1, "missing": "count"},
           {"key": "claim:plan", "sessions": 9, "missing": "refuse"}]
    admin = free_admin()
    with run({**config(backend, per, access={"jwt": jwt}), "admin": admin.section}, tls=False) as proxy:
        free = list(bearer(issuer.sign(plan="free")).items())
        with proxy.upgraded(fields=free):
            assert told(proxy, 1, free) == told(proxy, 1, [*free, ("X-Api-Key", " ")]) == 429
            assert told(proxy, 1, [*free, ("X-Api-Key", "one")]) == 101
        # Neither a token without the claim nor none at all.
        for fields in (list(bearer(issuer.sign()).items()), list(bearer(issuer.sign(plan="")).items()), []):
            assert told(proxy, 1, [*fields, ("X-Api-Key", "two")]) == 403
        page = admin.metrics()
        assert page.value("trunkline_refusals_total", reason="limit_key_missing") == 3
        proxy.wait_log("there is no claim:plan")


def test_a_reload_forgets_nothing_that_was_counted(run, backend):
    per = [{"key": "header:X-Api-Key", "sessions": 2}, {"key": "cookie:session", "upgrades_per_minute": 2}]
    with run(config(backend, per), tls=False) as proxy:
        opened = [ask(proxy, "one", "ada")[0] for _ in range(2)]
        for turn in range(3):
            # Another number of handshakes: what has been used up counts against it.
            reload(proxy, [{**per[0], "connections": 50 + turn}, {**per[1], "burst": 2}])
            assert ask(proxy, "one", "eve")[1].status == 429 and ask(proxy, "two", "ada")[1].status == 429
        opened.pop().sock.close()
        machine.eventually(lambda: ask(proxy, "one")[1].status == 101, "the place is free again")


def flood(wire, stop: float, arrived: list[float], size: int) -> None:
    """Sends all it can, and notes when each echo came."""
    sent = frame(BINARY, b"x" * size, mask=b"\0\0\0\0") * max(1, 4096 // size)
    wire.sock.settimeout(20)

    def send():
        try:
            while time.monotonic() < stop:
                wire.sock.sendall(sent)
        except OSError:
            pass

    threading.Thread(target=send, daemon=True).start()
    try:
        while time.monotonic() < stop:
            wire.read_message()
            arrived.append(time.monotonic())
    except Exception:
        pass


@pytest.mark.alone
@pytest.mark.parametrize("limit, value, size, wanted", [
    ("messages_per_second", 400, 10, 400), ("bytes_per_second", "4MiB", 8192, (4 << 20) / (8192 + 8))])
def test_a_rate_holds_exactly_over_four_workers(run, backend, limit, value, size, wanted):
    seconds = 8.0 if machine.FULL else 2.0
    per = [{"key": "header:X-Api-Key", limit: value, "burst": "100ms"}]
    with run(config(backend, per), tls=False) as proxy:
        wires = [ask(proxy, "one")[0] for _ in range(8)]
        other, _ = ask(proxy, "two")
        arrived: list[float] = []
        began = time.monotonic() + 0.7
        threads = [threading.Thread(target=flood, args=(wire, began + seconds + 0.1, arrived, size)) for wire in wires]
        for thread in threads:
            thread.start()
        slowest = 0.0
        while time.monotonic() < began + seconds:
            asked = time.monotonic()
            other.send(TEXT, b"not limited")
            assert other.read_message() == (TEXT, b"not limited")
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.1)
        for wire in wires:
            wire.sock.close()
        for thread in threads:
            thread.join(30)
        rate = sum(began <= at < began + seconds for at in arrived) / seconds
        assert 0.95 * wanted < rate < 1.05 * wanted, (rate, wanted)
        # Those of another key wait for nobody.
        assert slowest < 2


def test_what_is_over_a_rate_waits_in_the_middle_of_a_read_too(run, backend):
    """A thousand messages in one segment are no way around the rate."""
    per = [{"key": "client_ip", "messages_per_second": 100, "burst": 20}]
    for extensions in ([], [("Sec-WebSocket-Extensions", "permessage-deflate")]):
        with run(config(backend, per), tls=False) as proxy, proxy.upgraded(fields=extensions) as wire:
            wire.sock.sendall(frame(TEXT, b"x", mask=b"\0\0\0\0") * 1000)
            began, count = time.monotonic(), 0
            while time.monotonic() < began + 1:
                assert wire.read_message() == (TEXT, b"x")
                count += 1
            assert 60 <= count <= 20 + 110, count


@pytest.mark.parametrize("code", [4429, 1008])
def test_sessions_over_a_rate_are_closed_where_that_is_asked_for(run, backend, code):
    admin = free_admin()
    per = [{"key": "client_ip", "messages_per_second": 20, "burst": 20, "rate_action": "close", "close_code": code}]
    with run({**config(backend, per), "admin": admin.section}, tls=False) as proxy:
        wire, _ = ask(proxy)
        wire.sock.sendall(frame(TEXT, b"x", mask=b"\0\0\0\0") * 200)
        close = wire.read_until_close()
        assert (close.close_code, close.close_reason) == (code, "too much at once")
        wire.send_close(code)
        machine.eventually(lambda: admin.metrics().value("trunkline_limits_hit_total", limit="messages_per_second") == 1,
                           "it is counted")
        proxy.wait_log('"closed_by":"client"')


def test_a_reload_changes_the_numbers_of_sessions_that_live(run, backend):
    per = {"key": "client_ip", "messages_per_second": 5, "burst": 1}
    with run(config(backend, [per]), tls=False) as proxy:
        wire, _ = ask(proxy)

        def took(count: int) -> float:
            began = time.monotonic()
            wire.sock.sendall(frame(TEXT, b"x", mask=b"\0\0\0\0") * count)
            for _ in range(count):
                wire.read_message()
            return time.monotonic() - began

        assert took(6) > 0.7
        reload(proxy, [{**per, "messages_per_second": 1000, "burst": "1s"}])
        took(2)
        assert took(50) < 2
        reload(proxy, [per])
        took(1)
        assert took(6) > 0.7
        reload(proxy, [])
        took(2)
        assert took(50) < 2


def test_whoever_guesses_is_counted_before_anything_is_looked_at(run, backend, tmp_path):
    """By address, and by a cookie that is taken out as a token; a client in IPv6's spelling of IPv4 is the same one."""
    (tmp_path / "users").write_text("ada:$2b$04$b0xdhvFNl/jSEXjwe5cdluIqASxiCWBuxXaN8qTj5/LU5Vql.YH4m\n")
    per = [{"key": "client_ip", "upgrades_per_minute": 6}, {"key": "cookie:session", "sessions": 1}]
    settings = config(backend, per, access={"basic": {"users": str(tmp_path / "users")}}, upgrade_token={
        "from": [{"cookie": "session"}], "to": "X-Token"})
    settings["trusted_proxies"] = ["127.0.0.1"]
    with run(settings, tls=False) as proxy:
        def told(guess: str, client: str, cookie: str = "") -> int:
            fields = [("Authorization", "Basic " + base64.b64encode(f"ada:{guess}".encode()).decode()),
                      ("X-Forwarded-For", client), *([("Cookie", f"session={cookie}")] if cookie else [])]
            wire = proxy.wire()
            held.append(wire)
            wire.sock.sendall(upgrade_request("/", fields=fields))
            return wire.read_head().status
        held = []
        told_by = [told("x", "192.0.2.1") for _ in range(3)] + [told("x", "::ffff:192.0.2.1") for _ in range(3)]
        assert told_by == [401] * 6
        assert told("secret", "192.0.2.1") == told("secret", "::ffff:192.0.2.1") == 429
        assert told("secret", "192.0.2.2", "one") == 101
        assert told("secret", "192.0.2.3", "one") == 429 and told("secret", "192.0.2.3", "two") == 101


def test_sessions_have_an_age(run):
    with LibraryBackend() as backend, run(config(backend, [], max_age="2s")) as proxy:
        began = time.monotonic()
        with proxy.connect() as client:
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(6)
            assert closed.value.rcvd.code == 1012 and "retry-after-ms=" in closed.value.rcvd.reason
            assert 1.6 < time.monotonic() - began < 4
        proxy.wait_log("reached its max_age")


def test_old_sessions_move_where_they_can(run, backend):
    admin = free_admin()
    with node_echo() as second:
        upstreams = {"app": {**upstream(backend.address, second.address), "continuity": {"on": ["drain"]}}}
        settings = {**config(backend, [], max_age="1s"), "upstreams": upstreams, "admin": admin.section}
        with run(settings, tls=False) as proxy, proxy.connect() as client:
            machine.eventually(
                lambda: admin.metrics().value("trunkline_continuity_moves_total", reason="drain") >= 2, "it is moved, and again",
                15)
            client.send("still here")
            assert client.recv(5) == "still here"
