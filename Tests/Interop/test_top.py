"""`trunkline top`: one picture for scripts, a live one in a terminal, and clear words when nobody answers."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from support import machine
from support.admin import free_admin
from support.backends import node_echo
from support.proxy import BINARY, configuration
from support.wire import TEXT


@pytest.fixture(scope="module")
def watched(shared_run):
    admin = free_admin()
    with node_echo() as backend, shared_run(configuration(backend.address, admin=admin.section, workers=1)) as proxy:
        with proxy.upgraded() as wire:
            yield admin, backend, wire


def top(*arguments: str):
    return subprocess.run([str(BINARY), "top", *arguments], text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)


def test_one_picture_for_scripts(watched):
    admin, backend, wire = watched
    process = subprocess.Popen([str(BINARY), "top", "--admin", admin.address, "--once", "--interval", "1s"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    for _ in range(15):
        wire.send(TEXT, b"x" * 50)
        wire.read_message()
        time.sleep(0.1)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and err == "", err
    assert "\x1b" not in out
    lines = out.splitlines()
    assert re.match(r"trunkline \d+\.\d+\.\d+   serving", lines[0])
    assert lines[1].startswith("sessions 1 ")
    for name in ("only", backend.address):
        row = next(line for line in lines if line.startswith(name + " "))
        sessions, received, sent, *_ = row[30:].split()
        assert sessions == "1" and float(received) > 3 and float(sent) > 3, row


def test_nobody_there_is_said(tmp_path):
    port = machine.free_port()
    done = top("--admin", f"127.0.0.1:{port}", "--once")
    assert done.returncode == 1 and done.stdout == ""
    assert f"no answer from 127.0.0.1:{port}: Connection refused" in done.stderr and "'admin'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    for arguments, words in ((("--admin", "nowhere"), "is no address"), (("--interval", "soon"), "is no interval"),
                             (("--admin", f"unix:{tmp_path}/none", "--once"), "No such file")):
        done = top(*arguments)
        assert done.returncode == 1 and words in done.stderr, done.stderr


class Screen:
    """The command in a terminal of 80 columns and 24 rows."""

    def __init__(self, *arguments: str):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen([str(BINARY), "top", *arguments], stdin=slave, stdout=slave, stderr=slave)
        self.text = ""

    def read_until(self, condition, timeout: float = 10.0) -> str:
        deadline = time.monotonic() + timeout
        while not condition(self.text):
            assert time.monotonic() < deadline, self.text
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if ready:
                self.text += os.read(self.master, 65_536).decode(errors="replace")
        return self.text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        machine.end(self.process)
        os.close(self.master)
        os.close(self.slave)


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM])
def test_a_live_picture_in_a_terminal(watched, end):
    admin, _, _ = watched
    with Screen("--admin", admin.address, "--interval", "200ms") as screen:
        text = screen.read_until(lambda text: text.count("\x1b[H") >= 4)
        assert text.startswith("\x1b[?1049h\x1b[?25l"), "the other screen, without a cursor"
        for frame in text.split("\x1b[H")[1:4]:
            lines = re.sub(r"\x1b\[[0-9?]*[a-zA-Z]", "", frame).rstrip().split("\r\n")
            assert len(lines) <= 24 and all(len(line) <= 80 for line in lines), lines
            assert lines[0].startswith("trunkline ") and any(line.startswith("ROUTE") for line in lines)
        if isinstance(end, str):
            os.write(screen.master, end.encode())
        else:
            screen.process.send_signal(end)
        screen.read_until(lambda text: text.endswith("\x1b[?25h\x1b[?1049l\r\n"))
        assert screen.process.wait(5) == 0
        assert termios.tcgetattr(screen.slave) == screen.before, "the terminal is as it was"


def test_it_waits_for_a_proxy_that_comes_back(run):
    admin = free_admin()
    with node_echo() as backend:
        config = configuration(backend.address, admin=admin.section)
        with run(config):
            screen = Screen("--admin", admin.address, "--interval", "200ms")
            screen.read_until(lambda text: "ROUTE" in text)
        with screen:
            screen.read_until(lambda text: "no answer from" in text)
            screen.text = ""
            with run(config):
                screen.read_until(lambda text: "ROUTE" in text)
                os.write(screen.master, b"q")
                assert screen.process.wait(5) == 0
