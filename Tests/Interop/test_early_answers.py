"""Backends that say something before they are asked, or before they have heard everything."""

import socket
import struct
import threading
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo_frames
from support.proxy import configuration
from support.schema import words
from support.wire import TEXT, Wire, upgrade_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("kind", ["upgrade", "request"])
@pytest.mark.parametrize("count, status", [(900, None), (8000, 502)])
def test_interim_responses_are_bounded_and_need_no_stack(run, kind, count, status):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 100\r\n\r\n" * count)
        if head.get("upgrade"):
            wire.accept(head)
            echo_frames(wire)
        else:
            wire.sock.sendall(OK)

    with ScriptedBackend(script) as backend, run(configuration(backend.address, workers=1), tls=False) as proxy:
        for _ in range(2):
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request() if kind == "upgrade" else b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                head = wire.read_head()
                while head.status < 200 and head.status != 101:
                    head = wire.read_head()
                assert head.status == (status or (101 if kind == "upgrade" else 200))
        if status:
            proxy.wait_log("more than 1000 interim responses")


def test_a_413_that_is_followed_by_a_reset_reaches_the_client(run):
    body = b"too large\n"

    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 10\r\nConnection: close\r\n\r\n" + body)
        # The body is not read: the kernel resets the connection at its end.
        time.sleep(0.05)
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.sock.close()

    with ScriptedBackend(script) as backend, run(configuration(backend.address, workers=1), tls=False) as proxy:
        for _ in range(10):
            with proxy.wire() as wire:
                wire.sock.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
                sender = threading.Thread(target=pour, args=(wire.sock, 20_000_000), daemon=True)
                sender.start()
                head = wire.read_head()
                assert head.status == 413 and wire.read_body(head) == body
                wire.sock.close()
                sender.join(10)


def pour(sock, count: int) -> None:
    try:
        for _ in range(count // 100_000):
            sock.sendall(b"x" * 100_000)
    except OSError:
        pass


@pytest.mark.parametrize("kind", ["upgrade", "request"])
def test_a_408_on_an_idle_connection_is_no_answer(run, kind):
    """Whether it came before the request or crosses it on its way (RFC 9110, 15.5.9)."""
    late = threading.Event()
    asked = []

    def serve(sock, number):
        with Wire(sock) as wire:
            head = wire.read_head()
            asked.append(number)
            if number == 0:
                wire.sock.sendall(OK)
                late.wait(10)
                wire.read_head()
                wire.sock.sendall(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return
            if head.get("upgrade"):
                wire.accept(head)
                echo_frames(wire)
            else:
                wire.sock.sendall(OK)

    numbers = iter(range(100))
    with ScriptedBackend(None) as backend:
        backend._serve = lambda sock: quietly(serve, sock, next(numbers))
        config = configuration(backend.address, workers=1)
        config["upstreams"]["only"]["pool"] = {"warm": 0, "idle": 4}
        with run(config, tls=False) as proxy:
            with proxy.wire() as wire:
                wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert wire.read_head().status == 200
            late.set()
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request() if kind == "upgrade" else b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert wire.read_head().status == (101 if kind == "upgrade" else 200)
    assert asked == [0, 1]


def quietly(serve, sock, number) -> None:
    sock.settimeout(20)
    try:
        serve(sock, number)
    except Exception:
        pass
    finally:
        sock.close()


def test_a_408_that_a_backend_means_reaches_the_client(run):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    with ScriptedBackend(script) as backend:
        config = configuration(backend.address, workers=1)
        config["upstreams"]["only"]["pool"] = {"warm": 0}
        with run(config, tls=False) as proxy:
            for request in (upgrade_request(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
                with proxy.wire() as wire:
                    wire.sock.sendall(request)
                    assert wire.read_head().status == 408
        assert len(backend.heads) == 2


@pytest.mark.parametrize("balance", words("upstreams", "*", "balance"))
def test_every_backend_is_tried_as_long_as_nothing_was_sent(run, balance):
    def script(wire, head):
        wire.accept(head)
        echo_frames(wire)

    with ScriptedBackend(script) as backend:
        dead = [f"127.0.0.1:{machine.free_port()}" for _ in range(7)]
        config = configuration(*dead, backend.address, workers=1)
        config["upstreams"]["only"] |= {"balance": balance, "pool": {"warm": 0}, "retry": {"attempts": 1}}
        with run(config, tls=False) as proxy:
            for _ in range(12):
                with proxy.upgraded() as wire:
                    wire.send(TEXT, b"here")
                    assert wire.read_message() == (TEXT, b"here")
