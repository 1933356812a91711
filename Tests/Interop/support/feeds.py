"""Configurations of feeds, and clients that don't keep up with them."""

import socket

from . import machine
from .audience import Feed, hear
from .proxy import route, upstream
from .wire import Wire, upgrade_request


def broadcast(*addresses: str, policy: dict | None = None, workers: int = 1, **sections) -> dict:
    """Everything goes to one feed upstream of these backends."""
    feed = upstream(*addresses, mode="broadcast", broadcast=policy or {}, pool={"warm": 0})
    return {"workers": workers, "routes": [route("/", "feed")], "upstreams": {"feed": feed}, **sections}


def settled(feed: Feed, count: int) -> None:
    machine.eventually(lambda: feed.stats["open"] == count, f"the feed has {count} connections")


def lazy(proxy, path: str = "/", **options) -> Wire:
    """A client that the kernel keeps little for, and that does not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(20)
    sock.connect(("127.0.0.1", proxy.port))
    if proxy.tls:
        sock = proxy.authority.client_context().wrap_socket(sock, server_hostname="localhost")
    wire = Wire(sock, masking=True)
    sock.sendall(upgrade_request(path, **options))
    assert wire.read_head().status == 101
    return wire


def flood(feed: Feed, fast, count: int = 100) -> list[str]:
    """More than the kernel keeps; the fast ones hear it all, in order."""
    before = len(fast[0].heard)
    for done in range(5, count + 1, 5):
        feed.send("x" * 20_000, count=5)
        hear(fast, before + done)
    assert fast[0].heard[before:] == [f"{number} " + "x" * 20_000 for number in range(5)] * (count // 5)
    return list(fast[0].heard)
