"""Pings of the proxy on both legs, and sessions that are idle: each with its deadline, its code and its line."""

import json
import threading
import time

import pytest

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend, echo, node_echo
from support.proxy import configuration
from support.wire import CLOSE, PING, PONG, TEXT, Ended, Frame


def ending(proxy, admin) -> tuple:
    """By whom the session was ended, with which code and why: as the log says it, once the counters have said the same."""
    line = json.loads(proxy.wait_log(r'"session ended"'))
    label = {"no pong in time": "pong_timeout", "idle for too long": "idle_timeout"}[line["cause"]]
    labels = {"closed_by": line["closed_by"], "code": str(line["close_code"]), "cause": label}
    assert admin.metrics().value("trunkline_session_closes_total", **labels) == 1
    return line["closed_by"], line["close_code"], line["cause"]


@pytest.fixture
def admin():
    return free_admin()


def quick(address: str, **more) -> dict:
    return configuration(address, keepalive={"ping_interval": "300ms", "pong_timeout": "400ms"}, **more)


def pings_of(wire, count: int) -> list[float]:
    """Answers so many pings; when each came."""
    times = []
    while len(times) < count:
        got = wire.read_frame()
        assert got.opcode == PING and got.fin and len(got.payload) <= 125
        times.append(time.monotonic())
        wire.send(PONG, got.payload)
    return times


def test_both_legs_are_pinged_each_by_itself(run):
    """What the client pings is answered here and never reaches the backend, and the other way round."""
    seen = []

    def script(wire, head):
        wire.accept(head)
        wire.send(PING, b"from behind")
        while True:
            got = wire.read_frame()
            seen.append((got.opcode, got.payload))
            if got.opcode == PING:
                assert got.mask is not None
                wire.send(PONG, got.payload)
            elif got.opcode == CLOSE:
                return wire.send(CLOSE, got.payload)

    with ScriptedBackend(script) as backend, run(quick(backend.address)) as proxy, proxy.upgraded() as wire:
        wire.send(PING, b"from in front")
        assert wire.read_frame() == Frame(True, 0, PONG, None, b"from in front")
        pings_of(wire, 3)
        machine.eventually(lambda: sum(opcode == PING for opcode, _ in seen) >= 3, "the backend is pinged")
        assert (PONG, b"from behind") in seen
        assert not any(b"from in front" in payload for _, payload in seen)


def test_a_client_that_does_not_answer_is_given_up(run, admin):
    with node_echo() as backend, run(quick(backend.address, admin=admin.section)) as proxy, proxy.upgraded() as wire:
        began = time.monotonic()
        assert wire.read_frame().opcode == PING
        with pytest.raises((Ended, OSError)):
            while True:
                wire.read_frame()
        assert 0.5 < time.monotonic() - began < 3
        assert ending(proxy, admin) == ("proxy", 1006, "no pong in time")


def test_a_backend_that_does_not_answer_is_given_up_and_its_client_told(run, admin):
    def script(wire, head):
        wire.accept(head)
        wire.read_frame()
        ended.append(wire.is_ended(10))

    ended = []
    with ScriptedBackend(script) as backend, \
            run(quick(backend.address, admin=admin.section)) as proxy, proxy.upgraded() as wire:
        while (got := wire.read_frame()).opcode == PING:
            wire.send(PONG, got.payload)
        assert (got.opcode, got.close_code) == (CLOSE, 1011)
        wire.send_close(1011)
        assert ending(proxy, admin) == ("proxy", 1006, "no pong in time")
    assert ended == [True]


def test_a_busy_peer_is_not_pinged(run):
    with ScriptedBackend(echo) as backend, run(quick(backend.address)) as proxy, proxy.upgraded() as wire:
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            wire.send(TEXT, b"busy")
            assert wire.read_frame().opcode == TEXT
            time.sleep(0.05)


def test_sessions_that_began_together_are_pinged_apart(run):
    config = quick("127.0.0.1:1")
    config["keepalive"] = {"ping_interval": "1s", "pong_timeout": "5s"}
    with ScriptedBackend(echo) as backend:
        config["upstreams"]["only"]["backends"] = [{"address": backend.address}]
        with run(config, tls=False) as proxy:
            wires = [proxy.upgraded() for _ in range(24)]
            waits, threads = [], []

            def wait(wire):
                began = time.monotonic()
                waits.append(pings_of(wire, 1)[0] - began)
            for wire in wires:
                threads.append(threading.Thread(target=wait, args=(wire,)))
                threads[-1].start()
            for thread in threads:
                thread.join(10)
            for wire in wires:
                wire.sock.close()
    assert len(waits) == 24 and max(waits) - min(waits) > 0.05, sorted(waits)


@pytest.mark.parametrize("who", ["client", "backend"])
def test_an_idle_session_ends_and_only_messages_count(run, admin, who):
    """Pings and pongs keep a connection alive, not a session."""
    closes = []

    def script(wire, head):
        wire.accept(head)
        for _ in range(3 if who == "backend" else 0):
            wire.send(TEXT, b"news")
            time.sleep(0.4)
        while True:
            got = wire.read_frame()
            if got.opcode == PING:
                wire.send(PONG, got.payload)
            elif got.opcode == CLOSE:
                closes.append(got.close_code)
                return wire.send(CLOSE, got.payload)

    config = quick("127.0.0.1:1", timeouts={"idle": "700ms"}, admin=admin.section)
    with ScriptedBackend(script) as backend:
        config["upstreams"]["only"]["backends"] = [{"address": backend.address}]
        with run(config) as proxy, proxy.upgraded() as wire:
            began = time.monotonic()
            if who == "client":
                for _ in range(3):
                    wire.send(TEXT, b"news")
                    time.sleep(0.4)
            while (got := wire.read_frame()).opcode != CLOSE:
                if got.opcode == PING:
                    wire.send(PONG, got.payload)
            assert got.close_code == 1001 and "idle" in got.close_reason
            # The messages put it off; the pings in between did not.
            assert 1.3 < time.monotonic() - began < 4
            wire.send_close(1001)
            assert ending(proxy, admin) == ("proxy", 1001, "idle for too long")
        assert closes == [1001]
