"""Clients that come back to their session after another process has taken over."""

import asyncio
import contextlib
import os
import random
import signal
import ssl
import time

import pytest

from websockets.asyncio.client import connect

from support.admin import free_admin
from support.http2 import Http2
from support.resuming import Resuming
from support.successor import hand_over
from test_access import BCRYPT, basic
from test_resume import Backend, ask, client, config, eventually


async def take_over(proxy):
    """The old process; it is ended with the test, whatever holds it: else the new one, its child, can't be waited for."""
    old = await asyncio.to_thread(hand_over, proxy)
    proxy.olds = [*getattr(proxy, "olds", []), old]
    return old


@contextlib.asynccontextmanager
async def ending_old_ones(proxy):
    try:
        yield
    finally:
        for old in getattr(proxy, "olds", []):
            with contextlib.suppress(ProcessLookupError):
                os.kill(old.pid, signal.SIGKILL)
            await asyncio.to_thread(old.wait, 10)


def through(run, life, *, tls=False, **settings) -> None:
    """Runs `life(proxy, backend)` with a proxy before a backend."""
    async def whole():
        async with Backend() as backend:
            with run(config(backend, **settings), tls=tls) as proxy:
                async with ending_old_ones(proxy):
                    await asyncio.wait_for(life(proxy, backend), 60)
    asyncio.run(whole())


async def ended(old, timeout: float = 10) -> None:
    assert await asyncio.to_thread(old.wait, timeout) == 0


def is_over(process: int) -> bool:
    """Whether it has ended, though its parent has not asked yet."""
    try:
        return open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def secure(proxy, kind: str) -> dict:
    if kind == "plain":
        return {}
    context = proxy.authority.client_context()
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, kind.replace(".", "_"))
    return {"ssl": context, "server_hostname": "localhost"}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kind", ["plain", "TLSv1.3"])
@pytest.mark.parametrize("linger", ["0", "1h"])
def test_a_session_stays_where_it_is_and_its_client_comes_back_to_it(run, kind, workers, linger):
    """One that is away, and one that is live: both are cut again and again afterwards."""
    async def life(proxy, backend):
        chance = random.Random(3)
        url = f"{'ws' if kind == 'plain' else 'wss'}://127.0.0.1:{proxy.port}/"
        away, live = [await Resuming(url, **secure(proxy, kind)).open() for _ in range(2)]
        for one in (away, live):
            await one.say(f"first {id(one)}")
        await away.cut()
        old = await take_over(proxy)
        for turn in range(6):
            for number, one in enumerate((away, live)):
                for _ in range(chance.randrange(1, 20)):
                    await one.say(f"{number} {turn} {len(one.said)} " + "x" * chance.choice([1, 3000]))
                await one.cut()
                await one.back()
                assert one.words["resumed"] is True, one.words
        for one in (away, live):
            await one.until(len(one.said))
            assert one.heard == one.said
            assert [message for message in backend.messages if message in set(one.said)] == one.said
        assert len(backend.paths) == 2 and old.poll() is None
        for one in (away, live):
            await one.leave()
        await ended(old)

    through(run, life, tls=kind != "plain", workers=workers, sections={"drain": {"linger": linger}})


def test_each_of_several_processes_keeps_its_own(run):
    async def life(proxy, backend):
        ones, olds = [], []
        for _ in range(3):
            one = await client(proxy).open()
            await one.say(f"to process {len(ones)}")
            await one.until(1)
            ones.append(one)
            olds.append(await take_over(proxy))
        for turn in range(2):
            for one in reversed(ones):
                await one.cut()
                await one.back()
                assert one.words["resumed"] is True, one.words
                await one.say(f"turn {turn}")
                await one.until(turn + 2)
        # One between them goes, and those on both sides of it are reached all the same.
        await ones[1].leave()
        await eventually(lambda: is_over(olds[1].pid), "the one between ends")
        for one in (ones[0], ones[2]):
            await one.cut()
            await one.back()
            assert one.words["resumed"] is True, one.words
            assert one.heard == one.said
            await one.leave()
        await ended(olds[0])
        await ended(olds[2])
        assert len(backend.paths) == 3

    through(run, life, sections={"drain": {"linger": "1h"}})


def test_who_comes_too_late_gets_a_fresh_session_in_the_new_process(run):
    async def life(proxy, backend):
        late, stays, only = [await client(proxy).open() for _ in range(3)]
        old = await take_over(proxy)
        await late.cut()
        await only.cut()
        await eventually(lambda: len(backend.sockets) == 1, "the others are given up")
        await late.back()
        assert late.words["resumed"] is False and late.words["reason"] == "unknown or too late"
        assert len(backend.paths) == 4
        await only.back(more="&resume-only=1")
        assert only.words["resumed"] is False and (await only.until_closed())[0] == 1008
        # Nothing of it holds the old process.
        await stays.leave()
        await ended(old)
        await late.say("hello")
        await late.until(1)
        await late.leave()

    through(run, life, within="1s", sections={"drain": {"linger": "1h"}})


def test_sessions_wait_no_longer_than_within_and_others_not_at_all(run):
    """Without `linger`."""
    async def life(proxy, backend):
        plain = await client(proxy).open()
        other = await connect(f"ws://127.0.0.1:{proxy.port}/", proxy=None)
        old = await take_over(proxy)
        with pytest.raises(Exception):
            await asyncio.wait_for(other.recv(), 5)
        assert other.close_code == 1012
        await plain.say("still here")
        await plain.until(1)
        assert old.poll() is None
        # Its client never leaves: when the time is over it is told.
        assert (await plain.until_closed())[0] == 1012
        await ended(old)

    through(run, life, within="3s", sections={"timeouts": {"drain": "2s"}})


@pytest.mark.parametrize("fate", ["killed", "stopped"])
def test_an_old_process_that_is_gone_or_stands_still_holds_nobody(run, fate):
    async def life(proxy, backend):
        ones = [await client(proxy).open() for _ in range(4)]
        for one in ones:
            await one.cut()
        old = await take_over(proxy)
        os.kill(old.pid, signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
        try:
            if fate == "killed":
                await asyncio.to_thread(old.wait, 10)
            else:
                # The first waits in its queue, and gives up.
                with pytest.raises(Exception):
                    await asyncio.wait_for(ones[0].back(), 3)
            begin = time.monotonic()
            for one in ones[1:]:
                await one.back()
                assert one.words["resumed"] is False
                await one.say("hello")
                await one.until(1)
                await one.leave()
            assert time.monotonic() - begin < 12
        finally:
            if fate == "stopped":
                os.kill(old.pid, signal.SIGCONT)

    through(run, life, sections={"drain": {"linger": "1h"}})


def test_a_connection_that_dies_on_its_way_harms_nobody(run):
    """The old process takes it up when its client has left it already: its token is good as long as nobody has had the next."""
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say("a")
        await one.until(1)
        await one.cut()
        old = await take_over(proxy)
        for _ in range(3):
            os.kill(old.pid, signal.SIGSTOP)
            try:
                with pytest.raises(Exception):
                    await asyncio.wait_for(one.back(), 0.5)
            finally:
                os.kill(old.pid, signal.SIGCONT)
        await one.back()
        assert one.words["resumed"] is True
        await one.say("b")
        assert await one.until(2) == ["a", "b"] and backend.messages == ["a", "b"]
        await one.leave()

    through(run, life, sections={"drain": {"linger": "1h"}})


def test_what_can_not_go_gets_a_fresh_session_or_is_asked_to_come_by_http1(run):
    async def life(proxy, backend):
        url = f"wss://127.0.0.1:{proxy.port}/"
        one, other = [await Resuming(url, **secure(proxy, kind)).open() for kind in ("TLSv1.2", "TLSv1.3")]
        await one.cut()
        await other.cut()
        await take_over(proxy)
        # OpenSSL's object stays where it is.
        await one.back()
        assert one.words["resumed"] is False
        await one.leave()

        def stream():
            with Http2(proxy) as connection:
                return ask(connection, other.words)[0]
        assert await asyncio.to_thread(stream) == 0xD
        # The session is there yet, for who comes so that it can be passed on.
        await other.back()
        assert other.words["resumed"] is True
        await other.leave()

    through(run, life, tls=True, sections={"drain": {"linger": "1h"}})


def test_who_is_revoked_after_a_hand_over_does_not_come_back(run, tmp_path):
    (tmp_path / "users").write_text(f"ada:{BCRYPT}\neve:{BCRYPT}\n")
    admin = free_admin()

    async def life(proxy, backend):
        ada, eve = [await client(proxy, additional_headers=basic(name, "secret")).open() for name in ("ada", "eve")]
        await ada.cut()
        await eve.cut()
        await take_over(proxy)
        await asyncio.to_thread(admin.call, "POST", "/revocations?subject=ada")
        await eventually(lambda: len(backend.sockets) == 1, "the old process has closed the one")
        await eve.back()
        assert eve.words["resumed"] is True
        with pytest.raises(Exception):
            await ada.back()
        await eve.leave()

    through(run, life, sections={"admin": admin.section, "drain": {"linger": "1h"}},
            more={"access": {"basic": {"users": str(tmp_path / "users")}}})


def test_a_forged_token_moves_nothing(run):
    admin = free_admin()

    async def life(proxy, backend):
        one = await client(proxy).open()
        old = await take_over(proxy)
        name, digits = one.token.split(".")
        for worker in range(3):
            for token in (f"{worker}-{name.split('-')[1]}.{digits}", f"{name}.{digits[:-1]}{'1' if digits[-1] == '0' else '0'}"):
                if token == one.token:
                    continue
                other = await client(proxy).open(f"trunkline-resume={token}&received=0")
                assert other.words["resumed"] is False
                await other.leave()
        assert (await asyncio.to_thread(admin.metrics)).value("trunkline_resume_moves_total") in (0, None)
        await one.say("here")
        await one.until(1)
        await one.leave()
        await ended(old)

    through(run, life, workers=3, sections={"admin": admin.section, "drain": {"linger": "1h"}})


def test_connections_count_against_the_limit_of_their_address_where_they_are(run):
    """One that is passed on gives its place back here, and has one there, again and again."""
    async def life(proxy, backend):
        ones = [await client(proxy).open() for _ in range(2)]
        await take_over(proxy)
        for _ in range(3):
            for one in ones:
                await one.cut()
                await one.back()
                assert one.words["resumed"] is True, one.words
        others = [await connect(f"ws://127.0.0.1:{proxy.port}/", proxy=None) for _ in range(2)]
        with pytest.raises(Exception):
            await connect(f"ws://127.0.0.1:{proxy.port}/", proxy=None)
        for one in ones:
            await one.say("here")
            await one.until(1)
            await one.leave()
        for other in others:
            await other.close()

    through(run, life, sections={"limits": {"client_connections_per_client": 2}, "drain": {"linger": "1h"}})
