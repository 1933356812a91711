"""Many sessions in one process: each sends messages that carry their own digest, and remembers how it was closed."""

import asyncio
import hashlib
import os
import time

from .wire import BINARY, CLOSE, KEY, PING, PONG, accept_for, frame, upgrade_request


class Closed(Exception):
    """The other side has closed in order."""


class Member:
    """One session on asyncio streams; few copies, so that thousands fit beside what they test."""

    def __init__(self, number: int):
        self.number = number
        self.sent = 0
        self.code: int | None = None
        self.reason = ""
        self.closed_at: float | None = None
        self.slowest = 0.0

    async def open(self, port: int, context=None, path: str = "/echo", host: str = "127.0.0.1") -> None:
        named = {"ssl": context, "server_hostname": "localhost"} if context else {}
        self.reader, self.writer = await asyncio.open_connection(host, port, **named)
        self.writer.write(upgrade_request(path))
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101") and accept_for(KEY).encode() in head, head

    def payload(self, size: int) -> bytes:
        """Tells session and position, then noise, then its own digest."""
        body = b"%d/%d/" % (self.number, self.sent) + os.urandom(size)
        self.sent += 1
        return body + hashlib.sha1(body).digest()

    async def exchange(self, count: int, size: int = 200) -> None:
        """Sends `count` messages in one go and expects the same, in order."""
        sent = [self.payload(size) for _ in range(count)]
        began = time.monotonic()
        self.writer.write(b"".join(frame(BINARY, payload, mask=os.urandom(4)) for payload in sent))
        for payload in sent:
            got = await self.read_message()
            assert got == payload, f"session {self.number}: wanted {payload[:20]!r}, got {got[:20]!r}"
        self.slowest = max(self.slowest, time.monotonic() - began)

    async def read_message(self) -> bytes:
        while True:
            opcode, payload = await self.read_frame()
            if opcode == PING:
                self.writer.write(frame(PONG, payload, mask=b"\1\2\3\4"))
            elif opcode == CLOSE:
                await self.answer_close(payload)
                raise Closed(f"session {self.number}: {self.code} {self.reason}")
            elif opcode == BINARY:
                return payload

    async def read_frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert second < 128, "a masked frame from a server"
        length = second
        if second > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if second == 126 else 8), "big")
        return first & 0x0F, await self.reader.readexactly(length)

    async def answer_close(self, payload: bytes) -> None:
        self.closed_at = time.monotonic()
        self.code, self.reason = int.from_bytes(payload[:2], "big"), payload[2:].decode()
        self.writer.write(frame(CLOSE, payload, mask=b"\1\2\3\4"))
        assert await self.reader.read() == b"", "bytes after a Close"
        self.writer.close()

    async def until_closed(self) -> None:
        """Waits for the Close, whatever else comes; an end without one is an error."""
        try:
            while True:
                await self.read_message()
        except Closed:
            pass

    async def leave(self) -> None:
        self.writer.write(frame(CLOSE, b"\x03\xe8", mask=b"\1\2\3\4"))
        try:
            await asyncio.wait_for(self.reader.read(), 10)
        finally:
            self.writer.close()


async def gather_crowd(count: int, port: int, context=None, path: str = "/echo", at_once: int = 100) -> list[Member]:
    """So many open sessions."""
    gate = asyncio.Semaphore(at_once)
    members = [Member(number) for number in range(count)]

    async def opened(member):
        async with gate:
            await member.open(port, context, path)
    await asyncio.gather(*(opened(member) for member in members))
    return members
