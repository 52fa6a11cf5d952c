"""What a worker does beside its consumer: how long a critical value waits, orders without a laboratory, old answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from services.lab.store.criticals import oldest_raised
from services.lab.store.messages import forget_messages
from services.lab.use_cases.keep_orders import route_unassigned
from shared import metrics
from shared.calendar import now_utc
from shared.http.idempotency import forget_old_keys
from shared.jobs.repeat import repeat
from shared.outbox.publish import publish
from shared.postgres.pool import Pool

EVERY_SECONDS: Final = 10.0


class Housekeeping:
    """Done again and again; what fails because the database is away is done at the next turn."""

    def __init__(
        self, pool: Pool, wake: Callable[[], None], inbound_kept_days: int, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._pool = pool
        self._wake = wake
        self._inbound_kept = timedelta(days=inbound_kept_days)
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await repeat(self.once, self._every_seconds, stop)

    async def once(self) -> None:
        """One turn."""
        now = now_utc()
        async with self._pool.acquire() as connection:
            raised_at = await oldest_raised(connection)
            age = 0.0 if raised_at is None else max(0.0, (now - raised_at).total_seconds())
            metrics.CRITICAL_VALUES_UNACKNOWLEDGED_AGE_SECONDS.set(age)
            await forget_old_keys(connection)
            await forget_messages(connection, now - self._inbound_kept)
            # An order opened while its laboratory was being entered was seen by neither.
            async with connection.transaction():
                routed = await route_unassigned(connection, now)
                await publish(connection, routed)
        if routed:
            self._wake()
