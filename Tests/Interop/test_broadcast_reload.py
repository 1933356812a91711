"""What a reload does to feeds that are open, and to their clients."""

import json
import signal
import time
from contextlib import contextmanager

from support import machine
from support.audience import Audience, Feed, hear, hear_close
from support.feeds import broadcast, flood, lazy, settled
from support.proxy import route, upstream


@contextmanager
def reloaded(proxy):
    """Changes the configuration as the block does, and has it taken over."""
    config = json.loads((proxy.folder / "proxy.conf").read_text())
    yield config
    before = sum("configuration reloaded" in line for line in proxy.out + proxy.err)
    (proxy.folder / "proxy.conf").write_text(json.dumps(config))
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: sum("configuration reloaded" in line for line in proxy.out + proxy.err) > before,
                       "the reload is logged")


def with_policy(proxy, **policy):
    """Reloads with these options of the feed's upstream instead of those it had."""
    with reloaded(proxy) as config:
        config["upstreams"]["feed"]["broadcast"] = policy


def test_a_reload_keeps_feeds_and_ends_those_whose_upstream_is_gone(run, feed):
    both = upstream(feed.address, mode="broadcast", pool={"warm": 0})
    routes = [route("/a", "a"), route("/b", "b")]
    with run({"workers": 1, "routes": routes, "upstreams": {"a": both, "b": both}}) as proxy, \
            Audience(proxy) as audience:
        kept = audience.join(3, "/a")
        gone = audience.join(3, "/b")
        with reloaded(proxy) as config:
            config["routes"].pop()
            config["upstreams"].pop("b")
        assert {code for code, _ in hear_close(gone)} == {1012}
        feed.send("on")
        assert hear(kept, 1) == ["on"] and feed.stats["open"] == 1


def test_a_feed_moves_when_its_backend_leaves_the_configuration(run):
    with Feed("one") as one, Feed("two") as two:
        with run(broadcast(one.address)) as proxy, Audience(proxy) as audience:
            everyone = audience.join(3, "/hello")
            hear(everyone, 1)
            with reloaded(proxy) as config:
                config["upstreams"]["feed"]["backends"] = [{"address": two.address}]
            assert hear(everyone, 2) == ["hello from one", "hello from two"]
            settled(one, 0)
            assert one.stats["closes"] == [[1001, "going away"]]
            assert all(client.close_code is None for client in everyone)


def test_a_feed_that_is_open_follows_new_options(run, feed):
    """What is replayed, what becomes of clients' messages, and how long it outlives its clients."""
    with run(broadcast(feed.address, policy={"replay_last": 1})) as proxy, Audience(proxy) as audience:
        first = audience.join(2)
        feed.send("old", count=3)
        hear(first, 3)
        assert hear(audience.join(1), 1) == ["2 old"]
        audience.say(first[0], "discarded")
        with_policy(proxy, replay_last=3, client_messages="forward", queue=2)
        assert hear(audience.join(1), 3) == ["0 old", "1 old", "2 old"]
        audience.say(first[0], "forwarded")
        machine.eventually(lambda: feed.stats["received"] == [["forwarded", False]], "the feed hears one")
        with_policy(proxy, replay_last=0, client_messages="close", linger="0")
        late = audience.join(1)
        audience.say(first[0], "refused")
        assert hear_close(first[:1]) == {(1008, "this feed takes no messages")}
        feed.send("new")
        assert hear(late, 1) == ["new"] and hear(first[1:], 4)[3] == "new"
        assert feed.stats["connections"] == 1, "it is the same feed all the time"
        audience.leave(audience.listeners)
        settled(feed, 0)


def test_a_slow_client_follows_the_policy_of_a_reload(run, feed):
    with run(broadcast(feed.address, policy={"slow_client": "drop_oldest", "queue": 10})) as proxy, \
            Audience(proxy) as audience:
        fast = audience.join(2)
        slow = lazy(proxy)
        flood(feed, fast)
        with_policy(proxy, slow_client="close", queue=5)
        flood(feed, fast, 10)
        assert slow.read_until_close().close_code == 1013


def test_a_feed_without_a_backend_follows_what_a_reload_says_of_losses(run):
    with Feed() as feed, run(broadcast(feed.address, policy={"reopen_within": 0})) as proxy, \
            Audience(proxy) as audience:
        everyone = audience.join(3)
        feed.send("before")
        hear(everyone, 1)
        feed.kill()
        proxy.wait_log("feed lost")
        began = time.monotonic()
        with_policy(proxy, reopen_within="500ms")
        assert hear_close(everyone) == {(1012, "feed lost")} and time.monotonic() - began < 5


def test_clients_under_other_key_headers_are_another_feeds(run, feed):
    """Those who are there stay with theirs, which is opened again with what it was opened with."""
    with run(broadcast(feed.address, policy={"key_headers": ["X-Tenant"]})) as proxy, Audience(proxy) as audience:
        fields = {"additional_headers": {"X-Tenant": "1", "X-Region": "1"}}
        old = audience.join(2, "/hello", **fields)
        hear(old, 1)
        with_policy(proxy, key_headers=["X-Region"])
        new = audience.join(2, "/hello", **fields)
        assert hear(new, 1) == ["hello from the feed"] and feed.stats["connections"] == 2
        audience.join(1, "/hello", additional_headers={"X-Tenant": "2", "X-Region": "1"})
        assert feed.stats["connections"] == 2
        feed.terminate_all()
        assert hear(old, 2) == hear(new, 2) == ["hello from the feed"] * 2
        assert feed.stats["connections"] == 4
