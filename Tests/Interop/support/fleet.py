"""A fleet of Node backends that come, go, hang and misbehave, and clients that are counted by what they saw."""

import asyncio
import json
import os
import signal
import threading
import urllib.request
from collections import Counter
from pathlib import Path

from . import machine
from .backends import Process
from .wire import TEXT, frame, upgrade_request

HERE = Path(__file__).parent


class Member(Process):
    """One Node process on `ws`; see fleet.js for what it can do."""

    def __init__(self, name: str, **environment):
        super().__init__(["node", str(HERE / "fleet.js")], NAME=name,
                         **{key: str(value) for key, value in environment.items()})
        self.name = name

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        super().__exit__()

    def ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
            return answer.read()

    @property
    def stats(self) -> dict:
        return json.loads(self.ask("/stats"))

    def set(self, mode: str, **more) -> None:
        self.ask(f"/mode?set={mode}" + "".join(f"&{key}={value}" for key, value in more.items()))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def engine(name: str) -> Process:
    return Process(["node", str(HERE / "engine.js")], NAME=name)


class Clients:
    """One loop for all clients of a test run, on a thread of its own: sessions live on between two calls."""

    loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def run(cls, coroutine, timeout: float = 120):
        if cls.loop is None:
            cls.loop = asyncio.new_event_loop()
            threading.Thread(target=cls.loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, cls.loop).result(timeout)


class Session:
    """A client on asyncio streams: what became of its upgrade, and who serves it."""

    def __init__(self, port: int, path: str = "/?who", **options):
        self.port, self.path, self.options = port, path, options
        self.status, self.server, self.head, self.error = 0, "", "", ""

    async def open(self, timeout: float = 30) -> "Session":
        try:
            async with asyncio.timeout(timeout):
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
                self.writer.write(upgrade_request(self.path, **self.options))
                self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                self.status = int(self.head.split(" ")[1])
                if self.status == 101 and "who" in self.path:
                    self.server = (await self.frame())[1].decode()
        except (OSError, EOFError, TimeoutError) as problem:
            self.error = type(problem).__name__
            self.close()
        return self

    async def frame(self) -> tuple[int, bytes]:
        first, length = await self.reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return first & 15, await self.reader.readexactly(length)

    async def echo(self, text: bytes = b"hello", timeout: float = 10) -> bool:
        try:
            async with asyncio.timeout(timeout):
                self.writer.write(frame(TEXT, text, mask=os.urandom(4)))
                return await self.frame() == (TEXT, text)
        except (OSError, EOFError, TimeoutError):
            return False

    @property
    def outcome(self) -> str:
        return str(self.status) if self.status else self.error

    def close(self) -> None:
        if hasattr(self, "writer"):
            Clients.loop.call_soon_threadsafe(self.writer.transport.abort)


def open_all(sessions: list[Session]) -> list[Session]:
    """All at the same instant."""
    async def together():
        return await asyncio.gather(*(session.open() for session in sessions))
    return Clients.run(together())


def storm(port: int, count: int, **options) -> list[Session]:
    return open_all([Session(port, **options) for _ in range(count)])


def echo_all(sessions: list[Session], text: bytes = b"hello") -> list[bool]:
    async def together():
        return await asyncio.gather(*(session.echo(text) for session in sessions))
    return Clients.run(together())


def outcomes(sessions: list[Session]) -> Counter:
    return Counter(session.outcome for session in sessions)


def servers(sessions: list[Session]) -> Counter:
    return Counter(session.server for session in sessions if session.server)


def close(sessions: list[Session]) -> None:
    for session in sessions:
        session.close()


def quiet(*members: Member, **policy) -> dict:
    """A configuration for these, with one worker, whose choices are in one order."""
    return {"workers": 1, "log": {"access": "off"}, "timeouts": {"drain": "1s", "close": "500ms"},
            "routes": [{"name": "all", "match": {"path": "/"}, "upstream": "fleet"}],
            "upstreams": {"fleet": {"backends": [{"address": member.address} for member in members], **policy}}}


def restart(member: Member) -> None:
    """The same address again, after `kill`."""
    machine.eventually(lambda: not machine.is_listening(member.port), "the port is free", 5)
    member.__enter__()
