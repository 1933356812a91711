"""Processor time, instructions, system calls and memory of a proxy for one unit of work."""

import json
import re
import subprocess
import time
from pathlib import Path

from Multiplex import others, peers

HERE = Path(__file__).resolve().parent
OURS = """workers: 1
log: {{ access: off, level: error }}
keepalive: {{ ping_interval: 1h }}
limits: {{ connections: 0 }}
compression: {{ mode: off }}
listeners:
  - address: 127.0.0.1:{port}
    tls: {{ certificates: [{{ certificate: {dir}/cert.pem, key: {dir}/key.pem }}] }}
routes: [{{ name: all, upstream: all }}]
upstreams: {{ all: {{ backends: [{{ address: "127.0.0.1:{backend}" }}] }} }}
"""


def build(folder: Path) -> Path:
    """The load, compiled: its own processor time should not be what limits."""
    program = folder / "load"
    subprocess.run(["cc", "-O2", HERE / "load.c", "-o", program, "-lnghttp2", "-lssl", "-lcrypto"], check=True)
    return program


def stripped(binary: str, folder: Path) -> str:
    """A copy without debug sections, which old versions of valgrind can't read."""
    copy = folder / "trunkline"
    subprocess.run(["objcopy", "--strip-debug", binary, copy], check=True)
    return str(copy)


def command(name: str, folder: Path, port: int, backend: int, http2: bool, binary: str) -> list:
    if name in others.TEMPLATES:
        return others.command(name, folder, port, backend, http2)
    file = folder / f"{name}.conf"
    file.write_text(OURS.format(dir=folder, port=port, backend=backend))
    return [binary, "run", "--config", file]


class Proxy:
    """One that runs, by itself or under a tool that watches it."""

    def __init__(self, line: list, port: int, under: list = ()):
        self.port = port
        self.process = subprocess.Popen([str(word) for word in [*under, *line]], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=peers.pin(0))
        peers.wait_for(port, self.process)
        time.sleep(0.5)

    def end(self) -> None:
        for pid in peers.family(self.process.pid)[1:] or [self.process.pid]:
            subprocess.run(["kill", str(pid)], check=False, stderr=subprocess.DEVNULL)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            peers.end(self.process)


def load(program: Path, proxy: Proxy, row, seconds: float, warmup: float = 1, more: tuple = ()) -> dict:
    """What the load says, with the proxy's processor time between its marks."""
    line = [program, proxy.port, *row.arguments, "--seconds", seconds, "--warmup", warmup, *more]
    process = peers.start(line, 1, stdout=subprocess.PIPE)
    began = spent = 0.0
    for text in process.stdout:
        if text.startswith("START"):
            began = peers.cpu_seconds(proxy.process.pid)
        elif text.startswith("END"):
            spent = peers.cpu_seconds(proxy.process.pid) - began
        elif text.startswith("{"):
            result = json.loads(text)
            if process.wait() != 0 or result["error_total"]:
                raise SystemExit(f"{row.name}: what came back is not what was sent")
            return {**result, "cpu": spent, "units": max(result.get(row.unit, 0), 1)}
    raise SystemExit(f"the load ended with {process.wait()}")


def memory(program: Path, proxy: Proxy, row, settle: float = 15) -> float:
    """KiB for each session that rests, after a few have come and gone."""
    few = [program, proxy.port, *(["--http1"] if not row.http2 else []), "--connections", 4, "--seconds", 1, "--warmup", 0]
    subprocess.run([str(part) for part in few], check=True, stdout=subprocess.DEVNULL)
    before = peers.memory_kib(proxy.process.pid)
    process = subprocess.Popen([str(part) for part in [program, proxy.port, *row.arguments]], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(settle)
    held = peers.memory_kib(proxy.process.pid) - before
    out, _ = process.communicate()
    result = json.loads(out.strip().splitlines()[-1])
    if process.returncode != 0:
        raise SystemExit(f"{row.name}: not all sessions were alive")
    return held / result["opened"]


def instructions(line, folder: Path, program: Path, row, seconds: float) -> float:
    """In user space: what more a longer run takes for what more it does. So starting and connecting are not in it."""
    runs = []
    for part in (1, 3):
        out = folder / "callgrind.out"
        port, words = line()
        out.unlink(missing_ok=True)
        proxy = Proxy(words, port, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"])
        units = load(program, proxy, row, part * seconds, 0, ("--connections", 8))["units"]
        proxy.end()
        runs.append((int(re.findall(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[-1]), units))
    return (runs[1][0] - runs[0][0]) / max(runs[1][1] - runs[0][1], 1)


def calls(line, folder: Path, program: Path, row, seconds: float) -> float:
    """System calls, all threads."""
    out = folder / "strace.out"
    port, words = line()
    proxy = Proxy(words, port, ["strace", "-f", "-c", "-o", out])
    units = load(program, proxy, row, seconds, 0, ("--connections", 8))["units"]
    proxy.end()
    return sum(int(words[3]) for words in map(str.split, out.read_text().splitlines())
               if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total") / units
