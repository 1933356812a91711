"""Many clients on one loop, and the feed they listen to."""

import asyncio
import http.client
import json
import threading
from pathlib import Path
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from . import machine
from .backends import Process


class Feed(Process):
    """`feed.js`: sends what it is told to, and counts."""

    def __init__(self, name: str = "the feed", port: int | None = None):
        super().__init__(["node", str(Path(__file__).parent / "feed.js")], NAME=name)
        if port is not None:
            self.port, self.address = port, f"127.0.0.1:{port}"
            self.environment["PORT"] = str(port)

    def _ask(self, method: str, command: str, body: bytes = b"", **query) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"{command}?{urlencode(query)}", body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def stats(self) -> dict:
        return self._ask("GET", "/stats")

    def send(self, message: str | bytes, **query) -> None:
        self._ask("POST", "/send", message.encode() if isinstance(message, str) else message, **query)

    def send_fragments(self, message: str) -> None:
        self._ask("POST", "/fragments", message.encode())

    def close_all(self, code: int, reason: str = "") -> None:
        self._ask("POST", "/close", code=code, reason=reason)

    def terminate_all(self) -> None:
        self._ask("POST", "/terminate")


class Listener:
    """One client that keeps what it hears."""

    def __init__(self, connection):
        self.connection = connection
        self.heard: list[str | bytes] = []
        self.close_code: int | None = None
        self.close_reason: str = ""

    async def listen(self) -> None:
        try:
            async for message in self.connection:
                self.heard.append(message)
            self._closed()
        except ConnectionClosed:
            self._closed()

    def _closed(self) -> None:
        self.close_code = self.connection.close_code
        self.close_reason = self.connection.close_reason


class Audience:
    """Clients of a proxy, on a loop of a thread of their own; leaving the `with` block closes them."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.listeners: list[Listener] = []
        self.tasks: list[asyncio.Task] = []

    def __enter__(self) -> "Audience":
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        try:
            self.call(self._leave(self.listeners))
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(5)
            self.loop.close()

    def call(self, coroutine, timeout: float = 60):
        async def limited():
            return await asyncio.wait_for(coroutine, timeout)
        return asyncio.run_coroutine_threadsafe(limited(), self.loop).result()

    def join(self, count: int = 1, path: str = "/", **options) -> list[Listener]:
        """So many more clients, all at once."""
        return self.call(self._join(count, path, options))

    async def _join(self, count: int, path: str, options: dict) -> list[Listener]:
        options = {"compression": None, "max_size": None, "open_timeout": 30, "proxy": None,
                   "host": "127.0.0.1", "close_timeout": 3, "ping_interval": None, **options}
        if self.proxy.tls:
            options.setdefault("ssl", self.proxy.authority.client_context())
        found = await asyncio.gather(*(connect(self.proxy.url(path), **options) for _ in range(count)))
        joined = [Listener(connection) for connection in found]
        self.tasks += [asyncio.create_task(listener.listen()) for listener in joined]
        self.listeners += joined
        return joined

    def leave(self, listeners: list[Listener]) -> None:
        self.call(self._leave(listeners))

    async def _leave(self, listeners: list[Listener]) -> None:
        await asyncio.gather(*(listener.connection.close() for listener in listeners))

    def say(self, listener: Listener, message) -> None:
        self.call(listener.connection.send(message))


def hear(listeners: list[Listener], count: int, timeout: float = 10) -> list:
    """What each of them has heard, when each has heard so many; all the same."""
    machine.eventually(lambda: all(len(listener.heard) >= count for listener in listeners),
                       f"{len(listeners)} clients hear {count} messages", timeout)
    first = listeners[0].heard
    assert all(listener.heard == first for listener in listeners)
    return first


def hear_close(listeners: list[Listener], timeout: float = 10) -> set[tuple[int, str]]:
    """The different closes that they got."""
    machine.eventually(lambda: all(listener.close_code is not None for listener in listeners),
                       f"{len(listeners)} clients are closed", timeout)
    return {(listener.close_code, listener.close_reason) for listener in listeners}
