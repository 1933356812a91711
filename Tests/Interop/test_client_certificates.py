"""Certificates of clients, tickets whose keys change, and stapled OCSP responses."""

import base64
import datetime
import json
import signal
import ssl
import subprocess
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.pki import Authority
from support.proxy import configuration
from support.wire import TEXT, Wire, upgrade_request


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Authority:
    """Self-signed certificates are their own authorities: alice's is the one that is trusted."""
    return Authority(tmp_path_factory.mktemp("people"))


def edge(run, authority, people, backend, mode: str, **tls):
    clients = {"ca": str(people.certificate("alice").certificate), "mode": mode}
    listener = {"tls": {"certificates": [authority.certificate().names], "client_certificates": clients, **tls}}
    return run(configuration(backend.address), listener=listener)


def context_of(authority, people, name: str | None, version=None) -> ssl.SSLContext:
    context = authority.client_context()
    if version:
        context.minimum_version = context.maximum_version = version
    if name:
        made = people.certificate(name)
        context.load_cert_chain(made.certificate, made.key)
    return context


def upgrade(proxy, context, fields=()):
    wire = Wire(proxy.socket(context=context), masking=True)
    wire.sock.sendall(upgrade_request(fields=list(fields)))
    return wire, wire.read_head()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_trusted_certificate_is_told_to_the_backend(run, authority, people, version):
    with ScriptedBackend(echo) as backend, edge(run, authority, people, backend, "require") as proxy:
        forged = [("Client-Cert", ":Zm9yZ2Vk:"), ("X-Forwarded-Client-Cert", "Subject=\"CN=root\""),
                  ("Client-Cert-Chain", ":Zm9yZ2Vk:")]
        wire, head = upgrade(proxy, context_of(authority, people, "alice", version), forged)
        with wire:
            assert head.status == 101
            seen = backend.heads[0]
            pem = people.certificate("alice").certificate.read_text()
            der = ssl.PEM_cert_to_DER_cert(pem)
            assert seen.all("client-cert") == [f":{base64.b64encode(der).decode()}:"]
            digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True).stdout.split()[0]
            assert seen.all("x-forwarded-client-cert") == [f'Hash={digest.decode()};Subject="CN=alice"']
            assert seen.all("client-cert-chain") == []


@pytest.mark.parametrize("name", [None, "mallory"])
def test_without_a_trusted_certificate_the_handshake_fails(run, authority, people, name):
    with ScriptedBackend(echo) as backend, edge(run, authority, people, backend, "require") as proxy:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            wire, _ = upgrade(proxy, context_of(authority, people, name, ssl.TLSVersion.TLSv1_2))
            wire.sock.close()
        proxy.wait_log("tls handshake failed")
        assert backend.heads == []


def test_on_request_a_client_may_have_none_but_not_a_wrong_one(run, authority, people):
    with ScriptedBackend(echo) as backend, edge(run, authority, people, backend, "request") as proxy:
        wire, head = upgrade(proxy, context_of(authority, people, None), [("Client-Cert", ":Zm9yZ2Vk:")])
        with wire:
            assert head.status == 101
            assert backend.heads[0].all("client-cert") == []
        with pytest.raises((ssl.SSLError, ConnectionError)):
            upgrade(proxy, context_of(authority, people, "mallory", ssl.TLSVersion.TLSv1_2))


def session_of(proxy, context):
    """A session that can be resumed."""
    sock = proxy.socket(context=context)
    with Wire(sock, masking=True) as wire:
        sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        wire.send(TEXT, b"tickets come with the data")
        wire.read_message()
        return sock.session


def resumes(proxy, context, session) -> bool:
    with context.wrap_socket(proxy.tcp(), server_hostname="localhost", session=session) as sock, Wire(sock) as wire:
        sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        return sock.session_reused


def reload(proxy, edit=lambda config: None) -> None:
    file = proxy.folder / "proxy.conf"
    config = json.loads(file.read_text())
    edit(config)
    file.write_text(json.dumps(config))
    seen = len(proxy.err)
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: any("reloaded" in line for line in list(proxy.err)[seen:]), "the reload")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_resume_across_workers_and_reloads(run, authority, version):
    with ScriptedBackend(echo) as backend, run(configuration(backend.address, workers=2)) as proxy:
        context = context_of(authority, None, None, version)
        session = session_of(proxy, context)
        assert all(resumes(proxy, context, session) for _ in range(6))
        reload(proxy)
        assert all(resumes(proxy, context, session) for _ in range(6))


def test_ticket_keys_change_and_the_last_one_is_good_for_one_more_period(run, authority):
    listener = {"tls": {"certificates": [authority.certificate().names], "tickets": {"rotate": "1500ms"}}}
    with ScriptedBackend(echo) as backend, run(configuration(backend.address), listener=listener) as proxy:
        context = context_of(authority, None, None, ssl.TLSVersion.TLSv1_2)
        session, began = session_of(proxy, context), time.monotonic()
        outcomes = []
        while time.monotonic() - began < 4.5:
            outcomes.append((time.monotonic() - began, resumes(proxy, context, session)))
            time.sleep(0.2)
        # Within one period for certain, after three never.
        assert all(good for when, good in outcomes if when < 1.2), outcomes
        assert not any(good for when, good in outcomes if when > 3.2), outcomes


def test_a_ticket_made_under_another_trust_opens_nothing(run, authority, people, tmp_path):
    """Two reloads: who may come in changes, and what was handed out before does not help."""
    with ScriptedBackend(echo) as backend, run(configuration(backend.address)) as proxy:
        context = context_of(authority, None, None, ssl.TLSVersion.TLSv1_2)
        session = session_of(proxy, context)
        assert resumes(proxy, context, session)
        clients = {"ca": str(people.certificate("alice").certificate), "mode": "require"}
        reload(proxy, lambda config: config["listeners"][0]["tls"].update(client_certificates=clients))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            resumes(proxy, context, session)


def staple(folder, certificate, days: int = 1):
    """An OCSP response about a self-signed certificate, by itself, as `openssl ocsp` makes one."""
    serial = subprocess.run(["openssl", "x509", "-in", certificate.certificate, "-noout", "-serial"], check=True,
                            capture_output=True, text=True).stdout.strip().split("=")[1]
    until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)).strftime("%y%m%d%H%M%SZ")
    index, response = folder / "index.txt", folder / "response.der"
    index.write_text(f"V\t{until}\t\t{serial}\tunknown\t/CN=localhost\n")
    request = folder / "request.der"
    files = ["-issuer", certificate.certificate, "-cert", certificate.certificate]
    subprocess.run(["openssl", "ocsp", *files, "-reqout", request, "-no_nonce"], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ocsp", "-index", index, "-rsigner", certificate.certificate, "-rkey", certificate.key]
        + ["-CA", certificate.certificate, "-reqin", request, "-respout", response, "-ndays", str(days)],
        check=True, capture_output=True)
    return response


def stapled(proxy) -> str:
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", "localhost", "-status"],
        input="", capture_output=True, text=True, timeout=20).stdout


@pytest.mark.parametrize("how", ["file", "beside", "off"])
def test_an_ocsp_response_is_stapled(run, tmp_path, how):
    mine = Authority(tmp_path).certificate()
    response = staple(tmp_path, mine)
    names = dict(mine.names)
    if how == "file":
        names["ocsp"] = str(response)
    else:
        response.rename(f"{mine.certificate}.ocsp")
        names["ocsp"] = {"beside": "auto", "off": "off"}[how]
    with ScriptedBackend(echo) as backend, run(
            configuration(backend.address), listener={"tls": {"certificates": [names]}}) as proxy:
        text = stapled(proxy)
        assert ("OCSP Response Status: successful" in text) == (how != "off"), text[:500]


def test_a_response_of_no_use_is_left_out_with_a_warning(run, tmp_path):
    mine = Authority(tmp_path).certificate()
    (tmp_path / "bad.der").write_bytes(b"no response")
    listener = {"tls": {"certificates": [{**mine.names, "ocsp": str(tmp_path / "bad.der")}]}}
    with ScriptedBackend(echo) as backend, run(configuration(backend.address), listener=listener) as proxy:
        assert "no response sent" in stapled(proxy)
        proxy.wait_log("warning.*bad.der' is no successful OCSP response")
