"""What a worker does beside its consumer: count jobs, forget what is past its time."""

from __future__ import annotations

import asyncio
from typing import Final

from services.reporting.store import exports
from shared.calendar import now_utc
from shared.http.idempotency import forget_old_keys
from shared.jobs.repeat import repeat
from shared.jobs.table import refresh_metrics
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
            await forget_old_keys(connection)
            await exports.forget_expired(connection, now_utc())
