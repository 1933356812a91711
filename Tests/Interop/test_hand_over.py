"""A new process takes over the listening sockets: from the old one, or from the service manager."""

import os
import signal
import socket
import subprocess
import threading

import pytest

from support import machine, proxy as support
from support.admin import free_admin
from support.proxy import configuration
from support.successor import hand_over
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
