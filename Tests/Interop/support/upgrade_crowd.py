"""upgrade_crowd.py PORT COUNT: an echo server on 9001, COUNT sessions through the proxy, and newcomers while it is upgraded.

Prints `ready`, and after a line on standard input what became of the sessions, as JSON.
"""

import asyncio
import collections
import json
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main(port: int, count: int) -> None:
    url, ends, newcomers, stopping = f"ws://127.0.0.1:{port}/", collections.Counter(), collections.Counter(), asyncio.Event()

    async def stay(number: int, connection):
        try:
            while not stopping.is_set():
                await connection.send(f"{number}")
                assert await asyncio.wait_for(connection.recv(), 20) == f"{number}"
                await asyncio.sleep(0.5)
            await connection.close()
            # It may have been closed between two messages.
            ends["lived" if connection.close_code == 1000 else str(connection.close_code)] += 1
        except websockets.ConnectionClosed as closed:
            ends[str(closed.rcvd.code) if closed.rcvd else "cut"] += 1
        except Exception as problem:
            ends[repr(problem)] += 1

    async def come():
        while not stopping.is_set():
            try:
                async with connect(url, proxy=None, compression=None) as connection:
                    await connection.send("new")
                    await connection.recv()
                newcomers["served"] += 1
            except websockets.ConnectionClosed as closed:
                newcomers[str(closed.rcvd.code) if closed.rcvd else "cut"] += 1
            except Exception as problem:
                newcomers[repr(problem)] += 1
            await asyncio.sleep(0.01)

    async with serve(echo, "127.0.0.1", 9001, compression=None):
        opened = [await connect(url, proxy=None, compression=None) for _ in range(count)]
        tasks = [asyncio.create_task(stay(*pair)) for pair in enumerate(opened)] + [asyncio.create_task(come())]
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        stopping.set()
        await asyncio.wait(tasks, timeout=30)
        print(json.dumps({"ends": ends, "newcomers": newcomers}), flush=True)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
