"""`compression: mode: both`: each leg has its own permessage-deflate, and nobody notices what the other one does."""

import itertools
import json
import os
import subprocess
import zlib
from pathlib import Path

import pytest

from support import machine
from support.backends import LibraryBackend, ScriptedBackend, node_echo
from support.conversation import converse
from support.proxy import configuration
from support.wire import BINARY, CONTINUATION, PING, PONG, TEXT, upgrade_request

TAIL = b"\x00\x00\xff\xff"
QUOTES = '{"type":"quote","symbol":"TRNK","price":17.25}' * 50
MESSAGES = ["", "a", "ä€😀" * 60, QUOTES, QUOTES, os.urandom(5000), os.urandom(40).hex() * 4000, b"", QUOTES * 40]


def both(*addresses: str, **compression) -> dict:
    return configuration(*addresses, workers=1, compression={"mode": "both", **compression})


def echo_all(client) -> int:
    """Every message back as it was; the bytes they have in all."""
    for message in MESSAGES:
        client.send(message)
        assert client.recv() == message
    return sum(len(message.encode() if isinstance(message, str) else message) for message in MESSAGES)


def ended(proxy) -> dict:
    return json.loads(proxy.wait_log(r'"session ended"'))


@pytest.mark.parametrize("front, behind", itertools.product([True, False], repeat=2))
def test_each_leg_compresses_as_it_agreed(run, front, behind):
    """Node's `ws` behind and Python's `websockets` in front; the counts of the log show what was compressed."""
    with node_echo(compress=behind) as backend, run(both(backend.address)) as proxy:
        with proxy.connect(compression="deflate" if front else None) as client:
            assert ("Sec-WebSocket-Extensions" in client.response.headers) == front
            size = echo_all(client)
        line = ended(proxy)
    assert ("extensions" in line, "backend_extensions" in line) == (front, behind)
    for leg, is_compressed in (("client", front), ("backend", behind)):
        # The random bytes stay as long as they are; the rest is a tenth of its length and less.
        for direction in ("to", "from"):
            assert (line[f"bytes_{direction}_{leg}"] < size * 2 // 3) == is_compressed, (leg, direction, line)


def test_a_backend_of_another_library(run):
    with LibraryBackend(compression="deflate") as backend, run(both(backend.address)) as proxy:
        with proxy.connect(compression="deflate") as client:
            echo_all(client)
            client.send(["piece ", "by " * 100, "piece"])
            assert client.recv() == "piece " + "by " * 100 + "piece"
        line = ended(proxy)
    assert "server_max_window_bits=12" in line["backend_extensions"]
    assert line["bytes_to_backend"] * 2 < line["messages_from_client"] * 40_000


def test_a_client_of_another_library(run, authority):
    script = Path(__file__).parent / "support" / "client.js"
    environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs", "COMPRESS": "1",
                   "NODE_EXTRA_CA_CERTS": str(authority.certificate().certificate)}
    with node_echo(compress=True) as backend, run(both(backend.address)) as proxy:
        done = subprocess.run(["node", str(script), proxy.url("/")], env=environment, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["messages"] == 20 and report["extensions"].startswith("permessage-deflate")


def test_a_small_memory_budget_loses_nothing(run):
    """Contexts of both legs are freed all the time, and the streams stay right."""
    with node_echo(compress=True) as backend, run(both(backend.address, memory_budget="90KiB")) as proxy:
        converse(proxy, turns=30)


def deflating_echo(answer: str, server_bits: int, client_bits: int, server_fresh: bool, client_fresh: bool, seen: list):
    """A script that keeps to its answer and holds the proxy to it: a larger window than agreed on fails to inflate."""
    def script(wire, head):
        seen.append(head.get("sec-websocket-extensions"))
        wire.accept(head, fields=[("Sec-WebSocket-Extensions", answer)])
        inflate, deflate = zlib.decompressobj(wbits=-client_bits), zlib.compressobj(wbits=-server_bits)
        while True:
            got = wire.read_frame()
            parts, rsv = got.payload, got.rsv
            if got.opcode == PING:
                wire.send(PONG, parts)
                continue
            if got.opcode > PING or got.opcode == 8:
                return wire.send(got.opcode, parts)
            opcode = got.opcode
            while not got.fin:
                got = wire.read_frame()
                assert got.opcode == CONTINUATION and got.rsv == 0
                parts += got.payload
            if rsv == 4:
                parts = inflate.decompress(parts + TAIL)
                if client_fresh:
                    inflate = zlib.decompressobj(wbits=-client_bits)
            seen.append(rsv)
            if server_fresh:
                deflate = zlib.compressobj(wbits=-server_bits)
            data = (deflate.compress(parts) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
            wire.send(opcode, data[:3], fin=False, rsv=4)
            wire.send(CONTINUATION, data[3:])
    return script


@pytest.mark.parametrize("answer, server_bits, client_bits", [
    ("permessage-deflate", 15, 12),
    ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, 12),
    ("permessage-deflate; server_max_window_bits=10; client_max_window_bits=9", 10, 9),
    ("permessage-deflate; server_no_context_takeover; client_max_window_bits=\"11\"", 15, 11),
    ("permessage-deflate; client_no_context_takeover; server_no_context_takeover", 15, 12),
    ("permessage-deflate; client_max_window_bits=8", 15, 0),
])
def test_every_legal_answer_of_a_backend_is_kept(run, answer, server_bits, client_bits):
    seen = []
    script = deflating_echo(answer, server_bits, max(client_bits, 9), "server_no" in answer, "client_no" in answer, seen)
    with ScriptedBackend(script) as backend, run(both(backend.address)) as proxy:
        with proxy.connect(compression="deflate") as client:
            noise = os.urandom(700).hex() * 20
            for text in (QUOTES, QUOTES, noise, noise, QUOTES):
                client.send(text)
                assert client.recv() == text
    offer, *rsv = seen
    assert offer == ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, "
                     "permessage-deflate; client_max_window_bits=12")
    # zlib can't compress with a window of 256 bytes: there the messages go as they are.
    assert set(rsv) == ({4} if client_bits else {0})


@pytest.mark.parametrize("answer", [
    "permessage-deflate; client_max_window_bits=13", "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=7", "permessage-deflate; unheard_of=1",
    "permessage-deflate; server_no_context_takeover=1", "permessage-deflate, permessage-deflate",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover", "permessage-foo", "permessage-deflate;",
])
def test_an_illegal_answer_of_a_backend_is_502(run, answer):
    def script(wire, head):
        wire.accept(head, fields=[("Sec-WebSocket-Extensions", answer)])
        wire.is_ended(5)

    with ScriptedBackend(script) as backend, run(both(backend.address)) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status == 502
        proxy.wait_log("permessage-deflate|extension")


def test_bad_deflate_data_of_a_backend_ends_the_session(run):
    def script(wire, head):
        wire.accept(head, fields=[("Sec-WebSocket-Extensions", "permessage-deflate")])
        wire.send(TEXT, b"\xff\xff\xff\xff\xff", rsv=4)
        closes.append(wire.read_until_close().close_code)

    closes = []
    with ScriptedBackend(script) as backend, run(both(backend.address)) as proxy, proxy.upgraded() as wire:
        assert wire.read_until_close().close_code == 1011
        machine.eventually(lambda: closes, "the backend is told")
        assert closes[0] in (1002, 1007)


def test_the_limits_on_backends_hold_after_inflation_those_on_clients_do_not(run):
    def script(wire, head):
        wire.accept(head, fields=[("Sec-WebSocket-Extensions", "permessage-deflate")])
        for size in (3_000_000, 5_000_000):
            squeeze = zlib.compressobj(wbits=-12)
            wire.send(BINARY, (squeeze.compress(bytes(size)) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)
        closes.append(wire.read_until_close().close_code)

    closes = []
    limits = {"message": "1MiB", "frame": "1MiB", "inflate_ratio": 10, "backend_message": "4MiB"}
    with ScriptedBackend(script) as backend, run({**both(backend.address), "limits": limits}) as proxy:
        with proxy.upgraded() as wire:
            assert wire.read_message() == (BINARY, bytes(3_000_000))
            got = wire.read_until_close()
            assert (got.close_code, got.close_reason) == (1009, "backend went over a limit: message too big: over 4194304")
        machine.eventually(lambda: closes, "the backend is told")
        assert closes == [1009]


def test_text_that_is_none_after_inflation_ends_the_session(run):
    def script(wire, head):
        wire.accept(head, fields=[("Sec-WebSocket-Extensions", "permessage-deflate")])
        squeeze = zlib.compressobj(wbits=-12)
        wire.send(TEXT, (squeeze.compress(b"fine \xff") + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)
        closes.append(wire.read_until_close().close_code)

    closes = []
    with ScriptedBackend(script) as backend, run(both(backend.address)) as proxy, proxy.upgraded() as wire:
        assert wire.read_until_close().close_code == 1011
        machine.eventually(lambda: closes, "the backend is told")
        assert closes == [1007]
