"""A page and its WebSockets in a browser, on one HTTP/2 connection."""

import json
import signal
from pathlib import Path

import pytest

from support import machine
from support.backends import node_echo
from support.browsers import in_each, in_one
from support.proxy import configuration

pytestmark = pytest.mark.alone

# Chromium opens no more than some in a second.
COUNT = 8
PAGE = """<!doctype html><title>sockets</title><script>
const closes = [], echoes = [];
const sockets = Array.from({length: COUNT}, (_, number) => {
    const socket = new WebSocket('wss://' + location.host + '/ws/' + number);
    socket.onopen = () => socket.send('hello ' + number + ' ' + 'x'.repeat(500));
    socket.onmessage = (event) => echoes.push(event.data);
    socket.onclose = (event) => closes.push([event.code, event.wasClean]);
    return socket;
});
</script>""".replace("COUNT", str(COUNT))


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
def talking(edge, page):
    """The page, when all its sockets have heard their echo."""
    page.open(f"https://localhost:{edge.port}/page")
    machine.eventually(lambda: page.evaluate("echoes.length") == COUNT, "all sockets echo", 60)
    return page


@in_each
def test_page_and_sockets_share_one_connection(edge, talking):
    assert sorted(talking.evaluate("echoes")) == sorted(f"hello {number} " + "x" * 500 for number in range(COUNT))
    document = next(answer for answer in talking.answers() if answer.url.endswith("/page"))
    assert document.protocol == "h2"
    assert len(talking.sockets()) == COUNT
    for answer in talking.sockets():
        # Over HTTP/1.1 this is 101 with an accept value.
        assert answer.status == 200 and "permessage-deflate" in answer.headers["sec-websocket-extensions"]
        assert "sec-websocket-accept" not in answer.headers and "upgrade" not in answer.headers
    assert talking.evaluate("sockets.every(socket => socket.extensions.includes('permessage-deflate'))")
    # A browser may open another one ahead of need, and lets go of it when nothing came of it.
    machine.eventually(lambda: connections(edge.port) == 1, "there is one connection", 30)
    talking.evaluate("sockets[0].close(4000, 'enough')")
    machine.eventually(lambda: talking.evaluate("closes.length") == 1, "it closes")
    assert talking.evaluate("closes") == [[4000, True]]
    line = json.loads(edge.wait_log('"close_code":4000'))
    assert line["closed_by"] == "client" and line["http"] == 2
    talking.evaluate("sockets[1].send('after')")
    machine.eventually(lambda: talking.evaluate("echoes.includes('after')"), "the others go on")


@in_one
def test_a_reload_loses_no_session(edge, talking):
    for _ in range(10):
        count = len([line for line in edge.err if "configuration reloaded" in line])
        edge.process.send_signal(signal.SIGHUP)
        machine.eventually(
            lambda: len([line for line in edge.err if "configuration reloaded" in line]) > count, "it reloads")
    talking.evaluate("sockets.forEach((socket, number) => socket.send('again ' + number))")
    machine.eventually(lambda: talking.evaluate("echoes.length") == 2 * COUNT, "all echo again")
    assert talking.evaluate("closes.length") == 0 and connections(edge.port) == 1


@in_one
def test_a_drain_closes_every_session_in_order(edge, talking):
    edge.process.send_signal(signal.SIGTERM)
    machine.eventually(lambda: talking.evaluate("closes.length") == COUNT, "all close", 30)
    assert talking.evaluate("closes") == [[1012, True]] * COUNT
    assert edge.process.wait(30) == 0
