"""One upstream WebSocket fanned out to many clients: what they hear, what they say, what the backend sees of them."""

import json
import os
import time
import zlib

import pytest
from websockets.exceptions import InvalidStatus

from support import machine
from support.admin import free_admin
from support.audience import Audience, hear, hear_close
from support.backends import ScriptedBackend
from support.feeds import broadcast, settled
from support.http2 import Http2
from support.wire import CLOSE, TEXT, close_payload, frame, upgrade_request


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
        assert "takeover" not in answer, "what was not offered is not answered"
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


def test_clients_over_http2_are_clients_like_others(run, feed):
    """Those on one shared connection and those on their own hear the same, joining late or not."""
    policy = {"replay_last": 2, "client_messages": "forward"}
    with run(broadcast(feed.address, policy=policy)) as proxy, Audience(proxy) as audience, Http2(proxy) as shared:
        others = audience.join(2)
        wires = [shared.upgraded() for _ in range(20)]
        packed = shared.upgraded(fields=[("sec-websocket-extensions", "permessage-deflate")])
        assert feed.stats["connections"] == 1
        long = "long " * 40_000
        for message in ("first", long):
            feed.send(message)
        hear(others, 2)
        late = shared.upgraded()
        for wire in [*wires, late]:
            assert [wire.read_message()[1] for _ in range(2)] == [b"first", long.encode()]
        assert packed.read_frame().payload == b"first"
        got = packed.read_frame()
        assert got.rsv == 4 and inflated(got.payload) == long.encode()
        wires[0].send(TEXT, b"hello")
        machine.eventually(lambda: feed.stats["received"] == [["hello", False]], "the feed hears one")
        # A Close of its own gets its answer; the rest stay.
        wires[1].send_close(4000, "enough")
        assert wires[1].read_until_close().close_code == 4000
        # Browsers end their stream together with their Close.
        wires[2].sock.sendall(frame(CLOSE, close_payload(1000), mask=b"1234"), end=True)
        assert wires[2].read_until_close().close_code == 1000
        feed.close_all(4001, "match over")
        assert {wire.read_until_close().close_code for wire in wires[3:] + [late, packed]} == {4001}
        assert hear_close(others) == {(4001, "match over")}


def test_a_feed_from_a_backend_with_tls(run, authority):
    """Some records hold several messages, some messages several records."""
    messages = [b"one", b"two" * 10_000, b"three"]

    def script(wire, head):
        wire.accept(head, trailing=frame(TEXT, messages[0]) + frame(TEXT, messages[1])[:5000])
        wire.sock.sendall(frame(TEXT, messages[1])[5000:] + frame(TEXT, messages[2]))
        assert wire.read_message() == (TEXT, b"question")
        wire.send(TEXT, b"answer")
        wire.read_frame()

    with ScriptedBackend(script, tls=authority.server_context()) as backend:
        config = broadcast(backend.address, policy={"client_messages": "forward", "replay_last": 3})
        config["upstreams"]["feed"]["tls"] = {"server_name": "localhost", "ca": str(authority.certificate().certificate)}
        with run(config) as proxy, Audience(proxy) as audience:
            everyone = audience.join(10)
            heard = [message.decode() for message in messages]
            assert hear(everyone, 3) == heard
            audience.say(everyone[0], "question")
            assert hear(everyone, 4) == [*heard, "answer"] and len(backend.heads) == 1


def inflated(payload: bytes, bits: int = 15) -> bytes:
    """A message that refers to nothing before it, by an inflater that has this window only."""
    return zlib.decompressobj(-bits).decompress(payload + b"\x00\x00\xff\xff")


def test_latecomers_with_and_without_compression_and_of_different_windows_get_the_same(run, feed):
    """The last messages are compressed for each window anew; the uncompressed get the bytes that were there."""
    offers = {None: 15, "permessage-deflate": 12, "permessage-deflate; server_max_window_bits=9": 9,
              "permessage-deflate; server_max_window_bits=10; client_max_window_bits": 10}
    # What repeats does so at a distance of 2 000: an inflater with a window of 512 or 1 024 can't look back so far.
    part = os.urandom(1000).hex()
    messages = [f"{number} {part} {part}" for number in range(5)]
    with run(broadcast(feed.address, policy={"replay_last": 3})) as proxy, Audience(proxy) as audience:
        first = audience.join(2) + audience.join(2, compression="deflate")
        for message in messages:
            feed.send(message)
        assert hear(first, 5) == messages
        sizes = {}
        for offer, bits in offers.items():
            fields = [("Sec-WebSocket-Extensions", offer)] if offer else []
            with proxy.upgraded(fields=fields) as wire:
                frames = [wire.read_frame() for _ in range(3)]
                assert {got.rsv for got in frames} == {4 if offer else 0}
                plain = [inflated(got.payload, bits) if offer else got.payload for got in frames]
                assert plain == [message.encode() for message in messages[2:]]
                sizes[bits] = len(frames[0].payload)
                wire.send_close()
        assert sizes[12] < sizes[10] < sizes[15], "each is compressed for its own window"
        feed.send("on")
        assert hear(first, 6)[5] == "on" and feed.stats["connections"] == 1


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


def test_messages_over_the_rate_are_read_later_and_counted(run, feed):
    admin = free_admin()
    with run(broadcast(feed.address, limits={"messages_per_second": 20}, admin=admin.section)) as proxy, \
            Audience(proxy) as audience:
        audience.join(1)
        with proxy.upgraded() as wire:
            began = time.monotonic()
            wire.sock.sendall(frame(TEXT, b"x", mask=b"abcd") * 40)
            # Not in one read with what is over the rate.
            time.sleep(0.1)
            wire.send_close(1000)
            assert wire.read_until_close().close_code == 1000
            assert 0.5 < time.monotonic() - began
        line = json.loads(proxy.wait_log('"messages_from_client":40'))
        hit = admin.metrics().value("trunkline_limits_hit_total", limit="messages_per_second")
        assert 1 <= line["throttled"] == hit


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


def test_a_drain_closes_clients_with_1012_and_the_backend_too(run, feed):
    with run(broadcast(feed.address)) as proxy, Audience(proxy) as audience:
        everyone = audience.join(20)
        proxy.process.terminate()
        assert {code for code, _ in hear_close(everyone)} == {1012}
        assert proxy.process.wait(5) == 0
        settled(feed, 0)
        assert [code for code, _ in feed.stats["closes"]] == [1001]
