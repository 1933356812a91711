"""Authorities that lie, are slow, or give advice: nothing that they say stops the proxy from serving what it has."""

import time

import pytest

from support import machine
from support.admin import Admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration
from support.scripted_authority import ScriptedAuthority

NAME = "chat.example.com"


@pytest.fixture
def start(run, tmp_path):
    """`with start(authority) as (proxy, admin):`"""
    admin = Admin(machine.free_port())

    def make(authority, **more):
        with ScriptedBackend(echo) as backend:
            address = backend.address
        config = configuration(address, admin=admin.section, acme=authority.section(tmp_path / "storage"), **more)
        return run(config, listener={"tls": {"acme": [NAME]}}), admin
    return make


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
