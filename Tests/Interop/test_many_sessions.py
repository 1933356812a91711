"""Two thousand sessions at once, every byte checked; then a drain under all of them."""

import asyncio
import hashlib
import os
import signal

import pytest
from websockets.asyncio.client import connect

from support import machine
from support.backends import LibraryBackend
from support.machine import FULL
from support.proxy import configuration
from support.wire import BINARY, CLOSE, KEY, accept_for, frame, upgrade_request

pytestmark = pytest.mark.alone

SESSIONS = 2000
ROUNDS = 40 if FULL else 3
AT_ONCE = 100


class Session:
    """A client session on asyncio streams; few copies, so that two thousand fit two cores."""

    def __init__(self, number: int):
        self.number = number
        self.path = "/echo"
        self.sent = 0

    async def open(self, proxy, context) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", proxy.port, ssl=context, server_hostname="localhost")
        self.writer.write(upgrade_request(self.path))
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101") and accept_for(KEY).encode() in head, head

    def payload(self, index: int) -> bytes:
        """Tells session and position, then noise, then its own digest."""
        size = 20 + (self.number * 7919 + index * 104729) % 1500
        body = b"%d/%d/" % (self.number, index) + os.urandom(size)
        return body + hashlib.sha1(body).digest()

    async def exchange(self, count: int) -> None:
        """Sends `count` messages in one go and expects the same, in order."""
        sent = [self.payload(self.sent + index) for index in range(count)]
        self.sent += count
        self.writer.write(b"".join(frame(BINARY, payload, mask=os.urandom(4)) for payload in sent))
        for payload in sent:
            opcode, got = await self.read_frame()
            assert opcode == BINARY, f"opcode {opcode} {got[:40]!r}"
            assert got == payload, f"session {self.number}: wanted {payload[:20]!r}, got {got[:20]!r}"

    async def read_frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert second < 128, "a masked frame from a server"
        length = second
        if second > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if second == 126 else 8), "big")
        return first & 0x0F, await self.reader.readexactly(length)

    async def expect_drained(self) -> None:
        """The drain's Close, answered; then the end of the stream."""
        opcode, payload = await self.read_frame()
        while opcode != CLOSE:
            opcode, payload = await self.read_frame()
        assert int.from_bytes(payload[:2], "big") == 1012, payload
        self.writer.write(frame(CLOSE, payload, mask=b"\1\2\3\4"))
        assert await self.reader.read() == b""
        self.writer.close()


async def open_all(proxy, count: int) -> list[Session]:
    context = proxy.authority.client_context()
    gate = asyncio.Semaphore(AT_ONCE)
    sessions = [Session(number) for number in range(count)]

    async def opened(session):
        async with gate:
            await session.open(proxy, context)
    await asyncio.gather(*(opened(session) for session in sessions))
    return sessions


def refused(proxy) -> bool:
    try:
        with proxy.tcp(2) as sock:
            sock.settimeout(2)
            return sock.recv(1) == b""
    except OSError:
        return True


def test_two_thousand_sessions_echo_and_are_drained(run, node_chat):
    async def life(proxy):
        sessions = await open_all(proxy, SESSIONS)
        for _ in range(ROUNDS):
            await asyncio.gather(*(session.exchange(3) for session in sessions))
        proxy.process.send_signal(signal.SIGTERM)
        waiting = [asyncio.create_task(session.expect_drained()) for session in sessions]
        await asyncio.sleep(0.1)
        assert await asyncio.to_thread(refused, proxy), "a new connection while draining"
        await asyncio.gather(*waiting)

    config = configuration(node_chat.address, timeouts={"drain": "20s" if FULL else "10s"})
    with run(config, drain=25) as proxy:
        asyncio.run(asyncio.wait_for(life(proxy), 120))
        machine.eventually(lambda: proxy.process.poll() is not None, "the proxy ends once all are closed", 10)
        assert proxy.process.returncode == 0


def test_compressed_sessions_keep_to_themselves(run, node_chat):
    async def one(proxy, context, number: int):
        async with connect(proxy.url("/echo"), ssl=context, compression="deflate", proxy=None) as client:
            texts = [f'{{"session":{number},"index":{index},"text":"{"word " * 60}"}}' for index in range(10)]
            for text in texts:
                await client.send(text)
            assert [await client.recv() for _ in texts] == texts

    async def life(proxy):
        context = proxy.authority.client_context()
        for start in range(0, 400 if FULL else 200, 100):
            await asyncio.gather(*(one(proxy, context, start + number) for number in range(100)))

    with run(configuration(node_chat.address)) as proxy:
        asyncio.run(asyncio.wait_for(life(proxy), 60))


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_drains(run, node_chat, first):
    with run(configuration(node_chat.address)) as proxy, proxy.upgraded("/echo") as wire:
        proxy.process.send_signal(first)
        got = wire.read_until_close()
        assert got.close_code == 1012
        wire.send(CLOSE, got.payload)
        assert wire.is_ended()
        assert proxy.process.wait(5) == 0


def test_a_client_that_ignores_the_drain_is_cut_off_at_its_deadline(run, node_chat):
    config = configuration(node_chat.address, timeouts={"drain": "1s", "close": "30s"})
    with run(config) as proxy, proxy.upgraded("/echo") as wire:
        proxy.process.send_signal(signal.SIGTERM)
        assert wire.read_until_close().close_code == 1012
        assert proxy.process.wait(5) == 0


def test_a_second_signal_ends_at_once(run, node_chat):
    config = configuration(node_chat.address, timeouts={"drain": "60s", "close": "60s"})
    with run(config) as proxy, proxy.upgraded("/echo") as wire:
        proxy.process.send_signal(signal.SIGTERM)
        assert wire.read_until_close().close_code == 1012
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.process.wait(2) is not None
        proxy.allowed_exit = (proxy.process.returncode,)
        assert proxy.process.returncode in (0, 1, 130, 143)


def test_the_backend_hears_of_the_drain_too(run):
    with LibraryBackend() as backend, run(configuration(backend.address)) as proxy, proxy.connect() as client:
        client.send("in use")
        assert client.recv(timeout=5) == "in use"
        proxy.process.send_signal(signal.SIGTERM)
        machine.eventually(lambda: backend.closes, "the backend's session ends")
        assert backend.closes[0] is not None and backend.closes[0][0] in (1012, 1000)
