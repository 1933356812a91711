"""The service under systemd: what the manager makes of hand-overs, stops and crashes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import machine
from support.guest import Guest
from support.machine import FULL, ROOT
from support.proxy import BINARY

pytestmark = [pytest.mark.alone, pytest.mark.skipif(
    not FULL or os.geteuid() != 0 or not shutil.which("debootstrap"),
    reason="boots a Debian: TRUNKLINE_FULL, root and debootstrap")]

CONFIGURATION = """
listeners: [{ address: 127.0.0.1:8080 }]
log: { access: /var/log/trunkline/access.log }
timeouts: { drain: 5s }
drain: { linger: 12h }
routes: [{ name: app, upstream: app }]
upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }] } }
"""
HAND_OVER = "/usr/libexec/trunkline/hand-over"


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """A Debian in which the program under test is installed."""
    folder = tmp_path_factory.mktemp("service")
    done = subprocess.run([str(ROOT / "deploy/package"), "--quick", "--binary", str(BINARY), str(folder)],
                          capture_output=True, text=True, timeout=120, check=True)
    package = Path(done.stdout.splitlines()[-1])
    with Guest(folder) as guest:
        guest.take_libraries(BINARY)
        shutil.copy(package, guest.root / "var/tmp")
        guest.call("dpkg", "--install", f"/var/tmp/{package.name}")
        guest.put("/etc/trunkline/proxy.conf", CONFIGURATION)
        guest.call("systemctl", "restart", "trunkline")
        yield guest


@pytest.fixture
def service(guest):
    """The service, running."""
    guest.call("systemctl", "reset-failed", "trunkline", check=False)
    guest.call("systemctl", "start", "trunkline")
    return guest


def main_process(guest: Guest) -> str:
    return guest.facts("MainPID")["MainPID"]


def hand_over(guest: Guest) -> str:
    """Returns the process that was the main one."""
    old = main_process(guest)
    guest.call(HAND_OVER)
    assert main_process(guest) != old
    return old


def lives(guest: Guest, process: str) -> bool:
    return guest.call("test", "-d", f"/proc/{process}", check=False).returncode == 0


def stop(guest: Guest) -> None:
    """Stops it, and asserts that it ended by itself."""
    guest.call("systemctl", "stop", "trunkline")
    facts = guest.facts("ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
    assert facts == {"ActiveState": "inactive", "Result": "success", "ExecMainCode": "1", "ExecMainStatus": "0"}
    assert guest.call("pidof", "trunkline", check=False).stdout == ""


class Crowd:
    """Sessions in the guest, and what became of each."""

    def __init__(self, guest: Guest, count: int):
        script = Path(__file__).parent / "support/upgrade_crowd.py"
        self.process = subprocess.Popen(guest.beside(sys.executable, str(script), "8080", str(count)),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Crowd":
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def ends(self) -> dict[str, int]:
        told, _ = self.process.communicate("end\n", timeout=60)
        return json.loads(told.splitlines()[-1])["ends"]


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("hand_overs", [0, 1, 2])
def test_a_stop_is_waited_for(service, hand_overs, attempt):
    for _ in range(hand_overs):
        old = hand_over(service)
        machine.eventually(lambda: not lives(service, old), "the old process ends: it has no sessions", 20)
    assert service.facts("ActiveState")["ActiveState"] == "active"
    stop(service)


@pytest.mark.parametrize("lingering", [True, False], ids=["sessions of the old process", "sessions of the new one"])
def test_a_stop_after_a_hand_over_cuts_no_session(service, lingering):
    if not lingering:
        old = hand_over(service)
        machine.eventually(lambda: not lives(service, old), "the old process ends", 20)
    with Crowd(service, 50) as crowd:
        if lingering:
            assert lives(service, hand_over(service))
        stop(service)
        ends = crowd.ends()
    # Each is told: by the old process that another had taken its place.
    assert sum(ends.values()) == 50 and set(ends) <= {"1001", "1012"}, ends


def test_a_new_process_that_crashes_is_started_again_though_the_old_one_lingers(service):
    with Crowd(service, 5) as crowd:
        old = hand_over(service)
        crashed = main_process(service)
        service.call("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "trunkline")
        machine.eventually(lambda: main_process(service) not in ("0", crashed), "it is started again", 40, 0.3)
        machine.eventually(lambda: service.facts("ActiveState")["ActiveState"] == "active", "it serves", 20, 0.3)
        # The manager ends what is left of a service before it starts it again: in order, here too.
        assert not lives(service, old)
        ends = crowd.ends()
    assert set(ends) <= {"1001", "1012"}, ends
    stop(service)
