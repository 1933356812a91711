"""The proxies that are compared, the backend behind them, and what the kernel says of processes."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PATH = os.environ["PATH"] + ":/usr/sbin"

NGINX = """daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log stderr crit; worker_rlimit_nofile {files};
events {{ worker_connections {files}; multi_accept on; }}
http {{ access_log off; tcp_nodelay on; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
server {{ listen 127.0.0.1:{port} ssl backlog=16384; location / {{ proxy_pass http://127.0.0.1:{backend};
proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
proxy_read_timeout 1h; proxy_send_timeout 1h; }} }} }}
"""
HAPROXY = """global
    nbthread 1
    maxconn {most}
defaults
    mode http
    backlog 4096
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
frontend f
    bind 127.0.0.1:{port} ssl crt {dir}/both.pem alpn http/1.1
    default_backend b
backend b
    server s 127.0.0.1:{backend}
"""
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
    for _ in range(400):
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


def installed() -> list[str]:
    """The other proxies that this machine has."""
    return [name for name in ("nginx", "haproxy") if shutil.which(name, path=PATH)]


def command(name: str, folder: Path, port: int, backend: int, options) -> list:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    template = {"nginx": NGINX, "haproxy": HAPROXY}.get(name, OURS)
    pool = f", pool: {{ streams_per_connection: {options.streams} }}" if name == "multiplex" else ""
    file = folder / f"{name}.conf"
    file.write_text(template.format(dir=folder, port=port, backend=backend, files=files, most=(files - 200) // 2,
                                    mode=name, pool=pool))
    if name == "nginx":
        return [shutil.which("nginx", path=PATH), "-p", folder, "-c", file]
    if name == "haproxy":
        return [shutil.which("haproxy", path=PATH), "-db", "-f", file]
    return [options.binary, "run", "--config", file]


def certificate(folder: Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "90", "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
