"""The claim loop of a worker: takes jobs one by one and hands each to the handler of its kind."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from shared.jobs.lease import MAX_ATTEMPTS, Lease, LeaseLostError, RunningJob, StoppingError, claim
from shared.logging import begin_work
from shared.messaging.outcomes import is_not_now
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
LEASE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.5  # fall-back; a commit in this process wakes the runner at once
NOT_NOW_SECONDS: Final = 2.0
LONGEST_BACKOFF_SECONDS: Final = 300.0
NOT_READY_AFTER_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Done:
    """The job is finished."""

    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The job waits for a person; `table.go_on` queues it again."""

    result: dict[str, Any] | None = None


class JobFailedError(Exception):
    """The job can never succeed as it is. `code` is stable and tells the user why."""

    def __init__(self, code: str, result: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.result = result


Handler = Callable[[RunningJob], Awaitable[Done | Waiting]]


class JobRunner:
    """Runs the jobs of one service.

    Args:
        pool: of the worker role.
        handlers: by kind; jobs of other kinds are left alone, so that an older process never takes a newer job.
        slots: jobs at the same time in this process.
        lease_seconds: after this silence another worker takes the job over.
    """

    def __init__(
        self, pool: Pool, handlers: Mapping[str, Handler], *, slots: int = 2, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._pool = pool
        self._handlers = dict(handlers)
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._woken = asyncio.Event()
        self._moved_at = [time.monotonic()] * slots
        self._waiting_since: float | None = None

    @property
    def moved_at(self) -> float:
        """When the slot that was silent longest last moved (`time.monotonic()` seconds)."""
        return min(self._moved_at)

    def wake(self) -> None:
        """A job was committed: look now instead of at the next poll."""
        self._woken.set()

    def ready(self) -> bool:
        """False while the database has been away for a while."""
        return self._waiting_since is None or time.monotonic() - self._waiting_since < NOT_READY_AFTER_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; jobs under way end at the border of a chunk and are taken up by the next process."""
        async with asyncio.TaskGroup() as group:
            for slot in range(self._slots):
                group.create_task(self._slot(slot, stop))

    async def _slot(self, slot: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._moved_at[slot] = time.monotonic()
            self._woken.clear()
            try:
                worked = await self._one(slot, stop)
            except Exception as error:
                if not is_not_now(error):
                    raise
                LOG.warning("jobs_wait", error=error)
                self._waiting_since = self._waiting_since or time.monotonic()
                await _until(stop, seconds=_jittered(NOT_NOW_SECONDS))
            else:
                self._waiting_since = None
                if not worked:
                    await _until(stop, self._woken, seconds=POLL_SECONDS)

    async def _one(self, slot: int, stop: asyncio.Event) -> bool:
        lease = Lease(self._pool, self._lease_seconds, stop)
        job = await claim(lease, list(self._handlers))
        if job is None:
            return False
        begin_work(job_id=str(job.job_id), job_kind=job.kind)
        if job.attempts > MAX_ATTEMPTS:
            LOG.error("job_given_up", attempts=job.attempts)
            await job.let_go("failed", error_code="attempts_exhausted")
            return True
        watch = asyncio.create_task(self._watch(slot, job))
        try:
            await self._handled(job)
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        return True

    async def _handled(self, job: RunningJob) -> None:
        try:
            outcome = await self._handlers[job.kind](job)
        except JobFailedError as error:
            LOG.warning("job_failed", code=error.code)
            await job.let_go("failed", result=error.result, error_code=error.code)
        except LeaseLostError:
            LOG.warning("job_lease_lost")
        except StoppingError:
            await job.let_go("queued", uncounted=True)
        except Exception as error:  # noqa: BLE001 - whatever a handler runs into, its job is put back and logged
            await self._put_back(job, error)
        else:
            state = "waiting" if isinstance(outcome, Waiting) else "done"
            ours = await job.let_go(state, result=outcome.result)
            LOG.info("job_ended", state=state, done=job.done, ours=ours)

    async def _put_back(self, job: RunningJob, error: Exception) -> None:
        """Try again later; failures that lie elsewhere do not count against the job."""
        if is_not_now(error):
            LOG.warning("job_not_now", error=error)
            await job.let_go("queued", again_in_seconds=_jittered(NOT_NOW_SECONDS), uncounted=True)
            return
        LOG.error("job_crashed", attempts=job.attempts, exc_info=error)
        if job.attempts >= MAX_ATTEMPTS:
            await job.let_go("failed", error_code="internal_error")
            return
        backoff = min(LONGEST_BACKOFF_SECONDS, 2.0**job.attempts)
        await job.let_go("queued", error_code="internal_error", again_in_seconds=_jittered(backoff))

    async def _watch(self, slot: int, job: RunningJob) -> None:
        """Heartbeat until cancelled. A beat that fails is tried again at the next; the lease outlasts three."""
        while True:
            with contextlib.suppress(Exception):
                await job.beat()
                self._moved_at[slot] = time.monotonic()
            await asyncio.sleep(self._lease_seconds / 3)


async def _until(*events: asyncio.Event, seconds: float) -> None:
    """Wait for any of `events`, at most `seconds`."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _jittered(seconds: float) -> float:
    return seconds * (0.75 + random.random() / 2)  # noqa: S311 - spreads retries, guards nothing
