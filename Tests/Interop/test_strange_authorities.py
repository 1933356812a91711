"""Authorities that lie, are slow, or give advice: nothing that they say stops the proxy from serving what it has."""

import socket
import ssl
import time

import pytest

from support import machine, preload
from support.admin import Admin
from support.proxy import configuration
from support.scripted_authority import ScriptedAuthority
from support.successor import hand_over

full = pytest.mark.skipif(not machine.FULL, reason="TRUNKLINE_FULL is not set")
NAME = "chat.example.com"


@pytest.fixture
def start(run, tmp_path):
    """`with start(authority) as (proxy, admin):`"""
    admin = Admin(machine.free_port())
    # It takes connections and never says anything.
    silent = socket.create_server(("127.0.0.1", 0))

    def make(authority, **more):
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        acme = authority.section(tmp_path / "storage", **more.pop("acme", {}))
        config = configuration(address, admin=admin.section, acme=acme, **more.pop("sections", {}))
        return run(config, listener={"tls": {"acme": [NAME]}}, **more), admin
    with silent:
        yield make


def leaf(proxy, name: str = NAME) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with proxy.tcp() as sock, context.wrap_socket(sock, server_hostname=name) as secure:
        return secure.getpeercert(binary_form=True)


def orders(authority) -> int:
    return authority.requests.count("POST /newOrder")


def standing(admin) -> dict:
    return admin.status()["acme"]["certificates"][0]


@pytest.mark.parametrize("lies, words", [
    ("json", "makes no sense: no JSON"), ("nonce", "badNonce"), ("key", "key does not belong to the certificate"),
    ("name", "it is for 'stranger.example.com'"), ("expired", "expires no later than now")])
def test_a_lie_is_told_and_what_is_there_is_served_on(start, tmp_path, lies, words):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        proxy, admin = start(authority)
        with proxy:
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "the first is there", 15)
            good = admin.status()["certificates"][0]
            authority.lies = lies
            assert admin.post("/acme/renew")[0] == 200
            proxy.wait_log(f"certificate not issued.*{words}", 15)
            assert admin.status()["certificates"][0]["expires"] == good["expires"]
            assert admin.get("/readyz?certificates")[0] == 200
            failed = standing(admin)
            assert (failed["failures"], failed["ready"]) == (1, True)
            authority.lies = ""
            authority.days = 91
            admin.post("/acme/renew")
            machine.eventually(lambda: standing(admin)["failures"] == 0, "it is over", 15)


def test_a_limit_is_respected_for_as_long_as_the_authority_says(start, tmp_path):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        authority.retry_after = 4000
        proxy, admin = start(authority)
        with proxy:
            proxy.wait_log("429 rateLimited.*asked again in 4000 s", 15)
            due = time.mktime(time.strptime(standing(admin)["due"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
            assert 3900 < due - time.time() < 4100
            asked = len(authority.requests)
            time.sleep(1.5)
            assert len(authority.requests) == asked


def test_a_certificate_is_renewed_when_the_authority_suggests_it(start, tmp_path):
    now = time.time()
    with ScriptedAuthority(tmp_path / "authority", window=(now + 86_400, now + 2 * 86_400)) as authority:
        proxy, admin = start(authority)
        with proxy:
            proxy.wait_log("renewal suggested.*https://example.com/why", 15)
            assert "replaces" not in authority.payloads[1]
            authority.window, authority.days = (now - 7200, now - 3600), 91
        with proxy:
            # The process knows nothing of a window yet: it asks, and finds that it is time.
            machine.eventually(lambda: sum("newOrder" in line for line in authority.requests) == 2, "it is renewed", 15)
            machine.eventually(lambda: standing(admin)["failures"] == 0 and standing(admin)["activity"] is None, "done", 15)
            replaced = [payload["replaces"] for payload in authority.payloads if "replaces" in payload]
            assert len(replaced) == 1 and replaced[0].count(".") == 1


def test_a_slow_authority_keeps_nobody_waiting(start, tmp_path):
    with ScriptedAuthority(tmp_path / "authority", lies="slow") as authority:
        proxy, admin = start(authority)
        with proxy:
            began = time.monotonic()
            assert admin.get("/readyz")[0] == 200
            assert proxy.tcp() and time.monotonic() - began < 1
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "it comes all the same", 40)


@pytest.mark.parametrize("lies, words", [
    ("huge", "too long"), ("deep", "nested too deeply"), ("interims", "not HTTP"), ("head", "not HTTP"), ("redirect", "302"),
    ("split", "directory without"), ("target", "no URL to go to"), pytest.param("drip", "no answer within 30 s", marks=full)])
def test_an_answer_that_is_meant_to_harm_is_one_failure(start, tmp_path, lies, words):
    with socket.create_server(("127.0.0.1", 0)) as inside, ScriptedAuthority(tmp_path / "authority", lies=lies) as authority:
        authority.elsewhere = f"http://127.0.0.1:{inside.getsockname()[1]}/secret"
        proxy, admin = start(authority)
        with proxy:
            before = proxy.resident_kib
            proxy.wait_log(f"certificate not issued.*{words}", 40)
            assert standing(admin)["failures"] == 1
            assert proxy.resident_kib < before + 30_000
            inside.settimeout(0.2)
            with pytest.raises(TimeoutError):
                inside.accept()
            authority.lies = ""
            admin.post("/acme/renew")
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "it is over", 15)


def test_failures_are_remembered_over_a_restart_and_forgotten_with_what_caused_them(start, tmp_path):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        authority.retry_after = 4000
        proxy, admin = start(authority)
        with proxy:
            proxy.wait_log("429 rateLimited", 15)
        with start(authority)[0] as proxy:
            proxy.wait_log("certificate asked for later, since asking has failed before.*rateLimited", 10)
            time.sleep(1.5)
            assert orders(authority) == 1
            failed = standing(admin)
            assert (failed["failures"], "rateLimited" in failed["last_error"]) == (1, True)
            # An order counts more.
            assert admin.post("/acme/renew")[0] == 200
            machine.eventually(lambda: orders(authority) == 2 and standing(admin)["failures"] == 2, "it is asked for", 10)
        authority.retry_after = None
        with start(authority, acme={"email": "other@example.com"})[0]:
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "another way of asking is a new chance", 15)
        assert list((tmp_path / "storage/failures").iterdir()) == []


def test_what_another_authority_issued_is_served_until_the_configured_one_has_its_say(start, tmp_path):
    with ScriptedAuthority(tmp_path / "staging") as staging, ScriptedAuthority(tmp_path / "other", days=9) as other:
        proxy, admin = start(staging)
        with proxy:
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "the first is there", 15)
            first = leaf(proxy)
        other.held = "/newOrder"
        with start(other)[0] as proxy:
            machine.eventually(lambda: orders(other) == 1, "the other is asked", 15)
            assert leaf(proxy) == first and admin.get("/readyz?certificates")[0] == 200
            other.released.set()
            machine.eventually(lambda: leaf(proxy) != first, "its certificate is served, though it ends earlier", 15)
            time.sleep(1.5)
            assert orders(other) == 1 and orders(staging) == 1


@pytest.mark.parametrize("change", [{}, {"email": "other@example.com"}])
def test_a_reload_in_the_middle_of_an_order_loses_nothing(start, tmp_path, change):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        authority.held = "/finalize"
        proxy, admin = start(authority)
        with proxy:
            machine.eventually(lambda: "POST /finalize" in authority.requests, "the order is under way", 15)
            file = proxy.folder / "proxy.conf"
            if change:
                file.write_text(file.read_text().replace('"acme": {', '"acme": {"email": "other@example.com",'))
            assert admin.post("/reload")[0] == 200
            authority.released.set()
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "the certificate is there", 15)
            time.sleep(1.2)
            assert orders(authority) == 1 and standing(admin)["activity"] is None


@pytest.mark.parametrize("outlives", [True, False])
def test_a_hand_over_in_the_middle_of_an_order_loses_nothing(start, tmp_path, outlives):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        proxy, admin = start(authority, sections={"timeouts": {"drain": "20s"}})
        with proxy:
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "the first is there", 15)
            first = leaf(proxy)
            authority.held = "/finalize"
            assert admin.post("/acme/renew")[0] == 200
            machine.eventually(lambda: authority.requests.count("POST /finalize") == 2, "the order is under way", 15)
            # A request keeps the old process for as long as a drain may take; without one it ends at once, and the order with it.
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            held = context.wrap_socket(proxy.tcp(), server_hostname=NAME) if outlives else None
            if held:
                held.sendall(f"POST / HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 5\r\n\r\n".encode())
            old = hand_over(proxy)
            if not outlives:
                old.wait(10)
            assert leaf(proxy) == first
            authority.released.set()
            if outlives:
                machine.eventually(lambda: leaf(proxy) != first, "the new process serves what the old one has got", 15)
            else:
                assert admin.post("/acme/renew")[0] == 200
                machine.eventually(lambda: leaf(proxy) != first, "the new process gets one", 15)
            assert admin.get("/readyz?certificates")[0] == 200
            if held:
                held.close()
            old.wait(15)


MUST_STAPLE = "tlsfeature=status_request\nauthorityInfoAccess=OCSP;URI:{url}/ocsp\n"


def staple(proxy) -> bool:
    """Whether a handshake comes with the responder's word."""
    import subprocess
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", NAME, "-status"], input=b"",
        capture_output=True, timeout=20).stdout
    return b"OCSP Response Status: successful" in said and b"Cert Status: good" in said


def test_a_certificate_that_wants_a_staple_replaces_another_only_with_one(start, tmp_path):
    with ScriptedAuthority(tmp_path / "authority") as authority:
        authority.extensions = MUST_STAPLE.format(url=authority.url)
        proxy, admin = start(authority)
        with proxy:
            machine.eventually(lambda: staple(proxy), "the first has a staple soon", 15, 0.1)
            first = leaf(proxy)
            authority.held, authority.days = "/ocsp", 91
            assert admin.post("/acme/renew")[0] == 200
            machine.eventually(lambda: authority.requests.count("POST /ocsp") == 2, "the second's is asked for", 15)
            assert standing(admin)["failures"] == 0 and leaf(proxy) == first and staple(proxy)
            authority.released.set()
            machine.eventually(lambda: leaf(proxy) != first, "the second is served", 15)
            assert staple(proxy)


@pytest.mark.skipif(not preload.IS_POSSIBLE, reason="wants a C compiler, and no sanitizer")
def test_a_clock_that_is_wrong_is_told_and_does_no_harm_when_it_is_set(start, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text(str(400 * 86_400))
    with ScriptedAuthority(tmp_path / "authority") as authority:
        proxy, admin = start(authority, environment=preload.environment(tmp_path, clock=clock))
        with proxy:
            proxy.wait_log("expires no later than now.*this machine.s clock is 57[56]\\d{3} min ahead of the authority", 15)
            clock.write_text("0")
            machine.eventually(lambda: admin.get("/readyz?certificates")[0] == 200, "it is asked for again", 15)
            # Behind: what there is is good, and nothing is due.
            clock.write_text(str(-400 * 86_400))
            time.sleep(2.5)
            assert orders(authority) == 2 and standing(admin)["failures"] == 0
