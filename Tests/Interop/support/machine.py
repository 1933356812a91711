"""Ports, processes and waiting: the little that every peer needs from the machine."""

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FULL = os.environ.get("TRUNKLINE_FULL", "0") not in ("", "0")
"""Long versions of tests were asked for."""
SANITIZER = os.environ.get("TRUNKLINE_SANITIZER", "")
"""The sanitizer that the proxy was built with: address, thread, or none."""


def artefacts() -> Path:
    """Where screenshots and reports are kept."""
    folder = ROOT / ".build" / "interop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Nobody's port, never given before to a test of this process, of a range that test processes beside it leave
    alone, and none that the kernel may give to a connection before its listener is there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    low = max(1024, first - 20_000)
    workers, mine = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    share = max(first - low, 0) // workers
    begin = low + share * int(mine.removeprefix("gw"))
    ports = range(begin, begin + share) or [0]
    for _ in range(200):
        with socket.socket(family) as probe:
            try:
                probe.bind((host, random.choice(ports)))
            except OSError:
                continue
            port = probe.getsockname()[1]
        if port not in _given or len(_given) > share // 2:
            _given.add(port)
            return port
    raise AssertionError("no free port")


def is_listening(port: int) -> bool:
    """Asks the kernel instead of connecting, so that the listener sees no stray connection."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            columns = line.split()
            if columns[1].endswith(wanted) and columns[3] == "0A":
                return True
    return False


def accepts_unix(path: Path) -> bool:
    """Whether a Unix socket listens there, again without a connection."""
    return any(line.endswith(f" {path}") and line.split()[3] == "00010000"
               for line in Path("/proc/net/unix").read_text().splitlines())


def eventually(condition, what: str, timeout: float = 10.0, step: float = 0.02):
    """The first truthy value of `condition()`; fails with `what` when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(step)


def resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no resident size")


class MemoryExceeded(AssertionError):
    """The proxy takes more memory than the test allows."""


def expect_memory(kib: int, *, below: int) -> None:
    if kib >= below:
        raise MemoryExceeded(f"{kib} KiB, wanted below {below}")


def expect_memory_back(resident, *, below: int, timeout: float = 10.0) -> None:
    """What the process takes comes down again, in time."""
    deadline = time.monotonic() + timeout
    while (kib := resident()) >= below:
        if time.monotonic() >= deadline:
            raise MemoryExceeded(f"{kib} KiB after {timeout} s, wanted below {below}")
        time.sleep(0.1)


def stand_back() -> bool:
    """Everything that this thread starts from here on runs only when nobody else wants to; False where that could not be
    taken back."""
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, 18)
    except PermissionError:
        return False
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    return True


def step_forward(*pids: int) -> None:
    """These processes run before those that stand back; 0 = this thread."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir() if pid else []:
            os.setpriority(os.PRIO_PROCESS, int(thread.name), 0)
        if not pid:
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def proportional_kib(pid: int) -> int:
    """What the process holds, shared pages by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no proportional size")


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def end(process: subprocess.Popen, timeout: float = 5.0) -> int:
    """Ends one process of ours: asks first, insists after `timeout`."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode
