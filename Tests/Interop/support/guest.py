"""A Debian of its own with a running systemd, in namespaces of this machine: what packages and units are tried in."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import machine


def mirror() -> tuple[str, str]:
    """Where this machine has its packages from, and the release it takes."""
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME)", "Created-By: Packages"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    site, codename = next(line.split() for line in lines if "debian" in line and "-" not in line.split()[1])
    return site, codename


LIBRARIES = {
    "debian": "libssl3,libnghttp2-14,libpcre2-8-0,zlib1g,libstdc++6,libyaml-0-2",  # what the program is linked with
    "ubuntu": "libssl3t64,libnghttp2-14,libpcre2-8-0,zlib1g,libstdc++6,libyaml-0-2"}
UBUNTU = os.environ.get("TRUNKLINE_UBUNTU_MIRROR", "")
"""Where an Ubuntu may be had from; its keys need not be known here."""


def tree(kind: str = "debian") -> Path:
    """A Debian or an Ubuntu with systemd, made once and kept."""
    site, codename = (UBUNTU, "noble") if kind == "ubuntu" else mirror()
    folder = machine.ROOT / ".build" / "guest" / codename
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        packages = f"systemd,systemd-sysv,dbus,{LIBRARIES[kind]}" if kind == "ubuntu" else f"systemd,dbus,{LIBRARIES[kind]}"
        # Scripts for releases that this machine's debootstrap doesn't know are those of any other.
        more = ["--no-check-gpg", "--components=main,universe"] if kind == "ubuntu" else []
        script = ["/usr/share/debootstrap/scripts/gutsy"] if kind == "ubuntu" else []
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", *more, codename, str(folder), site, *script],
                       check=True, capture_output=True, timeout=1500)
        (folder / "made").touch()
    return folder


def take_libraries(root: Path, program: Path) -> None:
    """What a program of this machine is linked with and the tree has not, under the same paths."""
    for line in subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout.splitlines():
        file = Path(line.partition("=> ")[2].partition(" (")[0] or "/")
        if file.is_file() and not (copy := root / str(file).lstrip("/")).exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)


class Guest:
    """`with Guest(folder) as guest:` boots a copy of the tree; what it changes is thrown away with the folder."""

    def __init__(self, folder: Path, kind: str = "debian"):
        self.root = folder / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", str(tree(kind)), str(self.root)], check=True)

    def __enter__(self) -> "Guest":
        script = Path(__file__).parent / "guest.sh"
        self.outer = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--net", "--kill-child",
             "bash", str(script), str(self.root)], stdin=subprocess.DEVNULL)
        try:
            self.inner = machine.eventually(self._child, "the guest's first process", 20)
            machine.eventually(self._is_up, "the guest has booted", 60, 0.3)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _child(self) -> int | None:
        text = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
        return int(text[0]) if text else None

    def _is_up(self) -> bool:
        return self.call("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def __exit__(self, *_) -> None:
        if hasattr(self, "inner"):
            try:
                os.kill(self.inner, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.outer.kill()
        self.outer.wait()
        time.sleep(0.2)
        shutil.rmtree(self.root, ignore_errors=True)

    def call(self, *words: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess:
        """Runs a command in the guest."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.inner), "--mount", "--pid", "--root", "--wd", "--uts", "--ipc", "--net", "--", *words],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def take_libraries(self, program: Path) -> None:
        take_libraries(self.root, program)

    def facts(self, *names: str, unit: str = "trunkline") -> dict[str, str]:
        """What the manager says of a unit."""
        lines = self.call("systemctl", "show", "--property=" + ",".join(names), unit).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def beside(self, *words: str) -> list[str]:
        """A command on files of this machine in the guest's network."""
        return ["nsenter", "-t", str(self.inner), "--net", "--", *words]

    def client(self, program: str, *words: str) -> str:
        """What a Python program of this machine prints that runs in the guest's network."""
        done = subprocess.run(self.beside(sys.executable, "-c", program, *words), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
