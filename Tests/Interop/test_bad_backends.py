"""Backends that refuse, dawdle or answer nonsense: what the client is told (CONFIG: 502, 503, 504, or their own)."""

import socket
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration, upstream
from support.wire import TEXT, frame, upgrade_request


def ask(proxy, path: str = "/", **options):
    """The proxy's answer to an upgrade request: head and body."""
    with proxy.wire(20) as wire:
        wire.sock.sendall(upgrade_request(path, **options))
        head = wire.read_head()
        return head, b"" if head.status == 101 else wire.read_body(head)


def expect_refusal(proxy, *statuses: int) -> None:
    head, body = ask(proxy)
    assert head.status in statuses, head.first
    assert head.get("content-type").startswith("text/plain") and body.strip().count(b"\n") == 0 and body.strip()


def quick(address: str) -> dict:
    """One backend with short deadlines."""
    config = configuration(address)
    config["upstreams"]["only"] = upstream(address, timeouts={"connect": "500ms", "response": "700ms"})
    return config


def test_a_refused_connection_is_502(run):
    with run(configuration(f"127.0.0.1:{machine.free_port()}")) as proxy:
        expect_refusal(proxy, 502)
        proxy.wait_log("502")


def test_with_every_backend_gone_the_answer_is_502_or_503(run):
    ports = [machine.free_port() for _ in range(3)]
    with run(configuration(*[f"127.0.0.1:{port}" for port in ports])) as proxy:
        for _ in range(8):
            expect_refusal(proxy, 502, 503)


def test_a_backend_that_never_answers_is_504(run):
    def script(wire, head):
        wire.is_ended(10)

    with ScriptedBackend(script) as backend, run(quick(backend.address)) as proxy:
        start = time.monotonic()
        expect_refusal(proxy, 504)
        assert time.monotonic() - start < 5


def test_a_backend_that_never_accepts_is_502_or_504(run):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            with run(quick(f"127.0.0.1:{port}")) as proxy:
                expect_refusal(proxy, 502, 504)
        finally:
            for filler in fillers:
                filler.close()


REFUSALS = {
    "401": (b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"chat\"\r\nContent-Type: text/html\r\n"
            b"Content-Length: 13\r\n\r\n<b>who?</b>\r\n", {"www-authenticate": 'Basic realm="chat"'}, b"<b>who?</b>\r\n"),
    "302": (b"HTTP/1.1 302 Found\r\nLocation: https://example.com/login?x=1\r\nContent-Length: 0\r\n\r\n",
            {"location": "https://example.com/login?x=1"}, b""),
    "404 chunked": (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nX-Trace: 7\r\n\r\n"
                    b"5\r\nno su\r\n6\r\nch one\r\n0\r\n\r\n", {"x-trace": "7"}, b"no such one"),
    "503 to the end": (b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 9\r\n\r\nbusy until later",
                       {"retry-after": "9"}, b"busy until later"),
    "200": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhtml", {}, b"html"),
}


@pytest.mark.parametrize("answer, fields, body", REFUSALS.values(), ids=REFUSALS.keys())
def test_the_backends_own_refusal_passes_unchanged(run, answer, fields, body):
    def script(wire, head):
        wire.sock.sendall(answer)
        wire.sock.shutdown(socket.SHUT_WR)
        wire.is_ended(5)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        head, got = ask(proxy)
        if head.get("transfer-encoding") == "chunked":
            got = unchunked(got)
        assert (head.status, got) == (int(answer[9:12]), body)
        for name, value in fields.items():
            assert head.get(name) == value


def unchunked(data: bytes) -> bytes:
    whole = b""
    while True:
        size, data = data.split(b"\r\n", 1)
        count = int(size.split(b";")[0], 16)
        if count == 0:
            return whole
        whole, data = whole + data[:count], data[count + 2:]


def test_a_large_refusal_passes_whole(run):
    body = b"explained at length " * 50_000

    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        wire.is_ended(10)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        head, got = ask(proxy)
        assert (head.status, got) == (403, body)


NONSENSE = {
    "a wrong Accept": lambda wire, head: wire.accept(head, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "no Accept": lambda wire, head: wire.sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    "another upgrade": lambda wire, head: wire.sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    "an extension nobody offered": lambda wire, head: wire.accept(
        head, fields=[("Sec-WebSocket-Extensions", "permessage-deflate")]),
    "a subprotocol nobody offered": lambda wire, head: wire.accept(head, fields=[("Sec-WebSocket-Protocol", "other")]),
    "no HTTP": lambda wire, head: wire.sock.sendall(b"220 mail.example.com ESMTP\r\n\r\n"),
    "an end": lambda wire, head: None,
    "a reset": lambda wire, head: wire.reset(),
    "half a head and an end": lambda wire, head: wire.sock.sendall(b"HTTP/1.1 101 Switching Proto"),
    "an endless head": lambda wire, head: wire.sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: 1234567890\r\n" * 60_000),
}


@pytest.mark.parametrize("script", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_from_a_backend_is_502(run, script):
    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        expect_refusal(proxy, 502)


def test_frames_in_the_segment_of_the_101_reach_the_client(run):
    def script(wire, head):
        wire.accept(head, trailing=frame(TEXT, b"early") + frame(TEXT, b"bird")[:3])
        time.sleep(0.2)
        wire.sock.sendall(frame(TEXT, b"bird")[3:])
        wire.is_ended(10)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        with proxy.upgraded() as wire:
            assert wire.read_message() == (TEXT, b"early")
            assert wire.read_message() == (TEXT, b"bird")


def test_an_interim_response_before_the_101_is_no_refusal(run):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        echo(wire, head)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        with proxy.upgraded() as wire:
            wire.send(TEXT, b"through")
            assert wire.read_message() == (TEXT, b"through")


def test_a_client_that_leaves_during_the_handshake_frees_the_backend(run):
    ended = []

    def script(wire, head):
        ended.append(wire.is_ended(10))

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        wire = proxy.wire()
        wire.sock.sendall(upgrade_request())
        machine.eventually(lambda: backend.heads, "the backend is asked")
        wire.sock.close()
        machine.eventually(lambda: ended, "the backend's connection ends")
        assert ended == [True]


def test_refused_upgrades_leave_nothing_behind(run):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        wire.is_ended(5)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        for _ in range(50):
            assert ask(proxy)[0].status == 404
        descriptors, memory = machine.open_descriptors(proxy.pid), proxy.resident_kib
        for _ in range(300):
            assert ask(proxy)[0].status == 404
        machine.eventually(lambda: machine.open_descriptors(proxy.pid) <= descriptors + 4, "descriptors come back")
        proxy.expect_memory(below=memory + 8 * 1024)
