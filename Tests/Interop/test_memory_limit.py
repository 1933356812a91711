"""`limits.memory`: what is held for all peers together."""

import socket

from support.admin import free_admin
from support.backends import ScriptedBackend, echo
from support.feeds import broadcast
from support.machine import eventually
from support.proxy import configuration, route, upstream
from support.wire import BINARY, TEXT, Head, Wire, frame, upgrade_request


def flood(wire: Wire, head: Head) -> None:
    """A backend that sends as much as the path says, and waits."""
    wire.accept(head)
    wire.sock.sendall(frame(BINARY, bytes(int(head.target.split("-")[1]) << 20)))
    wire.sock.recv(1)


def unread(proxy, path: str) -> Wire:
    """A session of a client that reads nothing of it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", proxy.port))
    sock.sendall(upgrade_request(path))
    wire = Wire(sock, masking=True)
    assert wire.read_head().status == 101
    return wire


def test_the_largest_holder_is_cut_first_and_told_of(run):
    admin = free_admin()
    with ScriptedBackend(flood) as large, ScriptedBackend(echo) as honest:
        config = configuration(large.address, admin=admin.section, limits={"memory": "24MiB", "buffer": "64MiB"}, workers=2)
        config["routes"].insert(0, route("/echo", "honest"))
        config["upstreams"]["honest"] = upstream(honest.address)
        with run(config, tls=False) as proxy, proxy.upgraded("/echo") as other:
            small = unread(proxy, "/take-6")
            eventually(lambda: admin.status()["memory"]["held_bytes"] > 1 << 20, "something is held")
            big = unread(proxy, "/take-40")
            line = proxy.wait_log("connection cut for memory")
            assert '"side":"client"' in line and '"peer":"127.0.0.1' in line
            memory = admin.status()["memory"]
            assert memory["limit_bytes"] == 24 << 20 and memory["cuts"] == 1
            page = admin.metrics()
            assert page.value("trunkline_memory_cuts_total", peer="client") == 1
            assert page.value("trunkline_memory_limit_bytes") == 24 << 20
            assert page.value("trunkline_session_closes_total", cause="memory", closed_by="proxy") == 1
            eventually(lambda: admin.status()["memory"]["held_bytes"] < 24 << 20, "it is given back")
            # The smaller one is there still, and gets everything.
            assert len(small.read_message()[1]) == 6 << 20
            other.send(TEXT, b"hello")
            assert other.read_message() == (TEXT, b"hello")
            for wire in (small, big):
                wire.sock.close()
            eventually(lambda: admin.status()["memory"]["held_bytes"] < 1 << 20, "nothing is held")


def test_nobody_new_is_served_while_too_much_is_held(run):
    """What a feed keeps for those who come is nobody's, and not given up: here it is more than may be held."""
    admin = free_admin()
    with ScriptedBackend(flood) as backend:
        config = broadcast(backend.address, policy={"replay_last": 4, "queue_bytes": "16MiB"}, admin=admin.section,
                           limits={"memory": 0})
        with run(config, tls=False) as proxy, proxy.upgraded("/feed-4") as first:
            assert len(first.read_message()[1]) == 4 << 20

            def limit(memory: str) -> None:
                (proxy.folder / "proxy.conf").write_text(proxy.config.replace('"memory": 0', f'"memory": "{memory}"'))
                assert admin.post("/reload")[0] == 200
            limit("1MiB")
            with proxy.wire() as second:
                second.sock.sendall(upgrade_request("/feed-4"))
                head = second.read_head()
                assert head.status == 503 and 1 <= int(head.get("retry-after")) <= 10
                assert head.get("content-type").startswith("text/plain")
            assert admin.metrics().value("trunkline_limits_hit_total", limit="memory") == 1
            memory = admin.status()["memory"]
            assert memory["cuts"] == 0 and memory["held_bytes"] >= 4 << 20 and memory["limit_bytes"] == 1 << 20
            limit("64MiB")
            with proxy.upgraded("/feed-4") as second:
                assert len(second.read_message()[1]) == 4 << 20
