"""An export: read as of one moment, made beside the event loop, stored whole or not at all, gone after its time."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.reporting.domain.exchange_codes import doubled
from services.reporting.domain.export_order import ExportOrder
from services.reporting.formats.export_file import fingerprint, write_file
from services.reporting.store import exports
from services.reporting.store.exchange_codes import codes_in_force
from services.reporting.store.exports import MadeFile
from services.reporting.use_cases.area_figures import Question, UnknownAreaError
from services.reporting.use_cases.collect_children import collect_children
from services.reporting.use_cases.collect_figures import Told, collect_course, collect_figures
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.jobs.attempts import begin_attempt, progress
from shared.jobs.lease import RunningJob
from shared.jobs.runner import Done, JobFailedError
from shared.postgres.pool import Connection, Pool

KIND: Final = "export"
KEPT_FOR: Final = timedelta(days=7)
CHILDREN_KEPT_FOR: Final = timedelta(hours=24)
ATTEMPTS: Final = 5  # each begins anew: a file cannot be taken up in its middle
READ_BY_PEOPLE: Final = frozenset({"figures", "report"})
LOWEST: Final = {"figures": "posyandu"}  # of the others the desa


@dataclass(frozen=True, slots=True)
class ExportJob:
    """The handler of export jobs."""

    pool: Pool

    async def __call__(self, job: RunningJob) -> Done:
        """Make the file. What it is of was checked when it was asked for.

        The worker looks from the province: a suppressed row needs its siblings, wherever the reader may look.
        """
        await begin_attempt(job, ATTEMPTS)
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            export = await exports.find_export(connection, job.job_id)
            if export is None:
                raise JobFailedError("export_missing")
            order = export.order
            await areas.apply(connection, AreaGrant(tuple({code[:2] for code in export.areas})))
            try:
                data = await _collected(connection, order, lambda done, known: progress(job, done, known))
            except UnknownAreaError:
                raise JobFailedError("unknown_area") from None
        made = await asyncio.to_thread(_made, order, data)
        kept_for = CHILDREN_KEPT_FOR if order.kind == "children" else KEPT_FOR
        async with job.chunk() as chunk:
            await exports.store_file(chunk.connection, job.job_id, made, now_utc() + kept_for)
            chunk.advance(job.cursor or {}, done=job.rows or job.done, rows=job.rows)
        return Done({"rows": made.rows})


async def _collected(connection: Connection, order: ExportOrder, told: Told) -> dict[str, Any]:
    asked = Question(order.area_code, order.period, order.as_of, order.exact, order.known_on, patient=True)
    if order.kind == "children":
        return await collect_children(connection, asked, order.known_on)
    data = await collect_figures(connection, asked, told, LOWEST.get(order.kind, "desa"))
    # What is released stays as it was on that day, so its file is the same whenever it is asked for.
    data["known_on"] = data.get("released_on", order.known_on.isoformat())
    if order.kind in READ_BY_PEOPLE:
        data |= await collect_course(connection, asked, order.known_on)
    if order.kind == "exchange":
        codes = await codes_in_force(connection, order.area_code, order.period.last_day)
        if doubled((code.kind, code.theirs) for code in codes):
            raise JobFailedError("exchange_codes_doubled")
        data["codes"] = [(code.kind, code.ours, code.theirs, code.valid_from) for code in codes]
    return data


def _made(order: ExportOrder, data: dict[str, Any]) -> MadeFile:
    digest = fingerprint(data)
    written = write_file(order, data, digest)
    sha256 = hashlib.sha256(written.content).hexdigest()
    return MadeFile(written.content, sha256, digest, written.rows, dict(written.left_out))
