"""One upstream WebSocket fanned out to many clients: what they hear, what the backend sees, what becomes of the slow."""

import json
import os
import signal
import socket
import time

import pytest
from websockets.exceptions import InvalidStatus

from support import machine
from support.admin import free_admin
from support.audience import Audience, Feed, hear, hear_close
from support.backends import ScriptedBackend
from support.proxy import configuration, route, upstream
from support.wire import TEXT, Wire, upgrade_request



def broadcast(*addresses: str, policy: dict | None = None, workers: int = 1, **sections) -> dict:
    """Everything goes to one feed upstream of these backends."""
    feed = upstream(*addresses, mode="broadcast", broadcast=policy or {}, pool={"warm": 0})
    return {"workers": workers, "routes": [route("/", "feed")], "upstreams": {"feed": feed}, **sections}


@pytest.fixture
def feed():
    with Feed() as backend:
        yield backend


def settled(feed: Feed, count: int) -> None:
    machine.eventually(lambda: feed.stats["open"] == count, f"the feed has {count} connections")


@pytest.mark.parametrize("workers", [1, 2])
def test_two_hundred_clients_share_a_connection_a_worker(run, feed, workers):
    with run(broadcast(feed.address, workers=workers)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(200, "/prices")
        assert 1 <= feed.stats["connections"] <= workers
        feed.send("tick", count=50)
        feed.send(b"\x00\xff" * 500, binary=1)
        heard = hear(everyone, 51)
        assert heard[:50] == [f"{number} tick" for number in range(50)] and heard[50] == b"\x00\xff" * 500
        assert feed.stats["sent"] == 51 * feed.stats["connections"]


def test_what_came_with_the_handshake_and_in_fragments_is_heard(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(5, "/hello")
        long = "grüße " * 100_000
        feed.send_fragments(long)
        assert hear(everyone, 2) == ["hello from the feed", long]


@pytest.mark.parametrize("replay", [0, 1, 3])
def test_who_joins_late_hears_the_last_messages(run, feed, replay):
    with run(broadcast(feed.address, policy={"replay_last": replay})) as proxy, Audience(proxy) as audience:
        first = audience.join(1)
        feed.send("old", count=5)
        hear(first, 5)
        late = audience.join(3)
        feed.send("new")
        assert hear(late, replay + 1) == [f"{number} old" for number in range(5 - replay, 5)] + ["new"]
        assert feed.stats["connections"] == 1


def test_feeds_differ_by_path_query_host_subprotocol_and_named_fields(run, feed):
    policy = {"key_headers": ["X-Tenant"], "replay_last": 0}
    with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience:
        ways = [("/a", {}), ("/b", {}), ("/a?x=1", {}), ("/a?x=2", {}),
                ("/a", {"additional_headers": {"X-Tenant": "1"}}), ("/a", {"additional_headers": {"X-Tenant": "2"}}),
                ("/a", {"subprotocols": ["v1", "v2"]}), ("/a", {"subprotocols": ["v2"]})]
        groups = [audience.join(2, path, **options) for path, options in ways]
        # Neither of these tells feeds apart.
        audience.join(1, "/a", additional_headers={"X-Other": "1", "User-Agent": "another"})
        assert feed.stats["connections"] == len(ways)
        with proxy.upgraded("/a", host="other.example") as wire:
            assert feed.stats["connections"] == len(ways) + 1
            feed.send("for x=1", path="/a?x=1")
            assert hear(groups[2], 1) == ["for x=1"]
            assert not groups[3][0].heard and not groups[0][0].heard
            wire.send_close()
        assert {client.connection.subprotocol for client in groups[6]} == {"v2"}


def test_the_feeds_request_has_nothing_that_proves_who_a_client_is(run, feed):
    personal = {"Cookie": "me=1", "Authorization": "Bearer good"}
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        client, = audience.join(1, additional_headers={**personal, "X-Plain": "stays"})
        sent = feed.stats["requests"][0]["headers"]
        assert "cookie" not in sent and "authorization" not in sent and sent["x-plain"] == "stays"
        assert "sec-websocket-extensions" not in sent
        answer = client.connection.response.headers
        assert answer["X-Feed"] == "yes" and "Set-Cookie" not in answer
    with run(broadcast(feed.address, policy={"key_headers": ["authorization"]})) as proxy, \
            Audience(proxy) as audience:
        audience.join(1, additional_headers=personal)
        sent = feed.stats["requests"][-1]["headers"]
        assert "cookie" not in sent and sent["authorization"] == "Bearer good"


@pytest.mark.parametrize("tls", [True, False])
def test_compressed_and_plain_clients_hear_the_same(run, feed, tls):
    with run(broadcast(feed.address), tls=tls) as proxy, Audience(proxy) as audience:
        plain = audience.join(20)
        packed = audience.join(20, compression="deflate")
        answer = packed[0].connection.response.headers["Sec-WebSocket-Extensions"]
        assert "server_no_context_takeover" in answer
        messages = ["short", json.dumps([{"symbol": "ABC", "price": price} for price in range(200)]),
                    os.urandom(40_000).hex(), "x" * 1_000_000]
        for message in messages:
            feed.send(message)
        assert hear(plain + packed, len(messages)) == messages


def test_compressed_bytes_are_few(run, feed):
    with run(broadcast(feed.address), tls=False) as proxy:
        with proxy.upgraded(fields=[("Sec-WebSocket-Extensions", "permessage-deflate")]) as wire:
            feed.send("tick " * 1000)
            got = wire.read_frame()
            assert got.rsv == 4 and got.opcode == TEXT and len(got.payload) < 100


def test_two_hundred_messages_in_one_burst_reach_all_who_keep_up(run, feed):
    """More than the queue holds, at once: only the slow may lose messages."""
    with run(broadcast(feed.address, policy={"queue": 4})) as proxy, Audience(proxy) as audience:
        everyone = audience.join(50)
        feed.send("burst", count=200)
        assert hear(everyone, 200) == [f"{number} burst" for number in range(200)]


# MARK: who doesn't keep up

def lazy(proxy, path: str = "/", **options) -> Wire:
    """A client that the kernel keeps little for, and that does not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(20)
    sock.connect(("127.0.0.1", proxy.port))
    if proxy.tls:
        sock = proxy.authority.client_context().wrap_socket(sock, server_hostname="localhost")
    wire = Wire(sock, masking=True)
    sock.sendall(upgrade_request(path, **options))
    assert wire.read_head().status == 101
    return wire


def flood(feed: Feed, fast, count: int = 100) -> list[str]:
    """More than the kernel keeps; the fast ones hear it all, in order."""
    before = len(fast[0].heard)
    for done in range(5, count + 1, 5):
        feed.send("x" * 20_000, count=5)
        hear(fast, before + done)
    assert fast[0].heard[before:] == [f"{number} " + "x" * 20_000 for number in range(5)] * (count // 5)
    return list(fast[0].heard)


@pytest.mark.parametrize("tls", [True, False])
def test_a_slow_client_loses_the_oldest_whole_messages(run, feed, tls):
    policy = {"slow_client": "drop_oldest", "queue": 10, "replay_last": 0}
    with run(broadcast(feed.address, policy=policy), tls=tls) as proxy, Audience(proxy) as audience:
        fast = audience.join(3)
        slow = lazy(proxy)
        sent = flood(feed, fast)
        feed.send("the end")
        hear(fast, len(sent) + 1)
        got = []
        while not got or got[-1] != b"the end":
            got.append(slow.read_message()[1])
        # What the kernel had, then the last ten: whole messages, in order.
        assert got[-10:] == [message.encode() for message in sent[-9:]] + [b"the end"]
        assert 10 < len(got) < len(sent) // 2
        slow.send_close()
        slow.read_until_close()
        line = json.loads(proxy.wait_log('"messages_dropped":[1-9]'))
        assert line["messages_to_client"] == len(got)
        assert line["messages_dropped"] == len(sent) + 1 - len(got)


def test_a_slow_client_gets_only_the_latest(run, feed):
    policy = {"slow_client": "latest", "queue": 50, "replay_last": 0}
    with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience:
        fast = audience.join(3)
        slow = lazy(proxy)
        sent = flood(feed, fast)
        feed.send("the end")
        hear(fast, len(sent) + 1)
        got = []
        while not got or got[-1] != b"the end":
            got.append(slow.read_message()[1])
        assert len(got) < 20, "only what the kernel had room for, and the last"
        feed.send("and on")
        assert slow.read_message() == (TEXT, b"and on")


def test_a_slow_client_is_closed_with_1013(run, feed):
    policy = {"slow_client": "close", "queue": 10, "replay_last": 0}
    with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience:
        fast = audience.join(3)
        slow = lazy(proxy)
        flood(feed, fast)
        got = slow.read_until_close()
        assert got.close_code == 1013 and "slow" in got.close_reason
        proxy.wait_log("fell too far behind")
        feed.send("on")
        assert hear(fast, 101)[-1] == "on"


def test_a_client_that_takes_nothing_is_given_up(run, feed):
    config = broadcast(feed.address, policy={"replay_last": 0}, timeouts={"slow_consumer": "500ms"})
    with run(config) as proxy, Audience(proxy) as audience:
        fast = audience.join(1)
        slow = lazy(proxy)
        flood(feed, fast)
        proxy.wait_log("took no bytes for too long")
        slow.sock.close()


def test_memory_does_not_grow_with_the_number_of_slow_clients(run, feed):
    with run(broadcast(feed.address, policy={"replay_last": 0, "queue": 50}), tls=False) as proxy, \
            Audience(proxy) as audience:
        fast = audience.join(1)
        flood(feed, fast, 60)
        before = proxy.resident_kib
        slow = [lazy(proxy) for _ in range(100)]
        flood(feed, fast, 200)
        # A hundred who read nothing of 4 MB each.
        proxy.expect_memory(below=before + 8 * 1024)
        for wire in slow:
            wire.sock.close()


# MARK: what clients send

def test_messages_of_clients_are_discarded_by_default(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        client, = audience.join(1, compression="deflate")
        audience.say(client, "hello?" * 100)
        audience.call(client.connection.ping())
        feed.send("still here")
        assert hear([client], 1) == ["still here"]
        assert feed.stats["received"] == []


def test_messages_of_clients_are_forwarded_whole(run, feed):
    with run(broadcast(feed.address, policy={"client_messages": "forward"})) as proxy, Audience(proxy) as audience:
        plain, other = audience.join(2)
        packed, = audience.join(1, compression="deflate")
        with proxy.upgraded() as wire:
            wire.send(TEXT, b"half ", fin=False)
            audience.say(plain, "in between")
            machine.eventually(lambda: feed.stats["received"], "the feed hears one")
            wire.send(0, b"whole")
            audience.say(packed, "packed " * 200)
            audience.say(packed, b"\x01\x02")
            machine.eventually(lambda: len(feed.stats["received"]) == 4, "the feed hears all")
            got = feed.stats["received"]
            assert got[0] == ["in between", False] and ["half whole", False] in got
            assert ["packed " * 200, False] in got and ["\x01\x02", True] in got
            wire.send_close()


def test_a_client_that_sends_where_nothing_is_taken_is_closed(run, feed):
    with run(broadcast(feed.address, policy={"client_messages": "close"})) as proxy, Audience(proxy) as audience:
        talker, listener = audience.join(2)
        audience.say(talker, "hello")
        assert hear_close([talker]) == {(1008, "this feed takes no messages")}
        feed.send("still here")
        assert hear([listener], 1) == ["still here"]


def test_a_client_that_breaks_the_protocol_is_closed_alone(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        others = audience.join(2)
        with proxy.upgraded() as wire:
            wire.send(0x3, b"")
            assert wire.read_until_close().close_code == 1002
            assert wire.is_ended()
        feed.send("on")
        assert hear(others, 1) == ["on"]


def test_a_ping_is_answered_and_dead_clients_are_noticed(run, feed):
    config = broadcast(feed.address, keepalive={"ping_interval": "500ms", "pong_timeout": "500ms"})
    with run(config) as proxy, Audience(proxy) as audience:
        alive, = audience.join(1)
        with proxy.upgraded() as wire:
            wire.send(0x9, b"there?")
            assert wire.read_frame().payload == b"there?"
            proxy.wait_log("no pong in time")
        feed.send("on")
        assert hear([alive], 1) == ["on"] and alive.close_code is None


# MARK: losing the backend

def test_when_the_backend_dies_another_takes_over_and_clients_stay(run):
    with Feed("one") as one, Feed("two") as two:
        with run(broadcast(one.address, two.address)) as proxy, Audience(proxy) as audience:
            everyone = audience.join(50, "/hello")
            first = hear(everyone, 1)[0]
            dead, alive = (one, two) if first == "hello from one" else (two, one)
            dead.kill()
            assert hear(everyone, 2)[1] == f"hello from {'two' if dead is one else 'one'}"
            alive.send("on")
            assert hear(everyone, 3)[2] == "on"
            assert alive.stats["connections"] == 1
            assert json.loads(proxy.wait_log("feed reopened"))["missed_ms"] >= 0
            assert all(client.close_code is None for client in everyone)


@pytest.mark.parametrize("how", ["terminate", "1001", "1011", "no code"])
def test_a_backend_that_closes_for_its_own_reasons_is_asked_again(run, feed, how):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(3, "/hello")
        hear(everyone, 1)
        if how == "terminate":
            feed.terminate_all()
        else:
            feed.close_all(0 if how == "no code" else int(how))
        assert hear(everyone, 2) == ["hello from the feed"] * 2
        # Who comes while it is away is let in all the same; all stay.
        assert all(client.close_code is None for client in everyone)


def test_a_feed_that_is_over_is_over_for_all(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(20)
        feed.send("last words")
        feed.close_all(4001, "match over")
        assert hear_close(everyone) == {(4001, "match over")}
        assert hear(everyone, 1) == ["last words"]
        again = audience.join(1)
        feed.send("next match")
        assert hear(again, 1) == ["next match"]


def test_clients_may_be_told_to_come_again_when_the_feed_is_lost(run, feed):
    with run(broadcast(feed.address, policy={"on_loss": "close"})) as proxy, Audience(proxy) as audience:
        everyone = audience.join(5)
        feed.terminate_all()
        assert hear_close(everyone) == {(1012, "feed lost")}


def test_clients_are_kept_without_a_backend_for_a_bounded_time(run):
    with Feed() as feed:
        policy = {"reopen_within": "1s", "replay_last": 1}
        with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience:
            everyone = audience.join(3)
            feed.send("before")
            hear(everyone, 1)
            feed.kill()
            # Who comes meanwhile is let in, and hears what there was.
            late = audience.join(1)
            assert hear(late, 1) == ["before"]
            began = time.monotonic()
            assert hear_close(everyone + late) == {(1012, "feed lost")}
            assert time.monotonic() - began < 4


def test_an_oversize_message_is_left_out_and_the_feed_goes_on(run, feed):
    config = broadcast(feed.address, limits={"message": "10KiB"})
    with run(config) as proxy, Audience(proxy) as audience:
        everyone = audience.join(3)
        feed.send("x" * 20_000)
        feed.send_fragments("y" * 20_000)
        feed.send("small")
        assert hear(everyone, 1) == ["small"]
        proxy.wait_log("message left out")
        assert feed.stats["connections"] == 1


def test_a_backend_that_breaks_the_protocol_is_left(run):
    def script(wire, head):
        wire.accept(head)
        wire.send(TEXT, b"good")
        if len(backend.heads) == 1:
            wire.send(TEXT, b"\xff\xfe")
            assert wire.read_until_close().close_code == 1007
        else:
            wire.send(TEXT, b"better")
            wire.read_frame()

    with ScriptedBackend(script) as backend, \
            run(broadcast(backend.address, policy={"replay_last": 0})) as proxy, Audience(proxy) as audience:
        assert hear(audience.join(1), 3) == ["good", "good", "better"]


# MARK: coming and going

def test_the_connection_outlives_the_last_client_for_a_while(run, feed):
    with run(broadcast(feed.address, policy={"linger": "1s", "replay_last": 5})) as proxy, \
            Audience(proxy) as audience:
        audience.leave(audience.join(2))
        feed.send("nobody is here")
        late = audience.join(1)
        assert hear(late, 1) == ["nobody is here"] and feed.stats["connections"] == 1
        audience.leave(late)
        settled(feed, 0)
        assert feed.stats["closes"] == [[1000, "no clients"]]
        audience.join(1)
        assert feed.stats["connections"] == 2


def test_a_refusal_goes_to_the_client_whose_request_it_answers(run, feed):
    """The one who is refused hears why; those who wait behind it ask for themselves."""
    policy = {"key_headers": ["X-Any"]}
    with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience:
        with pytest.raises(InvalidStatus) as refusal:
            audience.join(1, "/private")
        response = refusal.value.response
        assert response.status_code == 401 and response.body == b"who are you?\n"
        assert response.headers["WWW-Authenticate"] == "Bearer"
        # All of them wait for the same feed, and each is told.
        wires = [proxy.wire() for _ in range(20)]
        for wire in wires:
            wire.sock.sendall(upgrade_request("/private"))
        assert [wire.read_head().status for wire in wires] == [401] * 20
        for wire in wires:
            wire.sock.close()
        settled(feed, 0)


def test_who_waits_behind_one_that_is_refused_gets_in(run):
    def script(wire, head):
        time.sleep(0.3)
        if head.get("x-ticket") != "yes":
            wire.sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        wire.accept(head)
        wire.send(TEXT, b"welcome")
        wire.read_frame()

    with ScriptedBackend(script) as backend, run(broadcast(backend.address)) as proxy:
        bad, good = proxy.wire(), proxy.wire()
        bad.sock.sendall(upgrade_request())
        time.sleep(0.1)
        good.sock.sendall(upgrade_request(fields=[("X-Ticket", "yes")]))
        assert bad.read_head().status == 403 and good.read_head().status == 101
        assert good.read_message() == (TEXT, b"welcome")
        bad.sock.close()
        good.send_close()
        good.read_until_close()


def test_without_a_backend_all_who_wait_are_told(run):
    with run(broadcast(f"127.0.0.1:{machine.free_port()}")) as proxy:
        wires = [proxy.wire() for _ in range(5)]
        for wire in wires:
            wire.sock.sendall(upgrade_request())
        assert {wire.read_head().status for wire in wires} <= {502, 503}
        for wire in wires:
            wire.sock.close()


def test_a_client_that_leaves_while_it_waits_hurts_nobody(run):
    def script(wire, head):
        time.sleep(0.4)
        wire.accept(head)
        wire.send(TEXT, b"welcome")
        wire.read_frame()

    with ScriptedBackend(script) as backend, run(broadcast(backend.address)) as proxy:
        gone, stays = proxy.wire(), proxy.wire()
        gone.sock.sendall(upgrade_request())
        time.sleep(0.1)
        stays.sock.sendall(upgrade_request())
        time.sleep(0.05)
        gone.sock.close()
        assert stays.read_head().status == 101 and stays.read_message() == (TEXT, b"welcome")
        stays.sock.close()


def test_plain_requests_to_a_feeds_upstream_are_proxied(run, feed):
    with run(broadcast(feed.address)) as proxy, proxy.wire() as wire:
        wire.sock.sendall(b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = wire.read_head()
        assert head.status == 200 and json.loads(wire.read_body(head))["open"] == 0


def test_the_route_counts_its_clients(run, feed):
    config = broadcast(feed.address, limits={"connections": 3})
    with run(config) as proxy, Audience(proxy) as audience:
        first = audience.join(3)
        with pytest.raises(InvalidStatus) as refusal:
            audience.join(1)
        assert refusal.value.response.status_code == 503
        audience.leave(first[:1])
        machine.eventually(lambda: len(proxy.events) > 1, "the session is logged")
        audience.join(1)


def test_a_drain_closes_clients_with_1001_and_the_backend_too(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(20)
        proxy.process.terminate()
        assert {code for code, _ in hear_close(everyone)} == {1001}
        assert proxy.process.wait(5) == 0
        settled(feed, 0)
        assert [code for code, _ in feed.stats["closes"]] == [1001]


def test_a_reload_keeps_feeds_and_ends_those_whose_upstream_is_gone(run, feed):

    both = upstream(feed.address, mode="broadcast", pool={"warm": 0})
    routes = [route("/a", "a"), route("/b", "b")]
    with run({"workers": 1, "routes": routes, "upstreams": {"a": both, "b": both}}) as proxy, \
            Audience(proxy) as audience:
        kept = audience.join(3, "/a")
        gone = audience.join(3, "/b")
        config = json.loads(proxy.config)
        config["routes"].pop()
        config["upstreams"].pop("b")
        (proxy.folder / "proxy.conf").write_text(json.dumps(config))
        proxy.process.send_signal(signal.SIGHUP)
        assert {code for code, _ in hear_close(gone)} == {1012}
        feed.send("on")
        assert hear(kept, 1) == ["on"] and feed.stats["open"] == 1


def test_a_feed_moves_when_its_backend_leaves_the_configuration(run):

    with Feed("one") as one, Feed("two") as two:
        with run(broadcast(one.address)) as proxy, Audience(proxy) as audience:
            everyone = audience.join(3, "/hello")
            hear(everyone, 1)
            config = json.loads(proxy.config)
            config["upstreams"]["feed"]["backends"] = [{"address": two.address}]
            (proxy.folder / "proxy.conf").write_text(json.dumps(config))
            proxy.process.send_signal(signal.SIGHUP)
            assert hear(everyone, 2) == ["hello from one", "hello from two"]
            settled(one, 0)
            assert one.stats["closes"] == [[1001, "going away"]]
            assert all(client.close_code is None for client in everyone)


# MARK: seeing and steering it

def test_the_metrics_tell_what_feeds_do(run, feed):
    admin = free_admin()
    config = broadcast(feed.address, policy={"slow_client": "latest", "replay_last": 0}, admin=admin.section)
    with run(config) as proxy, Audience(proxy) as audience:
        everyone = audience.join(4)
        slow = lazy(proxy)
        flood(feed, everyone)
        page = admin.metrics()
        assert page.value("trunkline_feeds", upstream="feed") == 1
        assert page.value("trunkline_feed_subscribers", upstream="feed") == 5
        assert page.value("trunkline_feed_messages_total", upstream="feed") == 100
        assert page.value("trunkline_feed_deliveries_total", upstream="feed") >= 400
        assert page.value("trunkline_sessions_open", route="feed", backend=feed.address) == 5
        assert page.value("trunkline_messages_total", route="feed", backend=feed.address, direction="from_backend",
                          opcode="text") == 100
        feed.terminate_all()
        machine.eventually(lambda: admin.metrics().value("trunkline_feed_reopenings_total", upstream="feed") == 1,
                           "the reopening is counted")
        page = admin.metrics()
        assert page.value("trunkline_feed_losses_total", upstream="feed") == 1
        assert 0.04 < page.value("trunkline_feed_missed_seconds_total", upstream="feed") < 5
        while len(slow.read_message()[1]) < 20_000 or \
                admin.metrics().value("trunkline_feed_dropped_messages_total", upstream="feed", policy="latest") == 0:
            pass
        slow.sock.close()


def test_a_drained_backend_loses_its_feed_and_no_client_notices(run):
    admin = free_admin()
    with Feed("one") as one, Feed("two") as two:
        config = broadcast(one.address, two.address, admin=admin.section)
        with run(config) as proxy, Audience(proxy) as audience:
            everyone = audience.join(3, "/hello")
            first = hear(everyone, 1)[0]
            left, other = (one, two) if first == "hello from one" else (two, one)
            admin.post(f"/drain?backend={left.address}")
            assert hear(everyone, 2)[1] != first
            settled(left, 0)
            assert other.stats["open"] == 1
            # By order on the route they go, at the rate that was asked for.
            admin.post("/drain?route=feed&rate=10")
            assert {code for code, _ in hear_close(everyone)} == {1012}
