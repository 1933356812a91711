"""Knowing who is well: checks of our own, what answers tell, retries elsewhere, and no more of either than is good."""

import http.client
import re
import time

import pytest

from support import machine
from support.fleet import Member, Session, close, open_all, outcomes, quiet, servers, storm


def one_by_one(proxy, count: int) -> list[Session]:
    """One client after the other."""
    return [open_all([Session(proxy.port)])[0] for _ in range(count)]


def checks(**more) -> dict:
    return {"interval": "100ms", "timeout": "300ms", "unhealthy_after": 2, "healthy_after": 2, **more}


@pytest.mark.parametrize("check, broken, cause", [
    ({"check": "websocket"}, "hang", "no answer in time"),
    ({"check": "websocket"}, "deaf", "no pong in time"),
    ({"check": "websocket"}, "503", "answered 503 to an upgrade"),
    ({"check": "websocket"}, "reset", "recv"),
    ({"check": "http", "path": "/health"}, "503", "answered 500"),
])
def test_a_backend_that_fails_its_checks_gets_nothing_until_it_passes_them(run, check, broken, cause):
    with Member("a") as a, Member("b") as b:
        config = quiet(a, b, balance="round_robin", health=checks(**check), slow_start=0)
        with run(config, tls=False) as proxy:
            machine.eventually(lambda: b.stats["checks"] >= 2, "b is checked")
            b.set(broken)
            line = proxy.wait_log("fails its checks")
            assert b.address in line and re.search(cause, line), line
            sessions = one_by_one(proxy, 10)
            assert servers(sessions) == {"a": 10}
            b.set("ok")
            assert b.address in proxy.wait_log("passes its checks again")
            sessions += one_by_one(proxy, 10)
            assert servers(sessions) == {"a": 15, "b": 5}
            close(sessions)


def test_a_stopped_process_is_caught_by_its_checks(run):
    """The kernel goes on accepting for it."""
    with Member("a") as a, Member("b") as b:
        with run(quiet(a, b, balance="round_robin", health=checks(), slow_start=0), tls=False) as proxy:
            machine.eventually(lambda: b.stats["checks"] >= 2, "b is checked")
            b.stop()
            proxy.wait_log("fails its checks")
            start = time.monotonic()
            sessions = one_by_one(proxy, 10)
            assert servers(sessions) == {"a": 10} and time.monotonic() - start < 2
            b.go_on()
            proxy.wait_log("passes its checks again")
            close(sessions)


def test_one_worker_checks_for_all_at_jittered_times(run):
    with Member("a") as a:
        with run({**quiet(a, health=checks()), "workers": 2}, tls=False) as proxy:
            machine.eventually(lambda: a.stats["checks"] > 0, "the first check")
            before, start = a.stats["checks"], time.monotonic()
            time.sleep(2)
            made = a.stats["checks"] - before
            expected = (time.monotonic() - start) / 0.1
            assert 0.6 * expected < made < 1.2 * expected, f"{made} of {expected}"
            assert proxy.process.poll() is None


def test_checks_that_are_no_longer_made_hold_nobody_back(run):
    with Member("a") as a, Member("b", MODE="503") as b:
        with run(quiet(a, b, balance="round_robin", health=checks(), slow_start=0), tls=False) as proxy:
            proxy.wait_log("fails its checks")
            b.set("ok")
            file = proxy.folder / "proxy.conf"
            file.write_text(re.sub(r'"health": \{[^}]*\}', '"health": "off"', file.read_text()))
            proxy.process.send_signal(1)
            proxy.wait_log("configuration reloaded")
            sessions = one_by_one(proxy, 10)
            assert servers(sessions)["b"] >= 4
            close(sessions)


def test_with_no_check_passing_clients_are_served_all_the_same(run):
    """A wrong path in the configuration must not take a whole service down."""
    with Member("a") as a, Member("b") as b:
        a.set("bad")
        b.set("bad")
        config = quiet(a, b, health=checks(check="http", path="/health"))
        with run(config, tls=False) as proxy:
            machine.eventually(lambda: sum("fails its checks" in line for line in proxy.err) == 2, "both fail")
            sessions = one_by_one(proxy, 6)
            assert outcomes(sessions) == {"101": 6}
            close(sessions)


def test_5xx_answers_pass_and_then_put_a_backend_out(run):
    with Member("a") as a, Member("b", MODE="503") as b:
        config = quiet(a, b, balance="round_robin", ejection={"failures": 3, "rest": "60s", "longest_rest": "60s"})
        with run(config, tls=False) as proxy:
            sessions = one_by_one(proxy, 20)
            # A backend's own answer is the client's to see; three of them, and no more.
            assert outcomes(sessions) == {"503": 3, "101": 17}
            assert b.address in proxy.wait_log("backend rests.*answered 503|answered 503.*backend rests")
            close(sessions)


def test_resets_are_retried_unseen_and_put_a_backend_out(run):
    with Member("a") as a, Member("b", MODE="reset") as b:
        config = quiet(a, b, balance="round_robin", ejection={"failures": 3, "rest": "60s", "longest_rest": "60s"},
                       pool={"warm": 0})
        with run(config, tls=False) as proxy:
            sessions = one_by_one(proxy, 20)
            assert outcomes(sessions) == {"101": 20} and b.stats["upgrades"] == 3
            close(sessions)


def test_a_backend_under_suspicion_is_tried_again_and_rests_longer_each_time(run):
    with Member("a") as a, Member("b", MODE="503") as b:
        config = quiet(a, b, balance="round_robin", slow_start=0,
                       ejection={"failures": 2, "rest": "200ms", "longest_rest": "400ms"})
        with run(config, tls=False) as proxy:
            start = time.monotonic()
            sessions = []
            while time.monotonic() - start < 3:
                sessions += one_by_one(proxy, 5)
                time.sleep(0.02)
            asked = b.stats["upgrades"]
            # 2 at first, then one after each rest of 0.2, 0.4, 0.4 … s, each up to a quarter longer.
            assert 5 <= asked <= 11, asked
            b.set("ok")
            machine.eventually(lambda: servers(one_by_one(proxy, 2))["b"] > 0, "b is used again", 5)
            close(sessions)


def test_never_more_than_the_share_is_out_by_suspicion(run):
    members = [Member(name, MODE="503") for name in "abcd"]
    with members[0], members[1], members[2], members[3]:
        config = quiet(*members, balance="round_robin",
                       ejection={"failures": 1, "rest": "60s", "longest_rest": "60s", "most": "50%"})
        with run(config, tls=False) as proxy:
            close(one_by_one(proxy, 8))
            before = [member.stats["upgrades"] for member in members]
            sessions = one_by_one(proxy, 20)
            asked = [member.stats["upgrades"] - count for member, count in zip(members, before)]
            # Two go on being asked: their own answer, not a refusal of the proxy's.
            assert sorted(asked)[:2] == [0, 0] and sum(asked) == 20, asked
            assert outcomes(sessions) == {"503": 20}
            close(sessions)


def test_retries_stay_within_their_budget(run):
    with Member("a", MODE="reset") as a, Member("b", MODE="reset") as b:
        config = quiet(a, b, pool={"warm": 0}, retry={"attempts": 5, "budget": "10%"}, ejection={"failures": 1000})
        with run(config, tls=False) as proxy:
            sessions = one_by_one(proxy, 150)
            assert outcomes(sessions) == {"502": 150}
            asked = a.stats["upgrades"] + b.stats["upgrades"]
            assert 150 + 10 <= asked <= 150 + 26, asked


def test_without_retries_the_first_failure_is_the_clients(run):
    with Member("a") as a, Member("b", MODE="reset") as b:
        config = quiet(a, b, balance="round_robin", retry={"attempts": 0}, pool={"warm": 0},
                       ejection={"failures": 1000})
        with run(config, tls=False) as proxy:
            sessions = one_by_one(proxy, 10)
            assert outcomes(sessions) == {"101": 5, "502": 5}
            close(sessions)


def test_plain_requests_are_retried_elsewhere_only_when_they_may_be(run):
    """RFC 9110, 9.2.2: idempotent, none of the body taken, not a byte of an answer."""
    def ask(proxy, method: str, body: bytes | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        try:
            connection.request(method, "/work", body)
            return connection.getresponse().status
        finally:
            connection.close()

    with Member("a") as a, Member("b", MODE="cut") as b:
        config = quiet(a, b, balance="round_robin", pool={"warm": 0}, ejection={"failures": 1000})
        with run(config, tls=False) as proxy:
            assert [ask(proxy, "GET") for _ in range(10)] == [200] * 10
            assert b.stats["works"] == 5
            assert sorted(ask(proxy, "POST", b"once") for _ in range(10)) == [200] * 5 + [502] * 5
            assert (a.stats["works"], b.stats["works"]) == (15, 10)


def test_check_says_what_is_in_force(run):
    import subprocess

    from support import proxy as proxy_module
    with Member("a") as a:
        config = quiet(a, balance="hash", hash_key="query:sid", health={}, proxy_protocol="off")
        with run(config, tls=False) as proxy:
            said = subprocess.run([str(proxy_module.BINARY), "check", "--config", str(proxy.folder / "proxy.conf")],
                                  capture_output=True, text=True, timeout=30)
            assert said.returncode == 0
            assert f"upstream 'fleet' hash of query:sid: {a.address}" in said.stdout
            assert "256 handshakes at a time for each backend, 10000 may wait for 10s" in said.stdout
            assert "websocket / every 5s, out after 3, back after 2; slow start 10s" in said.stdout


def test_a_storm_against_a_dead_backend_is_served_by_the_others(run):
    with Member("a") as a, Member("b") as b:
        with run({**quiet(a, b), "workers": 2}, tls=False) as proxy:
            b.kill()
            sessions = storm(proxy.port, 300)
            assert outcomes(sessions) == {"101": 300} and servers(sessions) == {"a": 300}
            close(sessions)
