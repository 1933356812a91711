"""A client on `websockets` that comes back to its session when its connection is lost (subprotocol resume.trunkline.v1):
nothing is missed and nothing comes twice, either way. With servers that don't know it, it is a plain client.

    async with connect("wss://chat.example.com/") as socket:
        await socket.send("hello")
        async for message in socket:
            ...

`ConnectionClosed` of `websockets` is raised where the session has ended, or can't be taken up any more.
"""

import asyncio
import json
import random
import time
from collections import deque

from websockets.asyncio.client import connect as plain_connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidHandshake
from websockets.typing import Subprotocol

PROTOCOL = "resume.trunkline.v1"


class ResumingConnection:
    """keep: bytes that are kept to be sent again; longest_wait: seconds between two tries; timeout: of one try at most, the
    first ones have less. All other options are those of `websockets.connect`."""

    def __init__(self, uri: str, *, subprotocols=(), keep: int = 1 << 20, longest_wait: float = 5, timeout: float = 5,
                 **options):
        self._uri, self._options = uri, options
        self._offer = [*subprotocols, Subprotocol(PROTOCOL)]
        self._keep, self._longest_wait, self._timeout = keep, longest_wait, timeout
        self._incoming: asyncio.Queue = asyncio.Queue(16)
        self._sending = asyncio.Lock()
        self._kept: deque = deque()
        self._bytes = self._first = self._received = 0
        self._socket = self._token = self._end = None
        self._within = 0.0
        self._is_plain = self._is_closing = False
        self.session: str | None = None
        self.subprotocol: str | None = None
        self.resumed = 0

    # MARK: what users call

    async def send(self, message: str | bytes) -> None:
        """Returns when the message is on its way, or kept until it is."""
        async with self._sending:
            if self._end:
                raise self._end
            if not self._is_plain:
                self._kept.append(message)
                self._bytes += len(message)
            if self._socket:
                await self._give(message)
                while self._bytes > self._keep:
                    self._drop(1)

    async def recv(self) -> str | bytes:
        if self._end and self._incoming.empty():
            raise self._end
        message = await self._incoming.get()
        if isinstance(message, Exception):
            self._incoming.put_nowait(message)
            raise message
        return message

    async def __aiter__(self):
        try:
            while True:
                yield await self.recv()
        except ConnectionClosed as closed:
            if not (closed.rcvd and closed.rcvd.code in (1000, 1001)):
                raise

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._is_closing = True
        if self._socket:
            await self._socket.close(code, reason)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._end = self._end or ConnectionClosedError(None, None)

    def __await__(self):
        return self._open().__await__()

    async def __aenter__(self) -> "ResumingConnection":
        return await self._open()

    async def __aexit__(self, *_) -> None:
        await self.close()

    # MARK: how it is done

    async def _open(self) -> "ResumingConnection":
        socket = await plain_connect(self._uri, subprotocols=self._offer, **self._options)
        self.subprotocol = None if socket.subprotocol == PROTOCOL else socket.subprotocol
        self._socket = socket
        self._task = asyncio.create_task(self._run(socket))
        return self

    async def _run(self, socket) -> None:
        end: Exception
        try:
            first = await socket.recv()
            words = self._words(first)
            if {"session", "token", "within"} <= words.keys():
                self._learn(words)
            else:
                self._is_plain = True
                self._kept.clear()
                await self._incoming.put(first)
            while True:
                end = await self._listen(socket)
                if self._is_plain or self._is_closing or end.rcvd:
                    break
                self._socket = None
                socket = await self._come_back()
        except ConnectionClosed as closed:
            end = closed
        self._socket, self._end = None, end
        await self._incoming.put(end)

    @staticmethod
    def _words(message: str | bytes) -> dict:
        try:
            words = json.loads(message) if isinstance(message, str) else {}
        except ValueError:
            words = {}
        return words if isinstance(words, dict) else {}

    def _learn(self, words: dict) -> None:
        self.session, self._token = words["session"], words["token"]
        self._within = words["within"] or float("inf")

    async def _listen(self, socket) -> ConnectionClosed:
        try:
            while True:
                message = await socket.recv()
                self._received += 1
                await self._incoming.put(message)
        except ConnectionClosed as closed:
            return closed

    async def _come_back(self):
        """Full jitter, so that many that lose their connection together don't come back together. The first tries are
        short: one that began while the line was cut hears of its return only when the kernel asks again. It does so after
        1 s; the next time is after 3 s, and a new try is sooner. They get longer, for lines that need the time."""
        until = time.monotonic() + self._within
        for tries in range(1 << 30):
            await asyncio.sleep(random.random() * min(self._longest_wait, 0.25 * 2 ** min(tries, 10)))
            if time.monotonic() > until:
                break
            try:
                return await asyncio.wait_for(self._resume(), min(self._timeout, 1.25 * 2 ** min((tries + 1) // 4, 10)))
            except (OSError, TimeoutError, InvalidHandshake, EOFError):
                continue
            except ConnectionClosed as closed:
                if closed.rcvd:
                    raise
        raise ConnectionClosedError(None, None)

    async def _resume(self):
        mark = "&" if "?" in self._uri else "?"
        query = f"trunkline-resume={self._token}&received={self._received}&resume-only=1"
        socket = await plain_connect(self._uri + mark + query, subprotocols=self._offer, **self._options)
        try:
            words = self._words(await socket.recv())
        except BaseException:
            # To close it in order would end the session.
            socket.transport.abort()
            raise
        if not words.get("resumed") or words["received"] < self._first:
            await socket.close()
            raise ConnectionClosedError(socket.close_code and socket.protocol.close_rcvd, None)
        async with self._sending:
            self._learn(words)
            self._drop(words["received"] - self._first)
            self.resumed += 1
            self._socket = socket
            for message in list(self._kept):
                await self._give(message)
        return socket

    async def _give(self, message: str | bytes) -> None:
        """What is lost on the way is sent again."""
        try:
            if self._socket:
                await self._socket.send(message)
        except ConnectionClosed:
            if self._is_plain:
                raise

    def _drop(self, count: int) -> None:
        for _ in range(min(count, len(self._kept))):
            self._bytes -= len(self._kept.popleft())
        self._first += count


connect = ResumingConnection
