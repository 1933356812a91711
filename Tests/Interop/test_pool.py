"""The upstream pool and the choice of a backend: warm connections, dead ones, spreading, skipping."""

import contextlib
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration, upstream
from support.wire import TEXT, upgrade_request


def pooled(*addresses: str, **more) -> dict:
    config = configuration(*addresses, workers=1)
    config["upstreams"]["only"] = upstream(*addresses, **more)
    return config


def alive(proxy) -> bool:
    with proxy.upgraded() as wire:
        wire.send(TEXT, b"ping")
        return wire.read_message() == (TEXT, b"ping")


def test_warm_connections_wait_before_the_first_session(run):
    with ScriptedBackend(echo) as backend, run(pooled(backend.address, pool={"warm": 3})) as proxy:
        machine.eventually(lambda: len(backend.accepted) >= 3, "three warm connections")
        time.sleep(0.3)
        assert len(backend.accepted) == 3 and backend.heads == []
        assert alive(proxy)


def test_a_session_takes_a_warm_connection_and_another_replaces_it(run):
    with ScriptedBackend(echo) as backend, run(pooled(backend.address, pool={"warm": 2})) as proxy:
        machine.eventually(lambda: len(backend.accepted) == 2, "two warm connections")
        with proxy.upgraded() as wire:
            wire.send(TEXT, b"x")
            wire.read_message()
            machine.eventually(lambda: len(backend.accepted) == 3, "the replacement")
            assert len(backend.heads) == 1


def test_auto_dials_nothing_ahead_for_a_few_and_as_many_as_come_for_many(run):
    with ScriptedBackend(echo) as backend, run(pooled(backend.address)) as proxy:
        wires = [proxy.upgraded() for _ in range(4)]
        assert len(backend.accepted) == len(backend.heads) == 4
        wires += [proxy.upgraded() for _ in range(40)]
        machine.eventually(lambda: len(backend.accepted) > len(backend.heads), "some are dialled ahead")
        for wire in wires:
            wire.sock.close()


def test_auto_dials_nothing_ahead_to_a_backend_that_takes_no_upgrade(run):
    def refuse(wire, head):
        wire.sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with ScriptedBackend(refuse) as backend, run(pooled(backend.address)) as proxy:
        for _ in range(40):
            with proxy.wire() as wire:
                wire.sock.sendall(upgrade_request())
                assert wire.read_head().status == 403
        time.sleep(0.3)
        assert len(backend.accepted) == len(backend.heads) == 40


def test_no_warm_connections_where_none_are_asked_for(run):
    with ScriptedBackend(echo) as backend, run(pooled(backend.address, pool={"warm": 0})) as proxy:
        time.sleep(0.5)
        assert backend.accepted == []
        assert alive(proxy)


def test_a_dead_warm_connection_is_noticed_and_replaced(run):
    with ScriptedBackend(echo) as backend, run(pooled(backend.address, pool={"warm": 2})) as proxy:
        machine.eventually(lambda: len(backend.accepted) == 2, "two warm connections")
        for sock in list(backend.accepted):
            sock.shutdown(2)
        machine.eventually(lambda: len(backend.accepted) >= 4, "fresh ones", 15)
        for _ in range(6):
            assert alive(proxy)


def test_a_warm_connection_dying_under_a_session_is_retried(run):
    """The request goes out as the backend drops each connection that has waited: the client never sees it."""
    with ScriptedBackend(echo) as backend, run(pooled(backend.address, pool={"warm": 1})) as proxy:
        for _ in range(10):
            machine.eventually(lambda: backend.accepted, "a warm connection")
            # One that a session has had may have ended already.
            with contextlib.suppress(OSError):
                backend.accepted[-1].shutdown(2)
            assert alive(proxy)


@pytest.mark.parametrize("balance", ["round_robin", "least_sessions"])
def test_sessions_spread_over_two_backends(run, balance):
    with ScriptedBackend(echo) as one, ScriptedBackend(echo) as two:
        with run(pooled(one.address, two.address, balance=balance)) as proxy:
            wires = [proxy.upgraded() for _ in range(10)]
            assert (len(one.heads), len(two.heads)) == (5, 5)
            for wire in wires:
                wire.sock.close()


def test_least_sessions_prefers_the_emptier_backend(run):
    with ScriptedBackend(echo) as one, ScriptedBackend(echo) as two:
        with run(pooled(one.address, two.address, balance="least_sessions")) as proxy:
            held = {f"/{number}": proxy.upgraded(f"/{number}") for number in range(6)}
            assert (len(one.heads), len(two.heads)) == (3, 3)
            for head in list(one.heads):
                wire = held.pop(head.target)
                wire.send_close()
                assert wire.read_until_close().close_code == 1000 and wire.is_ended()
            machine.eventually(lambda: proxy.out and len(proxy.events) == 3, "three sessions are over")
            held |= {f"/{number}": proxy.upgraded(f"/{number}") for number in range(6, 9)}
            assert (len(one.heads), len(two.heads)) == (6, 3)
            for wire in held.values():
                wire.sock.close()


def test_weights_are_kept(run):
    with ScriptedBackend(echo) as heavy, ScriptedBackend(echo) as light:
        config = pooled(heavy.address, light.address, balance="round_robin")
        config["upstreams"]["only"]["backends"][0]["weight"] = 3
        with run(config) as proxy:
            wires = [proxy.upgraded() for _ in range(12)]
            assert (len(heavy.heads), len(light.heads)) == (9, 3)
            for wire in wires:
                wire.sock.close()


def test_a_refused_backend_is_skipped(run):
    dead = f"127.0.0.1:{machine.free_port()}"
    with ScriptedBackend(echo) as backend:
        with run(pooled(dead, backend.address, balance="round_robin")) as proxy:
            for _ in range(8):
                assert alive(proxy)


def test_a_backend_that_comes_back_is_used_again(run):
    with ScriptedBackend(echo) as steady, ScriptedBackend(echo) as first:
        config = pooled(first.address, steady.address, balance="round_robin",
                        health={"interval": "200ms", "check": "tcp", "healthy_after": 1, "unhealthy_after": 1})
        address = first.port
        with run(config) as proxy:
            assert alive(proxy) and alive(proxy)
            first.__exit__(None)
            for _ in range(4):
                assert alive(proxy)
            with ScriptedBackend(echo, port=address) as second:
                machine.eventually(lambda: alive(proxy) and second.heads, "the backend is used again", 15)
