"""Many sessions at once, the drain, and signals."""

import asyncio
import hashlib
import os
import signal
import ssl
import time

from support import backends
from support.proxy import configuration
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

SESSIONS = 2000


def client_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def one(port: int, number: int, ready: asyncio.Semaphore, go: asyncio.Event, results: list):
    async with ready:
        ws = await connect(f"wss://localhost:{port}/echo", host="127.0.0.1", ssl=CONTEXT, compression=None, open_timeout=60,
                           ping_interval=None, proxy=None)
    sent, received = hashlib.sha256(), hashlib.sha256()
    for index in range(5):
        message = f"{number}.{index}.".encode() + os.urandom(200)
        sent.update(message)
        await ws.send(message)
        received.update(await ws.recv())
    assert sent.digest() == received.digest(), f"session {number} got other bytes than it sent"
    results.append(number)
    if len(results) == SESSIONS:
        go.set()
    try:
        await ws.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    return None


CONTEXT = client_context()


def test_two_thousand_sessions_echo_and_are_drained_with_1001(run):
    with backends.node_chat() as backend, \
            run(configuration(backend.address, timeouts={"drain": "8s"}), drain=15) as proxy:
        async def everything():
            ready, go, results = asyncio.Semaphore(64), asyncio.Event(), []
            tasks = [asyncio.create_task(one(proxy.port, n, ready, go, results)) for n in range(SESSIONS)]
            await asyncio.wait_for(go.wait(), 120)
            began = time.monotonic()
            proxy.process.send_signal(signal.SIGTERM)
            codes = await asyncio.wait_for(asyncio.gather(*tasks), 30)
            return codes, time.monotonic() - began

        codes, seconds = asyncio.run(everything())
        assert codes == [1001] * SESSIONS
        assert 2 < seconds < 10, "spread over the drain time"
        assert proxy.process.wait(10) == 0


def test_a_second_signal_ends_at_once(run):
    with backends.node_chat() as backend, run(configuration(backend.address, timeouts={"drain": "60s"})) as proxy:
        with proxy.connect("/echo") as ws:
            # A frame under way holds the polite close up.
            proxy.process.send_signal(signal.SIGTERM)
            proxy.wait_log("draining")
            proxy.process.send_signal(signal.SIGTERM)
            assert proxy.process.wait(2) == 0
            del ws


def test_reload_keeps_sessions_and_changes_routes(run):
    with backends.node_chat() as backend, run(configuration(backend.address)) as proxy, proxy.connect("/echo") as ws:
        file = proxy.folder / "proxy.conf"
        file.write_text(file.read_text().replace('"path": "/"', '"path": "/moved/"'))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("reloaded")
        ws.send("still here")
        assert ws.recv(5) == "still here"
        with proxy.wire() as wire:
            wire.sock.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.read_head().status == 404
        file.write_text("routes: [")
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("not reloaded")
        ws.send("and here")
        assert ws.recv(5) == "and here"
