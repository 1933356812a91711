"""The admin listener: what it answers, what it refuses, and that its orders are carried out."""

import http.client
import json
import signal
import socket
import subprocess
import time

import pytest

from support import machine
from support.admin import Admin, free_admin
from support.backends import ScriptedBackend, echo, node_echo
from support.proxy import BINARY, configuration, route, upstream
from support.wire import TEXT


@pytest.fixture(scope="module")
def backend():
    with node_echo() as node:
        yield node


@pytest.fixture(scope="module")
def idle(shared_run, backend):
    """An admin listener that is asked this and that."""
    admin = free_admin()
    with shared_run(configuration(backend.address, admin=admin.section)):
        yield admin


def test_health_and_readiness(idle):
    assert idle.get("/healthz") == (200, "ok\n")
    assert idle.get("/readyz") == (200, "ready\n")
    status, text = idle.get("/")
    assert status == 200
    for path in ("/healthz", "/readyz", "/status", "/metrics", "/reload", "/drain", "/undrain"):
        assert path in text


@pytest.mark.parametrize("method,path,status,words", [
    ("GET", "/nothing", 404, "nothing here"), ("GET", "/status/", 404, "nothing here"),
    ("POST", "/metrics", 405, "GET"), ("DELETE", "/status", 405, "GET"), ("GET", "/drain?route=only", 405, "POST"),
    ("GET", "/reload", 405, "POST"), ("POST", "/drain", 400, "name what is meant"),
    ("POST", "/drain?route=only&backend=x", 400, "name what is meant"),
    ("POST", "/drain?route=only&rate=0", 400, "'0' is no rate"), ("POST", "/drain?route=only&rate=fast", 400, "'fast'"),
    ("POST", "/drain?rout=only", 400, "unknown parameter 'rout'"), ("POST", "/undrain?route=only&rate=5", 400, "rate"),
    ("POST", "/drain?route=a&route=b", 400, "twice"), ("POST", "/drain?route=%zz", 400, "percent"),
    ("POST", "/drain?route=nobody", 404, "known are: only"), ("POST", "/undrain?upstream=nobody", 404, "known are: only"),
    ("POST", "/drain?backend=127.0.0.1%3A1", 404, "known are: 127.0.0.1:"),
])
def test_bad_requests_are_told_why(idle, method, path, status, words):
    got, fields, text = idle.call(method, path)
    assert (got, words in text) == (status, True), text
    assert (got == 405) == ("Allow" in fields)


def test_web_pages_may_not_give_orders(idle):
    for path in ("/reload", "/drain?route=only", "/undrain?route=only"):
        status, _, text = idle.call("POST", path, headers={"Origin": "https://evil.example"})
        assert status == 403, text
    assert not idle.status()["routes"][0]["draining"]


@pytest.mark.parametrize("host, status", [
    ("rebound.example:9901", 403), ("localhost.example", 403), ("localhost:1", 200), ("[::1]:9901", 200), ("10.0.0.1", 200)])
def test_names_that_are_not_its_own_get_nothing(idle, host, status):
    """A page's owner may have pointed its name at this machine."""
    assert idle.call("GET", "/status", headers={"Host": host})[0] == status


def test_pages_of_other_sites_get_nothing(idle):
    assert idle.call("GET", "/metrics", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert idle.call("POST", "/reload", headers={"Sec-Fetch-Site": "same-site"})[0] == 403


def test_orders_need_the_token_where_there_is_one(run, backend, tmp_path):
    token = tmp_path / "admin.token"
    token.write_text("first\n")
    admin = free_admin()
    section = {**admin.section, "hosts": ["ops.internal"], "token": str(token)}
    with run(configuration(backend.address, admin=section)):
        def order(word):
            return admin.call("POST", "/reload", headers={"Authorization": f"Bearer {word}", "Host": "ops.internal"})
        status, fields, _ = admin.call("POST", "/reload")
        assert (status, fields["WWW-Authenticate"]) == (401, "Bearer")
        assert admin.get("/status")[0] == 200
        token.write_text("second\n")
        assert order("second")[0] == 401 and order("first")[0] == 200
        # Read anew with the configuration.
        assert order("first")[0] == 401 and order("second")[0] == 200
        once = subprocess.run([BINARY, "top", "--once", "--admin", admin.address, "--token", token, "--interval", "100ms"],
                              capture_output=True, text=True, timeout=20)
        assert once.returncode == 0, once.stderr


def test_head_has_the_fields_and_no_body(idle):
    connection = http.client.HTTPConnection("127.0.0.1", idle.port, timeout=10)
    for path in ("/healthz", "/metrics", "/status"):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"") and int(answer.headers["Content-Length"]) > 2
    connection.close()


def test_a_connection_is_kept_and_may_be_pipelined(idle):
    with idle.socket() as sock:
        ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sock.sendall(ask * 3 + b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        text = b""
        while piece := sock.recv(65_536):
            text += piece
        assert text.count(b"HTTP/1.1 200 OK") == 4 and text.endswith(b"ready\n")


def test_what_was_asked_before_its_end_is_answered_and_then_the_connection_ends(idle):
    with socket.create_connection(("127.0.0.1", idle.port), timeout=10) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while piece := sock.recv(65536):
            got += piece
        assert got.count(b"HTTP/1.1 200") == 3 and got.endswith(b"ok\n")


@pytest.mark.parametrize("bytes_,status", [
    (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000, 413),
    (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
])
def test_malformed_requests_end_the_connection(idle, bytes_, status):
    with idle.socket() as sock:
        sock.sendall(bytes_)
        text = b""
        try:
            while piece := sock.recv(65_536):
                text += piece
        except ConnectionResetError:
            pass
        assert text.startswith(f"HTTP/1.1 {status} ".encode()), text[:200]


def test_scrapers_that_hang_do_not_matter(run, backend):
    """Connections that say nothing, half a head, or take no answer: the next one is served, and their number ends."""
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)) as proxy:
        hung = []
        for number in range(60):
            sock = admin.socket()
            if number % 3 == 1:
                sock.sendall(b"GET /metr")
            if number % 3 == 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            hung.append(sock)
        began = time.monotonic()
        assert admin.get("/healthz") == (200, "ok\n")
        assert admin.metrics().value("trunkline_workers") >= 1
        assert time.monotonic() - began < 3
        many = [admin.socket() for _ in range(20)]
        machine.eventually(lambda: machine.open_descriptors(proxy.pid) < 64 + 40, "the surplus is closed")
        for sock in many + hung:
            sock.close()
        machine.eventually(lambda: admin_answers(admin), "answers again")


def admin_answers(admin: Admin) -> bool:
    try:
        return admin.get("/healthz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.skipif(not machine.FULL, reason="waits for deadlines of 10 s")
def test_a_slow_request_is_answered_408(idle):
    with idle.socket() as sock:
        sock.settimeout(15)
        sock.sendall(b"GET /healthz HTT")
        assert sock.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_unix_socket_serves_as_well(run, backend, tmp_path):
    path = tmp_path / "admin.sock"
    with run(configuration(backend.address, admin={"address": f"unix:{path}"})):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_not_ready_while_draining(run):
    """A backend that doesn't answer its Close keeps the process for a moment, in which it says that it drains."""
    def deaf(wire, head):
        wire.accept(head)
        time.sleep(6)

    admin = free_admin()
    with ScriptedBackend(deaf) as backend, run(configuration(backend.address, admin=admin.section)) as proxy:
        with proxy.upgraded():
            assert admin.get("/readyz") == (200, "ready\n")
            proxy.process.send_signal(signal.SIGTERM)
            machine.eventually(lambda: admin.get("/readyz") == (503, "draining\n"), "not ready", 2)
            assert admin.get("/healthz")[0] == 200
            assert admin.status()["state"] == "draining"
            assert admin.metrics().value("trunkline_draining") == 1


def test_the_status_is_what_is(run, backend):
    admin = free_admin()
    dead = machine.free_port()
    config = configuration(
        admin=admin.section, workers=2,
        routes=[route("/echo", "echo"), route("/dead", "dead"),
                {"name": "hello", "match": {"path": "/"}, "respond": {"status": 200, "body": "hello"}}],
        upstreams={"echo": upstream(backend.address), "dead": upstream(f"127.0.0.1:{dead}", pool={"warm": 1})})
    with run(config) as proxy:
        with proxy.upgraded("/echo"), proxy.upgraded("/echo"), proxy.wire() as waiting:
            waiting.sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            waiting.read_body(waiting.read_head())
            status = admin.status()
            assert (status["state"], status["sessions"], status["client_connections"]) == ("serving", 2, 1)
            assert status["process"] == proxy.pid and status["configuration"]["generation"] == 1
            assert [worker["worker"] for worker in status["workers"]] == [0, 1]
            assert sum(worker["sessions"] for worker in status["workers"]) == 2
            assert status["listeners"] == [{"address": f"127.0.0.1:{proxy.port}", "tls": True}]
            routes = {entry["name"]: entry for entry in status["routes"]}
            assert (routes["echo"]["sessions"], routes["dead"]["sessions"]) == (2, 0)
            assert routes["hello"]["upstream"] is None
            echoing, = named(status, "echo")
            assert (echoing["state"], echoing["sessions"]) == ("up", 2)
            down = machine.eventually(
                lambda: next((entry for entry in named(admin.status(), "dead") if entry["state"] == "resting"), None), "why it rests")
            assert "Connection refused" in down["why"] and down["address"] == f"127.0.0.1:{dead}"


def named(status: dict, name: str) -> list[dict]:
    return next(entry["backends"] for entry in status["upstreams"] if entry["name"] == name)


def test_reload_by_request(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)) as proxy, proxy.upgraded() as wire:
        file = proxy.folder / "proxy.conf"
        good = json.loads(proxy.config)
        bad = {**good, "workrs": 1, "timeouts": {"close": "soon"}}
        file.write_text(json.dumps(bad, indent=2))
        status, text = admin.post("/reload")
        assert status == 400
        assert "proxy.conf:" in text and "workrs" in text and "soon" in text, text
        assert admin.status()["configuration"]["generation"] == 1
        good["routes"].insert(0, {"name": "new", "match": {"path": "/new"}, "respond": {"status": 200, "body": "new"}})
        file.write_text(json.dumps(good, indent=2))
        status, text = admin.post("/reload")
        assert status == 200 and text.startswith("reloaded\n"), text
        assert admin.status()["configuration"]["generation"] == 2
        page = admin.metrics()
        assert page.value("trunkline_configuration_reloads_total", outcome="loaded") == 1
        assert page.value("trunkline_configuration_reloads_total", outcome="refused") == 1
        assert page.value("trunkline_configuration_generation") == 2
        machine.eventually(lambda: answered(proxy, "/new") == 200, "the new route")
        wire.send(TEXT, b"still here")
        assert wire.read_message() == (TEXT, b"still here")


def answered(proxy, path: str) -> int:
    with proxy.wire() as wire:
        wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return wire.read_head().status


def test_drain_and_undrain_by_request(run):
    admin = free_admin()
    with ScriptedBackend(echo) as one, ScriptedBackend(echo) as two, run(configuration(
            one.address, two.address, admin=admin.section, workers=1)) as proxy:
        wires = [proxy.upgraded() for _ in range(4)]
        before = {entry["address"]: entry["sessions"] for entry in named(admin.status(), "only")}
        assert before == {one.address: 2, two.address: 2}
        status, text = admin.post(f"/drain?backend={one.address}&rate=1000")
        assert status == 200 and one.address in text, text
        machine.eventually(lambda: backend_of(admin, one)["sessions"] == 0, "its sessions are closed")
        assert backend_of(admin, one)["state"] == "draining" and backend_of(admin, two)["sessions"] == 2
        # Nobody answers the Close frames, so the sessions end at their deadline.
        machine.eventually(lambda: admin.metrics().value(
            "trunkline_session_closes_total", code="1012", cause="drain_ordered") == 2, "both are counted")
        assert admin.metrics().value("trunkline_backend_up", backend=one.address) == 0
        wires += [proxy.upgraded() for _ in range(2)]
        assert (backend_of(admin, one)["sessions"], backend_of(admin, two)["sessions"]) == (0, 4)
        assert admin.post(f"/undrain?backend={one.address}")[0] == 200
        machine.eventually(lambda: backend_of(admin, one)["state"] in ("up", "ramping"), "it is back")
        for wire in wires:
            wire.__exit__(None, None, None)


def backend_of(admin: Admin, backend) -> dict:
    return next(entry for entry in named(admin.status(), "only") if entry["address"] == backend.address)


def test_an_address_in_use_is_said(run, backend):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match="ended at once: 1"):
            with run(configuration(backend.address, admin={"address": f"127.0.0.1:{port}"})) as proxy:
                pass
