"""Whose certificate is believed, and for how long: revocation lists, expiry, and hosts that share a connection."""

import datetime
import signal
import ssl
import subprocess
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.http2 import Http2
from support.proxy import configuration
from support.wire import TEXT, Ended, Wire, upgrade_request

CONFIG = """
[ca]
default_ca = it
[it]
dir = {folder}
new_certs_dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
crlnumber = {folder}/crlnumber
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


class Issuer:
    """An authority that issues certificates to people, and revokes them."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "ca.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "crlnumber").write_text("01\n")
        self.pem, self.key, self.crl = folder / "ca.pem", folder / "ca.key", folder / "crl.pem"
        self._run("req", "-x509", "-new", *self._new(self.key), "-days", "30", "-subj", "/CN=issuer", "-out", self.pem)
        self.list()

    def _new(self, key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]

    def _run(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def _ca(self, *words):
        self._run("ca", "-batch", "-config", self.folder / "ca.cnf", "-cert", self.pem, "-keyfile", self.key, *words)

    def issue(self, name: str, seconds: int = 86_400):
        key, request, made = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        self._run("req", "-new", *self._new(key), "-subj", f"/CN={name}", "-out", request)
        self._ca("-in", request, "-out", made, "-notext", "-enddate", until.strftime("%Y%m%d%H%M%SZ"))
        return made, key

    def revoke(self, name: str) -> None:
        self._ca("-revoke", self.folder / f"{name}.pem")
        self.list()

    def list(self, seconds: int = 86_400) -> None:
        self._ca("-gencrl", "-crlsec", seconds, "-out", self.crl)


@pytest.fixture
def issuer(tmp_path) -> Issuer:
    return Issuer(tmp_path / "issuer")


@pytest.fixture
def edge(run, authority, issuer):
    """A proxy that asks for certificates of this issuer, and looks at its list."""
    def made(backend, **clients):
        clients = {"ca": str(issuer.pem), "crl": str(issuer.crl), "mode": "require", **clients}
        listener = {"tls": {"certificates": [authority.certificate().names],
                            "client_certificates": {key: value for key, value in clients.items() if value}}}
        return run(configuration(backend.address), listener=listener)
    return made


def context_of(authority, pair, version=ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*pair)
    return context


def opened(proxy, context, session=None):
    """The session that a WebSocket was opened with, and whether it was resumed."""
    with context.wrap_socket(proxy.tcp(), server_hostname="localhost", session=session) as sock, \
            Wire(sock, masking=True) as wire:
        sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        wire.send(TEXT, b"tickets come with the data")
        wire.read_message()
        return sock.session, sock.session_reused


def reload(proxy) -> None:
    seen = len(proxy.err)
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: any("reloaded" in line for line in list(proxy.err)[seen:]), "the reload")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_revoked_certificate_opens_nothing_nor_does_its_ticket(edge, authority, issuer, version):
    alice, bob = issuer.issue("alice"), issuer.issue("bob")
    with ScriptedBackend(echo) as backend, edge(backend) as proxy:
        his, hers = (context_of(authority, pair, version) for pair in (bob, alice))
        session, _ = opened(proxy, his)
        assert opened(proxy, his, session)[1]
        issuer.revoke("bob")
        reload(proxy)
        for ticket in (None, session):
            with pytest.raises((OSError, Ended)):
                opened(proxy, his, ticket)
        opened(proxy, hers)
        proxy.wait_log("certificate revoked")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_ticket_does_not_outlive_its_certificate(edge, authority, issuer, version):
    began = time.time()
    pair = issuer.issue("alice", seconds=5)
    with ScriptedBackend(echo) as backend, edge(backend, crl=None) as proxy:
        context = context_of(authority, pair, version)
        session, _ = opened(proxy, context)
        assert opened(proxy, context, session)[1] or time.time() > began + 4
        time.sleep(max(0, began + 7 - time.time()))
        with pytest.raises((OSError, Ended)):
            opened(proxy, context, session)
        proxy.wait_log("certificate has expired")


def test_lists_are_checked_when_they_are_read(edge, authority, issuer, tmp_path):
    alice = issuer.issue("alice")
    with ScriptedBackend(echo) as backend, edge(backend) as proxy:
        opened(proxy, context_of(authority, alice))
        other = Issuer(tmp_path / "other")
        for text, words in ((other.crl.read_text(), "signed by none of the authorities"), ("no list", "not all of it is")):
            issuer.crl.write_text(text)
            proxy.process.send_signal(signal.SIGHUP)
            proxy.wait_log(words)
        opened(proxy, context_of(authority, alice))
        issuer.list(seconds=1)
        time.sleep(2.1)
        reload(proxy)
        proxy.wait_log("crl.pem' is out of date")


def test_a_certificate_given_to_one_host_is_not_used_for_another(edge, authority, issuer):
    pair = issuer.issue("alice")
    with ScriptedBackend(echo) as backend, edge(backend) as proxy:
        socket = proxy.socket

        def with_certificate(timeout, context):
            context.load_cert_chain(*pair)
            return socket(timeout, context)
        proxy.socket = with_certificate
        with Http2(proxy) as connection:
            assert connection.request("/", authority="other.example").head.status == 421
            for host in ("localhost", f"LOCALHOST.:{proxy.port}"):
                stream = connection.connect() if host == "localhost" else connection.request("/", authority=host)
                assert stream.head.status != 421
