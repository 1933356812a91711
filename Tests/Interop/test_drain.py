"""Drains by order: at a steady rate, with a reason that says when to come back, and nothing new meanwhile."""

import asyncio
import signal
import time

import pytest

from support import backends, machine
from support.admin import free_admin
from support.crowd import gather_crowd
from support.machine import FULL
from support.proxy import configuration, route, upstream
from support.wire import CLOSE, TEXT, upgrade_request

SESSIONS, RATE = (1000, 100) if FULL else (400, 100)


@pytest.mark.parametrize("what", ["backend", "route"])
def test_sessions_are_closed_at_the_rate_that_was_ordered(run, node_chat, what):
    admin = free_admin()

    async def life(proxy) -> None:
        members = await gather_crowd(SESSIONS, proxy.port, path="/a/echo")
        stays = await gather_crowd(20, proxy.port, path="/b/echo")
        closing = [asyncio.create_task(member.until_closed()) for member in members]
        order = {"backend": f"backend={node_chat.address}", "route": "route=a"}[what]
        assert (await asyncio.to_thread(admin.post, f"/drain?{order}&rate={RATE}"))[0] == 200
        # Ends without a Close would be errors of the tasks: 1006 in the eyes of a client.
        await asyncio.gather(*closing)
        began = min(member.closed_at for member in members)
        times = sorted(member.closed_at - began for member in members)
        seconds = [sum(whole <= at < whole + 1 for at in times) for whole in range(SESSIONS // RATE)]
        print(f"{SESSIONS} sessions at {RATE}/s: closes per second {seconds}, last after {times[-1]:.2f} s")
        assert all(abs(count - RATE) <= RATE * 0.1 for count in seconds), seconds
        assert {member.code for member in members} == {1012}
        hints = {int(member.reason.rpartition("retry-after-ms=")[2]) for member in members}
        assert len(hints) > SESSIONS / 3 and max(hints) <= 2000, "all would come back together"
        for member in stays:
            await member.exchange(1)
            await member.leave()

    with backends.node_chat() as other:
        config = {"routes": [route("/a/", "a"), route("/b/", "b")], "admin": admin.section,
                  "upstreams": {"a": upstream(node_chat.address), "b": upstream(other.address)}}
        with run(config, tls=False) as proxy:
            asyncio.run(asyncio.wait_for(life(proxy), 60))


def test_a_drained_backend_gets_nothing_new_until_it_is_undrained(run, node_chat):
    admin = free_admin()
    with backends.node_chat() as other:
        config = configuration(node_chat.address, other.address, admin=admin.section)
        with run(config, tls=False) as proxy:
            def chosen(count: int) -> set[str]:
                for _ in range(count):
                    with proxy.upgraded("/echo") as wire:
                        wire.send_close()
                        wire.read_until_close()
                seen = {event["backend"] for event in proxy.events if event.get("message") == "session ended"}
                return seen

            assert admin.post(f"/drain?backend={node_chat.address}")[0] == 200
            chosen(8)
            machine.eventually(lambda: len(proxy.events) >= 8, "eight sessions")
            assert {event["backend"] for event in proxy.events} == {other.address}
            # Both of them: nobody is left.
            assert admin.post("/drain?upstream=only")[0] == 200
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request("/echo"))
                assert wire.read_head().status == 503
            assert admin.post("/undrain?upstream=only")[0] == 200
            chosen(8)
            machine.eventually(
                lambda: {event.get("backend") for event in proxy.events} >= {node_chat.address, other.address}, "both")


def test_undrain_keeps_those_whose_turn_had_not_come(run, node_chat):
    admin = free_admin()

    async def life(proxy) -> None:
        members = await gather_crowd(60, proxy.port)
        closing = [asyncio.create_task(member.until_closed()) for member in members]
        await asyncio.to_thread(admin.post, "/drain?route=only&rate=20")
        await asyncio.sleep(1)
        await asyncio.to_thread(admin.post, "/undrain?route=only")
        await asyncio.sleep(2)
        closed = sum(member.closed_at is not None for member in members)
        assert 10 <= closed <= 30, closed
        for task in closing:
            task.cancel()

    with run(configuration(node_chat.address, admin=admin.section), tls=False) as proxy:
        asyncio.run(asyncio.wait_for(life(proxy), 30))


def test_a_drained_route_refuses_and_a_reload_leaves_it_drained(run, node_chat):
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section), tls=False) as proxy:
        assert admin.post("/drain?route=only")[0] == 200
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("configuration reloaded")
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request("/echo"))
            head = wire.read_head()
            assert head.status == 503 and int(head.get("retry-after")) > 0
            assert "drained" in wire.read_body(head).decode()
        assert admin.post("/undrain?route=only")[0] == 200
        with proxy.upgraded("/echo") as wire:
            wire.send(TEXT, b"back")
            assert wire.read_message() == (TEXT, b"back")


def test_unknown_names_are_answered_with_the_known_ones(run, node_chat):
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section), tls=False):
        for order, known in [("route=onyl", "only"), ("backend=127.0.0.1:1", node_chat.address)]:
            code, text = admin.post(f"/drain?{order}")
            assert code == 404 and known in text


def spread(admin) -> list[int]:
    return sorted(backend["sessions"] for backend in admin.status()["upstreams"][0]["backends"])


def test_sessions_move_back_when_a_backend_returns(run, node_chat):
    """Sessions all on one backend, because the other was drained; then it is had again, and they move at the rate."""
    admin, rate = free_admin(), 20

    async def life(proxy, other) -> None:
        await asyncio.to_thread(admin.post, f"/drain?backend={other.address}")
        members = await gather_crowd(80, proxy.port)
        moved: list[float] = []

        async def reconnecting(member):
            while True:
                await member.until_closed()
                assert member.code == 1012
                moved.append(member.closed_at)
                await member.open(proxy.port)
        tasks = [asyncio.create_task(reconnecting(member)) for member in members]
        await asyncio.to_thread(admin.post, f"/undrain?backend={other.address}")
        began = time.monotonic()
        while (await asyncio.to_thread(spread, admin))[0] < 36:
            assert time.monotonic() - began < 20, await asyncio.to_thread(spread, admin)
            await asyncio.sleep(0.1)
        even = time.monotonic() - began
        await asyncio.sleep(2)
        settled = await asyncio.to_thread(spread, admin)
        fastest = max(sum(start <= at < start + 1 for at in moved) for start in moved)
        print(f"even after {even:.1f} s, {settled} in the end, {len(moved)} moved, at most {fastest} in a second")
        assert 36 <= settled[0] and len(moved) <= 48, (settled, len(moved))
        assert fastest <= rate * 1.6
        for task in tasks:
            task.cancel()

    with backends.node_chat() as other:
        config = configuration(admin=admin.section)
        config["upstreams"]["only"] = upstream(
            node_chat.address, other.address, rebalance={"rate": rate}, slow_start="0")
        with run(config, tls=False) as proxy:
            asyncio.run(asyncio.wait_for(life(proxy, other), 60))
