"""The proxy with another clock than the machine's, killed at a chosen moment, or with a disk that is full from then on."""

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


def environment(folder: Path, *, clock: Path | None = None, kill: tuple[Path, int] | None = None,
                full: tuple[Path, int, Path] | None = None, unwatched: bool = False,
                last: bool = False) -> dict[str, str]:
    """Variables with which the proxy is started.

    With `last` a process aborts that has its libraries taken down at its end, under what its threads still do.
    `full` is a folder, the number of the change of it from which on there is no room, and a file: while that is there.
    """
    variables = {**os.environ, "LD_PRELOAD": str(library(folder))}
    if clock:
        variables["TRUNKLINE_TEST_CLOCK"] = str(clock)
    if kill:
        variables["TRUNKLINE_TEST_KILL"] = f"{kill[0]}:{kill[1]}"
    if full:
        variables["TRUNKLINE_TEST_FULL"] = ":".join(map(str, full))
    if unwatched:
        variables["TRUNKLINE_TEST_UNWATCHED"] = "1"
    if last:
        variables["TRUNKLINE_TEST_LAST"] = "1"
    return variables
