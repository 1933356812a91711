"""Close codes and reasons arrive at the other side as they were sent, whichever side closes."""

import socket

import pytest

from support import machine
from support.backends import LibraryBackend, ScriptedBackend
from support.proxy import configuration
from support.wire import CLOSE, TEXT, close_payload

CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]
REASON = "bis später"


@pytest.fixture(scope="module")
def library():
    with LibraryBackend() as backend:
        yield backend


@pytest.fixture(scope="module")
def edge(shared_run, library):
    with shared_run(configuration(library.address)) as proxy:
        yield proxy


@pytest.mark.parametrize("code", CODES)
def test_the_clients_close_reaches_the_backend(edge, library, code):
    seen = len(library.closes)
    with edge.connect() as client:
        client.close(code, REASON)
        assert client.close_code == code
    wanted = (code, REASON)
    machine.eventually(lambda: wanted in library.closes[seen:], f"the backend receives {wanted}")


@pytest.mark.parametrize("code", CODES)
def test_the_backends_close_reaches_the_client(edge, code):
    with edge.upgraded() as wire:
        wire.send(TEXT, f"close {code} {REASON}".encode())
        got = wire.read_until_close()
        assert (got.close_code, got.close_reason) == (code, REASON)
        wire.send(CLOSE, got.payload)
        assert wire.is_ended()


@pytest.mark.parametrize("length", [0, 1, 123])
def test_reasons_of_every_length_pass(edge, library, length):
    seen = len(library.closes)
    with edge.connect() as client:
        client.close(1000, "r" * length)
    wanted = (1000, "r" * length)
    machine.eventually(lambda: wanted in library.closes[seen:], f"the backend receives {wanted}")


def test_a_close_without_a_code_stays_without(run):
    seen = []

    def script(wire, head):
        wire.accept(head)
        got = wire.read_until_close()
        seen.append(got.payload)
        wire.send(CLOSE, got.payload)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        with proxy.upgraded() as wire:
            wire.send_close(None)
            assert wire.read_until_close().payload == b""
            assert wire.is_ended()
        assert seen == [b""]


@pytest.mark.parametrize("payload", [b"\x03", close_payload(1005), close_payload(1006), close_payload(1015),
                                     close_payload(999), close_payload(2999), close_payload(5000),
                                     close_payload(1000) + b"\xff\xfe"],
                         ids=["one byte", "1005", "1006", "1015", "999", "2999", "5000", "reason not UTF-8"])
def test_an_illegal_close_is_answered_and_not_passed_on(run, payload):
    seen = []

    def script(wire, head):
        wire.accept(head)
        seen.append(wire.read_until_close().payload)

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        with proxy.upgraded() as wire:
            wire.send(CLOSE, payload)
            assert wire.read_until_close().close_code in (1002, 1007)
            assert wire.is_ended()
        machine.eventually(lambda: seen or backend.failures, "the backend's session ends")
        assert payload not in seen


def test_a_client_that_never_answers_a_close_is_cut_off(run):
    def script(wire, head):
        wire.accept(head)
        wire.send_close(1000, "bye")
        wire.is_ended(20)

    with ScriptedBackend(script) as backend:
        with run(configuration(backend.address, timeouts={"close": "1s"})) as proxy, proxy.upgraded() as wire:
            assert wire.read_until_close().close_code == 1000
            assert wire.is_ended(6)


def test_a_client_that_ends_without_close_is_one_that_vanished(run):
    ended = []

    def script(wire, head):
        wire.accept(head)
        ended.append(wire.is_ended(10))

    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy:
        wire = proxy.upgraded()
        wire.sock.shutdown(socket.SHUT_RDWR)
        wire.sock.close()
        machine.eventually(lambda: ended, "the backend's connection ends")
        assert ended == [True]


def test_the_backends_choice_of_subprotocol_reaches_the_client(run):
    with LibraryBackend(subprotocols=["v2.chat", "v1.chat"]) as backend:
        with run(configuration(backend.address)) as proxy:
            with proxy.connect(subprotocols=["v1.chat", "v2.chat"]) as client:
                assert client.subprotocol in ("v1.chat", "v2.chat")
                chosen = client.response.headers["Sec-WebSocket-Protocol"]
                assert chosen == client.subprotocol
            # The handler notes its request when it runs, which may be after the client has gone.
            offered = machine.eventually(lambda: backend.requests, "the handler ran")[-1].headers["Sec-WebSocket-Protocol"]
            assert [name.strip() for name in offered.split(",")] == ["v1.chat", "v2.chat"]
            with proxy.connect(subprotocols=["v1.chat"]) as client:
                assert client.subprotocol == "v1.chat"


def test_closing_sessions_take_no_buffers(run, library):
    """Between the last Close and the end of the connection a session holds little: all of them may close at once."""
    count = 300
    with run(configuration(library.address, timeouts={"close": "20s"}, workers=1)) as proxy:
        wires = [proxy.upgraded() for _ in range(count)]
        before = proxy.resident_kib
        for wire in wires:
            wire.send_close(1000)
        for wire in wires:
            assert wire.read_until_close().close_code == 1000
        # TLS has said goodbye too; our side of the connections is still open.
        proxy.expect_memory(below=before + count * 2)
        for wire in wires:
            wire.sock.close()


def test_sessions_that_only_wait_hold_no_record_buffers(run, library):
    """Neither direction's: one of them alone is as large as all else that a session takes."""
    count = 400
    with run(configuration(library.address, workers=1)) as proxy:
        warm = [proxy.upgraded() for _ in range(20)]
        before = machine.proportional_kib(proxy.pid)
        wires = [proxy.upgraded() for _ in range(count)]
        machine.expect_memory(machine.proportional_kib(proxy.pid) - before, below=count * 24)
        for wire in warm + wires:
            wire.sock.close()
