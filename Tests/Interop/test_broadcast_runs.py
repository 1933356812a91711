"""Messages of a feed that are ready together leave in one write; a round over thousands doesn't hold up the loop."""

import ssl
import threading
import time

from support.audience import Audience, hear
from support.backends import ScriptedBackend, node_echo
from support.feeds import broadcast
from support.proxy import route, upstream
from support.wire import TEXT, Wire, frame, upgrade_request


class Records:
    """A TLS client that counts the records it gets; each is a write of the proxy's of its own."""

    def __init__(self, proxy):
        self.sock = proxy.tcp()
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = proxy.authority.client_context().wrap_bio(self.into, self.out, server_hostname="localhost")
        self.raw = bytearray()
        self.count = 0
        self._call(self.tls.do_handshake)

    def _call(self, operation, *arguments):
        while True:
            try:
                result = operation(*arguments)
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                got = self.sock.recv(65536)
                self.raw += got
                if got:
                    self.into.write(got)
                else:
                    self.into.write_eof()

    def _flush(self) -> None:
        data = self.out.read()
        if data:
            self.sock.sendall(data)

    def sendall(self, data: bytes) -> None:
        self._call(self.tls.write, data)

    def recv(self, size: int) -> bytes:
        return self._call(self.tls.read, size)

    def records(self) -> int:
        """Those of application data (RFC 8446, 5.1) since it was last asked."""
        count = 0
        while len(self.raw) >= 5 and len(self.raw) >= (size := 5 + int.from_bytes(self.raw[3:5], "big")):
            count += self.raw[0] == 23
            del self.raw[:size]
        return count

    def close(self) -> None:
        self.sock.close()


def joined(proxy, **options) -> tuple[Wire, Records]:
    records = Records(proxy)
    records.sendall(upgrade_request("/", **options))
    wire = Wire(records, masking=True)
    assert wire.read_head().status == 101
    return wire, records


def test_messages_that_come_together_leave_together(run):
    """Twenty in one segment of the backend's are one record for each client, compressed or not."""
    go = threading.Event()

    def script(wire, head):
        wire.accept(head)
        assert go.wait(20)
        wire.sock.sendall(b"".join(frame(TEXT, b"%d " % number * 100) for number in range(20)))
        wire.read_frame()

    deflate = [("Sec-WebSocket-Extensions", "permessage-deflate")]
    with ScriptedBackend(script) as backend, run(broadcast(backend.address)) as proxy:
        clients = [joined(proxy), joined(proxy), joined(proxy, fields=deflate)]
        for _, records in clients:
            records.records()
        go.set()
        for wire, records in clients:
            frames = [wire.read_frame() for _ in range(20)]
            assert [got.payload for got in frames] == [b"%d " % number * 100 for number in range(20)] \
                or all(got.rsv == 4 for got in frames)
            assert records.records() == 1
            wire.sock.close()


def test_a_message_may_wait_for_others(run, feed):
    """Three that come one after the other are one record, for who was there and for who is slow to come."""
    with run(broadcast(feed.address, policy={"gather": "1s", "replay_last": 0})) as proxy:
        wire, records = joined(proxy)
        records.records()
        began = time.monotonic()
        for number in range(3):
            feed.send(f"message {number}")
        assert [wire.read_message()[1] for _ in range(3)] == [b"message 0", b"message 1", b"message 2"]
        assert records.records() == 1 and time.monotonic() - began >= 0.9
        # What waits when the feed ends is not lost.
        feed.send("last words")
        feed.close_all(4001, "over")
        assert wire.read_message() == (TEXT, b"last words")
        assert wire.read_until_close().close_code == 4001
        wire.sock.close()


def test_more_than_the_queue_holds_does_not_wait(run, feed):
    with run(broadcast(feed.address, policy={"gather": "1h", "queue": 5})) as proxy, Audience(proxy) as audience:
        everyone = audience.join(3)
        feed.send("burst", count=11)
        assert hear(everyone, 10) == [f"{number} burst" for number in range(10)]


def test_a_round_over_thousands_is_whole_while_clients_come_and_go(run, feed):
    """Each round takes several turns of the loop; others on it are served in between."""
    with node_echo() as echo:
        config = broadcast(feed.address, policy={"replay_last": 0, "linger": "1m"}, limits={"connections": 0})
        config["routes"].insert(0, route("/echo", "echo"))
        config["upstreams"]["echo"] = upstream(echo.address)
        with run(config, tls=False) as proxy, Audience(proxy) as audience:
            crowd = [proxy.upgraded() for _ in range(2500)]
            other = proxy.upgraded("/echo")
            stays, leaves = crowd[::2], crowd[1::2]
            messages = [f"{number} " + "x" * 500 for number in range(20)]
            for number, message in enumerate(messages):
                feed.send(message)
                # In the middle of a round: some leave from everywhere, the last ones move into their places.
                for wire in leaves[number * 60:(number + 1) * 60]:
                    wire.sock.close()
                late = audience.join(1)
                other.send(TEXT, b"are you there?")
                assert other.read_message() == (TEXT, b"are you there?")
            for wire in stays:
                assert [wire.read_message()[1].decode() for _ in messages] == messages
            feed.send("the end")
            assert {wire.read_message() for wire in stays} == {(TEXT, b"the end")}
            assert hear(late, 1)[-1] == "the end" and feed.stats["connections"] == 1
            for wire in crowd:
                wire.sock.close()
