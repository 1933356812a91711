"""Authorities and sources of keys that lie: nobody is let in by them, nobody waits long for them, and nothing grows."""

import time
from types import SimpleNamespace

import pytest

from support import machine
from support.admin import free_admin
from support.backends import LibraryBackend, ScriptedBackend
from support.proxy import route, upstream
from support.tokens import Issuer, bearer
from support.wire import upgrade_request

OK = b"HTTP/1.1 200 OK\r\nX-User: root\r\n"


def endless(start: bytes, again: bytes, pause: float = 0):
    def script(wire, head):
        wire.sock.sendall(start)
        while True:
            wire.sock.sendall(again)
            time.sleep(pause)
    return script


def once(data: bytes):
    def script(wire, head):
        wire.sock.sendall(data)
        wire.is_ended(10)
    return script


LIES = {
    "a body without end": endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b" " * 0x4000 + b"\r\n"),
    "a body of a terabyte": endless(OK + b"Content-Length: 1099511627776\r\n\r\n", b" " * 0x4000),
    "early hints without end": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50),
    "a head without end": endless(OK, b"X-More: " + b"x" * 1000 + b"\r\n"),
    "a byte now and then": endless(OK, b"x", 0.1),
    "nothing": endless(b"", b"", 0.1),
    "no HTTP": once(b"\x00" * 64),
    "another protocol": once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    "two lengths": once(OK + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n"),
    "half an answer": lambda wire, head: wire.sock.sendall(OK + b"Content-Length: 10\r\n\r\n{}"),
    "a field that goes on": once(OK + b"X-Plan: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    "a bare line end in a field": once(OK + b"X-Plan: a\rX-Admin: 1\r\nContent-Length: 0\r\n\r\n"),
}


SLOW = ("a byte now and then", "nothing")


@pytest.fixture(scope="module")
def house(shared_run):
    """Two routes for each lie: an authority that tells it, and a source of keys."""
    admin = free_admin()

    def script(wire, head):
        list(LIES.values())[int(head.first.split()[1].rsplit("/", 1)[1])](wire, head)
    with LibraryBackend() as backend, ScriptedBackend(script) as liar:
        routes = []
        for number in range(len(LIES)):
            forward = {"upstream": "liar", "path": f"/verify/{number}", "pass": ["X-User", "X-Plan"], "timeout": "500ms"}
            jwt = {"keys": {"upstream": "liar", "path": f"/keys/{number}"}, "algorithms": ["ES256"]}
            unhurried = {**forward, "timeout": "1m"}
            for kind, access in (("forward", {"forward": forward}), ("keys", {"jwt": jwt}),
                                 ("unhurried", {"forward": unhurried})):
                routes.append(route(f"/{kind}/{number}", "app", name=f"{kind}-{number}", access=access))
        config = {"admin": admin.section, "workers": 1, "routes": routes,
                  "upstreams": {"app": upstream(backend.address, pool={"warm": 0}),
                                "liar": upstream(liar.address, pool={"warm": 0})}}
        with shared_run(config, tls=False) as proxy:
            yield SimpleNamespace(proxy=proxy, admin=admin, backend=backend, token=Issuer("ES256").sign())


def status(house, path: str) -> tuple[int, float]:
    began = time.monotonic()
    with house.proxy.wire() as wire:
        wire.sock.settimeout(20)
        wire.sock.sendall(upgrade_request(path, fields=list(bearer(house.token).items())))
        return wire.read_head().status, time.monotonic() - began


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_lets_anybody_in(house, lie):
    number = list(LIES).index(lie)
    before = house.proxy.resident_kib
    answered, took = status(house, f"/forward/{number}")
    assert answered == 503 and took < 5
    if machine.FULL or lie not in SLOW:
        assert status(house, f"/keys/{number}")[0] == 503
    # The others are served meanwhile, and what was held for the lie is not kept.
    assert house.admin.get("/status")[0] == 200
    machine.expect_memory_back(lambda: house.proxy.resident_kib, below=before + 16 * 1024)
    assert house.backend.requests == []


@pytest.mark.parametrize("lie", ["a body without end", "a body of a terabyte", "early hints without end", "a head without end"])
def test_what_never_ends_is_given_up_before_its_time(house, lie):
    answered, took = status(house, f"/unhurried/{list(LIES).index(lie)}")
    assert answered == 503 and took < 15
