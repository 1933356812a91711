"""The proxy under test, as a process with a configuration file of its own."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from . import machine
from .client import Client
from .pki import Authority
from .wire import Wire, upgrade_request

BINARY = Path(os.environ.get("TRUNKLINE_BIN", machine.ROOT / ".build/release/trunkline"))


def route(path: str, upstream: str, **more) -> dict:
    return {"name": more.pop("name", upstream), "match": {"path": path}, "upstream": upstream, **more}


def upstream(*addresses: str, **more) -> dict:
    return {"backends": [{"address": address} for address in addresses], **more}


def configuration(*addresses: str, **sections) -> dict:
    """Everything goes to one upstream of these backends, unless `sections` says otherwise."""
    return {"routes": [route("/", "only")], "upstreams": {"only": upstream(*addresses)}, **sections}


class Proxy:
    """Runs `trunkline run`; on leaving, ends it by SIGTERM and insists on exit status 0."""

    def __init__(self, folder: Path, authority: Authority, config: dict | str, *, tls: bool = True,
                 listener: dict | None = None, port: int | None = None, drain: float = 5.0,
                 descriptors: int | None = None, passed: list[int] | None = None, environment: dict[str, str] | None = None):
        self.folder, self.authority, self.tls = folder, authority, tls
        self.port = port or machine.free_port()
        address = (listener or {}).get("address", "")
        self.unix = Path(address.removeprefix("unix:")) if address.startswith("unix:") else None
        self.config = config if isinstance(config, str) else self._completed(dict(config), listener or {})
        self.allowed_exit = (0,)
        self.drain = drain
        self.descriptors, self.passed, self.environment = descriptors, passed or [], environment
        self.out: list[str] = []
        self.err: list[str] = []

    def _completed(self, config: dict, listener: dict) -> str:
        if "listeners" not in config:
            secure = {"tls": {"certificates": [self.authority.certificate().names]}} if self.tls else {}
            config["listeners"] = [{"address": f"127.0.0.1:{self.port}", **secure, **listener}]
        config.setdefault("log", {"access": "stdout", "format": "json", "level": "info"})
        config["timeouts"] = {"drain": "3s", "close": "2s", **config.get("timeouts", {})}
        return json.dumps(config, indent=2) + "\n"

    # MARK: the process

    def __enter__(self) -> "Proxy":
        file = self.folder / "proxy.conf"
        file.write_text(self.config)
        limited = ["prlimit", f"--nofile={self.descriptors}"] if self.descriptors else []
        self.process = subprocess.Popen(
            [*limited, str(BINARY), "run", "--config", str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=self.passed, env=self.environment)
        self._readers = [self._collect(self.process.stdout, self.out), self._collect(self.process.stderr, self.err)]
        try:
            machine.eventually(lambda: self.process.poll() is not None or self.is_up(), "the proxy listens", 60)
            assert self.process.poll() is None, f"the proxy ended at once: {self.process.returncode}"
        except BaseException:
            self._finish()
            self._show()
            raise
        return self

    def is_up(self) -> bool:
        return machine.accepts_unix(self.unix) if self.unix else machine.is_listening(self.port)

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self._finish()
        if kind is not None:
            self._show()
            return
        try:
            assert status in self.allowed_exit, f"the proxy ended with {status}"
            assert not any("Fatal error" in line for line in self.err)
        except AssertionError:
            self._show()
            raise

    def _finish(self) -> int | str:
        try:
            status = self.process.wait(self.drain + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "no end within its drain time"
        for reader in self._readers:
            reader.join(5)
        return status

    def _show(self) -> None:
        for name, lines in (("stdout", self.out), ("stderr", self.err)):
            print(f"--- proxy's {name}, last lines of {len(lines)}", *lines[-25:], sep="\n")

    def _collect(self, stream, lines: list[str]) -> threading.Thread:
        def run():
            for line in stream:
                lines.append(line.rstrip("\n"))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def resident_kib(self) -> int:
        return machine.resident_kib(self.pid)

    def expect_memory(self, *, below: int) -> None:
        """Fails unless the process takes less than so many KiB now."""
        machine.expect_memory(self.resident_kib, below=below)

    # MARK: its log

    @property
    def events(self) -> list[dict]:
        """Standard output as JSON objects; a line that is none fails the test that reads it."""
        return [json.loads(line) for line in list(self.out) if line.strip()]

    def wait_log(self, pattern: str, timeout: float = 5.0) -> str:
        """The first line of the log, access or other, that matches."""
        find = re.compile(pattern, re.IGNORECASE)
        return machine.eventually(
            lambda: next((line for line in list(self.out) + list(self.err) if find.search(line)), None),
            f"a log line like /{pattern}/", timeout)

    # MARK: ways in

    def url(self, path: str = "/") -> str:
        return f"{'wss' if self.tls else 'ws'}://localhost:{self.port}{path}"

    def connect(self, path: str = "/", **options) -> Client:
        """A client of the `websockets` library; compression is off unless asked for."""
        options = {"compression": None, "max_size": None, "open_timeout": 10, "proxy": None, **options}
        if self.tls:
            options.setdefault("ssl", self.authority.client_context())
        return Client(self.url(path), host="127.0.0.1", **options)

    def tcp(self, timeout: float = 10.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def socket(self, timeout: float = 10.0, context: ssl.SSLContext | None = None, name: str = "localhost"):
        sock = self.tcp(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.tls:
            return sock
        return (context or self.authority.client_context()).wrap_socket(sock, server_hostname=name)

    def wire(self, timeout: float = 10.0) -> Wire:
        """A connection on which nothing was sent yet."""
        return Wire(self.socket(timeout), masking=True)

    def upgraded(self, path: str = "/", **options) -> Wire:
        """A session opened by hand."""
        wire = self.wire()
        wire.sock.sendall(upgrade_request(path, **options))
        head = wire.read_head()
        assert head.status == 101, f"{head.first}: {wire.read_body(head)!r}"
        return wire
