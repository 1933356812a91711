"""Ends and orders that meet a session between two backends, or asleep: a Close, a violation, a reload, a drain of the process."""

import asyncio
import json
import random
import signal
import threading
import time

import pytest

from support import machine
from support.admin import free_admin
from support.ledger import eventually
from support.resuming import Resuming
from support.wire import BINARY, CLOSE, TEXT
from test_continuity import backends, config, gather, ledger, one, through  # noqa: F401
from test_continuity_frames import Pair


class Slow(Pair):
    """Backends that answer a Close when they are let, and have something to say before."""

    def __init__(self):
        super().__init__()
        self.may_close = threading.Event()

    def answer(self, wire) -> None:
        while True:
            got = wire.read_frame()
            if got.opcode == CLOSE:
                self.closes.append(got)
                self.may_close.wait(5)
                wire.send(TEXT, b"last words")
                return wire.send(CLOSE, got.payload)
            if got.opcode == TEXT:
                self.read[wire.number].append(got.payload)
                wire.send(TEXT, got.payload)


def heard(client) -> list:
    """Until its Close: texts, and the code."""
    texts = []
    while True:
        got = client.read_frame()
        if got.opcode == CLOSE:
            return [*texts, int.from_bytes(got.payload[:2], "big")]
        if got.opcode in (TEXT, BINARY):
            texts.append(got.payload.decode())


def moving(pair, proxy):
    """A client of a session that is being moved: the old backend has our Close, and is silent."""
    client = proxy.upgraded("/")
    client.send(TEXT, b"one")
    assert client.read_message() == (TEXT, b"one")
    pair.drain()
    machine.eventually(lambda: pair.closes, "the old backend is told")
    return client


def test_a_client_closes_while_its_session_moves(run):
    pair = Slow()
    with pair.running(run) as proxy, moving(pair, proxy) as client:
        client.send(TEXT, b"two")
        client.send(CLOSE, b"\x03\xe8bye")
        time.sleep(0.2)
        pair.may_close.set()
        # What it said waits for the next backend, and its Close goes behind that; both have last words.
        assert heard(client) == ["last words", "two", "last words", 1000]
        assert sorted(sum(pair.read, [])) == [b"one", b"two"]
        machine.eventually(lambda: len(pair.closes) == 2, "the new backend is told too")
        assert pair.closes[1].payload == b"\x03\xe8bye"


def test_a_client_breaks_the_rules_while_its_session_moves(run):
    pair = Slow()
    with pair.running(run) as proxy, moving(pair, proxy) as client:
        client.send(TEXT, b"\xff\xfe")
        begin = time.monotonic()
        assert heard(client)[-1] == 1007
        assert time.monotonic() - begin < 5
        pair.may_close.set()


def test_a_drain_of_the_process_meets_a_session_that_moves(run):
    pair = Slow()
    with pair.running(run) as proxy, moving(pair, proxy) as client:
        client.send(TEXT, b"two")
        proxy.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        pair.may_close.set()
        assert heard(client)[-1] == 1012
        assert proxy.process.wait(15) == 0


def test_sessions_asleep_meet_all_that_ends_others(run, ledger):
    """One client closes, one breaks the rules, one is closed by order; a reload takes the last backend away; then SIGTERM."""
    admin = free_admin()
    with backends(ledger, 2, TICK=3_600_000) as two:
        async def life(proxy) -> None:
            asleep = lambda: admin.metrics().value("trunkline_continuity_hibernating")  # noqa: E731
            tellers = await gather(proxy, 8)
            for teller in tellers:
                await teller.say()
                await teller.until_answered()
            await eventually(lambda: asleep() == 8, "all sleep")
            closes, breaks, ordered, *others = tellers
            await asyncio.wait_for(closes.leave(), 2)
            assert closes.closed == 1000
            breaks.socket.transport.write(b"\xc3\x80\x00\x00\x00\x00")
            await eventually(lambda: breaks.closed == 1002, "it is told what it broke", 5)
            listed = json.loads(admin.get("/sessions?state=hibernating&limit=1")[1])["sessions"]
            assert len(listed) == 1 and listed[0]["state"] == "hibernating"
            await asyncio.to_thread(admin.call, "DELETE", f"/sessions/{listed[0]['id']}?code=4009")
            await eventually(lambda: sum(teller.closed == 4009 for teller in tellers) == 1, "it is closed", 5)
            left = [teller for teller in tellers if teller.closed is None]
            # Where the backend that it had is gone, it wakes at the other one.
            file = proxy.folder / "proxy.conf"
            made = json.loads(file.read_text())
            made["upstreams"]["only"]["backends"] = [{"address": two[1].address}]
            file.write_text(json.dumps(made))
            assert (await asyncio.to_thread(admin.post, "/reload"))[0] == 200
            await asyncio.to_thread(two[0].kill)
            for teller in left[:3]:
                await teller.say()
                await teller.until_answered()
            assert not [teller for teller in left if teller.closed is not None]
            proxy.process.send_signal(signal.SIGTERM)
            await eventually(lambda: all(teller.closed == 1012 for teller in left), "all are told", 10)
            assert await asyncio.to_thread(proxy.process.wait, 15) == 0

        through(run, config(*two, admin=admin, hibernate_after="500ms"), life)


@pytest.mark.parametrize("seed", range(8 if machine.FULL else 1))
def test_a_walk_through_all_of_it_loses_nothing(run, ledger, seed):
    """Planned moves, sleeps, wakes, lost connections of clients and reloads in any order: every message once, in order."""
    admin, chance = free_admin(), random.Random(seed)
    steps = 60 if machine.FULL else 14

    async def walk(proxy, two) -> None:
        url = f"ws://127.0.0.1:{proxy.port}/"
        clients = [await Resuming(url).open() for _ in range(6)]
        numbers = [0] * len(clients)

        async def say(index: int) -> None:
            for _ in range(chance.randrange(1, 6)):
                numbers[index] += 1
                await clients[index].say(f"m {numbers[index]}")

        async def drain() -> None:
            backend = chance.choice(two)
            await asyncio.to_thread(admin.post, f"/drain?backend={backend.address}&rate=1000")
            for index in range(len(clients)):
                await say(index)
            await asyncio.sleep(chance.random() * 0.3)
            await asyncio.to_thread(admin.post, f"/undrain?backend={backend.address}")

        async def cut() -> None:
            index = chance.randrange(len(clients))
            await say(index)
            await clients[index].cut()
            await asyncio.sleep(chance.random() * 0.3)
            await clients[index].back()
            assert clients[index].words["resumed"] is True, clients[index].words

        async def sleep() -> None:
            await asyncio.sleep(0.3 + chance.random() * 0.3)

        async def wake() -> None:
            for name in ledger.sessions():
                await asyncio.to_thread(admin.post, f"/wake?session={name}")

        async def reload() -> None:
            assert (await asyncio.to_thread(admin.post, "/reload"))[0] == 200

        async def talk() -> None:
            await say(chance.randrange(len(clients)))

        for _ in range(steps):
            await chance.choice([drain, cut, cut, sleep, wake, reload, talk, talk])()
        for index, client in enumerate(clients):
            await say(index)
            await client.until(numbers[index])
            assert client.heard == [f"a {number}" for number in range(1, numbers[index] + 1)]
        reads = list(ledger.reads().values())
        assert sorted(map(len, reads)) == sorted(numbers)
        assert all(read == list(range(1, len(read) + 1)) for read in reads)
        for client in clients:
            await client.leave()

    with backends(ledger, 2, TICK=3_600_000) as two:
        made = config(*two, admin=admin, hibernate_after="200ms", more={"resume": {"within": "30s"}})
        through(run, made, lambda proxy: walk(proxy, two))
