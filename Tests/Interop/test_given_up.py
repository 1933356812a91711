"""Of a request that its client gives up before it is answered nothing stays: what asks a backend and what it asks for
hold each other until one of them lets go. Whatever the phase, by HTTP/1.1 and on streams."""

import socket
import time
from contextlib import ExitStack, contextmanager

import pytest

from support import machine
from support.backends import ScriptedBackend
from support.http2 import Http2
from support.proxy import configuration, route, upstream

CROWD = 40
"""Clients at a time."""
WARM, ROUNDS = 5, 25
KEPT_KIB = 1.0
"""Less than what any of them would leave, were it kept: its head alone has more."""

UPGRADE = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13"),
           ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]
FILLING = [("x-filling", "x" * 1500)]


def silence(wire, _head):
    """Answers nothing, until it is left."""
    wire.sock.settimeout(30)
    while wire.sock.recv(4096):
        pass


@contextmanager
def deaf_listener():
    """An address whose queue of connections is full: a dial to it hangs."""
    with socket.socket() as listener, ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield "127.0.0.1:%d" % listener.getsockname()[1]


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(silence) as silent, deaf_listener() as deaf:
        config = configuration(silent.address, workers=1, http2={"resets": 1_000_000})
        config["routes"] = [route("/deaf/", "deaf"), route("/queue/", "queue"), route("/", "only")]
        config["upstreams"]["deaf"] = upstream(deaf)
        config["upstreams"]["queue"] = {"backends": [{"address": silent.address, "max_sessions": 1}]}
        with shared_run(config, tls=False) as proxy:
            yield proxy


def give_up_by_http1(edge, path: str, is_upgrade: bool) -> None:
    fields = [("host", "localhost"), *FILLING, *(UPGRADE if is_upgrade else [])]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    with ExitStack() as crowd:
        for _ in range(CROWD):
            sock = crowd.enter_context(edge.socket())
            sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        time.sleep(0.02)


def give_up_by_http2(edge, path: str, is_upgrade: bool) -> None:
    with Http2(edge) as client:
        streams = []
        for _ in range(CROWD):
            if is_upgrade:
                fields = [(":protocol", "websocket"), ("sec-websocket-version", "13"), *FILLING]
                streams.append(client.request(path, "CONNECT", fields=fields, end=False))
            else:
                streams.append(client.request(path, fields=FILLING))
        time.sleep(0.02)
        for stream in streams[: CROWD // 2]:
            stream.close()


@pytest.mark.parametrize("path", ["/silent/", "/deaf/", "/queue/"])
@pytest.mark.parametrize("give_up", [give_up_by_http1, give_up_by_http2])
@pytest.mark.parametrize("is_upgrade", [True, False], ids=["upgrade", "request"])
def test_nothing_stays_of_requests_that_are_given_up(edge, path, give_up, is_upgrade):
    for _ in range(WARM):
        give_up(edge, path, is_upgrade)
    before = edge.resident_kib
    for _ in range(ROUNDS):
        give_up(edge, path, is_upgrade)
    machine.expect_memory_back(lambda: edge.resident_kib, below=before + int(ROUNDS * CROWD * KEPT_KIB))
