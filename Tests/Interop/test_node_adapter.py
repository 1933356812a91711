"""deploy/adapters/node by itself: `ws` on HTTP/2 streams, with Node's own HTTP/2 client at the other end."""

import os
import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "support" / "ws_streams.test.js"
NAMES = re.findall(r"test\((?:'|`)(.+?)(?:'|`), async", SCRIPT.read_text())
KINDS = ["beside HTTP/1.1", "h2c", "tls"]


@pytest.fixture(scope="module")
def report(authority) -> str:
    made = authority.certificate()
    path = ":".join(filter(None, [os.environ.get("NODE_PATH", ""), "/usr/share/nodejs"]))
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(SCRIPT)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "NODE_PATH": path, "CERT": str(made.certificate), "KEY": str(made.key)})
    print(done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("name", [
    name.replace("${kind}", kind) for name in NAMES for kind in (KINDS if "${kind}" in name else [""])])
def test_the_adapter(report, name):
    assert re.search(rf"^\s*ok \d+ - {re.escape(name)}$", report, re.MULTILINE), report
