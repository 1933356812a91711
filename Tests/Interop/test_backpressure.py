"""A side that stops reading pauses the other: the proxy's memory stays bounded, and nothing is lost when it goes on."""

import json
import os
import threading
import time

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend
from support.machine import FULL
from support.proxy import configuration
from support.wire import BINARY, frame

CHUNK = b"0123456789abcdef" * 4096
FLOOD = (2000 if FULL else 600) * len(CHUNK)
BOUND_KIB = 24 * 1024
"""Above the resting size: two buffers of 256 KiB, what the kernel holds is not the proxy's."""
PATIENT = {"timeouts": {"slow_consumer": "60s"}}


class Flood:
    """Sends frames on a thread and counts the bytes that the socket took."""

    def __init__(self, wire, mask: bytes | None, chunk: bytes = CHUNK):
        self.sent, self.wire = 0, wire
        self.frame = frame(BINARY, chunk, mask=mask)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            while self.sent < FLOOD:
                self.wire.sock.sendall(self.frame)
                self.sent += len(CHUNK)
        except OSError:
            pass

    def wait_until_paused(self) -> int:
        """Bytes taken when the sender has stood still for a second."""
        last, since = -1, time.monotonic()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.sent != last:
                last, since = self.sent, time.monotonic()
            elif time.monotonic() - since > 1:
                assert last < FLOOD, "the sender was never paused"
                return last
            time.sleep(0.05)
        raise AssertionError("the sender never stood still")


def drain(wire) -> int:
    received = 0
    while received < FLOOD:
        opcode, payload = wire.read_message()
        assert opcode == BINARY and payload == CHUNK
        received += len(payload)
    return received


def test_a_client_that_stops_reading_pauses_the_backend(run):
    floods = []

    def script(wire, head):
        wire.accept(head)
        floods.append(Flood(wire, None))
        floods[0].thread.join(60)
        wire.is_ended(30)

    with ScriptedBackend(script) as backend, run(configuration(backend.address, **PATIENT)) as proxy:
        resting = proxy.resident_kib
        with proxy.upgraded() as wire:
            machine.eventually(lambda: floods, "the flood begins")
            floods[0].wait_until_paused()
            proxy.expect_memory(below=resting + BOUND_KIB)
            wire.sock.settimeout(30)
            assert drain(wire) == FLOOD
            proxy.expect_memory(below=resting + BOUND_KIB)


def test_a_backend_that_stops_reading_pauses_the_client(run):
    go_on = threading.Event()
    received = []

    def script(wire, head):
        wire.accept(head)
        go_on.wait(60)
        received.append(drain(wire))

    with ScriptedBackend(script) as backend, run(configuration(backend.address, **PATIENT)) as proxy:
        resting = proxy.resident_kib
        with proxy.upgraded() as wire:
            wire.sock.settimeout(60)
            flood = Flood(wire, b"\x01\x02\x03\x04")
            flood.wait_until_paused()
            proxy.expect_memory(below=resting + BOUND_KIB)
            go_on.set()
            machine.eventually(lambda: received or backend.failures, "all arrives", 60)
            assert received == [FLOOD]
            proxy.expect_memory(below=resting + BOUND_KIB)


def test_compression_does_not_lift_the_bound(run):
    floods = []

    def script(wire, head):
        wire.accept(head)
        floods.append(Flood(wire, None, os.urandom(len(CHUNK))))
        floods[0].thread.join(60)

    with ScriptedBackend(script) as backend, run(configuration(backend.address, **PATIENT)) as proxy:
        resting = proxy.resident_kib
        with proxy.upgraded(fields=[("Sec-WebSocket-Extensions", "permessage-deflate")]):
            machine.eventually(lambda: floods, "the flood begins")
            floods[0].wait_until_paused()
            proxy.expect_memory(below=resting + BOUND_KIB)


def test_little_waits_for_a_client_that_goes_on_reading(run):
    """However much might: what the kernel refuses stays with who sends it, and is not copied once more."""
    def script(wire, head):
        wire.accept(head)
        Flood(wire, None).thread.join(60)

    admin = free_admin()
    with ScriptedBackend(script) as backend:
        config = configuration(backend.address, limits={"buffer": "64MiB"}, admin=admin.section, **PATIENT)
        with run(config) as proxy, proxy.upgraded() as wire:
            wire.sock.settimeout(30)
            most = received = 0
            while received < FLOOD:
                opcode, payload = wire.read_message()
                received += len(payload)
                if received % (64 * len(CHUNK)) == 0:
                    most = max(most, admin.metrics().value("trunkline_buffered_bytes", peer="client"))
            assert most < 2 << 20


def test_a_client_too_slow_for_too_long_is_ended(run):
    ended = []

    def script(wire, head):
        wire.accept(head)
        flood = Flood(wire, None)
        ended.append(wire.is_ended(30))
        flood.thread.join(5)

    with ScriptedBackend(script) as backend:
        admin = free_admin()
        config = configuration(backend.address, timeouts={"slow_consumer": "1s"}, admin=admin.section)
        with run(config) as proxy, proxy.upgraded():
            machine.eventually(lambda: ended, "the backend's session ends", 20)
            assert ended == [True]
            line = json.loads(proxy.wait_log(r'"session ended"'))
            assert (line["closed_by"], line["cause"]) == ("proxy", "took no bytes for too long"), line
            page = admin.metrics()
            assert page.value("trunkline_slow_consumers_total", peer="client") == 1
            assert page.value("trunkline_session_closes_total", closed_by="proxy", cause="slow_consumer") == 1
