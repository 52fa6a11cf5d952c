"""An export for the ministry: read as of one moment, written as it is read, sealed, gone after a day."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.measurement.domain.age_words import age_in_calendar_months, age_in_mean_months
from services.measurement.formats.eppgbm_export import export_file
from services.measurement.store import exports, identities
from services.measurement.store.exports import ExportOrder, MadeFile, StoredExport
from services.measurement.store.primary_visits import count_visits, places_with_children
from services.measurement.store.vault import Vault
from services.measurement.use_cases.export_rows import export_rows, place_names
from shared.calendar import now_utc
from shared.jobs.attempts import begin_attempt, progress
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, JobFailedError
from shared.postgres.pool import Connection, Pool

KIND: Final = "export-eppgbm"
KEPT_FOR: Final = timedelta(hours=24)
PIECE_BYTES: Final = 1_000_000
ROWS_AT_ONCE: Final = 500  # written between two breaths of the event loop
ATTEMPTS: Final = 5  # each begins anew: a file cannot be taken up in its middle
_AGE_WORDS: Final = {"A": age_in_mean_months, "B": age_in_calendar_months}


@dataclass(frozen=True, slots=True)
class ExportJob:
    """The handler of export jobs."""

    pool: Pool
    vault: Vault

    async def __call__(self, job: RunningJob) -> Done:
        """Make the file; the log of who reads identities says so in the transaction that stores it."""
        await begin_attempt(job, ATTEMPTS)
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            export = await exports.find_export(connection, job.job_id)
            if export is None:
                raise JobFailedError("export_missing")
            made = await self._made(connection, export, job)
        async with job.chunk() as chunk:
            await exports.store_file(chunk.connection, job.job_id, made, now_utc() + KEPT_FOR)
            await identities.log_access(chunk.connection, export.reader, made.child_ids, "read")
            chunk.advance(job.cursor or {}, done=made.rows, rows=made.rows)
        return Done({"rows": made.rows})

    async def _made(self, connection: Connection, export: StoredExport, job: RunningJob) -> MadeFile:
        order = export.order
        days = (order.from_day, order.to_day)
        counted = await count_visits(connection, order.area_code, *days)
        names = await place_names(connection)
        file = export_file(order.profile, order.form)
        child_ids: set[UUID] = set()
        done = unreadable = 0
        for place in await places_with_children(connection, order.area_code):
            part = await export_rows(connection, place, days, names, _AGE_WORDS[order.profile], self.vault)
            child_ids |= part.child_ids
            unreadable += part.unreadable
            for start in range(0, len(part.rows), ROWS_AT_ONCE):
                rows = part.rows[start : start + ROWS_AT_ONCE]
                file.add(rows)
                done += len(rows)
                await progress(job, done, counted.visits)
        left_out = {
            "same_day": counted.measurements - counted.without_values - counted.visits,
            "without_values": counted.without_values,
            "identity_unreadable": unreadable,
        }
        content = await asyncio.to_thread(file.close)  # a workbook takes seconds of it
        return self._sealed(export.export_id, content, done, left_out, sorted(child_ids))

    def _sealed(
        self, export_id: UUID, content: bytes, rows: int, left_out: dict[str, int], child_ids: list[UUID]
    ) -> MadeFile:
        key = self.vault.seal(export_id, b"").wrapped_key
        pieces = [
            self.vault.seal(export_id, content[start : start + PIECE_BYTES], key).sealed
            for start in range(0, len(content), PIECE_BYTES)
        ]
        digest = hashlib.sha256(content).hexdigest()
        return MadeFile(key, pieces, digest, len(content), rows, left_out, child_ids)


def file_name(order: ExportOrder) -> str:
    """`eppgbm-A-12.19.01-2025-07-01-2025-07-31.xlsx`."""
    return f"eppgbm-{order.profile}-{order.area_code}-{order.from_day}-{order.to_day}.{order.form}"
