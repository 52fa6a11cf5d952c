"""`/v1/exports/eppgbm`: the visits of an area as the ministry's file, with names, for who says what it is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.http.answers import ENTRY_REFUSED, field_problems, reader_of, vault_of
from services.measurement.http.requests import Purpose
from services.measurement.jobs.exports import KIND, file_name
from services.measurement.store import exports, identities
from services.measurement.store.exports import ExportOrder, StoredExport
from services.measurement.store.register import known_codes
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import last_day, now_utc, parse_month
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once, writing
from shared.jobs import table
from shared.jobs.table import Job
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/exports/eppgbm", tags=["exports"])
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: Final = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
LONGEST_DAYS: Final = 366
NOT_READY: Final = ProblemKind(
    "export_not_ready", 409, "Berkas belum selesai dibuat", "The file is not made yet",
    "Tunggu sampai `state` menjadi `done`, lalu unduh.", "Wait until `state` is `done`, then fetch it.",
)  # fmt: skip
EXPIRED: Final = ProblemKind(
    "export_expired", 410, "Masa simpan berkas sudah lewat", "The file has expired",
    "Minta ekspor baru.", "Ask for a new export.",
)  # fmt: skip


class ExportIn(Body):
    """Which visits, in which shape, and what for. Either `month` or `from_day` and `to_day`."""

    area: Annotated[str, Field(pattern=r"^\d{2}\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?$", examples=["12.19.01"])]
    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2025-07"])] | None = None
    from_day: date | None = None
    to_day: date | None = None
    profile: Literal["A", "B"]
    format: Literal["xlsx", "csv"] = "xlsx"
    purpose: Purpose

    def days(self) -> tuple[date, date]:
        """First and last day. Problem 422 where they are missing, doubled, turned round or too far apart."""
        if self.month is not None and self.from_day is self.to_day is None:
            first = parse_month(self.month)
            return first, last_day(first)
        if self.month is None and self.from_day is not None and self.to_day is not None:
            if timedelta() <= self.to_day - self.from_day < timedelta(days=LONGEST_DAYS):
                return self.from_day, self.to_day
            raise _refused("period_too_long", "to_day")
        raise _refused("period_unclear", "month")


@router.post("", status_code=202, summary="Ask for a file of an area's visits")
async def post_export(
    request: Request,
    caller: Annotated[Caller, require("exports:read")],
    body: Annotated[ExportIn, json_body(ExportIn)],
) -> Response:
    """Names and NIK stand in it: who asked, for what and when is logged for every child. It expires after a day."""
    caller.areas.demand_area(body.area)
    first, last = body.days()
    order = ExportOrder(body.area, first, last, body.profile, body.format)

    async def effect(connection: Connection) -> Answer:
        if body.area not in await known_codes(connection, [body.area]):
            raise _refused("area_not_in_register", "area")
        await areas.apply(connection, AreaGrant((body.area,)))  # whoever covers this area may see the job
        export_id = await table.enqueue(connection, KIND, {}, requested_by=caller.subject)
        await exports.insert_export(connection, export_id, order, reader_of(caller, body.purpose), now_utc())
        shown = {"id": str(export_id), "state": "queued"}
        return json_answer(202, shown, {"Location": f"/v1/exports/eppgbm/{export_id}"})

    return await write_once(request, effect)


@router.get("/{export_id}", summary="State and progress of an export")
async def get_export(
    request: Request, _caller: Annotated[Caller, require("exports:read")], export_id: UUID
) -> Response:
    """`left_out`: measurements in no row, because another of the day is (`same_day`) or no column holds them.

    `identity_unreadable`: rows without names because the seal of the child's identity does not open.
    """
    async with reading(request) as connection:
        job, export = await _found(connection, export_id)
    order = export.order
    shown: dict[str, Any] = {
        "id": str(export_id),
        "state": _state(job, export, now_utc()),
        "error_code": job.error_code,
        "area": order.area_code,
        "from_day": order.from_day,
        "to_day": order.to_day,
        "profile": order.profile,
        "format": order.form,
        "purpose": export.reader.purpose,
        "progress": {"rows": job.rows, "done": job.done},
        "rows": export.rows,
        "left_out": export.left_out,
        "size_bytes": export.size_bytes,
        "sha256": export.sha256,
        "expires_at": export.expires_at,
    }
    return json_response(shown)


@router.get("/{export_id}/file", summary="The file")
async def get_export_file(
    request: Request, caller: Annotated[Caller, require("exports:read")], export_id: UUID
) -> Response:
    """For who asked for it, or may read identities of the area; each time is logged for every child in it."""
    async with writing(request) as connection:
        job, export = await _found(connection, export_id)
        if export.reader.subject != caller.subject:
            caller.demand("identity:read")
        state = _state(job, export, now_utc())
        if state == "expired":
            raise EXPIRED.problem()
        if state != "done":
            raise NOT_READY.problem(extra={"state": state})
        child_ids = await exports.children_of(connection, export_id)
        await identities.log_access(connection, reader_of(caller, export.reader.purpose), child_ids, "read")
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(export.order)}"',
        "Content-Length": str(export.size_bytes),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_content(request, export_id), media_type=MEDIA_TYPES[export.order.form], headers=headers)


async def _content(request: Request, export_id: UUID) -> AsyncIterator[bytes]:
    """Piece by piece, each opened as it leaves."""
    vault, number = vault_of(request), 0
    while True:
        async with reading(request) as connection:
            sealed = await exports.piece(connection, export_id, number)
        if sealed is None:
            return
        yield vault.open(export_id, sealed)
        number += 1


def _state(job: Job, export: StoredExport, now: datetime) -> str:
    if export.expires_at is not None and export.expires_at <= now:
        return "expired"
    return job.state


def _refused(code: str, field: str) -> Exception:
    return ENTRY_REFUSED.problem(errors=field_problems([EntryProblem(code, field)]))


async def _found(connection: Connection, export_id: UUID) -> tuple[Job, StoredExport]:
    export = await exports.find_export(connection, export_id)
    job = await table.find(connection, export_id, KIND)
    if export is None or job is None:
        raise NOT_FOUND.problem()
    return job, export
