"""A session ends with its token: told before, renewed within, and closed within a second, whatever carries it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.admin import free_admin
from support.audience import Feed
from support.backends import LibraryBackend, node_echo
from support.http2 import Http2
from support.proxy import route, upstream
from support.tokens import Issuer, bearer
from support.wire import TEXT, upgrade_request


FULL = machine.FULL
long = pytest.mark.skipif(not FULL, reason="TRUNKLINE_FULL")


@pytest.fixture(scope="module")
def issuer():
    return Issuer("ES256")


def config(backend_address, keys, mode="session", compression=None, **jwt) -> dict:
    rules = {"keys": keys, "algorithms": ["ES256"], **jwt}
    made = route("/", "app", access={"jwt": rules},
                 upgrade_token={"from": [{"query": "access_token"}], "to": "Authorization"})
    if compression:
        made["compression"] = compression
    return {"routes": [made], "upstreams": {"app": upstream(backend_address, mode=mode, pool={"warm": 0})}}


def end_of(client, within: float = 6.0) -> tuple[int, str, float]:
    """Code, reason and time of the Close."""
    try:
        while True:
            client.recv(within)
    except ConnectionClosed as closed:
        return closed.rcvd.code, closed.rcvd.reason, time.time()


@pytest.mark.parametrize("compression", [None, "deflate"] if FULL else ["deflate"])
def test_a_session_ends_within_a_second_of_its_token(run, issuer, tmp_path, compression):
    keys = issuer.write(tmp_path / "keys")
    with LibraryBackend() as backend, run(config(backend.address, keys)) as proxy:
        end = time.time() + 1.5
        token = issuer.sign(exp=end)
        with proxy.connect(additional_headers=bearer(token), compression=compression) as client:
            client.send("a")
            assert client.recv() == "a"
            code, reason, when = end_of(client)
            assert (code, reason) == (4401, "token expired")
            assert end <= when + 0.05 and when < end + 1.5
        machine.eventually(lambda: backend.closes == [(4401, "token expired")], "the backend is told")
        line = json.loads(proxy.wait_log("session ended"))
        assert (line["closed_by"], line["close_code"], line["cause"]) == ("proxy", 4401, "token expired")


@long
def test_other_codes_or_none_at_all(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    with LibraryBackend() as backend:
        with run(config(backend.address, keys, expiry_code=3000)) as proxy:
            with proxy.connect(additional_headers=bearer(issuer.sign(expires=0.8))) as client:
                assert end_of(client)[0] == 3000
        with run(config(backend.address, keys, on_expiry="ignore")) as proxy:
            with proxy.connect(additional_headers=bearer(issuer.sign(expires=0.8))) as client:
                time.sleep(2)
                client.send("still there")
                assert client.recv() == "still there"


@long
def test_one_that_came_within_the_leeway_has_the_rest_of_it(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    with LibraryBackend() as backend, run(config(backend.address, keys, leeway="3s")) as proxy:
        began = time.time()
        with proxy.connect(additional_headers=bearer(issuer.sign(exp=began - 1.5))) as client:
            assert end_of(client)[0] == 4401
            assert 1.0 < time.time() - began < 3.5


@pytest.mark.parametrize("compression", [None, "deflate"] if FULL else ["deflate"])
def test_a_client_is_warned_and_brings_a_new_token(run, issuer, tmp_path, compression):
    keys = issuer.write(tmp_path / "keys")
    rules = {"on_expiry": "warn", "expiry_warning": "1500ms", "expiry_text": '{"type":"renew"}',
             "renew": {"prefix": "token:"}}
    with LibraryBackend() as backend, run(config(backend.address, keys, **rules)) as proxy:
        with proxy.connect(additional_headers=bearer(issuer.sign(expires=2.0)), compression=compression) as client:
            for text in ("token", "tok", "", "other token:", "x" * 70_000):
                client.send(text)
                assert client.recv() == text
            client.send(["to", "ken", "s and more"])
            assert client.recv() == "tokens and more"
            client.send(b"token:binary")
            assert client.recv() == b"token:binary"
            assert client.recv() == '{"type":"renew"}'
            client.send(["tok", "en:" + issuer.sign(expires=4.0)])
            client.send("after it")
            assert client.recv() == "after it", "the token itself is not passed on"
            if not FULL:
                return
            time.sleep(1.5)
            client.send("beyond the first")
            assert client.recv() == "beyond the first"
            assert client.recv() == '{"type":"renew"}', "it is warned again"
            assert end_of(client)[0] == 4401


def test_tokens_that_renew_nothing(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    rules = {"renew": {"prefix": "token:"}}
    with LibraryBackend() as backend, run(config(backend.address, keys, **rules)) as proxy:
        end = time.time() + 1.5
        with proxy.connect(additional_headers=bearer(issuer.sign(exp=end))) as client:
            other = issuer.sign(sub="eve", expires=60)
            for bad in ("nonsense", other, Issuer("ES256").sign(), "x" * 40_000, issuer.sign(expires=-5)):
                client.send("token:" + bad)
            client.send("here")
            assert client.recv() == "here"
            assert end_of(client)[0] == 4401
            assert time.time() < end + 1.5
        proxy.wait_log("not renewed")
        assert other.split(".")[1] not in "\n".join(proxy.out + proxy.err)


def test_a_flood_of_tokens_costs_few_signatures(run, issuer, tmp_path):
    admin = free_admin()
    keys = issuer.write(tmp_path / "keys")
    with LibraryBackend() as backend, \
            run({**config(backend.address, keys, renew={"prefix": "token:"}), "admin": admin.section}) as proxy:
        with proxy.connect(additional_headers=bearer(issuer.sign(expires=60))) as client:
            bad = "token:" + issuer.sign(expires=-5)
            for _ in range(200):
                client.send(bad)
            client.send("here")
            assert client.recv() == "here"
            page = admin.metrics()
            looked_at = page.value("trunkline_access_renewals_total", outcome="expired")
            assert looked_at + page.value("trunkline_access_renewals_total", outcome="too_many") == 200
            assert 1 <= looked_at <= 40
            time.sleep(1.2)
            client.send("token:" + issuer.sign(expires=90))
            machine.eventually(
                lambda: admin.metrics().value("trunkline_access_renewals_total", outcome="renewed") == 1, "it is renewed")


def test_over_http2_and_from_a_query(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    with LibraryBackend() as backend, run(config(backend.address, keys, renew={"prefix": "token:"})) as proxy:
        end = time.time() + 1.2
        token = issuer.sign(exp=end)
        with Http2(proxy) as http2:
            wire = http2.upgraded(f"/?access_token={token}")
            wire.send(TEXT, b"hello")
            assert wire.read_message() == (TEXT, b"hello")
            close = wire.read_until_close()
            assert (close.close_code, close.close_reason) == (4401, "token expired")
            assert time.time() < end + 1.5
        assert not [line for line in proxy.out + proxy.err if token.split(".")[1] in line]


def test_feeds(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    rules = {"renew": {"prefix": "token:"}, "expiry_warning": "800ms", "expiry_text": "hurry",
             "pass": {"X-User": "sub"}}
    for policy in ("discard", "forward", "close") if FULL else ("close",):
        with Feed() as feed:
            made = config(feed.address, keys, mode="broadcast", **rules)
            made["upstreams"]["app"]["broadcast"] = {"client_messages": policy}
            with run(made) as proxy:
                with proxy.connect(additional_headers=bearer(issuer.sign(expires=1.2))) as client, \
                        proxy.connect(additional_headers=bearer(issuer.sign(expires=60))) as other:
                    machine.eventually(lambda: feed.stats["open"] >= 1, "the feed is open")
                    assert client.recv() == "hurry"
                    client.send("token:" + issuer.sign(expires=3.0))
                    time.sleep(1.2)
                    feed.send("news")
                    assert client.recv() == "news" and other.recv() == "news"
                    assert client.recv() == "hurry"
                    assert end_of(client)[0] == 4401
                    feed.send("more")
                    assert other.recv() == "more"


@long
def test_five_thousand_that_expire_together_end_in_order(run, issuer, tmp_path):
    keys = issuer.write(tmp_path / "keys")
    # Nobody answers Pings here while the others come.
    made = {**config("", keys), "keepalive": {"ping_interval": "0s"}}
    with node_echo() as backend:
        made["upstreams"]["app"]["backends"] = [{"address": backend.address}]
        expire_together(run, issuer, made)


def expire_together(run, issuer, made):
    with run(made, tls=False) as proxy:
        end = time.time() + 45
        token = issuer.sign(exp=end)
        request = upgrade_request("/", fields=list(bearer(token).items()))

        def opened(_):
            wire = proxy.wire(90)
            wire.sock.sendall(request)
            assert wire.read_head().status == 101
            return wire
        with ThreadPoolExecutor(16) as pool:
            wires = list(pool.map(opened, range(5000)))
            assert time.time() < end, "the machine is too slow for this test"

            def ended(wire):
                close = wire.read_until_close()
                wire.send_close(close.close_code)
                return close.close_code, wire.is_ended()
            assert set(pool.map(ended, wires)) == {(4401, True)}
        machine.eventually(lambda: sum("session ended" in line for line in proxy.out) == 5000, "all are in the log", 30, 0.2)
        closes = [json.loads(line) for line in proxy.out if "session ended" in line]
        assert {line["close_code"] for line in closes} == {4401}
        times = sorted(line["time"] for line in closes)
        assert len({time[:21] for time in times}) > 3, "they are spread over some tenths of a second"


@pytest.mark.parametrize("where", ["to the client", "by an order"])
def test_the_next_backend_sees_the_renewed_token(run, issuer, tmp_path, where):
    """A session that has moved shows whom it is of now: the token, and what is told of its claims."""
    keys, admin = issuer.write(tmp_path / "keys"), free_admin()
    with LibraryBackend() as first, LibraryBackend() as second:
        made = config(first.address, keys, renew={"prefix": "token:"}, **{"pass": {"X-Role": "role"}})
        made["routes"][0]["headers"] = {"request": {"set": {"X-Who": "${claim.role} at ${host}${path} by ${scheme}"}}}
        made["admin"] = admin.section
        made["upstreams"]["app"] = upstream(first.address, second.address, continuity={})
        with run(made) as proxy:
            old, new = issuer.sign(sub="zoe", role="guest"), issuer.sign(sub="zoe", role="chief")
            with proxy.connect(f"/a?access_token={old}&b=c") as client:
                if where == "to the client":
                    client.send("token:" + new)
                else:
                    number = json.loads(admin.get("/sessions")[1])["sessions"][0]["id"]
                    assert admin.call("PUT", f"/sessions/{number}/token", body=new.encode())[0] == 200
                client.send("a")
                assert client.recv(5) == "a"
                used, other = (first, second) if first.requests else (second, first)
                assert admin.post(f"/drain?backend={used.address}")[0] == 200
                machine.eventually(lambda: other.requests, "it moves")
                client.send("b")
                assert client.recv(5) == "b"
            before, after = used.requests[0], other.requests[0]
            assert before.headers["Authorization"] == "Bearer " + old and before.headers["X-Role"] == "guest"
            assert after.headers["Authorization"] == "Bearer " + new and after.headers["X-Role"] == "chief"
            assert after.headers["X-Who"] == before.headers["X-Who"].replace("guest", "chief")
            assert (before.path, before.headers["Trunkline-Session"]) == (after.path, after.headers["Trunkline-Session"])
