"""What clients see when backends die, hang, refuse, reset, dawdle or can't do TLS: counted, against real processes.

Nothing may be lost that did not live on the failed backend."""

import time
from collections import Counter

import pytest

from support.backends import ScriptedBackend, echo
from support.fleet import (Clients, Member, Session, close, echo_all, open_all, outcomes, quiet, restart, servers,
                           storm)
from support.pki import Authority

QUICK = {"timeouts": {"connect": "500ms", "response": "500ms"}, "slow_start": 0, "balance": "round_robin"}


@pytest.fixture
def four():
    members = [Member(name) for name in "abcd"]
    with members[0], members[1], members[2], members[3]:
        yield members


def alive(sessions: list[Session]) -> Counter:
    """How many of each server's sessions still echo."""
    return Counter(session.server for session, lives in zip(sessions, echo_all(sessions)) if lives)


def closes(sessions: list[Session]) -> Counter:
    """The codes of the Close frames that came; 1006 for an end without one."""
    async def code(session: Session) -> int:
        try:
            while True:
                opcode, payload = await session.frame()
                if opcode == 8:
                    return int.from_bytes(payload[:2], "big")
        except (OSError, EOFError):
            return 1006

    async def all_codes():
        import asyncio
        return await asyncio.gather(*(code(session) for session in sessions))
    return Counter(Clients.run(all_codes()))


def one_by_one(proxy, count: int) -> list[Session]:
    return [open_all([Session(proxy.port)])[0] for _ in range(count)]


def test_kill_9(run, four):
    """Its own sessions get 1011, all others live on, and no newcomer notices."""
    a, b, c, d = four
    with run({**quiet(*four, **QUICK), "workers": 2}, tls=False) as proxy:
        old = storm(proxy.port, 200)
        on_d = [session for session in old if session.server == "d"]
        others = [session for session in old if session.server != "d"]
        assert len(on_d) > 30
        d.kill()
        assert closes(on_d) == {1011: len(on_d)}
        new = storm(proxy.port, 200)
        assert outcomes(new) == {"101": 200} and "d" not in servers(new)
        assert alive(others) == servers(others)
        close(old + new)


def test_sigstop(run, four):
    """Nobody is told of a frozen process. Its sessions wait for it; newcomers lose no more than a timeout, and none is
    refused."""
    a, b, c, d = four
    with run(quiet(*four, **QUICK, ejection={"failures": 3, "rest": "60s", "longest_rest": "60s"}), tls=False) as proxy:
        old = storm(proxy.port, 40)
        assert servers(old) == {"a": 10, "b": 10, "c": 10, "d": 10}
        d.stop()
        new = storm(proxy.port, 80)
        assert outcomes(new) == {"101": 80} and "d" not in servers(new)
        proxy.wait_log(f"backend rests.*{d.address}|{d.address}.*backend rests")
        start = time.monotonic()
        later = storm(proxy.port, 80)
        assert servers(later).keys() == {"a", "b", "c"} and time.monotonic() - start < 3
        others = [session for session in old if session.server != "d"]
        assert alive(others) == {"a": 10, "b": 10, "c": 10}
        d.go_on()
        assert alive(old) == {"a": 10, "b": 10, "c": 10, "d": 10}, "its sessions have only waited"
        close(old + new + later)


def test_connection_refused(run, four):
    a, b, c, d = four
    d.kill()
    with run({**quiet(*four, **QUICK), "workers": 2}, tls=False) as proxy:
        sessions = storm(proxy.port, 200) + one_by_one(proxy, 20)
        assert outcomes(sessions) == {"101": 220} and servers(sessions).keys() == {"a", "b", "c"}
        close(sessions)


@pytest.mark.parametrize("mode, failures", [("hang", "no answer in time"), ("reset", "reset"), ("503", "answered 503")])
def test_a_backend_that_takes_requests_and_does_not_serve_them(run, four, mode, failures):
    """Accept and hang, reset in the middle of the handshake, 5xx: a few requests find it out, and then it rests."""
    a, b, c, d = four
    with run(quiet(*four, **QUICK, ejection={"failures": 3, "rest": "60s", "longest_rest": "60s"}), tls=False) as proxy:
        old = storm(proxy.port, 40)
        d.set(mode)
        before = d.stats["upgrades"]
        sessions = one_by_one(proxy, 24)
        seen = outcomes(sessions)
        # A 5xx is the backend's own answer and the client's to see; everything else is tried elsewhere, unseen.
        assert seen == ({"101": 21, "503": 3} if mode == "503" else {"101": 24}), seen
        asked = d.stats["upgrades"] - before
        # A warm connection that was reset may have died by itself: one more try before it counts.
        assert asked == 3 or (mode == "reset" and asked <= 6), asked
        assert failures in proxy.wait_log(f"backend rests.*{d.address}|{d.address}.*backend rests")
        assert alive(old) == {"a": 10, "b": 10, "c": 10, "d": 10}
        close(old + sessions)


def test_a_slow_handshake_is_waited_for_and_holds_nobody_else_up(run, four):
    a, b, c, d = four
    d.set("ok", delay=400)
    with run(quiet(*four, **{**QUICK, "balance": "least_sessions"}), tls=False) as proxy:
        start = time.monotonic()
        quick = one_by_one(proxy, 1)
        sessions = storm(proxy.port, 40)
        assert outcomes(sessions) == {"101": 40} and servers(sessions)["d"] > 0
        assert time.monotonic() - start < 5
        close(quick + sessions)


def hangs(wire, _head):
    """Takes a request and answers nothing."""
    wire.is_ended(30)


def test_a_client_of_a_hanging_backend_is_held_for_the_whole_time_only_once(run):
    """Who comes first to a backend that hangs waits for all of `response`: it may be slow. Who comes while it is in doubt
    gets another one after a quarter of that. After each of its rests one client finds out for all the others."""
    with ScriptedBackend(hangs) as hanging, Member("a") as a:
        config = quiet(a, **{**QUICK, "timeouts": {"response": "3s"}}, ejection={"failures": 2, "rest": "1s"})
        only = next(iter(config["upstreams"].values()))
        only["backends"].append({"address": hanging.address})
        with run(config, tls=False) as proxy:
            times = []
            while len(times) < 2:
                start, asked = time.monotonic(), len(hanging.heads)
                sessions = one_by_one(proxy, 1)
                assert outcomes(sessions) == {"101": 1}
                if len(hanging.heads) > asked:
                    times.append(time.monotonic() - start)
                close(sessions)
            assert times[0] > 2.9 and 0.9 < times[1] < 2.5, times
            proxy.wait_log(f"backend rests.*{hanging.address}|{hanging.address}.*backend rests")
            time.sleep(1.4)
            asked, start = len(hanging.heads), time.monotonic()
            crowd = storm(proxy.port, 30)
            assert outcomes(crowd) == {"101": 30} and len(hanging.heads) - asked <= 2
            assert time.monotonic() - start < 3
            close(crowd)


def test_the_last_backend_that_can_be_asked_has_the_whole_time(run):
    """Both hang and are in doubt: the first one asked has a part of `response`, and the other all of it."""
    with ScriptedBackend(hangs) as one, ScriptedBackend(hangs) as other:
        config = quiet(timeouts={"response": "2s"}, ejection={"failures": 20, "rest": "1s"})
        only = next(iter(config["upstreams"].values()))
        only["backends"] = [{"address": one.address}, {"address": other.address}]
        with run(config, tls=False) as proxy:
            took = []
            for _ in range(2):
                start = time.monotonic()
                sessions = one_by_one(proxy, 1)
                took.append(time.monotonic() - start)
                assert outcomes(sessions) == {"504": 1}
                close(sessions)
            assert took[0] > 3.9 and 2.9 < took[1] < 3.8, took


def test_tls_failures_towards_a_backend(run, four, authority, tmp_path):
    """Plain text where TLS is expected, and a certificate of nobody's: out at once, and the log says why."""
    (tmp_path / "stranger").mkdir()
    context = authority.server_context()
    foreign = Authority(tmp_path / "stranger").server_context()
    a = four[0]
    with ScriptedBackend(echo, tls=context) as good, ScriptedBackend(echo, tls=foreign) as bad:
        config = quiet(a, **QUICK, tls={"server_name": "localhost", "ca": str(authority.certificate().certificate)})
        config["upstreams"]["fleet"]["backends"] += [{"address": good.address}, {"address": bad.address}]
        with run(config, tls=False) as proxy:
            for _ in range(9):
                with proxy.upgraded():
                    pass
            assert len(good.heads) == 9 and not bad.heads and a.stats["upgrades"] == 0
            assert "tls" in proxy.wait_log(f"unreachable.*{a.address}|{a.address}.*unreachable")
            assert "certificate" in proxy.wait_log(f"unreachable.*{bad.address}|{bad.address}.*unreachable")


def test_a_killed_backend_returns_and_gets_its_share_again(run, four):
    """Clients come back after a second or so, as clients do; measured: how long until the spread is even, and how many
    reconnects a second it took."""
    a, b, c, d = four
    config = {**quiet(*four, slow_start="2s", ejection={"rest": "500ms", "longest_rest": "1s"}), "workers": 2}
    with run(config, tls=False) as proxy:
        clients = storm(proxy.port, 200)
        lost = [session for session in clients if session.server == "d"]
        d.kill()
        assert closes(lost) == {1011: len(lost)}
        clients = [session for session in clients if session.server != "d"] + storm(proxy.port, len(lost))
        assert sum(servers(clients).values()) == 200 and "d" not in servers(clients)
        restart(d)
        start, rates = time.monotonic(), Counter()
        # Every 100 ms ten of the oldest leave and come again, as phones do.
        while max(counts := [servers(clients)[name] for name in "abcd"]) - min(counts) > 0.1 * 50:
            assert time.monotonic() - start < 30, counts
            leaving, clients = clients[:10], clients[10:]
            close(leaving)
            back = storm(proxy.port, 10)
            assert outcomes(back) == {"101": 10}
            clients += back
            rates[int(time.monotonic() - start)] += 10
            time.sleep(0.1)
        print(f"even again after {time.monotonic() - start:.1f} s at {max(rates.values())} reconnects a second: {counts}")
        close(clients)
