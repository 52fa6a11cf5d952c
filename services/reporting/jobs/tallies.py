"""Counts tallies that are due, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from typing import Final

import asyncpg
import structlog

from services.reporting.domain.tallies import first_kept
from services.reporting.store.due_tallies import (
    Due,
    children_of_all,
    claim_due,
    demand_missing,
    drop_tallies,
    is_ready,
    set_aside,
    settle_due,
    waiting,
)
from services.reporting.use_cases.count_tallies import count_due
from services.reporting.use_cases.find_tally import QUICKLY_COUNTED
from services.reporting.use_cases.tally_kinds import KINDS
from shared import metrics
from shared.calendar import month_of, now_utc
from shared.jobs.repeat import repeat, work_off
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Connection, Pool

LOG = structlog.get_logger(__name__)
POLL_SECONDS: Final = 1.0
SETTLED_SECONDS: Final = 3.0  # that nothing may have become due: an import changes the same months many times
LONGEST_SECONDS: Final = 300.0  # that anything waits for a quiet moment
REST: Final = 4.0  # times as long as a turn took, while facts keep coming: they go first
RETRY_SECONDS: Final = 300.0  # of an area that could not be counted
SILENT_SECONDS: Final = 300.0


class TallyKeeper:
    """Until it is stopped, counts what is due. Several, in several processes, never count the same at a time.

    As long as all children together are counted quickly, no tally is needed and none is kept. What cannot be done now
    (database away, deadlock) is done at the next turn. An area that makes counting fail, or last too long, is set aside
    and tried again later; the others go on.

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
        await repeat(lambda: work_off(self._timed_turn, stop), POLL_SECONDS, stop)

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
            due = await self._turn(connection, this_month)
            areas, age, aside = await waiting(connection)
        metrics.TALLIES_WAITING.set(areas)
        metrics.TALLIES_OLDEST_SECONDS.set(max(0.0, age))
        metrics.TALLIES_SET_ASIDE.set(aside)
        return due is not None

    async def _turn(self, connection: Connection, this_month: date) -> Due | None:
        """Count one area; what it was, also if it was set aside."""
        due = None
        try:
            async with connection.transaction(isolation="repeatable_read"):
                if await is_ready(connection, self._settled_seconds, LONGEST_SECONDS):
                    due = await claim_due(connection)
                due = due or await claim_due(connection, RETRY_SECONDS)
                if due is not None:
                    await count_due(connection, due, this_month, now_utc())
            if due is not None:
                is_kept = max(due.changed) >= first_kept(this_month)
                async with connection.transaction():
                    await (settle_due if is_kept else drop_tallies)(connection, due)
        except Exception as error:
            if due is None or not _is_of_the_area(error):
                raise
            LOG.exception("tallies_set_aside", area_code=due.area_code, months=len(due.changed))
            async with connection.transaction():
                await set_aside(connection, due)
        return due


def _is_of_the_area(error: Exception) -> bool:
    """Whether other areas can be counted all the same. What lasts too long would else be begun again and again."""
    return isinstance(error, (TimeoutError, asyncpg.QueryCanceledError)) or not is_not_now(error)
