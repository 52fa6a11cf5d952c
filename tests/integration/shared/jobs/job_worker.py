"""A worker process for the tests of jobs: copies numbers into `note`, chunk by chunk, and can be told where to hang.

`python -m tests.integration.shared.jobs.job_worker ADDRESS_JSON LEASE_SECONDS HANG_AT HUNG_FILE`
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, Handler, JobRunner, Waiting
from shared.logging import configure_logging
from shared.postgres.pool import Address, open_pool

CHUNK = 10
KIND = "copy"


def copying(hang_at: int = -1, hung: Path | None = None) -> Handler:
    """A handler that writes `payload.rows` notes; at chunk `hang_at` it stands still between effect and commit."""

    async def copy(job: RunningJob) -> Done | Waiting:
        total = int(job.payload["rows"])
        start = int((job.cursor or {"next": 0})["next"])
        for low in range(start, total, CHUNK):
            high = min(total, low + CHUNK)
            async with job.chunk() as chunk:
                await chunk.connection.executemany(
                    "INSERT INTO note (value, desa_code) VALUES ($1, 'D')", [(float(n),) for n in range(low, high)]
                )
                chunk.advance({"next": high}, done=high, rows=total)
                if low == hang_at * CHUNK and hung is not None:
                    await asyncio.to_thread(hung.touch)
                    await asyncio.Event().wait()
        return Done({"copied": total})

    return copy


async def main(address: str, lease_seconds: str, hang_at: str, hung: str) -> None:
    async with open_pool(Address(**json.loads(address))) as pool:
        handler = copying(int(hang_at), Path(hung))
        runner = JobRunner(pool, {KIND: handler}, slots=1, lease_seconds=float(lease_seconds))
        await runner.run(asyncio.Event())


if __name__ == "__main__":
    configure_logging("lab")
    asyncio.run(main(*sys.argv[1:]))
