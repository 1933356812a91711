"""A new process takes over the listening sockets: from the old one, or from the service manager."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from support import backends, machine, proxy as support
from support.admin import free_admin
from support.proxy import configuration
from support.successor import Adopted, adopt, hand_over
from support.wire import CLOSE, TEXT, Wire, upgrade_request


class Storm:
    """Clients that open a session, echo once and leave, one after the other, and what became of each."""

    def __init__(self, proxy, threads: int = 6):
        self.proxy, self.outcomes, self.stopping = proxy, [], threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                with self.proxy.upgraded("/echo") as wire:
                    wire.send(TEXT, b"through")
                    got = wire.read_frame()
                    # One that begins on the process that leaves is closed in order, and may come again.
                    assert got.opcode == CLOSE or got.payload == b"through", got
                self.outcomes.append("closed" if got.opcode == CLOSE else "fine")
            except Exception as problem:
                self.outcomes.append(f"{type(problem).__name__}: {problem}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        machine.eventually(lambda: len(self.outcomes) > 50, "a storm")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(15)

    @property
    def lost(self) -> list[str]:
        return [outcome for outcome in self.outcomes if outcome not in ("fine", "closed")]


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_no_connection_is_refused_while_a_new_process_takes_over(run, node_chat, tls):
    config = configuration(node_chat.address, timeouts={"drain": "4s"})
    with run(config, tls=tls) as proxy, proxy.upgraded("/echo") as old_session:
        with Storm(proxy) as storm:
            for _ in range(3):
                before = len(storm.outcomes)
                old = hand_over(proxy)
                machine.eventually(lambda: len(storm.outcomes) > before + 100, "the storm goes on")
                old.wait(10)
                assert old.returncode == 0
                if old_session:
                    close = old_session.read_until_close()
                    assert close.close_code == 1012 and "retry-after-ms=" in close.close_reason
                    old_session = None
        assert storm.lost == [], storm.lost[:5]
        assert len(storm.outcomes) > 300


def test_old_sessions_live_on_until_drained(run, node_chat):
    config = configuration(node_chat.address, timeouts={"drain": "20s"})
    with run(config, drain=25) as proxy:
        with proxy.upgraded("/echo") as session:
            old = hand_over(proxy)
            with proxy.upgraded("/echo") as new:
                new.send(TEXT, b"new")
                assert new.read_message() == (TEXT, b"new")
            session.send(TEXT, b"old")
            got = session.read_frame()
            assert got.opcode == CLOSE or got.payload == b"old"
            if got.opcode != CLOSE:
                got = session.read_until_close()
            assert got.close_code == 1012
            session.send(CLOSE, got.payload)
        assert old.wait(10) == 0


def test_the_old_process_goes_on_when_the_new_one_fails(run, node_chat):
    with run(configuration(node_chat.address)) as proxy, proxy.upgraded("/echo") as session:
        file = proxy.folder / "proxy.conf"
        good = file.read_text()
        file.write_text("routes: [")
        proxy.process.send_signal(signal.SIGUSR2)
        proxy.wait_log("new process failed, the old one goes on", 20)
        assert any("not valid YAML" in line for line in proxy.err)
        session.send(TEXT, b"unharmed")
        assert session.read_message() == (TEXT, b"unharmed")
        file.write_text(good)
        assert proxy.process.poll() is None
        old = hand_over(proxy)
        with proxy.upgraded("/echo") as new:
            new.send(TEXT, b"new")
            assert new.read_message() == (TEXT, b"new")
        old.wait(10)


def test_the_admin_listener_goes_over_too(run, node_chat):
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section)) as proxy:
        assert admin.get("/readyz")[0] == 200
        old = hand_over(proxy)
        assert old.wait(10) == 0
        machine.eventually(lambda: admin.get("/readyz")[0] == 200, "the new one is ready")
        assert admin.status()["process"] == proxy.pid


def test_a_unix_socket_is_handed_over(run, node_chat, tmp_path):
    path = tmp_path / "front.sock"
    with run(configuration(node_chat.address), tls=False, listener={"address": f"unix:{path}"}) as proxy:
        old = hand_over(proxy)
        assert old.wait(10) == 0
        with socket.socket(socket.AF_UNIX) as sock, Wire(sock, masking=True) as wire:
            sock.settimeout(5)
            sock.connect(str(path))
            sock.sendall(upgrade_request("/echo"))
            assert wire.read_head().status == 101


# MARK: what goes along

def talk(sock) -> ssl.SSLSession:
    """One echo; tickets of TLS 1.3 come with the data."""
    with Wire(sock, masking=True) as wire:
        sock.sendall(upgrade_request("/echo"))
        assert wire.read_head().status == 101
        wire.send(TEXT, b"tickets")
        assert wire.read_message() == (TEXT, b"tickets")
        return sock.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_sessions_of_tls_resume_after_hand_overs(run, node_chat, authority, version):
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    with run(configuration(node_chat.address, timeouts={"drain": "1s"})) as proxy:
        first = talk(proxy.socket(context=context))
        for _ in range(2):
            assert hand_over(proxy).wait(10) == 0
            for _ in range(3):
                again = context.wrap_socket(proxy.tcp(), server_hostname="localhost", session=first)
                assert again.session_reused
                talk(again)
        assert '"ticket_keys":1' in proxy.wait_log("state taken over")
        assert not any("state not handed over" in line for line in proxy.err)


def test_what_is_drained_by_order_stays_so(run, node_chat, tmp_path):
    admin = free_admin()
    with backends.node_chat() as other:
        config = configuration(node_chat.address, other.address, admin=admin.section, timeouts={"drain": "1s"})
        config["routes"].insert(0, {**config["routes"][0], "name": "closed", "match": {"path": "/closed"}})
        with run(config) as proxy:
            assert admin.post(f"/drain?backend={other.address}")[0] == 200
            assert admin.post("/drain?route=closed")[0] == 200
            for _ in range(2):
                assert hand_over(proxy).wait(10) == 0
                machine.eventually(lambda: admin.get("/readyz")[0] == 200, "the new one is ready")
                assert admin.status()["process"] == proxy.pid
                standing = {row["address"]: row["state"] for row in admin.status()["upstreams"][0]["backends"]}
                assert standing == {node_chat.address: "up", other.address: "draining"}
                for _ in range(4):
                    with proxy.upgraded("/echo"):
                        rows = admin.status()["upstreams"][0]["backends"]
                        assert {row["address"]: row["sessions"] for row in rows}[other.address] == 0
                with proxy.wire() as wire:
                    wire.sock.sendall(upgrade_request("/closed"))
                    assert wire.read_head().status == 503
            assert admin.post(f"/undrain?backend={other.address}")[0] == 200
            assert admin.post("/undrain?route=closed")[0] == 200
            proxy.upgraded("/closed").sock.close()
            with proxy.upgraded("/echo"), proxy.upgraded("/echo"):
                rows = admin.status()["upstreams"][0]["backends"]
                assert {row["sessions"] for row in rows} == {1}


def test_orders_wait_while_a_new_process_starts(run, node_chat):
    """It has been told already what is drained: an order of that moment would be lost."""
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section, timeouts={"drain": "1s"})) as proxy:
        file = proxy.folder / "proxy.conf"
        text = file.read_text()
        # The new process waits for its configuration.
        file.unlink()
        os.mkfifo(file)
        adopt()
        old = proxy.process
        old.send_signal(signal.SIGUSR2)
        proxy.wait_log("new process started")
        for order in ("drain", "undrain"):
            code, words = admin.post(f"/{order}?backend={node_chat.address}")
            assert code == 503 and "handing over" in words
        assert admin.post("/reload")[0] == 400
        file.write_text(text)
        line = proxy.wait_log("new process serves", 20)
        proxy.process = Adopted(json.loads(line)["process"])
        assert old.wait(10) == 0
        machine.eventually(lambda: admin.get("/readyz")[0] == 200, "the new one is ready")
        assert admin.post(f"/drain?backend={node_chat.address}")[0] == 200


class Disguised(support.Proxy):
    """A proxy that was started under another name, and whose /proc, where it may be hidden, is empty."""

    def __enter__(self):
        hide = "mount -t tmpfs none /proc && " if HIDES else ""
        words = ["bash", "-c", f'{hide}exec -a frontdoor "$0" "$@"', str(support.BINARY), "run", "-c", "odd name.conf"]
        (self.folder / "odd name.conf").write_text(self.config)
        # From its own folder: the file is named relative to it.
        self.process = subprocess.Popen(
            [*HIDES, *words], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace")
        self._readers = [self._collect(self.process.stdout, self.out), self._collect(self.process.stderr, self.err)]
        machine.eventually(lambda: self.process.poll() is not None or self.is_up(), "the proxy listens", 15)
        assert self.process.poll() is None, self.err
        return self


def hides() -> list[str]:
    """What to put before a command that is to have a /proc of its own."""
    for words in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if shutil.which("unshare") and not subprocess.run(
                [*words, "mount", "-t", "tmpfs", "none", "/proc"], capture_output=True).returncode:
            return words
    return []


HIDES = hides()


@pytest.mark.skipif(not HIDES, reason="no mount namespaces here")
def test_arguments_are_kept_whatever_the_process_is_called_and_without_proc(run, node_chat, tmp_path, authority):
    with Disguised(tmp_path, authority, configuration(node_chat.address, timeouts={"drain": "1s"})) as proxy:
        for _ in range(2):
            assert hand_over(proxy).wait(10) == 0
            talk(proxy.socket())
            words = open(f"/proc/{proxy.pid}/cmdline").read().split("\0")
            assert words[:4] == ["frontdoor", "run", "-c", "odd name.conf"]


ADD_SEALS, SEALS = 1033, 1 | 2 | 4


def left(content: bytes, seals: int = SEALS) -> int:
    """The number of memory such as a process leaves to the next."""
    number = os.memfd_create("left", os.MFD_ALLOW_SEALING)
    os.write(number, content)
    fcntl.fcntl(number, ADD_SEALS, seals)
    return number


@pytest.mark.parametrize("make, cause", [
    (lambda: left(b"trunklin\0\3" + bytes(100)), "garbled"),
    (lambda: left(b"trunklin\0\4" + bytes(100)), "version 4"),
    (lambda: left(b"something else"), "not from a process of this program"),
    (lambda: left(b"trunklin\0\3"), "ends too early"),
    (lambda: left(b""), "File too large"),
    (lambda: left(bytes((16 << 20) + 1)), "File too large"),
    (lambda: left(b"trunklin", 1), "not permitted"),
    (lambda: os.open("/dev/null", os.O_RDWR), "Invalid argument"),
    (lambda: 987, "Bad file descriptor"), (lambda: 2, "names no descriptor"), (lambda: "x", "names no descriptor")],
    ids=["garbled", "a later version", "another's", "cut", "empty", "too large", "not sealed", "a device", "closed",
         "standard error", "no number"])
def test_a_state_that_is_none_is_named_and_stops_nothing(run, monkeypatch, make, cause):
    number = make()
    monkeypatch.setenv("TRUNKLINE_STATE", str(number))
    fits = isinstance(number, int) and 2 < number < 900
    if fits:
        os.set_inheritable(number, True)
    try:
        config = configuration(routes=[{"name": "all", "match": {"path": "/"}, "respond": {"status": 200}}], upstreams={})
        with run(config, passed=[number] if fits else []) as proxy:
            assert cause in proxy.wait_log("state not handed over")
            with proxy.wire() as wire:
                wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert wire.read_head().status == 200
    finally:
        if fits:
            os.close(number)


# What systemd does, in small: a bound socket as descriptor 3, LISTEN_PID set by the process that becomes the proxy.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """A notification socket, as a service manager has one."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(10)
        self.seen: list[str] = []

    def wait(self, line: str) -> None:
        while line not in self.seen:
            self.seen += self.socket.recv(4096).decode().split("\n")


class Activated(support.Proxy):
    """A proxy that was started with its socket, and with a manager that it notifies."""

    def __init__(self, folder, authority, config, listening: socket.socket, manager: Manager, **options):
        super().__init__(folder, authority, config, port=listening.getsockname()[1], **options)
        self.listening, self.manager = listening, manager

    def __enter__(self):
        file = self.folder / "proxy.conf"
        file.write_text(self.config)
        self.process = subprocess.Popen(
            ["python3", "-c", ACTIVATE, str(self.listening.fileno()), str(support.BINARY), "run", "--config", str(file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            pass_fds=[self.listening.fileno()], env={**os.environ, "NOTIFY_SOCKET": str(self.manager.path)})
        self._readers = [self._collect(self.process.stdout, self.out), self._collect(self.process.stderr, self.err)]
        self.manager.wait("READY=1")
        return self


def test_a_service_manager_passes_the_socket_and_is_told(authority, node_chat, tmp_path):
    manager = Manager(tmp_path)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        port = listening.getsockname()[1]
        # A client that came before the process did is served by it.
        early = socket.create_connection(("127.0.0.1", port), 5)
        early.sendall(upgrade_request("/echo"))
        config = configuration(node_chat.address, workers=2)
        with Activated(tmp_path, authority, config, listening, manager, tls=False) as proxy:
            with Wire(early, masking=True) as wire:
                assert wire.read_head().status == 101
                wire.send(TEXT, b"early")
                assert wire.read_message() == (TEXT, b"early")
            proxy.process.send_signal(signal.SIGHUP)
            manager.wait("RELOADING=1")
            manager.seen.clear()
            manager.wait("READY=1")
            first = proxy.pid
            old = hand_over(proxy)
            manager.wait(f"MAINPID={proxy.pid}")
            assert old.wait(10) == 0 and proxy.pid != first
            assert "STOPPING=1" not in manager.seen
            with proxy.upgraded("/echo") as wire:
                wire.send(TEXT, b"late")
                assert wire.read_message() == (TEXT, b"late")
            # A restart: the manager holds the socket, so that who comes in between waits.
            proxy.process.send_signal(signal.SIGTERM)
            manager.wait("STOPPING=1")
            proxy.process.wait(10)
            between = socket.create_connection(("127.0.0.1", port), 5)
            between.sendall(upgrade_request("/echo"))
        folder = tmp_path / "again"
        folder.mkdir()
        manager.seen.clear()
        with Activated(folder, authority, config, listening, manager, tls=False), Wire(between, masking=True) as wire:
            assert wire.read_head().status == 101


def test_a_passed_socket_that_nobody_asks_for_is_named(authority, node_chat, tmp_path):
    manager = Manager(tmp_path)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        config = configuration(node_chat.address)
        config["listeners"] = [{"address": f"127.0.0.1:{machine.free_port()}"}]
        with Activated(tmp_path, authority, config, listening, manager, tls=False) as proxy:
            proxy.wait_log("asked for by no listener")


@pytest.mark.parametrize("end", ["by themselves", "when time is over", "by a signal"])
def test_a_process_that_lingers_closes_no_session(run, node_chat, end):
    config = configuration(node_chat.address, timeouts={"drain": "2s"}, drain={"linger": "2s" if end == "when time is over" else "1h"})
    with run(config) as proxy, proxy.upgraded("/echo") as session:
        old = hand_over(proxy)
        with proxy.upgraded("/echo") as newcomer:
            for wire in (session, newcomer):
                wire.send(TEXT, b"still here")
                assert wire.read_message() == (TEXT, b"still here")
            if end == "by themselves":
                session.sock.close()
                old.wait(5)
            elif end == "by a signal":
                old.send_signal(signal.SIGTERM)
            if end != "by themselves":
                close = session.read_frame()
                assert close.opcode == CLOSE and close.payload[:2] == (1012).to_bytes(2, "big")
                session.sock.close()
                old.wait(8)
            assert old.returncode == 0
            newcomer.send(TEXT, b"on and on")
            assert newcomer.read_message() == (TEXT, b"on and on")


def test_an_end_that_is_ordered_while_a_new_process_starts_is_one(run, node_chat):
    """The old one closes its sessions and ends with them; the new one serves."""
    config = configuration(node_chat.address, timeouts={"drain": "20s"}, drain={"linger": "1h"})
    with run(config, drain=25) as proxy, proxy.upgraded("/echo") as session:
        adopt()
        old = proxy.process
        for number in (signal.SIGUSR2, signal.SIGTERM):
            old.send_signal(number)
        close = session.read_until_close()
        assert close.close_code == 1012
        line = proxy.wait_log("new process serves", 20)
        proxy.process = Adopted(int(re.search(r'"process":"?([0-9]+)', line)[1]))
        session.send(CLOSE, close.payload)
        assert old.wait(10) == 0
        assert not any("sessions go on in this process" in line for line in proxy.err)
        assert any('"cause":"drained"' in line for line in proxy.err)
        with proxy.upgraded("/echo") as new:
            new.send(TEXT, b"new")
            assert new.read_message() == (TEXT, b"new")


def test_the_new_process_is_no_child_of_the_old_one(run, node_chat):
    """A service manager waits for its own children, and kills at once what is none: so it must be its child before it is told."""
    config = configuration(node_chat.address, drain={"linger": "1h"})
    with run(config) as proxy, proxy.upgraded("/echo"):
        old = hand_over(proxy)
        parent = re.search(r"PPid:\s+(\d+)", open(f"/proc/{proxy.pid}/status").read())[1]
        assert old.poll() is None and int(parent) == os.getpid()


def test_several_processes_may_linger_and_none_takes_new_sessions(run, node_chat):
    config = configuration(node_chat.address, drain={"linger": "1h"})
    with run(config) as proxy:
        sessions, olds = [], []
        for _ in range(3):
            sessions.append(proxy.upgraded("/echo"))
            olds.append(hand_over(proxy))
        for wire in sessions:
            wire.send(TEXT, b"still here")
            assert wire.read_message() == (TEXT, b"still here")
        assert [old.poll() for old in olds] == [None] * 3
        for wire, old in zip(sessions, olds):
            wire.sock.close()
            old.wait(5)
            assert old.returncode == 0
