"""A page and its WebSockets in Chromium, on one HTTP/2 connection."""

import json
import signal
from pathlib import Path

import pytest

from support import machine
from support.backends import node_echo
from support.devtools import Browser, find
from support.proxy import configuration

pytestmark = [pytest.mark.alone, pytest.mark.skipif(not find(), reason="no Chromium")]

PAGE = """<!doctype html><title>sockets</title><script>
const closes = [], echoes = [];
const sockets = Array.from({length: 20}, (_, number) => {
    const socket = new WebSocket('wss://' + location.host + '/ws/' + number);
    socket.onopen = () => socket.send('hello ' + number + ' ' + 'x'.repeat(500));
    socket.onmessage = (event) => echoes.push(event.data);
    socket.onclose = (event) => closes.push([event.code, event.wasClean]);
    return socket;
});
</script>"""


def connections(port: int) -> int:
    """Established connections to a port of this machine."""
    count = 0
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            count += columns[1].endswith(f":{port:04X}") and columns[3] == "01"
    return count


@pytest.fixture(scope="module")
def echo():
    with node_echo() as backend:
        yield backend


@pytest.fixture
def edge(run, echo):
    config = configuration(echo.address, workers=1, timeouts={"drain": "20s", "close": "10s"})
    config["routes"].insert(0, {"name": "page", "match": {"path": "/page"},
                                "respond": {"status": 200, "body": PAGE, "content_type": "text/html"}})
    with run(config) as proxy:
        yield proxy


@pytest.fixture
def page(edge):
    with Browser() as browser:
        browser.open(f"https://localhost:{edge.port}/page")
        machine.eventually(lambda: browser.evaluate("echoes.length") == 20, "all sockets echo", 60)
        yield browser


def of(browser, method: str) -> list[dict]:
    return [event["params"] for event in browser.events if event.get("method") == method]


def test_page_and_sockets_share_one_connection(edge, page):
    assert sorted(page.evaluate("echoes")) == sorted(f"hello {number} " + "x" * 500 for number in range(20))
    document = next(got["response"] for got in of(page, "Network.responseReceived")
                    if got["response"]["url"].endswith("/page"))
    assert document["protocol"] == "h2"
    answers = of(page, "Network.webSocketHandshakeResponseReceived")
    assert len(answers) == 20
    for answer in answers:
        # Over HTTP/1.1 this is 101 with an accept value.
        headers = {name.lower(): value for name, value in answer["response"]["headers"].items()}
        assert answer["response"]["status"] == 200
        assert "permessage-deflate" in headers["sec-websocket-extensions"]
        assert "sec-websocket-accept" not in headers and "upgrade" not in headers
    assert page.evaluate("sockets.every(socket => socket.extensions.includes('permessage-deflate'))")
    # A browser may open another one ahead of need, and lets go of it when nothing came of it.
    machine.eventually(lambda: connections(edge.port) == 1, "there is one connection", 30)
    page.evaluate("sockets[0].close(4000, 'enough')")
    machine.eventually(lambda: page.evaluate("closes.length") == 1, "it closes")
    assert page.evaluate("closes") == [[4000, True]]
    line = json.loads(edge.wait_log('"close_code":4000'))
    assert line["closed_by"] == "client" and line["http"] == 2
    page.evaluate("sockets[1].send('after')")
    machine.eventually(lambda: page.evaluate("echoes.includes('after')"), "the others go on")


def test_a_reload_loses_no_session(edge, page):
    for _ in range(10):
        count = len([line for line in edge.err if "configuration reloaded" in line])
        edge.process.send_signal(signal.SIGHUP)
        machine.eventually(
            lambda: len([line for line in edge.err if "configuration reloaded" in line]) > count, "it reloads")
    page.evaluate("sockets.forEach((socket, number) => socket.send('again ' + number))")
    machine.eventually(lambda: page.evaluate("echoes.length") == 40, "all echo again")
    assert page.evaluate("closes.length") == 0 and connections(edge.port) == 1


def test_a_drain_closes_every_session_in_order(edge, page):
    edge.process.send_signal(signal.SIGTERM)
    machine.eventually(lambda: page.evaluate("closes.length") == 20, "all close", 30)
    assert page.evaluate("closes") == [[1012, True]] * 20
    assert edge.process.wait(30) == 0
