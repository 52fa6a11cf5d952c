"""A file's way in: diagnosed, looked at by a person, then taken in chunks that commit with the job's cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from services.measurement.domain.places import PlaceBook
from services.measurement.jobs.again import again
from services.measurement.jobs.parsing import ParsedFile, Parser, load_piece
from services.measurement.store import counts, file_profiles, intake
from services.measurement.store.counts import IntakeCount
from services.measurement.store.intake import StoredFile
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.file_measurements import SOURCE
from services.measurement.use_cases.foresee_file_rows import Foreseen, foresee_file_rows
from services.measurement.use_cases.take_file_rows import FileChunk, place_book, take_file_rows
from shared import metrics
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc, today_jakarta
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, JobFailedError, Waiting
from shared.jobs.table import Job
from shared.postgres.pool import Pool

KIND: Final = "intake"
DIAGNOSE: Final = {"phase": "diagnose"}
COMMIT: Final = {"phase": "commit"}


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
        if job.payload == DIAGNOSE:
            file = await self._begin(job, file)
        name = self.vault.open(file.intake_id, file.name).decode()
        async with self.pool.acquire() as connection:
            profiles = await file_profiles.read_with(connection, file.profile_versions)
        data = self.vault.open(file.intake_id, content)
        parsed = await self.parser.parse(file.sha256, name, data, today_jakarta(), profiles)
        del data
        if job.payload == DIAGNOSE:
            return await self._diagnosed(job, file, parsed)
        return await self._take(job, file, parsed)

    async def _begin(self, job: RunningJob, file: StoredFile) -> StoredFile:
        """The profiles of today are the file's from now on, whenever it is read again."""
        async with job.chunk() as chunk:
            versions = await file_profiles.versions_on(chunk.connection, today_jakarta())
            await intake.fix_profiles(chunk.connection, file.intake_id, versions)
            await intake.begin_phase(chunk.connection, file.intake_id, now_utc())
            chunk.advance({"after_row": 0}, done=0)
        return replace(file, profile_versions=versions)

    async def _diagnosed(self, job: RunningJob, file: StoredFile, parsed: ParsedFile) -> Waiting:
        diagnosis = {
            **parsed.diagnosis,
            "file": None,
            "can_be_confirmed": parsed.can_be_confirmed,
            "no_profile": parsed.no_profile,
        }
        async with job.chunk() as chunk:
            await intake.store_diagnosis(chunk.connection, job.job_id, diagnosis)
            chunk.advance({"after_row": 0}, done=0, rows=parsed.received)
        if parsed.received and (parsed.can_be_confirmed or not parsed.diagnosis["stopped"]):
            await self._foresee(job, file, parsed)
        async with job.chunk() as chunk:
            chunk.advance({"after_row": 0}, done=0)
        return Waiting({"stopped": parsed.diagnosis["stopped"]})

    async def _foresee(self, job: RunningJob, file: StoredFile, parsed: ParsedFile) -> None:
        """What taking the file would change, piece by piece, so that people see it move."""
        async with self.pool.acquire() as connection:
            places = await place_book(connection, file.areas)
        foreseen = Foreseen()
        for piece in parsed.pieces:
            rows, _ = load_piece(piece)
            entry = self._entry(file)
            async with job.chunk() as chunk:
                seen = FileChunk(job.job_id, rows, {})
                await foresee_file_rows(chunk.connection, seen, places, entry, self.vault, foreseen)
                chunk.advance({"after_row": 0}, done=chunk.done + len(rows))
        async with self.pool.acquire() as connection:
            await intake.store_expected(connection, job.job_id, foreseen.as_json())

    async def _take(self, job: RunningJob, file: StoredFile, parsed: ParsedFile) -> Done:
        async with self.pool.acquire() as connection:
            places = await place_book(connection, file.areas)
        for piece in parsed.pieces:
            rows, raw = load_piece(piece)
            after_row = (job.cursor or {}).get("after_row", 0)
            chunk = FileChunk(job.job_id, [row for row in rows if row.row_number > after_row], raw)
            if not chunk.rows:
                continue
            count = await again(partial(self._take_chunk, job, file, chunk, places, parsed.received))
            self.committed()
            for outcome in ("accepted", "unchanged", "rejected", "quarantined"):
                metrics.INTAKE_ROWS.labels(outcome, "file").inc(getattr(count, outcome))
        return Done()

    async def _take_chunk(
        self, job: RunningJob, file: StoredFile, rows: FileChunk, places: PlaceBook, received: int
    ) -> IntakeCount:
        """One transaction."""
        entry = self._entry(file)
        async with job.chunk() as chunk:
            if (chunk.cursor or {}).get("after_row", 0) == 0:
                begun = IntakeCount(received=received, pending=received)
                await counts.add(chunk.connection, "file", begun, entry.known_at)
            count = await take_file_rows(chunk.connection, rows, places, entry, self.vault)
            chunk.advance({"after_row": rows.rows[-1].row_number}, done=chunk.done + len(rows.rows))
        return count

    def _entry(self, file: StoredFile) -> Entry:
        return Entry(now_utc(), today_jakarta(), "file", SOURCE, AreaGrant(file.areas), file.uploaded_by)


def state_of(job_state: str, payload: dict[str, Any], file: StoredFile) -> str:
    """The state of a file as people see it, from its job's."""
    if file.void_asked_at is not None:
        return "voiding" if file.voided_at is None else "voided"
    if file.discarded_at is not None:
        return "discarded"
    if job_state == "waiting":
        return "stopped" if (file.diagnosis or {}).get("stopped") else "diagnosed"
    if job_state in {"done", "failed"}:
        return job_state
    if payload == DIAGNOSE:
        return "queued" if job_state == "queued" else "diagnosing"
    return "committing"


def progress_of(job: Job, file: StoredFile, undoing: Job | None) -> dict[str, Any]:
    """What is under way: its phase, rows done of rows (None while the file is being read), when it began, when it ends.

    The end is reckoned from the pace so far, None before the first chunk and after the last.
    """
    moving, started_at = job, file.phase_started_at
    phase = "diagnosing" if job.payload == DIAGNOSE else "committing"
    if file.void_asked_at is not None:
        moving, started_at, phase = undoing or job, file.void_asked_at, "voiding"
    is_over = moving.state in {"done", "failed", "waiting"}
    done, rows = (moving.rows or 0, moving.rows) if moving.state == "waiting" else (moving.done, moving.rows)
    left = None
    if rows and done and started_at is not None and not is_over:
        left = moving.updated_at + (moving.updated_at - started_at) * ((rows - done) / done)
    return {
        "phase": phase,
        "rows": rows,
        "done": done,
        "percent": None if not rows else round(100 * done / rows, 1),
        "started_at": None if started_at is None else started_at.isoformat(),
        "estimated_end_at": None if left is None else left.isoformat(),
    }
