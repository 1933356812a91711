"""Sessions that outlive their backends: restarts, drains, crashes, and backends that are all gone for a while."""

import asyncio
import contextlib
import json
import signal

import pytest

from support.admin import free_admin
from support.ledger import Fates, Ledger, Teller, eventually
from support.machine import FULL
from support.proxy import route, upstream
from support.schema import words

thorough = pytest.mark.skipif(not FULL, reason="takes long: TRUNKLINE_FULL=1")
SESSIONS, BACKENDS = (2000, 4) if FULL else (40, 2)
DELIVERIES = words("upstreams", "*", "continuity", "delivery")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path)


def config(*backends, admin=None, more=None, **continuity) -> dict:
    sections = {"admin": admin.section} if admin else {}
    return {"routes": [route("/", "only", **(more or {}))], **sections,
            "upstreams": {"only": upstream(*(backend.address for backend in backends), continuity=continuity)}}


async def gather(proxy, count: int = SESSIONS, **options) -> list[Teller]:
    tellers = [Teller(number) for number in range(count)]
    for start in range(0, count, 100):
        await asyncio.gather(*(teller.open(proxy, **options) for teller in tellers[start:start + 100]))
    return tellers


async def talking(tellers: list[Teller], work) -> None:
    """Has them talk while something happens, and until all is answered."""
    over = asyncio.Event()
    pause = 0.02 * max(1, len(tellers) / 50)
    tasks = [asyncio.create_task(teller.talk(over, pause)) for teller in tellers]
    try:
        await asyncio.sleep(0.3)
        await work()
        await asyncio.sleep(0.3)
    finally:
        over.set()
        await asyncio.gather(*tasks)
    for teller in tellers:
        if teller.closed is None:
            await teller.say()
    for teller in tellers:
        if teller.closed is None:
            await teller.until_answered()


def through(run, config, life, timeout: float = 90) -> None:
    with run(config, tls=False) as proxy:
        asyncio.run(asyncio.wait_for(life(proxy), timeout))


@contextlib.contextmanager
def backends(ledger, count: int, **environment):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(ledger.backend(**environment)) for _ in range(count)]


@pytest.mark.parametrize("delivery", DELIVERIES if FULL else ["at_most_once"])
def test_clients_notice_nothing_of_a_rolling_restart(run, ledger, delivery):
    with backends(ledger, BACKENDS) as four:
        async def life(proxy) -> None:
            tellers = await gather(proxy)

            async def restart() -> None:
                for backend in four:
                    await asyncio.to_thread(backend.end)
                    await asyncio.to_thread(backend.begin)
                    await asyncio.sleep(0.5)

            await talking(tellers, restart)
            fates = Fates(ledger, tellers)
            print(fates)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            assert (fates.unheard, fates.heard_twice) == (0, 0), fates
            assert len(ledger.sessions()) == len(tellers)
            assert any(asked.startswith("reason=close; attempt=1; messages=") for asked in ledger.asked())
            for teller in tellers:
                await teller.leave()

        through(run, config(*four, delivery=delivery), life)


def test_a_drain_by_order_moves_sessions(run, ledger):
    admin = free_admin()
    with backends(ledger, 2) as three:
        async def life(proxy) -> None:
            tellers = await gather(proxy)

            async def drain() -> None:
                for backend in three:
                    await asyncio.to_thread(admin.post, f"/drain?backend={backend.address}&rate=200")
                    await eventually(
                        lambda: admin.metrics().value("trunkline_sessions_open", backend=backend.address) == 0,
                        "all have left", 30)
                    await asyncio.to_thread(admin.post, f"/undrain?backend={backend.address}")

            await talking(tellers, drain)
            fates = Fates(ledger, tellers)
            print(fates)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            assert (fates.unheard, fates.heard_twice) == (0, 0), fates
            assert '1012 "moved to another backend"' in ledger.closes()
            for teller in tellers:
                await teller.leave()

        through(run, config(*three, admin=admin), life)


@pytest.mark.parametrize("delivery", DELIVERIES if FULL else ["at_least_once"])
def test_a_crash_loses_or_doubles_no_more_than_is_counted(run, ledger, delivery):
    admin = free_admin()
    with backends(ledger, 4) as four:
        async def life(proxy) -> None:
            tellers = await gather(proxy)

            async def crash() -> None:
                await asyncio.to_thread(four[1].kill)
                await asyncio.sleep(1)

            await talking(tellers, crash)
            fates = Fates(ledger, tellers)
            counted = admin.metrics().value("trunkline_continuity_uncertain_messages_total")
            print(fates, f"{counted} counted")
            assert fates.closed == 0 and fates.disordered == 0 and fates.heard_twice == 0
            if delivery == "at_most_once":
                assert fates.doubled == 0 and fates.lost <= counted, fates
            else:
                assert fates.lost == 0 and fates.doubled <= counted, fates
            for teller in tellers:
                await teller.leave()

        through(run, config(*four, admin=admin, delivery=delivery), life)


@thorough
def test_clients_wait_while_all_backends_are_gone(run, ledger):
    with backends(ledger, 2) as two:
        async def life(proxy) -> None:
            tellers = await gather(proxy)

            async def outage() -> None:
                await asyncio.gather(*(asyncio.to_thread(backend.end) for backend in two))
                await asyncio.sleep(10 if FULL else 1)
                await asyncio.gather(*(asyncio.to_thread(backend.begin) for backend in two))
                await asyncio.sleep(1)

            await talking(tellers, outage)
            fates = Fates(ledger, tellers)
            print(fates)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            for teller in tellers:
                await teller.leave()

        through(run, config(*two), life)


@pytest.mark.parametrize("way", ["close", "drain", "kill"] if FULL else ["drain"])
def test_streams_of_shared_connections_move_as_well(run, ledger, way):
    admin = free_admin()
    with backends(ledger, 2, MULTIPLEX=1) as two:
        async def life(proxy) -> None:
            tellers = await gather(proxy, 20)

            async def move() -> None:
                if way == "close":
                    await asyncio.to_thread(two[0].end)
                elif way == "kill":
                    await asyncio.to_thread(two[0].kill)
                else:
                    await asyncio.to_thread(admin.post, f"/drain?backend={two[0].address}&rate=200")
                await asyncio.sleep(1)

            await talking(tellers, move)
            fates = Fates(ledger, tellers)
            print(fates)
            counted = admin.metrics().value("trunkline_continuity_uncertain_messages_total")
            assert (fates.doubled, fates.disordered, fates.closed) == (0, 0, 0), fates
            assert fates.lost <= counted and (way == "kill" or counted == 0), (str(fates), counted)
            for teller in tellers:
                await teller.leave()

        multiplexed = config(*two, admin=admin)
        multiplexed["upstreams"]["only"]["mode"] = "multiplex"
        through(run, multiplexed, life)


# MARK: bad ends

async def one(proxy, **options) -> Teller:
    teller = await Teller().open(proxy, **options)
    await teller.say()
    await teller.until_answered()
    return teller


@pytest.mark.parametrize("bad, code", [
    ({"REFUSE": 410}, 1012), ({"PROTOCOL": "two"}, 1011),
    *([({"REFUSE": 403}, 1011), ({"REFUSE": 503}, 1011)] if FULL else [])])
def test_a_client_is_told_when_no_backend_takes_its_session_up(run, ledger, bad, code):
    with ledger.backend() as good, ledger.backend(**bad) as other:
        async def life(proxy) -> None:
            other.process.send_signal(signal.SIGSTOP)
            teller = await one(proxy, subprotocols=["one", "two"])
            other.process.send_signal(signal.SIGCONT)
            await asyncio.to_thread(good.kill)
            await eventually(lambda: teller.closed is not None, "a Close", 8)
            assert teller.closed == code, teller.closed
            assert ledger.asked()[1:], "nobody was asked"
            said = proxy.wait_log("session ended")
            assert ("could take it up" if bad.get("REFUSE") == 410 else "no other backend in time") in said, said

        more = config(good, other, within="1500ms")
        more["upstreams"]["only"]["timeouts"] = {"connect": "1s", "response": "400ms"}
        more["upstreams"]["only"]["balance"] = "round_robin"
        through(run, more, life)


@thorough
def test_a_session_whose_backend_says_that_it_is_over_ends(run, ledger):
    with backends(ledger, 2) as two:
        async def life(proxy) -> None:
            for code in (1000, 1008, 4000):
                teller = await one(proxy)
                await teller.socket.send(f"close {code}")
                await eventually(lambda: teller.closed is not None, "a Close")
                assert teller.closed == code
            assert len(ledger.asked()) == 3

        through(run, config(*two), life)


@thorough
def test_what_is_not_to_be_outlived_is_not(run, ledger):
    with backends(ledger, 2) as two:
        async def life(proxy) -> None:
            teller = await one(proxy)
            await teller.socket.send("close 1012")
            await eventually(lambda: teller.closed is not None, "a Close")
            assert teller.closed == 1012

        through(run, config(*two, on=["drain"]), life)


def test_a_login_is_sent_again_and_its_answer_is_not_passed_on_twice(run, ledger):
    with backends(ledger, 2, TICK=60_000) as two:
        async def life(proxy) -> None:
            teller = await one(proxy)
            for _ in range(2):
                await teller.say()
                await teller.until_answered()
                await teller.socket.send("close 1012")
                await asyncio.sleep(0.5)
            await teller.say()
            await teller.until_answered()
            assert teller.answered == [1, 2, 3, 4] and teller.closed is None
            numbers = [line[2] for line in ledger.lines if line[0] == "read"]
            assert numbers == ["1", "2", "close", "1", "3", "close", "1", "4"], numbers
            await teller.leave()

        through(run, config(*two, replay_first=1, skip_first=1), life)


def test_nobody_else_may_say_which_session_it_is(run, ledger):
    with backends(ledger, 1) as (backend,):
        async def life(proxy) -> None:
            teller = await one(proxy, additional_headers={
                "Trunkline-Session": "mine", "Trunkline-Resume": "reason=loss", "trunkline_session": "mine"})
            assert ledger.asked() == [""] and "mine" not in ledger.sessions()
            await teller.leave()

        through(run, config(backend), life)


# MARK: moves in the midst of other things

def hold_up(*backends) -> None:
    """They take connections, and answer nothing."""
    for backend in backends:
        backend.process.send_signal(signal.SIGSTOP)


def let_go(*backends) -> None:
    for backend in backends:
        backend.process.send_signal(signal.SIGCONT)


async def without_backend(proxy, good, *others) -> Teller:
    """A client whose backend was killed, while the others don't answer."""
    hold_up(*others)
    teller = await one(proxy)
    await asyncio.to_thread(good.kill)
    await eventually(lambda: any("backend gone" in line for line in proxy.out + proxy.err), "the loss")
    return teller


def test_a_clients_close_comes_behind_its_messages(run, ledger):
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            teller = await without_backend(proxy, good, other)
            for _ in range(3):
                await teller.say()
            leaving = asyncio.create_task(teller.leave())
            await asyncio.sleep(0.2)
            assert not leaving.done()
            let_go(other)
            await leaving
            assert teller.closed == 1000
            await eventually(lambda: any(line.startswith("1000") for line in ledger.closes()), "its Close")
            assert sum(ledger.reads().values(), []) == [1, 2, 3, 4]

        through(run, config(good, other), life)


@thorough
def test_a_client_that_closes_with_nothing_waiting_is_answered_at_once(run, ledger):
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            teller = await without_backend(proxy, good, other)
            await asyncio.wait_for(teller.leave(), 1)
            assert teller.closed == 1000
            let_go(other)

        through(run, config(good, other), life)


@thorough
def test_a_client_that_breaks_the_rules_is_told_while_it_waits(run, ledger):
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            teller = await without_backend(proxy, good, other)
            teller.socket.transport.write(b"\xc3\x80\x00\x00\x00\x00")
            await eventually(lambda: teller.closed is not None, "a Close", 3)
            assert teller.closed == 1002
            let_go(other)

        through(run, config(good, other), life)


def test_sigterm_tells_a_client_that_waits(run, ledger):
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            teller = await without_backend(proxy, good, other)
            await teller.say()
            proxy.process.terminate()
            await eventually(lambda: teller.closed is not None, "a Close", 5)
            assert teller.closed == 1012
            let_go(other)

        through(run, config(good, other, within="30s"), life)


@thorough
def test_a_client_that_waits_is_not_read_beyond_what_is_held(run, ledger):
    with backends(ledger, 2) as (good, other):
        async def life(proxy) -> None:
            teller = await without_backend(proxy, good, other)
            sent = 0

            async def flood() -> None:
                nonlocal sent
                for _ in range(2000):
                    await teller.socket.send(b"x" * 10_000)
                    sent += 1

            flooding = asyncio.create_task(flood())
            await asyncio.sleep(1)
            # The kernel's buffers take some of it.
            assert not flooding.done() and sent < 1500, sent
            let_go(other)
            await asyncio.wait_for(flooding, 20)
            await teller.say()
            await teller.until_answered(timeout=30)
            assert ledger.texts().count("big 10000") == 2000
            await teller.leave()

        through(run, config(good, other, hold="64KiB"), life)


def test_a_large_message_streams_and_its_session_moves_behind_it(run, ledger):
    admin = free_admin()
    with backends(ledger, 2) as two:
        async def life(proxy) -> None:
            teller = await one(proxy)
            where = next(backend for backend in two
                         if admin.metrics().value("trunkline_sessions_open", backend=backend.address) == 1)
            ready = asyncio.Event()

            async def parts():
                yield b"y" * 200_000
                await ready.wait()
                yield b"y" * 200_000

            sending = asyncio.create_task(teller.socket.send(parts()))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(admin.post, f"/drain?backend={where.address}")
            await asyncio.sleep(0.5)
            assert admin.metrics().value("trunkline_sessions_open", backend=where.address) == 1
            ready.set()
            await sending
            await eventually(
                lambda: admin.metrics().value("trunkline_sessions_open", backend=where.address) == 0, "the move")
            await teller.say()
            await teller.until_answered()
            assert ledger.texts() == ["1", "big 400000", "2"] and teller.closed is None
            await teller.socket.send("flood 3000000")
            await eventually(lambda: len(teller.others) > 1, "a large answer")
            assert [len(text) for text in teller.others] == [len("big 400000"), 3_000_000]
            await teller.leave()

        through(run, config(*two, admin=admin, max_message="64KiB"), life)


@pytest.mark.parametrize("compression", ["deflate", None] if FULL else ["deflate"])
@pytest.mark.parametrize("mode", ["edge", "both"] if FULL else ["both"])
def test_compression_is_each_sides_own(run, ledger, mode, compression):
    with backends(ledger, 2, COMPRESS=1) as two:
        async def life(proxy) -> None:
            tellers = await gather(proxy, 5, compression=compression)

            async def move() -> None:
                for teller in tellers:
                    await teller.socket.send("close 1012")
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)

            await talking(tellers, move)
            fates = Fates(ledger, tellers)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            for teller in tellers:
                await teller.leave()

        more = {"compression": {"mode": mode, "minimum_size": "1B"}}
        through(run, config(*two, more=more), life)


@thorough
def test_a_reload_moves_sessions_off_a_backend_that_it_takes_away(run, ledger):
    with backends(ledger, 2) as two:
        async def life(proxy) -> None:
            tellers = await gather(proxy, 10)

            async def reload() -> None:
                file = proxy.folder / "proxy.conf"
                new = json.loads(file.read_text())
                new["upstreams"]["only"]["backends"] = [{"address": two[1].address}]
                file.write_text(json.dumps(new))
                proxy.process.send_signal(signal.SIGHUP)
                await eventually(lambda: sum("session moved" in line for line in proxy.out + proxy.err) >= 1, "moves")
                await asyncio.sleep(2.5)

            await talking(tellers, reload)
            fates = Fates(ledger, tellers)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            await asyncio.to_thread(two[0].kill)
            for teller in tellers:
                await teller.say()
                await teller.until_answered()
                await teller.leave()

        through(run, config(*two), life)


# MARK: hibernation

def test_sessions_that_say_nothing_cost_the_backend_nothing(run, ledger):
    admin = free_admin()
    with backends(ledger, 2, TICK=60_000) as two:
        async def life(proxy) -> None:
            tellers = await gather(proxy, 20)
            for teller in tellers:
                await teller.say()
                await teller.until_answered()
            await eventually(
                lambda: admin.metrics().value("trunkline_continuity_hibernating", upstream="only") == 20, "sleep")
            await eventually(lambda: ledger.closes().count('1001 "hibernating"') == 20, "their Closes")
            # The client is answered here.
            await asyncio.wait_for(await tellers[0].socket.ping(), 2)
            for teller in tellers[:10]:
                await teller.say()
            for teller in tellers[:10]:
                await teller.until_answered()
            assert sum(asked.startswith("reason=wake; attempt=1; messages=1") for asked in ledger.asked()) == 10
            awake = ledger.sessions() - {line[1] for line in ledger.lines if "reason=wake" in " ".join(line)}
            for session in awake:
                await asyncio.to_thread(admin.post, f"/wake?session={session}")
            await eventually(lambda: sum("reason=wake" in asked for asked in ledger.asked()) == 20, "the others")
            fates = Fates(ledger, tellers)
            assert (fates.lost, fates.doubled, fates.closed) == (0, 0, 0), fates
            await asyncio.sleep(0.2)
            for teller in tellers:
                await teller.leave()

        through(run, config(*two, admin=admin, hibernate_after="500ms"), life)


@thorough
def test_messages_that_cross_a_falling_asleep_are_not_lost(run, ledger):
    with backends(ledger, 1, TICK=60_000) as (backend,):
        async def life(proxy) -> None:
            tellers = await gather(proxy, 10)

            async def speak(teller, pause: float) -> None:
                for _ in range(20):
                    await teller.say()
                    await asyncio.sleep(pause)

            # Around the time after which they fall asleep.
            await asyncio.gather(*(speak(teller, 0.09 + 0.002 * teller.number) for teller in tellers))
            await asyncio.sleep(0.5)
            fates = Fates(ledger, tellers)
            assert (fates.lost, fates.doubled, fates.disordered, fates.closed) == (0, 0, 0, 0), fates
            assert any("reason=wake" in asked for asked in ledger.asked())
            for teller in tellers:
                await teller.leave()

        through(run, config(backend, hibernate_after="100ms"), life)
