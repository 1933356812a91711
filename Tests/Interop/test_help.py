"""The help of every command: what it does, an example, the exit statuses, and where to read on."""

import re
import subprocess

import pytest

from support.machine import ROOT
from support.proxy import BINARY


def help_of(*command: str) -> str:
    done = subprocess.run([str(BINARY), *command, "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def subcommands(text: str) -> list[str]:
    """The words at the beginning of the lines under SUBCOMMANDS; what an abstract goes on with stands further in."""
    _, _, part = text.partition("SUBCOMMANDS:")
    return re.findall(r"^  ([a-z][a-z-]*)", part, re.M)


def commands(*above: str):
    yield above
    for name in subcommands(help_of(*above)):
        yield from commands(*above, name)


@pytest.fixture(scope="module")
def helps():
    return {command: help_of(*command) for command in commands()}


def test_every_command_is_there(helps):
    names = {" ".join(command) for command in helps}
    assert {"", "run", "check", "config", "demo", "top", "sessions", "close", "version", "acme", "acme status", "acme renew",
            "acme revoke", "acme account-key"} <= names


def test_each_says_how_it_is_called_how_it_ends_and_where_to_read_on(helps):
    for command, text in helps.items():
        assert re.search(r"^OVERVIEW: [A-Z][^.]*\.", text), f"{command}: what it does, in a sentence"
        _, example, rest = text.partition("Example:\n")
        assert example and rest.startswith("  trunkline " + " ".join(command)), f"{command}: an example of itself"
        plain = " ".join(text.split())
        assert re.search(r"Exit status: 0 .*, 1 when .*, 64 when the command line is wrong\.", plain) \
            or command == ("version",) and "Exit status: 0." in plain, f"{command}: its exit statuses"
        assert re.search(r"^Read on in ", text, re.M), f"{command}: where to read on"


def test_what_is_to_be_read_is_there(helps):
    for command, text in helps.items():
        for name in re.findall(r"\b[\w./-]+\.(?:md|docc|conf\.example)\b", text):
            assert (ROOT / name).exists() or (ROOT / "Sources/Proxy/Proxy.docc" / name).exists(), f"{command}: {name}"


def test_nothing_is_wider_than_a_terminal(helps):
    for command, text in helps.items():
        assert not [line for line in text.splitlines() if len(line) > 80 and not line.startswith("USAGE:")], command


def test_signals_are_told(helps):
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"):
        assert name in helps[("run",)]
