"""Fixtures of the interop tests."""

import resource
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import backends, machine, proxy  # noqa: E402
from support.audience import Feed  # noqa: E402
from support.pki import Authority  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: judges times or memory that other tests beside it would spoil")


def pytest_sessionstart(session):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A sanitizer's shadow memory and quarantine are no fault of the proxy: such a test counts as skipped, and is shown."""
    report = yield
    if machine.SANITIZER and call.excinfo and call.excinfo.errisinstance(machine.MemoryExceeded):
        reason = f"memory isn't judged with the {machine.SANITIZER} sanitizer: {call.excinfo.value}"
        report.outcome, report.longrepr = "skipped", (str(item.path), item.location[1], reason)
    return report


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def run(tmp_path, authority):
    """`with run(config) as proxy:` starts the proxy under test."""
    assert proxy.BINARY.exists(), f"{proxy.BINARY} isn't built"

    def start(config, **options):
        folder = tmp_path / f"proxy{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return proxy.Proxy(folder, authority, config, **options)
    return start


@pytest.fixture
def feed():
    with Feed() as backend:
        yield backend


@pytest.fixture(scope="module")
def server():
    """A backend for plain requests."""
    with backends.http_server() as backend:
        yield backend


@pytest.fixture(scope="module")
def node_chat():
    with backends.node_chat() as backend:
        yield backend


@pytest.fixture(scope="module")
def node_ticker():
    with backends.node_ticker() as backend:
        yield backend


@pytest.fixture(scope="module")
def swift_chat():
    assert backends.swift_chat_binary().exists(), "deploy/examples/swift-chat isn't built"
    with backends.swift_chat() as backend:
        yield backend


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory, authority):
    """As `run`, for a proxy that all tests of a module share."""
    assert proxy.BINARY.exists(), f"{proxy.BINARY} isn't built"

    def start(config, **options):
        return proxy.Proxy(tmp_path_factory.mktemp("proxy"), authority, config, **options)
    return start
