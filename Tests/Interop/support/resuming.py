"""A client of resume.trunkline.v1, by the letter: what it says and counts is seen."""

import asyncio
import json

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

PROTOCOL = "resume.trunkline.v1"


class Resuming:
    """One client, whatever connection it has: `heard` is what it was sent, first messages of the proxy left out."""

    def __init__(self, url: str, protocols: tuple[str, ...] = (), **options):
        self.url, self.protocols = url, protocols
        self.options = {"compression": None, "max_size": None, "proxy": None, "ping_interval": None, **options}
        self.heard: list[str | bytes] = []
        self.said: list[str | bytes] = []
        self.words: dict = {}
        self.closed: tuple[int, str] | None = None

    @property
    def token(self) -> str:
        return self.words["token"]

    async def open(self, query: str = "", **more) -> "Resuming":
        mark = "&" if "?" in self.url else "?"
        url = self.url + (mark + query if query else "")
        options = {**self.options, **more}
        self.socket = await connect(url, subprotocols=[*self.protocols, PROTOCOL], **options)
        self.words = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
        self.listening = asyncio.create_task(self._listen(self.socket))
        return self

    async def _listen(self, socket) -> None:
        try:
            async for message in socket:
                self.heard.append(message)
        except ConnectionClosed:
            pass
        if socket is self.socket:
            self.closed = (socket.close_code, socket.close_reason)

    async def say(self, message: str | bytes) -> None:
        self.said.append(message)
        try:
            await self.socket.send(message)
        except ConnectionClosed:
            pass

    async def cut(self) -> None:
        """Breaks the connection, with no Close."""
        self.socket.transport.abort()
        await self.listening
        self.closed = None

    async def back(self, *, received: int | None = None, token: str | None = None, more: str = "", **options):
        """Comes back, and sends again what was not received."""
        count = len(self.heard) if received is None else received
        await self.open(f"trunkline-resume={token or self.token}&received={count}{more}", **options)
        if self.words.get("resumed"):
            for message in self.said[self.words["received"]:]:
                await self.socket.send(message)

    async def until(self, count: int, timeout: float = 15) -> list:
        end = asyncio.get_running_loop().time() + timeout
        while len(self.heard) < count:
            assert asyncio.get_running_loop().time() < end, f"{len(self.heard)} of {count}: {self.heard[-3:]}"
            await asyncio.sleep(0.005)
        return self.heard

    async def until_closed(self, timeout: float = 10) -> tuple[int, str]:
        await asyncio.wait_for(asyncio.shield(self.listening), timeout)
        return self.closed

    async def leave(self) -> None:
        await self.socket.close()
        await self.listening
