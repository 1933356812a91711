"""`pool.gather`: frames of many sessions leave together for their backend, and those of a lone one at once."""

import asyncio
import random
import socket
import threading
import time

import pytest

from support.proxy import configuration, upstream
from test_many_sessions import Session
from test_multiplex import node

pytestmark = pytest.mark.alone


class Line:
    """Carries the connections to a backend on, and counts what comes of the proxy at a time."""

    def __init__(self, backend):
        self.backend, self.reads, self.ends = backend, 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        for sock in self.ends:
            sock.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.backend.port))
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.ends.append(sock)
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source, target, counts: bool):
        try:
            while data := source.recv(1 << 16):
                self.reads += counts
                target.sendall(data)
        except OSError:
            pass


@pytest.fixture
def line(run):
    """Runs something on the sessions of a proxy that gathers so, and says what it returns and how often the proxy wrote."""
    def measure(work, gather, count: int):
        with node() as backend, Line(backend) as line, run(configuration(
                workers=1, upstreams={"only": upstream(
                    line.address, mode="multiplex", pool={"connections": 1, "gather": gather})})) as proxy:
            return asyncio.run(during(proxy, line, work, count))
    return measure


async def during(proxy, line: Line, work, count: int):
    context = proxy.authority.client_context()
    sessions = [Session(number) for number in range(count)]
    for session in sessions:
        await session.open(proxy, context)
        await session.exchange(1)
    before = line.reads
    result = await work(sessions)
    for session in sessions:
        session.writer.transport.abort()
    return result, line.reads - before


async def one_by_one(sessions: list[Session]) -> float:
    """The shortest of many echoes, in seconds: what each of them must take."""
    times = []
    for _ in range(200):
        start = time.perf_counter()
        await sessions[0].exchange(1)
        times.append(time.perf_counter() - start)
    return min(times)


async def all_at_their_times(sessions: list[Session]) -> int:
    """Each speaks when it wants to; how many messages that were."""
    async def one(session):
        for _ in range(30):
            await asyncio.sleep(random.uniform(0, 0.008))
            await session.exchange(1)
    await asyncio.gather(*(one(session) for session in sessions))
    return 30 * len(sessions)


def test_a_lone_session_waits_for_nobody(line):
    alone, writes = line(one_by_one, "auto", 1)
    without, _ = line(one_by_one, 0, 1)
    # Each message would take a millisecond longer.
    assert alone < without + 0.0008, (alone, without)
    assert writes >= 200


def test_a_busy_line_carries_frames_together(line):
    messages, writes = line(all_at_their_times, "auto", 64)
    _, without = line(all_at_their_times, 0, 64)
    # A machine that is slow gathers by itself.
    assert writes < 0.8 * without or writes < messages / 3, (messages, writes, without)
