"""Backends that keep a ledger of what they have read and sent, and clients that number what they say."""

import asyncio
import re
import signal
import time
from collections import defaultdict
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .backends import Process

HERE = Path(__file__).parent


class Ledger:
    """What backends have written, together."""

    def __init__(self, folder: Path):
        self.file = folder / "ledger"
        self.file.touch()

    def backend(self, **environment) -> "LedgerBackend":
        return LedgerBackend(self.file, **environment)

    @property
    def lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self.file.read_text().splitlines()]

    def reads(self) -> dict[str, list[int]]:
        """The numbers that each session's backends have read, in the order of their reading."""
        reads = defaultdict(list)
        for line in self.lines:
            if line[0] == "read" and line[2].isdigit():
                reads[line[1]].append(int(line[2]))
        return reads

    def texts(self) -> list[str]:
        return [" ".join(line[2:]) for line in self.lines if line[0] == "read"]

    def sent(self) -> dict[str, int]:
        """How much was said on each connection that has ended in order."""
        return {line[2]: int(line[3]) for line in self.lines if line[0] == "sent"}

    def asked(self) -> list[str]:
        """What the handshakes said of what had been before."""
        return re.findall(r'^asked \S+ "(.*)"$', self.file.read_text(), re.M)

    def sessions(self) -> set[str]:
        return {line[1] for line in self.lines if line[0] == "asked"}

    def closes(self) -> list[str]:
        return [" ".join(line[2:]) for line in self.lines if line[0] == "closed"]


class LedgerBackend(Process):
    """A Node process on `ws`; it can be ended and begun again at the same address."""

    def __init__(self, file: Path, **environment):
        super().__init__(["node", str(HERE / "ledger.js")], LEDGER=str(file),
                         **{key: str(value) for key, value in environment.items()})

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    def begin(self) -> None:
        self.__enter__()


class Teller:
    """A client that numbers its messages, and keeps what it hears."""

    def __init__(self, number: int = 0):
        self.number = number
        self.said = 0
        self.answered: list[int] = []
        self.heard: dict[str, list[int]] = defaultdict(list)
        self.others: list[str | bytes] = []
        self.pauses: list[float] = []
        self.closed: int | None = None

    async def open(self, proxy, path: str = "/", url: str | None = None, **options) -> "Teller":
        options = {"compression": None, "max_size": None, "proxy": None, "ping_interval": None, **options}
        self.socket = await connect(url or f"ws://127.0.0.1:{proxy.port}{path}", **options)
        self.listening = asyncio.create_task(self._listen())
        return self

    async def _listen(self) -> None:
        last = time.monotonic()
        try:
            async for message in self.socket:
                now = time.monotonic()
                self.pauses.append(now - last)
                last = now
                kind, _, rest = message.partition(" ") if isinstance(message, str) else ("", "", "")
                if kind == "a":
                    self.answered.append(int(rest))
                elif kind == "t":
                    connection, number = rest.split()
                    self.heard[connection].append(int(number))
                else:
                    self.others.append(message)
        except ConnectionClosed:
            pass
        self.closed = self.socket.close_code

    async def say(self) -> None:
        self.said += 1
        await self.socket.send(f"m {self.said}")

    async def talk(self, until: asyncio.Event, pause: float = 0.02) -> None:
        while not until.is_set() and self.closed is None:
            try:
                await self.say()
            except ConnectionClosed:
                return
            await asyncio.sleep(pause)

    async def until_answered(self, number: int | None = None, timeout: float = 15) -> None:
        number = number or self.said
        await eventually(lambda: number in self.answered, f"an answer to {number} of {self.answered[-5:]}", timeout)

    async def leave(self) -> None:
        await self.socket.close()
        await self.listening


async def eventually(check, what: str, timeout: float = 15) -> None:
    end = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.01)


class Fates:
    """What became of the messages of many tellers."""

    def __init__(self, ledger: Ledger, tellers: list[Teller]):
        reads = ledger.reads()
        self.lost = self.doubled = self.disordered = 0
        # Sessions are not told apart by who is whose: their numbers are the same.
        for numbers in reads.values():
            self.doubled += len(numbers) - len(set(numbers))
            firsts = list(dict.fromkeys(numbers))
            self.disordered += sum(b < a for a, b in zip(firsts, firsts[1:]))
            self.lost += max(numbers, default=0) - len(set(numbers))
        self.said = sum(teller.said for teller in tellers)
        self.read = sum(len(set(numbers)) for numbers in reads.values())
        self.lost = self.said - self.read
        sent = ledger.sent()
        self.unheard = sum(
            sent.get(connection, numbers[-1]) - len(set(numbers))
            for teller in tellers for connection, numbers in teller.heard.items())
        self.heard_twice = sum(
            len(numbers) - len(set(numbers)) for teller in tellers for numbers in teller.heard.values())
        self.closed = sum(teller.closed is not None for teller in tellers)
        self.pause = sorted(max(teller.pauses, default=0) for teller in tellers)

    def __str__(self) -> str:
        p99 = self.pause[int(len(self.pause) * 0.99) - 1] if self.pause else 0
        return (f"{self.said} said, {self.lost} lost, {self.doubled} doubled, {self.disordered} out of order, "
                f"{self.unheard} unheard, {self.closed} closed, longest pause {p99:.3f} s")
