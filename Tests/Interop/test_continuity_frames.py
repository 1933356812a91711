"""Frames by hand while a session moves: fragments with control frames between them, and messages too large to be kept."""

import contextlib
import socket
import threading
import time

import pytest

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend
from support.proxy import route, upstream
from support.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame


class Pair:
    """Two scripted backends: `script(wire)` is what a session's backend does behind its 101; messages are kept, by backend."""

    def __init__(self, script=None):
        self.script = script or self.answer
        self.read: list[list[bytes]] = [[], []]
        self.closes: list[Frame] = []
        self.wires: list = []

    def serve(self, number: int):
        def served(wire, head) -> None:
            wire.accept(head)
            self.wires.append(wire)
            wire.number = number
            self.script(wire)
        return served

    def answer(self, wire) -> None:
        """Echoes whole messages, in two fragments with a Ping between them."""
        parts = []
        while True:
            got = wire.read_frame()
            if got.opcode == PING:
                wire.send(PONG, got.payload)
            elif got.opcode == CLOSE:
                self.closes.append(got)
                return wire.send(CLOSE, got.payload)
            elif got.opcode != PONG:
                parts.append(got.payload)
                if got.fin:
                    message, parts = b"".join(parts), []
                    self.read[wire.number].append(message)
                    wire.send(TEXT, message[:1], fin=False)
                    wire.send(PING, b"between")
                    wire.send(CONTINUATION, message[1:])

    @contextlib.contextmanager
    def running(self, run, **continuity):
        with ScriptedBackend(self.serve(0)) as first, ScriptedBackend(self.serve(1)) as second:
            self.admin = free_admin()
            self.backends = (first, second)
            config = {"routes": [route("/", "only")], "admin": self.admin.section,
                      "upstreams": {"only": upstream(first.address, second.address, continuity=continuity,
                                                     pool={"warm": 0})}}
            with run(config, tls=False) as proxy:
                yield proxy

    @property
    def carrier(self):
        return self.backends[self.wires[0].number]

    def drain(self) -> None:
        assert self.admin.post(f"/drain?backend={self.carrier.address}")[0] in (200, 202)


def answer(wire) -> bytes:
    """The next message whole; Pings are answered."""
    parts = []
    while True:
        got = wire.read_frame()
        assert got.opcode != CLOSE, got
        if got.opcode == PING:
            wire.send(PONG, got.payload)
        elif got.opcode != PONG:
            parts.append(got.payload)
            if got.fin:
                return b"".join(parts)


def test_fragments_with_control_frames_between_them_pass_once_through_a_move(run):
    pair = Pair()
    with pair.running(run) as proxy, proxy.upgraded("/") as wire:
        wire.send(TEXT, b"before")
        assert answer(wire) == b"before"
        for turn in range(3):
            message = b"%d abcdefgh" % turn
            wire.send(TEXT, message[:2], fin=False)
            wire.send(PING, b"first")
            assert wire.read_frame().payload == b"first"
            if turn == 1:
                pair.drain()
                machine.eventually(lambda: len(pair.wires) == 2, "the next backend is asked")
            for byte in message[2:-1]:
                wire.send(CONTINUATION, bytes([byte]), fin=False)
                wire.send(PING, bytes([byte]))
                assert wire.read_frame().payload == bytes([byte])
            wire.send(CONTINUATION, message[-1:])
            assert answer(wire) == message
        read = [message for messages in (pair.read[pair.wires[0].number], pair.read[pair.wires[1].number])
                for message in messages]
        assert read == [b"before", b"0 abcdefgh", b"1 abcdefgh", b"2 abcdefgh"]
        machine.eventually(lambda: pair.closes, "the old backend is left")
        assert pair.closes[0].close_code == 1012
        wire.send_close()
        assert wire.read_until_close().close_code == 1000


def test_a_backend_that_is_left_amid_a_message_is_heard_to_its_end(run):
    """Half a message of its has come, and a Ping, when the order to move does."""
    left = threading.Event()

    def script(wire) -> None:
        if wire.number != pair.wires[0].number:
            return pair.answer(wire)
        wire.send(TEXT, b"one ", fin=False)
        wire.send(PING, b"amid")
        while (got := wire.read_frame()).opcode != CLOSE:
            pass
        left.set()
        wire.send(CONTINUATION, b"two ", fin=False)
        time.sleep(0.2)
        wire.send(PING, b"again")
        wire.send(CONTINUATION, b"three")
        wire.send(TEXT, b"last")
        wire.send(CLOSE, got.payload)

    pair = Pair(script)
    with pair.running(run) as proxy, proxy.upgraded("/") as wire:
        machine.eventually(lambda: pair.wires, "the backend")
        time.sleep(0.2)
        pair.drain()
        # What the client says meanwhile goes to the next one, behind what the old one has to say.
        assert left.wait(10)
        wire.send(TEXT, b"meanwhile")
        assert [answer(wire) for _ in range(3)] == [b"one two three", b"last", b"meanwhile"]
        assert pair.read[1 - pair.wires[0].number] == [b"meanwhile"]
        wire.send_close()
        assert wire.read_until_close().close_code == 1000


@pytest.mark.parametrize("way, code", [("close", 1012), ("loss", 1011)])
def test_a_backend_that_goes_amid_a_message_that_streams_takes_its_session_along(run, way, code):
    """Half of it has gone to the client, and nobody could go on with it."""
    def script(wire) -> None:
        wire.send(BINARY, b"x" * 100_000, fin=False)
        wire.send(PING, b"amid")
        wire.send(CONTINUATION, b"y" * 100_000, fin=False)
        time.sleep(0.3)
        if way == "close":
            wire.send_close(1012, "restarting")
            time.sleep(0.5)

    pair = Pair(script)
    with pair.running(run, max_message="32KiB") as proxy, proxy.upgraded("/") as wire:
        got = 0
        while (frame := wire.read_frame()).opcode != CLOSE:
            if frame.opcode != PING:
                assert frame.opcode == (BINARY if got == 0 else CONTINUATION) and not frame.fin
                got += len(frame.payload)
        assert got == 200_000 and frame.close_code == code, (got, frame)
        wire.send(CLOSE, frame.payload)
        time.sleep(0.3)
        assert len(pair.wires) == 1


def test_a_backend_that_never_answers_does_not_use_up_the_time_of_a_move(run):
    hangs, wires = threading.Event(), {}

    def serve(number: int):
        def served(wire, head) -> None:
            if number == 1 and hangs.is_set():
                wire.is_ended(20)
                return
            wire.accept(head)
            wires.setdefault(number, wire)
            while (got := wire.read_frame()).opcode != CLOSE:
                if got.opcode == TEXT:
                    wire.send(TEXT, b"%d" % number)
            wire.send(CLOSE, got.payload)
        return served

    def server(client) -> int:
        client.send(TEXT, b"who")
        return int(client.read_message()[1])

    with contextlib.ExitStack() as stack:
        three = [stack.enter_context(ScriptedBackend(serve(number))) for number in range(3)]
        config = {"routes": [route("/", "only")], "workers": 1, "upstreams": {"only": upstream(
            *(backend.address for backend in three), continuity={"within": "3s"}, pool={"warm": 0})}}
        with run(config, tls=False) as proxy:
            clients = {server(client): client for client in
                       [stack.enter_context(proxy.upgraded("/")) for _ in range(3)]}
            assert sorted(clients) == [0, 1, 2]
            # The emptiest is asked first, and it hangs.
            clients[1].send(CLOSE, b"\x03\xe8")
            proxy.wait_log("session ended")
            hangs.set()
            wires[0].sock.shutdown(socket.SHUT_RDWR)
            proxy.wait_log("tried with another backend")
            assert server(clients[0]) == 2
