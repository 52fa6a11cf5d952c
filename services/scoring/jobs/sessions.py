"""Judges marked sessions one turn after the other, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from services.scoring.domain.hint_states import DETECTOR_VERSION
from services.scoring.store import sessions
from services.scoring.store.sessions import Mark
from services.scoring.use_cases.judge_sessions import gather_marks, judge_all_anew, judge_turn, set_aside
from shared import metrics
from shared.jobs.repeat import repeat
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
SETTLED_SECONDS: Final = 1.0  # the visits of one session come in several batches: judged once, not once for each
LONGEST_SECONDS: Final = 10.0  # that a mark waits for a quiet moment
POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 300.0  # of a session that could not be judged
MEASURE_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 120.0  # longer than any turn takes


class NotJudgedError(Exception):
    """Judging failed by our own fault; `turn` says what was to be judged."""

    def __init__(self, turn: Mark) -> None:
        super().__init__(f"{len(turn.sessions)} sessions")
        self.turn = turn


class SessionJudge:
    """Until it is stopped, judges what is marked.

    What cannot be done now (database away, deadlock) is done at the next turn: the marks are still there. A session
    that makes the detector fail is set aside for a while and tried again, so that it keeps neither the other sessions
    nor the consumer from going on; its mark grows old, and an alert tells.

    Args:
        pool: of the worker role.
        wake: tells the relay that something was committed.
        settled_seconds: how long no mark may have come before marks are gathered.
    """

    def __init__(self, pool: Pool, wake: Callable[[], None], *, settled_seconds: float = SETTLED_SECONDS) -> None:
        self._pool = pool
        self._wake = wake
        self._settled_seconds = settled_seconds
        self._measured_at = -MEASURE_SECONDS
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        is_known = False

        async def work_off() -> None:
            nonlocal is_known
            if not is_known:
                await self._look_at_the_detector()
                is_known = True
            while not stop.is_set() and await self.once():
                pass

        await repeat(work_off, POLL_SECONDS, stop)

    async def _look_at_the_detector(self) -> None:
        """A newer program may judge otherwise: then everything is judged once more."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await judge_all_anew(connection, DETECTOR_VERSION):
                LOG.info("judging_all_sessions", detector_version=DETECTOR_VERSION)

    async def once(self) -> bool:
        """One turn; whether there was anything to do."""
        self.moved_at = time.monotonic()
        gathered = await self._gather()
        try:
            judged = await self._turn()
        except NotJudgedError as error:
            judged = True
            LOG.exception("session_set_aside", mark_id=error.turn.mark_id, sessions=len(error.turn.sessions))
            async with self._pool.acquire() as connection, connection.transaction():
                await set_aside(connection, error.turn)
        await self._measure(idle=not judged)
        return judged or gathered

    async def _gather(self) -> bool:
        async with self._pool.acquire() as connection:
            if not await sessions.to_gather(connection, self._settled_seconds, LONGEST_SECONDS):
                return False
            async with connection.transaction():
                return await gather_marks(connection) > 0

    async def _turn(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            turn = await sessions.claim_turn(connection, RETRY_SECONDS)
            if turn is None:
                return False
            try:
                changed = await judge_turn(connection, turn)
            except Exception as error:
                if is_not_now(error):
                    raise
                raise NotJudgedError(turn) from error
        for kind, number in Counter(hint.error_kind for hint in changed if hint.change == "opened").items():
            metrics.HINTS_OPENED.labels(kind).inc(number)
        if changed:
            self._wake()
        return True

    async def _measure(self, *, idle: bool) -> None:
        if not idle and time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        async with self._pool.acquire() as connection:
            waiting, age = await sessions.waiting(connection)
        metrics.SESSIONS_WAITING.set(waiting)
        metrics.SESSIONS_OLDEST_SECONDS.set(max(0.0, age))
        self._measured_at = time.monotonic()
