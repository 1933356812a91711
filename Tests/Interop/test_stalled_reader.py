"""One client stops reading among many that are quick: they don't notice, memory stays bounded, and it is closed."""

import asyncio
import os
import threading
import time

import pytest

from support import backends, machine
from support.crowd import Member, gather_crowd
from support.machine import FULL
from support.proxy import configuration, route, upstream
from support.wire import BINARY, frame

pytestmark = pytest.mark.alone

SESSIONS = 1000 if FULL else 300
SECONDS = 12 if FULL else 2
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


class Stalled:
    """A client on a thread of its own that asks for more than all buffers on the way back hold, and reads nothing."""

    def __init__(self, proxy, path: str, mebibytes: int = 24):
        self.wire = proxy.upgraded(path)
        self.payload = frame(BINARY, os.urandom(256 * 1024), mask=b"\1\2\3\4")
        self.rounds = mebibytes * 4
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        self.wire.sock.settimeout(5)
        try:
            for _ in range(self.rounds):
                self.wire.sock.sendall(self.payload)
                time.sleep(0.02)
        except OSError:
            pass

    def read_to_the_end(self) -> None:
        self.thread.join()
        assert self.wire.is_ended(10)


def test_a_stalled_reader_harms_nobody_and_is_closed(run, node_chat):
    async def life(proxy) -> None:
        members = await gather_crowd(SESSIONS, proxy.port)
        await rounds(members, 1)
        alone = await rounds(members, SECONDS)
        before = proxy.resident_kib
        stalled = await asyncio.to_thread(Stalled, proxy, "/stalled/echo")
        beside = await rounds(members, SECONDS)
        grown = proxy.resident_kib - before
        await asyncio.to_thread(proxy.wait_log, "took no bytes for too long", 10)
        await asyncio.to_thread(stalled.read_to_the_end)
        stalled.wire.sock.close()
        print(f"p99 {p99(alone) * 1000:.1f} ms alone, {p99(beside) * 1000:.1f} ms beside a stalled reader, "
              f"memory +{grown} KiB")
        # A round trip here is mostly the test's own time; a proxy that waited for the stalled one would show seconds.
        assert p99(beside) < p99(alone) * 1.5 + 0.25
        assert all(member.closed_at is None for member in members)
        await asyncio.gather(*(member.leave() for member in members))
        # The two legs' buffers, what the kernel holds is not ours.
        machine.expect_memory(grown, below=4 * 1024)

    # On a backend of its own: what it costs to echo to nobody is not what is measured here.
    with backends.node_chat() as other:
        config = {"routes": [route("/stalled/", "other"), route("/", "only")],
                  "upstreams": {"only": upstream(node_chat.address), "other": upstream(other.address)},
                  "timeouts": {"slow_consumer": f"{SLOW_CONSUMER}s"}}
        with run(config, tls=False) as proxy:
            asyncio.run(asyncio.wait_for(life(proxy), 120))


def test_the_connection_of_a_stalled_one_is_over_when_it_reads_again(run, node_chat):
    config = configuration(node_chat.address, timeouts={"slow_consumer": "1s"})
    with run(config, tls=False) as proxy:
        stalled = Stalled(proxy, "/echo")
        proxy.wait_log("took no bytes for too long", 10)
        stalled.read_to_the_end()
        stalled.wire.sock.close()
