"""A process that lingers after another has taken its place: sessions of every kind live on, and nothing new begins there."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from support import backends, machine
from support.admin import free_admin
from support.audience import Audience, Feed, hear
from support.crowd import gather_crowd
from support.feeds import broadcast, lazy, settled
from support.http2 import Http2
from support.proxy import configuration, route, upstream
from support.successor import hand_over
from support.tokens import Issuer, bearer
from support.wire import BINARY, CLOSE, TEXT, frame
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


@contextlib.contextmanager
def guarded(run, tmp_path, **admin_keys):
    """A proxy whose clients need tokens: yields it, its admin listener, and how somebody connects."""
    issuer, admin = Issuer("ES256"), free_admin()
    access = {"jwt": {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"]}}
    with backends.node_echo() as backend, run({
            "admin": {**admin.section, **admin_keys}, "drain": LINGERS,
            "routes": [route("/", "app", access=access)], "upstreams": {"app": upstream(backend.address)}}) as proxy:
        yield proxy, admin, lambda subject: proxy.connect("/", additional_headers=bearer(issuer.sign(sub=subject)))


@pytest.mark.parametrize("isKept", [False, True], ids=["by an order", "in a file too"])
def test_who_is_revoked_leaves_the_process_that_lingers_too(run, tmp_path, isKept):
    keys = {"revocations": str(tmp_path / "revocations.json")} if isKept else {}
    with guarded(run, tmp_path, **keys) as (proxy, admin, member), member("zoe") as zoe, member("yan") as yan:
        hand_over(proxy)
        assert admin.post("/revocations?subject=zoe")[0] == 200
        with pytest.raises(ConnectionClosed):
            zoe.recv(10)
        yan.send("still here")
        assert zoe.close_code not in (1000, 1006, 1012) and yan.recv(5) == "still here"


def test_who_is_revoked_leaves_every_process_that_lingers(run, tmp_path):
    with guarded(run, tmp_path) as (proxy, admin, member), contextlib.ExitStack() as stack:
        members, stays = [], []
        for _ in range(4):
            for subject, kept in (("zoe", members), ("yan", stays)):
                kept.append(stack.enter_context(member(subject)))
            if len(members) < 4:
                hand_over(proxy)
        assert admin.post("/revocations?subject=zoe")[0] == 200
        for one in members:
            with pytest.raises(ConnectionClosed):
                one.recv(10)
            assert one.close_code not in (1000, 1006, 1012)
        for one in stays:
            one.send("still here")
            assert one.recv(5) == "still here"


def test_a_process_that_was_stopped_hears_later_who_is_revoked(run, tmp_path):
    with guarded(run, tmp_path) as (proxy, admin, member), member("yan") as yan:
        old = hand_over(proxy)
        os.kill(old.pid, signal.SIGSTOP)
        try:
            assert admin.post("/revocations?subject=zoe")[0] == 200
            # Longer than the queue of a process that takes nothing is filled.
            time.sleep(2.2)
            assert admin.post("/revocations?subject=yan")[0] == 200
            proxy.wait_log("does not take what was revoked")
        finally:
            os.kill(old.pid, signal.SIGCONT)
        with pytest.raises(ConnectionClosed):
            yan.recv(10)


def connections(process: int, port: int) -> int:
    """How many a process has to a port of this machine."""
    held = {os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir() if link.exists() or link.is_symlink()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[2].endswith(f":{port:04X}") and line[3] == "01" and f"socket:[{line[9]}]" in held for line in lines)


def test_each_process_has_its_own_memory_limit_and_shows_what_it_holds(run):
    """What one that lingers holds refuses nobody at the one that accepts; a reload there changes nothing for its elders."""
    admin = free_admin()

    def flood(wire, head):
        wire.accept(head)
        if head.target == "/flood":
            wire.sock.sendall(frame(BINARY, bytes(24 << 20)))
        backends.echo_frames(wire)

    with backends.ScriptedBackend(flood) as backend:
        settings = configuration(
            backend.address, workers=1, drain=LINGERS, admin=admin.section, timeouts={"slow_consumer": "5m"},
            limits={"memory": "4MiB", "buffer": "3MiB"}, keepalive={"ping_interval": 0})
        with run(settings, tls=False) as proxy, contextlib.ExitStack() as stack:
            olds, slow = [], []
            for held in range(3):
                wire = stack.enter_context(lazy(proxy, "/flood"))
                machine.eventually(lambda: admin.status()["memory"]["held_bytes"] > 2 << 20, f"{held} hold much", 15)
                slow.append(wire)
                if held < 2:
                    olds.append(hand_over(proxy))
            status = admin.status()
            pages = [status, *status["lingering"]]
            # Together they hold more than one may.
            assert sum(page["memory"]["held_bytes"] for page in pages) > 6 << 20
            assert {(page["memory"]["limit_bytes"], page["memory"]["cuts"]) for page in pages} == {(4 << 20, 0)}
            with proxy.upgraded("/") as wire:
                echoes(wire, b"served")
            file = proxy.folder / "proxy.conf"
            file.write_text(file.read_text().replace("4MiB", "64MiB"))
            assert admin.post("/reload")[0] == 200
            status = admin.status()
            assert status["memory"]["limit_bytes"] == 64 << 20
            assert [page["memory"]["limit_bytes"] for page in status["lingering"]] == [4 << 20] * 2
            assert all(page["memory"]["cuts"] == 0 for page in [status, *status["lingering"]])
            for wire in slow:
                wire.sock.close()
            for old in olds:
                assert old.wait(10) == 0


def test_nothing_is_kept_ready_where_no_session_will_begin(run):
    with backends.node_echo() as backend:
        config = configuration(backend.address, workers=1, drain=LINGERS)
        config["upstreams"]["only"]["pool"] = {"warm": 4}
        with run(config) as proxy, proxy.connect("/") as session:
            machine.eventually(lambda: connections(proxy.pid, backend.port) == 5, "one session, and four that are ready")
            old = hand_over(proxy)
            machine.eventually(lambda: connections(old.pid, backend.port) == 1, "one session")
            session.send("still here")
            assert session.recv(5) == "still here"
            machine.eventually(lambda: connections(proxy.pid, backend.port) == 4, "four are ready in the new process")


@pytest.mark.parametrize("linger", ["0", "1h"])
def test_signals_of_a_manager_that_ends_all_that_is_left_cut_nobody(run, node_chat, linger):
    """systemd sends SIGTERM to all processes of a service, and again to those that the main one leaves behind."""
    async def life(proxy) -> None:
        members = await gather_crowd(100, proxy.port)
        closing = [asyncio.create_task(member.until_closed()) for member in members]
        old = await asyncio.to_thread(hand_over, proxy)
        for _ in range(3):
            old.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
        assert old.poll() is None, "it has more to close than that"
        await asyncio.gather(*closing)
        assert {member.code for member in members} == {1012}
        assert await asyncio.to_thread(old.wait, 20) == 0
    with run(configuration(node_chat.address, drain={"linger": linger}, timeouts={"drain": "10s"}), tls=False) as proxy:
        asyncio.run(life(proxy))


def test_a_second_signal_ends_at_once(run, node_chat):
    for number in (signal.SIGTERM, signal.SIGINT):
        with run(configuration(node_chat.address, timeouts={"drain": "1m"})) as proxy:
            with contextlib.ExitStack() as sessions:
                for _ in range(20):
                    sessions.enter_context(proxy.upgraded("/echo"))
                proxy.process.send_signal(number)
                proxy.wait_log("draining")
                proxy.process.send_signal(number)
                assert proxy.process.wait(5) == 0
