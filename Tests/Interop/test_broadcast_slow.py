"""Clients of a feed that don't keep up: what they lose, what is counted, and how they end."""

import json
import socket
import time

import pytest

from support.admin import free_admin
from support.audience import Audience, hear
from support.feeds import broadcast, flood, lazy
from support.wire import CLOSE, PING, PONG, TEXT, close_payload, frame


def dropped(page, policy: str) -> float:
    return page.value("trunkline_feed_dropped_messages_total", upstream="feed", policy=policy)


@pytest.mark.parametrize("tls", [True, False])
def test_a_slow_client_loses_the_oldest_whole_messages(run, feed, tls):
    policy = {"slow_client": "drop_oldest", "queue": 10, "replay_last": 0}
    admin = free_admin()
    with run(broadcast(feed.address, policy=policy, admin=admin.section), tls=tls) as proxy, Audience(proxy) as audience:
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
        page = admin.metrics()
        assert dropped(page, "drop_oldest") == line["messages_dropped"] and dropped(page, "latest") == 0
        assert page.value("trunkline_feed_deliveries_total", upstream="feed") == len(got) + 3 * (len(sent) + 1)


def test_a_slow_client_gets_only_the_latest(run, feed):
    policy = {"slow_client": "latest", "queue": 50, "replay_last": 0}
    admin = free_admin()
    with run(broadcast(feed.address, policy=policy, admin=admin.section)) as proxy, Audience(proxy) as audience:
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
        page = admin.metrics()
        assert dropped(page, "latest") == len(sent) + 1 - len(got) and dropped(page, "drop_oldest") == 0


def test_a_slow_client_is_closed_with_1013(run, feed):
    policy = {"slow_client": "close", "queue": 10, "replay_last": 0}
    admin = free_admin()
    with run(broadcast(feed.address, policy=policy, admin=admin.section)) as proxy, Audience(proxy) as audience:
        fast = audience.join(3)
        slow = lazy(proxy)
        flood(feed, fast)
        got = slow.read_until_close()
        assert got.close_code == 1013 and "slow" in got.close_reason
        proxy.wait_log("fell too far behind")
        page = admin.metrics()
        assert page.value("trunkline_feed_slow_clients_closed_total", upstream="feed") == 1
        assert dropped(page, "latest") == dropped(page, "drop_oldest") == 0
        feed.send("on")
        assert hear(fast, 101)[-1] == "on"


def test_a_client_that_takes_nothing_is_given_up(run, feed):
    admin = free_admin()
    config = broadcast(
        feed.address, policy={"replay_last": 0}, timeouts={"slow_consumer": "500ms"}, admin=admin.section)
    with run(config) as proxy, Audience(proxy) as audience:
        fast = audience.join(1)
        slow = lazy(proxy)
        flood(feed, fast)
        proxy.wait_log("took no bytes for too long")
        assert admin.metrics().value("trunkline_slow_consumers_total", peer="client") == 1
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


@pytest.mark.parametrize("tls", [True, False])
def test_a_client_that_ends_its_side_after_its_close_still_gets_ours(run, feed, tls):
    """It closes while half a message is under way to it: the rest comes, then the answer, then the end."""
    policy = {"slow_client": "drop_oldest", "queue": 10, "replay_last": 0}
    with run(broadcast(feed.address, policy=policy), tls=tls) as proxy, Audience(proxy) as audience:
        fast = audience.join(2)
        slow = lazy(proxy)
        flood(feed, fast)
        slow.sock.sendall(frame(CLOSE, close_payload(4000, "enough"), mask=b"1234"))
        # TCP's end alone: under TLS, too, more may be read.
        socket.socket.shutdown(slow.sock, socket.SHUT_WR)
        got = slow.read_until_close()
        assert (got.close_code, got.close_reason) == (4000, "enough")
        assert slow.is_ended()
        line = json.loads(proxy.wait_log('"close_code":4000'))
        assert line["closed_by"] == "client" and line["cause"] == "close"
        feed.send("on")
        assert hear(fast, 101)[-1] == "on"


def test_messages_are_activity_of_a_feeds_client_and_pings_are_none(run, feed):
    config = broadcast(feed.address, policy={"replay_last": 0}, timeouts={"idle": "1500ms"},
                       keepalive={"ping_interval": "300ms", "pong_timeout": "5s"})
    with run(config, tls=False) as proxy, proxy.upgraded() as wire:
        def next_but_pings():
            while (got := wire.read_frame()).opcode in (PING, PONG):
                if got.opcode == PING:
                    wire.send(PONG, got.payload)
                    wire.send(PING, b"mine")
            return got
        began = time.monotonic()
        while time.monotonic() < began + 3:
            feed.send("still here")
            assert next_but_pings().payload == b"still here"
            time.sleep(0.2)
        got = next_but_pings()
        assert (got.opcode, got.close_code) == (CLOSE, 1001) and "idle" in got.close_reason
