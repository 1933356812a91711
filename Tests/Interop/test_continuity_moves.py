"""Moves in the midst of other things: a rebalancing, an order that is taken back, a rate, a backend that floods."""

import asyncio

import pytest

from support.admin import free_admin
from support.ledger import Fates, eventually
from test_continuity import backends, config, gather, ledger, one, talking, through  # noqa: F401


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

            async def balance() -> None:
                await asyncio.to_thread(admin.post, f"/undrain?backend={other.address}")
                await eventually(lambda: sessions(admin, other) >= 8, "an even spread", 20)

            await talking(tellers, balance)
            nothing_lost(ledger, tellers)
            assert sessions(admin, good) + sessions(admin, other) == 20
            assert sum(asked.startswith("reason=drain") for asked in ledger.asked()) >= 8
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
