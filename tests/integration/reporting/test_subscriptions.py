"""Changed figures sent to a partner: signed, once in effect, again until acknowledged, never of a child."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.reporting.domain.webhooks import MOST_ATTEMPTS, signature
from services.reporting.formats.webhook import SecretVault
from services.reporting.jobs.webhooks import WebhookSender
from services.reporting.store.subscriptions import claim_subscription
from services.reporting.use_cases.prepare_delivery import prepare_delivery
from tests.integration.reporting.ground import FEED_KEY, Office, deliver
from tests.integration.reporting.test_feed import gathered, served
from tests.integration.reporting.test_province import lives, two_kabupaten, visited
from tests.integration.shared import small_service
from tests.unit.reporting.history import DESA

BORN = date(2026, 1, 10)
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Partner:
    """A receiver as partners write one: checks the signature, keeps each key once. It answers as it is told."""

    url: str = ""
    secret: bytes = b""
    answers: list[int] = field(default_factory=list)
    waits_for: asyncio.Event | None = None  # keeps silent until then
    called: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[tuple[str, str]] = field(default_factory=list)  # key and timestamp of every request
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0
    elsewhere: int = 0

    async def take(self, request: Request) -> Response:
        body = await request.body()
        timestamp, key = request.headers["tumbuh-timestamp"], request.headers["idempotency-key"]
        if not hmac.compare_digest(signature(self.secret, int(timestamp), body), request.headers["tumbuh-signature"]):
            self.refused += 1
            return Response(status_code=401)
        self.received.append((key, timestamp))
        self.called.set()
        if self.waits_for is not None:
            await self.waits_for.wait()
        status = self.answers.pop(0) if self.answers else 204
        if status in {204, 504}:  # 504: stored, and the answer lost on the way
            self.stored.setdefault(key, json.loads(body))
        return Response(status_code=status, headers={"location": "/elsewhere"} if status == 307 else None)

    async def other(self, _request: Request) -> Response:
        self.elsewhere += 1
        return Response(status_code=204)

    @property
    def entries(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What it knows now: the latest entry of each area and month."""
        return {(item["area"], item["period"]): item for one in self.stored.values() for item in one["entries"]}


@asynccontextmanager
async def partner_of() -> AsyncIterator[Partner]:
    partner = Partner()
    routes = [Route("/in", partner.take, methods=["POST"]), Route("/elsewhere", partner.other, methods=["POST"])]
    async with served(Starlette(routes=routes)) as url:
        partner.url = f"{url}/in"
        yield partner


async def asked(
    office: Office,
    method: str,
    path: str,
    body: Any = None,
    *,
    areas: tuple[str, ...] = ("12.19",),
    seen: str = "",
    key: str = "",
) -> httpx.Response:
    told = {"authorization": f"Bearer {small_service.token('district', areas)}"}
    told |= {"idempotency-key": key or str(uuid.uuid4())} if method == "POST" else {}
    told |= {"if-match": seen} if seen else {}
    return await office.client.request(method, f"/v1/subscriptions{path}", json=body, headers=told)


async def subscribed(office: Office, partner: Partner, **fields: Any) -> str:
    answer = await asked(office, "POST", "", {"url": partner.url, "areas": ["12.19"], **fields})
    assert answer.status_code == 201, answer.text
    partner.secret = answer.json()["secret"].encode()
    return str(answer.json()["subscription_id"])


async def sent(office: Office, *, at_once: bool = False, private: Any = LOOPBACK) -> None:
    """Let the sender work off what is due; with `at_once`, without waiting for the pauses."""
    await gathered(office)
    sender = WebhookSender(office.worker, SecretVault(FEED_KEY), private)
    while True:
        if at_once:
            await office.worker.execute("UPDATE subscription SET due_at = now()")
        if not await sender.once():
            return


@pytest.fixture
async def measured(office: Office) -> Office:
    facts = [*two_kabupaten()]
    for number in range(1, 13):
        desa = DESA[0] if number < 7 else DESA[2]
        facts += [lives(number, (BORN, desa)), *visited(number, date(2026, 3, 4), haz=-2.4 if number < 3 else -1)]
    await deliver(office.worker, facts)
    return office


async def test_a_partner_that_stores_and_answers_504_sees_one_effect(measured: Office) -> None:
    """B124: sent again under the same key with the same bytes, though the figures have changed meanwhile."""
    async with partner_of() as partner:
        await subscribed(measured, partner)
        partner.answers = [504, 503, 204]
        await sent(measured)
        await deliver(measured.worker, visited(1, date(2026, 3, 20), haz=-1))
        await sent(measured, at_once=True)
        assert len(partner.received) == 4
        assert len({key for key, _ in partner.received[:3]}) == 1
        assert len(partner.stored) == 2, "one effect of the first, then what changed meanwhile"
        assert partner.refused == 0
        item = partner.entries["12.19.01", "2026-03"]
        assert item["figures"]["measured_children"] == 6
        first = next(iter(partner.stored.values()))
        assert {entry["area"] for entry in first["entries"]} == {"12.19.01", "12.19.02"}
    log = (await asked(measured, "GET", f"/{await _only(measured)}/deliveries")).json()["items"]
    assert [(row["status"], row["error"], row["attempt"]) for row in log] == [
        (204, None, 1), (204, None, 3), (503, "status_503", 2), (504, "status_504", 1),
    ]  # fmt: skip


async def test_a_receiver_that_keeps_silent_holds_nobody_else_up(measured: Office) -> None:
    async with partner_of() as silent, partner_of() as quick:
        await subscribed(measured, silent)
        await gathered(measured)
        silent.waits_for = quick.called
        stop = asyncio.Event()
        running = asyncio.create_task(WebhookSender(measured.worker, SecretVault(FEED_KEY), LOOPBACK).run(stop))
        try:
            async with asyncio.timeout(10):
                await silent.called.wait()
                await subscribed(measured, quick)
                await quick.called.wait()
        finally:
            quick.called.set()
            stop.set()
            await running


async def _only(office: Office) -> str:
    (item,) = (await asked(office, "GET", "")).json()["items"]
    return str(item["subscription_id"])


async def test_what_is_sent_is_suppressed_and_of_no_child_whoever_decided(measured: Office) -> None:
    async with partner_of() as partner:
        await subscribed(measured, partner, level="desa")
        await sent(measured)
        item = partner.entries[DESA[0], "2026-03"]
        assert (item["figures"]["measured_children"], item["figures"]["stunted"]) == (6, None)
        assert "stunted" in item["figures"]["suppressed"]
        told = json.dumps(list(partner.stored.values()))
        assert "child_id" not in told
        assert "12.05" not in told


async def test_after_too_many_failures_it_stands_still_is_shown_and_goes_on_when_redriven(measured: Office) -> None:
    async with partner_of() as partner:
        subscription_id = await subscribed(measured, partner)
        partner.answers = [500] * MOST_ATTEMPTS
        await sent(measured, at_once=True)
        told = (await asked(measured, "GET", f"/{subscription_id}")).json()
        assert (told["state"], told["last_error"], told["attempts"]) == ("stopped", "status_500", MOST_ATTEMPTS)
        assert len(partner.received) == MOST_ATTEMPTS
        await sent(measured, at_once=True)
        assert len(partner.received) == MOST_ATTEMPTS, "it stands still"
        redriven = await asked(measured, "POST", f"/{subscription_id}:redrive")
        assert redriven.json()["state"] == "active"
        await sent(measured)
        assert len({key for key, _ in partner.received}) == len(partner.stored) == 1
        told = (await asked(measured, "GET", f"/{subscription_id}")).json()
        assert (told["attempts"], told["failing_since"], told["entries_under_way"]) == (0, None, 0)


async def test_no_redirect_is_followed_and_no_private_address_is_asked(measured: Office) -> None:
    async with partner_of() as partner:
        subscription_id = await subscribed(measured, partner)
        partner.answers = [307]
        await sent(measured)
        assert (partner.elsewhere, len(partner.received)) == (0, 1)
        await measured.worker.execute("UPDATE subscription SET due_at = now()")
        sender = WebhookSender(measured.worker, SecretVault(FEED_KEY), ())
        await sender.once()
        told = (await asked(measured, "GET", f"/{subscription_id}")).json()
        assert (told["last_error"], len(partner.received)) == ("address_refused", 1)
        measured.app.state.webhooks_plain_http = False
        try:
            refused = await asked(measured, "POST", "", {"url": partner.url, "areas": ["12.19"]})
            assert (refused.status_code, refused.json()["code"]) == (422, "https_needed")
        finally:
            measured.app.state.webhooks_plain_http = True
        seen = (await asked(measured, "GET", f"/{subscription_id}")).headers["etag"]
        for method, path, more in (("POST", "", {"areas": ["12.19"]}), ("PATCH", f"/{subscription_id}", {})):
            refused = await asked(measured, method, path, {"url": "https://169.254.169.254/x", **more}, seen=seen)
            assert (refused.status_code, refused.json()["code"]) == (422, "address_not_public")


async def test_people_decide_for_their_own_areas_only_and_the_secret_is_shown_once(measured: Office) -> None:
    async with partner_of() as partner:
        outside = await asked(measured, "POST", "", {"url": partner.url, "areas": ["12.19", "12.05"]})
        assert (outside.status_code, outside.json()["code"]) == (403, "outside_area")
        body, key = {"url": partner.url, "areas": ["12.19"]}, "subscribe-1"
        first, again = [await asked(measured, "POST", "", body, key=key) for _ in range(2)]
        assert first.json()["subscription_id"] == again.json()["subscription_id"]
        assert "secret" in first.json()
        assert "secret" not in again.json()
        kept = await measured.worker.fetchval("SELECT string_agg(convert_from(body, 'utf8'), '') FROM idempotency_key")
        assert first.json()["secret"] not in kept
        subscription_id = first.json()["subscription_id"]
        assert (await asked(measured, "GET", f"/{subscription_id}", areas=("12.05",))).status_code == 404
        partner.secret = b"an old one"
        await sent(measured)
        assert partner.refused == 1
        rotated = await asked(measured, "POST", f"/{subscription_id}:rotate-secret")
        partner.secret = rotated.json()["secret"].encode()
        await sent(measured)
        assert len(partner.stored) == 1


async def test_a_paused_subscription_is_told_nothing_until_it_goes_on(measured: Office) -> None:
    async with partner_of() as partner:
        subscription_id = await subscribed(measured, partner)
        seen = (await asked(measured, "GET", f"/{subscription_id}")).headers["etag"]
        paused = await asked(measured, "PATCH", f"/{subscription_id}", {"state": "paused"}, seen=seen)
        assert paused.json()["state"] == "paused"
        stale = await asked(measured, "PATCH", f"/{subscription_id}", {"state": "active"}, seen=seen)
        assert stale.status_code == 412
        await sent(measured, at_once=True)
        assert partner.received == []
        seen = paused.headers["etag"]
        await asked(measured, "PATCH", f"/{subscription_id}", {"state": "active"}, seen=seen)
        senders = [WebhookSender(measured.worker, SecretVault(FEED_KEY), LOOPBACK) for _ in range(3)]
        await asyncio.gather(*(sender.once() for sender in senders))
        assert len(partner.received) == 1, "one delivery at a time, however many send"


async def test_a_deleted_subscription_is_sent_nothing_more_and_its_secret_and_what_waited_are_gone(
    measured: Office,
) -> None:
    async with partner_of() as partner:
        subscription_id = await subscribed(measured, partner)
        partner.answers = [503]
        await sent(measured)
        path, before = f"/{subscription_id}", len(partner.received)
        held = await asked(measured, "GET", path)
        seen, waiting = held.headers["etag"], held.json()["entries_under_way"]
        assert (await asked(measured, "DELETE", path)).status_code == 428
        assert (await asked(measured, "DELETE", path, seen='"1.99"')).status_code == 412
        assert (await asked(measured, "DELETE", path, areas=("12.05",), seen=seen)).status_code == 404
        assert [(await asked(measured, "DELETE", path, seen=seen)).status_code for _ in range(2)] == [204, 204]
        assert (await asked(measured, "GET", "")).json()["items"] == []
        told = (await asked(measured, "GET", path)).json()
        assert (told["state"], told["entries_under_way"]) == ("deleted", 0)
        kept = await measured.worker.fetchrow("SELECT sealed_secret, pending_body, deleted_by FROM subscription")
        assert kept is not None
        assert (kept[0], kept[1]) == (None, None)
        assert kept[2]
        newest, *_ = (await asked(measured, "GET", f"{path}/deliveries")).json()["items"]
        assert (newest["status"], newest["error"], newest["entries"]) == (None, "subscription_deleted", waiting)
        await measured.worker.execute("UPDATE subscription SET due_at = now()")
        await sent(measured)
        assert len(partner.received) == before
        for method, verb in (("POST", ":redrive"), ("POST", ":rotate-secret"), ("PATCH", "")):
            answer = await asked(measured, method, path + verb, {"state": "active"} if not verb else None, seen=seen)
            assert (answer.status_code, answer.json()["code"]) == (409, "subscription_deleted")


async def test_one_that_is_deleted_while_its_delivery_is_prepared_is_not_sent_it(measured: Office) -> None:
    async with partner_of() as partner:
        subscription_id = await subscribed(measured, partner)
        await gathered(measured)
        async with measured.worker.acquire() as connection:
            claimed = await claim_subscription(connection, 60)
            assert claimed is not None
            seen = (await asked(measured, "GET", f"/{subscription_id}")).headers["etag"]
            assert (await asked(measured, "DELETE", f"/{subscription_id}", seen=seen)).status_code == 204
            async with connection.transaction():
                assert await prepare_delivery(connection, claimed, 50, date(2026, 5, 20)) is None
