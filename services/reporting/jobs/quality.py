"""Judges the quality of marked posyandu-months, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from typing import Final

import structlog

from services.reporting.domain.quality_ruleset import QualityRules
from services.reporting.store import quality_marks, quality_sums
from services.reporting.store.quality_marks import PosyanduMonth
from services.reporting.use_cases.judge_quality import judge_anew, judge_claimed, sum_kecamatan
from services.reporting.use_cases.keep_alerts import Clock
from shared import metrics
from shared.jobs.repeat import repeat
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
SETTLED_SECONDS: Final = 1.0  # the visits of one posyandu come in several batches: judged once, not once for each
RETRY_SECONDS: Final = 300.0  # of a kecamatan that could not be judged
LONGEST_SECONDS: Final = 30.0  # that a mark waits for a quiet moment
POLL_SECONDS: Final = 0.5
MEASURE_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 300.0  # longer than any turn takes


class NotJudgedError(Exception):
    """Judging failed by our own fault; `marks` say what was to be judged."""

    def __init__(self, marks: list[int]) -> None:
        super().__init__(f"{len(marks)} marks")
        self.marks = marks


class QualityJudge:
    """Until it is stopped, judges what is marked.

    What cannot be done now (database away, deadlock) is done at the next turn. What makes the judgement fail is set
    aside by kecamatan and tried again later; the others and the consumer go on, its mark grows old, the ledger stays
    `unsettled`.

    Args:
        pool: of the worker role.
        rules: that judge.
        clock: the edge's word on time.
        settled_seconds: how long no mark may have come before marks are taken.
    """

    def __init__(
        self, pool: Pool, rules: QualityRules, clock: Callable[[], Clock], *, settled_seconds: float = SETTLED_SECONDS
    ) -> None:
        self._pool = pool
        self._rules = rules
        self._clock = clock
        self._settled_seconds = settled_seconds
        self._measured_at = -MEASURE_SECONDS
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        is_known = False

        async def work_off() -> None:
            nonlocal is_known
            if not is_known:
                await self.begin()
                await self.sum_what_was_judged()
                is_known = True
            while not stop.is_set() and await self.once():
                pass

        await repeat(work_off, POLL_SECONDS, stop)

    async def begin(self) -> None:
        """This may be another program: other rules judge everything once more, what failed is tried at once."""
        async with self._pool.acquire() as connection, connection.transaction():
            await quality_marks.try_again(connection)
            if await judge_anew(connection, self._rules):
                LOG.info("judging_quality_anew", rules_version=self._rules.version)

    async def sum_what_was_judged(self) -> None:
        """Once after an upgrade: what an older program judged is summed, a kecamatan in a transaction.

        One that cannot be summed by our own fault holds nobody up: until the next start everything is told of posyandu.
        """
        async with self._pool.acquire() as connection:
            if await quality_sums.are_kept(connection):
                return
            months: dict[str, list[date]] = {}
            for kecamatan, month in await quality_sums.judged_months(connection):
                months.setdefault(kecamatan, []).append(month)
            failed = []
            for kecamatan, judged in months.items():
                self.moved_at = time.monotonic()
                try:
                    async with connection.transaction():
                        await sum_kecamatan(connection, kecamatan, judged)
                except Exception as error:
                    if is_not_now(error):
                        raise
                    LOG.exception("quality_not_summed", kecamatan=kecamatan)
                    failed.append(kecamatan)
            if not failed:
                await quality_sums.say_kept(connection)
            LOG.info("quality_summed", kecamatan=len(months), failed=len(failed))

    async def once(self) -> bool:
        """One turn; whether there was anything to do."""
        self.moved_at = time.monotonic()
        try:
            judged = await self._turn()
        except NotJudgedError as error:
            judged = True
            LOG.exception("quality_set_aside", marks=len(error.marks))
            async with self._pool.acquire() as connection, connection.transaction():
                await quality_marks.set_aside(connection, error.marks)
        await self._measure(idle=not judged)
        return judged

    async def _turn(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            claimed: tuple[list[int], set[PosyanduMonth]] = [], set()
            if await quality_marks.is_ready(connection, self._settled_seconds, LONGEST_SECONDS):
                claimed = await quality_marks.claim(connection)
            if not claimed[0]:
                claimed = await quality_marks.claim_tried(connection, RETRY_SECONDS)
            if not claimed[0]:
                return False
            try:
                await judge_claimed(connection, self._rules, claimed, self._clock())
            except Exception as error:
                if is_not_now(error):
                    raise
                raise NotJudgedError(claimed[0]) from error
        return True

    async def _measure(self, *, idle: bool) -> None:
        if idle and time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        async with self._pool.acquire() as connection:
            now = await quality_marks.waiting(connection)
        metrics.QUALITY_WAITING.set(now.waiting)
        metrics.QUALITY_OLDEST_SECONDS.set(max(0.0, now.age))
        metrics.QUALITY_SET_ASIDE.set(now.aside)
        self._measured_at = time.monotonic()
