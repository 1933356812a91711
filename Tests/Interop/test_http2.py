"""Ordinary requests over HTTP/2: the `h2` library as client, Node's HTTP/1.1 server behind."""

import json
import re
import shutil
import subprocess
import time

import pytest

from support import machine
from support.backends import ScriptedBackend
from support.http2 import Http2
from support.proxy import configuration, route, upstream


@pytest.fixture(scope="module", params=[True, False], ids=["tls", "plain"])
def edge(request, shared_run, server):
    config = configuration(server.address, workers=1)
    config["routes"].insert(0, {"name": "own", "match": {"path": "/own"}, "respond": {"status": 200, "body": "own\n"}})
    config["limits"] = {"request_head": "8KiB", "request_body": "1MiB"}
    with shared_run(config, tls=request.param) as proxy:
        yield proxy


@pytest.fixture
def client(edge):
    with Http2(edge) as connection:
        yield connection


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000])
@pytest.mark.parametrize("declared", [False, True])
def test_a_body_arrives_however_it_is_framed(client, edge, size, declared):
    stream = client.request("/a?b=c", "POST", end=False,
                            fields=[("content-length", str(size))] if declared else [])
    stream.sendall(b"y" * size, end=True)
    assert stream.head.status == 200
    seen = json.loads(stream.body())
    assert (seen["method"], seen["url"], seen["length"]) == ("POST", "/a?b=c", size)
    assert seen["headers"]["host"] == "localhost"
    assert seen["headers"]["x-forwarded-proto"] == ("https" if edge.tls else "http")
    assert stream.head.all("set-cookie") == ["a=1", "b=2"]
    assert not {"connection", "keep-alive", "transfer-encoding"} & set(stream.head.spellings)


def test_many_requests_at_once_are_answered(client):
    streams = [client.request(f"/{number}") for number in range(100)]
    for number, stream in enumerate(streams):
        assert json.loads(stream.body())["url"] == f"/{number}"


def test_a_large_answer_comes_whole_and_a_small_one_overtakes_it(client):
    large = client.request("/large?size=3000000&chunked=1")
    large.reads = False
    small = client.request("/small")
    assert json.loads(small.body())["url"] == "/small"
    assert not large.ended
    large.resume()
    assert len(large.body()) == 3_000_000


def test_cookie_crumbs_are_joined(client):
    stream = client.request("/", fields=[("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2")])
    assert json.loads(stream.body())["headers"]["cookie"] == "a=1; b=2"


def test_trailers_go_both_ways(client):
    stream = client.request("/trailers", fields=[("te", "trailers")])
    assert stream.body() == b"hello"
    assert ("x-sum", "42") in stream.trailers
    upload = client.request("/", "POST", end=False, fields=[("trailer", "x-check")])
    upload.sendall(b"abc")
    client.h2.send_headers(upload.number, [("x-check", "7")], end_stream=True)
    client.flush()
    seen = json.loads(upload.body())
    assert (seen["body"], seen["trailers"]) == ("abc", {"x-check": "7"})


def test_interim_answers_come_first(client):
    stream = client.request("/hints")
    assert stream.body() == b"hinted"
    assert [head.status for head in stream.heads] == [103, 200]
    assert stream.heads[0].get("link") == "</a.css>; rel=preload"


def test_expect_is_answered_by_the_backend(client):
    stream = client.request("/", "POST", end=False, fields=[("expect", "100-continue"), ("content-length", "3")])
    client.until(lambda: stream.heads)
    assert stream.heads[0].status == 100
    stream.sendall(b"abc", end=True)
    assert json.loads(stream.body())["body"] == "abc"
    refused = client.request("/refused", "POST", end=False, fields=[("expect", "100-continue")])
    assert refused.head.status == 417


@pytest.mark.parametrize("method, path, status", [("HEAD", "/large?size=100", 200), ("GET", "/empty?status=204", 204),
                                                  ("GET", "/empty?status=304", 304)])
def test_answers_without_a_body_end_with_their_head(client, method, path, status):
    stream = client.request(path, method)
    assert (stream.head.status, stream.body()) == (status, b"")
    if method == "HEAD":
        assert stream.head.get("content-length") == "100"


def test_a_route_answers_by_itself(client):
    stream = client.request("/own")
    assert (stream.head.status, stream.body()) == (200, b"own\n")
    assert client.request("/own", "HEAD").body() == b""


def test_an_upload_that_is_refused_early_ends_in_order(client):
    stream = client.request("/early", "POST", end=False)
    stream.sendall(b"x" * 1000)
    assert stream.head.status == 413
    client.until(lambda: stream.ended and stream.reset is not None)
    assert stream.reset == 0
    large = client.request("/", "POST", end=False)
    try:
        large.sendall(b"x" * 2_000_000, end=True)
    except ConnectionResetError:
        pass
    assert large.head.status == 413
    assert b"larger than 1048576 bytes" in b"".join(large.data)
    assert client.request("/own").head.status == 200


def test_an_answer_that_breaks_off_resets_its_stream_only(client):
    stream = client.request("/broken")
    assert stream.head.status == 200
    client.until(lambda: stream.ended or stream.reset is not None)
    assert stream.reset == 2 and not stream.ended
    assert client.request("/own").head.status == 200


def test_events_come_as_they_are_sent(client):
    stream = client.request("/events")
    began = time.monotonic()
    assert stream.recv(1) == b"data: 0\n\n"
    first = time.monotonic() - began
    assert stream.body().endswith(b"data: 2\n\n")
    assert time.monotonic() - began > first + 0.4


def test_a_request_given_up_is_given_up_behind_too(client):
    stream = client.request("/events?gone")
    stream.recv(1)
    stream.close()
    machine.eventually(
        lambda: {"closed": "/events?gone"} in json.loads(client.request("/seen").body())["seen"],
        "the backend sees it")


@pytest.mark.parametrize("fields, reason", [
    ({":authority": "a", "host": "b"}, ":authority and Host differ"),
    ({":authority": "user@localhost"}, "malformed :authority"),
    ({":path": "/a#b"}, "malformed :path"),
    ({":path": "/../x"}, "path climbs above its root"),
    ({":method": "CONNECT", ":protocol": "connect-udp"}, "only :protocol websocket is spoken"),
    ({"many": "x" * 9000}, "head larger than 8192 bytes"),
])
def test_what_can_be_understood_but_not_served_is_refused(client, fields, reason):
    client.until(lambda: client.settings)
    pairs = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/", **fields}
    order = sorted((pair for pair in pairs.items() if pair[1] is not None), key=lambda pair: pair[0][0] != ":")
    stream = client.open(order)
    assert stream.head.status in (400, 431, 501)
    assert stream.body().decode().strip() == reason


@pytest.mark.parametrize("bad", [
    [("connection", "close")], [("te", "gzip")], [("transfer-encoding", "chunked")], [("upgrade", "h2c")],
    [("Upper", "case")], [("x", "\0")], [("a", "line\nend")], [(":late", "pseudo")], [("content-length", "5")],
])
def test_malformed_requests_reset_their_stream_only(client, bad):
    stream = client.request("/", fields=[("x", "y"), *bad])
    client.until(lambda: stream.reset is not None)
    assert stream.reset == 1
    assert client.request("/own").head.status == 200


@pytest.mark.parametrize("pseudo", [{":authority": None}, {":path": "http://localhost/"}, {":path": ""},
                                    {":method": "GET", ":protocol": "websocket"}, {":status": "200"}])
def test_so_do_those_with_wrong_pseudo_headers(client, pseudo):
    client.until(lambda: client.settings)
    pairs = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/", **pseudo}
    stream = client.open([pair for pair in pairs.items() if pair[1] is not None])
    client.until(lambda: stream.reset is not None)
    assert stream.reset == 1


def test_host_may_stand_for_the_authority(client):
    stream = client.request("/", authority=None, fields=[("host", "localhost")])
    assert json.loads(stream.body())["headers"]["host"] == "localhost"


def test_bytes_over_127_pass_unchanged(run):
    def script(wire, head):
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Odd: \xe9\xff\r\nContent-Length: 0\r\n\r\n")
    with ScriptedBackend(script) as backend, run(configuration(backend.address)) as proxy, Http2(proxy) as client:
        stream = client.request("/", fields=[(b"x-mine", b"\xe9\xfe")])
        assert stream.head.get("x-odd") == "\xe9\xff"
        assert backend.heads[0].get("x-mine") == "\xe9\xfe"


def test_only_what_a_listener_speaks_is_agreed_on(run, server):
    with run(configuration(server.address), listener={"protocols": ["http/1.1"]}) as proxy:
        context = proxy.authority.client_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with proxy.socket(context=context) as sock:
            assert sock.selected_alpn_protocol() == "http/1.1"
    with run(configuration(server.address), listener={"protocols": ["h2"]}, tls=False) as proxy:
        with proxy.socket() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 505 ")


def test_the_preface_is_known_however_it_is_split(edge):
    if edge.tls:
        return
    from support.http2 import ACK, PREFACE, SETTINGS, Frames, frame
    for size in (1, 2, 3, 5, 14, 15):
        with Frames(edge, first=b"") as peer:
            data = PREFACE + frame(SETTINGS)
            for start in range(0, len(data), size):
                peer.send(data[start:start + size])
                time.sleep(0.002)
            assert peer.wait(SETTINGS)


def test_extended_connect_is_offered_only_where_it_can_be_served(run, server):
    config = configuration(server.address)
    config["routes"] = [{**route("/", "only"), "match": {"path": "/", "upgrade": "none"}}]
    with run(config) as proxy, Http2(proxy) as client:
        assert client.request("/").head.status == 200
        assert 8 not in client.settings


def test_an_idle_connection_is_ended_in_order(run, server):
    with run(configuration(server.address, timeouts={"keep_alive": "500ms"})) as proxy, Http2(proxy) as client:
        assert client.request("/").head.status == 200
        began = time.monotonic()
        client.until(lambda: False)
        assert time.monotonic() - began < 5
        assert [code for _, code in client.goaways] == [0, 0]
        assert client.goaways[0][0] == 2**31 - 1


@pytest.mark.skipif(not shutil.which("h2load"), reason="no h2load")
def test_h2load_and_nghttp_are_served(edge):
    url = f"{'https' if edge.tls else 'http'}://localhost:{edge.port}/large?size=20000"
    done = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "30", url], capture_output=True, text=True, timeout=60)
    assert re.search(r"2000 succeeded, 0 failed, 0 errored", done.stdout), done.stdout
    done = subprocess.run(["nghttp", "-v", "-n", "--no-verify-peer", url], capture_output=True, text=True, timeout=20)
    assert ":status: 200" in done.stdout, done.stdout
