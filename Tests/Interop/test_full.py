"""What happens when the process is full: of connections, of descriptors, of feeds. It says so, serves whom it has, blames no
backend, and recovers by itself."""

import re
import resource
import select
import socket

import pytest

from support import machine
from support.admin import free_admin
from support.audience import Audience
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast
from support.proxy import configuration
from support.wire import TEXT, upgrade_request


def connected(proxy, header: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", proxy.port), 10)
    sock.sendall(header)
    return sock


def asked(sock: socket.socket) -> int:
    """The status of an upgrade; 0 when the connection ends without one."""
    try:
        sock.sendall(upgrade_request("/"))
        head = sock.recv(4096)
    except ConnectionError:
        return 0
    return int(head[9:12]) if head else 0


def is_served(proxy) -> bool:
    with connected(proxy) as sock:
        return asked(sock) == 101


def header(address: str) -> bytes:
    return f"PROXY TCP4 {address} 192.0.2.200 4000 443\r\n".encode()


def test_idle_connections_of_one_client_leave_backends_and_admin_in_peace(run):
    admin = free_admin()
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, workers=1, admin=admin.section)
        with run(config, tls=False, descriptors=128) as proxy:
            before = connected(proxy)
            idle = [connected(proxy) for _ in range(150)]
            machine.eventually(lambda: admin.metrics().value("trunkline_limits_hit_total", limit="client_connections") > 50,
                               "many are refused")
            page = admin.metrics()
            assert page.value("process_open_fds") < 120
            assert page.value("trunkline_sockets", side="client") == page.value("trunkline_sockets_limit", side="client")
            assert asked(before) == 101
            with connected(proxy) as late:
                assert b"503" in late.recv(4096)
            for sock in idle:
                sock.close()
            machine.eventually(lambda: is_served(proxy), "there is room again")
            assert admin.metrics().value("trunkline_backend_up") == 1
            before.close()
        assert not any("unreachable" in line for line in proxy.err)
        # Once, and then a line a second at most.
        assert sum('"connection refused"' in line for line in proxy.err) < 30


def test_a_want_of_descriptors_is_no_fault_of_the_backend(run):
    admin = free_admin()
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, workers=1, admin=admin.section)
        with run(config, tls=False) as proxy:
            waiting = [connected(proxy) for _ in range(20)]
            machine.eventually(lambda: admin.metrics().value("trunkline_client_connections") >= 20, "they are accepted")
            soft, hard = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (8, hard))
            try:
                assert [asked(sock) for sock in waiting[:10]] == [503] * 10
                # Who comes now waits to be accepted.
                late = connected(proxy)
            finally:
                resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (soft, hard))
            assert asked(late) == 101 and [asked(sock) for sock in waiting[10:]] == [101] * 10
            page = admin.metrics()
            assert page.value("trunkline_shortages_total", resource="descriptors", phase="connect") >= 10
            assert page.value("trunkline_backend_up") == 1
            for sock in [late, *waiting]:
                sock.close()
        assert not any("unreachable" in line or "rests" in line for line in proxy.err)
        assert any('"out of descriptors"' in line and "open files" in line for line in proxy.err)


@pytest.mark.parametrize("tls", [False, True])
def test_connections_of_one_address_are_counted_before_anything_is_read(run, tls):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, limits={"client_connections_per_client": 3})
        with run(config, tls=tls) as proxy:
            held = [connected(proxy) for _ in range(4)]
            # Workers accept in an order of their own: any of the four may be the one too many.
            refused = select.select(held, [], [], 10)[0]
            assert len(refused) == 1
            with refused[0] as fourth:
                said = fourth.recv(4096)
                assert said == b"" if tls else said.startswith(b"HTTP/1.1 503 ")
                assert tls or re.search(rb"(?i)\r\nRetry-After: \d+\r\n", said)
            held.remove(fourth)
            held.pop().close()

            def served() -> bool:
                try:
                    with proxy.upgraded() as wire:
                        wire.send(TEXT, b"hello")
                        return wire.read_message() == (TEXT, b"hello")
                except (OSError, EOFError, AssertionError):
                    return False
            machine.eventually(served, "a place is free again")
            for sock in held:
                sock.close()


def test_addresses_are_those_of_the_proxy_header(run):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, limits={"client_connections_per_client": 2})
        with run(config, tls=False, listener={"proxy_protocol": "accept"}) as proxy:
            held = [connected(proxy, header(f"198.51.100.{1 + number % 4}")) for number in range(8)]
            assert [asked(sock) for sock in held] == [101] * 8
            with connected(proxy, header("198.51.100.2")) as third:
                assert b" 503 " in third.recv(4096)
            # A balancer's own checks are nobody's.
            checks = [connected(proxy, b"PROXY UNKNOWN\r\n") for _ in range(4)]
            assert [asked(sock) for sock in checks] == [101] * 4
            for sock in held + checks:
                sock.close()


def test_feeds_without_clients_make_room_for_others(run, feed):
    admin = free_admin()
    policy = {"feeds": 3, "linger": "60s"}
    with run(broadcast(feed.address, policy=policy, admin=admin.section)) as proxy, Audience(proxy) as audience:
        for number in range(20):
            audience.leave(audience.join(1, f"/{number}"))
        machine.eventually(lambda: feed.stats["open"] <= 3, "no more than three linger")
        assert feed.stats["connections"] == 20
        for path in ("/a", "/b", "/c"):
            audience.join(2, path)
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request("/d"))
            assert wire.read_head().status == 503
        assert admin.metrics().value("trunkline_limits_hit_total", limit="feeds") == 1
        audience.join(5, "/c")
