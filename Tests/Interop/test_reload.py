"""Changing the configuration under live sessions: whole or not at all, and nobody is cut off who may stay."""

import json
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import backends, machine
from support.admin import free_admin
from support.pki import Authority
from support.proxy import configuration, route, upstream
from support.wire import CLOSE, TEXT, Ended, Wire, upgrade_request


def change(proxy, edit, expect: str = "reloaded") -> None:
    """Rewrites the configuration and has it loaded."""
    file = proxy.folder / "proxy.conf"
    text = file.read_text()
    if isinstance(edit, str):
        file.write_text(edit)
    else:
        config = json.loads(text)
        edit(config)
        file.write_text(json.dumps(config, indent=2))
    seen = len(proxy.err)
    proxy.process.send_signal(signal.SIGHUP)
    machine.eventually(lambda: any(expect in line for line in list(proxy.err)[seen:]), f"a line with '{expect}'")


def status(proxy, path: str) -> int:
    with proxy.wire() as wire:
        wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return wire.read_head().status


def test_reload_keeps_sessions_and_changes_routes(run, node_chat):
    with run(configuration(node_chat.address)) as proxy, proxy.connect("/echo") as ws:
        change(proxy, lambda config: config["routes"][0]["match"].update(path="/moved/"))
        ws.send("still here")
        assert ws.recv(5) == "still here"
        assert status(proxy, "/echo") == 404
        change(proxy, "routes: [", "not reloaded")
        ws.send("and here")
        assert ws.recv(5) == "and here"


def test_listeners_come_stay_and_go(run, node_chat):
    second, third = machine.free_port(), machine.free_port()

    def on(port: int) -> dict:
        return {"address": f"127.0.0.1:{port}"}

    with run(configuration(node_chat.address), tls=False) as proxy, proxy.upgraded("/echo") as kept:
        change(proxy, lambda config: config["listeners"].append(on(second)))
        with socket.create_connection(("127.0.0.1", second), 5) as sock, Wire(sock, masking=True) as wire:
            sock.sendall(upgrade_request("/echo"))
            assert wire.read_head().status == 101
            # The listener goes; what came through it stays.
            change(proxy, lambda config: config.update(listeners=[on(proxy.port), on(third)]))
            for ours in (wire, kept):
                ours.send(TEXT, b"still here")
                assert ours.read_message() == (TEXT, b"still here")
        assert not machine.is_listening(second)
        assert machine.is_listening(third)


def test_a_listener_can_widen_to_all_addresses_and_back(run, node_chat):
    with run(configuration(node_chat.address), tls=False) as proxy, proxy.upgraded("/echo") as wire:
        change(proxy, lambda config: config.update(listeners=[{"address": f"0.0.0.0:{proxy.port}"}]))
        with proxy.upgraded("/echo") as second:
            second.send(TEXT, b"new")
            assert second.read_message() == (TEXT, b"new")
        change(proxy, lambda config: config.update(listeners=[{"address": f"127.0.0.1:{proxy.port}"}]))
        wire.send(TEXT, b"old")
        assert wire.read_message() == (TEXT, b"old")


def test_an_address_that_cannot_be_had_refuses_the_whole(run, node_chat):
    with socket.socket() as holder, run(configuration(node_chat.address)) as proxy:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken, free = holder.getsockname()[1], machine.free_port()

        def edit(config):
            config["listeners"] += [{"address": f"127.0.0.1:{port}"} for port in (free, taken)]
            config["routes"][0]["match"]["path"] = "/moved/"
        change(proxy, edit, "not reloaded")
        assert any(f"cannot listen on 127.0.0.1:{taken}" in line for line in proxy.err)
        assert not machine.is_listening(free)
        with proxy.connect("/echo") as ws:
            ws.send("as before")
            assert ws.recv(5) == "as before"


def test_nobody_in_the_queue_of_a_removed_listener_is_reset(run, node_chat):
    """A storm of clients on a listener while it goes: each that got a connection gets its answer."""
    port = machine.free_port()
    outcomes: list[str] = []
    stop = threading.Event()

    def storm():
        while not stop.is_set():
            try:
                sock = socket.create_connection(("127.0.0.1", port), 5)
            except ConnectionRefusedError:
                return
            with sock, Wire(sock) as wire:
                try:
                    sock.sendall(b"GET /no HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    outcomes.append(wire.read_head().first.split(" ")[1])
                except (Ended, OSError) as problem:
                    outcomes.append(type(problem).__name__)

    config = configuration(node_chat.address)
    config["routes"][0]["match"]["path"] = "/echo"
    with run(config, tls=False) as proxy:
        change(proxy, lambda config: config["listeners"].append({"address": f"127.0.0.1:{port}"}))
        threads = [threading.Thread(target=storm) for _ in range(8)]
        for thread in threads:
            thread.start()
        machine.eventually(lambda: len(outcomes) > 200, "a storm")
        change(proxy, lambda config: config["listeners"].pop())
        stop.set()
        for thread in threads:
            thread.join(10)
    # The kernel itself may refuse one that completes its handshake in the instant of the close, but not one that waits.
    lost = [outcome for outcome in outcomes if outcome != "404"]
    assert len(lost) <= 1, lost


@pytest.mark.parametrize("what", ["route", "upstream", "backend"])
def test_only_sessions_of_what_is_gone_are_closed(run, node_chat, what):
    with backends.node_chat() as other:
        config = {"routes": [route("/a/", "a"), route("/b/", "b", match={"path": "/b/"})],
                  "upstreams": {"a": upstream(node_chat.address), "b": upstream(other.address)}}

        def remove(config):
            if what == "route":
                config["routes"].pop()
                config["upstreams"].pop("b")
            elif what == "upstream":
                config["routes"][1]["upstream"] = "a"
                config["upstreams"].pop("b")
            else:
                config["upstreams"]["b"] = upstream(node_chat.address)

        with run(config, tls=False) as proxy, proxy.upgraded("/a/echo") as stays, proxy.upgraded("/b/echo") as goes:
            change(proxy, remove)
            close = goes.read_until_close()
            assert close.close_code == 1012
            assert "retry-after-ms=" in close.close_reason
            goes.send(CLOSE, close.payload)
            assert goes.is_ended()
            stays.send(TEXT, b"untouched")
            assert stays.read_message() == (TEXT, b"untouched")
            proxy.wait_log("its (route|backend) is gone")


def test_limits_of_a_route_count_what_began_before_the_reload(run, node_chat):
    config = configuration(node_chat.address)
    config["routes"][0]["limits"] = {"connections": 2}
    with run(config, tls=False) as proxy, proxy.upgraded("/echo"), proxy.upgraded("/echo"):
        change(proxy, lambda config: config["routes"][0]["limits"].update(message="1MiB"))
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request("/echo"))
            head = wire.read_head()
            assert head.status == 503 and head.get("retry-after")


def renew(certificate) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
        + ["-subj", "/CN=renewed", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", str(certificate.key), "-out", str(certificate.certificate)],
        check=True, capture_output=True, stdin=subprocess.DEVNULL)


def common_name(sock) -> str:
    der = sock.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der, capture_output=True,
                          check=True).stdout
    return text.decode().strip().rpartition("CN")[2].strip(" =")


def test_a_key_that_has_not_changed_is_read_each_time(run, tmp_path, node_chat):
    mine = Authority(tmp_path).certificate()

    def told(word: str) -> int:
        return sum(f"configuration {word}" in line for line in list(proxy.err))
    with run(configuration(node_chat.address), listener={"tls": {"certificates": [mine.names]}}) as proxy:
        for number in range(300):
            proxy.process.send_signal(signal.SIGHUP)
            machine.eventually(lambda: told("reloaded") + told("not reloaded") > number, "it is read", 10, 0.001)
        assert told("not reloaded") == 0, proxy.err[-1]


def test_renewed_certificates_serve_new_handshakes(run, tmp_path, node_chat):
    authority = Authority(tmp_path)
    mine = authority.certificate()
    listener = {"tls": {"certificates": [mine.names]}}
    trusting_all = ssl.create_default_context()
    trusting_all.check_hostname, trusting_all.verify_mode = False, ssl.CERT_NONE
    with run(configuration(node_chat.address), listener=listener) as proxy:
        old = proxy.socket(context=trusting_all)
        assert common_name(old) == "localhost"
        old.sendall(upgrade_request("/echo"))
        with Wire(old, masking=True) as wire:
            assert wire.read_head().status == 101
            renew(mine)
            change(proxy, lambda config: None)
            with proxy.socket(context=trusting_all) as new:
                assert common_name(new) == "renewed"
            wire.send(TEXT, b"old certificate, live session")
            assert wire.read_message() == (TEXT, b"old certificate, live session")
            mine.key.write_text("no key")
            change(proxy, lambda config: None, "not reloaded")
            with proxy.socket(context=trusting_all) as new:
                assert common_name(new) == "renewed"


def test_what_needs_a_new_process_is_said(run, node_chat):
    with run(configuration(node_chat.address, workers=2)) as proxy:
        change(proxy, lambda config: config.update(workers=3))
        proxy.wait_log("'workers' needs a new process")


def test_what_needs_a_new_process_is_said_for_as_long_as_it_does(run, node_chat):
    """It is what the process began with that counts, not the file that was loaded last."""
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section)) as proxy:
        def reloaded(edit) -> str:
            file = proxy.folder / "proxy.conf"
            config = json.loads(file.read_text())
            edit(config)
            file.write_text(json.dumps(config))
            status, text = admin.post("/reload")
            assert status == 200
            return text

        def other(config) -> None:
            config["log"]["format"], config["compression"] = "text", {"memory_budget": "1MiB"}

        def original(config) -> None:
            config["log"]["format"] = "json"
            del config["compression"]

        for _ in range(2):
            text = reloaded(other)
            assert "'log' needs a new process" in text and "'compression.memory_budget' needs a new process" in text
        assert "new process" not in reloaded(original)


def test_generations_are_freed(run, node_chat):
    """A configuration of many routes, loaded again and again, leaves nothing behind."""
    config = configuration(node_chat.address)
    config["routes"] += [{"name": f"r{n}", "match": {"path": f"/{n}"}, "respond": {"status": 200, "body": "x" * 4000}}
                         for n in range(200)]
    with run(config) as proxy, proxy.connect("/echo") as ws:
        def reloads(count: int) -> None:
            for _ in range(count):
                change(proxy, lambda config: None)
            time.sleep(0.2)
        reloads(5)
        before = proxy.resident_kib
        reloads(12)
        ws.send("alive")
        assert ws.recv(5) == "alive"
        proxy.expect_memory(below=before + 4000)
