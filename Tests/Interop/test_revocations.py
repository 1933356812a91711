"""Who is revoked: out of the session that lives, out of the one that waits for its client, and not in again by any way."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus

from support.admin import free_admin
from support.http2 import Http2
from support.proxy import route, upstream
from support.resuming import Resuming
from support.tokens import Issuer, bearer
from support.wire import Wire, upgrade_request
from test_resume import Backend, eventually

NOW = int(time.time())


@pytest.fixture(scope="module")
def house(shared_run, tmp_path_factory):
    issuer, admin = Issuer("ES256"), free_admin()
    jwt = {"keys": issuer.write(tmp_path_factory.mktemp("keys") / "keys"), "algorithms": ["ES256"]}
    backend = Backend()
    config = {"workers": 2, "admin": admin.section,
              "routes": [route("/", "app", access={"jwt": jwt}, resume={"within": "60s"})],
              "upstreams": {"app": upstream(backend.address, pool={"warm": 0})}}
    with shared_run(config) as proxy:
        yield SimpleNamespace(proxy=proxy, admin=admin, issuer=issuer, backend=backend)


class Person:
    """One user: a session that lives, and one whose client is away."""

    def __init__(self, house, subject: str, token: str, **claims):
        self.house, self.claims = house, {"sub": subject, "jti": token, "iat": NOW - 100, **claims}

    def fields(self, **claims) -> dict:
        return bearer(self.house.issuer.sign(**{**self.claims, **claims}))

    async def come(self) -> None:
        context = self.house.proxy.authority.client_context()
        url = f"wss://localhost:{self.house.proxy.port}/"
        self.live, self.parked = [
            await Resuming(url, ssl=context, additional_headers=self.fields()).open() for _ in range(2)]
        await self.parked.say("before")
        await self.parked.until(1)
        await self.parked.cut()

    async def back(self, **claims) -> bool | int:
        """Whether the session that waited was there; else the refusal's status."""
        try:
            await self.parked.back(additional_headers=self.fields(**claims))
        except InvalidStatus as refused:
            return refused.response.status_code
        resumed = self.parked.words["resumed"]
        await self.parked.leave()
        return resumed

    def handshakes(self, **claims) -> set[int]:
        """The answers to new ones: on a connection of its own, on one with an old ticket, over HTTP/2."""
        proxy, fields = self.house.proxy, list(self.fields(**claims).items())
        context = proxy.authority.client_context()
        found, ticket = set(), None
        for turn in range(2):
            sock = context.wrap_socket(proxy.tcp(), server_hostname="localhost", session=ticket)
            assert sock.session_reused is (turn == 1)
            with Wire(sock) as wire:
                wire.sock.sendall(upgrade_request("/", fields=fields))
                found.add(wire.read_head().status)
                ticket = sock.session
        with Http2(proxy) as connection:
            status = connection.connect(fields=[(name.lower(), value) for name, value in fields]).head.status
            found.add(101 if status == 200 else status)
        return found


KINDS = {
    "subject": ({"sub": "ada1"}, "subject=ada1", False),
    "token": ({"sub": "ada2", "jti": "t2"}, "token_id=t2", True),
    "subject and time": ({"sub": "ada3"}, f"subject=ada3&issued_before={NOW - 50}", True),
    "subject and token": ({"sub": "ada4", "jti": "t4"}, "subject=ada4&token_id=t4", True),
    "time": ({"sub": "ada5", "iat": NOW - 1000}, f"issued_before={NOW - 500}", True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_revoked_gets_in_by_no_way(house, kind):
    claims, query, by_new_token = KINDS[kind]
    name = kind.replace(" ", "-")

    async def life():
        backend = house.backend
        ada, bob = Person(house, "", f"{name}-1"), Person(house, f"bob-{name}", f"{name}-2")
        ada.claims |= claims
        for person in (ada, bob):
            await person.come()
        closes = len(backend.closes)
        status, text = await asyncio.to_thread(house.admin.post, f"/revocations?{query}")
        assert status == 200 and json.loads(text)["sessions"] == 2
        # Both end at once, the one without a client too, and there is nothing to come back to.
        assert await ada.live.until_closed(2) == (4401, "access was revoked")
        await eventually(lambda: len(backend.closes) == closes + 2, "the backend sees both end")
        assert await ada.back() == 401
        assert await asyncio.to_thread(ada.handshakes) == {401}
        # A newer token helps where it is the token that was revoked; the session is gone all the same.
        fresh = {"jti": f"{name}-new", "iat": NOW}
        assert await ada.back(**fresh) == (False if by_new_token else 401)
        assert await asyncio.to_thread(ada.handshakes, **fresh) == ({101} if by_new_token else {401})
        # Nobody else notices.
        await bob.live.say("still here")
        assert await bob.live.until(1) == ["still here"]
        assert await asyncio.to_thread(bob.handshakes) == {101}
        assert await bob.back() is True
        await bob.live.leave()

    async def whole():
        async with house.backend:
            await asyncio.wait_for(life(), 60)
    asyncio.run(whole())


def test_a_client_that_comes_back_in_the_same_moment_does_not_slip_in(house):
    """Coming back and being revoked, in either order: whoever got his session loses it."""
    async def life():
        for turn in range(8):
            ada = Person(house, f"race{turn}", f"race-{turn}")
            await ada.come()
            order = asyncio.to_thread(house.admin.post, f"/revocations?subject=race{turn}")
            coming = ada.parked.back(additional_headers=ada.fields())
            pair = (order, coming) if turn % 2 else (coming, order)
            _, came = sorted(await asyncio.gather(*pair, return_exceptions=True), key=lambda got: isinstance(got, tuple),
                             reverse=True)
            if isinstance(came, InvalidStatus):
                assert came.response.status_code == 401
            else:
                assert await ada.parked.until_closed(2) == (4401, "access was revoked")
            assert await ada.live.until_closed(2) == (4401, "access was revoked")
            assert await ada.back() == 401

    async def whole():
        async with house.backend:
            await asyncio.wait_for(life(), 60)
    asyncio.run(whole())


def test_a_full_list_says_so_and_its_file_is_read_again(run, tmp_path):
    """As many as there may be; one more is refused, and nothing of it counts. What has ended takes no room."""
    admin, kept = free_admin(), tmp_path / "revocations.json"
    config = {"admin": {**admin.section, "revocations": str(kept)},
              "routes": [{"name": "only", "match": {"path": "/"}, "respond": {"status": 200}}], "upstreams": {}}
    name = "x" * 500
    until = time.time() + 3600
    entry = '{"subject": "%s%d", "until": %f}'
    count = (1 << 20) // 512
    ended = entry % ("long ago", 0, time.time() - 10)
    kept.write_text('{"revocations": [' + ",".join([ended, *(entry % (name, 10**11 + number, until)
                                                            for number in range(count))]) + "]}")
    with run(config, tls=False) as proxy:
        assert admin.metrics().value("trunkline_revocations") == count
        status, text = admin.post("/revocations?subject=" + "x" * 100)
        assert status == 507 and "there is no room" in text
        assert admin.post("/revocations?issued_before=1")[0] == 200
        assert kept.stat().st_size > 1 << 20
        proxy.allowed_exit = (-9,)
        proxy.process.kill()
        proxy.process.wait()
    with run(config, tls=False):
        assert admin.metrics().value("trunkline_revocations") == count + 1
