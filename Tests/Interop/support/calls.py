"""The system calls on sockets that the proxy makes, by name."""

import mmap
import os
import struct
import subprocess
from pathlib import Path

from . import preload

NAMES = ("accept", "connect", "setsockopt", "getsockopt", "getname", "epoll_ctl", "epoll_wait", "send", "recv", "shutdown")


class Calls:
    """Counts those of a proxy that is started with `environment`."""

    def __init__(self, folder: Path):
        library, file = folder / "calls.so", folder / "calls"
        subprocess.run([preload.COMPILER, "-O1", "-fPIC", "-shared", "-o", library, Path(__file__).with_suffix(".c"), "-ldl"],
                       check=True)
        file.write_bytes(bytes(8 * len(NAMES)))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 0)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "TRUNKLINE_TEST_CALLS": str(file)}

    def counts(self) -> dict[str, int]:
        return dict(zip(NAMES, struct.unpack(f"={len(NAMES)}Q", self._memory[:])))
