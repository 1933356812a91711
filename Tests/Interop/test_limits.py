"""Limits of a session: what happens at each, which code the client gets, and what the log says of it."""

import json
import os
import time
import zlib

import pytest

from support.admin import free_admin
from support.backends import node_echo
from support.conversation import converse
from support.proxy import configuration
from support.wire import BINARY, TEXT, frame

PING, PONG, CLOSE = 9, 10, 8


@pytest.fixture(scope="module")
def backend():
    with node_echo() as echo:
        yield echo


def deflated(payload: bytes) -> bytes:
    """As one message of RFC 7692."""
    squeeze = zlib.compressobj(wbits=-15)
    return (squeeze.compress(payload) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def ending(proxy) -> dict:
    return json.loads(proxy.wait_log(r'"session ended"'))


def test_too_many_messages_are_read_later(run, backend):
    admin = free_admin()
    config = configuration(backend.address, limits={"messages_per_second": 20}, admin=admin.section)
    with run(config) as proxy:
        with proxy.upgraded() as wire:
            # However they are split between reads, the pauses come between the first and the last.
            began = time.monotonic()
            for _ in range(40):
                wire.send(TEXT, b"x")
            for _ in range(40):
                assert wire.read_message() == (TEXT, b"x")
            wire.send(TEXT, b"last")
            assert wire.read_message() == (TEXT, b"last")
            assert 0.5 < time.monotonic() - began < 5
        throttled = ending(proxy)["throttled"]
        assert 1 <= throttled == admin.metrics().value("trunkline_limits_hit_total", limit="messages_per_second")


@pytest.mark.parametrize("limits,flood,code,key", [
    ({"messages_per_second": 20, "rate_action": "close"}, [(TEXT, b"x", {})] * 50, 1008, "messages_per_second"),
    ({"control_frames_per_second": 10}, [(PING, b"", {})] * 30, 1008, "control_frames_per_second"),
    ({"fragments": 3}, [(TEXT, b"a", {"fin": False})] + [(0, b"b", {"fin": False})] * 4, 1008, "fragments"),
    ({"message": "100B"}, [(BINARY, b"x" * 101, {})], 1009, "message"),
    ({"frame": "100B"}, [(BINARY, b"x" * 101, {})], 1009, "frame"),
])
def test_a_limit_has_its_code_its_counter_and_its_line(run, backend, limits, flood, code, key):
    admin = free_admin()
    with run(configuration(backend.address, limits=limits, admin=admin.section)) as proxy:
        with proxy.upgraded(fields=[("Sec-WebSocket-Extensions", "permessage-deflate")]) as wire:
            wire.sock.sendall(b"".join(frame(opcode, payload, mask=b"abcd", **options) for opcode, payload, options in flood))
            assert wire.read_until_close().close_code == code
            line = ending(proxy)
            assert (line["close_code"], line["limit"], line["closed_by"]) == (code, key, "client")
            page = admin.metrics()
            assert page.value("trunkline_limits_hit_total", limit=key) == 1 == page.value("trunkline_limits_hit_total")
            assert page.value("trunkline_session_closes_total", code=str(code), cause="limit") == 1


def test_0_is_no_limit_on_frames_and_messages(run, backend):
    large = os.urandom(17 << 20)
    with run(configuration(backend.address, limits={"frame": 0, "message": 0})) as proxy, proxy.upgraded() as wire:
        wire.send(BINARY, large)
        assert wire.read_message() == (BINARY, large)


def test_what_came_before_a_mistake_is_answered_first(run, backend):
    with run(configuration(backend.address)) as proxy, proxy.upgraded() as wire:
        good = frame(TEXT, b"good", mask=b"abcd")
        wire.sock.sendall(good + frame(TEXT, b"bad", mask=b"abcd", rsv=2) + good)
        assert wire.read_message() == (TEXT, b"good")
        assert wire.read_until_close().close_code == 1002


def test_a_small_memory_budget_loses_nothing(run, backend):
    config = configuration(backend.address, compression={"memory_budget": "48KiB"}, workers=1)
    with run(config) as proxy:
        converse(proxy, turns=40)


def test_what_does_not_shrink_goes_uncompressed(run, backend):
    """Counted by RSV1 on the wire: most of many random messages go as they are, and JSON afterwards is compressed."""
    offer = [("Sec-WebSocket-Extensions", "permessage-deflate")]
    with run(configuration(backend.address, workers=1)) as proxy, proxy.upgraded(fields=offer) as wire:
        def compressed(payloads: list[bytes]) -> int:
            count = 0
            for payload in payloads:
                wire.send(BINARY, payload)
                count += wire.read_frame().rsv == 4
            return count
        assert compressed([b"{\"symbol\": \"ALBA\"}" * 20] * 10) == 10
        assert compressed([os.urandom(1000) for _ in range(100)]) < 40
        compressed([b"{\"symbol\": \"ALBA\"}" * 20] * 70)
        assert compressed([b"{\"symbol\": \"ALBA\"}" * 20] * 10) == 10
