"""The three example backends behind one TLS listener, routed by path, spoken to by real client libraries."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import backends, machine
from support.backends import ScriptedBackend
from support.machine import FULL
from support.proxy import configuration, route, upstream
from support.wire import BINARY, CONTINUATION, TEXT

SIZES = [0, 1, 125, 126, 127, 65535, 65536]
MIB = 1 << 20
BACKENDS = ["node", "swift"]


def prose(size: int) -> str:
    """Text of this many characters that compresses as chat does, not a hundredfold."""
    lines = (f"{number * 2654435761 % 4294967296:x} Trunkline – 線路 {number}\n" for number in range(size // 16 + 1))
    return "".join(lines)[:size]


@pytest.fixture(scope="module")
def edge(shared_run, node_chat, node_ticker, swift_chat):
    routes = [route(f"/{name}/", name, rewrite={"strip_prefix": f"/{name}"}) for name in ("node", "swift", "ticker")]
    upstreams = {"node": upstream(node_chat.address), "swift": upstream(swift_chat.address),
                 "ticker": upstream(node_ticker.address)}
    with shared_run({"routes": routes, "upstreams": upstreams, "compression": {"mode": "edge"}}) as proxy:
        yield proxy


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_messages_of_every_length_form_come_back(edge, backend, compression):
    with edge.connect(f"/{backend}/echo", compression=compression) as client:
        extensions = client.response.headers.get("Sec-WebSocket-Extensions", "")
        assert ("permessage-deflate" in extensions) == (compression is not None)
        for size in SIZES:
            text = prose(size)
            noise = os.urandom(size)
            client.send(text)
            client.send(noise)
            assert client.recv(timeout=10) == text, f"text of {size}"
            assert client.recv(timeout=10) == noise, f"binary of {size}"


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_fragments_come_back_as_one_message(edge, backend, compression):
    with edge.connect(f"/{backend}/echo", compression=compression) as client:
        long = prose(180_000)
        client.send(["first, ", "", "second, ", long])
        assert client.recv(timeout=10) == "first, second, " + long
        client.send([b"\x00\x01", b"\xff" * 70000])
        assert client.recv(timeout=10) == b"\x00\x01" + b"\xff" * 70000


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ping_is_answered_with_its_payload_even_between_fragments(edge, backend):
    with edge.connect(f"/{backend}/echo") as client:
        client.ping(b"are you there")
        client.ping(b"x" * 125)
    with edge.upgraded(f"/{backend}/echo") as wire:
        wire.send(TEXT, b"half ", fin=False)
        wire.send(0x9, b"between")
        wire.send(CONTINUATION, b"whole")
        frames = [wire.read_frame(), wire.read_frame()]
        pong = next(got for got in frames if got.opcode == 0xA)
        data = next(got for got in frames if got.opcode == TEXT)
        assert (pong.payload, data.payload) == (b"between", b"half whole")


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_sixteen_mebibytes_fit_the_default_limit(edge, compression):
    for payload in (os.urandom(16 * MIB), os.urandom(8 * MIB).hex().encode()):
        with edge.connect("/node/echo", compression=compression) as client:
            client.send(payload)
            assert client.recv(timeout=60) == payload


def test_a_larger_message_passes_where_the_limits_allow_it(run, node_chat):
    limits = {"frame": "32MiB", "message": "32MiB"}
    with run({"routes": [route("/", "node", limits=limits)], "upstreams": {"node": upstream(node_chat.address)}}) as proxy:
        with proxy.connect("/echo") as client:
            payload = os.urandom(24 * MIB)
            client.send(payload)
            assert client.recv(timeout=60) == payload


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_people_chat(edge, backend):
    def expect(client, kind):
        while True:
            got = json.loads(client.recv(timeout=5))
            if got["type"] == kind:
                return got

    with edge.connect(f"/{backend}/", subprotocols=["chat.v1"]) as ada, \
            edge.connect(f"/{backend}/", subprotocols=["chat.v1"], compression="deflate") as bob:
        assert ada.subprotocol == bob.subprotocol == "chat.v1"
        ada.send(json.dumps({"type": "join", "name": "Ada"}))
        assert expect(ada, "welcome")["name"] == "Ada"
        bob.send(json.dumps({"type": "join", "name": "Bob"}))
        assert "Ada" in expect(bob, "welcome")["here"]
        assert expect(ada, "joined")["name"] == "Bob"
        ada.send(json.dumps({"type": "message", "text": "grüß dich, 鮑勃"}))
        got = expect(bob, "message")
        assert (got["from"], got["text"]) == ("Ada", "grüß dich, 鮑勃")
        bob.send(json.dumps({"type": "who"}))
        assert sorted(expect(bob, "here")["names"]) == ["Ada", "Bob"]
        bob.close()
        assert expect(ada, "left")["name"] == "Bob"


def test_the_ticker_sends_a_snapshot_and_then_quotes(edge):
    with edge.connect("/ticker/", compression="deflate") as client:
        kinds = [json.loads(client.recv(timeout=10))["type"] for _ in range(4)]
        assert kinds[0] == "snapshot" and "quotes" in kinds


@pytest.mark.parametrize("compress", ["0", "1"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_node_client_agrees(edge, authority, backend, compress):
    script = Path(__file__).parent / "support" / "client.js"
    environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs", "COMPRESS": compress,
                   "NODE_EXTRA_CA_CERTS": str(authority.certificate().certificate)}
    done = subprocess.run(["node", str(script), edge.url(f"/{backend}/echo")], env=environment, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["messages"] == 20 and report["pong"] == "node" and report["close"] == [4999, "done"]
    assert ("permessage-deflate" in report["extensions"]) == (compress == "1")


def test_a_long_conversation_keeps_order(edge):
    with edge.connect("/node/echo", compression="deflate") as client:
        for start in range(0, 200_000 if FULL else 4000, 100):
            sent = [f"{number} " + "x" * (number % 300) for number in range(start, start + 100)]
            for text in sent:
                client.send(text)
            assert [client.recv(timeout=10) for _ in sent] == sent


def test_a_client_that_resets_ends_the_backend_session(run):
    ended = []

    def script(wire, head):
        wire.accept(head)
        wire.read_frame()
        ended.append(wire.is_ended(10))

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        wire = proxy.upgraded("/")
        wire.send(BINARY, b"here I am")
        wire.reset()
        machine.eventually(lambda: ended, "the backend's connection ends")
        assert ended == [True]


def test_a_backend_that_resets_gives_the_client_1011(run):
    def script(wire, head):
        wire.accept(head)
        wire.read_frame()
        wire.reset()

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, proxy.upgraded("/") as wire:
        wire.send(TEXT, b"go away")
        assert wire.read_until_close().close_code == 1011


def test_a_killed_backend_gives_the_client_1011(run):
    with backends.node_chat() as backend, run(configuration(backend.address)) as proxy, proxy.upgraded("/echo") as wire:
        wire.send(TEXT, b"still here")
        assert wire.read_message() == (TEXT, b"still here")
        backend.kill()
        assert wire.read_until_close().close_code == 1011
        assert wire.is_ended()
