"""`limits.memory`: what is held for all peers together; and what happens when the kernel gives none."""

import re
import resource
import socket
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast
from support.hostile import Http2Backend
from support.http2 import Http2
from support.machine import eventually
from support.proxy import configuration, route, upstream
from support.wire import BINARY, TEXT, Head, Wire, frame, upgrade_request

OFFER = [("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover; client_no_context_takeover")]
PLAIN = b"to be inflated " * 100


def inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")


def flood(wire: Wire, head: Head) -> None:
    """A backend that sends as much as the path says, and waits."""
    wire.accept(head)
    wire.sock.sendall(frame(BINARY, bytes(int(head.target.split("-")[1]) << 20)))
    wire.sock.recv(1)


def unread(proxy, path: str) -> Wire:
    """A session of a client that reads nothing of it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    sock.sendall(upgrade_request(path))
    wire = Wire(sock, masking=True)
    assert wire.read_head().status == 101
    return wire


def test_the_largest_holder_is_cut_first_and_told_of(run):
    admin = free_admin()
    with ScriptedBackend(flood) as large, ScriptedBackend(echo) as honest:
        config = configuration(large.address, admin=admin.section, limits={"memory": "12MiB", "buffer": "64MiB"}, workers=2)
        config["routes"].insert(0, route("/echo", "honest"))
        config["upstreams"]["honest"] = upstream(honest.address)
        with run(config, tls=False) as proxy, proxy.upgraded("/echo") as other:
            small = unread(proxy, "/take-3")
            eventually(lambda: admin.status()["memory"]["held_bytes"] > 1 << 20, "something is held")
            big = unread(proxy, "/take-40")
            line = proxy.wait_log("connection cut for memory", timeout=30)
            assert '"side":"client"' in line and '"peer":"127.0.0.1' in line
            memory = admin.status()["memory"]
            assert memory["limit_bytes"] == 12 << 20 and memory["cuts"] == 1
            page = admin.metrics()
            assert page.value("trunkline_memory_cuts_total", peer="client") == 1
            assert page.value("trunkline_memory_limit_bytes") == 12 << 20
            assert page.value("trunkline_session_closes_total", cause="memory", closed_by="proxy") == 1
            eventually(lambda: admin.status()["memory"]["held_bytes"] < 12 << 20, "it is given back")
            # The smaller one is there still, and gets everything.
            assert len(small.read_message()[1]) == 3 << 20
            other.send(TEXT, b"hello")
            assert other.read_message() == (TEXT, b"hello")
            for wire in (small, big):
                wire.sock.close()
            eventually(lambda: admin.status()["memory"]["held_bytes"] < 1 << 20, "nothing is held")


@pytest.mark.alone
def test_the_limit_is_kept_within_a_read_a_loop(run):
    """Hundreds of clients that read nothing, whose backend sends to all of them at once, as fast as it can."""
    admin = free_admin()
    start = threading.Event()

    def pour(wire: Wire, head: Head) -> None:
        wire.accept(head)
        start.wait()
        with suppress(OSError):
            while True:
                wire.sock.sendall(frame(BINARY, bytes(1 << 20)))
    with ScriptedBackend(pour) as backend:
        config = configuration(backend.address, admin=admin.section, limits={"memory": "8MiB"}, workers=2)
        with run(config, tls=False) as proxy:
            wires = [unread(proxy, "/") for _ in range(200)]
            start.set()
            most, end = 0, time.monotonic() + 1.5
            while time.monotonic() < end:
                most = max(most, admin.status()["memory"]["held_bytes"])
            assert admin.status()["memory"]["cuts"] > 20
            # A read of 128 KiB and what is not told yet, of each loop.
            assert 7 << 20 < most < 9 << 20
            for wire in wires:
                wire.sock.close()


@contextmanager
def replaying(run, admin, **options):
    """A proxy that holds 4 MiB, and sets `limits.memory` by a call. What a feed keeps for those who come is nobody's, and
    not given up."""
    with ScriptedBackend(flood) as backend:
        config = broadcast(backend.address, policy={"replay_last": 4, "queue_bytes": "16MiB"}, admin=admin.section,
                           limits={"memory": 0})
        with run(config, **options) as proxy, proxy.upgraded("/feed-4") as first:
            assert len(first.read_message()[1]) == 4 << 20

            def limit(memory: str) -> None:
                (proxy.folder / "proxy.conf").write_text(proxy.config.replace('"memory": 0', f'"memory": "{memory}"'))
                assert admin.post("/reload")[0] == 200
            yield proxy, limit


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_new_connections_are_refused_while_too_much_is_held(run, tls):
    """At their first bytes, whatever these are, or when none come; in the version that they speak."""
    admin = free_admin()
    with replaying(run, admin, tls=tls) as (proxy, limit), proxy.wire() as earlier:
        limit("1MiB")
        with proxy.wire() as silent, proxy.wire() as half:
            half.sock.sendall(b"GET / HTTP/1.1\r\nHo")
            for wire in (half, silent):
                head = wire.read_head()
                assert head.status == 503 and head.get("retry-after")
                assert wire.is_ended()
        # One that was there before is refused what it asks for.
        earlier.sock.sendall(upgrade_request("/feed-4"))
        assert earlier.read_head().status == 503
        with Http2(proxy) as client:
            assert client.request("/feed-4").head.status == 503
            assert client.connect("/feed-4").head.status == 503
        assert admin.metrics().value("trunkline_limits_hit_total", limit="memory") == 5
        limit("64MiB")
        with proxy.upgraded("/feed-4") as wire, Http2(proxy) as client, client.upgraded("/feed-4") as stream:
            assert len(wire.read_message()[1]) == len(stream.read_message()[1]) == 4 << 20


def test_one_that_came_while_too_much_was_held_is_served_once_it_is_not(run):
    admin = free_admin()
    with replaying(run, admin, tls=False) as (proxy, limit):
        limit("1MiB")
        with proxy.wire() as wire:
            # By then it is accepted.
            time.sleep(0.3)
            limit("64MiB")
            wire.sock.sendall(upgrade_request("/feed-4"))
            assert wire.read_head().status == 101


@contextmanager
def address_space(pid: int, room: int):
    """Lets the process have so many bytes more than it has."""
    taken = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) << 10
    soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (taken + room, hard))
    # What the proxy was told last holds for some milliseconds.
    time.sleep(0.05)
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, (soft, hard))


def test_of_a_line_to_a_backend_only_the_sessions_that_hold_most_go(run):
    admin = free_admin()
    backend = Http2Backend()
    lines = upstream(backend.address, mode="multiplex", pool={"connections": 1})
    config = {"routes": [route("/", "lines")], "admin": admin.section, "limits": {"memory": "2MiB"}, "workers": 1,
              "upstreams": {"lines": lines}}
    with run(config, tls=False) as proxy:
        quiet = [proxy.upgraded("/silent") for _ in range(5)]
        greedy = [proxy.upgraded("/deaf") for _ in range(60)]
        for wire in greedy:
            wire.sock.setblocking(False)
        message = frame(BINARY, bytes(60_000), mask=b"abcd")

        def is_over() -> bool:
            for wire in greedy:
                with suppress(OSError):
                    wire.sock.send(message)
            return admin.status()["memory"]["cuts"] > 0
        eventually(is_over, "something was cut", 10)
        line = proxy.wait_log("connection cut for memory")
        assert f'"peer":"streams of {backend.address}"' in line
        eventually(lambda: (admin.metrics().value("trunkline_session_closes_total", cause="memory") or 0) > 0, "sessions went")
        for wire in quiet:
            wire.sock.settimeout(0.05)
            with pytest.raises(TimeoutError):
                wire.read_frame()
        assert len(backend.socks) == 1 and not any("connection lost" in line for line in proxy.err)
        for wire in greedy:
            wire.sock.close()


def burst(wire: Wire, head: Head) -> None:
    """A backend of a feed that sends half a mebibyte in messages of 8 KiB, and more as long as it is there."""
    wire.accept(head)
    for _ in range(64):
        wire.sock.sendall(frame(BINARY, bytes(8192)))
    while True:
        time.sleep(0.2)
        wire.sock.sendall(frame(BINARY, bytes(8192)))


def test_a_feed_holds_what_somebody_waits_for(run):
    """Nothing but `replay_last` when nobody is there; and for others what there is room for."""
    admin = free_admin()
    with ScriptedBackend(burst) as backend:
        config = broadcast(backend.address, policy={"linger": "60s"}, admin=admin.section, limits={"memory": "64MiB"})
        with run(config, tls=False) as proxy:
            def held() -> int:
                return admin.status()["memory"]["held_bytes"]

            quick = [proxy.upgraded(f"/quick-{number}") for number in range(20)]
            for _ in range(64):
                for wire in quick:
                    assert len(wire.read_message()[1]) == 8192
            for wire in quick:
                wire.sock.close()
            eventually(lambda: held() < 1 << 20, "nobody needs them")
            slow = [unread(proxy, f"/slow-{number}") for number in range(20)]
            eventually(lambda: held() > 5 << 20, "much waits")
            (proxy.folder / "proxy.conf").write_text(proxy.config.replace('"memory": "64MiB"', '"memory": "4MiB"'))
            assert admin.post("/reload")[0] == 200
            # Of each feed the newest, and what is under way to its client.
            eventually(lambda: held() < 4 << 20, "there is room again")
            with proxy.upgraded("/another") as wire:
                assert len(wire.read_message()[1]) == 8192
            for wire in slow:
                wire.sock.close()
            eventually(lambda: held() < 1 << 20, "nobody is there")



@pytest.mark.parametrize("version", [1, 2])
def test_without_memory_new_sessions_are_refused_and_those_that_are_there_go_on(run, version):
    """Before a backend is asked: nobody is accepted and then closed."""
    admin = free_admin()
    asked = []

    def echoes(wire: Wire, head: Head) -> None:
        asked.append(head.target)
        echo(wire, head)
    with ScriptedBackend(echoes) as backend:
        config = configuration(backend.address, admin=admin.section, workers=1)
        with run(config) as proxy, proxy.upgraded("/first") as first, Http2(proxy) as client:
            assert client.request("/warm").head.status
            with address_space(proxy.pid, 1 << 20):
                for _ in range(20):
                    if version == 1:
                        with proxy.wire() as wire:
                            wire.sock.sendall(upgrade_request("/no", fields=OFFER))
                            head = wire.read_head()
                    else:
                        head = client.connect("/no", fields=[(name.lower(), value) for name, value in OFFER]).head
                    assert head.status == 503 and head.get("retry-after")
                    first.send(TEXT, b"here")
                    assert first.read_message() == (TEXT, b"here")
                page = admin.metrics()
                assert page.value("trunkline_shortages_total", resource="memory", phase="request") == 20
                assert page.value("trunkline_backend_up") == 1
            eventually(lambda: client.connect("/yes").head.status == 200, "they are served again")
            assert "/no" not in asked
        assert any('"out of memory"' in line and "Cannot allocate" in line for line in proxy.err)


@pytest.mark.skipif(machine.SANITIZER == "thread", reason="this sanitizer ends a process that it gets no memory for")
def test_a_message_waits_for_memory_to_be_inflated(run):
    admin = free_admin()
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, admin=admin.section, workers=1)
        with run(config, tls=False) as proxy:
            wires = [proxy.upgraded(fields=OFFER) for _ in range(10)]
            with address_space(proxy.pid, 64 << 10):
                z = zlib.compressobj(9, zlib.DEFLATED, -15)
                packed = (z.compress(PLAIN) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
                for wire in wires:
                    wire.send(TEXT, packed, rsv=4)
                eventually(lambda: (admin.metrics().value("trunkline_limits_hit_total", limit="memory") or 0) > 3, "some wait")
            for wire in wires:
                opcode, payload = wire.read_message()
                assert opcode == TEXT and inflated(payload) == PLAIN
                wire.sock.close()


def test_nobody_new_is_served_while_too_much_is_held(run):
    admin = free_admin()
    with replaying(run, admin, tls=False) as (proxy, limit):
        limit("1MiB")
        with proxy.wire() as second:
            second.sock.sendall(upgrade_request("/feed-4"))
            head = second.read_head()
            assert head.status == 503 and 1 <= int(head.get("retry-after")) <= 10
            assert head.get("content-type").startswith("text/plain")
        assert admin.metrics().value("trunkline_limits_hit_total", limit="memory") == 1
        memory = admin.status()["memory"]
        assert memory["cuts"] == 0 and memory["held_bytes"] >= 4 << 20 and memory["limit_bytes"] == 1 << 20
        limit("64MiB")
        with proxy.upgraded("/feed-4") as second:
            assert len(second.read_message()[1]) == 4 << 20
