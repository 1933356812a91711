"""WebSockets on HTTP/2 streams (RFC 8441): what they have over HTTP/1.1, and what sharing a connection must not cost."""

import json
import re
import signal
import threading
import time
import zlib

import pytest
from h2.settings import SettingCodes

from support import machine
from support.backends import LibraryBackend, ScriptedBackend, node_echo
from support.http2 import Http2
from support.proxy import configuration
from support.wire import BINARY, CLOSE, PING, PONG, TEXT, Ended, Wire, frame


@pytest.fixture(scope="module")
def echo():
    with node_echo() as backend:
        yield backend


@pytest.fixture(scope="module")
def edge(shared_run, echo):
    config = configuration(echo.address, workers=1, limits={"message": "4MiB"})
    with shared_run(config) as proxy:
        yield proxy


@pytest.fixture
def client(edge):
    with Http2(edge) as connection:
        yield connection


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 1_000_000])
def test_messages_of_every_length_form_come_back(client, size):
    wire = client.upgraded()
    wire.send(BINARY, b"z" * size)
    assert wire.read_message() == (BINARY, b"z" * size)


def test_text_fragments_and_pings(client):
    wire = client.upgraded()
    wire.send(TEXT, b"one ", fin=False)
    wire.send(PING, b"there?")
    got = wire.read_frame()
    assert (got.opcode, got.payload) == (PONG, b"there?")
    wire.send(0, "線路".encode())
    assert wire.read_message() == (TEXT, "one 線路".encode())


def test_a_frame_arrives_however_it_is_split(client):
    wire = client.upgraded()
    data = frame(TEXT, b"abcdefgh" * 20, mask=b"1234")
    for start in range(len(data)):
        wire.sock.sendall(data[start:start + 1])
    assert wire.read_message() == (TEXT, b"abcdefgh" * 20)


def test_what_comes_before_the_answer_is_not_lost(client):
    stream = client.connect()
    stream.sendall(frame(TEXT, b"early", mask=b"1234"))
    assert stream.head.status == 200
    assert Wire(stream).read_message() == (TEXT, b"early")


def test_many_sessions_share_a_connection(client):
    wires = [client.upgraded(f"/{number}") for number in range(100)]
    for turn in range(3):
        for number, wire in enumerate(wires):
            wire.send(TEXT, f"{turn} {number}".encode())
        for number, wire in enumerate(wires):
            assert wire.read_message() == (TEXT, f"{turn} {number}".encode())
    for wire in wires:
        wire.send_close()
    for wire in wires:
        assert wire.read_frame().close_code == 1000


def test_the_version_may_be_left_out_but_not_be_another(client):
    assert client.upgraded(version=None)
    stream = client.connect(version="8")
    assert (stream.head.status, stream.head.get("sec-websocket-version")) == (426, "13")
    assert "upgrade" not in stream.head.spellings


def test_the_answer_has_nothing_of_an_upgrade(client):
    stream = client.connect()
    assert stream.head.status == 200
    assert not {"connection", "upgrade", "sec-websocket-accept", "sec-websocket-extensions"} & set(stream.head.spellings)


def test_compression_is_negotiated_at_the_edge(client):
    stream = client.connect(fields=[("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")])
    assert stream.head.get("sec-websocket-extensions").startswith("permessage-deflate")
    wire = Wire(stream, masking=True)
    text = json.dumps([{"symbol": "ALBA", "price": 182.4}] * 50).encode()
    packer = zlib.compressobj(wbits=-12)
    wire.send(TEXT, (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)
    got = wire.read_frame()
    assert got.rsv == 4 and len(got.payload) < len(text) / 4
    assert zlib.decompressobj(wbits=-15).decompress(got.payload + b"\0\0\xff\xff") == text


def test_subprotocols_and_closes_go_across(run):
    with LibraryBackend(subprotocols=["v2.chat", "v1.chat"]) as backend, \
            run(configuration(backend.address)) as proxy, Http2(proxy) as client:
        stream = client.connect(fields=[("sec-websocket-protocol", "v1.chat, v2.chat"), ("x-mine", "1")])
        assert stream.head.get("sec-websocket-protocol") == "v2.chat"
        machine.eventually(lambda: backend.requests, "the backend has begun")
        assert backend.requests[0].headers["X-Mine"] == "1"
        assert backend.requests[0].headers["X-Forwarded-Proto"] == "https"
        wire = Wire(stream, masking=True)
        wire.send_close(4001, "bye")
        assert wire.read_frame().close_code == 4001
        assert wire.is_ended()
        machine.eventually(lambda: backend.closes == [(4001, "bye")], "the backend has the close")

        offer = [("sec-websocket-protocol", "v1.chat")]
        other = client.upgraded(fields=offer)
        other.send(TEXT, b"close 4002 enough")
        got = other.read_frame()
        assert (got.close_code, got.close_reason) == (4002, "enough")
        other.send_close(4002)
        assert other.is_ended()

        third = client.upgraded(fields=offer)
        third.sock.close()
        machine.eventually(lambda: len(backend.closes) == 3, "the backend sees the third end")
        assert None in backend.closes
        line = json.loads(proxy.wait_log('"close_code":4001'))
        assert line["closed_by"] == "client" and line["subprotocol"] == "v2.chat"


def test_a_lost_backend_and_a_broken_rule_have_their_codes(run, client):
    def script(wire, head):
        wire.accept(head)
        wire.read_frame()
        wire.reset()
    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, Http2(proxy) as other:
        wire = other.upgraded()
        wire.send(TEXT, b"go")
        assert wire.read_frame().close_code == 1011
    wire = client.upgraded()
    wire.send(TEXT, b"unmasked", mask=None)
    assert wire.read_frame().close_code == 1002
    assert wire.is_ended()
    large = client.upgraded()
    large.send(BINARY, declared=5 << 20)
    assert large.read_frame().close_code == 1009


def test_a_refusal_passes_with_its_body(run):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nnope\n")
    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, Http2(proxy) as client:
        stream = client.connect()
        assert (stream.head.status, stream.head.get("www-authenticate")) == (401, "Basic")
        assert stream.body() == b"nope\n"
    port = machine.free_port()
    with run(configuration(f"127.0.0.1:{port}")) as proxy, Http2(proxy) as client:
        assert client.connect().head.status == 502


def test_a_stalled_stream_does_not_stop_the_others(run, echo):
    config = configuration(echo.address, workers=1, timeouts={"slow_consumer": "1s"}, limits={"buffer": "64KiB"})
    with run(config) as proxy, Http2(proxy) as client:
        stalled, busy = client.upgraded(), [client.upgraded() for _ in range(5)]
        stalled.sock.reads = False
        before = proxy.resident_kib
        times = []
        for turn in range(100):
            if turn < 60:
                stalled.send(BINARY, b"s" * 16_000)
            for wire in busy:
                began = time.monotonic()
                wire.send(TEXT, b"quick")
                assert wire.read_message() == (TEXT, b"quick")
                times.append(time.monotonic() - began)
        assert sorted(times)[int(len(times) * 0.99)] < 0.5
        proxy.expect_memory(below=before + 8 * 1024)
        client.until(lambda: stalled.sock.reset is not None)
        line = json.loads(proxy.wait_log('"cause":"took no bytes', 5))
        assert line["closed_by"] == "proxy"
        busy[0].send(TEXT, b"still here")
        assert busy[0].read_message() == (TEXT, b"still here")


def test_a_slow_backend_closes_its_streams_window_only(run, echo):
    release = threading.Event()

    def script(wire, head):
        wire.accept(head)
        release.wait(20)
        wire.read_all()
    config = {"workers": 1, "limits": {"buffer": "64KiB"},
              "routes": [{"name": "slow", "match": {"path": "/slow"}, "upstream": "slow"},
                         {"name": "echo", "match": {"path": "/"}, "upstream": "echo"}]}
    with ScriptedBackend(script) as backend:
        config["upstreams"] = {"slow": {"backends": [{"address": backend.address}]},
                               "echo": {"backends": [{"address": echo.address}]}}
        with run(config) as proxy, Http2(proxy) as client:
            slow, quick = client.upgraded("/slow"), client.upgraded()
            window = client.h2.local_flow_control_window
            sent = 0
            while True:
                while window(slow.sock.number) > 2000:
                    slow.send(BINARY, b"b" * 1000)
                    sent += 1000
                    assert sent < 32 << 20, "nothing holds the sender back"
                quick.send(TEXT, b"go on")
                assert quick.read_message() == (TEXT, b"go on")
                if window(slow.sock.number) <= 2000:
                    break
            release.set()
            client.until(lambda: window(slow.sock.number) > 20_000)
            assert window(slow.sock.number) > 20_000


def test_a_reload_leaves_streams_alone_and_new_ones_are_of_the_new_kind(run, echo):
    config = configuration(echo.address, workers=1)
    with run(config) as proxy, Http2(proxy) as client:
        old = client.upgraded()
        config["routes"] = [{"name": "gone", "match": {"path": "/new"}, "respond": {"status": 410, "body": "x"}},
                            *config["routes"]]
        (proxy.folder / "proxy.conf").write_text(json.dumps({**json.loads(proxy.config), "routes": config["routes"]}))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("configuration reloaded")
        machine.eventually(lambda: client.request("/new").head.status == 410, "new requests get the new table")
        old.send(TEXT, b"still here")
        assert old.read_message() == (TEXT, b"still here")
        assert not client.goaways


def test_a_drain_says_so_twice_and_lets_each_session_close(run, echo):
    with run(configuration(echo.address, workers=1)) as proxy, Http2(proxy) as client:
        wires = [client.upgraded() for _ in range(20)]
        proxy.process.send_signal(signal.SIGTERM)
        for wire in wires:
            got = wire.read_until_close()
            assert got.close_code == 1012
            wire.send_close(1012)
        client.until(lambda: False)
        assert client.goaways[0] == (2**31 - 1, 0)
        assert all(code == 0 for _, code in client.goaways)
        assert all(wire.sock.reset in (None, 0) for wire in wires)
        assert proxy.process.wait(10) == 0


def test_a_connection_that_breaks_ends_all_its_sessions(run):
    with LibraryBackend() as backend, run(configuration(backend.address, workers=1)) as proxy:
        with Http2(proxy) as client:
            for _ in range(10):
                client.upgraded()
        machine.eventually(lambda: len(backend.closes) == 10, "the backend sees them end")
        machine.eventually(
            lambda: len([event for event in proxy.events if event["message"] == "session ended"]) == 10, "all logged")


def test_a_close_that_ends_its_stream_is_answered(client):
    # As Chromium sends it.
    wire = client.upgraded()
    wire.sock.sendall(frame(CLOSE, b"\x0f\xa0bye", mask=b"1234"), end=True)
    got = wire.read_frame()
    assert (got.close_code, got.close_reason) == (4000, "bye")
    client.until(lambda: wire.sock.ended)
    assert wire.sock.reset in (None, 0)


@pytest.mark.parametrize("by, mode", [("client", "session"), ("backend", "session"), ("client", "broadcast")])
def test_a_stream_that_never_ends_is_let_go_of(run, by, mode):
    # As Firefox leaves it: it has both Closes, and forgets the stream.
    with LibraryBackend() as backend:
        config = configuration(backend.address, timeouts={"close": "60s"})
        config["upstreams"]["only"] |= {"mode": mode, "pool": {"warm": 0}}
        with run(config) as proxy, Http2(proxy) as client:
            wire = client.upgraded()
            if by == "backend":
                wire.send(TEXT, b"close 4001 enough")
                assert wire.read_frame().close_code == 4001
            wire.send_close(4001)
            if by == "client":
                assert wire.read_frame().close_code == 4001
            client.until(lambda: wire.sock.reset is not None)
            assert wire.sock.ended and wire.sock.reset == 0
            assert json.loads(proxy.wait_log('"close_code":4001'))["closed_by"] == by


def test_a_close_waits_for_a_client_that_has_no_window(run):
    with LibraryBackend() as backend, run(configuration(backend.address, timeouts={"close": "60s"})) as proxy, \
            Http2(proxy) as client:
        client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        wire = client.upgraded()
        wire.send_close(4001)
        time.sleep(1.5)
        client.h2.increment_flow_control_window(1000, wire.sock.number)
        client.flush()
        assert wire.read_frame().close_code == 4001
        client.until(lambda: wire.sock.reset is not None)
        assert wire.sock.ended and wire.sock.reset == 0


@pytest.mark.parametrize("mode", ["session", "feed"])
def test_compressed_messages_of_many_sessions_wait_for_each_other_and_all_arrive(run, mode):
    """More contexts than their connection may hold: those that have begun end first, whatever waits behind them."""
    offer = [("sec-websocket-extensions", "permessage-deflate; client_no_context_takeover")]
    plain = "".join(f"{number * 7919 % 1000}," for number in range(600)).encode()
    squeeze = zlib.compressobj(wbits=-15)
    packed = (squeeze.compress(plain) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]
    came: list[bytes] = []

    def reader(wire, head):
        wire.accept(head)
        while (got := wire.read_frame()).opcode != CLOSE:
            if got.opcode in (0, TEXT):
                came.append(got.payload)
            if got.opcode == TEXT:
                wire.send(TEXT, b"%d" % len(plain))

    with ScriptedBackend(reader) as backend:
        config = configuration(backend.address, workers=1, compression={"mode": "edge"}, timeouts={"idle": 0})
        if mode == "feed":
            config["upstreams"]["only"] |= {"mode": "broadcast", "broadcast": {"client_messages": "forward"}}
        with run(config) as proxy, Http2(proxy) as connection:
            wires = [connection.upgraded(fields=offer) for _ in range(60)]
            pieces = frame(TEXT, packed, rsv=4, mask=b"1234")
            for wire in wires:
                wire.sock.sendall(pieces[:len(packed) // 2])
            time.sleep(0.2)
            for wire in wires:
                wire.sock.sendall(pieces[len(packed) // 2:])
            if mode == "session":
                assert all(wire.read_message() == (TEXT, b"%d" % len(plain)) for wire in wires)
            machine.eventually(lambda: sum(map(len, came)) == 60 * len(plain), "all of them arrive", 10)
