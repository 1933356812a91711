"""The command's other calls, and complaints about a configuration: place, words, exit status."""

import json
import re
import socket
import subprocess

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import BINARY, configuration

GOOD = """\
listeners:
  - address: 127.0.0.1:8443
    tls:
      certificates:
        - { certificate: localhost.crt, key: localhost.key }
routes:
  - name: chat
    match: { path: /chat/ }
    upstream: chat
upstreams:
  chat:
    backends:
      - { address: "127.0.0.1:9001" }
"""


@pytest.fixture
def check(tmp_path, authority):
    """Runs `trunkline check` (or run) on a text; gives exit status and complaints."""
    for name in ("localhost", "other.example.com"):
        made = authority.certificate(name)
        for file in (made.certificate, made.key):
            (tmp_path / file.name).write_bytes(file.read_bytes())

    def call(text: str, command: str = "check"):
        (tmp_path / "proxy.conf").write_text(text)
        done = subprocess.run([str(BINARY), command, "--config", "proxy.conf"], cwd=tmp_path, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
        complaints = [line for line in (done.stdout + done.stderr).splitlines()
                      if re.match(r"(\S*/)?proxy\.conf:\d+:\d+: ", line)]
        return done, [re.sub(r"^\S*/(?=proxy\.conf)", "", line) for line in complaints]
    return call


def test_a_good_file_is_summed_up(check):
    done, complaints = check(GOOD)
    assert (done.returncode, complaints) == (0, []), done.stderr
    for word in ("8443", "chat", "9001"):
        assert word in done.stdout


CHANGES = {
    "a misspelt key": ("upstreams:\n  chat:", "upstreams:\n  chat:\n    balence: hash", (12, 5), "balence.*did you mean.*balance"),
    "an unknown key at the top": ("listeners:", "colour: red\nlisteners:", (1, 1), "colour"),
    "a word that is no choice": ("upstreams:\n  chat:", "upstreams:\n  chat:\n    balance: fastest", (12, 14), "fastest|least_sessions"),
    "a bad duration": ("listeners:", "timeouts: { close: 5 parsecs }\nlisteners:", (1, 20), "5 parsecs|duration"),
    "a bad size": ("listeners:", "limits: { frame: 16MB }\nlisteners:", (1, 18), "16MB|size"),
    "a bad address": ("127.0.0.1:8443", "127.0.0.1:99999", (2, 14), "99999|port"),
    "a bad number": ("listeners:", "workers: many\nlisteners:", (1, 10), "many|workers"),
    "an unknown upstream": ("    upstream: chat", "    upstream: chatt", (9, 15), "chatt"),
    "a list expected": ("listeners:\n  - address: 127.0.0.1:8443", "listeners:\n    address: 127.0.0.1:8443", (2, 5), "list"),
    "no route name": ("  - name: chat\n    match:", "  - match:", (7, 5), "name"),
    "no backends": ("    backends:\n      - { address: \"127.0.0.1:9001\" }\n", "    mode: session\n", (12, 5), "backends"),
    "bad YAML": ("routes:", "routes: [", None, ""),
    "a key twice": ("    upstream: chat\n", "    upstream: chat\n    upstream: chat\n", None, ""),
    "a variable that isn't set": ("127.0.0.1:9001", "127.0.0.1:${TRUNKLINE_NO_SUCH}", (13, 20), "TRUNKLINE_NO_SUCH"),
    "an unknown ALPN protocol": ("    tls:", "    protocols: [spdy]\n    tls:", (3, 17), "spdy"),
    "a missing certificate": ("localhost.crt", "nobody.crt", (5, 26), r"nobody\.crt"),
    "a missing key": ("localhost.key", "nobody.key", (5, None), r"nobody\.key"),
    "another certificate's key": ("localhost.key", "other.example.com.key", (5, None), "key|match"),
    "a certificate that is none": ("localhost.crt", "proxy.conf", (5, 26), r"proxy\.conf|certificate|PEM"),
}


@pytest.mark.parametrize("old, new, place, words", CHANGES.values(), ids=CHANGES.keys())
def test_a_complaint_names_its_place(check, old, new, place, words):
    assert GOOD.count(old) == 1 or old == "listeners:"
    done, complaints = check(GOOD.replace(old, new, 1))
    assert done.returncode == 1 and complaints, done.stdout + done.stderr
    if place:
        line, column = place
        wanted = f"proxy.conf:{line}:{column or ''}"
        assert any(found.startswith(wanted) for found in complaints), complaints
    assert any(re.search(words, found) for found in complaints), complaints
    assert len(complaints) == 1, f"one mistake, one complaint: {complaints}"


def test_all_complaints_come_in_one_go(check):
    text = GOOD.replace("    upstream: chat", "    upstreem: chat").replace("upstreams:\n  chat:", "upstreams:\n  chat:\n    mode: teleport")
    done, complaints = check("workers: -3\n" + text + "nonsense: 1\n")
    assert done.returncode == 1
    lines = {int(found.split(":")[1]) for found in complaints}
    assert {1, 10, 13, 16} <= lines, complaints


def test_variables_and_their_defaults_are_taken(check):
    done, complaints = check(GOOD.replace("127.0.0.1:9001", "${TRUNKLINE_NO_SUCH:-127.0.0.1:9777}"))
    assert done.returncode == 0, complaints
    assert "9777" in done.stdout


@pytest.mark.parametrize("word", ["off", '"off"', "0"])
def test_off_may_be_written_as_yaml_reads_it(check, word):
    done, complaints = check(GOOD + f"timeouts: {{ idle: {word} }}\n")
    assert done.returncode == 0, complaints


def test_a_missing_file_is_said(tmp_path):
    done = subprocess.run([str(BINARY), "check", "--config", "absent.conf"], cwd=tmp_path, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 1 and "absent.conf" in done.stderr + done.stdout


def test_run_refuses_a_bad_file_with_the_same_words(check):
    bad = GOOD.replace("    upstream: chat", "    upstream: chatt")
    _, checked = check(bad)
    done, complaints = check(bad, "run")
    assert done.returncode == 1 and complaints == checked


def test_a_port_in_use_is_said_and_ends_with_1(check):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done, _ = check(GOOD.replace("8443", str(port)), "run")
    assert done.returncode == 1
    assert str(port) in done.stdout + done.stderr and re.search("in use", done.stdout + done.stderr)


@pytest.mark.parametrize("order", ["version", "--version"])
def test_version_names_the_libraries_in_use(order):
    done = subprocess.run([str(BINARY), order], text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 0
    for words in (r"trunkline \d", r"OpenSSL 3\.\d+\.\d+", r"zlib 1\.\d+", r"PCRE2 10\.\d+"):
        assert re.search(words, done.stdout, re.IGNORECASE), done.stdout


def test_a_wrong_call_is_a_usage_error():
    for arguments in (["fly"], ["run", "--speed", "9"]):
        done = subprocess.run([str(BINARY), *arguments], text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
        assert done.returncode not in (0, -6, -11) and "sage" in done.stderr + done.stdout


def test_each_line_of_the_log_is_json(run):
    with ScriptedBackend(echo) as backend, run(configuration(backend.address)) as proxy:
        with proxy.upgraded("/a\"quote?q=%0a") as wire:
            wire.send_close()
            wire.read_until_close()
        proxy.wait_log("quote")
        assert all(json.loads(line) for line in proxy.out)
        machine.eventually(lambda: proxy.events, "an access line")


WRITTEN = {
    "the access log": ("log: { access: FILE }", "FILE", r"access log"),
    "revocations": ("admin: { address: \"127.0.0.1:9901\", revocations: FILE }", "FILE", "revocations"),
    "issued certificates": ("acme: { email: a@example.com, storage: FILE }", "FILE", "storage"),
    "a listener's socket": ("listeners: [{ address: \"unix:/ROOM/FILE\" }]", "\"unix:", "listen on unix:"),
    "the admin's socket": ("admin: { address: \"unix:/ROOM/FILE\" }", "\"unix:", "listen on unix:"),
}


def written(text: str, file: str, folder) -> str:
    sections = GOOD[GOOD.index("routes:"):] if text.startswith("listeners") else GOOD
    made = text.replace("/ROOM", str(folder)).replace("FILE", file)
    return made + "\n" + sections


@pytest.mark.parametrize("text, at, words", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_to_be_written_has_a_place(check, tmp_path, text, at, words):
    """Each is told before the process would fail over it, with the folder's name, and at the place of the value."""
    (tmp_path / "file").write_text("")
    for file, reason in (("nowhere/deep/it", "does not exist"), ("file/it", "is no folder")):
        made = written(text, file, tmp_path)
        done, complaints = check(made)
        column = made.index(at.replace("FILE", file)) + 1
        assert done.returncode == 1 and len(complaints) == 1, done.stderr
        assert complaints[0].startswith(f"proxy.conf:1:{column}: cannot "), complaints
        assert re.search(words, complaints[0]) and reason in complaints[0], complaints
    done, complaints = check(written(text, "it", tmp_path))
    assert (done.returncode, complaints) == (0, []), done.stderr
    # Nothing was made by that.
    assert not (tmp_path / "it").exists()


@pytest.mark.parametrize("name", ["the access log", "revocations", "issued certificates"])
def test_what_is_to_be_written_and_is_something_else(check, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    done, complaints = check(written(WRITTEN[name][0], "file" if name == "issued certificates" else "folder", tmp_path))
    assert done.returncode == 1 and "folder" in complaints[0], done.stderr


@pytest.mark.parametrize("text, folder, status", [
    ("admin: { address: \"unix:/run/trunkline/admin.sock\" }", None, 0),
    ("log: { access: /var/log/trunkline/access.log }", None, 0),
    ("acme: { storage: /var/lib/trunkline/acme }", None, 0),
    ("admin: { address: \"unix:/run/nobody-here/admin.sock\" }", "/run/nobody-here", 0),
    ("log: { access: /var/log/trunkline/no-such/access.log }", "/var/log/trunkline/no-such", 1),
    ("acme: { storage: /var/lib/nobody-here/acme }", "/var/lib/nobody-here", 1)])
def test_a_folder_that_comes_with_the_service_need_not_be_there(check, text, folder, status):
    """Those of the package's own are no matter, others below /run are warned of."""
    done, complaints = check(text + "\n" + GOOD)
    assert done.returncode == status, done.stderr
    assert [f"'{folder}' does not exist" in line for line in complaints] == [True] * (folder is not None)


def test_a_reload_into_a_folder_that_is_not_there_is_refused_and_all_goes_on(run, node_chat):
    with run(configuration(node_chat.address)) as proxy, proxy.upgraded("/echo") as wire:
        file = proxy.folder / "proxy.conf"
        file.write_text(file.read_text().replace('"access": "stdout"', '"access": "logs/access.log"'))
        proxy.process.send_signal(1)
        proxy.wait_log("cannot write access log 'logs/access.log': the folder .* does not exist")
        (proxy.folder / "logs").mkdir()
        proxy.process.send_signal(1)
        proxy.wait_log("configuration reloaded|reloaded")
        wire.send(1, b"here")
        assert wire.read_message() == (1, b"here")
