"""Backends: the examples of deploy/, a `websockets` server, and one that plays a script byte by byte."""

import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from . import machine
from .wire import CLOSE, PING, PONG, Ended, Head, Wire

EXAMPLES = machine.ROOT / "deploy" / "examples"


class Process:
    """A backend that takes its port from the environment."""

    def __init__(self, command: list[str], **environment: str):
        self.port = machine.free_port()
        self.address = f"127.0.0.1:{self.port}"
        paths = [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs"]
        self.environment = {**os.environ, "NODE_PATH": ":".join(filter(None, paths)), "PORT": str(self.port),
                            **environment}
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            machine.eventually(
                lambda: self.process.poll() is not None or machine.is_listening(self.port), "the backend listens", 60)
            assert self.process.poll() is None, f"{self.command} ended with {self.process.returncode}"
        except BaseException:
            machine.end(self.process)
            raise
        return self

    def __exit__(self, *_):
        machine.end(self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def node_chat() -> Process:
    """Serves the chat, and an echo at a path that ends in /echo."""
    return Process(["node", str(EXAMPLES / "node-chat" / "server.js")])


def node_ticker() -> Process:
    return Process(["node", str(EXAMPLES / "node-ticker" / "server.js")])


def node_echo(compress: bool = False) -> Process:
    """Echoes; with `compress` it negotiates permessage-deflate itself."""
    return Process(["node", str(Path(__file__).parent / "echo.js")], COMPRESS="1" if compress else "0")


def http_server() -> Process:
    """A plain HTTP server."""
    return Process(["node", str(Path(__file__).parent / "http_server.js")])


def swift_chat_binary() -> Path:
    return Path(os.environ.get("SWIFT_CHAT_BIN", machine.ROOT / ".build/swift-chat/release/swift-chat"))


def swift_chat() -> Process:
    return Process([str(swift_chat_binary())])


class LibraryBackend:
    """A `websockets` server: echoes; `close CODE REASON` makes it close; it keeps the closes it received."""

    def __init__(self, subprotocols: list[str] | None = None, compression: str | None = None):
        self.subprotocols, self.compression = subprotocols, compression
        self.closes: list[tuple[int, str] | None] = []
        self.requests: list = []

    def __enter__(self):
        self.server = serve(self._session, "127.0.0.1", 0, compression=self.compression, max_size=None,
                            subprotocols=self.subprotocols)
        self.port = self.server.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def _session(self, ws) -> None:
        self.requests.append(ws.request)
        try:
            while True:
                message = ws.recv()
                if isinstance(message, str) and message.startswith("close "):
                    _, code, *reason = message.split(" ", 2)
                    ws.close(int(code), reason[0] if reason else "")
                else:
                    ws.send(message)
        except ConnectionClosed:
            pass
        received = ws.protocol.close_rcvd
        self.closes.append((received.code, received.reason) if received else None)

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join(5)


class ScriptedBackend:
    """Calls `script(wire, head)` with each request head, on a thread of its own; counts what it accepts.

    A connection that ends before a request, as a warm one may, is counted and forgotten.
    """

    def __init__(self, script, *, host: str = "127.0.0.1", port: int = 0, unix: Path | None = None,
                 tls: ssl.SSLContext | None = None):
        self.script, self.host, self.port, self.unix, self.tls = script, host, port, unix, tls
        self.accepted: list[socket.socket] = []
        self.heads: list[Head] = []
        self.failures: list[BaseException] = []
        self.closing = False

    def __enter__(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.socket(socket.AF_UNIX if self.unix else family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(str(self.unix) if self.unix else (self.host, self.port))
        self.listener.listen(1024)
        self.port = 0 if self.unix else self.listener.getsockname()[1]
        self.address = f"unix:{self.unix}" if self.unix else f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def _accept(self) -> None:
        while not self.closing:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if self.closing:
                sock.close()
                return
            self.accepted.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(30)
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with Wire(sock) as wire:
                head = wire.read_head()
                self.heads.append(head)
                self.script(wire, head)
        except (Ended, OSError):
            pass
        except BaseException as problem:  # shown by __exit__: a thread can't fail a test
            self.failures.append(problem)
        finally:
            sock.close()

    def __exit__(self, kind, *_):
        self.closing = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for sock in self.accepted:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)
        if kind is None and self.failures:
            raise self.failures[0]


def echo(wire: Wire, head: Head) -> None:
    """A script: upgrades and sends every data frame back as it is shaped; answers Close with the same."""
    wire.accept(head)
    echo_frames(wire)


def echo_frames(wire: Wire) -> None:
    while True:
        got = wire.read_frame()
        if got.opcode == PING:
            wire.send(PONG, got.payload)
        elif got.opcode != PONG:
            wire.send(got.opcode, got.payload, fin=got.fin)
        if got.opcode == CLOSE:
            return
