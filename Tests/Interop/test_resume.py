"""Clients that lose their connection and come back to their session."""

import asyncio
import contextlib
import json
import random
import signal
import ssl
import time

import pytest
from h2.settings import SettingCodes
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support import machine
from support.admin import free_admin
from support.http2 import Http2
from support.proxy import route, upstream
from support.resuming import PROTOCOL, Resuming
from support.wire import PONG, TEXT, Wire
from test_access import BCRYPT, basic


class Backend:
    """Echoes, and keeps what it saw: paths, fields, messages; `sockets` are those that are open."""

    def __init__(self, protocol: str | None = None):
        self.port = machine.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.protocol = protocol
        self.paths: list[str] = []
        self.fields: list = []
        self.messages: list = []
        self.sockets: list = []
        self.closes: list[tuple[int, str]] = []

    async def __aenter__(self):
        choose = (lambda connection, offered: self.protocol if self.protocol in offered else None)
        self.server = await serve(self.serve, "127.0.0.1", self.port, select_subprotocol=choose, ping_interval=None,
                                  max_size=None)
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, socket) -> None:
        self.paths.append(socket.request.path)
        self.fields.append(socket.request.headers)
        self.sockets.append(socket)
        try:
            async for message in socket:
                self.messages.append(message)
                if isinstance(message, str) and message.startswith("close "):
                    await socket.close(int(message[6:]), "asked for")
                elif isinstance(message, str) and message.startswith("say "):
                    for number in range(int(message[4:])):
                        await socket.send(f"n {number}")
                else:
                    await socket.send(message)
        except Exception:
            pass
        self.closes.append((socket.close_code, socket.close_reason))
        self.sockets.remove(socket)


class Listening(Backend):
    """One that hears all that was sent before its end, whether it can still be answered or not."""

    async def serve(self, socket) -> None:
        self.sockets.append(socket)
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                self.messages.append(message)
                with contextlib.suppress(ConnectionClosed):
                    await socket.send(message)
        self.sockets.remove(socket)


def config(backend, *, workers=1, sections=None, more=None, upstream_more=None, **resume) -> dict:
    return {"workers": workers, **(sections or {}),
            "routes": [route("/", "only", resume=resume, **(more or {}))],
            "upstreams": {"only": upstream(backend.address, **(upstream_more or {}))}}


def through(run, life, *, protocol=None, options=None, backend=None, **settings):
    """Runs `life(proxy, backend)` with a proxy before a backend."""
    async def whole():
        async with (backend or Backend(protocol)) as one:
            with run(config(one, **settings), tls=False, **(options or {})) as proxy:
                await asyncio.wait_for(life(proxy, one), 60)
    asyncio.run(whole())


def client(proxy, path="/", protocols=(), **options) -> Resuming:
    return Resuming(f"ws://127.0.0.1:{proxy.port}{path}", protocols, **options)


def reload(proxy, config: dict) -> None:
    (proxy.folder / "proxy.conf").write_text(proxy._completed(config, {}))
    proxy.process.send_signal(signal.SIGHUP)


def logged(proxy, text: str) -> bool:
    return any(text in line for line in list(proxy.out) + list(proxy.err))


async def eventually(check, what: str, timeout: float = 10):
    end = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.01)


def test_a_client_that_is_cut_comes_back_and_misses_nothing(run):
    async def life(proxy, backend):
        one = await client(proxy, "/chat?a=1").open()
        assert set(one.words) == {"session", "token", "within"} and one.words["within"] == 60
        assert one.socket.subprotocol == PROTOCOL
        await one.say("a")
        await one.until(1)
        await one.cut()
        await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
        for number in range(3):
            await backend.sockets[0].send(f"missed {number}")
        old = one.token
        await one.back()
        assert one.words["resumed"] is True and one.words["received"] == 1 and one.token != old
        await one.say("b")
        assert await one.until(5) == ["a", "missed 0", "missed 1", "missed 2", "b"]
        assert backend.messages == ["a", "b"] and backend.paths == ["/chat?a=1"]
        assert "sec-websocket-protocol" not in backend.fields[0]
        await one.leave()
        await eventually(lambda: backend.closes, "the end")
        assert old not in "\n".join(proxy.out + proxy.err) and one.token not in "\n".join(proxy.out + proxy.err)
        assert "trunkline-resume=***" in "\n".join(proxy.out) or "trunkline-resume" not in "\n".join(proxy.out)

    through(run, life)


def test_what_was_under_way_when_the_line_broke_arrives_once(run):
    """Cut at any moment, both ways at once."""
    async def life(proxy, backend):
        chance = random.Random(5)
        one = await client(proxy).open()
        numbers = iter(range(100000))
        for _ in range(25):
            for _ in range(chance.randrange(1, 60)):
                await one.say(f"{next(numbers)} " + "x" * chance.choice([0, 10, 3000]))
                if chance.random() < 0.1:
                    await asyncio.sleep(0)
            if chance.random() < 0.5:
                await asyncio.sleep(chance.random() * 0.02)
            await one.cut()
            await one.back()
            assert one.words["resumed"] is True, one.words
        await one.until(len(one.said))
        assert backend.messages == one.said
        assert one.heard == one.said
        await one.leave()

    through(run, life)


def test_the_subprotocol_is_the_backends_where_it_chooses_one(run):
    async def life(proxy, backend):
        one = await client(proxy, protocols=("v1.chat",)).open()
        assert one.socket.subprotocol == "v1.chat"
        await one.cut()
        await one.back()
        assert one.socket.subprotocol == "v1.chat" and one.words["resumed"] is True
        assert backend.fields[0]["sec-websocket-protocol"] == "v1.chat"
        await one.leave()

    through(run, life, protocol="v1.chat")


def test_a_proper_close_ends_the_session(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.socket.close(1001)
        await eventually(lambda: backend.closes, "the end")
        assert backend.closes[0][0] == 1001
        await one.back()
        assert one.words["resumed"] is False and "token" in one.words
        assert len(backend.paths) == 2
        await one.leave()

    through(run, life)


@pytest.mark.parametrize("token", ["nonsense", "0-1234.", "0-{session}.", None])
def test_a_wrong_token_gets_a_fresh_session(run, token):
    async def life(proxy, backend):
        one = await client(proxy).open()
        first = one.token
        await one.cut()
        wrong = (token or first[:-1] + ("0" if first[-1] != "0" else "1"))
        await one.back(token=wrong)
        assert one.words["resumed"] is False and one.words["reason"]
        await one.say("hello")
        await one.until(1)
        await one.leave()
        # The other one is there yet.
        await one.back(token=first, received=0)
        assert one.words["resumed"] is True
        # And a token is good for one time.
        other = await client(proxy).open(f"trunkline-resume={first}&received=0")
        assert other.words["resumed"] is False
        await other.leave()
        await one.leave()

    through(run, life)


def test_a_token_is_good_on_its_own_route_alone(run):
    async def life():
        async with Backend() as backend:
            both = {"routes": [route(f"/{name}", "only", name=name, resume={}) for name in ("here", "there")],
                    "upstreams": {"only": upstream(backend.address)}}
            with run(both, tls=False) as proxy:
                one = await client(proxy, "/here").open()
                await one.cut()
                other = await client(proxy, "/there").open(f"trunkline-resume={one.token}&received=0")
                assert other.words["resumed"] is False and other.words["reason"]
                await other.leave()
                await one.back(received=0)
                assert one.words["resumed"] is True and backend.paths == ["/here", "/there"]
                await one.leave()
    asyncio.run(asyncio.wait_for(life(), 60))


def test_who_is_cut_before_it_has_the_next_token_comes_back_with_the_last_one(run):
    """What names the next token is lost with the connection that it was sent on."""
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say("a")
        await one.until(1)
        await one.cut()
        for _ in range(4):
            wire = await asyncio.to_thread(
                proxy.upgraded, f"/?trunkline-resume={one.token}&received=1",
                fields=[("Sec-WebSocket-Protocol", PROTOCOL)])
            wire.sock.close()
        old = one.token
        await one.back()
        assert one.words["resumed"] is True
        await one.say("b")
        assert await one.until(2) == ["a", "b"] and backend.messages == ["a", "b"]
        # From there on the last one is good for nothing.
        other = await client(proxy).open(f"trunkline-resume={old}&received=0")
        assert other.words["resumed"] is False
        await other.leave()
        await one.leave()

    through(run, life)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_count_that_can_not_be_true_moves_nothing(run, workers):
    """Neither is anything sent again that the client may have, nor does the session end, nor leave who has it."""
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say("a")
        await one.until(1)
        for is_away in (False, True):
            for count in ("3", "1000000", "-1", "1e0", "18446744073709551616", "NaN"):
                other = await client(proxy).open(f"trunkline-resume={one.token}&received={count}")
                assert other.words["resumed"] is False and other.words["reason"] == "wrong count", (count, other.words)
                await other.leave()
                assert one.closed is None and other.heard == []
            await one.say("b")
            if not is_away:
                await one.until(2)
                await one.cut()
        await one.back()
        assert one.words["resumed"] is True and one.words["received"] == 2
        assert await one.until(3) == ["a", "b", "b"]
        await one.leave()

    through(run, life, workers=workers)


@pytest.mark.parametrize("workers", [1, 3])
def test_of_several_connections_with_one_token_one_has_the_session(run, workers):
    """At the same instant, while the client is away and while it is there."""
    async def life(proxy, backend):
        for turn in range(8):
            one = await client(proxy).open()
            await one.say("a")
            await one.until(1)
            if turn % 2:
                await one.cut()
            several = await asyncio.gather(*(client(proxy).open(f"trunkline-resume={one.token}&received=1") for _ in range(4)))
            there = [other for other in several if other.words.get("resumed")]
            await eventually(lambda: sum(other.closed is None for other in there) == 1, "one has it")
            assert {other.closed[0] for other in there if other.closed} <= {1008}
            last = next(other for other in there if other.closed is None)
            await last.say("b")
            assert await last.until(1) == ["b"]
            for other in several:
                await other.leave()
            await one.leave()
        await eventually(lambda: not backend.sockets, "all have ended")

    through(run, life, workers=workers)


def test_resume_only_gets_the_session_or_1008(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        one_token = one.token
        other = await client(proxy).open("trunkline-resume=x&received=0&resume-only=1")
        assert other.words["resumed"] is False
        assert (await other.until_closed())[0] == 1008
        assert len(backend.paths) == 1
        await one.cut()
        await one.back(token=one_token, more="&resume-only=1")
        assert one.words["resumed"] is True
        await one.leave()

    through(run, life)


def test_a_field_does_as_the_query_does(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say("a")
        await one.until(1)
        await one.cut()
        await one.open(additional_headers={"Trunkline-Resume": f"{one.token}; received=1; only"})
        assert one.words["resumed"] is True
        await one.leave()

    through(run, life)


def test_too_late_is_too_late(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: backend.closes, "the session is given up", 10)
        assert backend.closes[0][0] == 1006
        await one.back()
        assert one.words["resumed"] is False
        await one.leave()

    through(run, life, within="500ms")


def test_a_second_connection_takes_a_live_session_over(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say("a")
        await one.until(1)
        two = await client(proxy).open(f"trunkline-resume={one.token}&received=0")
        assert two.words["resumed"] is True
        assert (await one.until_closed())[0] == 1008
        await two.say("b")
        assert await two.until(2) == ["a", "b"]
        assert len(backend.paths) == 1
        await two.leave()

    through(run, life)


def test_what_a_backend_says_beyond_the_buffer_waits_in_the_backend(run):
    admin = free_admin()

    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: backend.sockets, "it is open")
        payload = "x" * 1000
        sent = 0

        async def flood():
            nonlocal sent
            for number in range(20000):
                await backend.sockets[0].send(f"{number} {payload}")
                sent += 1
        flooding = asyncio.create_task(flood())
        await asyncio.sleep(1.5)
        assert sent < 20000, "it is not read"
        held = admin.metrics().value("trunkline_memory_held_bytes")
        assert held < 300_000, held
        await one.back()
        await flooding
        heard = await one.until(20000, 30)
        assert [int(message.split(" ")[0]) for message in heard] == list(range(20000))
        await one.leave()

    through(run, life, sections={"admin": admin.section}, buffer="64KiB")


def test_overflow_drop_gives_the_session_up(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
        try:
            for number in range(1000):
                await backend.sockets[0].send("x" * 1000)
        except Exception:
            pass
        await eventually(lambda: backend.closes, "the backend's side ends")
        await one.back()
        assert one.words["resumed"] is False
        assert (await one.until_closed())[0] == 1013
        await one.back(token=one.words.get("token", "x"))
        assert one.words["resumed"] is False
        await one.leave()

    through(run, life, buffer="16KiB", overflow="drop")


def test_a_backend_that_closes_meanwhile_is_heard_to_the_end(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
        await backend.sockets[0].send("last words")
        await backend.sockets[0].close(4001, "kicked")
        await one.back()
        assert one.words["resumed"] is True
        assert (await one.until_closed()) == (4001, "kicked")
        assert one.heard == ["last words"]

    through(run, life)


def test_a_backend_that_wants_to_know_is_told(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: backend.messages == ["gone"], "it is told")
        await backend.sockets[0].send("are you there")
        await one.back()
        await eventually(lambda: backend.messages == ["gone", "here"], "it is told")
        await one.leave()

    through(run, life, tell_backend=True, away_message="gone", back_message="here")


def test_compression_is_agreed_on_anew(run):
    async def life(proxy, backend):
        one = await client(proxy, compression="deflate").open()
        for number in range(20):
            await one.say(f"{number} " + "lorem ipsum " * 100)
        await one.cut()
        await one.back()
        await one.until(20)
        await one.cut()
        await backend.sockets[0].send("dolor sit amet " * 100)
        await one.back(compression=None)
        await one.until(21)
        assert one.heard == one.said + ["dolor sit amet " * 100]
        await one.leave()

    through(run, life)


def test_a_large_message_passes_in_parts_and_ends_the_session_when_the_line_breaks_in_it(run):
    parts = 0

    async def slow():
        nonlocal parts
        for parts in range(10000):
            yield b"z" * 4096
            await asyncio.sleep(0.001)

    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.say(b"y" * 300_000)
        await one.until(1)
        assert one.heard == one.said
        await one.cut()
        await one.back()
        assert one.words["resumed"] is True
        writing = asyncio.create_task(one.socket.send(slow()))
        await eventually(lambda: parts > 20, "it streams")
        writing.cancel()
        one.socket.transport.abort()
        await eventually(lambda: backend.closes, "the session ends")
        await one.back()
        assert one.words["resumed"] is False
        await one.leave()

    through(run, life, buffer="32KiB")


def test_clients_that_know_nothing_of_it_are_served_as_ever(run):
    from support.client import Client

    async def life(proxy, backend):
        def plain():
            with Client(f"ws://127.0.0.1:{proxy.port}/", proxy=None) as one:
                one.send("a")
                assert one.recv() == "a" and one.subprotocol is None
        await asyncio.to_thread(plain)

    through(run, life)


def test_a_drain_of_the_process_tells_1012(run):
    async def life(proxy, backend):
        one, two = await client(proxy).open(), await client(proxy).open()
        await two.cut()
        proxy.process.terminate()
        assert (await one.until_closed())[0] == 1012
        await eventually(lambda: len(backend.closes) == 2, "both ends")

    through(run, life)


def test_a_reload_keeps_sessions_whose_client_is_away(run):
    async def life(proxy, backend):
        one = await client(proxy).open()
        await one.cut()
        await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
        await backend.sockets[0].send("missed")
        reload(proxy, config(backend, within="30s", buffer="1MiB"))
        await eventually(lambda: logged(proxy, "configuration reloaded"), "the reload")
        await one.back()
        assert one.words["resumed"] is True
        assert await one.until(1) == ["missed"]
        await one.leave()

    through(run, life)


# MARK: several workers

@pytest.mark.parametrize("kind", ["plain", "TLSv1.3", "TLSv1.2"])
def test_a_client_that_comes_to_another_worker_gets_its_session(run, kind):
    admin = free_admin()

    async def whole():
        async with Backend() as backend:
            is_tls = kind != "plain"
            settings = config(backend, workers=3, sections={"admin": admin.section})
            with run(settings, tls=is_tls) as proxy:
                options = {}
                if is_tls:
                    context = proxy.authority.client_context()
                    version = getattr(ssl.TLSVersion, kind.replace(".", "_"))
                    context.minimum_version = context.maximum_version = version
                    options = {"ssl": context, "server_hostname": "localhost"}
                one = Resuming(f"{'wss' if is_tls else 'ws'}://127.0.0.1:{proxy.port}/", **options)
                await one.open()
                for turn in range(12):
                    await one.say(f"{turn} " + "x" * 5000)
                    await one.cut()
                    await one.back()
                    assert one.words["resumed"] is True, one.words
                await one.until(12)
                assert one.heard == one.said == backend.messages and len(backend.paths) == 1
                moves = await asyncio.to_thread(admin.metrics)
                assert moves.value("trunkline_resume_moves_total") >= 2
                await one.leave()
    asyncio.run(whole())


def test_sessions_of_clients_that_are_away_are_listed_and_closed(run):
    admin = free_admin()

    async def life(proxy, backend):
        one, two = await client(proxy).open(), await client(proxy).open()
        await one.cut()
        await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
        status, text = await asyncio.to_thread(admin.get, "/sessions?state=away")
        assert status == 200 and text.count('"state": "away"') == 1
        assert (await asyncio.to_thread(admin.metrics)).value("trunkline_resume_away", route="only") == 1
        await asyncio.to_thread(admin.post, "/sessions/close?state=away")
        await eventually(lambda: backend.closes, "it ends")
        await one.back()
        assert one.words["resumed"] is False
        await one.leave()
        await two.leave()

    through(run, life, sections={"admin": admin.section})


def test_memory_is_bounded_with_every_client_away(run):
    """The process's limit holds: who holds most is cut, the others stay."""
    admin = free_admin()

    async def life(proxy, backend):
        clients = [await client(proxy).open() for _ in range(40)]
        for one in clients:
            await one.cut()
        await eventually(lambda: len(backend.sockets) == 40, "all are open")

        async def fill(socket) -> None:
            try:
                for _ in range(100):
                    await asyncio.wait_for(socket.send("x" * 10_000), 2)
            except Exception:
                pass
        await asyncio.gather(*(fill(socket) for socket in list(backend.sockets)))

        async def held() -> float:
            return (await asyncio.to_thread(admin.metrics)).value("trunkline_memory_held_bytes")

        # Before the next look at the limit more may have come, and meanwhile nobody is let in.
        deadline = asyncio.get_running_loop().time() + 20
        while await held() > 8 << 20:
            assert asyncio.get_running_loop().time() < deadline, await held()
            await asyncio.sleep(0.05)
        back = 0
        for one in clients:
            while True:
                try:
                    await one.back()
                    break
                except InvalidStatus as refused:
                    assert refused.response.status_code == 503 and asyncio.get_running_loop().time() < deadline
                    await asyncio.sleep(0.1)
            back += one.words["resumed"]
            await one.leave()
        assert 0 < back

    through(run, life, buffer="1MiB", sections={"admin": admin.section, "limits": {"memory": "8MiB"}})


@pytest.mark.parametrize("name", ["ada", "bob"])
def test_a_session_is_its_subjects(run, tmp_path, name):
    users = tmp_path / "users"
    users.write_text(f"ada:{BCRYPT}\nbob:{BCRYPT}\n")

    async def life(proxy, backend):
        one = await client(proxy).open(additional_headers=basic("ada", "secret"))
        await one.cut()
        await one.back(additional_headers=basic(name, "secret"))
        assert one.words["resumed"] is (name == "ada")
        await one.leave()

    through(run, life, more={"access": {"basic": {"users": str(users)}}})


@pytest.mark.parametrize("isKept", [False, True], ids=["by an order", "in a file too"])
def test_who_is_revoked_meanwhile_does_not_come_back(run, tmp_path, isKept):
    users, kept = tmp_path / "users", tmp_path / "revocations.json"
    users.write_text(f"ada:{BCRYPT}\nbob:{BCRYPT}\n")
    admin = free_admin()

    async def life(proxy, backend):
        one, other = [await client(proxy).open(additional_headers=basic(name, "secret")) for name in ("ada", "bob")]
        await one.cut()
        await other.cut()
        await eventually(lambda: sum("client away" in line for line in proxy.out + proxy.err) == 2, "the losses are seen")
        await asyncio.to_thread(admin.call, "POST", "/revocations?subject=ada")
        await eventually(lambda: backend.closes, "the session ends")
        assert len(backend.sockets) == 1
        with pytest.raises(InvalidStatus) as refused:
            await one.back(additional_headers=basic("ada", "secret"))
        assert refused.value.response.status_code in (401, 403)
        if isKept:
            assert "ada" in kept.read_text()
        # Its subject may come again; the session is over all the same.
        await asyncio.to_thread(admin.call, "DELETE", "/revocations?subject=ada")
        await one.back(additional_headers=basic("ada", "secret"))
        assert one.words["resumed"] is False
        await other.back(additional_headers=basic("bob", "secret"))
        assert other.words["resumed"] is True
        await one.leave()
        await other.leave()

    section = {**admin.section, **({"revocations": str(kept)} if isKept else {})}
    through(run, life, sections={"admin": section}, more={"access": {"basic": {"users": str(users)}}})


def test_a_session_outlives_both_ends(run):
    """Its client is away while its backend is replaced."""
    async def whole():
        async with Backend() as first, Backend() as second:
            settings = config(first, upstream_more={"continuity": {}})
            settings["upstreams"]["only"]["backends"].append({"address": second.address})
            with run(settings, tls=False) as proxy:
                one = await client(proxy).open()
                await one.say("a")
                await one.until(1)
                await one.cut()
                await eventually(lambda: logged(proxy, "client away"), "the loss is seen")
                here, there = (first, second) if first.sockets else (second, first)
                await here.sockets[0].send("before")
                await here.sockets[0].close(1012, "restarting")
                await eventually(lambda: there.sockets, "the other one carries it")
                await there.sockets[0].send("after")
                await one.say("b")
                await one.back()
                assert one.words["resumed"] is True
                assert await one.until(4) == ["a", "before", "after", "b"]
                assert there.messages == ["b"]
                await one.leave()
    asyncio.run(asyncio.wait_for(whole(), 60))


@pytest.mark.parametrize("order", ["drain", "rebalance"])
def test_clients_come_back_in_the_midst_of_ordered_moves(run, order):
    """Each finds its session wherever it is by then; nothing is lost, doubled or out of order."""
    admin = free_admin()

    async def restless(one: Resuming, number: int, over: asyncio.Event) -> int:
        cuts = 0
        while not over.is_set():
            for _ in range(2):
                await one.say(f"{number}: {len(one.said)}")
                await asyncio.sleep(random.random() * 0.03)
            await one.cut()
            cuts += 1
            await one.say(f"{number}: {len(one.said)} while away")
            await asyncio.sleep(random.random() * 0.15)
            await one.back()
            assert one.words["resumed"] is True, one.words
        return cuts

    async def whole():
        async with Listening() as first, Listening() as second:
            policy = {"continuity": {}, "slow_start": 0, "pool": {"warm": 0}}
            if order == "rebalance":
                policy["rebalance"] = {"rate": 20}
            settings = config(first, sections={"admin": admin.section}, upstream_more=policy, workers=1)
            settings["upstreams"]["only"]["backends"].append({"address": second.address})

            async def post(words: str) -> None:
                status, text = await asyncio.to_thread(admin.post, words)
                assert status == 200, text

            with run(settings, tls=False) as proxy:
                ones = [await client(proxy).open() for _ in range(12)]
                over = asyncio.Event()
                runs = [asyncio.create_task(restless(one, number, over)) for number, one in enumerate(ones)]
                try:
                    for here, there in ((first, second), (second, first)):
                        await post(f"/drain?backend={here.address}&rate=20")
                        await eventually(lambda: not here.sockets and len(there.sockets) == len(ones), "all have moved", 20)
                        await post(f"/undrain?backend={here.address}")
                        if order == "rebalance":
                            await eventually(lambda: len(here.sockets) >= 4, "some have moved back", 20)
                finally:
                    over.set()
                    cuts = await asyncio.wait_for(asyncio.gather(*runs), 20)
                said = sorted(message for one in ones for message in one.said)
                await eventually(lambda: len(first.messages) + len(second.messages) >= len(said), "all has arrived")
                await asyncio.sleep(0.2)
                assert sorted(first.messages + second.messages) == said
                for one in ones:
                    # A backend that is left answers nothing any more; else all is heard, once and in turn.
                    places = [one.said.index(message) for message in one.heard]
                    assert places == sorted(set(places)) and len(places) > len(one.said) - 6 and one.closed is None
                assert min(cuts) >= 2 and not logged(proxy, "session ended")
                for one in ones:
                    await one.leave()
    asyncio.run(asyncio.wait_for(whole(), 90))


# MARK: HTTP/2

def offers_websockets(connection) -> bool:
    connection.until(lambda: connection.settings)
    return connection.settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1


def ask(connection, words: dict | None = None, received: int = 0):
    """A stream that has a session, and what it was told; or the code that it was reset with."""
    path = f"/?trunkline-resume={words['token']}&received={received}" if words else "/"
    stream = connection.connect(path, fields=[("sec-websocket-protocol", PROTOCOL)])
    connection.until(lambda: stream.reset is not None or stream.heads)
    if stream.reset is not None:
        return stream.reset, words
    assert stream.head.status == 200 and stream.head.get("sec-websocket-protocol") == PROTOCOL
    wire = Wire(stream, masking=True)
    return wire, json.loads(wire.read_message()[1])


def test_streams_of_http2_come_back(run):
    async def life(proxy, backend):
        def talk():
            with Http2(proxy) as connection:
                wire, words = ask(connection)
                wire.send(TEXT, b"a")
                assert wire.read_message() == (TEXT, b"a")
            with Http2(proxy) as connection:
                wire, words = ask(connection, words, received=0)
                assert words["resumed"] is True and words["received"] == 1
                # It did not say that it had it.
                assert wire.read_message() == (TEXT, b"a")
                wire.send(TEXT, b"b")
                assert wire.read_message() == (TEXT, b"b")
        await asyncio.to_thread(talk)
        assert backend.messages == ["a", "b"]

    through(run, life)


def test_a_stream_that_is_cancelled_before_its_client_has_the_next_token_keeps_the_session(run):
    """A client gives a return up that takes too long for it, and tries again with the token that it has."""
    async def life(proxy, backend):
        def talk():
            with Http2(proxy) as connection:
                wire, words = ask(connection)
                wire.send(TEXT, b"a")
                assert wire.read_message() == (TEXT, b"a")
            for _ in range(3):
                with Http2(proxy) as connection:
                    wire, answer = ask(connection, words, received=1)
                    assert answer["resumed"] is True
                    # With CANCEL, as browsers do; the Ping behind the first message was not answered.
                    wire.sock.close()
                    wire, answer = ask(connection, words, received=1)
                    assert answer["resumed"] is True
                    wire.sock.close()
            with Http2(proxy) as connection:
                wire, words = ask(connection, words, received=1)
                assert words["resumed"] is True
                wire.send(TEXT, b"b")
                assert wire.read_message() == (TEXT, b"b")
                # It has the next token, and says so: then it is one that leaves.
                wire.send(PONG, b"")
                wire.sock.close()
                machine.eventually(lambda: backend.closes, "the end of the session")
        await asyncio.to_thread(talk)
        assert backend.messages == ["a", "b"] and len(backend.paths) == 1

    through(run, life)


def test_a_stream_that_comes_to_another_worker_is_asked_to_come_by_http1(run):
    async def life(proxy, backend):
        def talk(words) -> dict:
            for _ in range(50):
                with Http2(proxy) as connection:
                    assert offers_websockets(connection)
                    wire, words = ask(connection, words)
                    if isinstance(wire, int):
                        assert wire == 13
                        # Who does not care finds no other way on its next connection.
                        with Http2(proxy) as next_one:
                            assert not offers_websockets(next_one)
                        return words
                    assert words["resumed"] is True
            raise AssertionError("each of 50 connections came to the right one of 3 workers")
        one = await client(proxy).open()
        await one.cut()
        one.words = await asyncio.to_thread(talk, one.words)
        await asyncio.sleep(0.2)
        await one.back(received=0)
        assert one.words["resumed"] is True and len(backend.paths) == 1
        await one.leave()

    through(run, life, workers=3)
