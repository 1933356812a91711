"""Reconnect storms: what a backend is asked at the same time is bounded, who comes too many waits, and all get in."""

import time

import pytest

from support import machine
from support.fleet import Clients, Member, Session, close, echo_all, open_all, outcomes, quiet, servers, storm


def test_two_thousand_clients_in_the_same_instant_all_get_in(run):
    """The real backend counts the handshakes that it sees at the same time."""
    with Member("a", HANDSHAKE_MS=10) as a, Member("b", HANDSHAKE_MS=10) as b:
        config = {**quiet(a, b, handshakes={"in_flight": 20, "queue_timeout": "30s"}), "workers": 2}
        with run(config, tls=False) as proxy:
            start = time.monotonic()
            sessions = storm(proxy.port, 2000)
            took = time.monotonic() - start
            assert outcomes(sessions) == {"101": 2000}
            assert all(echo_all(sessions))
            stats = [member.stats for member in (a, b)]
            print(f"2 000 clients in {took:.1f} s, at most {[s['most'] for s in stats]} handshakes at a time")
            assert all(0 < one["most"] <= 20 for one in stats), stats
            assert sum(one["sessions"] for one in stats) == 2000
            # In a queue the quicker one gets more.
            assert all(one["sessions"] > 400 for one in stats), stats
            close(sessions)


@pytest.mark.parametrize("workers", [1, 2])
def test_over_the_queue_clients_are_told_when_to_come_again(run, workers):
    with Member("a", HANDSHAKE_MS=300) as a:
        config = {**quiet(a, handshakes={"in_flight": 2, "queue": 4}), "workers": workers}
        with run(config, tls=False) as proxy:
            sessions = storm(proxy.port, 40)
            assert outcomes(sessions) == {"101": 6, "503": 34}
            assert a.stats["most"] == 2
            hints = {line for session in sessions for line in session.head.lower().split("\r\n")
                     if line.startswith("retry-after: ")}
            assert len(hints) > 3 and all(1 <= int(hint.split()[1]) <= 10 for hint in hints)
            close(sessions)


def test_who_waits_too_long_is_told_503(run):
    with Member("a", HANDSHAKE_MS=1500) as a:
        config = quiet(a, handshakes={"in_flight": 1, "queue_timeout": "500ms"})
        with run(config, tls=False) as proxy:
            start = time.monotonic()
            sessions = storm(proxy.port, 4)
            assert outcomes(sessions) == {"101": 1, "503": 3} and time.monotonic() - start < 4
            close(sessions)


def test_who_leaves_the_line_takes_no_place(run):
    with Member("a", HANDSHAKE_MS=300) as a:
        with run(quiet(a, handshakes={"in_flight": 1}), tls=False) as proxy:
            first = Session(proxy.port)

            async def leave_and_stay():
                import asyncio
                task = asyncio.create_task(first.open())
                await asyncio.sleep(0.1)
                leaving = [Session(proxy.port) for _ in range(20)]
                tasks = [asyncio.create_task(session.open()) for session in leaving]
                await asyncio.sleep(0.1)
                for session in leaving:
                    session.writer.transport.abort()
                last = await Session(proxy.port).open()
                await asyncio.gather(task, *tasks)
                return last
            last = Clients.run(leave_and_stay())
            assert (first.status, last.status) == (101, 101)
            assert a.stats["upgrades"] == 2, "those who left were not asked for"
            close([first, last])


def test_max_sessions_is_kept_and_a_place_that_comes_free_is_given_on(run):
    with Member("a") as a, Member("b") as b:
        config = {**quiet(a, b, handshakes={"queue_timeout": "10s"}), "workers": 2}
        for backend in config["upstreams"]["fleet"]["backends"]:
            backend["max_sessions"] = 5
        with run(config, tls=False) as proxy:
            held = storm(proxy.port, 10)
            assert outcomes(held) == {"101": 10} and servers(held) == {"a": 5, "b": 5}

            async def wait_and_leave():
                import asyncio
                waiting = [asyncio.create_task(Session(proxy.port).open()) for _ in range(3)]
                await asyncio.sleep(0.3)
                assert not any(task.done() for task in waiting)
                for session in held[:3]:
                    session.writer.transport.abort()
                return await asyncio.gather(*waiting)
            more = Clients.run(wait_and_leave())
            assert outcomes(more) == {"101": 3}
            assert a.stats["sessions"] <= 5 and b.stats["sessions"] <= 5
            close(held + more)


def test_counts_outlive_a_reload(run):
    """least_sessions sees what began before the reload, and before a change of the list."""
    with Member("a") as a, Member("b") as b:
        with run({**quiet(a), "workers": 2}, tls=False) as proxy:
            old = storm(proxy.port, 10)
            assert servers(old) == {"a": 10}
            file = proxy.folder / "proxy.conf"
            file.write_text(file.read_text().replace(
                f'"address": "{a.address}"', f'"address": "{a.address}"}}, {{"address": "{b.address}"')
                .replace('"fleet": {', '"fleet": {"slow_start": "0", '))
            proxy.process.send_signal(1)
            proxy.wait_log("configuration reloaded")
            new = [open_all([Session(proxy.port)])[0] for _ in range(10)]
            assert servers(new) == {"b": 10} and all(echo_all(old))
            close(old + new)


def test_a_new_backend_ramps_up(run):
    with Member("a") as a, Member("b") as b:
        with run(quiet(a, slow_start="4s"), tls=False) as proxy:
            old = storm(proxy.port, 60)
            file = proxy.folder / "proxy.conf"
            file.write_text(file.read_text().replace(
                f'"address": "{a.address}"', f'"address": "{a.address}"}}, {{"address": "{b.address}"'))
            proxy.process.send_signal(1)
            proxy.wait_log("configuration reloaded")
            first = storm(proxy.port, 30)
            # The emptier one by far, and yet it gets about a tenth at first.
            assert servers(first)["b"] <= 12, servers(first)
            time.sleep(4.2)
            later = storm(proxy.port, 20)
            assert servers(later) == {"b": 20}
            close(old + first + later)


def test_descriptors_and_places_come_back(run):
    """After storms with refusals, nothing of a line or a place is left."""
    with Member("a", HANDSHAKE_MS=5) as a:
        config = quiet(a, handshakes={"in_flight": 3, "queue": 10})
        with run(config, tls=False) as proxy:
            close(storm(proxy.port, 50))
            machine.eventually(lambda: a.stats["sessions"] == 0, "the sessions are over")
            before = machine.open_descriptors(proxy.pid)
            for _ in range(5):
                close(storm(proxy.port, 50))
            machine.eventually(lambda: a.stats["sessions"] == 0, "the sessions are over")
            machine.eventually(lambda: machine.open_descriptors(proxy.pid) <= before + 4, "descriptors come back")
            sessions = [open_all([Session(proxy.port)])[0] for _ in range(20)]
            assert outcomes(sessions) == {"101": 20}
            close(sessions)
