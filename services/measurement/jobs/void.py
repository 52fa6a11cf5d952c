"""A whole file is taken back, in chunks that commit with the job's cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.measurement.jobs.again import again
from services.measurement.store import counts, intake, undo
from services.measurement.store.counts import IntakeCount
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_measurements import SOURCE
from services.measurement.use_cases.void_file_rows import void_file_rows, void_registered_children
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.jobs.lease import Chunk, RunningJob
from shared.jobs.runner import Done
from shared.postgres.pool import Pool

KIND: Final = "intake-void"
CHUNK_ROWS: Final = 500
_START: Final[dict[str, Any]] = {"phase": "rows", "row": None}


@dataclass(frozen=True, slots=True)
class VoidJob:
    """The handler. `committed` is called after each commit, so that its events leave at once."""

    pool: Pool
    committed: Callable[[], None]

    async def __call__(self, job: RunningJob) -> Done:
        """First what the rows recorded, from the end of the file, then the children that nothing else is known of."""
        while await again(lambda: self._chunk(job)):
            self.committed()
        self.committed()
        return Done()

    async def _chunk(self, job: RunningJob) -> bool:
        """One transaction; whether there may be more."""
        intake_id = UUID(job.payload["intake_id"])
        entry = Entry(now_utc(), today_jakarta(), "file", SOURCE, AreaGrant(), job.requested_by)
        async with job.chunk() as chunk:
            cursor = chunk.cursor or _START
            if chunk.cursor is None:
                chunk.rows = await undo.count_taken(chunk.connection, intake_id)
                await self._give_up_pending(chunk, intake_id, entry)
            if cursor["phase"] == "rows":
                numbers = await void_file_rows(
                    chunk.connection, intake_id, cursor["row"], CHUNK_ROWS, job.requested_by, entry
                )
                done = chunk.done + len(numbers)
                advanced = {"phase": "rows", "row": numbers[-1]} if numbers else {"phase": "children", "row": 0}
            else:
                numbers = await void_registered_children(chunk.connection, intake_id, cursor["row"], CHUNK_ROWS, entry)
                done = chunk.done
                advanced = {"phase": "children", "row": numbers[-1]} if numbers else {"phase": "end", "row": 0}
            if advanced["phase"] == "end":
                await intake.mark_voided(chunk.connection, intake_id, entry.known_at)
            chunk.advance(advanced, done=done)
        return bool(advanced["phase"] != "end")

    async def _give_up_pending(self, chunk: Chunk, intake_id: UUID, entry: Entry) -> None:
        """Rows that a failed file never came to are rejected: the ledger waits for nothing."""
        pending = await counts.pending_of(chunk.connection, intake_id)
        if pending:
            await counts.add(chunk.connection, "file", IntakeCount(pending=-pending, rejected=pending), entry.known_at)
