"""A client of the `websockets` library with plain calls.

The library's own blocking client reads and writes one TLS connection from two threads, which Python's ssl doesn't
bear: now and then it loses what it received, whatever server it talks to. So its asyncio client runs here, on one.
"""

import asyncio
import threading

from websockets.asyncio.client import connect


class Client:
    """One connection and the loop that serves it; leaving the `with` block closes it with 1000."""

    def __init__(self, url: str, **options):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        try:
            self.connection = self._call(self._connect(url, options), 30)
        except BaseException:
            self._stop()
            raise

    @staticmethod
    async def _connect(url: str, options: dict):
        return await connect(url, **options)

    def _call(self, coroutine, timeout: float | None):
        async def limited():
            return await asyncio.wait_for(coroutine, timeout)
        return asyncio.run_coroutine_threadsafe(limited(), self.loop).result()

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_):
        try:
            self.close()
        finally:
            self._stop()

    @property
    def response(self):
        return self.connection.response

    @property
    def subprotocol(self) -> str | None:
        return self.connection.subprotocol

    @property
    def close_code(self) -> int | None:
        return self.connection.close_code

    def send(self, message) -> None:
        """Text or bytes; a list is sent as the fragments of one message."""
        self._call(self.connection.send(message), 60)

    def recv(self, timeout: float = 10):
        return self._call(self.connection.recv(), timeout)

    def ping(self, payload: bytes, timeout: float = 5) -> None:
        """Sends a ping and waits for its pong."""
        async def there_and_back():
            await (await self.connection.ping(payload))
        self._call(there_and_back(), timeout)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._call(self.connection.close(code, reason), 30)
