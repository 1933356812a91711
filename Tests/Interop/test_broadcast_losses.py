"""Feeds whose backend is lost, drained or at fault: who stays, what is missed, and what the metrics say."""

import json
import time

import pytest

from support import machine
from support.admin import free_admin
from support.audience import Audience, Feed, hear, hear_close
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast, flood, lazy, settled
from support.fleet import close, outcomes, storm
from support.wire import TEXT


def test_when_the_backend_dies_another_takes_over_and_clients_stay(run):
    admin = free_admin()
    with Feed("one") as one, Feed("two") as two:
        with run(broadcast(one.address, two.address, admin=admin.section)) as proxy, Audience(proxy) as audience:
            everyone = audience.join(50, "/hello")
            first = hear(everyone, 1)[0]
            dead, alive = (one, two) if first == "hello from one" else (two, one)
            dead.kill()
            assert hear(everyone, 2)[1] == f"hello from {'two' if dead is one else 'one'}"
            alive.send("on")
            assert hear(everyone, 3)[2] == "on"
            assert alive.stats["connections"] == 1
            missed = json.loads(proxy.wait_log("feed reopened"))["missed_ms"]
            assert all(client.close_code is None for client in everyone)
            page = admin.metrics()
            assert page.value("trunkline_feed_losses_total", upstream="feed") == 1
            assert page.value("trunkline_feed_reopenings_total", upstream="feed") == 1
            # The first wait is of 50 to 100 ms, and what was missed is what the log says.
            seconds = page.value("trunkline_feed_missed_seconds_total", upstream="feed")
            assert 0.05 <= seconds and missed <= seconds * 1000 < missed + 1


def test_who_waits_for_a_feed_waits_while_a_second_backend_is_asked(run):
    def hangs(wire, _head):
        wire.is_ended(20)

    def slow(wire, head):
        time.sleep(0.5)
        echo(wire, head)

    with ScriptedBackend(hangs) as first, ScriptedBackend(slow) as second:
        config = broadcast(first.address, second.address)
        config["upstreams"]["feed"].update(timeouts={"response": "1s"}, balance="round_robin")
        with run(config, tls=False) as proxy:
            sessions = storm(proxy.port, 6, path="/")
            assert outcomes(sessions) == {"101": 6} and (len(first.heads), len(second.heads)) == (1, 1)
            close(sessions)


def test_a_backend_that_accepts_and_drops_is_not_hammered(run):
    """The waits double, although each connection seemed to succeed."""
    def script(wire, head):
        wire.accept(head)
        if len(backend.heads) == 1:
            wire.send(TEXT, b"hello")

    with ScriptedBackend(script) as backend, run(broadcast(backend.address)) as proxy, \
            Audience(proxy) as audience:
        everyone = audience.join(3)
        assert hear(everyone, 1) == ["hello"]
        machine.eventually(lambda: len(backend.heads) == 5, "it is asked four more times")
        waits = [json.loads(line)["missed_ms"] for line in proxy.out + proxy.err if "feed reopened" in line]
        assert len(waits) >= 3 and waits[1] >= 90 and waits[2] >= 180
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
            # Its clients are counted where they are, as sessions that began once and messages that each was given.
            page = admin.metrics()
            assert page.value("trunkline_sessions_open", backend=left.address) == 0
            assert page.value("trunkline_sessions_open", backend=other.address) == 3
            assert page.value("trunkline_sessions_total") == 3
            assert page.value("trunkline_messages_delivered_total", route="feed") == 6
            assert page.value("trunkline_backend_out", backend=left.address, state="draining") == 1
            # By order on the route they go, at the rate that was asked for.
            admin.post("/drain?route=feed&rate=10")
            assert {code for code, _ in hear_close(everyone)} == {1012}
