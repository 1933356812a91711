"""Requests that a client sends without waiting: answers in their order, in whatever way each is answered, and none
before the client has taken those before it (RFC 9112, 9.3.2)."""

import os
import random
import signal
import socket
import threading
import time

import pytest

from support import machine
from support.backends import ScriptedBackend
from support.proxy import configuration, route
from support.wire import TEXT, Ended, Head, Wire, frame, upgrade_request

PAD = "p" * 700


def app(wire: Wire, head: Head) -> None:
    """Answers one request after the other, each with its target; how, is in the path."""
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        if head.get("transfer-encoding"):
            while b"0\r\n\r\n" not in wire.buffer:
                wire._more()
            wire.read(wire.buffer.index(b"0\r\n\r\n") + 5)
        else:
            wire.read(int(head.get("content-length") or 0))
        body = head.target.encode()
        if head.get("upgrade") and head.target.startswith("/socket"):
            wire.accept(head)
            got = wire.read_frame()
            wire.send(got.opcode, got.payload)
            return
        if head.target.startswith("/early"):
            wire.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3)
        if head.target.startswith("/chunks"):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            wire.sock.sendall(b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")
        elif head.target.startswith("/nothing"):
            wire.sock.sendall(b"HTTP/1.1 204 No Content\r\nX-Path: %s\r\n\r\n" % body)
        else:
            sent = b"" if head.first.startswith("HEAD") else body
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Path: %s\r\nContent-Length: %d\r\n\r\n%s" % (body, len(body), sent))
        head = wire.read_head()


def request(way: str, number: int) -> bytes:
    head = f"HTTP/1.1\r\nHost: a\r\nX-Pad: {PAD[:number * 37 % 700]}\r\n"
    body = b"b" * (number * 53 % 3000)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 500]), body[at:at + 500]) for at in range(0, len(body), 500))
    return {
        "page": f"GET /page {head}\r\n".encode(),
        "page head": f"HEAD /page {head}\r\n".encode(),
        "app": f"GET /user-{number} {head}\r\n".encode(),
        "app head": f"HEAD /user-{number} {head}\r\n".encode(),
        "body": f"POST /user-{number} {head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        "chunked": f"POST /user-{number} {head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n",
        "chunks": f"GET /chunks-{number} {head}\r\n".encode(),
        "nothing": f"GET /nothing-{number} {head}\r\n".encode(),
        "early": f"GET /early-{number} {head}\r\n".encode(),
        # Those after which nothing more can come.
        "no route": f"GET /none {head}\r\n".encode(),
        "broken": b"BROKEN\r\n\r\n",
        "refused upgrade": upgrade_request(f"/refused-{number}"),
        "session": upgrade_request(f"/socket-{number}", trailing=frame(TEXT, b"hello", mask=b"abcd")),
        "last": f"GET /user-{number} {head}Connection: close\r\n\r\n".encode(),
    }[way]


def read_chunks(wire: Wire) -> bytes:
    parts = []
    while True:
        while b"\r\n" not in wire.buffer:
            wire._more()
        size = int(wire.read(wire.buffer.index(b"\r\n") + 2), 16)
        parts.append(wire.read(size))
        wire.read(2)
        if not size:
            return b"".join(parts)


def check(wire: Wire, way: str, number: int) -> None:
    head = wire.read_head()
    while head.status == 103:
        assert way == "early"
        head = wire.read_head()
    path = {"chunks": "/chunks", "nothing": "/nothing", "early": "/early", "refused upgrade": "/refused"}.get(way, "/user")
    statuses = {"nothing": 204, "no route": 404, "broken": 400, "session": 101}
    assert head.status == statuses.get(way, 200), (way, number, head)
    if way in ("page", "no route", "broken"):
        body = wire.read_body(head)
        assert way != "page" or body == b"page"
    elif way == "chunks":
        assert read_chunks(wire) == f"{path}-{number}".encode()
    elif way == "session":
        assert wire.read_message() == (TEXT, b"hello")
    elif way != "page head":
        assert head.get("x-path") == f"{path}-{number}", (way, number)
        if way not in ("app head", "nothing"):
            assert wire.read_body(head) == f"{path}-{number}".encode()


WAYS = ["page", "page head", "app", "app head", "body", "chunked", "chunks", "nothing", "early"]
LAST = ["no route", "broken", "refused upgrade", "session", "last"]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def edge(request, shared_run):
    with ScriptedBackend(app) as backend:
        config = configuration(backend.address, workers=1)
        config["routes"] = [
            {"name": "page", "match": {"path": "/page"}, "respond": {"status": 200, "body": "page"}},
            {"name": "none", "match": {"path": "/none"}, "respond": {"status": 404, "body": "nothing"}},
            route("/", "only")]
        config["upstreams"]["only"]["pool"] = {"warm": 0}
        with shared_run(config, tls=request.param) as proxy:
            yield proxy


@pytest.mark.parametrize("last", LAST)
def test_answers_come_in_the_order_of_requests(edge, last):
    chance = random.Random(last)
    ways = ["page", "page"] + [chance.choice(WAYS) for _ in range(80)] + [last]
    wire = edge.wire()
    # More than one read is there when the proxy looks.
    os.kill(edge.pid, signal.SIGSTOP)
    data = b"".join(request(way, number) for number, way in enumerate(ways))

    def send() -> None:
        for at in range(0, len(data), 1024):
            wire.sock.sendall(data[at:at + 1024])
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    time.sleep(0.1)
    os.kill(edge.pid, signal.SIGCONT)
    for number, way in enumerate(ways):
        check(wire, way, number)
    sender.join(10)
    wire.sock.close()


@pytest.mark.parametrize("way", ["page", "app", "body", "early"])
def test_requests_after_the_clients_end_are_answered(edge, way):
    if edge.tls:
        pytest.skip("TLS has no half-closed connection")
    wire = edge.wire()
    wire.sock.sendall(b"".join(request(way, number) for number in range(5)) + request("last", 5))
    wire.sock.shutdown(socket.SHUT_WR)
    for number in range(5):
        check(wire, way, number)
    check(wire, "last", 5)
    assert wire.is_ended()


@pytest.mark.parametrize("path", ["/page", "/user-1", "/early-1"])
def test_a_client_that_reads_nothing_is_not_answered_into_memory(run, path):
    """And one that goes on to read gets everything."""
    with ScriptedBackend(app) as backend:
        config = configuration(backend.address, workers=1)
        config["routes"].insert(0, {"name": "page", "match": {"path": "/page"},
                                    "respond": {"status": 200, "body": "y" * 20000}})
        with run(config, tls=False) as proxy:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(1.0)
            sock.connect(("127.0.0.1", proxy.port))
            before, sent = proxy.resident_kib, 0
            data = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 5000
            try:
                for _ in range(20):
                    sent += sock.send(data)
            except TimeoutError:
                pass
            time.sleep(0.5)
            proxy.expect_memory(below=before + 16384)
            whole = sent // (len(data) // 5000)
            assert whole > 1000
            with Wire(sock) as wire:
                for _ in range(200):
                    head = wire.read_head()
                    while head.status == 103:
                        head = wire.read_head()
                    assert head.status == 200
                    wire.read_body(head)


def test_a_client_that_never_takes_its_answers_is_given_up(run):
    config = {"routes": [{"name": "page", "match": {"path": "/page"}, "respond": {"status": 200, "body": "y" * 2_000_000}}],
              "timeouts": {"slow_consumer": "1s"}}
    with run(config, tls=False) as proxy:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(10)
        sock.connect(("127.0.0.1", proxy.port))
        sock.sendall(b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n" * 20)

        def is_given_up() -> bool:
            try:
                sock.send(b"x")
                return False
            except OSError:
                return True
        machine.eventually(is_given_up, "the connection is reset", 8, 0.2)
        with pytest.raises((Ended, OSError)), Wire(sock) as wire:
            while True:
                wire.read_body(wire.read_head())
