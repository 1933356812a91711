"""The clients of deploy/clients against the proxy: resume.js in Node, and the Python client on `websockets`."""

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import time

import pytest
from websockets.asyncio.client import connect as plain
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from support import machine
from support.backends import EXAMPLES, Process
from support.browsers import in_each, in_one
from support.proxy import route, upstream
from support.successor import hand_over
from test_resume import Backend, config, eventually, logged

sys.path.insert(0, str(machine.ROOT / "deploy" / "clients" / "python"))

from trunkline_resume import connect  # noqa: E402

HERE = os.path.dirname(__file__)


class NodeClient:
    """A process on resume.js."""

    def __init__(self, url: str, *protocols: str):
        self.url, self.protocols = url, protocols
        self.lines: list[str] = []

    async def __aenter__(self) -> "NodeClient":
        environment = Process([]).environment
        self.process = await asyncio.create_subprocess_exec(
            "node", os.path.join(HERE, "support", "resuming_node.js"), self.url, *self.protocols, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        self.reading = asyncio.create_task(self._read())
        await self.until("open")
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.reading

    async def _read(self) -> None:
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    def order(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n".encode())

    @property
    def heard(self) -> list[str]:
        return [line[6:] for line in self.lines if line.startswith("heard ")]

    async def until(self, start: str, count: int = 1) -> None:
        await eventually(lambda: sum(line.startswith(start) for line in self.lines) >= count,
                         f"{count} times {start!r} in {self.lines[-5:]}", 20)


def through(run, life, *, protocol=None, backend=None, **settings):
    async def whole():
        async with (backend or Backend(protocol)) as one:
            with run(config(one, **settings), tls=False) as proxy:
                await asyncio.wait_for(life(proxy, one, f"ws://127.0.0.1:{proxy.port}/"), 60)
    asyncio.run(whole())


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_resume_js_misses_nothing(run, workers):
    async def life(proxy, backend, url):
        async with NodeClient(url, "v1.chat") as one:
            for turn in range(8):
                one.order("say 50")
                await asyncio.sleep(random.random() * 0.05)
                one.order("cut")
                one.order("say 50")
                await one.until("resume", turn + 1)
            await one.until("heard", 800)
            assert one.lines[0] == "open v1.chat"
            assert one.heard == numbers(800) == backend.messages
            one.order("close 1000")
            await one.until("closed 1000")
            await eventually(lambda: backend.closes, "the end")
            assert backend.closes[0][0] == 1000 and len(backend.paths) == 1

    through(run, life, protocol="v1.chat", workers=workers)


class Line:
    """Between clients and a proxy. While `is_dead`, new connections lead nowhere and nobody says so, as in a cut."""

    def __init__(self, port: int):
        self.target, self.port = port, machine.free_port()
        self.is_dead, self.swallowed = False, 0
        self.writers: list = []

    async def __aenter__(self) -> "Line":
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.server.close()
        self.break_all()

    def break_all(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers = []

    async def serve(self, reader, writer) -> None:
        self.writers.append(writer)
        if self.is_dead:
            self.swallowed += 1
            return
        there, here = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers.append(here)
        await asyncio.gather(self.pass_on(reader, here), self.pass_on(there, writer))

    async def pass_on(self, reader, writer) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except OSError:
            pass
        writer.close()


async def in_a_cut(line: Line, is_back) -> float:
    """Breaks all connections, has one try vanish, and returns how long after the end of that the client is back."""
    line.is_dead = True
    line.break_all()
    await eventually(lambda: line.swallowed, "a try while the line is cut")
    line.is_dead = False
    began = time.monotonic()
    await eventually(is_back, "it is back", 20)
    return time.monotonic() - began


def test_the_clients_do_not_wait_for_a_try_that_began_in_a_cut(run):
    """What such a try has sent is lost. The kernel sends it again after 1 s, 3 s, 7 s: another one is there before."""
    async def life(proxy, backend, url):
        async with Line(proxy.port) as line:
            url = f"ws://127.0.0.1:{line.port}/"
            async with NodeClient(url) as one:
                one.order("say 1")
                await one.until("heard")
                assert await in_a_cut(line, lambda: "resume " in one.lines) < 4
                one.order("close 1000")
                await one.until("closed 1000")
            line.swallowed = 0
            async with connect(url, proxy=None) as one:
                await one.send("a")
                await one.recv()
                assert await in_a_cut(line, lambda: one.resumed) < 4

    through(run, life)


def test_resume_js_tells_when_the_session_is_gone(run):
    async def life(proxy, backend, url):
        async with NodeClient(url) as one:
            one.order("say 1")
            await one.until("heard")
            await backend.sockets[0].close(4000, "enough")
            await one.until("closed 4000 enough")
        async with NodeClient(url) as one:
            one.order("say 1")
            await one.until("heard")
            backend.sockets[0].transport.abort()
            await one.until("closed 1011")

    through(run, life)


def test_resume_js_is_a_plain_websocket_elsewhere(run):
    """Straight to the backend, and through a route without any of it."""
    async def life(proxy, backend, url):
        async with NodeClient(f"ws://{backend.address}/") as one:
            one.order("say 3")
            await one.until("heard", 3)
            one.order("cut")
            await one.until("closed 1006")
            assert one.heard == numbers(3)

    through(run, life)


def test_resume_js_is_small():
    text = (machine.ROOT / "deploy" / "clients" / "resume.js").read_text()
    assert len(text.encode()) < 6 * 1024
    assert text.count("require(") == 1 and "import " not in text, "it depends on nothing but what its user gives it"


@pytest.mark.parametrize("workers", [1, 2])
def test_the_python_client_misses_nothing(run, workers):
    async def life(proxy, backend, url):
        chance = random.Random(3)
        async with connect(url, subprotocols=["v1.chat"], proxy=None, longest_wait=0.5) as one:
            assert one.subprotocol == "v1.chat"
            heard: list = []

            async def listen():
                async for message in one:
                    heard.append(message)
            listening = asyncio.create_task(listen())
            said = 0
            for turn in range(8):
                for _ in range(chance.randrange(10, 80)):
                    await one.send(str(said))
                    said += 1
                    if chance.random() < 0.1:
                        await asyncio.sleep(0)
                if one._socket:
                    one._socket.transport.abort()
                await one.send(str(said))
                said += 1
                await eventually(lambda: one.resumed > turn, "it is back")
            await eventually(lambda: len(heard) == said, "all is heard")
            assert heard == numbers(said) == backend.messages
            assert len(backend.paths) == 1
        await listening

    through(run, life, protocol="v1.chat", workers=workers)


def test_the_python_client_tells_when_the_session_is_gone(run):
    async def life(proxy, backend, url):
        async with connect(url, proxy=None, longest_wait=0.3) as one:
            await one.send("a")
            assert await one.recv() == "a"
            await backend.sockets[0].close(4000, "enough")
            with pytest.raises(ConnectionClosed) as closed:
                await one.recv()
            assert closed.value.rcvd.code == 4000
        async with connect(url, proxy=None, longest_wait=0.3) as one:
            await one.send("a")
            await one.recv()
            one._socket.transport.abort()
            with pytest.raises(ConnectionClosed):
                await gone(one, proxy)

    async def gone(one, proxy):
        """It is away for longer than the session waits."""
        one._uri = "ws://127.0.0.1:1/"
        await eventually(lambda: logged(proxy, "did not come back"), "the session is given up")
        one._uri = f"ws://127.0.0.1:{proxy.port}/"
        return await asyncio.wait_for(one.recv(), 15)

    through(run, life, within="1s")


def test_the_python_client_is_a_plain_one_elsewhere(run):
    async def life(proxy, backend, url):
        async with connect(f"ws://{backend.address}/", proxy=None) as one:
            await one.send("a")
            assert await one.recv() == "a"
            one._socket.transport.abort()
            with pytest.raises(ConnectionClosed):
                await one.recv()

    through(run, life)


# MARK: the example, in a browser

def chat() -> Process:
    return Process(["node", str(EXAMPLES / "node-chat" / "server.js")])


def restart(backend: Process) -> None:
    backend.process.terminate()
    backend.process.wait(10)
    backend.__enter__()


def example(one: Process, two: Process, port: int) -> str:
    """The example's own configuration, with other ports."""
    text = (EXAMPLES / "node-chat" / "proxy.conf").read_text()
    for old, new in (("127.0.0.1:9001", one.address), ("127.0.0.1:9011", two.address),
                     ("127.0.0.1:8080", f"127.0.0.1:{port}")):
        assert old in text
        text = text.replace(old, new)
    return text


def moves(proxy) -> int:
    """What comes often stands in one line a second, with its count."""
    return sum(json.loads(line).get("count", 1) for line in list(proxy.err) if "session moved" in line)


@in_one
@pytest.mark.alone
def test_the_examples_page_stays_connected_while_its_backends_are_restarted(run, page):
    port = machine.free_port()
    with chat() as one, chat() as two, run(example(one, two, port), tls=False, port=port) as proxy:
        page.open(f"http://localhost:{port}/chat.html?name=Ada")
        page.wait_text("#log", lambda text: "you are Ada" in text, "it has joined")
        for turn, backend in enumerate((one, two, one, two)):
            restart(backend)
            # It may wait for its backend: nothing is lost meanwhile.
            page.evaluate(f"say({json.dumps({'type': 'message', 'text': f'turn {turn}'})})")
            page.wait_text("#log", lambda text: f"Ada: turn {turn}" in text, "it is heard")
        assert [page.text(f"#{part}") for part in ("opened", "closed", "state")] == ["1", "0", "open"]
        machine.eventually(lambda: moves(proxy) >= 2, "it has moved")
        assert page.text("#log").count("you are Ada") == 1
        page.screenshot(machine.artefacts() / "node-chat.png")


@in_each
@pytest.mark.alone
def test_a_page_that_loses_its_connection_comes_back(run, page):
    port = machine.free_port()
    with chat() as one, chat() as two, run(example(one, two, port), tls=False, port=port):
        page.open(f"http://localhost:{port}/chat.html?name=Ada")
        page.wait_text("#log", lambda text: "you are Ada" in text, "it has joined")
        for turn in range(3):
            # Kills the connections of clients, with a reset.
            subprocess.run(["ss", "-K", "state", "established", "sport", "=", f":{port}"], check=True,
                           stdout=subprocess.DEVNULL)
            page.evaluate(f"say({json.dumps({'type': 'message', 'text': f'cut {turn}'})})")
            page.wait_text("#log", lambda text: f"Ada: cut {turn}" in text, "it is heard")
        assert [page.text(f"#{part}") for part in ("opened", "closed", "state")] == ["1", "0", "open"]


@in_each
@pytest.mark.alone
def test_a_page_on_http2_comes_back_whichever_worker_or_process_it_comes_to(run, page):
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(chat())
        proxy = stack.enter_context(run(config(backend, workers=3)))
        page.open(f"https://localhost:{proxy.port}/chat.html?name=Ada")
        page.wait_text("#log", lambda text: "you are Ada" in text, "it has joined")
        for turn in range(4):
            if turn == 2:
                stack.callback(hand_over(proxy).kill)
            subprocess.run(["ss", "-K", "state", "established", "sport", "=", f":{proxy.port}"], check=True,
                           stdout=subprocess.DEVNULL)
            page.evaluate(f"say({json.dumps({'type': 'message', 'text': f'cut {turn}'})})")
            page.wait_text("#log", lambda text: f"Ada: cut {turn}" in text, "it is heard")
        assert [page.text(f"#{part}") for part in ("opened", "closed", "state")] == ["1", "0", "open"]
        assert page.text("#log").count("Ada: cut") == 4


# MARK: what the article shows

def blocks(language: str) -> list[str]:
    text = (machine.ROOT / "Sources" / "Proxy" / "Proxy.docc" / "Continuity.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def test_the_articles_clients_run(run):
    async def life(proxy, backend, url):
        script, = [block for block in blocks("js") if "ResumingWebSocket" in block]
        environment = Process([]).environment
        node = await asyncio.create_subprocess_exec(
            "node", "-e", f"const url = '{url}';\n{script}", cwd=machine.ROOT / "deploy" / "clients",
            env=environment, stdout=asyncio.subprocess.PIPE)
        assert (await asyncio.wait_for(node.stdout.readline(), 20)).strip() == b"hello"
        await backend.sockets[0].close(4000)
        assert (await asyncio.wait_for(node.stdout.readline(), 20)).strip() == b"gone 4000"
        await node.wait()

        said: list = []
        names = {"print": said.append}
        exec(next(block for block in blocks("python") if "async def talk" in block), names)
        talking = asyncio.create_task(names["talk"](url))
        await eventually(lambda: said == ["hello"], "the echo")
        await backend.sockets[0].close(1000)
        await asyncio.wait_for(talking, 10)

    through(run, life)


@pytest.mark.parametrize("language", ["js", "python"])
def test_the_articles_backends_find_their_state_again(run, tmp_path, language):
    """The same process, or one that has the same store, goes on counting where it was."""
    block = next(block for block in blocks(language) if "store" in block)

    async def life(proxy) -> None:
        async with plain(f"ws://127.0.0.1:{proxy.port}/", proxy=None) as socket:
            await socket.send("a")
            assert await socket.recv() == "1 a"
            (tmp_path / "close").touch()
            await eventually(lambda: logged(proxy, "session moved"), "the move")
            await socket.send("b")
            assert await socket.recv() == "2 b"

    async def with_node() -> None:
        script = f"""
            const {{ WebSocketServer }} = require('ws');
            const store = new Map();
            const server = new WebSocketServer({{ host: '127.0.0.1', port: process.env.PORT }});
            {block}
            setInterval(() => {{
                if (!require('fs').existsSync('{tmp_path}/close')) return;
                require('fs').unlinkSync('{tmp_path}/close');
                for (const socket of server.clients) socket.close(1012);
            }}, 50);"""
        with Process(["node", "-e", script]) as backend:
            with run(continued(backend), tls=False) as proxy:
                await asyncio.wait_for(life(proxy), 30)

    async def with_python() -> None:
        names: dict = {"store": {}}
        exec(block, names)
        async with Backend() as backend:
            backend.server.close()
            await backend.server.wait_closed()
            server = await serve(names["serve_one"], "127.0.0.1", backend.port, process_request=names["judge"],
                                 ping_interval=None)

            async def watch() -> None:
                while not (tmp_path / "close").exists():
                    await asyncio.sleep(0.05)
                for connection in list(server.connections):
                    await connection.close(1012)
            watching = asyncio.create_task(watch())
            with run(continued(backend), tls=False) as proxy:
                await asyncio.wait_for(life(proxy), 30)
                names["store"].clear()
                async with plain(f"ws://127.0.0.1:{proxy.port}/", proxy=None) as socket:
                    await socket.send("a")
                    await socket.recv()
                    names["store"].clear()
                    for connection in list(server.connections):
                        await connection.close(1012)
                    with pytest.raises(ConnectionClosed) as closed:
                        await asyncio.wait_for(socket.recv(), 10)
                    assert closed.value.rcvd.code == 1012 and "taken up" in closed.value.rcvd.reason
            await watching
            server.close()

    asyncio.run(with_node() if language == "js" else with_python())


def continued(backend) -> dict:
    return {"routes": [route("/", "only")], "upstreams": {"only": upstream(backend.address, continuity={})}}
