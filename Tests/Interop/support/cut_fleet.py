"""Many clients in one process, for lines that are cut: each numbers what it says to a ledger, and keeps what it hears.

usage: cut_fleet.py resume|plain URL COUNT SECONDS RATE. `resume` is the Python client of deploy/clients; `plain` is `websockets`
alone, which connects again when its connection is lost. At the end: a line of JSON."""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy" / "clients" / "python"))

from trunkline_resume import connect as resuming  # noqa: E402
from websockets.asyncio.client import connect as plain  # noqa: E402
from websockets.exceptions import ConnectionClosed, InvalidHandshake  # noqa: E402

KIND, URL, COUNT, SECONDS, RATE = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:6])
OPTIONS = {"proxy": None, "compression": None, "ping_interval": None, "open_timeout": 5}


class Member:
    def __init__(self):
        self.said = 0
        self.answers: list[int] = []
        self.lost = 0
        self.pause = 0.0
        self.ends = 0
        self.returns: list[float] = []
        """When it heard something again, by the machine's clock, after each return to its session."""

    async def live(self, until: float) -> None:
        last = time.monotonic()
        connect = resuming if KIND == "resume" else plain
        while time.monotonic() < until:
            try:
                async with connect(URL, **OPTIONS) as socket:
                    talking = asyncio.create_task(self.talk(socket, until))
                    resumed = 0
                    try:
                        while not self.is_done(until):
                            try:
                                message = await asyncio.wait_for(socket.recv(), 0.5)
                            except TimeoutError:
                                continue
                            now = time.monotonic()
                            self.pause, last = max(self.pause, now - last), now
                            if getattr(socket, "resumed", 0) > resumed:
                                resumed = socket.resumed
                                self.returns.append(time.time())
                            if message.startswith("a "):
                                self.answers.append(int(message[2:]))
                    finally:
                        talking.cancel()
                        self.resumed = getattr(socket, "resumed", 0)
            except (ConnectionClosed, OSError, TimeoutError, InvalidHandshake, EOFError):
                self.ends += 1
                await asyncio.sleep(random.random())

    def is_done(self, until: float) -> bool:
        """All is answered, or will not be."""
        late = time.monotonic() - until
        return late > 20 or late > 0 and len(set(self.answers)) == self.said

    async def talk(self, socket, until: float) -> None:
        while time.monotonic() < until:
            self.said += 1
            try:
                await socket.send(f"m {self.said}")
            except ConnectionClosed:
                return
            await asyncio.sleep(COUNT / RATE * (0.5 + random.random()))


async def main() -> None:
    until = time.monotonic() + SECONDS
    members = [Member() for _ in range(int(COUNT))]
    await asyncio.gather(*(member.live(until) for member in members))
    pauses = sorted(member.pause for member in members)
    print(json.dumps({
        "said": sum(member.said for member in members),
        "unanswered": sum(member.said - len(set(member.answers)) for member in members),
        "doubled": sum(len(member.answers) - len(set(member.answers)) for member in members),
        "disordered": sum(b < a for member in members for a, b in zip(member.answers, member.answers[1:])),
        "ends": sum(member.ends for member in members),
        "resumed": sum(getattr(member, "resumed", 0) for member in members),
        "returns": [moment for member in members for moment in member.returns],
        "pause_p99": pauses[int(len(pauses) * 0.99) - 1],
    }))

asyncio.run(main())
