"""/metrics, read by Prometheus' own Python client and compared with what sessions did and what the log says."""

import json
import re
import resource
import time
from pathlib import Path

import pytest

from support import machine
from support.admin import free_admin
from support.backends import LibraryBackend, ScriptedBackend, node_echo
from support.proxy import configuration, route, upstream
from support.wire import BINARY, TEXT

ROOT = machine.ROOT


@pytest.fixture(scope="module")
def backend():
    with node_echo() as echo:
        yield echo


def ended(proxy, count: int) -> list[dict]:
    """The log lines of that many sessions that have ended."""
    def lines():
        found = [line for line in proxy.events if line["message"] == "session ended"]
        return found if len(found) >= count else None
    return machine.eventually(lines, f"{count} lines of ended sessions")


def test_the_counts_are_those_of_the_sessions(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section, workers=2)) as proxy:
        with proxy.connect() as stays:
            stays.send("x" * 100)
            stays.recv()
            for _ in range(3):
                with proxy.connect() as client:
                    client.send("text")
                    client.recv()
                    client.send(b"b" * 1000)
                    client.recv()
                    client.send(["frag", "ment", "ed"])
                    client.recv()
            with proxy.upgraded() as wire:
                wire.send(BINARY, b"no mask and RSV", rsv=4)
                wire.read_until_close()
            lines = ended(proxy, 4)
            page = admin.metrics()
            assert page.value("trunkline_sessions_open") == 1
            assert page.value("trunkline_sessions_open", route="only", backend=backend.address) == 1
            assert page.value("trunkline_sessions_total", route="only", backend=backend.address) == 5
            assert page.value("trunkline_handshakes_total", route="only", outcome="accepted") == 5
            assert page.value("trunkline_handshake_duration_seconds_count") == 5
            assert 0 < page.value("trunkline_handshake_duration_seconds_sum") < 30
            for direction in ("from_client", "from_backend"):
                assert page.value("trunkline_messages_total", direction=direction, opcode="text") == 7
                assert page.value("trunkline_messages_total", direction=direction, opcode="binary") == 3
                assert page.value("trunkline_message_size_bytes_count", direction=direction) == 10
                assert page.value("trunkline_message_size_bytes_sum", direction=direction) == 100 + 3 * (4 + 1000 + 10)
                assert page.value("trunkline_message_size_bytes_bucket", direction=direction, le="16") == 6
                assert page.value("trunkline_message_size_bytes_bucket", direction=direction, le="128") == 7
                assert page.value("trunkline_message_size_bytes_bucket", direction=direction, le="1024") == 10
            assert page.value("trunkline_session_closes_total", closed_by="client", code="1000", cause="close") == 3
            assert page.value("trunkline_session_closes_total", closed_by="client", code="1002", cause="protocol") == 1
            assert page.value("trunkline_session_duration_seconds_count") == 4
            assert page.value("trunkline_tls_handshakes_total", version="TLSv1.3") == 5
            assert page.value("trunkline_connections_accepted_total") == 5
            assert page.value("trunkline_dials_total", backend=backend.address, outcome="connected") \
                == page.value("trunkline_dial_duration_seconds_count") >= 5
            assert page.value("trunkline_backend_up", upstream="only", backend=backend.address) == 1
            assert page.value("trunkline_workers") == 2
            # What has ended stands in the log too: both must say the same.
            live = {"from_client": 100 + 6, "to_client": 100 + 2}
            for direction in ("from_client", "to_client", "from_backend", "to_backend"):
                said = sum(line[f"bytes_{direction}"] for line in lines)
                counted = page.value("trunkline_websocket_bytes_total", direction=direction)
                side = {"to_backend": "from_client", "from_backend": "to_client"}.get(direction, direction)
                assert counted == said + live[side], direction
            for direction in ("from_client", "from_backend"):
                assert page.value("trunkline_messages_total", direction=direction) \
                    == 1 + sum(line[f"messages_{direction}"] for line in lines)


def test_refusals_and_limits_are_counted_by_reason(run, backend):
    admin = free_admin()
    config = configuration(
        admin=admin.section, routes=[route("/echo", "echo", limits={"connections": 1, "message": "100B"}),
                                     route("/dead", "dead")],
        upstreams={"echo": upstream(backend.address), "dead": upstream(f"127.0.0.1:{machine.free_port()}")})
    with run(config) as proxy:
        with proxy.upgraded("/echo"):
            for path, status in (("/echo", 503), ("/nowhere", 404), ("/dead", 502)):
                with proxy.wire() as wire:
                    wire.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
                    assert wire.read_head().status == status
        machine.eventually(lambda: not admin.metrics().value("trunkline_sessions_open"), "the session has ended")
        with proxy.upgraded("/echo") as wire:
            wire.send(TEXT, b"x" * 101)
            assert wire.read_until_close().close_code == 1009
        ended(proxy, 2)
        page = admin.metrics()
        assert page.value("trunkline_refusals_total", status="503", reason="too_many_connections_on_this_route") == 1
        assert page.value("trunkline_refusals_total", status="404", reason="no_route_for_this_host_and_path") == 1
        assert page.value("trunkline_refusals_total", status="502") == 1
        assert page.value("trunkline_refusals_total") == 3 == len(
            [line for line in proxy.events if line["message"] == "request refused"])
        assert page.value("trunkline_limits_hit_total", limit="connections") == 1
        assert page.value("trunkline_limits_hit_total", limit="message") == 1
        assert page.value("trunkline_session_closes_total", code="1009", cause="limit") == 1
        assert page.value("trunkline_handshakes_total", route="dead", outcome="failed") == 1
        assert page.value("trunkline_dials_total", outcome="refused") >= 1
        assert page.value("trunkline_backend_transitions_total", to="unreachable") >= 1


def test_compression_is_counted_on_both_sides_of_zlib(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)) as proxy:
        text = json.dumps([{"id": number, "name": "the same"} for number in range(100)])
        with proxy.connect(compression="deflate") as client:
            for _ in range(5):
                client.send(text)
                assert client.recv() == text
            page = admin.metrics()
            for direction in ("from_client", "to_client"):
                plain = page.value("trunkline_compression_plain_bytes_total", direction=direction)
                packed = page.value("trunkline_compression_compressed_bytes_total", direction=direction)
                assert plain == 5 * len(text)
                assert 0 < packed < plain / 5
            assert page.value("trunkline_message_size_bytes_sum", direction="from_client") == 5 * len(text)
            assert page.value("trunkline_compression_memory_bytes") > 10_000
            assert page.value("trunkline_compression_memory_budget_bytes") == 256 << 20


def test_codes_of_applications_are_kept_together(run):
    admin = free_admin()
    with LibraryBackend() as backend, run(configuration(backend.address, admin=admin.section)) as proxy:
        for code in (3000, 3999, 4000, 4321):
            with proxy.connect() as client:
                client.send(f"close {code}")
                with pytest.raises(Exception):
                    client.recv()
        ended(proxy, 4)
        page = admin.metrics()
        for code in ("3xxx", "4xxx"):
            assert page.value("trunkline_session_closes_total", closed_by="backend", code=code) == 2


def test_a_stalled_reader_is_seen(run):
    """A client that takes nothing: bytes wait for it, the backend is paused, and it is given up."""
    def flood(wire, head):
        wire.accept(head)
        wire.sock.settimeout(10)
        while True:
            wire.send(BINARY, b"x" * 65_536)

    admin = free_admin()
    with ScriptedBackend(flood) as backend, run(configuration(
            backend.address, admin=admin.section, timeouts={"slow_consumer": "1s"})) as proxy:
        with proxy.upgraded():
            machine.eventually(lambda: admin.metrics().value("trunkline_buffered_bytes", peer="client") > 200_000,
                               "bytes wait for the client")
            machine.eventually(lambda: admin.metrics().value("trunkline_backpressure_pauses_total", peer="backend") >= 1,
                               "the backend is not read")
            ended(proxy, 1)
        page = admin.metrics()
        assert page.value("trunkline_slow_consumers_total", peer="client") == 1
        assert page.value("trunkline_session_closes_total", closed_by="proxy", cause="slow_consumer") == 1
        assert page.value("trunkline_buffered_bytes") == 0


def test_pools_and_loops_are_seen(run, backend):
    admin = free_admin()
    config = configuration(admin=admin.section, workers=1)
    config["upstreams"]["only"] = {"backends": [{"address": backend.address}], "pool": {"warm": 1}}
    with run(config) as proxy:
        idle = "trunkline_pool_idle_connections"
        machine.eventually(lambda: admin.metrics().value(idle, backend=backend.address) == 1, "a warm connection")
        with proxy.upgraded():
            assert admin.metrics().value("trunkline_pool_takes_total", result="hit") == 1
        machine.eventually(lambda: admin.metrics().value("trunkline_loop_lag_seconds_count", worker="0") >= 2, "two samples")
        assert admin.metrics().value("trunkline_loop_lag_seconds_sum") < 5


def test_the_process_is_described(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)) as proxy:
        page = admin.metrics()
        assert abs(page.value("process_resident_memory_bytes") / 1024 - proxy.resident_kib) < 4096
        assert abs(page.value("process_open_fds") - machine.open_descriptors(proxy.pid)) <= 2
        assert page.value("process_cpu_seconds_total") > 0
        assert 0 <= time.time() - page.value("process_start_time_seconds") < 60
        assert page.value("trunkline_build_info") == 1
        assert re.match(r"\d+\.\d+", page.label_sets("trunkline_build_info")[0]["version"])


def test_names_follow_the_conventions(run, backend):
    """What promtool's lint asks for, and a little more."""
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)) as proxy, proxy.upgraded() as wire:
        wire.send(TEXT, b"x")
        wire.read_message()
        page = admin.metrics()
    text = page.text
    assert text.endswith("\n") and "\n\n" not in text
    for family in page.families.values():
        # The client strips `_total` from the names of counters.
        name = family.name + ("_total" if family.type == "counter" else "")
        assert re.fullmatch(r"(trunkline|process)(_[a-z0-9]+)+", name), name
        assert f"# HELP {name} " in text and family.documentation.strip() and family.documentation.endswith("."), name
        assert f"# TYPE {name} {family.type}\n" in text
        assert family.type in ("counter", "gauge", "histogram"), name
        assert family.type == "counter" or not name.endswith("_total"), name
        assert not re.search(r"_(counter|gauge|histogram|count|sum|bucket)(_|$)", name), name
        assert not re.search(r"_(milliseconds|ms|minutes|kib|kilobytes|megabytes|percent)(_|$)", name), name
        if family.type == "histogram":
            assert re.search(r"_(seconds|bytes)$", name), name
            check_buckets(family)
        for sample in family.samples:
            assert all(re.fullmatch(r"[a-z_]+", label) for label in sample.labels), sample
            assert all(value == value.strip() for value in sample.labels.values()), sample
    lines = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines)), "a series twice"


def check_buckets(family) -> None:
    series: dict[tuple, list] = {}
    for sample in family.samples:
        key = tuple(sorted(item for item in sample.labels.items() if item[0] != "le"))
        if sample.name.endswith("_bucket"):
            series.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
    for buckets in series.values():
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
        assert [count for _, count in buckets] == sorted(count for _, count in buckets)


def test_every_metric_is_documented_and_every_documented_one_is_there(run, backend):
    admin = free_admin()
    with run(configuration(backend.address, admin=admin.section)):
        live = set(re.findall(r"^# TYPE (\S+)", admin.metrics().text, re.MULTILINE))
    article = (ROOT / "Sources/Proxy/Proxy.docc/Observing.md").read_text()
    documented = set(re.findall(r"^\| `((?:trunkline|process)_\w+)", article, re.MULTILINE))
    assert live == documented
    sources = "".join(file.read_text() for file in (ROOT / "Sources/Proxy").rglob("*.swift"))
    made = set(re.findall(r'(?:counter|gauge|histogram)\(\s*"((?:trunkline|process)_\w+)"', sources))
    assert made == live, "a metric that is made stands in no `of…` list"


FULL_DISK = Path("/dev/full")


def closes(proxy, count: int) -> None:
    for _ in range(count):
        with proxy.connect() as client:
            client.send("still here")
            assert client.recv() == "still here"


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full")
def test_a_full_disk_costs_log_lines_and_nothing_else(run, backend):
    admin = free_admin()
    log = {"access": str(FULL_DISK), "format": "json", "level": "info"}
    with run(configuration(backend.address, admin=admin.section, log=log)) as proxy:
        closes(proxy, 20)
        event = json.loads(proxy.wait_log('"access log lost lines"'))
        assert event["level"] == "error" and event["cause"] == "No space left on device"
        machine.eventually(lambda: admin.metrics().value("trunkline_log_lines_lost_total", log="access") == 20, "20 lost lines")
        closes(proxy, 1)
        assert admin.metrics().value("trunkline_session_closes_total", code="1000") == 21


def test_a_log_that_may_grow_again_goes_on(run, backend, tmp_path):
    admin = free_admin()
    file = tmp_path / "access.log"
    log = {"access": str(file), "format": "json", "level": "info"}
    with run(configuration(backend.address, admin=admin.section, log=log)) as proxy:
        closes(proxy, 1)
        machine.eventually(lambda: file.stat().st_size > 0, "a line")
        soft, hard = resource.prlimit(proxy.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(proxy.pid, resource.RLIMIT_FSIZE, (file.stat().st_size + 100, hard))
        closes(proxy, 3)
        event = json.loads(proxy.wait_log('"access log lost lines"'))
        assert event["cause"] == "File too large"
        machine.eventually(lambda: admin.metrics().value("trunkline_log_lines_lost_total", log="access") == 3, "3 lost lines")
        resource.prlimit(proxy.pid, resource.RLIMIT_FSIZE, (soft, hard))
        closes(proxy, 1)
        proxy.wait_log('"access log is written again"')
        machine.eventually(lambda: len(file.read_text().splitlines()) >= 3, "the last line")
        lines = file.read_text().splitlines()
        # The line that was cut stands alone; the one behind it is whole.
        assert json.loads(lines[0]) and json.loads(lines[-1])
