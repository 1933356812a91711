"""`dns:` backends where a name server means harm: answers that go in circles, flood, or never end, and a connection that says nothing."""

import os
import socket
import struct
import threading
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT, upgrade_request
from test_names import names  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a name server's port, and a resolv.conf of its own")

SERVICE, ADDRESS, CNAME = 33, 1, 5


def spelled(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 1, len(data)) + data


def service(target: bytes, port: int = 9, priority: int = 0) -> bytes:
    return record(SERVICE, struct.pack(">HHH", priority, 0, port) + target)


class Harmful:
    """A name server that answers as the first label of a name says; `tame` lets it answer all with one address."""

    def __init__(self, address: str, port: int):
        self.address, self.port, self.tame, self.asked, self.held = address, port, False, {}, []
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((address, 53))
        self.listener = socket.create_server((address, 53))
        for work in (self._datagrams, self._connections):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        for each in (self.datagrams, self.listener, *self.held):
            each.close()

    def _datagrams(self) -> None:
        while True:
            try:
                question, sender = self.datagrams.recvfrom(4096)
                self.datagrams.sendto(self.answer(question, 512), sender)
            except OSError:
                return

    def _connections(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.held.append(connection)
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        try:
            question = connection.recv(4096)[2:]
            kind = self.kind(question)
            if kind == "silent" and not self.tame:
                return
            answer = self.answer(question, 65535)
            if kind == "long" and not self.tame:    # more is promised than comes
                connection.sendall(struct.pack(">H", 65535) + answer)
            elif kind == "drip" and not self.tame:
                for byte in struct.pack(">H", 60000) + answer:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.3)
            elif kind == "short" and not self.tame:
                connection.sendall(struct.pack(">H", 3) + answer)
            else:
                connection.sendall(struct.pack(">H", len(answer)) + answer)
        except OSError:
            pass

    def kind(self, question: bytes) -> str:
        length = question[12]
        label = question[13:13 + length].decode()
        return label.lstrip("_")

    def answer(self, question: bytes, room: int) -> bytes:
        end = question.index(b"\0", 12) + 5
        number, asked, kind = question[:2], question[12:end], self.kind(question)
        wanted = struct.unpack(">H", question[end - 4:end - 2])[0]
        self.asked[kind] = self.asked.get(kind, 0) + 1
        if self.tame or kind == "target":
            target = spelled("target.test")
            records = [service(target, self.port)] if wanted == SERVICE else (
                [record(ADDRESS, socket.inet_aton("127.0.0.1"))] if wanted == ADDRESS else [])
        elif kind == "circle":      # one alias leads to the next, and that to the first
            records = [record(CNAME, spelled("other.test")), record(CNAME, b"\xc0\x0c", spelled("other.test"))]
        elif kind == "chain":       # a chain without an end
            records = [record(CNAME, spelled(f"n{index + 1}.test"), spelled(f"n{index}.test")) for index in range(1500)]
        elif kind == "pointers":    # a name that is itself, and a target that leads through all that stand before it
            at = len(question[:end])
            records = [record(SERVICE, b"\0" * 6 + struct.pack(">H", 0xC000 | at + 18)),
                       *[service(struct.pack(">H", 0xC000 | at + 18)) for _ in range(200)]]
        elif kind == "stairs":      # each pointer leads to the one before
            at, data = len(question[:end]) + 12, b""
            for index in range(7000):
                data += struct.pack(">H", 0xC000 | (12 if index == 0 else at + 2 * index - 2))
            records = [record(99, data[:16000])] + [service(struct.pack(">H", 0xC000 | at + 2 * 6999)) for _ in range(2000)]
        elif kind == "flood":       # as many as fit
            records = [service(spelled("target.test"), 1000 + index % 50000, index % 60000) for index in range(1900)]
        elif kind == "huge":        # one name for all, each of them unknown
            records = [service(spelled(f"x{index}.test"), 1000) for index in range(1700)]
        else:
            records = []
        body = b"".join(records)
        if room <= 512 and (kind in ("silent", "long", "drip", "short") or len(body) > 400) and not self.tame:
            return number + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + asked
        while len(body) + end > 65500:
            records.pop()
            body = b"".join(records)
        return number + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0) + asked + body


KINDS = ["silent", "circle", "pointers", "flood"]
if machine.FULL:
    KINDS += ["long", "drip", "short", "chain", "stairs", "huge"]


@pytest.fixture
def harmful(names):  # noqa: F811
    with ScriptedBackend(echo) as backend:
        server = Harmful(names.address, backend.port)
        yield server
        server.close()


def test_a_name_server_that_means_harm_keeps_no_name_from_being_asked_again(run, harmful):
    """Each name is asked for as a service and as a host, all at once, by the few threads that there are for it."""
    config = configuration("127.0.0.1:9")
    config["upstreams"] = {
        kind + way: {"backends": [{"address": f"dns:_{kind}._tcp.test" if way == "-service" else f"dns:{kind}.test:{harmful.port}"}],
                     "resolve_interval": "300ms"}
        for kind in KINDS for way in ("-service", "-host")}
    config["routes"] = [{"name": name, "match": {"path": f"/{name}/"}, "upstream": name} for name in config["upstreams"]]
    with run(config, tls=False) as proxy:
        machine.eventually(lambda: all(harmful.asked.get(kind) for kind in KINDS), "all are asked for", 60)
        time.sleep(2)
        # What was found is bounded, whatever was said.
        for line in list(proxy.err):
            if "backends resolved" in line:
                assert line.count("127.0.0.1:") <= 256
        harmful.tame = True
        for name in config["upstreams"]:
            def serves() -> bool:
                with proxy.wire() as wire:
                    wire.sock.sendall(upgrade_request(f"/{name}/"))
                    if wire.read_head().status != 101:
                        return False
                    wire.send(TEXT, b"here")
                    return wire.read_message() == (TEXT, b"here")
            machine.eventually(serves, f"{name} has its address", 60, 0.3)
