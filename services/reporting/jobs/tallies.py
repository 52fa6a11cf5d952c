"""Counts tallies that are due, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from typing import Final

from services.reporting.domain.tallies import first_kept
from services.reporting.store.tallies import (
    children_of_all,
    demand_missing,
    drop_tallies,
    is_ready,
    settle_due,
    waiting,
)
from services.reporting.use_cases.count_tallies import count_due
from services.reporting.use_cases.find_tally import QUICKLY_COUNTED
from services.reporting.use_cases.tally_kinds import KINDS
from shared import metrics
from shared.calendar import month_of, now_utc
from shared.jobs.repeat import repeat
from shared.postgres.pool import Pool

POLL_SECONDS: Final = 1.0
SETTLED_SECONDS: Final = 3.0  # that nothing may have become due: an import changes the same months many times
LONGEST_SECONDS: Final = 300.0  # that anything waits for a quiet moment
REST: Final = 4.0  # times as long as a turn took, while facts keep coming: they go first
SILENT_SECONDS: Final = 300.0


class TallyKeeper:
    """Until it is stopped, counts what is due. Several, in several processes, never count the same at a time.

    As long as all children together are counted quickly, no tally is needed and none is kept.

    Args:
        pool: of the worker role.
        today: the edge's word on the day.
        settled_seconds: how long nothing may have become due before counting begins.
    """

    def __init__(self, pool: Pool, today: Callable[[], date], *, settled_seconds: float = SETTLED_SECONDS) -> None:
        self._pool = pool
        self._today = today
        self._settled_seconds = settled_seconds
        self.begun: date | None = None  # the month for which every area has been asked about
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        async def work_off() -> None:
            while not stop.is_set() and (seconds := await self._timed_turn()) is not None:
                try:
                    await asyncio.wait_for(stop.wait(), seconds)
                except TimeoutError:
                    continue

        await repeat(work_off, POLL_SECONDS, stop)

    async def _timed_turn(self) -> float | None:
        """Seconds to rest after a turn; None if nothing was to be done."""
        began = time.monotonic()
        return (time.monotonic() - began) * REST if await self.once() else None

    async def once(self) -> bool:
        """One turn; whether there was anything to do."""
        self.moved_at = time.monotonic()
        this_month = month_of(self._today())
        async with self._pool.acquire() as connection:
            if await children_of_all(connection, this_month) <= QUICKLY_COUNTED:
                return False
            if self.begun != this_month:
                kinds = [kind.kind for kind in KINDS]
                await demand_missing(connection, kinds, first_kept(this_month), this_month)
                self.begun = this_month
            due = None
            if await is_ready(connection, self._settled_seconds, LONGEST_SECONDS):
                async with connection.transaction(isolation="repeatable_read"):
                    due = await count_due(connection, this_month, now_utc())
                if due is not None:
                    is_kept = max(due.changed) >= first_kept(this_month)
                    async with connection.transaction():
                        await (settle_due if is_kept else drop_tallies)(connection, due)
            areas, age = await waiting(connection)
        metrics.TALLIES_WAITING.set(areas)
        metrics.TALLIES_OLDEST_SECONDS.set(max(0.0, age))
        return due is not None
