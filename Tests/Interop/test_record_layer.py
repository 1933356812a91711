"""TLS 1.3 records after the handshake, from peers that send what browsers never do: OpenSSL's client, and tlslite-ng, which
sends any record one wants."""

import socket
import subprocess

import pytest
from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import AlertDescription, ContentType, KeyUpdateMessageType
from tlslite.errors import TLSRemoteAlert
from tlslite.messages import Message

from support import machine
from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.wire import TEXT, Wire, upgrade_request

CIPHERS = ["aes128gcm", "aes256gcm", "chacha20-poly1305"]


@pytest.fixture(scope="module")
def edge(shared_run):
    with ScriptedBackend(echo) as backend:
        route = {"name": "hello", "match": {"path": "/hello"}, "respond": {"status": 200, "body": "hello\n"}}
        config = configuration(backend.address)
        config["routes"].insert(0, route)
        with shared_run(config) as proxy:
            yield proxy


def connected(edge, cipher="aes128gcm") -> TLSConnection:
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 4)
    settings.cipherNames = [cipher]
    sock = edge.tcp()
    sock.settimeout(10)
    connection = TLSConnection(sock)
    connection.handshakeClientCert(settings=settings, serverName="localhost")
    return connection


def record(connection, kind: int, content: bytes) -> None:
    for _ in connection._recordLayer.sendRecord(Message(kind, bytearray(content))):
        pass


def key_update(connection, asks: bool) -> None:
    kind = KeyUpdateMessageType.update_requested if asks else KeyUpdateMessageType.update_not_requested
    for _ in connection.send_keyupdate_request(kind):
        pass


def hello(connection) -> None:
    """A request on this connection is answered."""
    connection.write(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b"hello\n" not in answer:
        answer += bytes(connection.read(min=1, max=4096))
    assert answer.startswith(b"HTTP/1.1 200 ")


def alert_of(connection) -> int:
    """The alert with which the proxy ends the connection."""
    with pytest.raises(TLSRemoteAlert) as caught:
        while connection.read(min=1, max=4096):
            pass
        raise AssertionError("ended without an alert")
    return caught.value.description


@pytest.mark.parametrize("cipher", CIPHERS)
def test_keys_change_on_both_sides_while_requests_are_answered(edge, cipher):
    connection = connected(edge, cipher)
    for turn in range(20):
        key_update(connection, asks=turn % 2 == 0)
        hello(connection)
    connection.close()


def test_a_session_goes_on_through_changes_of_keys(edge):
    connection = connected(edge)
    with Wire(connection, masking=True) as wire:
        wire.sock.sendall(upgrade_request())
        assert wire.read_head().status == 101
        for turn in range(40):
            key_update(connection, asks=turn % 3 == 0)
            text = f"message {turn} ".encode() * (1 + turn * 50)
            wire.send(TEXT, text)
            assert wire.read_message() == (TEXT, text)


def test_padding_empty_records_and_single_bytes_are_legal(edge):
    connection = connected(edge)
    connection._recordLayer.padding_cb = lambda size, kind, most: min(300, most - size)
    for _ in range(3):
        for _ in range(20):
            record(connection, ContentType.application_data, b"")
        for byte in b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n":
            record(connection, ContentType.application_data, bytes([byte]))
        answer = b""
        while b"hello\n" not in answer:
            answer += bytes(connection.read(min=1, max=4096))
    connection.close()


def test_a_message_split_over_records_is_put_together(edge):
    connection = connected(edge)
    for byte in [24, 0, 0, 1]:
        record(connection, ContentType.handshake, bytes([byte]))
    record(connection, ContentType.handshake, b"\0")
    secrets = connection.session
    secrets.cl_app_secret, _ = connection._recordLayer.calcTLS1_3KeyUpdate_reciever(
        secrets.cipherSuite, secrets.cl_app_secret, secrets.sr_app_secret)
    hello(connection)


@pytest.mark.parametrize("kind, content, alert", [
    (ContentType.handshake, b"\x04\0\0\0", AlertDescription.unexpected_message),       # NewSessionTicket
    (ContentType.handshake, b"\x01\0\0\0", AlertDescription.unexpected_message),       # ClientHello: renegotiation
    (ContentType.handshake, b"", AlertDescription.unexpected_message),
    (ContentType.handshake, b"\x18\0\0\x02\0\0", AlertDescription.decode_error),
    (ContentType.handshake, b"\x18\0\0\x01\x02", AlertDescription.illegal_parameter),
    (ContentType.handshake, b"\x18\0\0\x01\0\x18", AlertDescription.unexpected_message),
    (ContentType.change_cipher_spec, b"\x01", AlertDescription.unexpected_message),
    (ContentType.alert, b"\x01", AlertDescription.decode_error),
    (24, b"heartbeat", AlertDescription.unexpected_message),
], ids=["ticket", "hello", "empty", "long update", "odd update", "two in one", "ccs", "short alert", "heartbeat"])
def test_what_may_not_come_ends_with_the_alert_that_names_it(edge, kind, content, alert):
    connection = connected(edge)
    if kind == ContentType.change_cipher_spec:
        # The library sends these in plain text, which is as wrong after the handshake (RFC 8446, 5).
        connection.sock.sendall(b"\x14\x03\x03\x00\x01\x01")
    else:
        record(connection, kind, content)
    assert alert_of(connection) == alert


@pytest.mark.parametrize("raw, alert", [
    (b"\x17\x03\x03\x00\x20" + b"\x55" * 32, AlertDescription.bad_record_mac),
    (b"\x17\x03\x03\x00\x05hello", AlertDescription.bad_record_mac),
    (b"\x17\x03\x03\x41\x01", AlertDescription.record_overflow),
    (b"\x17\x03\x03\xff\xff", AlertDescription.record_overflow),
    (b"\x15\x03\x03\x00\x02\x02\x28", AlertDescription.unexpected_message),
    (b"GET / HTTP/1.1\r\n\r\n", AlertDescription.unexpected_message),
], ids=["wrong tag", "short", "too long", "longest", "plain alert", "plain http"])
def test_a_record_that_is_none_ends_with_its_alert(edge, raw, alert):
    connection = connected(edge)
    connection.sock.sendall(raw)
    assert alert_of(connection) == alert


def expect_end_of_flood(connection, send, count: int) -> None:
    """What is sent on meets a closed socket, and the alert may be lost with it."""
    try:
        for _ in range(count):
            send()
        alert = alert_of(connection)
    except TLSRemoteAlert as caught:
        alert = caught.description
    except TimeoutError:
        raise
    except OSError:
        return
    assert alert == AlertDescription.unexpected_message


def test_floods_without_data_are_ended(edge):
    connection = connected(edge)
    expect_end_of_flood(connection, lambda: key_update(connection, asks=True), 2000)
    other = connected(edge)
    expect_end_of_flood(other, lambda: record(other, ContentType.application_data, b""), 40)


def test_openssls_client_changes_keys_too(edge):
    """`K` asks for a change on both sides, `k` announces one of its own."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.port}", "-tls1_3", "-servername", "localhost", "-crlf"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen = b""

    def say(text: bytes, answer: bytes, times: int):
        nonlocal seen
        process.stdin.write(text)
        process.stdin.flush()
        while seen.count(answer) < times:
            more = process.stdout.read1(65536)
            assert more, seen[-500:]
            seen += more
    try:
        say(b"", b"Verify return code", 1)
        for number, order in enumerate([b"K\n", b"k\n", b"K\n"], 1):
            # One order a read, as a person types them.
            say(order, b"KEYUPDATE", number)
            say(b"GET /hello HTTP/1.1\nHost: localhost\n\n", b"HTTP/1.1 200 ", number)
    finally:
        machine.end(process)


def test_an_operator_can_have_the_keys(run, tmp_path, monkeypatch):
    """As curl and browsers do: one set of lines a handshake, and a warning that says so."""
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    with ScriptedBackend(echo) as backend, run(configuration(backend.address)) as proxy:
        monkeypatch.delenv("SSLKEYLOGFILE")
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status == 101
        machine.eventually(lambda: keys.exists() and "SERVER_TRAFFIC_SECRET_0" in keys.read_text(), "the keys are written")
        labels = [line.split()[0] for line in keys.read_text().splitlines()]
        assert labels.count("CLIENT_TRAFFIC_SECRET_0") == 1 and labels.count("SERVER_TRAFFIC_SECRET_0") == 1
    assert any("session keys are written" in line for line in proxy.err)


def test_no_secret_is_told_without_being_asked_for(run):
    admin = free_admin()
    with ScriptedBackend(echo) as backend, run(configuration(backend.address, admin=admin.section)) as proxy:
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status == 101
        text = "".join(proxy.out + proxy.err)
    assert "TRAFFIC_SECRET" not in text


@pytest.mark.parametrize("records", ["", "openssl"], ids=["ours", "openssl"])
def test_both_ways_of_doing_records_serve_the_same(run, monkeypatch, records):
    monkeypatch.setenv("TRUNKLINE_TLS_RECORDS", records)
    with ScriptedBackend(echo) as backend, run(configuration(backend.address)) as proxy:
        monkeypatch.delenv("TRUNKLINE_TLS_RECORDS")
        with proxy.wire() as wire:
            wire.sock.sendall(upgrade_request())
            assert wire.read_head().status == 101
            for size in [0, 1, 1000, 70_000, 1_000_000]:
                text = b"x" * size
                wire.send(TEXT, text)
                assert wire.read_message() == (TEXT, text)
            wire.sock.shutdown(socket.SHUT_WR)
