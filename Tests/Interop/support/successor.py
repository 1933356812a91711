"""A process that takes over from the one that a test started."""

import ctypes
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from . import machine

PR_SET_CHILD_SUBREAPER = 36


class Adopted:
    """A grandchild that became ours when its parent ended, with the calls of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int):
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # its parent still lives
                return None
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = 10.0) -> int:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("the successor", timeout)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def adopt() -> None:
    """From now on processes whose parents end are ours."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hand_over(proxy, timeout: float = 20.0) -> subprocess.Popen:
    """Has the proxy start its successor and waits until that serves. Returns the old process, which drains; from now on
    `proxy.process` is the new one."""
    adopt()
    seen = len(proxy.err)
    proxy.process.send_signal(signal.SIGUSR2)
    find = re.compile(r"new process (serves|failed).*")
    line = machine.eventually(
        lambda: next((line for line in list(proxy.err)[seen:] if find.search(line)), None), "the outcome", timeout)
    assert "new process serves" in line, line
    old = proxy.process
    proxy.process = Adopted(int(re.search(r'"?process"?[=:]\s*"?(\d+)', line)[1]))
    # Until it has closed them, what comes may be accepted by either.
    machine.eventually(lambda: not listens(old.pid), "the old process gives its sockets up", timeout)
    return old


def listens(pid: int) -> bool:
    """Whether a process has listening TCP sockets, as far as that can be seen."""
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    sockets = {f"socket:[{words[9]}]" for words in lines if words[3] == "0A"}
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{number}") in sockets for number in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False
