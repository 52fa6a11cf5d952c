"""A file of the ministry held against our measurements: read as intake reads it, compared, nothing changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.measurement.jobs.growth import recompute
from services.measurement.jobs.parsing import ParsedFile, Parser, load_piece
from services.measurement.store import file_profiles, reconciliations
from services.measurement.store.reconciliations import StoredReconciliation
from services.measurement.store.vault import Vault
from services.measurement.use_cases.compare_aggregates import compare_aggregates
from services.measurement.use_cases.match_their_rows import Scope, TheirRow
from services.measurement.use_cases.reconcile_rows import Reconciled, TheirFile, reconcile_rows
from services.measurement.use_cases.take_file_rows import place_book
from shared.calendar import last_day, today_jakarta
from shared.jobs.attempts import begin_attempt
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, JobFailedError
from shared.postgres.pool import Pool

KIND: Final = "reconciliation"
KEPT_FOR: Final = timedelta(days=7)
ROWS_AT_ONCE: Final = 2_000
ATTEMPTS: Final = 5
NEEDED: Final = frozenset({"sex", "birth_date", "measured_on"})
IDENTITY: Final = frozenset({"nik", "name"})


@dataclass(frozen=True, slots=True)
class ReconciliationJob:
    """The handler of reconciliation jobs."""

    pool: Pool
    vault: Vault
    parser: Parser

    async def __call__(self, job: RunningJob) -> Done:
        """Read, compare as of one moment, keep every row with its cause."""
        await begin_attempt(job, ATTEMPTS)
        async with self.pool.acquire() as connection:
            asked = await reconciliations.find(connection, job.job_id)
            content = await reconciliations.file_content(connection, job.job_id)
            versions = await file_profiles.versions_on(connection, today_jakarta())
            profiles = await file_profiles.read_with(connection, versions)
        if asked is None or asked.name is None or content is None:
            raise JobFailedError("file_expired")
        name = self.vault.open(job.job_id, asked.name).decode()
        data = self.vault.open(job.job_id, content)
        parsed = await self.parser.parse(asked.sha256, name, data, today_jakarta(), profiles)
        if parsed.aggregates:
            return await self._aggregates(job, asked, parsed)
        await self._diagnosed(job, parsed)
        reconciled = await self._compared(asked, parsed, content.wrapped_key)
        async with job.chunk() as chunk:
            for start in range(0, len(reconciled.rows), ROWS_AT_ONCE):
                part = reconciled.rows[start : start + ROWS_AT_ONCE]
                await reconciliations.insert_rows(chunk.connection, job.job_id, part)
            await reconciliations.store_summary(chunk.connection, job.job_id, reconciled.summary)
            chunk.advance(job.cursor or {}, done=parsed.received, rows=parsed.received)
        return Done({"rows": len(reconciled.rows)})

    async def _aggregates(self, job: RunningJob, asked: StoredReconciliation, parsed: ParsedFile) -> Done:
        """A table that counts children: beside our counts, with one bar for all that only rows could explain."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            places = await place_book(connection, [asked.area_code])
            scope = Scope(asked.area_code, asked.month, last_day(asked.month))
            summary = await compare_aggregates(connection, parsed.aggregates, scope, places)
        async with job.chunk() as chunk:
            await reconciliations.store_diagnosis(chunk.connection, job.job_id, {**parsed.diagnosis, "file": None})
            await reconciliations.store_summary(chunk.connection, job.job_id, summary)
            chunk.advance(job.cursor or {}, done=len(parsed.aggregates), rows=len(parsed.aggregates))
        return Done({"rows": len(parsed.aggregates)})

    async def _diagnosed(self, job: RunningJob, parsed: ParsedFile) -> None:
        """Keep what was found out about the file; JobFailedError where its rows cannot be told apart."""
        async with job.chunk() as chunk:
            await reconciliations.store_diagnosis(chunk.connection, job.job_id, {**parsed.diagnosis, "file": None})
            chunk.advance(job.cursor or {}, done=0, rows=parsed.received)
        fields = _fields(parsed)
        if not parsed.pieces or not fields >= NEEDED:
            raise JobFailedError("not_an_export")
        if not fields & IDENTITY:
            raise JobFailedError("no_identity")

    async def _compared(self, asked: StoredReconciliation, parsed: ParsedFile, wrapped_key: bytes) -> Reconciled:
        file = TheirFile(await _rows(parsed), "measurement_position" in _fields(parsed))
        scope = Scope(asked.area_code, asked.month, last_day(asked.month))
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            places = await place_book(connection, [asked.area_code])
            owner = (asked.reconciliation_id, wrapped_key)
            return await reconcile_rows(connection, file, scope, places, self.vault, recompute, owner)


def _fields(parsed: ParsedFile) -> frozenset[str]:
    columns: dict[str, Any] = parsed.diagnosis["columns"]
    return frozenset(field for field in columns.values() if field is not None)


async def _rows(parsed: ParsedFile) -> list[TheirRow]:
    rows: list[TheirRow] = []
    for piece in parsed.pieces:
        for judged in load_piece(piece)[0]:
            codes = tuple(dict.fromkeys(reason.code for reason in judged.reasons))
            rows.append(TheirRow(judged.row_number, judged.outcome, judged.row or judged.draft, codes))
        await asyncio.sleep(0)  # a thousand rows between two breaths of the event loop
    return rows
