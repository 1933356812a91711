"""Moves in the midst of other things: a rebalancing, an order that is taken back, a rate, a backend that floods."""

import asyncio
import signal

import pytest
from websockets.asyncio.server import serve

from support import machine
from support.admin import free_admin
from support.ledger import Fates, Teller, eventually
from test_continuity import backends, config, gather, ledger, one, talking, through  # noqa: F401

HEALTH = {"interval": "200ms", "unhealthy_after": 1, "healthy_after": 1}


def sessions(admin, backend) -> float:
    return admin.metrics().value("trunkline_sessions_open", backend=backend.address)


def nothing_lost(ledger, tellers) -> None:
    fates = Fates(ledger, tellers)
    print(fates)
    assert (fates.lost, fates.doubled, fates.disordered, fates.closed, fates.heard_twice) == (0, 0, 0, 0, 0), fates


def test_a_rebalancing_moves_sessions(run, ledger):
    admin = free_admin()
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            # The other one takes its part when it is back.
            await asyncio.to_thread(admin.post, f"/drain?backend={other.address}&rate=1000")
            tellers = await gather(proxy, 20)

            def spread() -> list[float]:
                # Of one page: between two of them sessions move.
                page = admin.metrics()
                found = [page.value("trunkline_sessions_open", backend=backend.address) for backend in (good, other)]
                assert sum(found) == 20
                return found

            async def balance() -> None:
                await asyncio.to_thread(admin.post, f"/undrain?backend={other.address}")
                await eventually(lambda: min(spread()) >= 8, "an even spread", 20)

            await talking(tellers, balance)
            nothing_lost(ledger, tellers)
            await eventually(lambda: 8 <= min(spread()), "a spread that stays even")
            # No more than were too many have moved, however slow they were.
            assert 8 <= sum(asked.startswith("reason=drain") for asked in ledger.asked()) <= 12
            for teller in tellers:
                await teller.leave()

        settings = config(good, other, admin=admin)
        settings["upstreams"]["only"] |= {"rebalance": {"rate": 20}, "slow_start": "0"}
        through(run, settings, life)


def test_an_order_that_is_taken_back_leaves_sessions_where_they_are(run, ledger):
    """Those that have moved stay there; the others stay too, be it that another backend was asked already."""
    admin = free_admin()
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            tellers = await gather(proxy, 20)

            async def change_of_mind() -> None:
                for _ in range(3):
                    for backend in (good, other):
                        await asyncio.to_thread(admin.post, f"/drain?backend={backend.address}&rate=20")
                        await asyncio.sleep(0.2)
                        await asyncio.to_thread(admin.post, f"/undrain?backend={backend.address}")

            await talking(tellers, change_of_mind)
            nothing_lost(ledger, tellers)
            moved = sum(asked.startswith("reason=drain") for asked in ledger.asked())
            assert sessions(admin, good) + sessions(admin, other) == 20
            await asyncio.sleep(1)
            assert moved == sum(asked.startswith("reason=drain") for asked in ledger.asked()), "one moves yet"
            for teller in tellers:
                await teller.leave()

        through(run, config(good, other, admin=admin), life)


def test_a_client_that_waits_for_its_rate_loses_nothing_in_a_move(run, ledger):
    with backends(ledger, 2, TICK=60_000) as (good, other):
        async def life(proxy) -> None:
            teller = await one(proxy)
            # More than a second's worth: it is not read for a while.
            for _ in range(60):
                await teller.say()
            await eventually(lambda: len(teller.answered) >= 5, "the first answers")
            await asyncio.to_thread(good.end)
            await asyncio.to_thread(good.begin)
            await asyncio.to_thread(other.end)
            await asyncio.to_thread(other.begin)
            # What a backend reads behind its own Close it doesn't answer.
            await eventually(lambda: sum(map(len, ledger.reads().values())) == teller.said, "all are read", 30)
            assert teller.answered == sorted(set(teller.answered))
            nothing_lost(ledger, [teller])
            await teller.leave()

        through(run, config(good, other, more={"limits": {"messages_per_second": 20}}), life)


@pytest.mark.parametrize("way", ["drain", "kill"])
def test_a_flooding_backend_is_moved_away_from_and_bounded(run, ledger, way):
    """The client takes nothing while its backend says a lot and is to be left."""
    admin = free_admin()
    with backends(ledger, 2, TICK=60_000) as (good, other):
        async def life(proxy) -> None:
            teller = await one(proxy)
            carries, spare = (good, other) if sessions(admin, good) else (other, good)
            teller.socket.transport.pause_reading()
            for _ in range(30):
                await teller.socket.send("flood 1000000")
            await asyncio.sleep(1)
            if way == "drain":
                await asyncio.to_thread(admin.post, f"/drain?backend={carries.address}")
            else:
                await asyncio.to_thread(carries.kill)
            await asyncio.sleep(1)
            held = admin.metrics().value("trunkline_memory_held_bytes")
            assert held < 6 << 20, held
            teller.socket.transport.resume_reading()
            await eventually(lambda: sessions(admin, spare) == 1, "the move", 20)
            await teller.say()
            await teller.until_answered()
            floods = [message for message in teller.others if len(message) == 1_000_000]
            assert len(floods) == 30 if way == "drain" else len(floods) <= 30
            assert all(set(message) == {120} for message in floods)
            assert teller.closed is None
            await teller.leave()

        through(run, config(good, other, admin=admin, max_message="2MiB"), life)


def test_a_moved_sessions_key_goes_where_it_is(run, ledger):
    """By the ring, as long as a backend is out of it; and home again when it is back."""
    with backends(ledger, 3) as three:
        settings = config(*three, on=["loss"])
        settings["upstreams"]["only"] |= {"balance": "hash", "hash_key": "query:room", "slow_start": "0", "health": HEALTH,
                                          "ejection": {"rest": "100ms", "longest_rest": "200ms"}}
        ports = {backend.process.pid: number for number, backend in enumerate(three)}

        def home(teller) -> int:
            return ports[int(list(teller.heard)[-1].split("-")[0])]

        async def life(proxy) -> None:
            async def open_all() -> list:
                tellers = [await Teller().open(proxy, f"/?room={number}") for number in range(12)]
                for teller in tellers:
                    await eventually(lambda: teller.heard, "the first tick")
                return tellers
            first = await open_all()
            before = [home(teller) for teller in first]
            assert set(before) == {0, 1, 2}
            await asyncio.to_thread(three[1].kill)
            await eventually(lambda: all(home(teller) != 1 for teller in first), "the moves", 20)
            moved = [home(teller) for teller in first]
            assert all(now == was for now, was in zip(moved, before) if was != 1)
            second = await open_all()
            assert [home(teller) for teller in second] == moved
            await asyncio.to_thread(three[1].begin)
            ports[three[1].process.pid] = 1
            for teller in first + second:
                assert teller.closed is None
                await teller.leave()

            async def at_home() -> bool:
                tellers = await open_all()
                homes = [home(teller) for teller in tellers]
                for teller in tellers:
                    await teller.leave()
                return homes == before
            end = asyncio.get_running_loop().time() + 15
            while not await at_home():
                assert asyncio.get_running_loop().time() < end, "the keys do not return"
                await asyncio.sleep(0.2)

        through(run, settings, life)


class Slow:
    """A backend that takes its time for a 101, and counts how many wait for one at once."""

    def __init__(self, pause: float):
        self.port, self.pause = machine.free_port(), pause
        self.address = f"127.0.0.1:{self.port}"
        self.under_way = self.most = self.taken = 0

    async def __aenter__(self):
        self.server = await serve(self.echo, "127.0.0.1", self.port, process_request=self.wait, ping_interval=None)
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def wait(self, *_) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.pause)
        self.under_way -= 1
        self.taken += 1

    async def echo(self, socket) -> None:
        async for message in socket:
            await socket.send(message)


@pytest.mark.parametrize("workers", [1, 3])
def test_many_moves_at_once_keep_to_the_limits_of_handshakes(run, ledger, workers):
    """One of two dies under all of its sessions."""
    async def whole() -> None:
        with backends(ledger, 1) as (dies,):
            async with Slow(0.05) as slow:
                settings = config(dies)
                settings["workers"] = workers
                with run(settings, tls=False) as proxy:
                    tellers = await gather(proxy, 40)
                    # From now on there is another one, and never more than three are asked of it.
                    settings["upstreams"]["only"]["backends"].append({"address": slow.address})
                    settings["upstreams"]["only"]["handshakes"] = {"in_flight": 3}
                    (proxy.folder / "proxy.conf").write_text(proxy._completed(settings, {}))
                    proxy.process.send_signal(signal.SIGHUP)
                    await asyncio.to_thread(proxy.wait_log, "configuration reloaded")
                    await asyncio.to_thread(dies.kill)
                    await eventually(lambda: slow.taken >= 40, "all have moved", 30)
                    assert slow.most <= 3 and all(teller.closed is None for teller in tellers)
                    for teller in tellers:
                        await teller.leave()
    asyncio.run(asyncio.wait_for(whole(), 60))


def test_a_backend_that_has_just_come_is_not_flooded_with_moves(run, ledger):
    """It takes the part that it would take of new sessions: little at first."""
    admin = free_admin()
    with backends(ledger, 3, TICK=60_000) as (leaves, stays, comes):
        settings = config(leaves, stays, comes, admin=admin)
        settings["upstreams"]["only"] |= {"slow_start": "60s", "balance": "round_robin",
                                          "health": HEALTH}

        async def life(proxy) -> None:
            await asyncio.to_thread(comes.end)
            await eventually(
                lambda: admin.metrics().value("trunkline_backend_up", backend=comes.address) == 0, "it is out")
            tellers = await gather(proxy, 60)
            assert sessions(admin, comes) == 0
            await asyncio.to_thread(comes.begin)
            await eventually(
                lambda: admin.metrics().value("trunkline_backend_up", backend=comes.address) == 1, "it is back")
            of_it = sessions(admin, leaves)
            await asyncio.to_thread(admin.post, f"/drain?backend={leaves.address}&rate=1000")
            await eventually(lambda: sessions(admin, leaves) == 0, "the moves", 20)
            assert sessions(admin, comes) <= of_it / 3, (of_it, sessions(admin, comes))
            assert sessions(admin, comes) + sessions(admin, stays) == 60
            for teller in tellers:
                assert teller.closed is None
                await teller.leave()

        through(run, settings, life)


def test_sessions_that_sleep_are_listed(run, ledger):
    admin = free_admin()
    with backends(ledger, 1, TICK=60_000) as (backend,):
        async def life(proxy) -> None:
            tellers = [await one(proxy) for _ in range(5)]
            await eventually(
                lambda: admin.get("/sessions?state=hibernating")[1].count('"state": "hibernating"') == 5, "sleep")
            await tellers[0].say()
            await tellers[0].until_answered()
            assert admin.get("/sessions?state=open")[1].count('"state": "open"') == 1
            assert admin.get("/sessions?state=hibernating")[1].count('"state": "hibernating"') == 4
            for teller in tellers:
                await teller.leave()

        through(run, config(backend, admin=admin, hibernate_after="700ms"), life)
