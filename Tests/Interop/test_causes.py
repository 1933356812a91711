"""Log lines and answers name the party and the cause, where it would be easy to name another."""

import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from support import machine, proxy as support
from support.admin import free_admin
from support.backends import ScriptedBackend
from support.http2 import HEADERS, SETTINGS, block, frame
from support.proxy import configuration, upstream
from support.wire import BINARY, upgrade_request

PREFACE_SIZE, PING, END_HEADERS, ENABLE_CONNECT_PROTOCOL = 24, 6, 4, 8


class Raw:
    """A backend whose connections are given, one after the other and as they are, to `serve(socket, number)`."""

    def __init__(self, serve):
        self.serve, self.accepted = serve, 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            sock.settimeout(20)
            threading.Thread(target=self._serve, args=(sock, self.accepted), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with sock:
            try:
                self.serve(sock, number)
            except OSError:
                pass


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def frames(sock: socket.socket):
    """What the proxy sends on an HTTP/2 connection, as (type, flags, stream, payload)."""
    reader = sock.makefile("rb")
    reader.read(PREFACE_SIZE)
    while len(head := reader.read(9)) == 9:
        size = int.from_bytes(head[:3], "big")
        yield head[3], head[4], int.from_bytes(head[5:9], "big"), reader.read(size)


def multiplexed(address: str, **more) -> dict:
    config = configuration(address, **more)
    config["upstreams"]["only"] = upstream(address, mode="multiplex", pool={"warm": 0})
    return config


def test_a_multiplexed_connection_that_leaves_our_ping_unanswered_is_told_so(run):
    def serve(sock, _):
        sock.sendall(frame(SETTINGS, 0, 0, struct.pack("!HI", ENABLE_CONNECT_PROTOCOL, 1)))
        for kind, flags, stream, _payload in frames(sock):
            if kind == SETTINGS and not flags:
                sock.sendall(frame(SETTINGS, 1))
            # Pings and requests are read and left unanswered.

    with Raw(serve) as backend:
        config = multiplexed(backend.address, keepalive={"ping_interval": "1s", "pong_timeout": "1s"})
        config["upstreams"]["only"]["timeouts"] = {"response": "30s"}
        with run(config) as proxy, proxy.wire() as wire:
            wire.sock.sendall(b"GET /asked HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.read_head().status in (502, 504)
            lost = json.loads(proxy.wait_log("multiplexed connection lost"))
            assert lost["cause"] == "no answer to a PING"
            lines = [proxy.wait_log('"path":"/asked"'), proxy.wait_log("request failed")]
            assert "does not answer" in lines[0] and "PING" in lines[1] and "reset" not in "".join(lines), lines


def test_a_backend_that_resets_before_its_settings_is_not_one_without_multiplexing(run):
    def serve(sock, number):
        if number <= 3:
            sock.recv(10)
            return reset(sock)
        sock.sendall(frame(SETTINGS, 0, 0, struct.pack("!HI", ENABLE_CONNECT_PROTOCOL, 1)))
        for kind, flags, stream, _payload in frames(sock):
            if kind == HEADERS:
                sock.sendall(frame(HEADERS, END_HEADERS, stream, block((":status", "200"))))
            elif kind == PING and not flags:
                sock.sendall(frame(PING, 1, 0, _payload))

    with Raw(serve) as backend, run(multiplexed(backend.address)) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status in (502, 503)
        line = proxy.wait_log("unreachable|suspected|upgrade failed")
        assert "takes no multiplexed" not in line and "timed out" not in line
        assert "reset" in line.lower() or "ended" in line.lower() or "lost" in line.lower(), line

        def served() -> bool:
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request())
                return wire.read_head().status == 101
        machine.eventually(served, "it is asked for multiplexed sessions again", 15)


def test_a_worker_that_cannot_start_says_so_and_ends_the_process(run, tmp_path):
    file = tmp_path / "proxy.conf"
    listener = {"address": f"127.0.0.1:{machine.free_port()}"}
    file.write_text(json.dumps({
        "workers": 24, "listeners": [listener],
        "routes": [{"name": "all", "match": {"path": "/"}, "respond": {"status": 200}}], "upstreams": {}}))
    done = subprocess.run(
        ["prlimit", "--nofile=60", str(support.BINARY), "run", "--config", str(file)],
        capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done
    assert "worker cannot start" in done.stderr and "Too many open files" in done.stderr, done.stderr
    assert "accept failed" not in done.stderr


def test_a_client_that_leaves_while_its_backend_is_dialled_is_logged_and_leaves_nothing(run):
    # A backlog that is full: the kernel leaves newcomers' SYNs unanswered.
    admin = free_admin()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = f"127.0.0.1:{full.getsockname()[1]}"
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", full.getsockname()[1]))
            fillers.append(filler)
        config = configuration(address, admin=admin.section)
        config["upstreams"]["only"]["timeouts"] = {"connect": "20s"}
        with run(config) as proxy:
            wire = proxy.wire()
            wire.sock.sendall(upgrade_request("/left"))
            machine.eventually(
                lambda: admin.metrics().value("trunkline_backend_handshakes", backend=address) == 1, "it dials")
            wire.sock.close()
            line = json.loads(proxy.wait_log('"path":"/left"'))
            assert "client" in line.get("closed_by", line.get("cause", "")), line
            machine.eventually(
                lambda: admin.metrics().value("trunkline_backend_handshakes", backend=address) == 0, "nothing is left")
            assert admin.status()["upstreams"][0]["backends"][0]["state"] == "up"
        for filler in fillers:
            filler.close()


def namespaced() -> bool:
    return bool(shutil.which("unshare")) and not subprocess.run(
        ["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True).returncode


IN_NAMESPACE = pytest.mark.skipif(not namespaced(), reason="no network namespaces here")

PORTS = """
import json, os, socket, subprocess, sys, threading, time
binary, folder = sys.argv[1:]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
open("/proc/sys/net/ipv4/ip_local_port_range", "w").write("40000 40003")
backend = socket.create_server(("127.0.0.1", 9001))
held = []
threading.Thread(target=lambda: [held.append(backend.accept()) for _ in iter(int, 1)], daemon=True).start()
config = {"workers": 1, "listeners": [{"address": "unix:" + folder + "/front"}], "admin": {"address": "unix:" + folder + "/admin"},
          "routes": [{"name": "all", "match": {"path": "/"}, "upstream": "only"}],
          "upstreams": {"only": {"backends": [{"address": "127.0.0.1:9001"}], "pool": {"warm": 0}}}}
open(folder + "/proxy.conf", "w").write(json.dumps(config))
proxy = subprocess.Popen([binary, "run", "--config", folder + "/proxy.conf"], stdin=subprocess.DEVNULL,
                         stdout=sys.stderr)  # so that its lines do not fall into ours
while not os.path.exists(folder + "/admin"):
    time.sleep(0.05)
time.sleep(0.3)
# All four ports that the kernel may give are taken towards this backend.
mine = [socket.create_connection(("127.0.0.1", 9001)) for _ in range(4)]
for _ in range(5):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(folder + "/front")
        sock.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
        print("answer", sock.recv(65536).split(b"\\r\\n")[0].decode(), flush=True)
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(folder + "/admin")
    sock.sendall(b"GET /status HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    text = b""
    while piece := sock.recv(65536):
        text += piece
print("state", json.loads(text.split(b"\\r\\n\\r\\n", 1)[1])["upstreams"][0]["backends"][0]["state"], flush=True)
proxy.terminate()
proxy.wait(10)
"""


@IN_NAMESPACE
def test_ports_that_run_out_are_a_shortage_of_ours_and_eject_nobody(tmp_path):
    done = subprocess.run(
        ["unshare", "--net", "--mount", "python3", "-c", PORTS, str(support.BINARY), str(tmp_path)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("answer")] == ["answer HTTP/1.1 503 Service Unavailable"] * 5, done
    assert "state up" in lines, done
    assert "out of ports" in done.stdout + done.stderr and "unreachable" not in done.stdout + done.stderr, done


@IN_NAMESPACE
@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="wants root, to become nobody")
def test_a_low_port_without_the_right_to_it_names_the_capability():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proxy.conf"
        file.write_text(json.dumps({
            "listeners": [{"address": "127.0.0.1:443"}], "upstreams": {},
            "routes": [{"name": "all", "match": {"path": "/"}, "respond": {"status": 200}}]}))
        Path(folder).chmod(0o755)
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" '
             'run --config "$1"', str(support.BINARY), str(file)],
            capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    if "Permission denied" in done.stderr and "cannot listen" not in done.stderr:
        pytest.skip("nobody can't run the program here")
    assert done.returncode == 1 and "CAP_NET_BIND_SERVICE" in done.stderr, done


def test_a_limit_of_backends_is_named_by_its_key(run):
    def script(wire, head):
        wire.accept(head)
        wire.send(BINARY, bytes(100_000))
        wire.read_until_close()

    admin = free_admin()
    with ScriptedBackend(script) as backend:
        config = configuration(backend.address, limits={"backend_message": "64KiB"}, admin=admin.section)
        with run(config) as proxy, proxy.upgraded() as wire:
            assert wire.read_until_close().close_code == 1009
            line = json.loads(proxy.wait_log(r'"session ended"'))
            assert (line["limit"], line["closed_by"]) == ("backend_message", "backend"), line
            assert admin.metrics().value("trunkline_limits_hit_total", limit="backend_message") == 1


def test_a_pattern_that_gives_up_is_an_event(run):
    config = configuration(routes=[
        {"name": "slow", "match": {"path_regex": "/slow/(a+)+b"}, "respond": {"status": 200}}], upstreams={},
        log={"access": "off", "format": "json", "level": "info"})
    with run(config) as proxy, proxy.wire() as wire:
        wire.sock.sendall(b"GET /slow/" + b"a" * 3000 + b"cb HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.read_head().status == 400
        line = json.loads(proxy.wait_log("path_regex gave up"))
        assert line["level"] == "warning" and line["limit"] == "path_regex" and line["path"].startswith("/slow/aaa")


def test_an_early_413_of_a_tls_backend_that_then_resets_reaches_the_client(run, authority):
    certificate = authority.certificate("backend.internal")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)

    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        # What comes of the body is left unread: the kernel resets.
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        threading.Event().wait(0.3)
        wire.sock.close()

    with ScriptedBackend(script, tls=context) as backend:
        config = configuration(backend.address)
        config["upstreams"]["only"]["tls"] = {"server_name": "backend.internal", "ca": str(certificate.certificate)}
        with run(config) as proxy, proxy.wire() as wire:
            wire.sock.sendall(b"POST /big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n")
            try:
                for _ in range(40):
                    wire.sock.sendall(bytes(65536))
            except OSError:
                pass
            head = wire.read_head()
            assert head.status == 413 and wire.read_body(head) == b"big"
