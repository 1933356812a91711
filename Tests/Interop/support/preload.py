"""The proxy with another clock than the machine's, or killed at a chosen moment."""

import os
import shutil
import subprocess
from pathlib import Path

from . import machine

COMPILER = shutil.which("clang") or shutil.which("cc")
IS_POSSIBLE = COMPILER is not None and not machine.SANITIZER


def library(folder: Path) -> Path:
    made = folder / "preload.so"
    if not made.exists():
        source = Path(__file__).with_suffix(".c")
        subprocess.run([COMPILER, "-O1", "-fPIC", "-shared", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def environment(folder: Path, *, clock: Path | None = None, kill: tuple[Path, int] | None = None) -> dict[str, str]:
    """Variables with which the proxy is started."""
    variables = {**os.environ, "LD_PRELOAD": str(library(folder))}
    if clock:
        variables["TRUNKLINE_TEST_CLOCK"] = str(clock)
    if kill:
        variables["TRUNKLINE_TEST_KILL"] = f"{kill[0]}:{kill[1]}"
    return variables
