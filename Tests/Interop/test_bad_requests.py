"""What isn't a proper upgrade request is answered as CONFIG says: a status, text/plain, one line of reason."""

import socket
import time

import pytest

from support import machine
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import KEY, TEXT, Ended, Wire, frame, upgrade_request


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(echo) as backend:
        config = configuration(backend.address, timeouts={"request_head": "1s", "handshake": "1s"})
        config["routes"][0]["match"]["path"] = "/chat/"
        config["routes"][0]["origins"] = ["https://example.com"]
        with shared_run(config) as proxy:
            proxy.backend = backend
            yield proxy


@pytest.fixture(autouse=True)
def neighbour(edge):
    """A healthy session beside each test, which must not notice."""
    with edge.upgraded("/chat/") as wire:
        wire.send(TEXT, b"before")
        assert wire.read_message() == (TEXT, b"before")
        yield
        wire.send(TEXT, b"after")
        assert wire.read_message() == (TEXT, b"after")


def refusal(edge, request: bytes, status: int):
    """Sends and expects this refusal in the form that all of ours have; gives head and reason."""
    with edge.wire() as wire:
        wire.sock.sendall(request)
        head = wire.read_head()
        assert head.status == status, f"{head.first} {wire.read_body(head)!r}"
        body = wire.read_body(head)
        assert (head.get("content-type") or "").startswith("text/plain")
        assert body.strip() and body.strip().count(b"\n") == 0, f"one line expected: {body!r}"
        if status != 404:
            assert (head.get("connection") or "").lower() == "close" or wire.is_ended(3)
        return head, body.decode()


GOOD = upgrade_request("/chat/")
BENT = {
    "key too short": upgrade_request("/chat/", key="c2hvcnQ="),
    "key not base64": upgrade_request("/chat/", key="!" * 24),
    "no key": upgrade_request("/chat/", without=("sec-websocket-key",)),
    "two keys": upgrade_request("/chat/", fields=[("Sec-WebSocket-Key", KEY)]),
    "a body": upgrade_request("/chat/", fields=[("Content-Length", "5")], trailing=b"hello"),
    "a chunked body": upgrade_request("/chat/", fields=[("Transfer-Encoding", "chunked")], trailing=b"0\r\n\r\n"),
    "folded line": GOOD[:-2] + b"X-Folded: one\r\n two\r\n\r\n",
    "bare LF": GOOD.replace(b"\r\n", b"\n"),
    "a bare LF between": GOOD.replace(b"Host: localhost\r\n", b"Host: localhost\n"),
    "bare CR in a value": GOOD[:-2] + b"X-A: one\rtwo\r\n\r\n",
    "NUL in a value": GOOD[:-2] + b"X-A: one\0two\r\n\r\n",
    "blank before the colon": GOOD[:-2] + b"X-A : one\r\n\r\n",
    "no colon": GOOD[:-2] + b"nonsense\r\n\r\n",
    "no Host": upgrade_request("/chat/", without=("host",)),
    "two Hosts": upgrade_request("/chat/", fields=[("Host", "other")]),
    "a blank in the target": upgrade_request("/chat/ x"),
    "garbage in clear": b"\x00\x01\x02 not http at all\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", BENT.values(), ids=BENT.keys())
def test_malformed_is_400(edge, request_bytes):
    refusal(edge, request_bytes, 400)


def test_a_wrong_version_is_426_with_the_right_one(edge):
    request = upgrade_request("/chat/", without=("sec-websocket-version",), fields=[("Sec-WebSocket-Version", "8")])
    head, _ = refusal(edge, request, 426)
    assert head.get("sec-websocket-version") == "13"


def test_no_route_is_404(edge):
    refusal(edge, upgrade_request("/nowhere"), 404)
    refusal(edge, upgrade_request("/chatter"), 404)


def test_another_origin_is_403_and_the_right_one_passes(edge):
    refusal(edge, upgrade_request("/chat/", fields=[("Origin", "https://evil.example")]), 403)
    refusal(edge, upgrade_request("/chat/", fields=[("Origin", "null")]), 403)
    with edge.upgraded("/chat/", fields=[("Origin", "https://example.com")]):
        pass


@pytest.mark.parametrize("kind", ["one field", "many fields", "a long target"])
def test_a_head_of_a_mebibyte_is_431(edge, kind):
    if kind == "one field":
        request = upgrade_request("/chat/", fields=[("X-Big", "x" * (1 << 20))])
    elif kind == "many fields":
        request = upgrade_request("/chat/", fields=[(f"X-{number}", "y" * 90) for number in range(10_000)])
    else:
        request = upgrade_request("/chat/" + "z" * (1 << 20))
    with edge.wire() as wire:
        try:
            wire.sock.sendall(request)
        except OSError:
            pass
        assert wire.read_head().status in ((414, 431) if kind == "a long target" else (431,))


def test_half_a_request_and_silence_is_408(edge):
    start = time.monotonic()
    refusal(edge, GOOD[:40], 408)
    assert 0.5 < time.monotonic() - start < 5


def test_a_request_byte_by_byte_is_no_escape_from_the_deadline(edge):
    with edge.wire() as wire:
        wire.sock.settimeout(0.1)
        for byte in GOOD[:60]:
            try:
                wire.sock.sendall(bytes([byte]))
                got = wire.sock.recv(100)
                assert got.startswith(b"HTTP/1.1 408") or got == b""
                return
            except TimeoutError:
                continue
            except OSError:
                return
        raise AssertionError("still open after six seconds")


def test_a_request_byte_by_byte_within_the_deadline_works(edge):
    with edge.wire() as wire:
        for byte in upgrade_request("/chat/"):
            wire.sock.sendall(bytes([byte]))
        assert wire.read_head().status == 101


def test_plain_http_to_the_tls_port_is_ended(edge):
    with edge.tcp() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert Wire(sock).is_ended(5)


def test_garbage_instead_of_tls_is_ended(edge):
    with edge.tcp() as sock:
        sock.sendall(bytes(range(256)) * 8)
        assert Wire(sock).is_ended(5)


def test_silence_instead_of_tls_is_ended(edge):
    with edge.tcp() as sock:
        assert Wire(sock).is_ended(6)


def test_a_plain_request_to_a_websocket_route_is_answered(run, edge):
    config = configuration(edge.backend.address)
    config["routes"][0]["match"]["upgrade"] = "websocket"
    with run(config) as proxy, proxy.wire() as wire:
        wire.sock.sendall(b"GET /chat/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = wire.read_head()
        assert head.status == 426 and head.get("Upgrade") == "websocket"


def test_without_time_for_the_close_a_refused_client_is_not_waited_for(run, edge):
    with run({**configuration("127.0.0.1:1"), "timeouts": {"close": 0}}, tls=False) as proxy:
        began = machine.open_descriptors(proxy.pid)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as sock:
            sock.sendall(b"GET\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 400 ")
            # The client keeps its side open.
            machine.eventually(lambda: machine.open_descriptors(proxy.pid) <= began, "the connection is closed", 5)


def test_the_log_says_why(edge):
    refusal(edge, upgrade_request("/missing-from-the-table"), 404)
    assert "404" in edge.wait_log("/missing-from-the-table")
    refusal(edge, upgrade_request("/chat/why", fields=[("Origin", "https://evil.example")]), 403)
    assert "403" in edge.wait_log("/chat/why")
    assert all(isinstance(event, dict) for event in edge.events)


def test_an_early_frame_reaches_the_backend(edge):
    with edge.wire() as wire:
        early = frame(TEXT, b"same segment", mask=b"abcd")
        wire.sock.sendall(upgrade_request("/chat/", trailing=early + early[:7]))
        assert wire.read_head().status == 101
        assert wire.read_message() == (TEXT, b"same segment")
        wire.sock.sendall(early[7:])
        assert wire.read_message() == (TEXT, b"same segment")


def test_memory_and_descriptors_come_back_after_five_hundred_bad_connections(edge):
    def bad(number: int) -> None:
        kinds = [lambda s: s.sendall(b"\x16\x03\x01\xff\xff" + b"x" * 300), lambda s: s.sendall(b"GET / HTTP/1.0\r\n\r\n")]
        if number % 3 < 2:
            with edge.tcp() as sock:
                kinds[number % 3](sock)
                return
        with edge.wire() as wire:
            wire.sock.sendall(BENT["two keys"] if number % 2 else GOOD[:-2] + b"X: " + b"y" * 15000)
            if number % 2:
                wire.read_all()

    for number in range(100):
        bad(number)
    time.sleep(1.5)
    memory, descriptors = edge.resident_kib, machine.open_descriptors(edge.pid)
    for number in range(500):
        bad(number)
    machine.eventually(
        lambda: machine.open_descriptors(edge.pid) <= descriptors + 2, "descriptors of bad connections are closed")
    edge.expect_memory(below=memory + 8 * 1024)


def test_over_the_connection_limit_is_503_with_retry_after(run):
    with ScriptedBackend(echo) as backend:
        with run(configuration(backend.address, limits={"connections": 2})) as proxy:
            with proxy.upgraded(), proxy.upgraded():
                with proxy.wire() as wire:
                    wire.sock.sendall(upgrade_request())
                    head = wire.read_head()
                    assert head.status == 503 and int(head.get("retry-after")) > 0
            machine.eventually(lambda: admitted(proxy), "a place becomes free")


def admitted(proxy) -> bool:
    try:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            return wire.read_head().status == 101
    except (OSError, Ended):
        return False
