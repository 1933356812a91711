"""What a session costs the kernel: no call is made that another one, or an inherited option, makes needless."""

from contextlib import nullcontext

import pytest

from support import machine, preload
from support.backends import ScriptedBackend, echo
from support.calls import Calls
from support.http2 import Http2
from support.proxy import configuration, upstream
from support.wire import TEXT

pytestmark = [pytest.mark.alone, pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")]
SESSIONS = 20


def converse(wire) -> None:
    wire.send(TEXT, b"hello")
    assert wire.read_frame().payload == b"hello"
    wire.send_close(1000)
    wire.read_until_close()


@pytest.fixture
def per_session(run, tmp_path):
    """Counts what one of some sessions costs, one after the other, that `open` begins on what `prepare` has made."""
    def measure(config: dict, prepare, open) -> dict[str, float]:
        calls = Calls(tmp_path)
        with run(config, environment=calls.environment) as proxy, prepare(proxy) as prepared:
            def some() -> None:
                for _ in range(SESSIONS):
                    with open(prepared) as wire:
                        converse(wire)
                machine.eventually(lambda: sum('"session ended"' in line for line in proxy.out) % SESSIONS == 0, "all end")
            some()
            before = calls.counts()
            some()
            return {name: (count - before[name]) / SESSIONS for name, count in calls.counts().items()}
    return measure


def expect(spent: dict[str, float], **most: int) -> None:
    """A call now and then may be one that something else has made, such as a timer."""
    assert {name: count for name, count in spent.items() if name in most and count > most[name] + 0.3} == {}, spent


def alone(backend: ScriptedBackend) -> dict:
    return configuration(workers=1, upstreams={"only": upstream(backend.address, pool={"warm": 0})})


def test_sessions_over_connections_of_their_own(per_session):
    with ScriptedBackend(echo) as backend:
        spent = per_session(alone(backend), nullcontext, lambda proxy: proxy.upgraded())
    # To the backend six options, as nothing hands them down; to the client one: an acknowledgement at once.
    expect(spent, accept=1, connect=2, setsockopt=7, getsockopt=0, getname=0, epoll_ctl=2, send=7, recv=10, shutdown=1)


def test_sessions_on_a_warm_http2_connection(per_session):
    with ScriptedBackend(echo) as backend:
        spent = per_session(alone(backend), Http2, lambda client: client.upgraded())
    expect(spent, accept=0, connect=2, setsockopt=6, getsockopt=0, getname=0, epoll_ctl=1, send=6, recv=7, shutdown=0)
