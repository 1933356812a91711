"""The PROXY protocol accepted from in front."""

import socket
import ssl
import struct

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT, Wire, upgrade_request

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 49153 443\r\n"
V2 = SIGNATURE + b"\x21\x11" + struct.pack("!H", 12) + socket.inet_aton("192.0.2.7") + b"\x0a\0\0\x01\xc0\x01\x01\xbb"
V2_SIX = (SIGNATURE + b"\x21\x21" + struct.pack("!H", 36 + 5) + socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2
          + b"\xc0\x01\x01\xbb" + b"\x04\0\x02ab")


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, timeouts={"handshake": "1s"})
        with shared_run(config, listener={"proxy_protocol": "accept"}) as proxy:
            proxy.backend = backend
            yield proxy


def secured(proxy, header: bytes):
    sock = proxy.tcp()
    sock.sendall(header)
    return proxy.authority.client_context().wrap_socket(sock, server_hostname="localhost")


@pytest.mark.parametrize("header, client", [
    (V1, "192.0.2.7"), (V2, "192.0.2.7"), (V2_SIX, "2001:db8::7"), (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (SIGNATURE + b"\x20\0\0\0", "127.0.0.1")], ids=["v1", "v2", "v2 with IPv6 and extensions", "unknown", "local"])
def test_the_named_address_is_the_client_s(edge, header, client):
    with Wire(secured(edge, header), masking=True) as wire:
        wire.sock.sendall(upgrade_request(f"/{client}"))
        assert wire.read_head().status == 101
        wire.send(TEXT, b"named")
        assert wire.read_message() == (TEXT, b"named")
        head = next(head for head in reversed(edge.backend.heads) if head.target == f"/{client}")
        assert head.get("x-forwarded-for") == client
    assert f'"client":"{client}"' in edge.wait_log(f'session ended.*"/{client}"').replace('": "', '":"')


def test_header_and_handshake_may_come_in_one_segment_or_byte_by_byte(edge, authority):
    for step in (10_000, 1):
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = authority.client_context().wrap_bio(inside, outside, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = V2 + outside.read()
        with edge.tcp() as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(hello), step):
                sock.sendall(hello[start:start + step])
            assert sock.recv(1) == b"\x16"


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0", b"PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n",
                                   SIGNATURE + b"\x21\x11\xff\xff"])
def test_a_connection_without_a_good_header_is_closed(edge, first):
    with Wire(edge.tcp()) as wire:
        wire.sock.sendall(first)
        assert wire.is_ended(3)
    edge.wait_log("connection refused.*PROXY protocol header")


def test_a_header_that_does_not_come_is_not_waited_for(edge):
    with Wire(edge.tcp()) as wire:
        wire.sock.sendall(V1[:10])
        assert wire.is_ended(3)
    edge.wait_log("did not arrive in time")


def test_the_limit_per_client_counts_the_named_address(run):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address)
        config["routes"][0]["limits"] = {"connections_per_client": 2}
        with run(config, tls=False, listener={"proxy_protocol": "accept"}) as proxy:
            def answer(address: str):
                sock = proxy.tcp()
                sock.sendall(f"PROXY TCP6 {address} ::1 1 2\r\n".encode() + upgrade_request())
                wire = Wire(sock, masking=True)
                return wire, wire.read_head()

            held = [answer("2001:db8:0:1::1"), answer("2001:db8:0:1:ffff::2"), answer("2001:db8:0:2::1")]
            assert [head.status for _, head in held] == [101, 101, 101]
            refused, head = answer("2001:db8:0:1::3")
            assert head.status == 503 and head.get("retry-after")
            assert "too many connections from this address" in refused.read_body(head).decode()
            held[0][0].send_close()
            assert held[0][0].read_until_close().close_code == 1000
            assert held[0][0].is_ended()
            held[0][0].sock.close()

            def comes_in() -> bool:
                wire, head = answer("2001:db8:0:1::3")
                held.append((wire, head))
                return head.status == 101
            machine.eventually(comes_in, "the place is free again", 5, 0.1)
            for wire, _ in held + [(refused, None)]:
                wire.sock.close()
