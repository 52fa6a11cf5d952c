"""Judges marked sessions one turn after the other, beside the consumer and never in its way."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from services.scoring.store import sessions
from services.scoring.store.sessions import Mark
from services.scoring.use_cases.judge_sessions import Turn, judge_sessions, set_aside
from shared import metrics
from shared.jobs.repeat import repeat
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Connection, Pool

LOG = structlog.get_logger(__name__)
MARKS_A_TURN: Final = 8  # of up to 50 sessions each
SETTLED_SECONDS: Final = 1.0  # the visits of one session come in several batches: judged once, not once for each
POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 300.0  # of a session that could not be judged
MEASURE_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 120.0  # longer than any turn takes


class NotJudgedError(Exception):
    """Judging failed by our own fault; `marks` say what was to be judged."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        super().__init__(f"{len(marks)} marks")
        self.marks = marks


class SessionJudge:
    """Until it is stopped, judges what is marked.

    What cannot be done now (database away, deadlock) is done at the next turn: the marks are still there. A session
    that makes the detector fail is set aside for a while and tried again, so that it keeps neither the other sessions
    nor the consumer from going on; its mark grows old, and an alert tells.

    Args:
        pool: of the worker role.
        wake: tells the relay that something was committed.
        settled_seconds: how old a mark is before its session is judged.
    """

    def __init__(self, pool: Pool, wake: Callable[[], None], *, settled_seconds: float = SETTLED_SECONDS) -> None:
        self._pool = pool
        self._wake = wake
        self._settled_seconds = settled_seconds
        self._measured_at = -MEASURE_SECONDS
        self.moved_at = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        async def work_off() -> None:
            while not stop.is_set() and await self.once():
                pass

        await repeat(work_off, POLL_SECONDS, stop)

    async def once(self) -> bool:
        """One turn; whether there was anything to do."""
        self.moved_at = time.monotonic()
        try:
            done = await self._turn(MARKS_A_TURN, None)
        except NotJudgedError as error:
            LOG.warning("sessions_one_by_one", marks=len(error.marks))
            for mark in error.marks:
                await self._alone(mark)
            done = len(error.marks)
        await self._measure(idle=not done)
        return done > 0

    async def _alone(self, mark: Mark) -> None:
        try:
            await self._turn(1, [mark.mark_id])
        except NotJudgedError:
            LOG.exception("session_set_aside", mark_id=mark.mark_id, sessions=len(mark.sessions))
            async with self._pool.acquire() as connection, connection.transaction():
                await set_aside(connection, mark)

    async def _turn(self, limit: int, only: Sequence[int] | None) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            turn = await self._judge(connection, limit, only)
        if turn.hints:
            opened = Counter(hint.error_kind for hint in turn.hints if hint.change == "opened")
            for kind, number in opened.items():
                metrics.HINTS_OPENED.labels(kind).inc(number)
            self._wake()
        return turn.marks

    async def _judge(self, connection: Connection, limit: int, only: Sequence[int] | None) -> Turn:
        marks = await sessions.claim(
            connection, limit, settled_seconds=self._settled_seconds, retry_seconds=RETRY_SECONDS, only=only
        )
        if not marks:
            return Turn(0, 0, ())
        try:
            return await judge_sessions(connection, marks)
        except Exception as error:
            if is_not_now(error):
                raise
            raise NotJudgedError(marks) from error

    async def _measure(self, *, idle: bool) -> None:
        if not idle and time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        async with self._pool.acquire() as connection:
            waiting, age = await sessions.waiting(connection)
        metrics.SESSIONS_WAITING.set(waiting)
        metrics.SESSIONS_OLDEST_SECONDS.set(max(0.0, age))
        self._measured_at = time.monotonic()
