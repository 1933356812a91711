"""RFC 6455 by hand over a socket: what a library would refuse to send, and what it would hide."""

import base64
import hashlib
import os
import socket
import struct
from dataclasses import dataclass, field

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def accept_for(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def masked(payload: bytes, mask: bytes) -> bytes:
    count = len(payload)
    stretched = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")).to_bytes(count, "big")


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = None,
          length_bytes: int | None = None, declared: int | None = None) -> bytes:
    """One frame. `length_bytes` (0, 2, 8) forces a length form, `declared` a length that isn't the payload's."""
    length = len(payload) if declared is None else declared
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 65536 else 8
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length_bytes == 0:
        head += bytes([bit | length])
    elif length_bytes == 2:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    return head + (mask + masked(payload, mask) if mask else payload)


def close_payload(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else struct.pack("!H", code) + reason.encode()


@dataclass(frozen=True)
class Frame:
    fin: bool
    rsv: int
    opcode: int
    mask: bytes | None
    payload: bytes

    @property
    def close_code(self) -> int | None:
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def close_reason(self) -> str:
        return self.payload[2:].decode()


@dataclass
class Head:
    """A request or response head as it came, spelling and order kept."""

    first: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])

    @property
    def target(self) -> str:
        return self.first.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for spelt, value in self.fields if spelt.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    @property
    def spellings(self) -> list[str]:
        return [spelt for spelt, _ in self.fields]


class Ended(Exception):
    """The peer ended its side where more was expected."""


class Wire:
    """A socket with a read buffer; `masking` for the client's side of a session."""

    def __init__(self, sock: socket.socket, masking: bool = False):
        self.sock = sock
        self.masking = masking
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _more(self) -> None:
        got = self.sock.recv(262144)
        if not got:
            raise Ended(bytes(self.buffer))
        self.buffer += got

    def read(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def read_head(self) -> Head:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        end = self.buffer.index(b"\r\n\r\n")
        lines = self.read(end + 4)[:-4].decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines[1:]]
        return Head(lines[0], [(name, value.strip(" \t")) for name, value in pairs])

    def read_body(self, head: Head) -> bytes:
        """A body by its Content-Length, else all up to the end."""
        length = head.get("content-length")
        return self.read(int(length)) if length is not None else self.read_all()

    def read_all(self) -> bytes:
        try:
            while True:
                self._more()
        except (Ended, ConnectionResetError):
            pass
        return self.read(len(self.buffer))

    def read_frame(self) -> Frame:
        first, second = self.read(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self.read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.read(8))[0]
        mask = self.read(4) if second & 0x80 else None
        payload = self.read(length)
        opcode = first & 0x0F
        return Frame(bool(first & 0x80), first >> 4 & 7, opcode, mask, masked(payload, mask) if mask else payload)

    def read_message(self) -> tuple[int, bytes]:
        """The next data message, fragments joined; pings and pongs between are passed over."""
        opcode, parts = None, []
        while True:
            got = self.read_frame()
            if got.opcode in (PING, PONG):
                continue
            assert got.opcode != CLOSE, f"Close {got.close_code} {got.close_reason!r} where a message was expected"
            opcode = got.opcode if opcode is None else opcode
            parts.append(got.payload)
            if got.fin:
                return opcode, b"".join(parts)

    def read_until_close(self) -> Frame:
        while True:
            got = self.read_frame()
            if got.opcode == CLOSE:
                return got

    def send(self, opcode: int, payload: bytes = b"", **options) -> None:
        if self.masking and "mask" not in options:
            options["mask"] = os.urandom(4)
        self.sock.sendall(frame(opcode, payload, **options))

    def send_close(self, code: int | None = 1000, reason: str = "") -> None:
        self.send(CLOSE, close_payload(code, reason))

    def is_ended(self, timeout: float = 5.0) -> bool:
        """Whether the peer ends the stream in time; bytes on the way there are dropped."""
        self.sock.settimeout(timeout)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True

    def reset(self) -> None:
        """Ends the connection with RST, as a crashed peer's kernel does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def accept(self, head: Head, *, fields: list[tuple[str, str]] = (), trailing: bytes = b"",
               accept: str | None = None) -> None:
        """The backend's 101; `trailing` leaves in the same segment."""
        token = accept_for(head.get("sec-websocket-key") or "") if accept is None else accept
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Accept: {token}"] + [f"{name}: {value}" for name, value in fields]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + trailing)


KEY = base64.b64encode(bytes(range(16))).decode()


def upgrade_request(target: str = "/", host: str = "localhost", *, fields: list[tuple[str, str]] = (),
                    without: tuple[str, ...] = (), method: str = "GET", version: str = "HTTP/1.1",
                    key: str = KEY, trailing: bytes = b"") -> bytes:
    """A well-formed upgrade request, or one bent by its arguments."""
    pairs = [("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    pairs += [("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")]
    pairs = [pair for pair in pairs if pair[0].lower() not in without] + list(fields)
    lines = [f"{method} {target} {version}"] + [f"{name}: {value}" for name, value in pairs]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + trailing
