"""Gathers marks into the feed, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from services.reporting.store.feed import gather
from shared import metrics
from shared.calendar import month_of, today_jakarta
from shared.jobs.repeat import repeat
from shared.postgres.pool import Pool

POLL_SECONDS: Final = 1.0  # what changes more often than that is told once
MARKS_EACH: Final = 200
SILENT_SECONDS: Final = 120.0


class FeedGatherer:
    """Until it is stopped, numbers what changed. Two of them, in two processes, take turns at the row of feed_state.

    Args:
        pool: of the worker role.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        async def work_off() -> None:
            while await self.once() and not stop.is_set():
                pass

        await repeat(work_off, POLL_SECONDS, stop)

    async def once(self) -> bool:
        """One turn; whether there may be more to do."""
        self.moved_at = time.monotonic()
        today = today_jakarta()
        async with self._pool.acquire() as connection:
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM figure_mark)"):
                return False
            async with connection.transaction():
                marks = await gather(connection, month_of(today), MARKS_EACH)
        metrics.FEED_MARKS_GATHERED.inc(marks)
        return marks == MARKS_EACH
