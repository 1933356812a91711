"""What an operator meets: permissions of sockets, ends by a fault, hand-over in a container, refused reloads."""

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import time

import pytest

from support import machine, preload, proxy as support
from support.backends import ScriptedBackend, echo
from support.proxy import BINARY, configuration


def test_unix_sockets_have_the_mode_and_owner_that_are_asked_for(run, tmp_path):
    front, admin = tmp_path / "front.sock", tmp_path / "admin.sock"
    group = os.getgid()
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, admin={"address": f"unix:{admin}", "mode": "0600"})
        listener = {"address": f"unix:{front}", "mode": "0666", "group": str(group)}
        before = os.umask(0o077)
        try:
            with run(config, tls=False, listener=listener) as proxy:
                machine.eventually(admin.exists, "the admin socket")
                for path, mode in ((front, 0o666), (admin, 0o600)):
                    found = path.stat()
                    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (mode, group)
                # A reload gives what the new configuration says.
                file = proxy.folder / "proxy.conf"
                file.write_text(proxy.config.replace("0666", "0620"))
                proxy.process.send_signal(signal.SIGHUP)
                machine.eventually(lambda: stat.S_IMODE(front.stat().st_mode) == 0o620, "another mode")
        finally:
            os.umask(before)


def test_an_unknown_owner_is_a_complaint_with_its_place(tmp_path):
    file = tmp_path / "proxy.conf"
    file.write_text('listeners: [{ address: "unix:/tmp/x.sock", owner: nobody-of-this-name }]\n'
                    "routes: [{ name: a, respond: { status: 200 } }]\n")
    done = subprocess.run([str(support.BINARY), "check", "--config", str(file)], capture_output=True, text=True)
    assert done.returncode == 1 and "proxy.conf:1:" in done.stderr and "nobody-of-this-name" in done.stderr


@pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")
@pytest.mark.parametrize("how", ["idle", "deadline"])
def test_the_end_takes_nothing_down_under_threads_that_work(run, node_chat, tmp_path, how):
    with run(configuration(node_chat.address, timeouts={"drain": "200ms"}),
             environment=preload.environment(tmp_path, last=True)) as proxy:
        with contextlib.ExitStack() as sessions:
            if how == "deadline":
                sessions.enter_context(proxy.upgraded("/echo"))
            proxy.process.send_signal(signal.SIGTERM)
            assert proxy.process.wait(10) == 0


@pytest.mark.skipif(machine.SANITIZER == "thread", reason="these signals are the sanitizer's own")
@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGFPE])
def test_a_fault_ends_the_process_at_its_first_coming_and_is_said(run, number):
    with ScriptedBackend(echo) as backend:
        with run(configuration(backend.address), tls=False) as proxy:
            proxy.allowed_exit = (-number,)
            # No core of a test's.
            resource.prlimit(proxy.pid, resource.RLIMIT_CORE, (0, 0))
            proxy.process.send_signal(number)
            proxy.process.wait(60)
        assert any("ended by a signal" in line and number.name in line for line in proxy.err)


def test_a_refused_reload_is_told_to_the_service_manager(run, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, ScriptedBackend(echo) as backend:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with run(configuration(backend.address)) as proxy:
            (proxy.folder / "proxy.conf").write_text("listeners: 7\n")
            proxy.process.send_signal(signal.SIGHUP)
            told = []
            while not told or not told[-1].startswith(b"STATUS="):
                told.append(manager.recv(8192))
            assert b"not reloaded" in told[-1] and b"proxy.conf:1:" in told[-1]
            assert manager.recv(8192) == b"READY=1"


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a PID namespace")
def test_process_1_of_a_container_hands_over_to_nobody(tmp_path):
    if subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True).returncode:
        pytest.skip("no namespaces here")
    port = machine.free_port()
    file = tmp_path / "proxy.conf"
    file.write_text(f'listeners: [{{ address: "127.0.0.1:{port}" }}]\nroutes: [{{ name: a, respond: {{ status: 200 }} }}]\n')
    with subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", str(support.BINARY), "run", "--config", str(file)],
                          stderr=subprocess.PIPE, text=True) as outer:
        try:
            machine.eventually(lambda: machine.is_listening(port), "it listens", 15)
            inner = int(open(f"/proc/{outer.pid}/task/{outer.pid}/children").read().split()[0])
            os.kill(inner, signal.SIGUSR2)
            for line in outer.stderr:
                if "new process failed" in line:
                    break
            assert "process 1" in line and machine.is_listening(port)
            os.kill(inner, signal.SIGTERM)
            assert outer.wait(20) == 0
        finally:
            outer.kill()


@pytest.mark.skipif(bool(machine.SANITIZER), reason="a sanitizer takes its time")
def test_it_listens_within_50_ms_of_processor_time(tmp_path):
    """The least of several starts, and not by the clock on the wall: what else the machine does is not its fault."""
    port = machine.free_port()
    (tmp_path / "proxy.conf").write_text(json.dumps({
        "listeners": [{"address": f"127.0.0.1:{port}"}],
        "routes": [{"name": "all", "match": {"path": "/"}, "respond": {"status": 200}}]}))
    took = []
    for _ in range(5):
        process = subprocess.Popen([str(BINARY), "run", "--config", str(tmp_path / "proxy.conf")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            machine.eventually(lambda: process.poll() is not None or machine.is_listening(port), "it listens")
            assert process.poll() is None
        finally:
            process.kill()
            _, process.returncode, usage = os.wait4(process.pid, 0)
        took.append(usage.ru_utime + usage.ru_stime)
    assert min(took) < 0.05, took


@contextlib.contextmanager
def starting(folder, file, workers: int = 64):
    """A process that has begun to start its workers, and has not yet got all of them."""
    process = subprocess.Popen(
        [str(BINARY), "run", "--config", str(file)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 20
        while len(os.listdir(f"/proc/{process.pid}/task")) < workers // 6:
            assert time.monotonic() < until and process.poll() is None
        yield process
    finally:
        machine.end(process)
        process.stderr.close()


def page(folder, port: int, body: str, workers: int = 64):
    file = folder / "proxy.conf"
    file.write_text(json.dumps({
        "workers": workers, "listeners": [{"address": f"127.0.0.1:{port}"}],
        "routes": [{"name": "all", "respond": {"status": 200, "body": body}}]}))
    return file


def test_an_end_that_is_ordered_before_all_workers_run_is_not_waited_for(tmp_path):
    """There is nothing to drain; workers that come later would not hear of it."""
    for _ in range(6):
        with starting(tmp_path, page(tmp_path, machine.free_port(), "x")) as process:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_reload_that_is_ordered_before_all_workers_run_reaches_all(tmp_path):
    for _ in range(3):
        port = machine.free_port()
        with starting(tmp_path, page(tmp_path, port, "old")) as process:
            page(tmp_path, port, "new")
            process.send_signal(signal.SIGHUP)
            lines = iter(process.stderr.readline, b"")
            assert any(b"configuration reloaded" in line for line in lines)
            time.sleep(0.3)
            answers = set()
            for _ in range(200):
                with socket.create_connection(("127.0.0.1", port), 5) as client:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    answers.add(client.makefile("rb").read().rsplit(b"\n", 1)[-1] or b"?")
            assert answers == {b"new"}
