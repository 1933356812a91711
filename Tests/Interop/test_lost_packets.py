"""One leg's packets vanish: no FIN, no RST, no error. Both legs are gone within the keepalive's deadline."""

import subprocess
import time

import pytest
from websockets.exceptions import ConnectionClosed

from support import machine
from support.backends import LibraryBackend, Process
from support.network import Island
from support.proxy import configuration

INTERVAL, TIMEOUT = 1.0, 1.0
# Pings are jittered by a tenth; the rest is the slack of a busy machine.
DEADLINE = INTERVAL * 1.1 + TIMEOUT + 1.0

CLIENT = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from support.wire import PING, PONG, TEXT, Wire, upgrade_request
wire = Wire(socket.create_connection((sys.argv[2], int(sys.argv[3])), 10), masking=True)
wire.sock.sendall(upgrade_request("/"))
assert wire.read_head().status == 101
wire.send(TEXT, b"hello")
print(wire.read_message()[1].decode(), flush=True)
wire.sock.settimeout(60)
while True:
    got = wire.read_frame()
    if got.opcode == PING:
        wire.send(PONG, got.payload)
"""


@pytest.fixture
def island():
    with Island.made() as made:
        yield made


def settings(address: str) -> dict:
    return configuration(
        address, keepalive={"ping_interval": f"{int(INTERVAL * 1000)}ms", "pong_timeout": f"{int(TIMEOUT * 1000)}ms"})


def test_a_client_that_vanishes_is_given_up_on_both_sides(run, island):
    port = machine.free_port()
    with LibraryBackend() as backend, run(
            settings(backend.address), tls=False, port=port, listener={"address": f"0.0.0.0:{port}"}) as proxy:
        client = subprocess.Popen(
            island.command(["python3", "-c", CLIENT, str(machine.ROOT / "Tests/Interop"), island.ours, str(port)]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            assert client.stdout.readline() == "hello\n"
            time.sleep(2 * INTERVAL)
            assert backend.closes == [], "a live session was given up"
            island.cut()
            began = time.monotonic()
            machine.eventually(lambda: backend.closes, "the backend's side ends", DEADLINE)
            proxy.wait_log("no pong in time", 1)
            assert time.monotonic() - began <= DEADLINE
        finally:
            client.kill()
            client.wait()


class IslandBackend(Process):
    """The Node chat's echo, in the island."""

    def __init__(self, island: Island):
        super().__init__(island.command(["node", str(machine.ROOT / "deploy/examples/node-chat/server.js")]), HOST="0.0.0.0")
        self.address = f"{island.theirs}:{self.port}"
        self.island = island

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        listens = f"import socket; socket.create_connection(('127.0.0.1', {self.port}), 1)"
        machine.eventually(
            lambda: subprocess.run(self.island.command(["python3", "-c", listens]), capture_output=True).returncode == 0,
            "the backend listens", 20, 0.1)
        return self


def test_a_backend_that_vanishes_is_given_up_and_the_client_told(run, island):
    with IslandBackend(island) as backend, run(settings(backend.address)) as proxy, proxy.connect("/echo") as ws:
        ws.send("hello")
        assert ws.recv(5) == "hello"
        island.cut()
        began = time.monotonic()
        with pytest.raises(ConnectionClosed):
            ws.recv(DEADLINE)
        took = time.monotonic() - began
        assert ws.close_code == 1011
        assert took <= DEADLINE, f"{took:.1f} s"
        proxy.wait_log("no pong in time", 2)
