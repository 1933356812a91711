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


def packed(guest: Guest, folder: Path, binary: Path, version: str) -> str:
    """The path in the guest of a package of this program."""
    done = subprocess.run([str(ROOT / "deploy/package"), "--quick", "--binary", str(binary), "--version", version, str(folder)],
                          capture_output=True, text=True, timeout=600, check=True)
    return "/" + str(Path(shutil.copy(done.stdout.splitlines()[-1], guest.root / "var/tmp")).relative_to(guest.root))


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> list[str]:
    return []


@pytest.fixture(scope="module")
def guest(tmp_path_factory, packages):
    """A Debian in which the program under test is installed."""
    folder = tmp_path_factory.mktemp("service")
    with Guest(folder) as guest:
        guest.take_libraries(BINARY)
        packages += [packed(guest, folder, BINARY, version) for version in ("1.0", "2.0")]
        guest.call("dpkg", "--install", packages[0])
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


def test_installing_again_newer_and_older_closes_no_session(service, packages):
    with Crowd(service, 20) as crowd:
        for package in (packages[0], packages[1], packages[1], packages[0]):
            before = main_process(service)
            service.call("dpkg", "--install", package)
            assert main_process(service) != before and service.facts("ActiveState")["ActiveState"] == "active"
        assert "drain: { linger: 12h }" in (service.root / "etc/trunkline/proxy.conf").read_text()
        assert crowd.ends() == {"lived": 20}
    stop(service)


def test_a_package_whose_program_refuses_the_configuration_leaves_the_old_one_running(service, packages, tmp_path):
    with Crowd(service, 5) as crowd:
        before = main_process(service)
        file = service.root / "etc/trunkline/proxy.conf"
        file.write_text("routes: [")
        done = service.call("dpkg", "--install", packages[1])
        file.write_text(CONFIGURATION)
        assert "goes on" in done.stderr and main_process(service) == before
        assert crowd.ends() == {"lived": 5}
    stop(service)


def test_logs_that_are_turned_over_are_written_anew_by_both_processes(service):
    log = service.root / "var/log/trunkline/access.log"
    with Crowd(service, 3) as crowd:
        hand_over(service)
        log.rename(log.with_suffix(".1"))
        script = (service.root / "etc/logrotate.d/trunkline").read_text().split("postrotate")[1].split("endscript")[0]
        service.call("sh", "-ec", script)
        machine.eventually(log.exists, "the log is there again")
        assert crowd.ends() == {"lived": 3}
    # The sessions of the old process, whose ends are told after that.
    machine.eventually(lambda: log.read_text().count('"messages_from_client"') >= 3, "their lines are in the new file")
    stop(service)


def test_who_has_disabled_it_is_obeyed_by_an_upgrade(service, packages):
    service.call("systemctl", "disable", "trunkline")
    try:
        service.call("dpkg", "--install", packages[1])
        assert service.call("systemctl", "is-enabled", "trunkline", check=False).stdout.strip() == "disabled"
    finally:
        service.call("systemctl", "enable", "trunkline")
    stop(service)
    # One that doesn't run stays so, too.
    service.call("dpkg", "--install", packages[0])
    assert service.facts("ActiveState")["ActiveState"] == "inactive"
