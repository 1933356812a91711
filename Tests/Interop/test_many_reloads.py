"""Live sessions through one reload after the other, while certificates, routes and listeners change."""

import asyncio
import json
import random
import signal
import ssl
import time

from support import machine
from support.crowd import gather_crowd
from support.machine import FULL
from support.pki import Authority
from support.proxy import configuration, route
from test_reload import common_name, renew

SESSIONS, RELOADS = (2000, 200) if FULL else (300, 30)


def changed(config: dict, number: int, spare: int) -> dict:
    """Another configuration each time: limits, a route that comes and goes, a listener that comes and goes."""
    config = json.loads(json.dumps(config))
    config["routes"][0]["limits"] = {"message": f"{1 + number % 3}MiB"}
    if number % 2:
        config["routes"].insert(0, route(f"/extra{number}/", "only", name=f"extra{number}"))
        config["listeners"].append({"address": f"127.0.0.1:{spare}"})
    return config


def test_sessions_echo_through_many_reloads(run, tmp_path, node_chat):
    mine = Authority(tmp_path).certificate()
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE

    async def reloads(proxy, readings: list[int]) -> int:
        file, spare, names = proxy.folder / "proxy.conf", machine.free_port(), []
        base = json.loads(file.read_text())
        for number in range(RELOADS):
            if number % 10 == 5:
                await asyncio.to_thread(renew, mine)
            file.write_text(json.dumps(changed(base, number, spare)))
            seen = sum("configuration reloaded" in line for line in proxy.err)
            proxy.process.send_signal(signal.SIGHUP)
            while sum("configuration reloaded" in line for line in list(proxy.err)) == seen:
                assert not any("not reloaded" in line for line in list(proxy.err)), proxy.err[-3:]
                await asyncio.sleep(0.005)
            if number % 10 == 5:
                with await asyncio.to_thread(proxy.socket, context=blind) as sock:
                    names.append(await asyncio.to_thread(common_name, sock))
            if number >= RELOADS // 5:
                readings.append(proxy.resident_kib)
            await asyncio.sleep(0.05)
        assert names and set(names) == {"renewed"}
        return RELOADS

    async def life(proxy) -> tuple[int, int, list[int]]:
        members = await gather_crowd(SESSIONS, proxy.port, blind)
        stopping, readings = asyncio.Event(), []

        async def talk(member):
            while not stopping.is_set():
                await member.exchange(2)
                await asyncio.sleep(random.uniform(0.2, 1.0) * SESSIONS / 700)
        talks = [asyncio.create_task(talk(member)) for member in members]
        await asyncio.sleep(1)
        done = await reloads(proxy, readings)
        stopping.set()
        await asyncio.gather(*talks)
        closes = sum(member.closed_at is not None for member in members)
        await asyncio.gather(*(member.leave() for member in members))
        return done, closes, readings

    config = configuration(node_chat.address, timeouts={"drain": "3s"})
    with run(config, listener={"tls": {"certificates": [mine.names]}}) as proxy:
        began = time.monotonic()
        done, closes, readings = asyncio.run(asyncio.wait_for(life(proxy), 600))
        print(f"{SESSIONS} sessions, {done} reloads in {time.monotonic() - began:.0f} s, {closes} closes, "
              f"resident {readings[0]} to {readings[-1]} KiB, highest {max(readings)}")
        assert closes == 0
        # What an allocator keeps may move a little; a generation that leaked would add up.
        machine.expect_memory(max(readings[len(readings) // 2:]), below=int(readings[0] * 1.05) + 4096)
