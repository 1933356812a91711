"""Fixtures of the interop tests."""

import collections
import resource
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import backends, machine, proxy  # noqa: E402
from support.audience import Feed  # noqa: E402
from support.browsers import Shelf  # noqa: E402
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


# What a file of tests may take of the default run, in seconds. One that takes more is named; one that takes four times as
# much, as no busy machine makes it, fails the run. What needs longer stands behind `machine.FULL`.
BUDGET = 30
# Autobahn's client is busy all of its time.
BUDGETS = {"test_conformance.py": 120}
taken = collections.Counter()
# Those that take longest begin first, so that no worker is left with one of them at the end.
LONG = ("conformance", "multiplex", "strange_authorities", "continuity", "broadcast", "failures", "health", "reconnects", "progress",
        "watched_files", "bad_frames", "http2_abuse", "sessions", "many_sessions", "http2_browser", "resume_clients")


def pytest_collection_modifyitems(items):
    rank = {f"test_{name}": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_runtest_logreport(report):
    taken[Path(report.location[0]).name] += report.duration


def over_budget(times: int = 1) -> list[str]:
    return [f"{file} took {seconds:.0f} s, its budget is {BUDGETS.get(file, BUDGET)}"
            for file, seconds in taken.most_common() if seconds > BUDGETS.get(file, BUDGET) * times]


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"{sum(taken.values()):.0f} s of tests in {len(taken)} files")
    for line in over_budget():
        terminalreporter.write_line(line)


def pytest_sessionfinish(session):
    is_judged = not machine.FULL and not machine.SANITIZER and not hasattr(session.config, "workerinput")
    if is_judged and session.exitstatus == 0 and over_budget(4):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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


@pytest.fixture(scope="session")
def browsers():
    shelf = Shelf()
    yield shelf
    shelf.close()


@pytest.fixture
def browser(browsers, request):
    """A browser of the kind that the test's mark names; `browser.page()` opens a page."""
    return browsers.take(request.param)


@pytest.fixture
def page(browser):
    with browser.page() as page:
        yield page
