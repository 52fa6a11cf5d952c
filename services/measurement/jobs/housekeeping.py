"""What a worker does beside its jobs: tell how much waits for people, and forget what is past its time."""

from __future__ import annotations

import asyncio
from typing import Final

from services.measurement.store import counts, exports, quarantine, reconciliations
from shared import metrics
from shared.calendar import now_utc
from shared.http.idempotency import forget_old_keys
from shared.jobs.repeat import repeat
from shared.jobs.table import refresh_metrics
from shared.ledger.compare import judge_intake
from shared.postgres.pool import Pool

EVERY_SECONDS: Final = 30.0


class Housekeeping:
    """Done again and again; what fails because the database is away is done at the next turn."""

    def __init__(self, pool: Pool, every_seconds: float = EVERY_SECONDS) -> None:
        self._pool = pool
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await repeat(self.once, self._every_seconds, stop)

    async def once(self) -> None:
        """One turn."""
        async with self._pool.acquire() as connection:
            await refresh_metrics(connection)
            metrics.QUARANTINE_OPEN_ROWS.set(await quarantine.open_count(connection))
            difference = judge_intake(await counts.totals(connection))["difference"]
            metrics.LEDGER_IMBALANCE.labels(kind="intake").set(abs(difference))
            await forget_old_keys(connection)
            async with connection.transaction():
                await exports.forget_expired(connection, now_utc())
                await reconciliations.forget_expired(connection, now_utc())
