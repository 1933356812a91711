"""Peers that send as fast as they can and take nothing, on either side, by hand; and a witness who is served meanwhile."""

import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import dataclass

from hpack import Decoder, Encoder

from . import http2, machine
from .wire import BINARY, CLOSE, PING, Head, Wire, frame, upgrade_request

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


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"/x" * 400 + b">\r\n\r\n"
FIELD = b"X-Field: " + b"x" * 1000 + b"\r\n"


def pouring(data: bytes, first: bytes = b""):
    def pour(wire: Wire) -> None:
        wire.sock.sendall(first)
        SENT.pour(wire, data)
    return pour


PLAIN = {
    # Whatever was asked.
    "silent": lambda wire: (wire.sock.recv(1), time.sleep(60)),
    "body": lambda wire: time.sleep(60),
    "hints": pouring(HINT * 20),
    "head": pouring(FIELD * 20, b"HTTP/1.1 200 OK\r\n"),
    "pour": pouring(b"1\r\nx\r\n" * 5000, CHUNKED),
    "trailers": pouring(FIELD * 20, CHUNKED + b"0\r\n"),
    "extension": pouring(b"x" * 20_000, CHUNKED + b"1;a="),
    "surplus": pouring(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" * 500),
}


SLOW_FRAME = frame(BINARY, bytes(1000))
SLOW = {
    "slow-head": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100,
    "slow-body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
    "slow-chunks": CHUNKED + b"3e8\r\n" + b"x" * 1000,
    "slow-trailers": CHUNKED + b"0\r\n" + b"X: y\r\n" * 100,
}
# What of it comes at once.
AT_ONCE = {"slow-head": 0, "slow-body": 42, "slow-chunks": len(CHUNKED) + 5, "slow-trailers": len(CHUNKED) + 3}


def trickle(wire: Wire, data: bytes) -> None:
    """A byte a second, to whoever is still there."""
    for byte in data[:60]:
        wire.sock.sendall(bytes([byte]))
        time.sleep(1)


def slow(wire: Wire, head: Head, path: str) -> None:
    if path == "slow-frame":
        wire.accept(head)
        return trickle(wire, SLOW_FRAME)
    data, count = SLOW[path], AT_ONCE[path]
    wire.sock.sendall(data[:count])
    trickle(wire, data[count:])


def backend_script(wire: Wire, head: Head) -> None:
    path = head.target.split("?")[0].strip("/")
    if path.startswith("slow-"):
        return slow(wire, head, path)
    if path in PLAIN:
        return PLAIN[path](wire)
    if head.get("upgrade"):
        extensions = [("Sec-WebSocket-Extensions", "permessage-deflate; client_no_context_takeover; "
                       "server_no_context_takeover")] if head.get("sec-websocket-extensions") else []
        wire.accept(head, fields=extensions)
        if path == "deaf":
            return time.sleep(60)
        if path == "closing":
            # Has the last word, and never finds it.
            wire.send(CLOSE, b"\x03\xe8")
        data = {"flood": frame(BINARY, bytes(60_000)), "bombs": frame(BINARY, BOMB, rsv=4) * 50,
                "pings": frame(PING, b"x" * 100) * 50, "closing": frame(BINARY, bytes(60_000)),
                "unfinished": frame(BINARY, bytes(60_000), fin=False)}[path]
        return SENT.pour(wire, data)
    while True:
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 16000\r\n\r\n" + bytes(16000))
        wire.read_head()


HTTP2_FLOODS = {
    "/hints": None,
    "/settings": lambda stream: http2.frame(http2.SETTINGS, payload=struct.pack("!HI", 3, 100)) * 200,
    "/h2pings": lambda stream: http2.frame(http2.PING, payload=bytes(8)) * 500,
    "/continuations": lambda stream: http2.frame(http2.HEADERS, 0, stream, http2.block((":status", "200"))) + http2.frame(
        http2.CONTINUATION, 0, stream, http2.block(("x", "y" * 500))) * 20,
    "/resets": lambda stream: http2.frame(http2.RST_STREAM, 0, stream, bytes(4)) * 200,
    "/beyond": lambda stream: http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.block(
        (":status", "200"))) + http2.frame(http2.DATA, 0, stream, bytes(16_000)) * 20,
}


class Http2Backend:
    """An HTTP/2 backend by hand that answers each stream with what its path asks for, and never mind the peer."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.socks: list[socket.socket] = []
        # Streams send side by side, and a frame is not to stand in another.
        self.sending: dict[socket.socket, threading.Lock] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.sending[sock] = threading.Lock()
            self.socks.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        decoder, buffer = Decoder(), b""
        sock.settimeout(20)
        settings = struct.pack("!HIHI", 8, 1, 4, 1 << 20)
        try:
            self._send(sock, http2.frame(http2.SETTINGS, payload=settings))
            while True:
                got = sock.recv(65536)
                if not got:
                    return
                buffer = (buffer + got).removeprefix(http2.PREFACE)
                while len(buffer) >= 9 and len(buffer) >= (end := 9 + int.from_bytes(buffer[:3], "big")):
                    kind, flags, stream = buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big")
                    payload, buffer = buffer[9:end], buffer[end:]
                    if kind == http2.SETTINGS and not flags:
                        self._send(sock, http2.frame(http2.SETTINGS, http2.ACK))
                    elif kind == http2.PING and not flags:
                        self._send(sock, http2.frame(http2.PING, http2.ACK, 0, payload))
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
            if path in HTTP2_FLOODS:
                flood = hint * 20 if path == "/hints" else HTTP2_FLOODS[path](stream)
                while True:
                    self._send(sock, flood)
                    count[0] += len(flood)
            if path == "/slow-head":
                return self._trickle(sock, stream, http2.block((":status", "200"), ("x", "y" * 500)), is_head=True)
            self._send(sock, answer)
            if path in ("/deaf", "/silent"):
                return
            if path in ("/slow-body", "/slow-frame"):
                return self._trickle(sock, stream, SLOW_FRAME)
            # Whole frames, each in one of HTTP/2.
            data = frame(BINARY, bytes(15_996))
            # One window, which nobody gives back.
            for _ in range(4):
                self._send(sock, http2.frame(http2.DATA, 0, stream, data))
                count[0] += len(data)
        except OSError:
            pass

    def _trickle(self, sock: socket.socket, stream: int, data: bytes, is_head: bool = False) -> None:
        """A byte a second: as DATA, or as a header block that stands before all else on its connection."""
        if is_head:
            with self.sending[sock]:
                sock.sendall(http2.frame(http2.HEADERS, 0, stream, data[:1]))
                return trickle(Wire(sock), http2.frame(http2.CONTINUATION, 0, stream, data[1:]))
        for byte in data[:60]:
            self._send(sock, http2.frame(http2.DATA, 0, stream, bytes([byte])))
            time.sleep(1)

    def _send(self, sock: socket.socket, data: bytes) -> None:
        with self.sending[sock]:
            sock.sendall(data)

    def forget(self) -> None:
        """Ends all its connections."""
        end(self.socks)

    def close(self) -> None:
        self.forget()
        self.listener.close()


class RawBackend:
    """Pours as soon as somebody connects, whatever was to be spoken."""

    def __init__(self, data: bytes):
        self.data = data
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
            threading.Thread(target=self._pour, args=(sock,), daemon=True).start()

    def _pour(self, sock: socket.socket) -> None:
        try:
            SENT.pour(Wire(sock), self.data)
        except OSError:
            pass

    def close(self) -> None:
        end(self.socks)
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
        try:
            count = self.sock.send(self.left)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            raise BlockingIOError from None
        self.sent += count
        self.left = self.left[count:]
        return True


def connected(edge, port: str = "plain", protocol: str = "http/1.1") -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", edge.ports["tls" if port == "secure" else port]))
    if port == "secure":
        context = edge.proxy.authority.client_context()
        context.set_alpn_protocols([protocol])
        return context.wrap_socket(sock, server_hostname="localhost")
    return sock


def http1(*requests: str, first: bytes = b"", more: bytes | None = None, port: str = "plain"):
    """`first`, and then the requests or `more` for ever."""
    data = more if more is not None else b"".join(
        f"{line} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for line in requests) * 200

    def start(edge) -> Peer:
        peer = Peer(connected(edge, port), lambda n: data)
        if first:
            peer.sock.sendall(first)
        return peer
    return start


def session(path: str, data: bytes, offer: bool = False, once: bool = False, first: bytes = b"", port: str = "plain"):
    """An open WebSocket on which `data` comes for ever; `once` leaves it at one."""
    def start(edge) -> Peer:
        wire = Wire(connected(edge, port), masking=True)
        wire.sock.sendall(upgrade_request(path, fields=OFFER if offer else []))
        assert wire.read_head().status == 101
        wire.sock.sendall(first)
        return Peer(wire.sock, lambda n: b"" if once and n else data)
    return start


STREAMS = 100


def streams(make, settings: bytes = b"", port: str = "plain"):
    """HTTP/2 frames: the n-th piece is `make(n)`."""
    def start(edge) -> Peer:
        peer = Peer(connected(edge, port, "h2"), make)
        peer.sock.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, payload=settings))
        return peer
    return start


def opening(path: str, end: bool = True, most: int = STREAMS, block: bytes | None = None):
    """A stream more with each piece, as many as may be open."""
    block = block or http2.get(path)
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


def from_table():
    """Requests of a few bytes whose heads are as large as may be: their fields stand in the table of HPACK."""
    encoder = Encoder()
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/silent")] + [("x", "y" * 3900)] * 3
    blocks = [encoder.encode(fields) for _ in range(2)]
    assert len(blocks[1]) < 20
    return lambda n: http2.frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, 2 * n + 1, blocks[min(n, 1)]) \
        if n < STREAMS else b""


def continuations(n: int) -> bytes:
    """A header block without an end, on the first stream."""
    if n == 0:
        return http2.frame(http2.HEADERS, 0, 1, http2.get("/app"))
    return http2.frame(http2.CONTINUATION, 0, 1, http2.block(("x", "y" * 500)))


# MARK: a witness

WITNESS = """
import os, socket, sys, time
port, path = int(sys.argv[1]), sys.argv[2]
sock = socket.create_connection(("127.0.0.1", port))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sock.sendall(f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
             "Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n".encode())
head = b""
while b"\\r\\n\\r\\n" not in head:
    head += sock.recv(4096)
assert b" 101 " in head
while True:
    began = time.monotonic()
    sock.sendall(b"\\x81\\x8b\\0\\0\\0\\0still there")
    got = b""
    while len(got) < 13:
        more = sock.recv(100)
        if not more:
            sys.exit("the session ended")
        got += more
    print(began, time.monotonic() - began, flush=True)
    time.sleep(0.004)
"""


class Witness:
    """A session that echoes all the time, in a process of its own, and how long each echo took."""

    def __init__(self, port: int, path: str):
        self.times: list[tuple[float, float]] = []
        self.process = subprocess.Popen([sys.executable, "-c", WITNESS, str(port), path], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            began, took = line.split()
            self.times.append((float(began), float(took)))

    def slowest(self, start: float, end: float) -> float:
        """The 99th percentile of those that began in that time, or the longest of few."""
        took = sorted(took for began, took in list(self.times) if start <= began <= end)
        return took[max(0, len(took) * 99 // 100 - 1) if len(took) > 100 else -1] if took else 0.0

    def expect_echo(self) -> None:
        """One more comes, soon."""
        count = len(self.times)
        machine.eventually(lambda: len(self.times) > count or self.process.poll() is not None, "others are served", 5)
        assert self.process.poll() is None, "the witness is there"

    def close(self) -> None:
        machine.end(self.process)
