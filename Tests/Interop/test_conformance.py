"""The Autobahn fuzzing client through the proxy."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import machine
from support.backends import node_echo
from support.machine import FULL, ROOT
from support.proxy import configuration
from support.schema import words

EXPECTED = Path(__file__).parent / "conformance_expected.json"
RUNNER = Path(__file__).parent / "support" / "run-autobahn"


def of_each(section: int, parts: int, forms: tuple[int, ...]) -> str:
    return " ".join(f"{section}.{part}.{form}" for part in range(1, parts + 1) for form in forms)


# Which cases, and how many they are: 517 in all. A case of 12 or 13 sends a thousand messages. Its second number is
# the kind of payload in 12 and what is offered of RFC 7692 in 13, its third the size, from 11 on also the fragments.
FRAMES, SIZES = ("1-7 10", 247), ("9", 54)
MODES = [mode for mode in words("compression", "mode") if mode != "off"] if FULL else ["edge", "passthrough"]
WHOLE = [FRAMES, SIZES, ("12", 90), ("13", 126)]
# Where compressed messages are only passed on, half as many of them will do.
SAMPLES = {
    "edge": [FRAMES, SIZES, (of_each(12, 5, (5, 11)), 10), (of_each(13, 7, (1, 11)), 14)],
    "passthrough": [FRAMES, SIZES, (of_each(12, 5, (5,)), 5), (of_each(13, 7, (1,)), 7)]}
PARTS = [pytest.param(mode, *part, id=f"{mode}-{name}")
         for mode in MODES
         for name, part in zip(("frames", "sizes", "payloads", "offers"), WHOLE if FULL else SAMPLES[mode])]


def has_python27() -> bool:
    for name in ("python2.7", "python2"):
        if shutil.which(name):
            asked = subprocess.run([name, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"],
                                   capture_output=True, stdin=subprocess.DEVNULL)
            if asked.returncode == 0:
                return True
    return any((ROOT.home() / ".pyenv" / "versions").glob("2.7*"))


def may_install() -> bool:
    """The runner installs Autobahn at its first use."""
    folder = Path(os.environ.get("AUTOBAHN_VENV") or Path(tempfile.gettempdir()) / "autobahn-venv")
    return not os.environ.get("TRUNKLINE_NO_INSTALL") or folder.exists()


def outcomes(url: str, cases: str, out: Path) -> tuple[dict, str]:
    """What came of each case, and what the runner said."""
    done = subprocess.run([str(RUNNER), "-q", "-c", cases, "--need-deflate", "--out", str(out), url],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=3600 if FULL else 300)
    return json.loads((out / "results.json").read_text())["cases"], done.stdout[-3000:]


def unusual(results: dict) -> dict[str, str]:
    return {name: case["behavior"] for name, case in results.items() if case["behavior"] != "OK"}


@pytest.mark.skipif(not may_install(), reason="nothing may be installed here; missing: autobahntestsuite")
@pytest.mark.skipif(not has_python27(), reason="no Python 2.7 here, which Autobahn needs")
@pytest.mark.parametrize("mode, cases, count", PARTS)
def test_autobahn_finds_what_is_expected(run, mode, cases, count, request):
    """Every case is OK but for those in the file beside this one, each with its reason."""
    out = machine.artefacts() / f"autobahn-{request.node.callspec.id}"
    wanted = json.loads(EXPECTED.read_text())[mode]
    with node_echo(compress=mode != "edge") as backend:
        config = configuration(backend.address, compression={"mode": mode})
        with run(config) as proxy:
            results, said = outcomes(proxy.url("/"), cases, out)
            expected = {name: kind for kind, names in wanted.items() for name in names if name in results}
            # Many a case gives an echo half a second. A few that a busy machine was late for are tried again, once.
            late = [name for name, kind in unusual(results).items() if expected.get(name) != kind]
            if 0 < len(late) <= 3:
                again, said = outcomes(proxy.url("/"), " ".join(late), out / "again")
                results |= again
    assert unusual(results) == expected, said
    unclean = [name for name, case in results.items() if case["behaviorClose"] not in ("OK", "INFORMATIONAL")]
    assert len(results) == count and not unclean, unclean
