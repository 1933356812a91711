"""TLS in front (versions, names, resumption, ALPN) and towards backends (verification)."""

import socket
import ssl
import subprocess
import time
import warnings

import pytest

from support.backends import ScriptedBackend, echo
from support.proxy import configuration, upstream
from support.wire import TEXT, Wire, upgrade_request

NAMES = ["localhost", "chat.example.com", "*.wild.example.com"]


@pytest.fixture(scope="module")
def edge(shared_run, authority):
    with ScriptedBackend(echo) as backend:
        certificates = [authority.certificate(name).names for name in NAMES]
        with shared_run(configuration(backend.address), listener={"tls": {"certificates": certificates}}) as proxy:
            yield proxy


def talk(sock) -> None:
    """One session with one echo."""
    with Wire(sock, masking=True) as wire:
        wire.sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        wire.send(TEXT, b"over TLS")
        assert wire.read_message() == (TEXT, b"over TLS")


@pytest.mark.parametrize("name, certificate", [
    ("localhost", "localhost"), ("chat.example.com", "chat.example.com"), ("CHAT.example.com", "chat.example.com"),
    ("a.wild.example.com", "*.wild.example.com")])
def test_the_name_picks_the_certificate(edge, authority, name, certificate):
    talk(edge.socket(context=authority.client_context(certificate), name=name))


def test_a_client_that_waits_for_an_acknowledgement_is_not_kept_waiting(edge, authority):
    """Nagle's algorithm holds its request back until its last handshake message is acknowledged (RFC 9293, 3.7.4)."""
    times = []
    for _ in range(10):
        sock = edge.socket(context=authority.client_context())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        begun = time.monotonic()
        talk(sock)
        times.append(time.monotonic() - begun)
    assert min(times) < 0.03


def test_an_unknown_name_or_none_gets_the_first_certificate(edge, authority):
    context = authority.client_context("localhost")
    context.check_hostname = False
    talk(edge.socket(context=context, name="nobody.example.org"))
    talk(context.wrap_socket(edge.tcp(), server_hostname=None))


@pytest.mark.parametrize("version, label", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_both_versions_work_and_choose_http_1_1(edge, authority, version, label):
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    sock = edge.socket(context=context)
    assert (sock.version(), sock.selected_alpn_protocol()) == (label, "http/1.1")
    talk(sock)


def test_a_client_that_only_offers_other_protocols_is_not_misled(edge, authority):
    context = authority.client_context()
    context.set_alpn_protocols(["spdy/1"])
    try:
        sock = edge.socket(context=context)
        assert sock.selected_alpn_protocol() is None
        sock.close()
    except ssl.SSLError as refusal:
        assert "ALERT" in str(refusal).upper()


def test_tls_1_1_is_refused(edge, authority):
    context = authority.client_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        edge.socket(context=context)


def test_minimum_version_1_3_refuses_1_2(run, authority):
    with ScriptedBackend(echo) as backend:
        tls = {"certificates": [authority.certificate().names], "minimum_version": "1.3"}
        with run(configuration(backend.address), listener={"tls": tls}) as proxy:
            context = authority.client_context()
            talk(proxy.socket(context=context))
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises((ssl.SSLError, ConnectionError)):
                proxy.socket(context=context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_resumes_on_whichever_worker(edge, authority, version):
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    first = edge.socket(context=context)
    with Wire(first, masking=True) as wire:
        wire.sock.sendall(upgrade_request())
        wire.read_head()
        wire.send(TEXT, b"tickets come with the data")
        wire.read_message()
        session = first.session
        assert not first.session_reused and session is not None
    for _ in range(8):
        again = context.wrap_socket(edge.tcp(), server_hostname="localhost", session=session)
        assert again.session_reused
        talk(again)


def test_every_resumed_session_gets_a_ticket_of_its_own(edge, authority):
    """Clients of TLS 1.3 use each ticket once: without a new one every second handshake would be a full one."""
    context, session, tickets = authority.client_context(), None, set()
    for turn in range(4):
        sock = context.wrap_socket(edge.tcp(), server_hostname="localhost", session=session)
        assert sock.session_reused == (turn > 0)
        with Wire(sock, masking=True) as wire:
            wire.sock.sendall(upgrade_request())
            wire.read_head()
            wire.send(TEXT, b"tickets come with the data")
            wire.read_message()
            session = sock.session
        tickets.add(session.id)
    assert len(tickets) == 4


def test_openssl_resumes_too(edge, authority):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.port}", "-servername", "localhost", "-tls1_2"]
        + ["-reconnect", "-CAfile", str(authority.certificate().certificate)],
        input="", capture_output=True, text=True, timeout=20)
    assert done.stdout.count("Reused, TLSv1.2") == 5, done.stdout[-2000:]


@pytest.mark.parametrize("settings, status", [
    ({"server_name": "backend.internal", "ca": "good"}, 101),
    ({"server_name": "backend.internal", "ca": "other"}, 502),
    ({"server_name": "somebody.else", "ca": "good"}, 502),
    ({"server_name": "backend.internal"}, 502),
    ({"server_name": "somebody.else", "verify": False}, 101)],
    ids=["verified", "another authority", "another name", "the system's authorities", "verification off"])
def test_tls_to_the_backend(run, authority, settings, status):
    good, other = authority.certificate("backend.internal"), authority.certificate("other.internal")
    if "ca" in settings:
        settings = {**settings, "ca": str((good if settings["ca"] == "good" else other).certificate)}
    with ScriptedBackend(echo, tls=authority.server_context("backend.internal")) as backend:
        config = configuration(backend.address)
        config["upstreams"]["only"] = upstream(backend.address, tls=settings)
        with run(config) as proxy, proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            head = wire.read_head()
            assert head.status == status
            if status == 101:
                wire.send(TEXT, b"x" * 100_000)
                assert wire.read_message() == (TEXT, b"x" * 100_000)
        backend.failures.clear()
