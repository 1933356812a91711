"""The Debian package: what is in it, and how it is installed, upgraded, removed and purged."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import guest as guest_of
from support import machine
from support.guest import Guest
from support.machine import FULL, ROOT
from support.pebble import Pebble
from support.proxy import BINARY

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="packages of Debian are made where dpkg is")


def built(folder: Path, *options: str) -> Path:
    done = subprocess.run([str(ROOT / "deploy/package"), *options, str(folder)], capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """One of the program under test, as it is."""
    assert BINARY.exists()
    return built(tmp_path_factory.mktemp("package"), "--quick", "--binary", str(BINARY))


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
    subprocess.run(["dpkg-deb", "--control", str(package), str(folder / "DEBIAN")], check=True)
    return folder


def test_clients_that_come_back_are_in_it_as_they_are(tree):
    for name in ("resume.js", "python/trunkline_resume.py"):
        assert (tree / "usr/share/trunkline/clients" / name).read_bytes() == (ROOT / "deploy/clients" / name).read_bytes()


def test_the_manual_has_every_command_and_every_key(tree):
    pages = {}
    for name in ("man1/trunkline.1", "man5/trunkline.conf.5"):
        pages[name] = gzip.decompress((tree / f"usr/share/man/{name}.gz").read_bytes()).decode()
        if shutil.which("mandoc"):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=pages[name], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout
    help_text = subprocess.run([str(BINARY), "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    for command in json.loads(help_text)["command"]["subcommands"][:-1]:    # the last is help
        assert f".SS trunkline {command['commandName']}" in pages["man1/trunkline.1"]

    def keys(schema):
        if isinstance(schema, dict):
            for name, value in schema.items():
                if name == "properties":
                    yield from value
                yield from keys(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from keys(value)
    schema = subprocess.run([str(BINARY), "config", "--schema"], capture_output=True, text=True, check=True).stdout
    names = set(keys(json.loads(schema)))
    assert len(names) > 100
    assert [name for name in names if f"\\fB{name.replace('-', chr(92) + '-')}\\fR" not in pages["man5/trunkline.conf.5"]] == []


def commands() -> list[str]:
    """Every command, and those within one."""
    dumped = subprocess.run([str(BINARY), "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    outer = json.loads(dumped)["command"]["subcommands"]
    inner = [each for command in outer for each in command.get("subcommands", [])]
    names = [each["commandName"] for each in outer + inner]
    assert {"run", "check", "acme", "renew", "revoke", "sessions", "close", "top"} <= set(names)
    return names


@pytest.mark.parametrize("shell,path", [("bash", "usr/share/bash-completion/completions/trunkline"),
                                        ("zsh", "usr/share/zsh/vendor-completions/_trunkline"),
                                        ("fish", "usr/share/fish/vendor_completions.d/trunkline.fish")])
def test_completions_are_what_the_shell_reads(tree, shell, path):
    text = (tree / path).read_text()
    assert [name for name in [*commands(), "--subject", "--older-than", "--reason"] if not re.search(rf"{name.lstrip('-')}\b", text)] == []
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(tree / path)], check=True)


def test_the_default_configuration_is_taken_as_it_is(tree):
    done = subprocess.run([str(BINARY), "check", "--config", str(tree / "etc/trunkline/proxy.conf")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    listed = (tree / "DEBIAN/conffiles").read_text().split()
    assert sorted(listed) == sorted("/" + str(file.relative_to(tree)) for file in (tree / "etc").rglob("*") if file.is_file())


def test_scripts_are_shell_and_nothing_belongs_to_a_stranger(tree, package):
    for script in [*(tree / "DEBIAN").glob("p*"), tree / "usr/libexec/trunkline/hand-over"]:
        subprocess.run(["sh", "-n", str(script)], check=True)
    listing = subprocess.run(["dpkg-deb", "--contents", str(package)], capture_output=True, text=True, check=True).stdout
    assert all(line.split()[1] == "root/root" for line in listing.splitlines())


@pytest.mark.skipif(not FULL or not shutil.which("lintian"), reason="takes its time: TRUNKLINE_FULL, and lintian")
def test_lintian_finds_no_error(package):
    done = subprocess.run(["lintian", "--tag-display-limit", "0", str(package)], capture_output=True, text=True)
    # The program under test finds Swift's libraries where they are on this machine; one that is built for a package has them in it.
    errors = [line for line in done.stdout.splitlines() if line.startswith("E:") and "custom-library-search-path" not in line]
    assert errors == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_unit_is_sound_and_exposes_little(tree, tmp_path):
    unit = tmp_path / "trunkline.service"
    unit.write_text((tree / "lib/systemd/system/trunkline.service").read_text().replace("/usr/bin/trunkline", str(BINARY)))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert not [line for line in verified.stderr.splitlines() if "trunkline" in line], verified.stderr
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True)
    score = float(re.search(r"exposure level for .*: ([\d.]+)", done.stdout)[1])
    assert score <= 2.0


class Steps:
    """How long each step took."""

    def __init__(self):
        self.begun, self.lines = time.monotonic(), []

    def done(self, name: str) -> None:
        now = time.monotonic()
        self.lines.append(f"{name}: {now - self.begun:.1f} s\n")
        self.begun = now


NAME = "chat.example.com"
ECHO = """
import asyncio, websockets
async def echo(connection):
    async for message in connection:
        await connection.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", 9001, compression=None):
        await asyncio.Future()
asyncio.run(main())
"""
TALK = """
import ssl, sys
from websockets.sync.client import connect
context = ssl.create_default_context(cafile=sys.argv[1])
with connect(f"wss://{sys.argv[2]}/", sock=__import__("socket").create_connection(("127.0.0.1", 443)), ssl=context) as connection:
    connection.send("hello")
    print(connection.recv())
"""


def certified(guest: Guest, folder: Path, clock: Steps) -> None:
    """Three lines, and the name answers with a certificate that clients trust."""
    with Pebble(folder / "pebble", tls_port=443, http_port=80, beside=lambda words: guest.beside(*words)) as pebble:
        guest.put("/etc/trunkline/pebble.pem", pebble.ca.read_text())
        file = guest.root / "etc/trunkline/proxy.conf"
        shipped = file.read_text()
        kept = re.sub(r"^(listeners|routes|# upstreams):\n(?:[ #].*\n)*", "", shipped, flags=re.M)
        # Of an authority of our own, in the place of Let's Encrypt.
        kept = kept.replace("acme: {}", f"acme: {{ directory: {pebble.directory}, ca: pebble.pem }}")
        file.write_text(kept + f"""
listeners: [{{ address: 0.0.0.0:443, tls: {{ acme: [{NAME}] }} }}, {{ address: 0.0.0.0:80, redirect_to_https: true }}]
routes: [{{ name: app, upstream: app }}]
upstreams: {{ app: {{ backends: [{{ address: "127.0.0.1:9001" }}] }} }}
""")
        clock.done("an authority, and three lines")
        guest.call("systemctl", "reload", "trunkline")
        machine.eventually(lambda: list((guest.root / "var/lib/trunkline/acme/certificates").glob("*.pem")), "a certificate", 60)
        clock.done("a certificate")
        (folder / "root.pem").write_text(pebble._management("/roots/0"))
        backend = subprocess.Popen(guest.beside(sys.executable, "-c", ECHO))
        try:
            time.sleep(1)
            assert guest.client(TALK, str(folder / "root.pem"), NAME) == "hello\n"
        finally:
            backend.kill()
            backend.wait()
        clock.done("a session, its chain verified")


@pytest.mark.alone
@pytest.mark.skipif(not FULL or os.geteuid() != 0 or not shutil.which("debootstrap"),
                    reason="boots a Debian: TRUNKLINE_FULL, root and debootstrap")
@pytest.mark.parametrize("kind", ["debian", pytest.param("ubuntu", marks=pytest.mark.skipif(
    not guest_of.UBUNTU, reason="TRUNKLINE_UBUNTU_MIRROR is not set"))])
def test_install_upgrade_remove_purge(tmp_path, kind):
    first = built(tmp_path)
    program = ROOT / ".build/static/release/trunkline"
    assert first.exists() and program.exists()
    second = built(tmp_path, "--quick", "--binary", str(program), "--version", "99.0")
    clock = Steps()
    with Guest(tmp_path, kind) as guest:
        for package in (first, second):
            shutil.copy(package, guest.root / "var/tmp")
        clock.done("a bare system boots")
        guest.call("dpkg", "--install", f"/var/tmp/{first.name}")
        assert guest.call("systemctl", "is-active", "trunkline").stdout.strip() == "active"
        clock.done("install")
        assert guest.call("systemctl", "is-enabled", "trunkline").stdout.strip() == "enabled"
        page = subprocess.run(guest.beside("curl", "-s", "http://127.0.0.1:8080/"), capture_output=True, text=True).stdout
        assert page.startswith("Trunkline works.")
        assert guest.call("systemd-analyze", "verify", "trunkline.service").stderr == ""
        assert guest.call("stat", "-c", "%U %a", "/var/log/trunkline/access.log").stdout.split() == ["trunkline", "640"]
        certified(guest, tmp_path, clock)

        # A crowd, on a listener without TLS for the sake of its making.
        file = guest.root / "etc/trunkline/proxy.conf"
        file.write_text(file.read_text().replace("listeners: [", "listeners: [{ address: 127.0.0.1:8080 }, ", 1))
        guest.call("systemctl", "reload", "trunkline")
        script = Path(__file__).parent / "support/upgrade_crowd.py"
        crowd = subprocess.Popen(guest.beside(sys.executable, str(script), "8080", "500"), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        try:
            assert crowd.stdout.readline() == "ready\n"
            old = guest.call("systemctl", "show", "--property=MainPID", "--value", "trunkline").stdout.strip()
            clock.done("500 sessions")
            guest.call("dpkg", "--install", f"/var/tmp/{second.name}")
            new = guest.call("systemctl", "show", "--property=MainPID", "--value", "trunkline").stdout.strip()
            assert old != new and guest.call("systemctl", "is-active", "trunkline").stdout.strip() == "active"
            clock.done("upgrade")
            assert guest.client(TALK, str(tmp_path / "root.pem"), NAME) == "hello\n"
            time.sleep(5)
            told, _ = crowd.communicate("end\n", timeout=60)
        finally:
            crowd.kill()
        became = json.loads(told.splitlines()[-1])
        # None was closed, and nobody was refused; the old process ends with the last of them.
        assert became["ends"] == {"lived": 500}, became
        assert set(became["newcomers"]) == {"served"} and became["newcomers"]["served"] > 50, became
        machine.eventually(lambda: guest.call("test", "-d", f"/proc/{old}", check=False).returncode, "the old process has ended", 40, 0.5)
        assert "127.0.0.1:9001" in file.read_text()

        # A library's upgrade goes the same way; an operator who disabled it is obeyed; then it goes.
        guest.call("/etc/needrestart/restart.d/trunkline.service")
        assert guest.call("systemctl", "show", "--property=MainPID", "--value", "trunkline").stdout.strip() != new
        machine.eventually(lambda: guest.call("test", "-d", f"/proc/{new}", check=False).returncode, "its predecessor has ended", 40, 0.5)
        clock.done("a library's upgrade")
        guest.call("dpkg", "--remove", "trunkline")
        clock.done("remove")
        ended = guest.call("systemctl", "show", "--property=ActiveState,Result,ExecMainCode,ExecMainStatus", "trunkline").stdout
        assert "ActiveState=inactive" in ended, ended
        assert (guest.root / "etc/trunkline/proxy.conf").exists() and (guest.root / "var/log/trunkline").exists()
        # What the operator has put there would stay.
        (guest.root / "etc/trunkline/pebble.pem").unlink()
        guest.call("dpkg", "--purge", "trunkline")
        clock.done("purge")
        left = guest.call("find", "/etc", "/usr", "/lib", "/var/lib", "/var/log", "-name", "*trunkline*").stdout.split()
        assert left == []
    (machine.artefacts() / f"package-steps-{kind}.txt").write_text("".join(clock.lines))
