"""Sends the feed to who has subscribed: one delivery of a subscription at a time, again until it is acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Final

import httpx
import structlog

from services.reporting.domain.addresses import Network
from services.reporting.domain.webhooks import MOST_ATTEMPTS, pause_seconds
from services.reporting.formats.webhook import SecretVault, delivery_headers
from services.reporting.jobs.addresses import AddressRefusedError, address_of
from services.reporting.store import subscriptions
from services.reporting.store.subscriptions import Attempt, Claimed
from services.reporting.use_cases.prepare_delivery import prepare_delivery
from shared import metrics
from shared.calendar import today_jakarta
from shared.jobs.repeat import repeat
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
POLL_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 60.0  # longer than preparing and one attempt take
ATTEMPT_SECONDS: Final = 15.0
ENTRIES_EACH: Final = 50
SENDERS: Final = 4  # attempts under way at once
SILENT_SECONDS: Final = 120.0


class WebhookSender:
    """Until it is stopped, sends what is due.

    Args:
        pool: of the worker role.
        vault: unseals secrets.
        private: networks deliveries may go to although they are not public.
    """

    def __init__(self, pool: Pool, vault: SecretVault, private: Sequence[Network]) -> None:
        self._pool = pool
        self._vault = vault
        self._private = private
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; attempts under way are ended first. Who keeps silent holds up one of several senders only."""

        async def work_off() -> None:
            while not stop.is_set() and await self.once():
                pass
            async with self._pool.acquire() as connection:
                stopped, seconds = await subscriptions.standing(connection)
            metrics.WEBHOOKS_STOPPED.set(stopped)
            metrics.WEBHOOK_FAILING_SECONDS.set(seconds)

        async with asyncio.TaskGroup() as senders:
            for _ in range(SENDERS):
                senders.create_task(repeat(work_off, POLL_SECONDS, stop))

    async def once(self) -> bool:
        """One delivery; whether there was anything to do."""
        self.moved_at = time.monotonic()
        claimed = await self._claimed()
        if claimed is None:
            return False
        if claimed.pending_key is None:
            return True  # nothing of its areas had changed
        attempt = await self._attempt(claimed)
        attempts = claimed.attempts + 1
        stop = attempts >= MOST_ATTEMPTS or attempt.status == httpx.codes.GONE
        pause = pause_seconds(attempts, random.random())  # noqa: S311 - spreads retries, guards nothing
        async with self._pool.acquire() as connection, connection.transaction():
            await subscriptions.settle_delivery(connection, claimed, attempt, pause, stop=stop)
        metrics.WEBHOOK_ATTEMPTS.labels("acknowledged" if attempt.error is None else "failed").inc()
        if attempt.error is not None:
            log = LOG.error if stop else LOG.warning
            said = {"subscription_id": str(claimed.subscription_id), "code": attempt.error, "attempts": attempts}
            log("webhook_not_acknowledged", stopped=stop, **said)
        return True

    async def _claimed(self) -> Claimed | None:
        """One that is due, with what is to be sent."""
        async with self._pool.acquire() as connection:
            claimed = await subscriptions.claim_subscription(connection, LEASE_SECONDS)
            if claimed is None or claimed.pending_key is not None:
                return claimed
            async with connection.transaction(isolation="repeatable_read"):
                return await prepare_delivery(connection, claimed, ENTRIES_EACH, today_jakarta()) or claimed

    async def _attempt(self, claimed: Claimed) -> Attempt:
        began = time.monotonic()
        status: int | None = None
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                status = await self._post(claimed)
            error = None if httpx.codes.is_success(status) else f"status_{status}"
        except AddressRefusedError:
            error = "address_refused"
        except TimeoutError:
            error = "timeout"
        except (OSError, httpx.HTTPError) as failure:
            error = "timeout" if isinstance(failure, httpx.TimeoutException) else "connection_failed"
        return Attempt(status, error, int((time.monotonic() - began) * 1000))

    async def _post(self, claimed: Claimed) -> int:
        """Send what is pending; the status of the answer, whose body nobody reads."""
        if claimed.pending_key is None or claimed.pending_body is None:
            raise LookupError("nothing is pending")
        url = httpx.URL(claimed.url)
        address = await address_of(url, self._private)
        secret = self._vault.unseal(claimed.subscription_id, claimed.sealed_secret)
        headers = delivery_headers(claimed.pending_key, secret, int(time.time()), claimed.pending_body)
        headers["Host"] = url.netloc.decode()
        # The certificate is that of the name, the connection goes to the address that was checked.
        extensions = {"sni_hostname": url.host} if url.scheme == "https" else {}
        async with (
            httpx.AsyncClient(timeout=ATTEMPT_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", url.copy_with(host=address), content=claimed.pending_body, headers=headers,
                extensions=extensions,
            ) as answer,
        ):  # fmt: skip
            return answer.status_code
