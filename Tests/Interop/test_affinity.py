"""Who meets which backend: hash keys, keys that backends give out, short absences, names with several addresses."""

import http.client
import json
import subprocess

import pytest

from support import machine
from support import proxy as proxy_module
from support.backends import ScriptedBackend, echo
from support.fleet import Member, Session, close, engine, open_all, quiet, restart, servers, storm
from support.wire import TEXT, Wire, upgrade_request


@pytest.fixture(scope="module")
def trio():
    with Member("a") as a, Member("b") as b, Member("c") as c:
        yield a, b, c


def ask_all(proxy, paths_and_fields) -> list[Session]:
    return open_all([Session(proxy.port, path, fields=fields) for path, fields in paths_and_fields])


@pytest.mark.parametrize("key, request_of", [
    ("header:X-User", lambda n: ("/?who", [("X-User", f"user {n}")])),
    ("cookie:session", lambda n: ("/?who", [("Cookie", f"a=1; session=s{n}")])),
    ("query:room", lambda n: (f"/?who&room=r{n}", [])),
    ("path", lambda n: (f"/who/{n}?x=1", [])),
])
def test_the_same_key_meets_the_same_backend(run, trio, key, request_of):
    with run({**quiet(*trio, balance="hash", hash_key=key), "workers": 2}, tls=False) as proxy:
        first = ask_all(proxy, [request_of(number) for number in range(30)])
        close(first)
        again = ask_all(proxy, [request_of(number) for number in range(30)])
        assert [one.server for one in first] == [one.server for one in again]
        assert set(servers(first)) == {"a", "b", "c"}
        close(again)


def test_one_client_meets_one_backend(run, trio):
    with run(quiet(*trio, balance="hash"), tls=False) as proxy:
        sessions = storm(proxy.port, 10)
        assert len(servers(sessions)) == 1
        close(sessions)


def test_only_the_keys_of_an_absent_backend_move_and_they_return(run):
    requests = [(f"/?who&room={number}", []) for number in range(40)]
    with Member("a") as a, Member("b") as b, Member("c") as c:
        config = quiet(a, b, c, balance="hash", hash_key="query:room")
        with run(config, tls=False) as proxy:
            def homes():
                sessions = ask_all(proxy, requests)
                close(sessions)
                return [session.server for session in sessions]
            before = homes()
            b.kill()
            machine.eventually(lambda: set(homes()) == {"a", "c"}, "all are served elsewhere")
            for old, new in zip(before, homes()):
                assert new == old or old == "b"
            restart(b)
            machine.eventually(lambda: homes() == before, "everyone is at home again", 15)


class EngineClient:
    """A client of Engine.IO's shape on one keep-alive connection, and a WebSocket."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        status, body = self.ask("GET", "")
        assert status == 200 and body.startswith(b"0"), (status, body)
        self.sid = json.loads(body[1:])["sid"]

    def ask(self, method: str, query: str, body: bytes | None = None) -> tuple[int, bytes]:
        self.connection.request(method, f"/engine.io/?EIO=4&transport=polling{query}", body)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def poll(self) -> str:
        """Sends a packet and fetches the answer; says which node it was."""
        assert self.ask("POST", f"&sid={self.sid}", b"4hi") == (200, b"ok")
        status, body = self.ask("GET", f"&sid={self.sid}")
        assert status == 200 and body.endswith(b":hi"), (status, body)
        return body[1:].split(b":")[0].decode()

    def upgrade(self) -> str:
        self.wire = wire = Wire(self.proxy.tcp(), masking=True)
        wire.sock.sendall(upgrade_request(f"/engine.io/?EIO=4&transport=websocket&sid={self.sid}"))
        assert wire.read_head().status == 101
        wire.send(TEXT, b"2probe")
        assert wire.read_message() == (TEXT, b"3probe")
        wire.send(TEXT, b"4hi")
        return wire.read_message()[1][1:].split(b":")[0].decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_polling_and_upgrade_of_an_engine_io_session_meet_on_one_node(run, workers):
    """Even where requests without a sid spread: many clients of one address fill a backend over its share."""
    with engine("a") as a, engine("b") as b, engine("c") as c:
        config = {**quiet(a, b, c, balance="hash", hash_key="query:sid"), "workers": workers}
        with run(config, tls=False) as proxy:
            nodes = set()
            held = []
            for _ in range(60):
                client = EngineClient(proxy)
                node = client.poll()
                assert client.poll() == node and client.upgrade() == node
                nodes.add(node)
                held.append(client)
            # A proxy that has been reloaded still knows who gave which sid out.
            proxy.process.send_signal(1)
            proxy.wait_log("configuration reloaded")
            assert len(nodes) > 1
            for client in held:
                client.poll()
                client.connection.close()
                client.wire.sock.close()


def test_a_cookie_is_followed_to_the_backend_that_set_it(run, trio):
    with run(quiet(*trio, balance="hash", hash_key="cookie:node"), tls=False) as proxy:
        homes = set()
        for number in range(12):
            connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
            connection.request("GET", f"/login?cookie=node=k{number}", headers={"X-Forwarded-For": str(number)})
            home = connection.getresponse().read().decode()
            connection.close()
            [session] = ask_all(proxy, [("/?who", [("Cookie", f"node=k{number}")])])
            assert session.server == home
            session.close()
            homes.add(home)


@pytest.fixture
def hosts(tmp_path, monkeypatch):
    """A hosts file of the proxy's own, in a mount namespace of its own; returns what changes it."""
    file = tmp_path / "hosts"
    file.write_text("127.0.0.1 localhost\n")
    inside = f'mount --bind {file} /etc/hosts && exec {proxy_module.BINARY} "$@"'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    if subprocess.run([*command, f"mount --bind {file} /etc/hosts"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here")
    wrapper = tmp_path / "trunkline"
    wrapper.write_text(f"#!/bin/sh\nexec {' '.join(command)} '{inside}' sh \"$@\"\n")
    wrapper.chmod(0o755)
    monkeypatch.setattr(proxy_module, "BINARY", wrapper)
    return lambda *lines: file.write_text("\n".join(("127.0.0.1 localhost", *lines, "")))


def on(address: str, port: int = 0) -> ScriptedBackend:
    return ScriptedBackend(echo, host=address, port=port)


def test_each_address_of_a_name_is_a_backend_and_they_come_and_go(run, hosts):
    hosts("127.0.0.2 fleet.test", "::1 fleet.test")
    with on("127.0.0.2") as four, on("::1", four.port) as six, on("127.0.0.3", four.port) as third:
        port = four.port
        config = quiet(balance="round_robin", resolve_interval="100ms", slow_start=0)
        config["upstreams"]["fleet"]["backends"] = [{"address": f"dns:fleet.test:{port}"}]
        with run(config, tls=False) as proxy:
            line = proxy.wait_log("backends resolved")
            assert f"127.0.0.2:{port}" in line and f"[::1]:{port}" in line
            wires = [proxy.upgraded() for _ in range(10)]
            assert (len(four.heads), len(six.heads)) == (5, 5)
            # One goes, another comes: the sessions of who has gone live on.
            hosts("127.0.0.2 fleet.test", "127.0.0.3 fleet.test")
            proxy.wait_log(f"127.0.0.3:{port}")
            wires += [proxy.upgraded() for _ in range(10)]
            assert (len(four.heads), len(six.heads), len(third.heads)) == (10, 5, 5)
            # The name has no address any more: the last answer stays.
            hosts()
            assert "fleet.test" in proxy.wait_log("name not resolved, the last answer stays")
            wires += [proxy.upgraded() for _ in range(10)]
            assert (len(four.heads), len(third.heads)) == (15, 10)
            for wire in wires:
                wire.send(TEXT, b"still here")
                assert wire.read_message() == (TEXT, b"still here")
                wire.sock.close()


def test_a_name_that_is_never_resolved_is_said_so_and_is_502(run):
    config = quiet()
    config["upstreams"]["fleet"]["backends"] = [{"address": "dns:no-such-host.invalid:9"}]
    with run(config, tls=False) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status == 502
        assert "no-such-host.invalid" in proxy.wait_log("name not resolved")
