"""Certificates that the proxy gets by itself, from Pebble."""

import functools
import json
import os
import signal
import socket
import ssl
import subprocess

import pytest

from support import machine, preload
from support.admin import Admin
from support.backends import ScriptedBackend, echo, node_echo
from support.pebble import Pebble
from support.proxy import BINARY, configuration
from support.wire import TEXT, Wire, upgrade_request

NAME = "chat.example.com"
full = pytest.mark.skipif(not machine.FULL, reason="TRUNKLINE_FULL is not set")


@pytest.fixture
def backend():
    with ScriptedBackend(echo) as backend:
        yield backend


class Site:
    """A proxy with a TLS listener whose certificates Pebble issues, a plain listener, and an admin listener."""

    def __init__(self, run, tmp_path, backend, *, names=(NAME,), challenges=("tls-alpn-01", "http-01"), pebble=None,
                 acme=None, **sections):
        self.run, self.backend = run, backend
        self.tls, self.plain, self.admin = machine.free_port(), machine.free_port(), Admin(machine.free_port())
        self.storage = tmp_path / "storage"
        self.pebble = Pebble(tmp_path / "pebble", tls_port=self.tls, http_port=self.plain, **(pebble or {}))
        self.names, self.challenges, self.acme, self.sections = list(names), list(challenges), acme or {}, sections

    def configuration(self, **more) -> dict:
        return configuration(
            self.backend.address, admin=self.admin.section,
            acme=self.pebble.section(self.storage, challenges=self.challenges, **self.acme), **self.sections,
            listeners=[
                {"address": f"127.0.0.1:{self.tls}", "tls": {"acme": self.names}, **more},
                {"address": f"127.0.0.1:{self.plain}", "redirect_to_https": {"port": self.tls}}])

    def proxy(self, **more):
        return self.run(self.configuration(), port=self.tls, **more)

    def leaf(self, name: str = NAME) -> bytes:
        """What is served for a name, verified or not."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.tls), 10) as sock:
            with context.wrap_socket(sock, server_hostname=name) as secure:
                return secure.getpeercert(binary_form=True)

    def talk(self, name: str = NAME, context: ssl.SSLContext | None = None) -> Wire:
        """A session with a verified chain, after one echo."""
        sock = socket.create_connection(("127.0.0.1", self.tls), 10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire((context or self.pebble.context()).wrap_socket(sock, server_hostname=name), masking=True)
        wire.sock.sendall(upgrade_request(host=name))
        assert wire.read_head().status == 101
        self.echo(wire)
        return wire

    @staticmethod
    def echo(wire: Wire) -> None:
        wire.send(TEXT, b"hello")
        assert wire.read_message() == (TEXT, b"hello")

    def is_ready(self) -> bool:
        return self.admin.get("/readyz?certificates")[0] == 200

    def may_be_ready(self) -> bool:
        try:
            return self.is_ready()
        except OSError:
            return False

    def wait(self, timeout: float = 30) -> None:
        machine.eventually(self.is_ready, "every certificate is there", timeout, 0.05)

    def standing(self, name: str = NAME) -> dict:
        return next(entry for entry in self.admin.status()["acme"]["certificates"] if entry["name"] == name)


@pytest.fixture
def site(run, tmp_path, backend):
    return functools.partial(Site, run=run, tmp_path=tmp_path, backend=backend)


@pytest.mark.parametrize("challenge", ["tls-alpn-01", pytest.param("http-01", marks=full)])
def test_the_first_certificate_comes_by_itself_and_is_kept(site, challenge):
    with (edge := site(challenges=[challenge])).pebble:
        with edge.proxy() as proxy:
            edge.wait()
            proxy.wait_log("no certificate yet, a self-signed one is served.*" + NAME)
            proxy.wait_log("certificate issued.*" + NAME)
            # The authority's own handshakes end well.
            assert not any("tls handshake failed" in line for line in proxy.err)
            edge.talk().sock.close()
            assert edge.standing()["failures"] == 0
            metrics = edge.admin.metrics()
            assert metrics.text.count('trunkline_acme_requests_total{outcome="issued"} 1') == 1
            leaf = edge.leaf()
        assert (edge.storage.stat().st_mode & 0o777, (edge.storage / "certificates").stat().st_mode & 0o777) == (
            0o700, 0o700)
        assert list((edge.storage / "challenges").iterdir()) == []
        edge.pebble.stop()
        with edge.proxy():
            assert edge.is_ready()
            assert edge.leaf() == leaf


def test_several_names_and_a_wildcard_by_dns(site):
    edge = site(names=[NAME, "*.rooms.example.com"])
    edge.pebble.folder.mkdir()
    edge.challenges.append({"dns-01": {"exec": str(edge.pebble.hook())}})
    with edge.pebble, edge.proxy():
        edge.wait()
        edge.talk(NAME).sock.close()
        edge.talk("one.rooms.example.com").sock.close()
        calls = edge.pebble.hook_calls
        assert [call[:2] for call in calls] == [
            ["present", "_acme-challenge.rooms.example.com"], ["cleanup", "_acme-challenge.rooms.example.com"]]


def test_a_renewal_closes_no_session_and_is_served_at_once(run, tmp_path):
    # These clients read nothing, and so answer no ping, until all of them are there.
    patient = {"ping_interval": "1h", "pong_timeout": "1h"}
    with node_echo() as node, (edge := Site(run, tmp_path, node, keepalive=patient)).pebble, edge.proxy() as proxy:
        edge.wait()
        context = edge.pebble.context()
        sessions = [edge.talk(context=context) for _ in range(2000 if machine.FULL else 40)]
        first = edge.leaf()
        assert edge.admin.post("/acme/renew")[0] == 200
        machine.eventually(lambda: edge.leaf() != first, "the new certificate is served", 30)
        assert not any("session ended" in line for line in proxy.out)
        for wire in sessions:
            edge.echo(wire)
            wire.sock.close()
        edge.talk().sock.close()
        # A host that is asked for by no name is not one to renew.
        assert edge.admin.post("/acme/renew?name=other.example.com") == (
            404, f"no such certificate, known are: {NAME}\n")


@full
def test_the_command_shows_renews_revokes_and_changes_the_key(site):
    with (edge := site()).pebble, edge.proxy():
        edge.wait()

        def command(*words: str) -> str:
            done = subprocess.run([BINARY, "acme", *words, "--admin", edge.admin.address], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout
        assert NAME in command("status") and "ready" in command("status")
        first = edge.leaf()
        assert "new key" in command("account-key")
        assert "asking for" in command("renew", NAME)
        machine.eventually(lambda: edge.leaf() != first, "the new certificate is served", 30)
        second = edge.leaf()
        machine.eventually(lambda: edge.standing()["activity"] is None, "nothing is under way")
        assert "revoked" in command("revoke", NAME, "--reason", "4")
        machine.eventually(lambda: edge.leaf() != second, "another one is served", 30)
        refused = subprocess.run(
            [BINARY, "acme", "revoke", "other.example.com", "--admin", edge.admin.address], capture_output=True, text=True)
        assert refused.returncode == 1 and NAME in refused.stderr


@full
@pytest.mark.parametrize("is_taken", [False, True])
def test_a_process_that_ended_amid_a_change_of_key_loses_no_account(site, is_taken):
    with (edge := site()).pebble:
        with edge.proxy():
            edge.wait()
            account = next((edge.storage / "accounts").iterdir())
            url, old = (account / "account.json").read_bytes(), (account / "account.pem").read_bytes()
            if is_taken:
                assert edge.admin.post("/acme/account-key")[0] == 200
                new = (account / "account.pem").read_bytes()
            else:
                new = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                                     check=True, capture_output=True).stdout
            assert new != old and not (account / "account.next.pem").exists()
        # As it stands when the new key is stored and the authority has, or has not, been told.
        (account / "account.next.pem").write_bytes(new)
        (account / "account.pem").write_bytes(old)
        with edge.proxy():
            machine.eventually(lambda: not (account / "account.next.pem").exists(), "it is settled", 20)
            assert (account / "account.pem").read_bytes() == (new if is_taken else old)
            leaf = edge.leaf()
            assert edge.admin.post("/acme/renew")[0] == 200
            machine.eventually(lambda: edge.leaf() != leaf, "the new certificate is served", 30)
            assert (account / "account.json").read_bytes() == url


def test_proofs_stand_before_redirects_and_routes_and_only_ours(site):
    with (edge := site(challenges=["http-01"])).pebble, edge.proxy():
        edge.wait()
        # Answered while the redirect stood: Pebble came over plain HTTP. What is not ours goes the usual way.
        with socket.create_connection(("127.0.0.1", edge.plain), 10) as sock:
            sock.sendall(f"GET /.well-known/acme-challenge/other HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
            assert sock.recv(4096).startswith(b"HTTP/1.1 308 ")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["acme-tls/1"])
        with socket.create_connection(("127.0.0.1", edge.tls), 10) as sock:
            with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
                context.wrap_socket(sock, server_hostname=NAME)


@full
def test_an_authority_that_is_down_stops_nothing_and_is_asked_again(site):
    with (edge := site()).pebble:
        edge.pebble.stop()
        with edge.proxy() as proxy:
            proxy.wait_log("certificate not issued.*can't be reached.*refused", 10)
            assert edge.admin.get("/readyz")[0] == 200
            assert edge.admin.get("/readyz?certificates") == (503, "certificates are missing\n")
            standing = edge.standing()
            assert (standing["failures"], standing["ready"]) == (1, False)
            assert "can't be reached" in standing["last_error"]
            assert 'trunkline_acme_failures{name="chat.example.com",error="unreachable"} 1' in edge.admin.metrics().text
            edge.leaf()
            edge.pebble.start()
            edge.admin.post("/acme/renew")
            edge.wait()
            edge.talk().sock.close()


@full
def test_names_that_can_t_be_proved_are_told_and_asked_for_seldom(site):
    edge = site(names=[NAME])
    # Pebble looks for the proxy where nobody is.
    edge.pebble.ports = machine.free_port(), machine.free_port()
    with edge.pebble, edge.proxy() as proxy:
        proxy.wait_log("certificate not issued.*could not verify 'chat.example.com' by tls-alpn-01", 20)
        assert list((edge.storage / "challenges").iterdir()) == []
        edge.admin.post("/acme/renew")
        proxy.wait_log("could not verify 'chat.example.com' by http-01", 20)


def test_two_processes_share_what_one_has_asked_for(site, run, tmp_path):
    with (edge := site(challenges=["http-01"])).pebble, edge.proxy():
        second = Site(edge.run, tmp_path, edge.backend)
        second.pebble, second.storage, second.challenges = edge.pebble, edge.storage, edge.challenges
        with second.proxy():
            edge.wait()
            second.wait()
            machine.eventually(lambda: edge.leaf() == second.leaf(), "both serve the same", 15)
            first = edge.leaf()
            second.admin.post("/acme/renew")
            machine.eventually(lambda: edge.leaf() != first and edge.leaf() == second.leaf(), "both serve the next", 30)
    assert edge.pebble.log.read_text().count("Issued certificate") == 2


@full
def test_a_storage_that_others_can_enter_is_not_used(site):
    with (edge := site()).pebble:
        edge.storage.mkdir(mode=0o755)
        edge.storage.chmod(0o755)
        with edge.proxy() as proxy:
            proxy.wait_log("can be entered by others \\(mode 755\\), expected 700", 10)
            assert list(edge.storage.iterdir()) == []
            edge.storage.chmod(0o700)
            edge.admin.post("/acme/renew")
            edge.wait()


@full
def test_an_external_account_is_bound(site, tmp_path):
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    (tmp_path / "eab").write_text(key + "\n")
    edge = site(pebble={"external": {"kid-1": key}},
                acme={"external_account": {"id": "kid-1", "key_file": str(tmp_path / "eab")}})
    with edge.pebble, edge.proxy():
        edge.wait()


@full
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk_stops_nothing(site, tmp_path):
    with (edge := site()).pebble:
        edge.storage.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=0700", "none", edge.storage])
        if mounted.returncode != 0:
            pytest.skip("nothing can be mounted here")
        try:
            with pytest.raises(OSError):
                (edge.storage / "filler").write_bytes(b"x" * 1_000_000)
            with edge.proxy() as proxy:
                proxy.wait_log("certificate not issued.*can't be written: No space left", 10)
                edge.leaf()
                (edge.storage / "filler").unlink()
                edge.admin.post("/acme/renew")
                edge.wait()
        finally:
            subprocess.run(["umount", edge.storage], check=True)


@full
def test_a_reload_keeps_what_was_issued(site):
    with (edge := site()).pebble, edge.proxy() as proxy:
        edge.wait()
        leaf = edge.leaf()
        assert edge.admin.post("/reload")[0] == 200
        assert edge.leaf() == leaf
        assert proxy.process.poll() is None


def test_an_authority_whose_certificate_nobody_trusts_is_not_believed(site):
    with (edge := site()).pebble:
        config = edge.configuration()
        del config["acme"]["ca"]
        with edge.run(config, port=edge.tls) as proxy:
            proxy.wait_log("certificate not issued.*can't be reached.*certificate rejected: unable to get local issuer", 15)
            assert "newOrder" not in edge.pebble.log.read_text() and edge.leaf()
            # It may be mended by a reload.
            (proxy.folder / "proxy.conf").write_text(json.dumps(edge.configuration() | {"acme": edge.pebble.section(edge.storage)}))
            assert edge.admin.post("/reload")[0] == 200
            edge.wait()


@pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")
@pytest.mark.parametrize("points", [range(1, 80) if machine.FULL else [14]])
def test_a_disk_that_fills_at_any_change_of_the_storage_stops_nothing(site, tmp_path, points):
    for number in points:
        (folder := tmp_path / f"at{number}").mkdir()
        (full_disk := folder / "full").touch()
        with (edge := site(tmp_path=folder)).pebble:
            environment = preload.environment(tmp_path, full=(edge.storage, number, full_disk))
            with edge.proxy(environment=environment) as proxy:
                machine.eventually(lambda: edge.is_ready() or any("not issued" in line for line in proxy.err), "issued, or not", 30, 0.05)
                refused = [line for line in proxy.err if "no room for change" in line]
                # What it has is served, whatever that is.
                edge.leaf()
                assert edge.admin.get("/readyz")[0] == 200 and proxy.process.poll() is None
                full_disk.unlink()
                edge.admin.post("/acme/renew")
                edge.wait()
                edge.talk().sock.close()
                machine.eventually(lambda: edge.standing()["activity"] is None, "nothing is under way", 30)
            assert len(list((edge.storage / "accounts").glob("*/account.pem"))) == 1, refused
            assert [file for file in edge.storage.rglob("*") if file.parent.name == "challenges" or file.name.startswith(".")] == []
            if not refused:
                assert number > 12 and machine.FULL
                return
    assert not machine.FULL, "there are more changes than were tried"


@pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")
@pytest.mark.parametrize("points", [range(1, 80) if machine.FULL else [14]])
def test_a_process_that_is_killed_at_any_change_of_the_storage_harms_nothing(site, tmp_path, points):
    for number in points:
        (folder := tmp_path / f"at{number}").mkdir()
        with (edge := site(tmp_path=folder)).pebble:
            (file := folder / "proxy.conf").write_text(json.dumps(edge.configuration()))
            log = folder / "log"
            with log.open("w") as output:
                process = subprocess.Popen([str(BINARY), "run", "--config", str(file)], stdout=output, stderr=output,
                                           env=preload.environment(tmp_path, kill=(edge.storage, number)))
            try:
                machine.eventually(lambda: process.poll() is not None or edge.may_be_ready(), "killed, or ready", 40, 0.05)
                was_killed = process.poll() == -signal.SIGKILL
            finally:
                machine.end(process)
            changes = [line for line in log.read_text().splitlines() if line.startswith("change ")]
            if not was_killed:
                assert number > 12 and machine.FULL, changes
                return
            with edge.proxy():
                edge.wait()
                edge.talk().sock.close()
            assert len(list((edge.storage / "accounts").glob("*/account.pem"))) == 1, changes
            assert list((edge.storage / "challenges").glob("[!.]*")) == [], changes
    assert not machine.FULL, "there are more changes than were tried"
