"""The proxies that are compared, the backend behind them, and what the kernel says of processes."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from Multiplex import others

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

OURS = """workers: 1
log: {{ access: off, level: error }}
keepalive: {{ ping_interval: 1h }}
limits: {{ connections: 0 }}
listeners:
  - address: 127.0.0.1:{port}
    tls: {{ certificates: [{{ certificate: {dir}/cert.pem, key: {dir}/key.pem }}] }}
routes: [{{ name: all, upstream: all }}]
upstreams:
  all: {{ mode: {mode}, backends: [{{ address: "127.0.0.1:{backend}" }}]{pool} }}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin(processor: int):
    """The proxy has processor 0, all else another, where there is one."""
    count = len(os.sched_getaffinity(0))
    return (lambda: os.sched_setaffinity(0, {processor})) if count > 1 else None


def start(command: list, processor: int, stdout=subprocess.DEVNULL, **environment: str) -> subprocess.Popen:
    return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=stdout, text=True,
                            env={**os.environ, **environment}, preexec_fn=pin(processor))


def end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [one for child in children for one in family(int(child))]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, from their clocks."""
    return sum(time.clock_gettime(~one << 3 | 2) for one in family(pid))


def memory_kib(pid: int) -> int:
    """Proportional share of what a process and its children hold."""
    return sum(int(line.split()[1]) for one in family(pid)
               for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))


def sockets_to(port: int) -> int:
    """Established connections that lead to a port of ours."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(1 for line in lines if line[2].endswith(f":{port:04X}") and line[3] == "01")


def command(name: str, folder: Path, port: int, backend: int, options) -> list:
    if name in others.TEMPLATES:
        return others.command(name, folder, port, backend)
    more = ""
    if name == "multiplex":
        more = f", pool: {{ streams_per_connection: {options.streams}, gather: {options.gather} }}"
    file = folder / f"{name}.conf"
    file.write_text(OURS.format(dir=folder, port=port, backend=backend, mode=name, pool=more))
    return [options.binary, "run", "--config", file]


def certificate(folder: Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "90", "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
