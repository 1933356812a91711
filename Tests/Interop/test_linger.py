"""A process that lingers after another has taken its place: sessions of every kind live on, and nothing new begins there."""

import time

import pytest

from support import backends, machine
from support.audience import Audience, Feed, hear
from support.feeds import broadcast, settled
from support.http2 import Http2
from support.proxy import configuration
from support.successor import hand_over
from support.wire import CLOSE, TEXT
from test_multiplex import node

LINGERS = {"linger": "1h"}


def echoes(wire, text: bytes) -> None:
    wire.send(TEXT, text)
    assert wire.read_message() == (TEXT, text)


@pytest.mark.parametrize("mode", [
    "session", pytest.param("multiplex", marks=pytest.mark.skipif(not machine.FULL, reason="TRUNKLINE_FULL is not set"))])
def test_sessions_on_streams_live_on_and_their_connection_takes_no_more(run, mode):
    with node() if mode == "multiplex" else backends.node_echo() as backend:
        config = configuration(backend.address, workers=1, drain=LINGERS)
        config["upstreams"]["only"]["mode"] = mode
        with run(config) as proxy, Http2(proxy) as connection:
            wires = [connection.upgraded() for _ in range(3)]
            for wire in wires:
                echoes(wire, b"before")
            old = hand_over(proxy)
            for _ in range(5):
                for wire in wires:
                    echoes(wire, b"after")
            # The client is told to open what is new elsewhere, and there it is served.
            connection.until(lambda: connection.goaways and connection.goaways[-1][0] < 1 << 30)
            assert connection.goaways[-1][1] == 0
            with Http2(proxy) as other:
                echoes(other.upgraded(), b"new")
            # A stream that it opens all the same is none that began.
            late = connection.connect()
            for _ in range(4):
                for wire in wires:
                    echoes(wire, b"still")
                time.sleep(0.5)
            assert not late.heads and old.poll() is None
            for wire in wires:
                wire.send(CLOSE, b"\x03\xe8")
                assert wire.read_until_close().close_code == 1000
            assert old.wait(10) == 0


def test_clients_of_a_feed_hear_it_on_and_newcomers_hear_it_from_the_new_process(run):
    with Feed() as feed, run(broadcast(feed.address, policy={"replay_last": 0, "linger": "1h"}, drain=LINGERS)) as proxy, \
            Audience(proxy) as audience:
        early = audience.join(5)
        feed.send("one")
        assert hear(early, 1) == ["one"]
        old = hand_over(proxy)
        feed.send("two")
        assert hear(early, 2) == ["one", "two"]
        late = audience.join(5)
        settled(feed, 2)
        feed.send("three")
        assert hear(early, 3)[2:] == ["three"] and hear(late, 1) == ["three"]
        # The last client takes the old process with it, however long a feed waits for clients where some may come.
        audience.leave(early)
        assert old.wait(10) == 0
        settled(feed, 1)
        feed.send("four")
        assert hear(late, 2) == ["three", "four"]


def test_a_feed_without_clients_holds_no_process(run):
    with Feed() as feed, run(broadcast(feed.address, policy={"linger": "1h"}, drain=LINGERS)) as proxy, \
            Audience(proxy) as audience:
        audience.leave(audience.join(1))
        machine.eventually(lambda: feed.stats["open"] == 1, "the feed waits for clients")
        assert hand_over(proxy).wait(10) == 0


def test_a_feed_that_is_lost_is_opened_again_by_the_process_that_lingers(run):
    with Feed() as feed, run(broadcast(feed.address, policy={"replay_last": 0}, drain=LINGERS)) as proxy, \
            Audience(proxy) as audience:
        early = audience.join(2)
        feed.send("one")
        assert hear(early, 1) == ["one"]
        old = hand_over(proxy)
        feed.terminate_all()
        machine.eventually(lambda: feed.stats["connections"] == 2 and feed.stats["open"] == 1, "it is opened again", 20)
        feed.send("two")
        assert hear(early, 2) == ["one", "two"] and old.poll() is None
