"""Plain HTTP/1.1 through the proxy, with Node's server behind it."""

import http.client
import json
import socket
import time

import pytest

from support import machine
from support.backends import ScriptedBackend
from support.proxy import configuration


@pytest.fixture(scope="module")
def edge(shared_run, server):
    config = configuration(server.address)
    config["upstreams"]["only"]["timeouts"] = {"response": "2s"}
    config["upstreams"]["only"]["pool"] = {"warm": 1}
    config["workers"] = 1
    with shared_run(config, tls=False) as proxy:
        yield proxy


def connection(edge) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", edge.port, timeout=10)


def exchange(edge, request: bytes, *, until: bytes | None = None, timeout: float = 5.0) -> bytes:
    """Sends raw bytes and reads until the connection ends, or `until` has come."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=timeout) as sock:
        sock.sendall(request)
        answer = b""
        while until is None or until not in answer:
            part = sock.recv(65536)
            if not part:
                break
            answer += part
        return answer


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_however_it_is_framed(edge, size, chunked):
    client = connection(edge)
    body = b"y" * size
    if chunked:
        parts = (body[start:start + 7000] for start in range(0, size, 7000))
        client.request("POST", "/a?b=c", body=parts, encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
    else:
        client.request("POST", "/a?b=c", body=body)
    seen = json.loads(client.getresponse().read())
    assert (seen["method"], seen["url"], seen["length"]) == ("POST", "/a?b=c", size)
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert seen["headers"]["x-forwarded-proto"] == "http"
    assert seen["headers"]["x-request-id"]


def test_connections_are_reused_on_both_sides(edge):
    client = connection(edge)
    numbers = set()
    for turn in range(10):
        client.request("POST" if turn % 2 else "GET", f"/{turn}", body=b"x" * turn if turn % 2 else None)
        response = client.getresponse()
        assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        assert response.headers["Keep-Alive"] is None
        numbers.add(json.loads(response.read())["connection"])
    assert len(numbers) == 1


def test_pipelined_requests_are_answered_in_order(edge):
    one = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = exchange(edge, b"".join(one % n for n in range(20)) + last)
    places = [answer.index(b'"url":"/%d"' % n) for n in range(20)] + [answer.index(b'"url":"/last"')]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200") == 21


def test_hop_by_hop_fields_stay_on_their_hop(edge):
    client = connection(edge)
    client.request("GET", "/", headers={
        "Connection": "X-Mine, Content-Length", "X-Mine": "1", "TE": "trailers, gzip", "Upgrade": "h2c",
        "Proxy-Authorization": "Basic eA==", "Keep-Alive": "3"})
    headers = json.loads(client.getresponse().read())["headers"]
    for name in ("x-mine", "upgrade", "proxy-authorization", "keep-alive"):
        assert name not in headers
    assert headers["te"] == "trailers"


def test_trailers_pass_both_ways(edge):
    request = (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
               b"3;ext=1\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n")
    assert b'"trailers":{"x-sum":"7"}' in exchange(edge, request)
    answer = exchange(edge, b"GET /trailers HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTE: trailers\r\n\r\n")
    assert answer.endswith(b"0\r\nX-Sum: 42\r\n\r\n")


def test_head_204_and_304_have_no_body(edge):
    client = connection(edge)
    for method, path, status in [("HEAD", "/large?size=1000", 200), ("GET", "/empty?status=204", 204),
                                 ("GET", "/empty?status=304", 304), ("GET", "/", 200)]:
        client.request(method, path)
        response = client.getresponse()
        assert response.status == status
        if method == "HEAD":
            assert response.headers["Content-Length"] == "1000"
        assert (response.read() == b"") == (path != "/")


def test_early_hints_pass(edge):
    answer = exchange(edge, b"GET /hints HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 103")
    assert b"HTTP/1.1 200" in answer and b"hinted" in answer


def test_continue_is_the_backends_to_say(edge):
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as sock:
        sock.sendall(head % b"/")
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        assert b'"length":3' in sock.recv(65536)
    assert exchange(edge, head % b"/refused").startswith(b"HTTP/1.1 417")


def test_an_answer_before_the_body_is_complete(edge):
    request = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000
    answer = exchange(edge, request)
    assert answer.startswith(b"HTTP/1.1 413") and answer.endswith(b"early\n")


def test_http_1_0_clients(edge):
    answer = exchange(edge, b"GET /large?size=10&chunked=1 HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer.lower() and answer.endswith(b"\r\n\r\n" + b"x" * 10)
    kept = exchange(edge, b"GET /large?size=5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", until=b"xxxxx")
    assert b"connection: keep-alive" in kept.lower()


def test_a_client_that_ended_its_side_is_answered_if_it_said_so(edge):
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_events_come_as_they_are_sent(edge):
    client = connection(edge)
    client.request("GET", "/events")
    response = client.getresponse()
    times = []
    for number in range(3):
        assert response.read1(100) == b"data: %d\n\n" % number
        times.append(time.monotonic())
    assert times[2] - times[0] > 0.4
    assert response.read() == b""


def test_the_backend_hears_that_a_listener_has_gone(edge):
    client = connection(edge)
    client.request("GET", "/events?gone")
    client.getresponse().read1(100)
    client.close()
    client.sock = None

    def closed() -> bool:
        other = connection(edge)
        other.request("GET", "/seen")
        return {"closed": "/events?gone"} in json.loads(other.getresponse().read())["seen"]
    machine.eventually(closed, "the backend's response to be closed", 0.8)


def test_a_slow_reader_costs_no_memory(edge):
    before = edge.resident_kib
    with socket.create_connection(("127.0.0.1", edge.port), timeout=20) as sock:
        sock.sendall(b"GET /large?size=100000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        time.sleep(1)
        edge.expect_memory(below=before + 8192)
        total = 0
        while part := sock.recv(1 << 20):
            total += len(part)
    assert total > 100_000_000
    edge.expect_memory(below=before + 8192)


def test_a_broken_response_looks_broken(edge):
    client = connection(edge)
    client.request("GET", "/broken")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        client.getresponse().read()


def test_a_backend_that_never_answers_is_504(edge):
    client = connection(edge)
    client.request("GET", "/never")
    response = client.getresponse()
    assert (response.status, response.headers["Content-Type"].split(";")[0]) == (504, "text/plain")


def test_a_connection_that_the_backend_ends_is_not_reused(edge):
    client = connection(edge)
    for _ in range(3):
        client.request("GET", "/once")
        assert client.getresponse().read() == b"bye"


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"garbage\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000 + b"\r\n\r\n",
])
def test_a_malformed_answer_is_502(run, answer):
    def script(wire, head):
        wire.sock.sendall(answer)
    with ScriptedBackend(script) as backend, run(configuration(backend.address), tls=False) as proxy:
        assert exchange(proxy, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 502")


def test_a_bad_chunk_ends_request_and_connection(edge):
    request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = exchange(edge, request)
    assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1


def test_a_body_over_the_limit_is_413(run, server):
    config = configuration(server.address, limits={"request_body": "1KiB"})
    with run(config, tls=False) as proxy:
        body = b"x" * 2000
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n"
        assert exchange(proxy, head + body).startswith(b"HTTP/1.1 413")


def test_plain_listeners_can_redirect(run, server):
    with run(configuration(server.address), tls=False, listener={"redirect_to_https": True}) as proxy:
        answer = exchange(proxy, b"GET /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 308")
    assert b"Location: https://example.com/a/b?c=d\r\n" in answer


@pytest.mark.parametrize("host", ["example.com", "example.com:8080", "[::1]:8080"])
def test_a_redirect_goes_to_the_port_of_the_listener_with_tls(run, server, authority, host):
    config = configuration(server.address)
    plain, named, secure = (machine.free_port() for _ in range(3))
    config["listeners"] = [
        {"address": f"127.0.0.1:{secure}", "tls": {"certificates": [authority.certificate().names]}},
        {"address": f"127.0.0.1:{plain}", "redirect_to_https": True},
        {"address": f"127.0.0.1:{named}", "redirect_to_https": {"port": 4443}},
    ]
    with run(config, port=secure):
        name = host.removesuffix(":8080")
        for port, expected in ((plain, secure), (named, 4443)):
            with socket.create_connection(("127.0.0.1", port), 5) as sock:
                sock.sendall(f"GET /a/b?c=d HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                answer = sock.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 308")
            assert f"Location: https://{name}:{expected}/a/b?c=d\r\n".encode() in answer


def test_a_route_may_be_for_upgrades_or_for_plain_requests(run, server):
    config = configuration(server.address)
    sockets = {"name": "sockets", "match": {"path": "/", "upgrade": "websocket"},
               "respond": {"status": 418, "body": "socket"}}
    pages = {"name": "pages", "match": {"path": "/", "upgrade": "none"}, "upstream": "only"}
    config["routes"] = [sockets, pages]
    with run(config, tls=False) as proxy:
        assert exchange(proxy, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
        upgrade = (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert exchange(proxy, upgrade, until=b"socket").startswith(b"HTTP/1.1 418")


def test_each_request_leaves_a_line(edge):
    client = connection(edge)
    client.request("GET", "/logged?me")
    client.getresponse().read()
    line = json.loads(edge.wait_log(r"/logged\?me"))
    assert (line["method"], line["status"], line["route"]) == ("GET", 200, "only")
