"""Files that proxy.conf names are read again when they change, as certbot and Kubernetes change them."""

import itertools
import os
import signal
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from support import machine, preload
from support.admin import Admin
from support.backends import ScriptedBackend, echo
from support.pki import Authority
from support.proxy import configuration
from support.wire import Ended, Wire, upgrade_request


@pytest.fixture
def pairs(tmp_path):
    """Certificates for localhost, each another one."""
    def make(number: int):
        folder = tmp_path / f"pair{number}"
        folder.mkdir()
        made = Authority(folder).certificate()
        return made.certificate.read_bytes(), made.key.read_bytes()
    return [make(number) for number in range(3)]


def leaf(proxy) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock, context.wrap_socket(sock) as secure:
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True)).encode()


def serves(proxy, pair, timeout: float = 10) -> None:
    machine.eventually(lambda: leaf(proxy).split() == pair[0].split(), "the new certificate is served", timeout, 0.1)


@pytest.fixture
def serve(run):
    with ScriptedBackend(echo) as backend:
        def make(certificate, key, **more):
            names = {"certificate": str(certificate), "key": str(key)}
            return run(configuration(backend.address, **more), listener={"tls": {"certificates": [names]}})
        yield make


def test_certbot_renews_by_links_that_lead_elsewhere(serve, pairs, tmp_path):
    live, archive = tmp_path / "live" / "localhost", tmp_path / "archive" / "localhost"
    live.mkdir(parents=True)
    archive.mkdir(parents=True)

    def renew(number: int, pair) -> None:
        for name, content in zip(("fullchain", "privkey"), pair):
            (archive / f"{name}{number}.pem").write_bytes(content)
            link = live / f"{name}.pem"
            link.unlink(missing_ok=True)
            os.symlink(f"../../archive/localhost/{name}{number}.pem", link)
            # Time in which the two don't belong to each other.
            time.sleep(0.1)
    renew(1, pairs[0])
    with serve(live / "fullchain.pem", live / "privkey.pem") as proxy:
        session = proxy.upgraded
        assert session and leaf(proxy).split() == pairs[0][0].split()
        renew(2, pairs[1])
        serves(proxy, pairs[1])
        proxy.wait_log("files read again.*fullchain.pem")
        assert not any("can't be used" in line for line in proxy.err)


def test_a_secret_of_kubernetes_changes_by_one_link(serve, pairs, tmp_path):
    volume = tmp_path / "secret"
    volume.mkdir()

    def update(name: str, pair) -> None:
        folder = volume / name
        folder.mkdir()
        (folder / "tls.crt").write_bytes(pair[0])
        (folder / "tls.key").write_bytes(pair[1])
        os.symlink(name, volume / "..data_tmp")
        os.rename(volume / "..data_tmp", volume / "..data")
    update("..2026_1", pairs[0])
    for name in ("tls.crt", "tls.key"):
        os.symlink(f"..data/{name}", volume / name)
    with serve(volume / "tls.crt", volume / "tls.key") as proxy:
        for number, pair in enumerate(pairs[1:]):
            update(f"..2026_{number + 2}", pair)
            serves(proxy, pair)


def test_what_can_t_be_used_is_refused_and_the_old_one_stays(serve, pairs, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(pairs[0][0])
    key.write_bytes(pairs[0][1])
    admin = Admin(machine.free_port())
    with serve(certificate, key, admin=admin.section) as proxy:
        # Half a file, and a certificate without its key.
        certificate.write_bytes(pairs[1][0][:200])
        proxy.wait_log("file can't be used, what it held before still counts.*proxy.conf:\\d+:\\d+.*cert.pem", 10)
        certificate.write_bytes(pairs[1][0])
        proxy.wait_log("key does not belong to the certificate", 10)
        assert leaf(proxy).split() == pairs[0][0].split()
        key.write_bytes(pairs[1][1])
        serves(proxy, pairs[1])
        metrics = admin.metrics().text
        assert 'trunkline_file_refreshes_total{outcome="refused"} 2' in metrics
        assert 'trunkline_file_refreshes_total{outcome="loaded"} 1' in metrics
        # The configuration is the same.
        assert admin.status()["configuration"]["generation"] == 1


def test_the_configuration_itself_is_watched_where_that_is_wished(serve, pairs, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(pairs[0][0])
    key.write_bytes(pairs[0][1])
    with serve(certificate, key, watch=True) as proxy:
        file = proxy.folder / "proxy.conf"
        good = file.read_text()
        file.write_text("listeners: [")
        proxy.wait_log("configuration not reloaded, the old one stays", 10)
        file.write_text(good)
        proxy.wait_log("configuration reloaded", 10)


def put_pipe(file) -> None:
    os.mkfifo(file)


def put_loop(file) -> None:
    os.symlink(file.name, file)


def put_endless(file) -> None:
    os.symlink("/dev/zero", file)


@pytest.mark.parametrize("put", [put_pipe, put_loop, put_endless, lambda file: file.mkdir()])
def test_what_is_no_file_stops_nothing(serve, pairs, tmp_path, put):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(pairs[0][0])
    key.write_bytes(pairs[0][1])
    with serve(certificate, key) as proxy:
        certificate.unlink()
        put(certificate)
        proxy.wait_log("file can't be used, what it held before still counts.*cert.pem", 10)
        assert leaf(proxy).split() == pairs[0][0].split()
        certificate.rmdir() if certificate.is_dir() else certificate.unlink()
        for file, content in ((certificate, pairs[1][0]), (key, pairs[1][1])):
            file.with_suffix(".new").write_bytes(content)
            file.with_suffix(".new").rename(file)
        serves(proxy, pairs[1])


def test_a_secret_that_changes_a_thousand_times_is_served_as_it_is_at_last(serve, pairs, tmp_path):
    for number, pair in enumerate(pairs):
        folder = tmp_path / "secret" / f"..{number}"
        folder.mkdir(parents=True)
        (folder / "tls.crt").write_bytes(pair[0])
        (folder / "tls.key").write_bytes(pair[1])
    volume = tmp_path / "secret"

    def lead(number: int) -> None:
        os.symlink(f"..{number % len(pairs)}", volume / "..data_tmp")
        os.rename(volume / "..data_tmp", volume / "..data")
    lead(0)
    for name in ("tls.crt", "tls.key"):
        os.symlink(f"..data/{name}", volume / name)
    with serve(volume / "tls.crt", volume / "tls.key") as proxy:
        before = machine.open_descriptors(proxy.pid), watches(proxy.pid)
        for number in range(1000):
            lead(number)
        assert number % len(pairs) == 0
        lead(1)
        serves(proxy, pairs[1])
        assert len([line for line in proxy.err if "files read again" in line]) < 20
        machine.eventually(lambda: (machine.open_descriptors(proxy.pid), watches(proxy.pid)) == before, "nothing is held")


def watches(pid: int) -> int:
    """Folders that a process watches."""
    return sum(file.read_text().count("inotify wd:") for file in Path(f"/proc/{pid}/fdinfo").iterdir())


def put_pair(folder: Path, pair) -> None:
    folder.mkdir()
    (folder / "cert.pem").write_bytes(pair[0])
    (folder / "key.pem").write_bytes(pair[1])


def test_a_folder_that_takes_the_place_of_another_is_watched(serve, pairs, tmp_path):
    put_pair(tmp_path / "tls", pairs[0])
    with serve(tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem") as proxy:
        for number in (1, 2):
            (tmp_path / "tls").rename(tmp_path / f"old{number}")
            time.sleep(1)    # it is seen that it is gone
            put_pair(tmp_path / "tls", pairs[number])
            serves(proxy, pairs[number])
        (tmp_path / "tls/cert.pem").write_bytes(pairs[0][0])
        (tmp_path / "tls/key.pem").write_bytes(pairs[0][1])
        serves(proxy, pairs[0])


def test_notices_that_the_kernel_left_out_hide_nothing(serve, pairs, tmp_path):
    put_pair(tmp_path / "tls", pairs[0])
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 100_000:
        pytest.skip("the kernel's queue is too long to be filled")
    with serve(tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem") as proxy:
        proxy.process.send_signal(signal.SIGSTOP)
        try:
            for number in range(most // 2 + 10):
                # Two of a kind in a row would be one notice.
                os.close(os.open(tmp_path / f"tls/{number % 2}", os.O_CREAT | os.O_WRONLY))
                os.unlink(tmp_path / f"tls/{number % 2}")
            (tmp_path / "tls/cert.pem").write_bytes(pairs[1][0])
            (tmp_path / "tls/key.pem").write_bytes(pairs[1][1])
        finally:
            proxy.process.send_signal(signal.SIGCONT)
        serves(proxy, pairs[1])


@pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")
def test_where_the_kernel_watches_nothing_changes_are_found_all_the_same(run, pairs, tmp_path):
    put_pair(tmp_path / "tls", pairs[0])
    names = {"certificate": str(tmp_path / "tls/cert.pem"), "key": str(tmp_path / "tls/key.pem")}
    with ScriptedBackend(echo) as backend, run(
            configuration(backend.address), listener={"tls": {"certificates": [names]}},
            environment=preload.environment(tmp_path, unwatched=True)) as proxy:
        assert watches(proxy.pid) == 0
        (tmp_path / "tls/cert.pem").write_bytes(pairs[1][0])
        (tmp_path / "tls/key.pem").write_bytes(pairs[1][1])
        serves(proxy, pairs[1], 15)


def test_a_folder_that_never_stands_still_starves_nobody(serve, pairs, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(pairs[0][0])
    key.write_bytes(pairs[0][1])
    stop = threading.Event()

    def churn() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            (tmp_path / f"noise{number % 50}").write_bytes(b"x")
            time.sleep(0.0005)
    with serve(certificate, key) as proxy:
        thread = threading.Thread(target=churn)
        thread.start()
        try:
            before = cpu_seconds(proxy.pid)
            certificate.write_bytes(pairs[1][0])
            key.write_bytes(pairs[1][1])
            serves(proxy, pairs[1])
            time.sleep(1)
            assert cpu_seconds(proxy.pid) - before < 1.5
        finally:
            stop.set()
            thread.join()


def cpu_seconds(pid: int) -> float:
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_authorities_of_clients_and_of_backends_are_watched(run, authority, tmp_path):
    """Whom a client's certificate must be of, and whom a backend's: each file becomes another's, then the right one."""
    (tmp_path / "others").mkdir()
    people = Authority(tmp_path / "others")
    alice = people.certificate("alice")
    for file in ("clients.pem", "backends.pem"):
        (tmp_path / file).write_bytes(people.certificate("mallory").certificate.read_bytes())
    context = authority.client_context()
    context.load_cert_chain(alice.certificate, alice.key)

    def status() -> int | None:
        try:
            with Wire(proxy.socket(context=context), masking=True) as wire:
                wire.sock.sendall(upgrade_request("/"))
                return wire.read_head().status
        except (OSError, Ended):
            return None
    with ScriptedBackend(echo, tls=authority.server_context()) as backend:
        config = configuration(backend.address)
        config["upstreams"]["only"]["tls"] = {"server_name": "localhost", "ca": str(tmp_path / "backends.pem")}
        listener = {"tls": {"certificates": [authority.certificate().names],
                            "client_certificates": {"ca": str(tmp_path / "clients.pem"), "mode": "require"}}}
        with run(config, listener=listener) as proxy:
            assert status() is None
            (tmp_path / "clients.pem").write_bytes(alice.certificate.read_bytes())
            machine.eventually(lambda: status() == 502, "the client is let in, and the backend not believed", 15, 0.2)
            (tmp_path / "backends.pem").write_bytes(authority.certificate().certificate.read_bytes())
            machine.eventually(lambda: status() == 101, "the backend is believed", 15, 0.2)
            # What is no bundle is refused, and the last one stays.
            (tmp_path / "backends.pem").write_text("-----BEGIN CERTIFICATE-----\n")
            proxy.wait_log("file can't be used, what it held before still counts.*backends.pem", 10)
            assert status() == 101
