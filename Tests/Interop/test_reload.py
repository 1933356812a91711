"""Changing the configuration under live sessions."""

import signal

from support import backends
from support.proxy import configuration


def test_reload_keeps_sessions_and_changes_routes(run):
    with backends.node_chat() as backend, run(configuration(backend.address)) as proxy, proxy.connect("/echo") as ws:
        file = proxy.folder / "proxy.conf"
        file.write_text(file.read_text().replace('"path": "/"', '"path": "/moved/"'))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("reloaded")
        ws.send("still here")
        assert ws.recv(5) == "still here"
        with proxy.wire() as wire:
            wire.sock.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.read_head().status == 404
        file.write_text("routes: [")
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("not reloaded")
        ws.send("and here")
        assert ws.recv(5) == "and here"
