"""The PROXY protocol, version 2, towards a backend: read by a second proxy that accepts it, and byte by byte."""

import json
import socket
import struct

import pytest

from support import machine
from support.backends import ScriptedBackend, http_server
from support.http2 import Http2
from support.proxy import configuration
from support.wire import Wire, upgrade_request

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def sending(address: str, **more) -> dict:
    config = configuration(address, workers=1)
    config["upstreams"]["only"] |= {"proxy_protocol": "v2", **more}
    return config


def ask(proxy, source: str, path: str = "/") -> dict:
    """A plain request from an address of the loopback network."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10, source_address=(source, 0)) as sock:
        with Wire(sock, masking=True) as wire:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head = wire.read_head()
            assert head.status == 200, head.first
            body = wire.read_body(head)
            if head.get("transfer-encoding"):
                body = body.split(b"\r\n")[1]
            return json.loads(body)


@pytest.mark.parametrize("secure", [False, True])
def test_another_proxy_learns_who_the_client_is(run, authority, secure):
    with http_server() as backend:
        inner = configuration(backend.address, workers=1)
        with run(inner, tls=secure, listener={"proxy_protocol": "accept"}) as second:
            more = {"tls": {"server_name": "localhost", "ca": str(authority.certificate().certificate)}} if secure else {}
            checks = {"interval": "100ms", "check": "http", "path": "/", "unhealthy_after": 1}
            with run(sending(f"127.0.0.1:{second.port}", health=checks, **more), tls=False) as first:
                for source in ("127.0.0.5", "127.0.0.6", "127.0.0.5"):
                    facts = ask(first, source)
                    # The inner proxy's is what the header said; the outer one's field is a stranger's word.
                    assert facts["headers"]["x-forwarded-for"] == source
                assert not any("fails its checks" in line for line in first.err)


class HeaderReader(ScriptedBackend):
    """Reads a header of 28 bytes before all else."""

    def __init__(self):
        super().__init__(None)
        self.seen: list[bytes] = []

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(10)
            self.seen.append(sock.recv(28, socket.MSG_WAITALL))
            with Wire(sock) as wire:
                try:
                    wire.accept(wire.read_head())
                    wire.is_ended(10)
                except Exception:  # a connection without a request
                    pass


def test_the_header_byte_by_byte_and_on_each_connection(run):
    with HeaderReader() as backend, run(sending(backend.address, pool={"warm": 2}), tls=False) as proxy:
        for number in (1, 2):
            with socket.create_connection(("127.0.0.1", proxy.port), source_address=("127.0.0.9", 0)) as sock:
                port = sock.getsockname()[1]
                with Wire(sock, masking=True) as wire:
                    sock.sendall(upgrade_request())
                    assert wire.read_head().status == 101
            assert backend.seen[-1] == SIGNATURE + struct.pack(
                "!BBH4s4sHH", 0x21, 0x11, 12, socket.inet_aton("127.0.0.9"), socket.inet_aton("127.0.0.1"),
                port, proxy.port)
            # No connection is opened ahead: whose would it be?
            assert len(backend.seen) == number


def test_an_http2_clients_ends_are_told_too(run):
    with HeaderReader() as backend, run(sending(backend.address)) as proxy, Http2(proxy) as client:
        client.upgraded()
        address, port = client.sock.getsockname()
        assert backend.seen == [SIGNATURE + struct.pack(
            "!BBH4s4sHH", 0x21, 0x11, 12, *[socket.inet_aton(address)] * 2, port, proxy.port)]


def test_it_needs_connections_of_ones_own(run, tmp_path):
    import subprocess

    from support import proxy as proxy_module
    file = tmp_path / "wrong.conf"
    file.write_text(json.dumps({**sending("127.0.0.1:1", mode="broadcast"),
                                "listeners": [{"address": f"127.0.0.1:{machine.free_port()}"}]}, indent=1))
    said = subprocess.run([str(proxy_module.BINARY), "check", "--config", str(file)], capture_output=True, text=True)
    assert said.returncode == 1 and "names one client a connection" in said.stderr
