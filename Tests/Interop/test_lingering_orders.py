"""Operators reach the sessions of processes that linger by the one that accepts."""

import asyncio
import contextlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support import machine
from support.admin import free_admin
from support.backends import LibraryBackend
from support.ledger import Ledger, Teller, eventually
from support.proxy import route, upstream
from support.successor import hand_over
from test_continuity import backends, config, through

LINGERS = {"linger": "1h"}


def ask(admin, method: str, path: str, body: bytes = b""):
    status, _, text = admin.call(method, path, body=body)
    return status, json.loads(text) if text.startswith("{") else text


def closed_with(client) -> int:
    with pytest.raises(ConnectionClosed) as end:
        while True:
            client.recv(10)
    return end.value.rcvd.code


def test_lists_messages_and_closes_reach_every_process(run):
    admin = free_admin()
    with LibraryBackend() as backend, run({
            "admin": admin.section, "drain": LINGERS, "workers": 2,
            "routes": [route("/", "app", name="all")], "upstreams": {"app": upstream(backend.address)}}) as proxy:
        clients = {}
        olds = []
        for _ in range(2):
            clients[proxy.pid] = proxy.connect("/")
            olds.append(hand_over(proxy))
        clients[proxy.pid] = proxy.connect("/")
        numbers = [old.pid for old in olds]
        try:
            listed = ask(admin, "GET", "/sessions")[1]
            assert {session["process"] for session in listed["sessions"]} == set(clients) and listed["more"] is False
            first = ask(admin, "GET", "/sessions?limit=2")[1]
            assert len(first["sessions"]) == 2 and first["more"] is True
            assert ask(admin, "GET", "/sessions?route=none")[1] == {"sessions": [], "more": False}
            status = admin.status()
            assert status["process"] == proxy.pid and status["sessions"] == 1
            assert [(one["process"], one["sessions"], one["state"]) for one in status["lingering"]] == [
                (number, 1, "lingering") for number in numbers]
            told = ask(admin, "POST", "/sessions/send?route=all", b"to all")[1]
            assert (told["sessions"], sorted(told["processes"])) == (3, sorted(numbers))
            for client in clients.values():
                assert client.recv(5) == "to all"
            # One by its id, then one that is nobody's, then all that are left.
            one = next(session for session in listed["sessions"] if session["process"] == numbers[0])
            assert ask(admin, "GET", f"/sessions/{one['id']}")[1]["process"] == numbers[0]
            assert ask(admin, "DELETE", f"/sessions/{one['id']}?code=4001") == (200, {"sessions": 1})
            assert closed_with(clients[numbers[0]]) == 4001
            assert olds[0].wait(10) == 0
            assert ask(admin, "GET", f"/sessions/{one['id']}")[0] == 404
            assert ask(admin, "POST", "/sessions/close?route=all&code=4002")[1]["sessions"] == 2
            assert {closed_with(clients[number]) for number in (numbers[1], proxy.pid)} == {4002}
        finally:
            for client in clients.values():
                client.close()


def listed(admin) -> int:
    return len(ask(admin, "GET", "/sessions")[1]["sessions"])


def test_an_order_goes_on_through_two_hand_overs_and_is_taken_back_behind_them(run):
    admin = free_admin()
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(LibraryBackend())
        proxy = stack.enter_context(run({
            "admin": admin.section, "drain": LINGERS, "workers": 2,
            "routes": [route("/", "app", name="all")], "upstreams": {"app": upstream(backend.address)}}))
        for _ in range(40):
            stack.callback(proxy.connect("/").close)
        assert admin.post("/drain?route=all&rate=2")[0] == 200
        old = hand_over(proxy)
        hand_over(proxy)
        count = listed(admin)
        assert count > 0
        machine.eventually(lambda: listed(admin) < count, "it goes on", 20)
        with pytest.raises(InvalidStatus):
            proxy.connect("/")
        assert f"process {old.pid}, which lingers: undrained" in admin.post("/undrain?route=all")[1]
        # What was being closed is closed.
        time.sleep(0.5)
        count = listed(admin)
        time.sleep(1.5)
        assert listed(admin) == count > 0
        states = {session["state"] for session in ask(admin, "GET", "/sessions")[1]["sessions"]}
        assert states == {"open"}
        proxy.connect("/").close()


def test_who_is_closed_by_order_is_told_so_though_another_process_takes_over(run):
    admin = free_admin()
    with LibraryBackend() as backend, run({
            "admin": admin.section, "routes": [route("/", "app", name="all")],
            "upstreams": {"app": upstream(backend.address)}}) as proxy:
        clients = [proxy.connect("/") for _ in range(20)]
        assert ask(admin, "POST", "/sessions/close?route=all&code=4003&rate=2")[1]["sessions"] == 20
        old = hand_over(proxy)
        assert {closed_with(client) for client in clients} == {4003}
        assert old.wait(10) == 0


@pytest.mark.alone
def test_an_order_is_answered_though_the_process_that_was_asked_hands_over_meanwhile(run):
    admin = free_admin()
    with LibraryBackend() as backend, run({
            "admin": admin.section, "drain": LINGERS,
            "routes": [route("/", "app", name="all")], "upstreams": {"app": upstream(backend.address)}}) as proxy:
        client = proxy.connect("/")
        first = hand_over(proxy)
        asked = proxy.pid
        os.kill(first.pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor() as threads:
                order = threads.submit(ask, admin, "POST", "/sessions/send?route=all", b"to all")
                # It has been given on, and waits for its answer.
                time.sleep(0.3)
                second = hand_over(proxy)
                assert second.pid == asked
                os.kill(first.pid, signal.SIGCONT)
                status, told = order.result()
        finally:
            os.kill(first.pid, signal.SIGCONT)
        assert (status, told["sessions"], told["processes"]) == (200, 1, [first.pid]) and not told.get("silent")
        assert client.recv(5) == "to all"
        # It had no sessions, and has stayed for the answer alone.
        assert second.wait(15) == 0
        client.close()


def test_one_that_does_not_answer_is_named(run):
    admin = free_admin()
    with LibraryBackend() as backend, run({
            "admin": admin.section, "drain": LINGERS,
            "routes": [route("/", "app", name="all")], "upstreams": {"app": upstream(backend.address)}}) as proxy:
        with proxy.connect("/") as held:
            old = hand_over(proxy)
            with proxy.connect("/") as client:
                os.kill(old.pid, signal.SIGSTOP)
                try:
                    begin = time.monotonic()
                    listed = ask(admin, "GET", "/sessions")[1]
                    assert (len(listed["sessions"]), listed["silent"]) == (1, [old.pid])
                    assert admin.status()["lingering"] == [{"process": old.pid, "state": "silent"}]
                    assert f"process {old.pid}, which lingers, does not answer" in admin.post("/drain?route=all")[1]
                    admin.post("/undrain?route=all")
                    assert time.monotonic() - begin < 25
                    status, answer = ask(admin, "GET", "/sessions/0-1")
                    assert status == 504 and str(old.pid) in answer
                finally:
                    os.kill(old.pid, signal.SIGCONT)
                client.send("here")
                assert client.recv(5) == "here"
                machine.eventually(lambda: "silent" not in ask(admin, "GET", "/sessions")[1], "it answers again", 20)
            held.send("here")
            held.close()


def test_sessions_that_sleep_or_move_there_are_ordered_too(run, tmp_path):
    admin, ledger = free_admin(), Ledger(tmp_path)
    with backends(ledger, 2, TICK=3_600_000) as two:
        made = {**config(*two, admin=admin, hibernate_after="500ms"), "drain": LINGERS}

        async def life(proxy) -> None:
            teller = await Teller().open(proxy)
            await teller.say()
            await teller.until_answered()
            old = await asyncio.to_thread(hand_over, proxy)
            states = lambda: [one["state"] for one in ask(admin, "GET", "/sessions")[1]["sessions"]]  # noqa: E731
            await eventually(lambda: states() == ["hibernating"], "it sleeps")
            name = next(iter(ledger.sessions()))
            assert (await asyncio.to_thread(admin.post, f"/wake?session={name}"))[0] == 200
            await eventually(lambda: any("reason=wake" in words for words in ledger.asked()), "it is woken")
            over = asyncio.Event()
            talk = asyncio.create_task(teller.talk(over, 0.05))
            await eventually(lambda: states() == ["open"], "it is awake")
            # Where it is now is drained by an order to the process that accepts.
            backend = ask(admin, "GET", "/sessions")[1]["sessions"][0]["backend"]
            status, text = await asyncio.to_thread(admin.post, f"/drain?backend={backend}")
            assert status == 200 and f"process {old.pid}, which lingers: draining" in text
            await eventually(lambda: any("reason=drain" in words for words in ledger.asked()), "it moves")
            over.set()
            await talk
            await teller.until_answered()
            assert teller.closed is None and teller.answered == list(range(1, teller.said + 1))
            await teller.leave()
            assert await asyncio.to_thread(old.wait, 10) == 0

        through(run, made, life)
