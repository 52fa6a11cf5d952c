"""Releases what is due, by the calendar or because a kabupaten asked, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import asyncpg
import structlog

from services.reporting.domain.suppression import released_next
from services.reporting.store.cut_offs import standing_at
from services.reporting.store.feed import tell_released
from services.reporting.store.release_turns import (
    Claimed,
    begin_turn,
    claim_release,
    is_turn_begun,
    plan_releases,
    releases_waiting,
    releasing_alone,
    set_release_aside,
    settle_release,
)
from services.reporting.store.releases import unreleased
from services.reporting.use_cases.release_period import due, release_period
from shared import metrics
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import end_of_day, month_of, now_utc
from shared.jobs.repeat import repeat, work_off
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Connection, Pool

LOG = structlog.get_logger(__name__)
POLL_SECONDS: Final = 2.0
REST: Final = 1.0  # times as long as a turn took: facts that keep coming go first
LONGEST_REST_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 300.0  # of a period that could not be released
SILENT_SECONDS: Final = 3600.0  # a province's year takes minutes, on a slow machine many


class ReleaseKeeper:
    """Until it is stopped, releases what is due, a period in a transaction. Of several processes one at a time does.

    On the first turn in a calendar month from its eleventh day on it plans what is due then, once the consumer is past
    the day before: who was down on the eleventh does it when it is up again. What makes a release fail is set aside
    and tried again later; other periods go on, but not those that it lies in.

    Args:
        pool: of the worker role.
        today: the edge's word on the day.
    """

    def __init__(self, pool: Pool, today: Callable[[], date]) -> None:
        self._pool = pool
        self._today = today
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        await repeat(lambda: work_off(self._timed_turn, stop), POLL_SECONDS, stop)

    async def _timed_turn(self) -> float | None:
        """Seconds to rest after a turn; None if nothing was to be done."""
        began = time.monotonic()
        if not await self.once():
            return None
        return min((time.monotonic() - began) * REST, LONGEST_REST_SECONDS)

    async def once(self) -> bool:
        """One turn; whether there was anything to do."""
        self.moved_at = time.monotonic()
        today = self._today()
        claimed = None
        async with self._pool.acquire() as connection:
            async with releasing_alone(connection) as alone:
                if alone:
                    await self._plan(connection, today)
                    claimed = await self._release(connection, today)
            await self._measure(connection, today)
        return claimed is not None

    async def _plan(self, connection: Connection, today: date) -> None:
        """Plan the calendar month's releases, once its day has come and everything of the day before is applied."""
        if not await self._is_turn_due(connection, today):
            return
        async with connection.transaction(isolation="repeatable_read"):
            standing = await standing_at(connection, today - timedelta(days=1))
            if standing.unknown or standing.behind:
                return
            planned, at = await due(connection, today), now_utc()
            await begin_turn(connection, month_of(today), at)
            await plan_releases(connection, planned, at)
        LOG.info("releases_planned", periods=len(planned))

    async def _is_turn_due(self, connection: Connection, today: date) -> bool:
        month = month_of(today)
        return today >= released_next(month) and not await is_turn_begun(connection, month)

    async def _measure(self, connection: Connection, today: date) -> None:
        periods, age, aside = await releases_waiting(connection)
        if await self._is_turn_due(connection, today):
            since = end_of_day(released_next(month_of(today))) - timedelta(days=1)
            age = max(age, (now_utc() - since).total_seconds())
        metrics.RELEASES_WAITING.set(periods)
        metrics.RELEASES_OLDEST_SECONDS.set(max(0.0, age))
        metrics.RELEASES_SET_ASIDE.set(aside)

    async def _release(self, connection: Connection, today: date) -> Claimed | None:
        """Release one period; which it was, also if it was set aside."""
        claimed = None
        try:
            async with connection.transaction(isolation="repeatable_read"):
                claimed = await claim_release(connection, RETRY_SECONDS)
                if claimed is not None and not await self._work_out(connection, claimed, today):
                    return None
            if claimed is not None:
                # Apart: the feed's last number is held only for a moment. Who is stopped in between tells it next time.
                async with connection.transaction():
                    await tell_released(connection, claimed.provinsi, claimed.kabupaten, claimed.period)
                    await settle_release(connection, claimed.due_id)
        except Exception as error:
            if claimed is None or not _is_of_the_period(error):
                raise
            LOG.exception("release_set_aside", provinsi=claimed.provinsi, period=str(claimed.period))
            async with connection.transaction():
                await set_release_aside(connection, claimed.due_id)
        return claimed

    async def _work_out(self, connection: Connection, claimed: Claimed, today: date) -> bool:
        """Whether it is released. What is so already, at another request, is not released again."""
        kabupaten = await unreleased(connection, claimed.kabupaten, claimed.period)
        if not kabupaten:
            return True
        await areas.apply(connection, AreaGrant((claimed.provinsi,)))
        about = claimed.provinsi, claimed.period, kabupaten, today, claimed.asked_by
        return await release_period(connection, *about) is not None  # None: another program is at the provinsi


def _is_of_the_period(error: Exception) -> bool:
    """Whether others can be released all the same. What lasts too long would else be begun again and again."""
    return isinstance(error, (TimeoutError, asyncpg.QueryCanceledError)) or not is_not_now(error)
