"""One client stops reading among many that are quick: they don't notice, memory stays bounded, and it is closed."""

import asyncio
import os
import time

from support import backends, machine
from support.crowd import Closed, Member, gather_crowd
from support.machine import FULL
from support.proxy import configuration, route, upstream
from support.wire import BINARY, frame

SESSIONS = 1000 if FULL else 300
SECONDS = 12 if FULL else 4
SLOW_CONSUMER = 3 if FULL else 1


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def rounds(members: list[Member], seconds: float) -> list[float]:
    """Each echoes twice a second at its own moment; the times of all round trips."""
    times: list[float] = []

    async def talk(member: Member) -> None:
        await asyncio.sleep(member.number / len(members) * 0.5)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            await member.exchange(1)
            times.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, 0.5 - (time.monotonic() - began)))
    await asyncio.gather(*(talk(member) for member in members))
    return times


async def ask_and_not_read(member: Member, mebibytes: int = 24) -> None:
    """Sends so much that the echoes fill every buffer on their way back, at a pace that leaves the machine alone."""
    member.reader._transport.pause_reading()
    payload = frame(BINARY, os.urandom(64 * 1024), mask=b"\1\2\3\4")
    for _ in range(mebibytes * 4):
        member.writer.write(payload * 4)
        try:
            await asyncio.wait_for(member.writer.drain(), 5)
        except (TimeoutError, ConnectionError):
            return
        await asyncio.sleep(0.02)


def test_a_stalled_reader_harms_nobody_and_is_closed(run, node_chat):
    async def life(proxy) -> None:
        members = await gather_crowd(SESSIONS, proxy.port)
        await rounds(members, 1)
        alone = await rounds(members, SECONDS)
        before = proxy.resident_kib
        stalled = Member(SESSIONS)
        await stalled.open(proxy.port, path="/stalled/echo")
        asking = asyncio.create_task(ask_and_not_read(stalled))
        beside = await rounds(members, SECONDS)
        grown = proxy.resident_kib - before
        await asyncio.to_thread(proxy.wait_log, "took no bytes for too long", 10)
        await asking
        stalled.writer.transport.abort()
        print(f"p99 {p99(alone) * 1000:.1f} ms alone, {p99(beside) * 1000:.1f} ms beside a stalled reader, "
              f"memory +{grown} KiB")
        # A round trip here is mostly the test's own time; a proxy that waited for the stalled one would show seconds.
        assert p99(beside) < p99(alone) * 1.5 + 0.02
        # The two legs' buffers, what the kernel holds is not ours.
        assert grown < 4 * 1024, f"{grown} KiB more"
        assert all(member.closed_at is None for member in members)
        await asyncio.gather(*(member.leave() for member in members))

    # On a backend of its own: what it costs to echo to nobody is not what is measured here.
    with backends.node_chat() as other:
        config = {"routes": [route("/stalled/", "other"), route("/", "only")],
                  "upstreams": {"only": upstream(node_chat.address), "other": upstream(other.address)},
                  "timeouts": {"slow_consumer": f"{SLOW_CONSUMER}s"}}
        with run(config, tls=False) as proxy:
            asyncio.run(asyncio.wait_for(life(proxy), 120))


def test_the_stalled_one_is_told_why_where_it_can_be(run, node_chat):
    """It reads on in the end: the connection is over, whatever had been sent."""
    async def life(proxy) -> None:
        stalled = Member(0)
        await stalled.open(proxy.port)
        asking = asyncio.create_task(ask_and_not_read(stalled))
        await asyncio.to_thread(proxy.wait_log, "took no bytes for too long", 10)
        await asking
        stalled.reader._transport.resume_reading()
        try:
            await asyncio.wait_for(stalled.until_closed(), 10)
        except (Closed, asyncio.IncompleteReadError, ConnectionError):
            pass

    config = configuration(node_chat.address, timeouts={"slow_consumer": "1s"})
    with run(config, tls=False) as proxy:
        asyncio.run(asyncio.wait_for(life(proxy), 30))
        machine.eventually(lambda: any("session ended" in line for line in proxy.out), "its line in the log")
