"""Jobs that cannot be taken up in their middle, such as a file: each attempt begins anew, and there is an end of it."""

from __future__ import annotations

from shared.jobs.lease import RunningJob
from shared.jobs.runner import JobFailedError


async def begin_attempt(job: RunningJob, limit: int) -> None:
    """Count how often a job that cannot be taken up in its middle began. JobFailedError beyond `limit`.

    The job table counts claims without progress only, and such a job makes progress every time.
    """
    attempt = (job.cursor or {}).get("attempt", 0) + 1
    if attempt > limit:
        raise JobFailedError("attempts_exhausted")
    async with job.chunk() as chunk:
        chunk.advance({"attempt": attempt}, done=0)


async def progress(job: RunningJob, done: int, rows: int) -> None:
    """Tell how far a job is; raises what `RunningJob.chunk` raises."""
    async with job.chunk() as chunk:
        chunk.advance(job.cursor or {}, done=done, rows=rows)
