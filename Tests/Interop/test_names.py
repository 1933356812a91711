"""`dns:` backends against a real name server: services, lifetimes, answers that change, are truncated, lie, or don't come."""

import contextlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import threading

import pytest

from support import machine
from support import proxy as proxy_module
from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT

pytestmark = [
    pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq isn't installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a name server's port, and a resolv.conf of its own"),
]


class NameServer:
    """dnsmasq with the records of the moment."""

    def __init__(self, address: str):
        self.address, self.process = address, None

    def serve(self, *records: str, ttl: int = 1) -> None:
        self.die()
        self.process = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
             "--user=root", "--pid-file=", f"--listen-address={self.address}", "--local-service", f"--local-ttl={ttl}",
             "--domain-needed", "--local=/test/", "--edns-packet-max=512", *records],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        machine.eventually(self._answers, "dnsmasq answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, "dnsmasq ended"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.3)
            try:
                asking.sendto(bytes.fromhex("0001010000010000000000000178047465737400000100 01".replace(" ", "")), (self.address, 53))
                return bool(asking.recv(512))
            except OSError:
                return False

    def die(self) -> None:
        if self.process:
            machine.end(self.process)
        self.process = None


@pytest.fixture
def names(tmp_path, monkeypatch):
    """A name server of a test's own, which the proxy asks."""
    address = f"127.{random.randrange(64, 250)}.{random.randrange(1, 250)}.{random.randrange(1, 250)}"
    file = tmp_path / "resolv.conf"
    file.write_text(f"nameserver {address}\noptions timeout:1 attempts:2\n")
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    if subprocess.run([*command, f"mount --bind {file} /etc/resolv.conf"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here")
    wrapper = tmp_path / "trunkline"
    wrapper.write_text(f"#!/bin/sh\nexec {' '.join(command)} 'mount --bind {file} /etc/resolv.conf && exec {proxy_module.BINARY} \"$@\"'"
                       " sh \"$@\"\n")
    wrapper.chmod(0o755)
    monkeypatch.setattr(proxy_module, "BINARY", wrapper)
    server = NameServer(address)
    yield server
    server.die()


def on(address: str) -> ScriptedBackend:
    return ScriptedBackend(echo, host=address)


def fleet(name: str, interval: str = "300ms", **more) -> dict:
    config = configuration(name, **more)
    config["upstreams"]["only"].update(balance="round_robin", resolve_interval=interval, slow_start=0)
    return config


def service(backend: ScriptedBackend, host: str, priority: int = 0, weight: int = 0) -> str:
    return f"--srv-host=_ws._tcp.app.test,{host},{backend.port},{priority},{weight}"


HOSTS = ("--host-record=one.test,127.0.0.2", "--host-record=two.test,127.0.0.3")


def opened(proxy, count: int) -> None:
    for _ in range(count):
        with proxy.upgraded("/") as wire:
            wire.send(TEXT, b"here")
            assert wire.read_message() == (TEXT, b"here")


def test_a_service_brings_ports_weights_and_priorities(run, names):
    with on("127.0.0.2") as one, on("127.0.0.3") as two, on("127.0.0.2") as spare:
        names.serve(*HOSTS, service(one, "one.test", 10, 3), service(two, "two.test", 10, 1), service(spare, "one.test", 20, 9))
        admin = free_admin()
        with run(fleet("dns:_ws._tcp.app.test", workers=1, admin=admin.section), tls=False) as proxy:
            line = proxy.wait_log("backends resolved")
            assert all(f":{backend.port}" in line for backend in (one, two, spare))
            opened(proxy, 12)
            assert (len(one.heads), len(two.heads), len(spare.heads)) == (9, 3, 0)
            # The preferred ones have no address any more: the others are taken.
            names.serve(HOSTS[0], service(one, "gone.test", 10, 3), service(spare, "one.test", 20))
            proxy.wait_log(f"backends resolved.*\"addresses\":\"127.0.0.2:{spare.port}\"", 10)
            opened(proxy, 3)
            assert (len(one.heads), len(spare.heads)) == (9, 3)
            # `.` says that there is no such service (RFC 2782): the last answer stays.
            names.serve("--srv-host=_ws._tcp.app.test")
            proxy.wait_log("name not resolved, the last answer stays", 10)
            opened(proxy, 2)
            assert len(spare.heads) == 5
            # A server that died is no answer either, and the one that comes back is.
            names.die()
            opened(proxy, 1)
            names.serve(*HOSTS, service(two, "two.test"))
            proxy.wait_log(f"backends resolved.*\"addresses\":\"127.0.0.3:{two.port}\"", 15)
            opened(proxy, 1)
            assert len(two.heads) == 4


def test_when_all_that_are_preferred_are_down_the_others_serve_until_they_are_back(run, names):
    config = fleet("dns:_ws._tcp.app.test", workers=1)
    config["upstreams"]["only"]["health"] = {"interval": "200ms", "check": "tcp", "unhealthy_after": 1, "healthy_after": 1}
    one = on("127.0.0.2")
    with on("127.0.0.3") as spare, contextlib.ExitStack() as ending:
        with one:
            names.serve(*HOSTS, service(one, "one.test", 10), service(spare, "two.test", 20))
            proxy = ending.enter_context(run(config, tls=False))
            proxy.wait_log("backends resolved")
            opened(proxy, 4)
            assert (len(one.heads), len(spare.heads)) == (4, 0)
        # At once, by another attempt; then because it is known.
        opened(proxy, 4)
        assert len(spare.heads) == 4
        with ScriptedBackend(echo, host="127.0.0.2", port=one.port) as again:
            def returned() -> bool:
                opened(proxy, 1)
                return bool(again.heads)
            machine.eventually(returned, "the preferred one is taken again", 10, 0.2)
            before = len(spare.heads)
            opened(proxy, 3)
            assert len(spare.heads) == before


def test_what_is_truncated_is_asked_for_again_over_tcp(run, names):
    with on("127.0.0.2") as one:
        hosts = [f"--host-record=a-name-that-takes-room-{number}.test,127.0.1.{number}" for number in range(1, 61)]
        records = [f"--srv-host=_ws._tcp.app.test,a-name-that-takes-room-{number}.test,{one.port},0,0" for number in range(1, 61)]
        names.serve(*hosts, *records)
        with run(fleet("dns:_ws._tcp.app.test"), tls=False) as proxy:
            assert proxy.wait_log("backends resolved", 10).count(f":{one.port}") == 60


def test_a_short_lifetime_is_followed_and_none_is_asked_for_more_often(run, names):
    with on("127.0.0.2") as one, on("127.0.0.3") as two:
        names.serve("--host-record=app.test,127.0.0.2,1")
        with run(fleet(f"dns:app.test:{one.port}", interval="5m"), tls=False) as proxy:
            proxy.wait_log(f"backends resolved.*127.0.0.2:{one.port}")
            names.serve("--host-record=app.test,127.0.0.3,600", ttl=600)
            proxy.wait_log(f"backends resolved.*127.0.0.3:{one.port}", 15)
            assert two.port


class Liar(threading.Thread):
    """Answers every question with something that must not be believed, before nothing at all."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.asked = 0

    def run(self) -> None:
        while True:
            try:
                question, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            number = struct.unpack(">H", question[:2])[0]
            end = question.index(b"\0", 12) + 5
            target = b"\x03bad\x04test\0"
            record = b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, 1, 6 + len(target)) + struct.pack(">HHH", 0, 0, 9) + target
            head = struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
            other = b"\x04_xyz" + question[16:end]
            lies = [
                struct.pack(">H", number ^ 0x55) + head + question[12:end] + record,             # another number
                struct.pack(">H", number) + head + other + record,                               # another question
                struct.pack(">H", number) + struct.pack(">HHHHH", 0x8180, 1, 500, 0, 0) + question[12:end] + record[:-4],  # cut short
                struct.pack(">H", number) + head + question[12:end] + b"\xc0\xff" * 3,            # pointers to nowhere
            ]
            for lie in lies[self.asked % 4:] + lies[:self.asked % 4]:
                self.socket.sendto(lie, sender)


def test_lies_are_not_believed(run, names):
    liar = Liar(names.address)
    liar.start()
    try:
        with run(fleet("dns:_ws._tcp.app.test"), tls=False) as proxy:
            proxy.wait_log("name not resolved, the last answer stays", 20)
            machine.eventually(lambda: liar.asked > 4, "it is asked again", 20)
            assert not any("backends resolved" in line for line in proxy.err)
    finally:
        liar.socket.close()


class Script:
    """Answers every question for addresses over TCP with those of the moment, in another order each time; holds for nothing."""

    def __init__(self, address: str, addresses: list[str]):
        self.addresses, self.asked, self.random = addresses, 0, random.Random(7)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((address, 53))
        self.streams = socket.create_server((address, 53))
        for serve in (self._datagrams, self._streams):
            threading.Thread(target=serve, daemon=True).start()

    def _answer(self, question: bytes, is_long: bool) -> bytes:
        end = question.index(b"\0", 12) + 5
        if question[end - 3] != 1:
            return question[:2] + struct.pack(">HHHHH", 0x8180, 1, 0, 0, 0) + question[12:end]
        if not is_long:
            return question[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question[12:end]
        self.asked += 1
        addresses = self.random.sample(self.addresses, len(self.addresses))
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(one) for one in addresses)
        return question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(addresses), 0, 0) + question[12:end] + records

    def _datagrams(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, sender = self.datagrams.recvfrom(4096)
                self.datagrams.sendto(self._answer(question, False), sender)

    def _streams(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.streams.accept()
                threading.Thread(target=self._stream, args=(sock,), daemon=True).start()

    def _stream(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            while length := sock.recv(2):
                answer = self._answer(sock.recv(int.from_bytes(length, "big")), True)
                sock.sendall(struct.pack(">H", len(answer)) + answer)

    def close(self) -> None:
        self.datagrams.close()
        self.streams.close()


def test_of_too_many_addresses_the_same_ones_are_taken_each_once(run, names):
    with on("127.0.0.2") as one:
        # The first in any order that goes by the address.
        script = Script(names.address, ["127.0.0.2"] * 3 + [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(3000)])
        try:
            config = fleet(f"dns:app.test:{one.port}", workers=1)
            config["upstreams"]["only"]["retry"] = {"attempts": 100}
            with run(config, tls=False) as proxy:
                line = proxy.wait_log("backends resolved", 10)
                taken = re.search(r'"addresses":"([^"]*)"', line)[1].split()
                assert len(taken) == len(set(taken)) == 256 and f"127.0.0.2:{one.port}" in taken
                asked = script.asked
                machine.eventually(lambda: script.asked > asked + 3, "it is asked again and again", 20)
                opened(proxy, 3)
                script.addresses = ["127.0.0.2"] * 1000
                assert f'"addresses":"127.0.0.2:{one.port}"' in proxy.wait_log('backends resolved","addresses":"[^ ]*"', 10)
                assert sum("backends resolved" in line for line in proxy.err) == 2
        finally:
            script.close()


def test_addresses_that_no_backend_can_have_are_left_out_and_said(run, names):
    """0.0.0.0 is what filtering name servers say of what they filter; to connect to it is to connect to ourselves."""
    bad = ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"]
    with on("127.0.0.2") as good:
        names.serve(*(f"--host-record=app.test,{address}" for address in [*bad, "127.0.0.2"]))
        admin = free_admin()
        with run(fleet(f"dns:app.test:{good.port}", workers=1, admin=admin.section), tls=False) as proxy:
            line = proxy.wait_log("addresses that no backend can have")
            assert all(address in line for address in bad)
            assert f'"addresses":"127.0.0.2:{good.port}"' in proxy.wait_log("backends resolved")
            opened(proxy, 6)
            assert len(good.heads) == 6
            assert admin.metrics().value("trunkline_unusable_addresses_total", upstream="only") >= 1
            # Only such: that is no answer, and the last one stays.
            names.serve("--host-record=app.test,0.0.0.0")
            assert "0.0.0.0" in proxy.wait_log("name not resolved, the last answer stays", 10)
            opened(proxy, 2)
            assert len(good.heads) == 8
            assert len([line for line in proxy.err if "no backend can have" in line]) == 1
