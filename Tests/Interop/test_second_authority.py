"""Certificates from acme2certifier: an implementation of the protocol's other side that is none of Pebble's."""

import os
import shutil
import socket

import pytest

from support import machine
from support.acme2certifier import Acme2certifier, is_installed
from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT, Wire, upgrade_request

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("pebble-challtestsrv") or not is_installed(),
    reason="wants root for the real ports, and acme2certifier (TRUNKLINE_ACME2CERTIFIER names a Python that has it)")
NAME = "chat.example.com"


@pytest.mark.parametrize("challenge", ["tls-alpn-01", "http-01"])
def test_issue_renewal_key_change_and_revocation(run, tmp_path, challenge):
    with ScriptedBackend(echo) as backend, Acme2certifier(tmp_path / "a2c") as authority:
        admin = free_admin()
        config = configuration(
            backend.address, admin=admin.section, acme=authority.section(tmp_path / "storage", challenges=[challenge]),
            listeners=[{"address": f"{authority.address}:443", "tls": {"acme": [NAME]}}, {"address": f"{authority.address}:80"}])

        def leaf() -> bytes:
            with socket.create_connection((authority.address, 443), 10) as sock:
                with authority.context().wrap_socket(sock, server_hostname=NAME) as secure:
                    return secure.getpeercert(binary_form=True)

        def standing() -> dict:
            return admin.status()["acme"]["certificates"][0]
        with run(config, port=443):
            machine.eventually(lambda: standing()["ready"] or standing()["last_error"], "an outcome", 60, 0.1)
            assert standing()["last_error"] is None, authority.log.read_text()[-3000:]
            sock = socket.create_connection((authority.address, 443), 10)
            wire = Wire(authority.context().wrap_socket(sock, server_hostname=NAME), masking=True)
            wire.sock.sendall(upgrade_request(host=NAME))
            assert wire.read_head().status == 101
            first = leaf()
            assert admin.post("/acme/account-key")[0] == 200
            assert admin.post("/acme/renew")[0] == 200
            machine.eventually(lambda: leaf() != first or standing()["last_error"], "an outcome", 60, 0.1)
            assert standing()["last_error"] is None, authority.log.read_text()[-3000:]
            second = leaf()
            machine.eventually(lambda: standing()["activity"] is None, "nothing is under way")
            status, words = admin.post(f"/acme/revoke?name={NAME}&reason=4")
            assert status == 200, words + authority.log.read_text()[-3000:]
            machine.eventually(lambda: leaf() != second, "another one is served", 60, 0.1)
            wire.send(TEXT, b"still here")
            assert wire.read_message() == (TEXT, b"still here")
            wire.sock.close()
