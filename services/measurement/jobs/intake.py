"""A file's way in: diagnosed, looked at by a person, then taken in chunks that commit with the job's cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from services.measurement.domain.places import PlaceBook
from services.measurement.jobs.parsing import ParsedFile, Parser, load_piece
from services.measurement.store import counts, intake
from services.measurement.store.counts import IntakeCount
from services.measurement.store.fact_rows import ConcurrentChangeError
from services.measurement.store.intake import StoredFile
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_measurements import SOURCE
from services.measurement.use_cases.take_file_rows import FileChunk, place_book, take_file_rows
from shared import metrics
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, JobFailedError, Waiting
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
KIND: Final = "intake"
DIAGNOSE: Final = {"phase": "diagnose"}
COMMIT: Final = {"phase": "commit"}
ATTEMPTS: Final = 5  # of a chunk that met another file's change


@dataclass(frozen=True, slots=True)
class IntakeJob:
    """The handler of intake jobs. `committed` is called after each commit, so that its events leave at once."""

    pool: Pool
    vault: Vault
    parser: Parser
    committed: Callable[[], None]

    async def __call__(self, job: RunningJob) -> Done | Waiting:
        """Diagnose and wait for a person, or take the rows."""
        async with self.pool.acquire() as connection:
            file = await intake.find_file(connection, job.job_id)
            content = await intake.file_content(connection, job.job_id)
        if file is None:
            raise JobFailedError("file_missing")
        name = self.vault.open(file.intake_id, file.name).decode()
        data = self.vault.open(file.intake_id, content)
        parsed = await self.parser.parse(file.sha256, name, data, today_jakarta())
        if job.payload == DIAGNOSE:
            return await self._diagnosed(job, parsed)
        return await self._take(job, file, parsed)

    async def _diagnosed(self, job: RunningJob, parsed: ParsedFile) -> Waiting:
        diagnosis = {**parsed.diagnosis, "file": None, "can_be_confirmed": parsed.can_be_confirmed}
        async with job.chunk() as chunk:
            await intake.store_diagnosis(chunk.connection, job.job_id, diagnosis)
            chunk.advance({"after_row": 0}, done=0, rows=parsed.received)
        return Waiting({"stopped": parsed.diagnosis["stopped"]})

    async def _take(self, job: RunningJob, file: StoredFile, parsed: ParsedFile) -> Done:
        async with self.pool.acquire() as connection:
            places = await place_book(connection, file.areas)
        for piece in parsed.pieces:
            rows, raw = load_piece(piece)
            after_row = (job.cursor or {}).get("after_row", 0)
            rows = [row for row in rows if row.row_number > after_row]
            if rows:
                await self._take_chunk(job, file, FileChunk(job.job_id, rows, raw), places, parsed.received)
        return Done()

    async def _take_chunk(
        self, job: RunningJob, file: StoredFile, rows: FileChunk, places: PlaceBook, received: int
    ) -> None:
        """One transaction; again from its beginning when another file has changed the same child meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            entry = Entry(now_utc(), today_jakarta(), "file", SOURCE, AreaGrant(file.areas), file.uploaded_by)
            try:
                async with job.chunk() as chunk:
                    if (chunk.cursor or {}).get("after_row", 0) == 0:
                        begun = IntakeCount(received=received, pending=received)
                        await counts.add(chunk.connection, "file", begun, entry.known_at)
                    count = await take_file_rows(chunk.connection, rows, places, entry, self.vault)
                    chunk.advance({"after_row": rows.rows[-1].row_number}, done=chunk.done + len(rows.rows))
            except ConcurrentChangeError:
                LOG.info("intake_chunk_again", attempt=attempt)
                if attempt == ATTEMPTS:
                    raise
            else:
                break
        self.committed()
        for outcome in ("accepted", "unchanged", "rejected", "quarantined"):
            metrics.INTAKE_ROWS.labels(outcome, "file").inc(getattr(count, outcome))


def state_of(job_state: str, payload: dict[str, Any], file: StoredFile) -> str:
    """The state of a file as people see it, from its job's."""
    if file.discarded_at is not None:
        return "discarded"
    if job_state == "waiting":
        return "stopped" if (file.diagnosis or {}).get("stopped") else "diagnosed"
    if job_state in {"done", "failed"}:
        return job_state
    if payload == DIAGNOSE:
        return "queued" if job_state == "queued" else "diagnosing"
    return "committing"
