"""Peers that send as fast as they can and take nothing, and peers that send a byte now and then, in every phase of a
connection and on either side: what is held for them is bounded by what they have sent, others are served meanwhile, the
memory comes back, and deadlines hold."""

import selectors
import socket
import struct
import time
from dataclasses import dataclass
from typing import Callable

import pytest

from support import http2, machine
from support.admin import Admin, free_admin
from support.backends import ScriptedBackend, node_echo
from support.hostile import (
    BOMB, FIELD, MASK, OFFER, SENT, STREAMS, UNFINISHED, Http2Backend, Peer, RawBackend, Witness, backend_script, connected,
    continuations, end, from_table, http1, opening, session, streams, talking)
from support.machine import FULL
from support.proxy import Proxy, route, upstream
from support.wire import BINARY, CLOSE, PING, frame, upgrade_request

SECONDS = 8.0 if FULL else 0.3
PEERS = 4
# What each byte sent may cost.
RATIO = 4
# And what is held anyhow for a connection: heads under way over HTTP/2, as they came and as they are sent on, or what
# `buffer` says and a read beyond it, each with room to grow.
HELD_KIB = 1280
# What the process may grow by anyhow: its heap is cut in pieces, and there are threads, pools and contexts.
SLACK_KIB = 12 * 1024
# Others may have to wait twice as long as before, or so long: a read of each hostile peer stands before theirs. Where the
# machine has other things to do, as those show that wait without the proxy, only standing still is told from waiting.
PATIENCE, CROWDED, BUSY = 0.02, 0.05, 3.0
# Connections and sessions are made at first: from here on they are what is judged.
OPENING = SECONDS / 4

NO_WINDOW = struct.pack("!HI", 4, 0)
REQUEST = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
FRAMES = frame(BINARY, bytes(60_000), mask=MASK)
BOMBS = frame(BINARY, BOMB, rsv=4, mask=MASK) * 60
HELLO = b"\x16\x03\x01\x40\x00\x01\x00\xff\xff\x03\x03" + bytes(0x4000 - 6)
BALANCED = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x10\x00"


def asking(path: str, more: bytes | None = None, port: str = "plain"):
    """One request, and others behind it for ever."""
    return http1(first=REQUEST.format(path).encode(), more=more or REQUEST.format(path).encode() * 50, port=port)


def tunnels(path: str, **options):
    """Of WebSockets on streams."""
    return streams(talking(path, **options))


# Each is a phase of a client's connection, or of a backend's; `session` and `asking` name the backend's part by the path.
CASES = {
    # A client before and around its request.
    "h1 a TLS handshake": http1(first=HELLO, more=HELLO, port="tls"),
    "h1 no TLS where it should be": http1("GET /page", port="tls"),
    "h1 a PROXY header": http1(first=BALANCED, more=bytes(4096), port="balanced"),
    "h1 a PROXY header in text": http1(first=b"PROXY TCP4 1.2.3.4 ", more=b"1" * 4096, port="balanced"),
    "h1 fields without end": http1(first=b"GET / HTTP/1.1\r\nHost: a\r\n", more=FIELD),
    "h1 a target without end": http1(first=b"GET /", more=b"a" * 8192),
    "h1 a body nobody takes": http1(first=POST, more=b"8000\r\n" + bytes(0x8000) + b"\r\n"),
    "h1 a chunk extension": http1(first=POST, more=b"1;a=" + b"x" * 4000),
    "h1 trailers without end": http1(first=POST + b"0\r\n", more=FIELD),
    "h1 frames before the answer": http1(first=upgrade_request("/silent"), more=FRAMES),
    "h1 frames while it waits for a place": http1(first=upgrade_request("/narrow/silent"), more=FRAMES),
    "h1 frames while a feed opens": http1(first=upgrade_request("/feed/silent"), more=FRAMES),
    # Its requests and their answers.
    "h1 requests to a page": http1("GET /page"),
    "h1 requests to a page over TLS": http1("GET /page", port="secure"),
    "h1 requests to a backend": http1("GET /app"),
    "h1 an answer without end": asking("/pour"),
    "h1 an answer without end over TLS": asking("/pour", port="secure"),
    "h1 requests to the admin listener": asking("/metrics", port="admin"),
    "h1 fields without end to the admin listener": http1(first=b"GET / HTTP/1.1\r\n", more=FIELD, port="admin"),
    # Its session.
    "h1 frames for a deaf backend": session("/deaf", FRAMES),
    "h1 frames over TLS for a deaf backend": session("/deaf", FRAMES, port="secure"),
    "h1 short frames for a deaf backend": session("/deaf", frame(BINARY, b"x", mask=MASK) * 5000),
    "h1 a message without end": session("/deaf", frame(0, bytes(60_000), fin=False, mask=MASK),
                                        first=frame(BINARY, b"", fin=False, mask=MASK)),
    "h1 bombs for a deaf backend": session("/deaf", BOMBS, offer=True),
    "h1 pings without pongs": session("/deaf", frame(PING, b"x" * 100, mask=MASK) * 50),
    "h1 frames after its Close": session("/deaf", FRAMES, first=frame(CLOSE, b"\x03\xe8", mask=MASK)),
    "h1 frames for a multiplexed backend that is deaf": session("/lines/deaf", FRAMES),
    "h1 a feed, messages without end": session(
        "/feed/deaf", frame(BINARY, UNFINISHED, fin=False, rsv=4, mask=MASK), offer=True, once=True),
    "h1 a feed, bombs for its deaf backend": session("/feed/deaf", BOMBS, offer=True),
    # Backends before and around an answer.
    "h1 a backend's TLS handshake": asking("/raw-tls"),
    "h1 a backend's settings": asking("/raw-lines"),
    "h1 hints without end": asking("/hints"),
    "h1 fields of an answer without end": asking("/head"),
    "h1 fields of a 101 without end": http1(first=upgrade_request("/head"), more=FRAMES),
    "h1 trailers of an answer without end": asking("/trailers"),
    "h1 a backend's chunk extension": asking("/extension"),
    "h1 answers that nobody asked for": asking("/surplus"),
    "h1 multiplexed, hints without end": asking("/lines/hints"),
    "h1 multiplexed, settings": asking("/lines/settings"),
    "h1 multiplexed, pings": asking("/lines/h2pings"),
    "h1 multiplexed, a header block without end": asking("/lines/continuations"),
    "h1 multiplexed, resets": asking("/lines/resets"),
    "h1 multiplexed, more than its window": asking("/lines/beyond"),
    # Backends in a session.
    "h1 a flood of the backend's": session("/flood", b"", once=True),
    "h1 a message of the backend's without end": session("/unfinished", b"", once=True),
    "h1 pings of the backend's": session("/pings", b"", once=True),
    "h1 bombs of the backend's": session("/both/bombs", b"", once=True),
    "h1 frames after the backend's Close": session("/closing", b"", once=True),
    "h1 a feed, a flood of its backend's": session("/feed/flood", b"", once=True),
    "h1 a feed, a message of its backend's without end": session("/feed/unfinished", b"", once=True),
    "h1 multiplexed, a flood of the backend's": session("/lines/flood", b"", once=True),
    # HTTP/2: the connection.
    "h2 pings": streams(lambda n: http2.frame(http2.PING, payload=bytes(8)) * 500),
    "h2 settings": streams(lambda n: http2.frame(http2.SETTINGS, payload=NO_WINDOW) * 200),
    "h2 window updates": streams(lambda n: http2.frame(http2.WINDOW_UPDATE, 0, 0, struct.pack("!I", 1)) * 500),
    "h2 frames of no known kind": streams(lambda n: http2.frame(77, 0, 0, bytes(16_000))),
    "h2 a header block without end": streams(continuations),
    "h2 resets": streams(
        lambda n: opening("/app", most=1 << 30)(n) + http2.frame(http2.RST_STREAM, 0, 2 * n + 1, struct.pack("!I", 8))),
    "h2 more streams than may be": streams(opening("/silent", most=1 << 30)),
    "h2 large heads in few bytes": streams(from_table()),
    # Its requests and answers.
    "h2 requests to a page": streams(opening("/page"), NO_WINDOW),
    "h2 requests to a backend": streams(opening("/app"), NO_WINDOW),
    "h2 requests to a backend over TLS": streams(opening("/app"), NO_WINDOW, port="secure"),
    "h2 requests to a multiplexed backend": streams(opening("/lines/app"), NO_WINDOW),
    "h2 requests that wait for a place": streams(opening("/silent"), NO_WINDOW),
    "h2 answers without end": streams(opening("/pour", most=10), NO_WINDOW),
    "h2 answers without end on many streams": streams(opening("/pour"), NO_WINDOW),
    "h2 answers without end into large windows": streams(opening("/pour"), struct.pack("!HI", 4, 1 << 30)),
    "h2 hints without end": streams(opening("/hints", most=10)),
    "h2 hints without end of a multiplexed backend": streams(opening("/lines/hints", most=10)),
    "h2 trailers of answers without end": streams(opening("/trailers", most=10)),
    "h2 bodies nobody takes": streams(
        lambda n: opening("/body", end=False)(n) if n < STREAMS
        else http2.frame(http2.DATA, 0, 2 * (n % STREAMS) + 1, bytes(12_000)) if n < 180 else b""),
    # Its sessions.
    "h2 frames before the answer": tunnels("/silent", data=frame(BINARY, bytes(12_000), mask=MASK)),
    "h2 frames while it waits for a place": tunnels("/narrow/silent", data=frame(BINARY, bytes(12_000), mask=MASK)),
    "h2 frames for a deaf backend": tunnels("/deaf", data=frame(BINARY, bytes(12_000), mask=MASK)),
    "h2 frames for a multiplexed backend that is deaf": tunnels("/lines/deaf", data=frame(BINARY, bytes(12_000), mask=MASK)),
    "h2 bombs for a deaf backend": tunnels("/deaf", data=frame(BINARY, BOMB, rsv=4, mask=MASK) * 10),
    "h2 pings without pongs": tunnels("/deaf", data=frame(PING, b"x" * 100, mask=MASK) * 100),
    "h2 a feed, bombs for its deaf backend": tunnels("/feed/deaf", data=frame(BINARY, BOMB, rsv=4, mask=MASK) * 10),
    "h2 a feed, messages without end": tunnels(
        "/feed/deaf", data=frame(BINARY, UNFINISHED, fin=False, rsv=4, mask=MASK)[:12_000]),
    "h2 a flood of the backend's": tunnels("/flood", count=10),
    "h2 a flood of the backend's on many streams": tunnels("/flood", count=STREAMS),
    "h2 a flood of the backend's into no window": streams(talking("/flood"), NO_WINDOW),
    "h2 bombs of the backend's into no window": streams(talking("/both/bombs"), NO_WINDOW),
    "h2 a flood of a multiplexed backend's into no window": streams(talking("/lines/flood"), NO_WINDOW),
    "h2 a feed's flood into no window": streams(talking("/feed/flood"), NO_WINDOW),
}


# Those of a usual run: of each phase one or two.
USUAL = {
    "h1 fields without end", "h1 requests to a page", "h1 requests to a backend", "h1 a body nobody takes",
    "h1 an answer without end", "h1 hints without end", "h1 frames before the answer", "h1 frames for a deaf backend",
    "h1 short frames for a deaf backend", "h1 bombs for a deaf backend", "h1 pings without pongs",
    "h1 a flood of the backend's", "h1 pings of the backend's", "h1 bombs of the backend's",
    "h1 a feed, messages without end", "h1 a feed, bombs for its deaf backend", "h1 a feed, a flood of its backend's",
    "h1 multiplexed, hints without end", "h1 multiplexed, a flood of the backend's", "h2 requests to a page",
    "h2 requests to a backend", "h2 large heads in few bytes", "h2 answers without end", "h2 hints without end",
    "h2 bodies nobody takes", "h2 frames for a deaf backend", "h2 bombs for a deaf backend", "h2 a flood of the backend's",
    "h2 pings", "h2 settings", "h2 resets"}


def cases() -> list[str]:
    assert USUAL <= CASES.keys()
    return [case for case in CASES if FULL or case in USUAL]


@dataclass
class Edge:
    proxy: Proxy
    admin: Admin
    ports: dict[str, int]
    forget: Callable[[], None]
    witness: Witness
    # Whom the proxy has no part in: what he has to wait is the machine's doing.
    other: Witness

    @property
    def held_kib(self) -> int:
        return self.admin.status()["memory"]["held_bytes"] >> 10


@pytest.fixture(scope="module")
def edge(shared_run, authority):
    yield from running(shared_run, authority, {"upstream": "60s", "handshakes": "10s"})


def running(shared_run, authority, times: dict, **sections):
    """A proxy with a listener of each kind, and an upstream of each, all of hostile backends but one. Hostile peers run only
    where nobody else wants to, so that what others wait for is the proxy, and not a processor."""
    can_stand_back = machine.stand_back()
    ports = {name: machine.free_port() for name in ("plain", "tls", "balanced")}
    certificates = {"certificates": [authority.certificate().names]}
    admin = free_admin()
    ports["admin"] = admin.port
    lines, raw = Http2Backend(), RawBackend(bytes(16_000))
    settings = RawBackend(http2.frame(http2.SETTINGS, payload=struct.pack("!HI", 3, 100)) * 500)
    with ScriptedBackend(backend_script) as hostile, node_echo() as honest:
        def spoken(**more) -> dict:
            return upstream(hostile.address, pool={"warm": 0}, timeouts={"response": times["upstream"]}, **more)
        config = {
            "workers": 1, "log": {"access": "off"}, "admin": admin.section,
            "listeners": [
                {"address": f"127.0.0.1:{ports['plain']}"}, {"address": f"127.0.0.1:{ports['tls']}", "tls": certificates},
                {"address": f"127.0.0.1:{ports['balanced']}", "proxy_protocol": "accept"}],
            "routes": [
                {"name": "page", "match": {"path": "/page"}, "respond": {"status": 200, "body": "y" * 20_000}},
                route("/echo", "honest"), route("/raw-tls", "raw"), route("/raw-lines", "settings"),
                route("/both/", "both", compression={"mode": "both"}, rewrite={"strip_prefix": "/both"}),
                *[route(f"/{name}/", name, rewrite={"strip_prefix": f"/{name}"}) for name in (
                    "feed", "lines", "narrow", "slow", "slow-lines", "slow-heads")],
                route("/", "hostile")],
            "upstreams": {
                "honest": upstream(honest.address), "hostile": spoken(), "both": spoken(),
                "narrow": spoken(handshakes={"in_flight": 1, "queue_timeout": times["handshakes"]}),
                "slow": upstream(hostile.address, pool={"warm": 0}, timeouts={"response": "10s"}, retry={"attempts": 1}),
                "lines": upstream(lines.address, mode="multiplex"),
                **{name: upstream(lines.address, mode="multiplex", timeouts={"response": "10s"}, retry={"attempts": 1})
                   for name in ("slow-lines", "slow-heads")},
                "feed": spoken(mode="broadcast", broadcast={"client_messages": "forward"}),
                "raw": upstream(raw.address, tls={"verify": False}), "settings": upstream(settings.address, mode="multiplex")},
            **sections}

        def forget() -> None:
            for socks in (lines.socks, raw.socks, settings.socks, hostile.accepted):
                end(socks)
        with shared_run(config, tls=False, port=ports["plain"]) as proxy:
            if can_stand_back:
                machine.step_forward(proxy.pid, honest.process.pid)
            with proxy.upgraded("/echo") as wire:
                for size in (10, 100_000, 3_000_000):
                    wire.send(BINARY, bytes(size))
                    wire.read_message()
            witness, other = Witness(ports["plain"], "/echo"), Witness(int(honest.address.rpartition(":")[2]), "/echo")
            if can_stand_back:
                machine.step_forward(witness.process.pid, other.process.pid)
            try:
                machine.eventually(lambda: min(len(witness.times), len(other.times)) > 100, "the witnesses echo", 60)
                yield Edge(proxy, admin, ports, forget, witness, other)
            finally:
                witness.close()
                other.close()
    for backend in (lines, raw, settings):
        backend.close()
    if can_stand_back:
        machine.step_forward(0)


class Most:
    """What the process took and held at most, in KiB."""

    def __init__(self, edge: Edge):
        self.edge, self.resident, self.held, self.next = edge, 0, 0, 0.0

    def look(self, *, now: bool = False) -> None:
        if not now and time.monotonic() < self.next:
            return
        self.resident = max(self.resident, self.edge.proxy.resident_kib)
        self.held = max(self.held, self.edge.held_kib)
        self.next = time.monotonic() + 0.05


def attack(edge: Edge, start, seconds: float) -> tuple[list[Peer], Most]:
    """Lets the peers send for so long."""
    most = Most(edge)
    peers = [start(edge) for _ in range(PEERS)]
    with selectors.DefaultSelector() as ready:
        for peer in peers:
            peer.sock.setblocking(False)
            ready.register(peer.sock, selectors.EVENT_WRITE, peer)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not ready.get_map():
                time.sleep(0.02)
            for key, _ in ready.select(0.02) if ready.get_map() else []:
                try:
                    goes_on = key.data.send()
                except BlockingIOError:
                    continue
                except OSError:
                    # Cut, which is an answer too.
                    goes_on = False
                if not goes_on:
                    ready.unregister(key.fileobj)
            most.look()
    most.look(now=True)
    return peers, most


@pytest.mark.parametrize("case", cases())
def test_what_is_held_is_bounded_by_what_was_sent(edge, case):
    resident, held, sent, began = edge.proxy.resident_kib, edge.held_kib, SENT.bytes, time.monotonic()
    peers, most = attack(edge, CASES[case], SECONDS)
    edge.witness.expect_echo()
    ended = time.monotonic()
    sent = SENT.bytes - sent + sum(peer.sent for peer in peers)
    for peer in peers:
        peer.sock.close()
    edge.forget()
    before, meanwhile = edge.witness.slowest(began - 2, began), edge.witness.slowest(began + OPENING, ended)
    without = edge.other.slowest(began, ended)
    print(f"{case}: {sent >> 10} KiB sent, {most.held - held} KiB held, {most.resident - resident} KiB of memory, echoes "
          f"{before * 1000:.1f} ms before, {meanwhile * 1000:.1f} ms meanwhile, {without * 1000:.1f} ms without the proxy")
    assert most.held - held < HELD_KIB * PEERS + RATIO * (sent >> 10)
    machine.expect_memory(most.resident, below=resident + SLACK_KIB + RATIO * (sent >> 10))
    machine.expect_memory_back(lambda: edge.proxy.resident_kib, below=resident + SLACK_KIB)
    # What those wait whom the proxy has no part in is the machine's doing.
    assert meanwhile < (max(2 * max(before, without), PATIENCE) if FULL and without < CROWDED else BUSY)


@dataclass
class Slow:
    """What a client sends at once and what by and by, and whether there is a deadline for the whole of it: else it is for
    silence, and nobody is cut."""

    first: bytes
    rest: bytes
    ends: bool = False
    port: str = "plain"


HEAD_LINES = b"X: y\r\n" * 100
HTTP2_BEGIN = http2.PREFACE + http2.frame(http2.SETTINGS)


def http2_data(path: str, data: bytes) -> tuple[bytes, bytes]:
    """A stream that goes on, and what comes on it."""
    headers = talking(path, count=1)(0)
    return HTTP2_BEGIN + headers, http2.frame(http2.DATA, 0, 1, data)


def http2_body(path: str) -> tuple[bytes, bytes]:
    """A request that goes on, and what comes of its body."""
    block = http2.block((":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", path))
    return HTTP2_BEGIN + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, block), http2.frame(http2.DATA, 0, 1, bytes(1000))


def asked(path: str) -> tuple[bytes, bytes]:
    return REQUEST.format(path).encode(), b""


def http2_asked(path: str) -> tuple[bytes, bytes]:
    return HTTP2_BEGIN + opening(path)(0), b""


SLOW = {
    "a TLS handshake": Slow(b"", HELLO, True, "tls"),
    "a PROXY header": Slow(b"", b"PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n", True, "balanced"),
    "a head": Slow(b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + HEAD_LINES, True),
    "a preface": Slow(b"PRI * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n" + bytes(100), True),
    "a body": Slow(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"x" * 1000),
    "chunks": Slow(POST, b"3e8\r\n" + b"x" * 1000),
    "a frame": Slow(upgrade_request("/echo"), frame(BINARY, bytes(1000), mask=MASK)),
    "a frame for a multiplexed backend": Slow(upgrade_request("/lines/deaf"), frame(BINARY, bytes(1000), mask=MASK)),
    "a compressed message": Slow(upgrade_request("/echo", fields=OFFER), frame(BINARY, UNFINISHED, rsv=4, mask=MASK)),
    "a message to a feed": Slow(upgrade_request("/feed/deaf"), frame(BINARY, bytes(1000), mask=MASK)),
    "the first settings over HTTP/2": Slow(http2.PREFACE, http2.frame(http2.SETTINGS, payload=bytes(60)), True),
    "a head over HTTP/2": Slow(
        HTTP2_BEGIN, http2.frame(http2.HEADERS, 0, 1, http2.block((":method", "GET"), ("x", "y" * 500))), True),
    "a frame over HTTP/2": Slow(*http2_data("/echo", frame(BINARY, bytes(1000), mask=MASK))),
    "an answer's head": Slow(*asked("/slow/slow-head"), True),
    "an upgrade's answer": Slow(upgrade_request("/slow/slow-head"), b"", True),
    "an answer's body": Slow(*asked("/slow/slow-body")),
    "an answer's chunks": Slow(*asked("/slow/slow-chunks")),
    "a frame of the backend's": Slow(upgrade_request("/slow/slow-frame"), b""),
    "a body over HTTP/2": Slow(*http2_body("/body")),
    "a body over HTTP/2 for a multiplexed backend": Slow(*http2_body("/lines/silent")),
    "an answer's body over HTTP/2": Slow(*http2_asked("/slow/slow-body")),
    "a multiplexed answer's head": Slow(*asked("/slow-heads/slow-head"), True),
    "a multiplexed answer to an upgrade": Slow(upgrade_request("/slow-heads/slow-head"), b"", True),
    "a multiplexed answer's body": Slow(*asked("/slow-lines/slow-body")),
    "a multiplexed answer's body over HTTP/2": Slow(*http2_asked("/slow-lines/slow-body")),
    "a frame of a multiplexed backend's": Slow(upgrade_request("/slow-lines/slow-frame"), b""),
}


@pytest.mark.skipif(not FULL, reason="takes half a minute")
def test_a_byte_a_second_holds_next_to_nothing_and_meets_its_deadline(edge):
    before, began = edge.proxy.resident_kib, time.monotonic()
    socks = {name: [connected(edge, slow.port) for _ in range(10)] for name, slow in SLOW.items()}
    over: dict[str, set[int]] = {name: set() for name in SLOW}
    for name, slow in SLOW.items():
        for sock in socks[name]:
            sock.sendall(slow.first)
            sock.setblocking(False)
    for second in range(25):
        for name, slow in SLOW.items():
            for number, sock in enumerate(socks[name]):
                try:
                    sock.send(slow.rest[second:second + 1])
                    got = sock.recv(65536)
                    if not got or b" 504 " in got or b" 408 " in got:
                        over[name].add(number)
                except BlockingIOError:
                    pass
                except OSError:
                    over[name].add(number)
        time.sleep(1)
    edge.witness.expect_echo()
    slowest = edge.witness.slowest(began, time.monotonic())
    for sock in (sock for many in socks.values() for sock in many):
        sock.close()
    edge.forget()
    edge.proxy.expect_memory(below=before + SLACK_KIB)
    assert {name: len(over[name]) for name in SLOW} == {name: 10 if slow.ends else 0 for name, slow in SLOW.items()}
    assert slowest < 1
