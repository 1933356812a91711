"""What a session with permessage-deflate holds once it has been idle for a while, beside one without."""

import os
import zlib

import pytest

from support import machine
from support.admin import free_admin
from support.backends import node_echo
from support.proxy import configuration
from support.wire import TEXT, upgrade_request

pytestmark = pytest.mark.alone

SESSIONS = 400
OFFER = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]


def text() -> bytes:
    """About a kilobyte that shrinks."""
    return ('{"user":"%s","text":"%s"}' % (os.urandom(8).hex(), "the order is filled at market open " * 28)).encode()


def deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-12)
    return (squeeze.compress(data) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def opened(proxy, is_compressed: bool):
    wire = proxy.wire()
    wire.sock.sendall(upgrade_request("/", fields=OFFER if is_compressed else []))
    head = wire.read_head()
    assert head.status == 101 and (head.get("sec-websocket-extensions") is not None) == is_compressed
    # Kept: whether the proxy has freed its contexts in between or not is nothing that a client notices.
    wire.inflater = zlib.decompressobj(wbits=-12)
    return wire


def use(wire, is_compressed: bool) -> None:
    sent = text()
    wire.send(TEXT, deflated(sent) if is_compressed else sent, rsv=4 if is_compressed else 0)
    opcode, got = wire.read_message()
    assert opcode == TEXT
    assert (wire.inflater.decompress(got + b"\0\0\xff\xff") if is_compressed else got) == sent


def kib_each(proxy, admin, is_compressed: bool) -> tuple[float, float]:
    """Memory for each session: just after it was used, and when its contexts have been freed."""
    def held() -> float:
        return admin.metrics().value("trunkline_compression_memory_bytes")
    with opened(proxy, is_compressed) as first:
        use(first, is_compressed)
        before = machine.proportional_kib(proxy.pid)
        wires = [opened(proxy, is_compressed) for _ in range(SESSIONS)]
        try:
            for wire in wires:
                use(wire, is_compressed)
            used = machine.proportional_kib(proxy.pid)
            # All that stays is as much of the client's window as it has used.
            machine.eventually(lambda: held() < SESSIONS * 1500, "contexts are freed", 20)
            idle = machine.proportional_kib(proxy.pid)
            # They are there again when they are wanted.
            for wire in wires:
                use(wire, is_compressed)
        finally:
            for wire in wires:
                wire.sock.close()
    return (used - before) / SESSIONS, (idle - before) / SESSIONS


def test_an_idle_session_gives_its_contexts_back_to_the_system(run):
    idle = {}
    for is_compressed in (False, True):
        admin = free_admin()
        with node_echo() as backend:
            # The checks that free contexts come with the pings.
            config = configuration(backend.address, workers=1, admin=admin.section,
                                   keepalive={"ping_interval": "2s", "pong_timeout": "60s"})
            with run(config) as proxy:
                used, idle[is_compressed] = kib_each(proxy, admin, is_compressed)
                print(f"compressed {is_compressed}: {used:.1f} KiB a session in use, {idle[is_compressed]:.1f} idle")
                if is_compressed:
                    machine.expect_memory(int(idle[True]), below=int(used - 30))
    machine.expect_memory(int(idle[True]), below=int(1.5 * idle[False]) + 1)
