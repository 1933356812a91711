"""The Autobahn fuzzing client through the proxy, by a kit that may stand beside this folder."""

import re
import shutil
import subprocess

import pytest

from support import machine
from support.machine import FULL, ROOT
from support.proxy import configuration

KIT = ROOT.parent / "shared" / "conformance" / "run-autobahn"


def has_python27() -> bool:
    for name in ("python2.7", "python2"):
        if shutil.which(name):
            asked = subprocess.run([name, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"],
                                   capture_output=True, stdin=subprocess.DEVNULL)
            if asked.returncode == 0:
                return True
    return any((ROOT.home() / ".pyenv" / "versions").glob("2.7*"))


@pytest.mark.skipif(not KIT.exists() or not has_python27(), reason="no Autobahn kit or no Python 2.7 here")
def test_autobahn_finds_no_failure(run, node_chat):
    cases = "all" if FULL else "quick"
    limits = {"frame": "32MiB", "message": "32MiB"}
    with run(configuration(node_chat.address, limits=limits)) as proxy:
        done = subprocess.run(
            [str(KIT), "-q", "-c", cases, "--need-deflate", "--out", str(machine.artefacts() / "autobahn")]
            + [proxy.url("/echo")], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=3600 if FULL else 300)
        print(done.stdout, done.stderr)
        counts = re.search(r"(\d+) ok, .* (\d+) failed", done.stdout)
        assert done.returncode == 0 and counts, done.stdout[-3000:]
        assert int(counts[1]) >= 255 and int(counts[2]) == 0
