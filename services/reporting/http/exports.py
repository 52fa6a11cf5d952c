"""`/v1/exports`: files of figures, reports and work lists, made by jobs and kept for a stated time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.reporting.domain.areas import Entry
from services.reporting.domain.export_order import FORMS, ExportOrder, Form, Kind, file_name, is_zipped
from services.reporting.formats.open_data import open_data_schema
from services.reporting.http.asked import demand_area, newest_told_of, question, unknown_area
from services.reporting.http.export_answers import CANCELLED, shown, state_of
from services.reporting.http.forms import DAY_IN_TIME, EntryText, PeriodText
from services.reporting.jobs.exports import KIND
from services.reporting.store import exports
from services.reporting.store.exports import StoredExport
from services.reporting.use_cases.area_figures import UnknownAreaError, find_area
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import Body, json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND, VALIDATION_FAILED
from shared.http.transaction import reading, write_once
from shared.jobs import table
from shared.jobs.table import Job
from shared.postgres.pool import Connection
from shared.problems import FieldProblem, ProblemKind

router = APIRouter(prefix="/v1/exports", tags=["exports"])
Reader = Annotated[Caller, require("aggregates:read")]
MEDIA_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "csv-machine": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
    "adx": "application/adx+xml",
    "dhis2": "application/json",
    "json": "application/json",
}
ZIP: Final = "application/zip"
NOT_READY: Final = ProblemKind(
    "export_not_ready", 409, "Berkas belum selesai dibuat", "The file is not made yet",
    "Tunggu sampai `state` menjadi `done`, lalu unduh.", "Wait until `state` is `done`, then fetch it.",
)  # fmt: skip
NOT_UNDER_WAY: Final = ProblemKind(
    "export_not_under_way", 409, "Berkas ini tidak sedang dibuat", "The file is not being made",
    "Yang sudah selesai dapat diunduh atau dibiarkan; ia terhapus sendiri.",
    "What is made can be fetched or left alone; it is deleted by itself.",
)  # fmt: skip
EXPIRED: Final = ProblemKind(
    "export_expired", 410, "Masa simpan berkas sudah lewat", "The file has expired",
    "Minta ekspor baru.", "Ask for a new export.",
)  # fmt: skip


class ExportIn(Body):
    """Which figures, of what, in which form."""

    kind: Annotated[
        Kind,
        Field(
            description="`figures`: tables; `report`: for the meeting of the TPPS; `exchange`: whole numbers for "
            "DHIS2; `open-data`: suppressed whatever the role; `children`: who lives there now, needs `lists:read`"
        ),
    ]
    area: EntryText
    period: PeriodText | None = None
    as_of: Annotated[date | None, DAY_IN_TIME] = None
    language: Literal["id", "en"] = "id"
    format: Annotated[Form, Field(description="; ".join(f"{kind}: {', '.join(FORMS[kind])}" for kind in FORMS))]


@router.post("", status_code=202, summary="Ask for a file")
async def post_export(request: Request, caller: Reader, body: Annotated[ExportIn, json_body(ExportIn)]) -> Response:
    """Without `period` the last complete month, suppressed the last one that is released.

    Who sees suppressed figures gets a file of suppressed figures.
    """
    if body.format not in FORMS[body.kind]:
        raise _refused(
            "format", "format_unfit", "jenis berkas ini tidak punya format itu", "this kind of file has no such format",
            f"Pakai salah satu: {', '.join(FORMS[body.kind])}.", f"Use one of: {', '.join(FORMS[body.kind])}.",
            body.format,
        )  # fmt: skip
    if body.kind == "children":
        _demand_list(caller, body.period)
    asked = await question(request, caller, body.area, body.period, body.as_of)
    exact = asked.exact and body.kind != "open-data"
    today = today_jakarta()
    period = asked.period
    if body.period is None and asked.exact and not exact:
        async with reading(request) as connection:
            period = await newest_told_of(connection, body.area, asked.as_of or today)
    order = ExportOrder(body.kind, body.format, body.language, body.area, period, asked.as_of, today, exact)

    async def effect(connection: Connection) -> Answer:
        entry = await _entry(connection, caller, order)
        codes = entry.desa_codes if entry.entry == "puskesmas" else (entry.code,)
        await areas.apply(connection, AreaGrant(tuple(codes)))  # the job is seen by whoever covers these
        export_id = await table.enqueue(connection, KIND, {}, requested_by=caller.subject)
        who = (caller.subject, caller.client_id)
        await exports.insert_export(connection, export_id, order, codes, who, now_utc())
        queued = {"id": str(export_id), "state": "queued"}
        return json_answer(202, queued, {"Location": f"/v1/exports/{export_id}"})

    return await write_once(request, effect)


@router.get("/schemas/open-data", summary="JSON Schema of open data")
async def get_open_data_schema(_caller: Reader) -> Response:
    """What a file of the kind `open-data` holds."""
    return Response(open_data_schema(), media_type="application/schema+json")


@router.get("", summary="One's own exports, the newest first")
async def get_exports(
    request: Request, caller: Reader, page: Annotated[PageRequest, Depends(page_request)]
) -> Response:
    """Also those that have expired; of areas that the caller may still see."""
    after = page.after(UUID)
    who = (caller.subject, caller.client_id)
    async with reading(request) as connection:
        found = await exports.list_exports(connection, who, after[0] if after else None, page.limit + 1)
        jobs = {job.job_id: job for job in await table.find_all(connection, [one.export_id for one in found])}
    now = now_utc()
    items = [shown(jobs[one.export_id], one, now) for one in found if one.export_id in jobs]
    return json_response(page.page(items, "id"))


@router.get("/{export_id}", summary="State and progress of an export")
async def get_export(request: Request, caller: Reader, export_id: UUID) -> Response:
    """For who asked for it. `progress` counts areas read; `left_out` what could not be in the file, by reason."""
    async with reading(request) as connection:
        job, export = await _found(connection, caller, export_id)
    return json_response(shown(job, export, now_utc()))


@router.post("/{export_id}:cancel", summary="Call off an export that is not made yet")
async def cancel_export(request: Request, caller: Reader, export_id: UUID) -> Response:
    """A worker that is making it stops where it stands and stores nothing. Called off twice it is so once."""

    async def effect(connection: Connection) -> Answer:
        job, export = await _found(connection, caller, export_id)
        if not await table.call_off(connection, export_id, CANCELLED) and job.error_code != CANCELLED:
            raise NOT_UNDER_WAY.problem(extra={"state": state_of(job, export, now_utc())})
        job, export = await _found(connection, caller, export_id)
        return json_answer(200, shown(job, export, now_utc()))

    return await write_once(request, effect)


@router.get("/{export_id}/file", summary="The file")
async def get_export_file(
    request: Request, caller: Reader, export_id: UUID, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """For who asked for it, while they may still see what is in it."""
    async with reading(request) as connection:
        job, export = await _found(connection, caller, export_id)
    order = export.order
    if order.kind == "children":
        caller.demand("lists:read")
    if order.exact:
        caller.demand("aggregates:exact")
    state = state_of(job, export, now_utc())
    if state == "expired":
        raise EXPIRED.problem()
    if state != "done":
        raise NOT_READY.problem(extra={"state": state})
    headers = {
        "ETag": f'"{export.sha256}"',
        "Cache-Control": "private, no-cache" if order.kind != "children" else "no-store",
    }
    if if_none_match is not None and headers["ETag"] in {tag.strip() for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Disposition": f'attachment; filename="{file_name(order)}"',
        "Content-Length": str(export.size_bytes),
    }
    media_type = ZIP if is_zipped(order) else MEDIA_TYPES[order.form]
    return StreamingResponse(_content(request, export_id), media_type=media_type, headers=headers)


async def _content(request: Request, export_id: UUID) -> AsyncIterator[bytes]:
    number = 0
    while True:
        async with reading(request) as connection:
            piece = await exports.piece(connection, export_id, number)
        if piece is None:
            return
        yield piece
        number += 1


async def _entry(connection: Connection, caller: Caller, order: ExportOrder) -> Entry:
    try:
        _, entry = await find_area(connection, order.area_code, order.period)
    except UnknownAreaError:
        raise unknown_area("area") from None
    demand_area(caller, entry)
    if order.kind in {"open-data", "exchange"} and entry.entry != "area":
        raise _refused(
            "area", "area_too_small", "berkas ini dibuat untuk desa ke atas", "this file is made of desa and above",
            "Pakai kode desa, kecamatan, kabupaten atau provinsi.",
            "Use the code of a desa, kecamatan, kabupaten or province.",
            None,
        )  # fmt: skip
    return entry


def _demand_list(caller: Caller, period: str | None) -> None:
    caller.demand("lists:read")
    if period is not None:
        raise _refused(
            "period", "list_has_no_period", "daftar anak selalu keadaan sekarang", "a list is always of the present",
            "Hapus `period`; pakai `as_of` untuk keadaan pada hari yang lalu.",
            "Leave `period` out; use `as_of` for what was known on a past day.",
            period,
        )  # fmt: skip


def _refused(
    field: str, code: str, problem_id: str, problem_en: str, remedy_id: str, remedy_en: str, value: str | None
) -> Exception:
    problem = FieldProblem(field, code, problem_id, problem_en, remedy_id, remedy_en, value=value)
    return VALIDATION_FAILED.problem(errors=[problem])


async def _found(connection: Connection, caller: Caller, export_id: UUID) -> tuple[Job, StoredExport]:
    """The caller's own export; of others it is not even said that there is one."""
    export = await exports.find_export(connection, export_id)
    job = await table.find(connection, export_id, KIND)
    if export is None or job is None or (export.asked_by, export.client_id) != (caller.subject, caller.client_id):
        raise NOT_FOUND.problem()
    return job, export
