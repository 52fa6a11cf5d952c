"""Holding a job: claim, heartbeat, chunk by chunk, let go.

A lease can be lost without noticing: a process that was stopped for a minute wakes up and believes it still works.
So every claim raises `lease_token`, and the last statement of every chunk's transaction is an update of the job *under
its own token*. If somebody else has claimed the job meanwhile, that update finds no row and the whole chunk rolls back.
Only the database's clock counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from shared import metrics
from shared.jobs.table import COLUMNS, Job, job_of
from shared.postgres.pool import Connection, Pool

MAX_ATTEMPTS: Final = 5  # claims without any progress between them; a job that kills its worker ends here

_CLAIM: Final = f"""
UPDATE job SET state = 'running', lease_token = lease_token + 1, lease_until = now() + make_interval(secs => $2),
    attempts = attempts + 1, updated_at = now()
WHERE job_id = (
    SELECT job_id FROM job
    WHERE kind = ANY($1::text[])
      AND ((state = 'queued' AND run_after <= now()) OR (state = 'running' AND lease_until < now()))
    ORDER BY run_after, job_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING {COLUMNS}
"""
_BEAT: Final = """
UPDATE job SET lease_until = now() + make_interval(secs => $3)
WHERE job_id = $1 AND lease_token = $2 AND state = 'running'
"""
_ADVANCE: Final = """
UPDATE job SET cursor = $4, rows = $5, done = $6, attempts = 0, updated_at = now(),
    lease_until = now() + make_interval(secs => $3)
WHERE job_id = $1 AND lease_token = $2 AND state = 'running'
"""
_LET_GO: Final = """
UPDATE job SET state = $3, result = coalesce($4, result), error_code = $5, lease_until = NULL, updated_at = now(),
    run_after = now() + make_interval(secs => $6), attempts = greatest(0, attempts - $7)
WHERE job_id = $1 AND lease_token = $2 AND state = 'running'
"""


class LeaseLostError(Exception):
    """Somebody else holds the job now; what this worker did since its last chunk is rolled back."""


class StoppingError(Exception):
    """The process is stopping; the job goes back at the border of a chunk."""


class Chunk:
    """One transaction of a job. Call `advance` once, with what is true when it commits."""

    def __init__(self, connection: Connection, job: RunningJob) -> None:
        self.connection = connection
        self.cursor = job.cursor
        self.rows = job.rows
        self.done = job.done

    def advance(self, cursor: dict[str, Any], *, done: int, rows: int | None = None) -> None:
        """How far the job is after this chunk: the cursor to resume at, rows done so far, and rows in all if known."""
        self.cursor = cursor
        self.done = done
        self.rows = self.rows if rows is None else rows


@dataclass
class Lease:
    """How a worker holds a job: through which pool, for how many seconds at a time, and until when at all."""

    pool: Pool
    seconds: float
    stop: asyncio.Event
    lost: bool = False


class RunningJob:
    """A claimed job in its handler's hands. Work in chunks; everything between two chunks may happen again."""

    def __init__(self, job: Job, lease: Lease) -> None:
        self._lease = lease
        self._token = job.lease_token
        self.job_id = job.job_id
        self.kind = job.kind
        self.payload = job.payload
        self.requested_by = job.requested_by
        self.attempts = job.attempts
        self.cursor = job.cursor
        self.rows = job.rows
        self.done = job.done

    @asynccontextmanager
    async def chunk(self) -> AsyncIterator[Chunk]:
        """A transaction whose commit moves the cursor, or does not happen at all.

        Raises LeaseLostError if the job is somebody else's by now, StoppingError before a chunk while the process is
        stopping; let both pass.
        """
        self._demand_lease()
        started = time.perf_counter()
        async with self._lease.pool.acquire() as connection, connection.transaction():
            chunk = Chunk(connection, self)
            yield chunk
            status = await connection.execute(
                _ADVANCE, self.job_id, self._token, self._lease.seconds, chunk.cursor, chunk.rows, chunk.done
            )
            if status != "UPDATE 1":
                self._lease.lost = True
                metrics.JOB_LEASES_LOST.labels(self.kind).inc()
                raise LeaseLostError(self.job_id)
        self.cursor, self.rows, self.done, self.attempts = chunk.cursor, chunk.rows, chunk.done, 0
        metrics.JOB_CHUNK_SECONDS.labels(self.kind).observe(time.perf_counter() - started)

    def _demand_lease(self) -> None:
        if self._lease.lost:
            raise LeaseLostError(self.job_id)
        if self._lease.stop.is_set():
            raise StoppingError(self.job_id)

    async def beat(self) -> None:
        """Prolong the lease; remembers if it is lost."""
        async with self._lease.pool.acquire() as connection:
            status = await connection.execute(_BEAT, self.job_id, self._token, self._lease.seconds)
        self._lease.lost = status != "UPDATE 1"

    async def let_go(
        self,
        state: str,
        *,
        result: dict[str, Any] | None = None,
        error_code: str | None = None,
        again_in_seconds: float = 0.0,
        uncounted: bool = False,
    ) -> bool:
        """Give the job back in `state`; `uncounted` takes this claim off its attempts. False if it was not ours."""
        async with self._lease.pool.acquire() as connection:
            status = await connection.execute(
                _LET_GO, self.job_id, self._token, state, result, error_code, again_in_seconds, int(uncounted)
            )
        return status == "UPDATE 1"


async def claim(lease: Lease, kinds: Sequence[str]) -> RunningJob | None:
    """The next job that is due, or whose holder has gone silent. Two workers never get the same."""
    async with lease.pool.acquire() as connection:
        row = await connection.fetchrow(_CLAIM, list(kinds), lease.seconds)
    return None if row is None else RunningJob(job_of(row), lease)
