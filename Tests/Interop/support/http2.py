"""HTTP/2 by the `h2` library and by hand: streams that `Wire` takes for sockets, and frames that no library would send."""

import socket
import struct
from collections import deque

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes
from hpack import Encoder

from .wire import Head, Wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def context_of(proxy, protocols=("h2",)):
    context = proxy.authority.client_context()
    context.set_alpn_protocols(list(protocols))
    return context


class Stream:
    """One stream, with as much of a socket's interface as `Wire` needs."""

    def __init__(self, connection: "Http2", number: int):
        self.connection, self.number = connection, number
        self.heads: list[Head] = []
        self.data: deque[bytes] = deque()
        self.trailers: list[tuple[str, str]] | None = None
        self.ended = False
        self.reset: int | None = None
        self.reads = True
        """Whether what comes is given back to flow control at once."""
        self.unacknowledged = 0

    @property
    def head(self) -> Head:
        """The final response's."""
        self.connection.until(lambda: self.reset is not None or any(head.status >= 200 for head in self.heads))
        final = next((head for head in self.heads if head.status >= 200), None)
        assert final, f"reset with {self.reset} before an answer"
        return final

    def body(self) -> bytes:
        self.connection.until(lambda: self.ended or self.reset is not None)
        assert self.reset in (None, 0), f"reset with {self.reset}"
        return b"".join(self.data)

    def recv(self, _size: int) -> bytes:
        self.connection.until(lambda: self.data or self.ended or self.reset is not None)
        if self.data:
            return self.data.popleft()
        if self.reset:
            raise ConnectionResetError(self.reset)
        return b""

    def sendall(self, data: bytes, end: bool = False) -> None:
        h2 = self.connection.h2
        while data:
            room = 0

            def is_open():
                nonlocal room
                if self.reset is not None:
                    raise ConnectionResetError(self.reset)
                room = min(h2.local_flow_control_window(self.number), h2.max_outbound_frame_size)
                return room > 0
            self.connection.until(is_open)
            h2.send_data(self.number, data[:room])
            data = data[room:]
            self.connection.flush()
        if end:
            self.end()

    def end(self) -> None:
        self.connection.h2.end_stream(self.number)
        self.connection.flush()

    def settimeout(self, timeout: float) -> None:
        self.connection.sock.settimeout(timeout)

    def resume(self) -> None:
        """Gives back what was kept from flow control."""
        self.reads = True
        if self.unacknowledged:
            self.connection.h2.acknowledge_received_data(self.unacknowledged, self.number)
            self.unacknowledged = 0
            self.connection.flush()

    def close(self) -> None:
        if not self.ended and self.reset is None:
            try:
                self.connection.h2.reset_stream(self.number, 8)
                self.connection.flush()
            except Exception:
                pass


class Http2:
    """One connection as a client, on one thread."""

    def __init__(self, proxy, *, settings: dict | None = None, timeout: float = 10.0):
        self.sock = proxy.socket(timeout, context_of(proxy) if proxy.tls else None)
        self.scheme = "https" if proxy.tls else "http"
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1",
                                               validate_outbound_headers=False, normalize_outbound_headers=False))
        if settings:
            self.h2.update_settings(settings)
        self.streams: dict[int, Stream] = {}
        self.goaways: list[tuple[int, int]] = []
        self.settings: dict[int, int] = {}
        self.ended = False
        self.raw = b""
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def until(self, condition) -> None:
        """Reads until the condition holds or the connection ends."""
        while not condition():
            if self.ended:
                return
            self.pump()

    def pump(self) -> None:
        try:
            got = self.sock.recv(65536)
        except ConnectionError:
            got = b""
        if not got:
            self.ended = True
            for stream in self.streams.values():
                if not stream.ended and stream.reset is None:
                    stream.reset = -1
            return
        for event in self.h2.receive_data(self._without_goaways(got)):
            self._take(event)
        self.flush()

    def _without_goaways(self, got: bytes) -> bytes:
        """The library takes every GOAWAY for the end of all streams, which it isn't (RFC 9113, 6.8)."""
        self.raw += got
        kept = b""
        while len(self.raw) >= 9 and len(self.raw) >= (end := 9 + int.from_bytes(self.raw[:3], "big")):
            whole, self.raw = self.raw[:end], self.raw[end:]
            if whole[3] == GOAWAY:
                last, code = struct.unpack("!II", whole[9:17])
                self.goaways.append((last, code))
            else:
                kept += whole
        return kept

    def _take(self, event) -> None:
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case events.ResponseReceived() | events.InformationalResponseReceived():
                fields = [(name, value) for name, value in event.headers]
                stream.heads.append(Head(f"HTTP/2 {dict(fields)[':status']}", [f for f in fields if f[0][0] != ":"]))
            case events.DataReceived():
                stream.data.append(event.data)
                if stream.reads:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                else:
                    stream.unacknowledged += event.flow_controlled_length
            case events.TrailersReceived():
                stream.trailers = list(event.headers)
            case events.StreamEnded():
                stream.ended = True
            case events.StreamReset():
                if stream:
                    stream.reset = int(event.error_code)
            case events.RemoteSettingsChanged():
                self.settings |= {int(code): change.new_value for code, change in event.changed_settings.items()}

    def open(self, fields: list[tuple[str, str]], end: bool = True) -> Stream:
        number = self.h2.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        self.h2.send_headers(number, fields, end_stream=end)
        self.flush()
        return stream

    def request(self, path: str, method: str = "GET", *, fields=(), end: bool = True, authority="localhost") -> Stream:
        pseudo = [(":method", method), (":scheme", self.scheme), (":authority", authority), (":path", path)]
        return self.open([pair for pair in pseudo if pair[1] is not None] + list(fields), end)

    def connect(self, path: str = "/", *, fields=(), version: str | None = "13", protocol: str = "websocket",
                authority: str = "localhost") -> Stream:
        """Asks for a WebSocket (RFC 8441)."""
        self.until(lambda: self.settings)
        assert self.settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1, "extended CONNECT isn't offered"
        more = [("sec-websocket-version", version)] if version else []
        return self.open([(":method", "CONNECT"), (":protocol", protocol), (":scheme", self.scheme),
                          (":authority", authority), (":path", path), *more, *fields], end=False)

    def upgraded(self, path: str = "/", **options) -> Wire:
        """A WebSocket on a stream."""
        stream = self.connect(path, **options)
        assert stream.head.status == 200, (stream.head, stream.data)
        return Wire(stream, masking=True)


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def block(*fields: tuple[str, str]) -> bytes:
    return Encoder().encode(list(fields), huffman=False)


def get(path: str = "/", *more: tuple[str, str]) -> bytes:
    return block((":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path), *more)


class Frames:
    """A connection by hand: whatever frames are given, and those that come back as (type, flags, stream, payload)."""

    def __init__(self, proxy, timeout: float = 5.0, first: bytes = PREFACE + frame(SETTINGS)):
        self.sock = proxy.socket(timeout, context_of(proxy) if proxy.tls else None)
        self.buffer = b""
        self.ended = False
        self.sock.sendall(first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *frames: bytes) -> bool:
        """False when the proxy has ended the connection."""
        try:
            self.sock.sendall(b"".join(frames))
            return True
        except OSError:
            return False

    def read(self) -> tuple[int, int, int, bytes] | None:
        """The next frame; None at the end."""
        try:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                got = self.sock.recv(65536)
                if not got:
                    self.ended = True
                    return None
                self.buffer += got
        except (ConnectionError, socket.timeout) as error:
            self.ended = not isinstance(error, socket.timeout)
            return None
        end = 9 + int.from_bytes(self.buffer[:3], "big")
        whole, self.buffer = self.buffer[:end], self.buffer[end:]
        return whole[3], whole[4], int.from_bytes(whole[5:9], "big") & 0x7FFFFFFF, whole[9:]

    def wait(self, kind: int, stream: int | None = None) -> tuple[int, int, int, bytes] | None:
        """The first frame of a kind, those before it passed over."""
        while got := self.read():
            if got[0] == kind and stream in (None, got[2]):
                return got
        return None

    def goaway(self) -> int | None:
        """The code of the GOAWAY that comes before the end."""
        got = self.wait(GOAWAY)
        return struct.unpack("!I", got[3][4:8])[0] if got else None
