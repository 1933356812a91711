"""Unix sockets on either side, IPv6, plain text, several listeners."""

import socket

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT, Wire, upgrade_request


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def talk(sock) -> None:
    with Wire(sock, masking=True) as wire:
        wire.sock.settimeout(10)
        wire.sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")


def test_a_backend_on_a_unix_socket(run, tmp_path):
    with ScriptedBackend(echo, unix=tmp_path / "backend.sock") as backend:
        with run(configuration(backend.address)) as proxy:
            talk(proxy.socket())


def test_a_listener_on_a_unix_socket(run, tmp_path):
    path = tmp_path / "front.sock"
    with ScriptedBackend(echo) as backend:
        with run(configuration(backend.address), tls=False, listener={"address": f"unix:{path}"}) as proxy:
            for _ in range(3):
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(str(path))
                talk(sock)
            assert proxy.process.poll() is None


def test_a_stale_unix_socket_is_replaced(run, tmp_path):
    path = tmp_path / "front.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with ScriptedBackend(echo) as backend:
        with run(configuration(backend.address), tls=False, listener={"address": f"unix:{path}"}):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(str(path))
            talk(sock)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_listener_on_ipv6(run, authority):
    port = machine.free_port("::1")
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address)
        config["listeners"] = [{"address": f"[::1]:{port}", "tls": {"certificates": [authority.certificate().names]}}]
        with run(config, port=port):
            sock = socket.create_connection(("::1", port), timeout=10)
            talk(authority.client_context().wrap_socket(sock, server_hostname="localhost"))
            assert backend.heads[-1].get("x-forwarded-for") == "::1"
            assert 'for="[::1]' in backend.heads[-1].get("forwarded")


def test_several_listeners_with_and_without_tls(run, authority):
    secure, plain = machine.free_port(), machine.free_port()
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address)
        config["listeners"] = [
            {"address": f"127.0.0.1:{secure}", "tls": {"certificates": [authority.certificate().names]}},
            {"address": f"127.0.0.1:{plain}"}]
        with run(config, port=plain):
            machine.eventually(lambda: machine.is_listening(secure), "the other listener")
            talk(socket.create_connection(("127.0.0.1", plain), timeout=10))
            assert backend.heads[-1].get("x-forwarded-proto") in ("http", "ws")
            sock = socket.create_connection(("127.0.0.1", secure), timeout=10)
            talk(authority.client_context().wrap_socket(sock, server_hostname="localhost"))
            assert backend.heads[-1].get("x-forwarded-proto") in ("https", "wss")
