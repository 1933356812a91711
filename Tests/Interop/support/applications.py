"""Applications that nobody here wrote, in an environment of their own: installed when first asked for, versions pinned."""

import os
import signal
import subprocess
import venv
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from . import machine

PACKAGES = [
    "python-socketio[client]==5.18.1", "aiohttp==3.14.5", "jupyterlab==4.6.6", "ipykernel==7.4.0", "streamlit==1.67.0",
    "flask==3.1.3", "flask-sock==0.7.0", "gunicorn==27.0.1", "bokeh==3.9.2",
]
FOLDER = machine.ROOT / ".build" / "applications-venv"
PYTHON = FOLDER / "bin" / "python"
SCRIPTS = Path(__file__).parent / "applications"


def install() -> None:
    """Once; a mark says that it was done with these versions."""
    mark = FOLDER / "installed"
    wanted = "\n".join(PACKAGES)
    if mark.exists() and mark.read_text() == wanted:
        return
    if os.environ.get("TRUNKLINE_NO_INSTALL"):
        pytest.skip(f"nothing may be installed here; missing: {' '.join(PACKAGES)}")
    venv.create(FOLDER, with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES],
                   check=True, timeout=900)
    mark.write_text(wanted)


@contextmanager
def running(port: int, folder: Path, *command: str, patience: float = 60):
    """A program of the environment, until it listens; it is ended with all that it has started."""
    log = folder / f"{port}.log"
    environment = {**os.environ, "HOME": str(folder), "PATH": f"{FOLDER / 'bin'}:{os.environ['PATH']}"}
    with log.open("w") as output:
        process = subprocess.Popen([FOLDER / "bin" / command[0], *command[1:]], cwd=folder, env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    try:
        machine.eventually(lambda: process.poll() is not None or machine.is_listening(port), f"{command} listens", patience)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        # Kernels and workers are processes of their own.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        machine.end(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def ask(script: str, *arguments: str, patience: float = 120) -> str:
    """Runs a client of the environment, and returns what it prints."""
    run = subprocess.run([PYTHON, SCRIPTS / script, *arguments], capture_output=True, text=True, timeout=patience)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
