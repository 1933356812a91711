"""Peers that send as fast as they can and take nothing, in every phase of a connection, on either side: what is held for
them is bounded by what they have sent, others are served meanwhile, and the memory comes back."""

import selectors
import socket
import struct
import threading
import time
import zlib
from dataclasses import dataclass, field

import pytest

from support import http2, machine
from support.backends import ScriptedBackend, node_echo
from support.machine import FULL
from support.proxy import route, upstream
from support.wire import BINARY, PING, TEXT, Head, Wire, frame, upgrade_request

SECONDS = 8.0 if FULL else 0.35
PEERS = 4
# What each byte sent may cost, and what the process may grow by anyhow: its heap is cut in pieces.
RATIO, SLACK_KIB = 4, 12 * 1024

MASK = b"\0\0\0\0"
OFFER = [("Sec-WebSocket-Extensions", "permessage-deflate; client_no_context_takeover; server_no_context_takeover")]


def packed(plain: bytes) -> bytes:
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (z.compress(plain) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


BOMB = packed(bytes((1 << 20) - 1))
UNFINISHED = packed(b"".join(bytes([n & 255]) * 170 for n in range(90_000)))


def end(socks: list[socket.socket]) -> None:
    """A thread may wait on each: closing alone would not wake it."""
    for sock in socks:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    socks.clear()


# MARK: hostile backends

class Sent:
    """What the backends have sent, each thread for itself."""

    def __init__(self):
        self.counts: list[list[int]] = []

    def counter(self) -> list[int]:
        self.counts.append([0])
        return self.counts[-1]

    @property
    def bytes(self) -> int:
        return sum(count[0] for count in list(self.counts))

    def pour(self, wire: Wire, data: bytes) -> None:
        wire.sock.settimeout(20)
        count = self.counter()
        while True:
            count[0] += wire.sock.send(data)


SENT = Sent()


def backend_script(wire: Wire, head: Head) -> None:
    path = head.target.split("?")[0].strip("/")
    if head.get("upgrade"):
        if path == "silent":
            wire.sock.recv(1)
            return time.sleep(60)
        extensions = [("Sec-WebSocket-Extensions", "permessage-deflate; client_no_context_takeover; "
                       "server_no_context_takeover")] if head.get("sec-websocket-extensions") else []
        wire.accept(head, fields=extensions)
        if path == "deaf":
            return time.sleep(60)
        data = {"flood": frame(BINARY, bytes(60_000)), "bombs": frame(BINARY, BOMB, rsv=4) * 50,
                "pings": frame(PING, b"x" * 100) * 50}[path]
        return SENT.pour(wire, data)
    if path == "hints":
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"/x" * 400 + b">\r\n\r\n"
        return SENT.pour(wire, hint * 20)
    if path == "pour":
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        return SENT.pour(wire, b"1\r\nx\r\n" * 5000)
    if path == "body":
        return time.sleep(60)
    while True:
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 16000\r\n\r\n" + bytes(16000))
        wire.read_head()


class Http2Backend:
    """An HTTP/2 backend by hand that answers each stream with what its path asks for, and never mind the peer."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.socks: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.socks.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        from hpack import Decoder
        decoder, buffer = Decoder(), b""
        sock.settimeout(20)
        settings = struct.pack("!HIHI", 8, 1, 4, 1 << 20)
        try:
            sock.sendall(http2.frame(http2.SETTINGS, payload=settings))
            while True:
                got = sock.recv(65536)
                if not got:
                    return
                buffer = (buffer + got).removeprefix(http2.PREFACE)
                while len(buffer) >= 9 and len(buffer) >= (end := 9 + int.from_bytes(buffer[:3], "big")):
                    kind, flags, stream = buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big")
                    payload, buffer = buffer[9:end], buffer[end:]
                    if kind == http2.SETTINGS and not flags:
                        sock.sendall(http2.frame(http2.SETTINGS, http2.ACK))
                    elif kind == http2.PING and not flags:
                        sock.sendall(http2.frame(http2.PING, http2.ACK, 0, payload))
                    elif kind == http2.HEADERS:
                        path = dict(decoder.decode(payload[5:] if flags & 0x20 else payload))[":path"]
                        threading.Thread(target=self._answer, args=(sock, stream, path), daemon=True).start()
        except OSError:
            pass

    def _answer(self, sock: socket.socket, stream: int, path: str) -> None:
        answer = http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.block((":status", "200")))
        hint = http2.frame(http2.HEADERS, http2.END_HEADERS, stream,
                           http2.block((":status", "103"), ("link", "x" * 800)))
        count = SENT.counter()
        try:
            if path == "/hints":
                while True:
                    sock.sendall(hint * 20)
                    count[0] += 20 * len(hint)
            sock.sendall(answer)
            data = (frame(BINARY, BOMB) if path == "/bombs" else frame(BINARY, bytes(16_000)))[:16_000]
            # One window, which nobody gives back.
            for _ in range(4):
                sock.sendall(http2.frame(http2.DATA, 0, stream, data))
                count[0] += len(data)
        except OSError:
            pass

    def forget(self) -> None:
        """Ends all its connections."""
        end(self.socks)

    def close(self) -> None:
        self.forget()
        self.listener.close()


# MARK: hostile clients

@dataclass
class Peer:
    """A connection, and what is sent on it without end: the n-th piece."""

    sock: socket.socket
    piece: object
    number: int = 0
    left: bytes = b""
    sent: int = 0

    def send(self) -> bool:
        """False when there is nothing more to send."""
        if not self.left:
            self.left = self.piece(self.number)
            self.number += 1
        if not self.left:
            return False
        count = self.sock.send(self.left)
        self.sent += count
        self.left = self.left[count:]
        return True


def connected(proxy) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    return sock


def http1(*requests: str, first: bytes = b"", more: bytes | None = None):
    """`first`, and then the requests or `more` for ever."""
    data = more if more is not None else b"".join(
        f"{line} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for line in requests) * 200

    def start(proxy) -> Peer:
        peer = Peer(connected(proxy), lambda n: data)
        if first:
            peer.sock.sendall(first)
        return peer
    return start


def session(path: str, data: bytes, offer: bool = False, once: bool = False):
    """An open WebSocket on which `data` comes for ever; `once` leaves it at one."""
    def start(proxy) -> Peer:
        wire = Wire(connected(proxy), masking=True)
        wire.sock.sendall(upgrade_request(path, fields=OFFER if offer else []))
        assert wire.read_head().status == 101
        return Peer(wire.sock, lambda n: b"" if once and n else data)
    return start


def fields_without_end(proxy) -> Peer:
    peer = Peer(connected(proxy), lambda n: b"X-Field: " + b"x" * 1000 + b"\r\n")
    peer.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    return peer


STREAMS = 100


def streams(make, settings: bytes = b""):
    """HTTP/2 frames: the n-th piece is `make(n)`."""
    def start(proxy) -> Peer:
        peer = Peer(connected(proxy), make)
        peer.sock.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, payload=settings))
        return peer
    return start


def opening(path: str, end: bool = True, most: int = STREAMS):
    """A stream more with each piece, as many as may be open."""
    block = http2.get(path)
    flags = http2.END_HEADERS | (http2.END_STREAM if end else 0)
    return lambda n: http2.frame(http2.HEADERS, flags, 2 * n + 1, block) if n < most else b""


def talking(path: str, data: bytes = b"", count: int = STREAMS):
    """So many WebSockets on streams, and then data on one after the other, as their first windows allow."""
    block = http2.block(
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "localhost"),
        (":path", path), ("sec-websocket-version", "13"), *[(name.lower(), value) for name, value in OFFER])

    def make(n: int) -> bytes:
        if n < count:
            return http2.frame(http2.HEADERS, http2.END_HEADERS, 2 * n + 1, block)
        # The connection's window and the streams', as they are at the beginning.
        if not data or n >= count + min(1 << 20, 65_535 * count) // len(data):
            return b""
        return http2.frame(http2.DATA, 0, 2 * (n % count) + 1, data)
    return make


NO_WINDOW = struct.pack("!HI", 4, 0)
REQUEST = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"

CASES = {
    "h1 fields without end": fields_without_end,
    "h1 requests to a page": http1("GET /page"),
    "h1 requests to a backend": http1("GET /app"),
    "h1 a body nobody takes": http1(
        first=b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        more=b"8000\r\n" + bytes(0x8000) + b"\r\n"),
    "h1 an answer without end": http1(first=REQUEST.format("/pour").encode(), more=b"GET /pour HTTP/1.1\r\n"),
    "h1 hints without end": http1(first=REQUEST.format("/hints").encode(), more=b"GET /hints HTTP/1.1\r\n"),
    "h1 frames before the answer": http1(first=upgrade_request("/silent"), more=frame(BINARY, bytes(60_000), mask=MASK)),
    "h1 frames for a deaf backend": session("/deaf", frame(BINARY, bytes(60_000), mask=MASK)),
    "h1 short frames for a deaf backend": session("/deaf", frame(BINARY, b"x", mask=MASK) * 5000),
    "h1 bombs for a deaf backend": session("/deaf", frame(BINARY, BOMB, rsv=4, mask=MASK) * 60, offer=True),
    "h1 pings without pongs": session("/deaf", frame(PING, b"x" * 100, mask=MASK) * 50),
    "h1 a flood of the backend's": session("/flood", b"", once=True),
    "h1 pings of the backend's": session("/pings", b"", once=True),
    "h1 bombs of the backend's": session("/both/bombs", b"", once=True),
    "h1 a feed, messages without end": session(
        "/feed/deaf", frame(BINARY, UNFINISHED, fin=False, rsv=4, mask=MASK), offer=True, once=True),
    "h1 a feed, bombs for its deaf backend": session(
        "/feed/deaf", frame(BINARY, BOMB, rsv=4, mask=MASK) * 60, offer=True),
    "h1 a feed, a flood of its backend's": session("/feed/flood", b"", once=True),
    "h1 multiplexed, hints without end": http1(first=REQUEST.format("/lines/hints").encode(), more=b"GET /a HTTP/1.1\r\n"),
    "h1 multiplexed, a flood of the backend's": session("/lines/flood", b"", once=True),
    "h2 requests to a page": streams(opening("/page"), NO_WINDOW),
    "h2 requests to a backend": streams(opening("/app"), NO_WINDOW),
    "h2 answers without end": streams(opening("/pour", most=10), NO_WINDOW),
    "h2 hints without end": streams(opening("/hints", most=10)),
    "h2 bodies nobody takes": streams(
        lambda n: opening("/body", end=False)(n) if n < STREAMS
        else http2.frame(http2.DATA, 0, 2 * (n % STREAMS) + 1, bytes(12_000)) if n < 180 else b""),
    "h2 frames for a deaf backend": streams(talking("/deaf", frame(BINARY, bytes(12_000), mask=MASK))),
    "h2 bombs for a deaf backend": streams(talking("/deaf", frame(BINARY, BOMB, rsv=4, mask=MASK) * 10)),
    "h2 a flood of the backend's": streams(talking("/flood", count=10)),
    "h2 pings": streams(lambda n: http2.frame(http2.PING, payload=bytes(8)) * 500),
    "h2 settings": streams(lambda n: http2.frame(http2.SETTINGS, payload=NO_WINDOW) * 200),
    "h2 resets": streams(lambda n: opening("/app", most=1 << 30)(n) + http2.frame(http2.RST_STREAM, 0, 2 * n + 1, struct.pack("!I", 8))),
}


@dataclass
class Witness:
    """A session that echoes all the time; the longest that it had to wait."""

    proxy: object
    longest: float = 0.0
    turns: int = 0
    problem: BaseException | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        machine.eventually(lambda: self.turns or self.problem, "the witness echoes")
        return self

    def _run(self) -> None:
        try:
            with self.proxy.upgraded("/echo") as wire:
                while not self.over.wait(0.02):
                    began = time.monotonic()
                    wire.send(TEXT, b"still there")
                    assert wire.read_message() == (TEXT, b"still there")
                    self.longest = max(self.longest, time.monotonic() - began)
                    self.turns += 1
        except BaseException as problem:
            self.problem = problem

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)


@pytest.fixture(scope="module")
def edge(shared_run):
    multiplexed = Http2Backend()
    with ScriptedBackend(backend_script) as hostile, node_echo() as honest:
        strip = {"rewrite": {"strip_prefix": "/both"}}
        config = {
            "workers": 1, "log": {"access": "off"},
            "routes": [
                {"name": "page", "match": {"path": "/page"}, "respond": {"status": 200, "body": "y" * 20_000}},
                route("/echo", "honest"),
                route("/both/", "both", compression={"mode": "both"}, **strip),
                route("/feed/", "feed", rewrite={"strip_prefix": "/feed"}),
                route("/lines/", "lines", rewrite={"strip_prefix": "/lines"}),
                route("/", "hostile")],
            "upstreams": {
                "honest": upstream(honest.address),
                "hostile": upstream(hostile.address, pool={"warm": 0}, timeouts={"response": "60s"}),
                "both": upstream(hostile.address, pool={"warm": 0}),
                "lines": upstream(multiplexed.address, mode="multiplex"),
                "feed": upstream(hostile.address, mode="broadcast", broadcast={"client_messages": "forward"},
                                 pool={"warm": 0})}}
        with shared_run(config, tls=False) as proxy:
            with proxy.upgraded("/echo") as wire:
                for size in (10, 100_000, 3_000_000):
                    wire.send(BINARY, bytes(size))
                    wire.read_message()
            def forget() -> None:
                multiplexed.forget()
                end(hostile.accepted)
            yield proxy, forget
    multiplexed.close()


def attack(proxy, start, seconds: float) -> tuple[list[Peer], int]:
    """Lets the peers send for so long; what the process took at most, in KiB."""
    peers = [start(proxy) for _ in range(PEERS)]
    top = proxy.resident_kib
    with selectors.DefaultSelector() as ready:
        for peer in peers:
            peer.sock.setblocking(False)
            ready.register(peer.sock, selectors.EVENT_WRITE, peer)
        end = time.monotonic() + seconds
        look = 0.0
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
            if time.monotonic() > look:
                look = time.monotonic() + 0.05
                top = max(top, proxy.resident_kib)
    return peers, max(top, proxy.resident_kib)


@pytest.mark.parametrize("case", CASES)
def test_what_is_held_is_bounded_by_what_was_sent(edge, case):
    proxy, forget = edge
    before, sent = proxy.resident_kib, SENT.bytes
    with Witness(proxy) as witness:
        peers, top = attack(proxy, CASES[case], SECONDS)
        turns = witness.turns
        machine.eventually(lambda: witness.turns > turns or witness.problem, "others are served", 5)
    sent = SENT.bytes - sent + sum(peer.sent for peer in peers)
    for peer in peers:
        peer.sock.close()
    forget()
    print(f"{case}: {sent >> 10} KiB sent, {top - before} KiB held")
    assert witness.problem is None, repr(witness.problem)
    assert witness.longest < 3
    machine.expect_memory(top, below=before + SLACK_KIB + RATIO * (sent >> 10))
    machine.expect_memory_back(lambda: proxy.resident_kib, below=before + SLACK_KIB)


TRICKLES = {
    "a head": (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100, 20),
    "a preface": (b"PRI * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n" + bytes(100), 20),
    "a body": (b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"x" * 1000, None),
    "a frame": (upgrade_request("/echo"), frame(BINARY, bytes(1000), mask=MASK), None),
    "a compressed message": (upgrade_request("/echo", fields=OFFER), frame(BINARY, UNFINISHED, rsv=4, mask=MASK), None),
}


@pytest.mark.skipif(not FULL, reason="takes half a minute each")
@pytest.mark.parametrize("phase", TRICKLES)
def test_a_byte_a_second_holds_next_to_nothing_and_meets_its_deadline(edge, phase):
    """Where a deadline is for the whole, as for a head, it holds; where it is for silence, nobody is cut."""
    proxy, _ = edge
    first, rest, limit = TRICKLES[phase]
    before = proxy.resident_kib
    socks = [connected(proxy) for _ in range(50)]
    for sock in socks:
        sock.sendall(first)
        sock.setblocking(False)
    is_over = [False] * len(socks)
    with Witness(proxy) as witness:
        for second in range(25):
            for number, sock in enumerate(socks):
                try:
                    sock.send(rest[second:second + 1])
                    is_over[number] |= sock.recv(65536) == b""
                except BlockingIOError:
                    pass
                except OSError:
                    is_over[number] = True
            time.sleep(1)
    proxy.expect_memory(below=before + SLACK_KIB)
    assert witness.problem is None and witness.longest < 1
    assert all(is_over) if limit else not any(is_over)
    for sock in socks:
        sock.close()
