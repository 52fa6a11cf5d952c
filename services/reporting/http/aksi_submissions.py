"""`/v1/aksi/submissions` and `/changes`: send an action, read what was sent, follow what happens.

A submission is the official report: whoever was granted its area reads it exactly.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.domain.aksi_submission import Area as Place
from services.reporting.formats.aksi_mapping import mapping_of
from services.reporting.formats.aksi_workbook import Note, fill, own_workbook
from services.reporting.http.aksi_asked import (
    aksi_refusals,
    made_by,
    year_asked,
)
from services.reporting.http.aksi_requests import SubmitIn
from services.reporting.http.aksi_texts import AKSI_BLOCKED, AKSI_SENT
from services.reporting.http.aksi_workbooks import workbook_response
from services.reporting.store import aksi_submissions
from services.reporting.store.aksi_programmes import find_template
from services.reporting.store.aksi_submissions import Sent
from services.reporting.use_cases.aksi_year import KABUPATEN_LENGTH
from services.reporting.use_cases.submit_aksi import (
    AlreadySentError,
    BlockedError,
    Submission,
    read_submission,
    submit,
)
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import MAX_LIMIT, PageRequest, decode_cursor, encode_cursor, page_request
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
Reader = Annotated[Caller, require("aksi:exchange")]
LONGEST_CURSOR: Final = 64


@router.post("/submissions", status_code=201, summary="Send an action of the kabupaten: its values are frozen")
async def post_submission(
    request: Request,
    caller: Annotated[Caller, require("aksi:submit")],
    body: Annotated[SubmitIn, json_body(SubmitIn)],
) -> Response:
    """409 `aksi_blocked` while a kecamatan is not ready: `gate` says who. Sent before: `aksi_already_submitted`."""
    today = today_jakarta()

    async def effect(connection: Connection) -> Answer:
        asked = await year_asked(connection, caller, body.year, body.area[:KABUPATEN_LENGTH], today)
        try:
            with aksi_refusals():
                sent = await submit(connection, asked, body.aksi, today, made_by(caller))
        except BlockedError as error:
            raise AKSI_BLOCKED.problem(extra={"gate": error.gate}) from None
        except AlreadySentError as error:
            raise AKSI_SENT.problem(extra={"gate": error.gate, "last_submission": _head(error.sent)}) from None
        return json_answer(201, _head(sent), {"Location": f"/v1/aksi/submissions/{sent.submission_id}"})

    return await write_once(request, effect)


@router.get("/submissions", summary="What was sent")
async def get_submissions(
    request: Request,
    caller: Reader,  # noqa: ARG001 - the scope is the check
    page: Annotated[PageRequest, Depends(page_request)],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Response:
    """Of the areas that were granted, the oldest first."""
    after = page.after(UUID)
    async with reading(request) as connection:
        found = await aksi_submissions.list_submissions(connection, year, after[0] if after else None, page.limit + 1)
    return json_response(page.page([_head(sent) for sent in found], "submission_id"))


@router.get("/submissions/{submission_id}", summary="One submission, with the answers to it")
async def get_submission(
    request: Request,
    caller: Reader,  # noqa: ARG001
    submission_id: UUID,
) -> Response:
    """`digest`: SHA-256 of all that it says, also of what lies outside the caller's areas."""
    with aksi_refusals():
        async with reading(request) as connection:
            found = await read_submission(connection, submission_id)
            answers = await aksi_submissions.read_answers(connection, submission_id)
    statements = [{"area_code": code, "text": said[0], "evidence": said[1]} for code, said in found.statements.items()]
    body = {**_head(found.sent), "first": found.is_first, "changed": len(found.changed), "statements": statements}
    return json_response({**body, "programme": _programme(found), "answers": answers})


@router.get("/submissions/{submission_id}/values", summary="Values as they were sent")
async def get_submitted_values(
    request: Request,
    caller: Reader,  # noqa: ARG001
    submission_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
    changed: Annotated[bool, Query(description="only cells that differ from what was sent before")] = False,  # noqa: FBT002
) -> Response:
    """By desa and indicator; a changed cell also says what was sent before."""
    after = page.after(str, str)
    with aksi_refusals():
        async with reading(request) as connection:
            found = await read_submission(connection, submission_id)
    before = {(one.desa_code, one.indicator_code): one.before for one in found.changed}
    keys = sorted(before if changed else found.values.keys() | before.keys())
    rows: list[dict[str, Any]] = []
    for key in (key for key in keys if after is None or key > after):
        row = {"desa_code": key[0], "indicator_code": key[1], "value": found.values.get(key), "changed": key in before}
        rows.append({**row, "before": before[key]} if key in before else row)
        if len(rows) > page.limit:
            break
    return json_response({"version": found.sent.version, **page.page(rows, "desa_code", "indicator_code")})


@router.get("/submissions/{submission_id}/workbook", summary="A submission as a workbook, always with the same bytes")
async def get_submitted_workbook(request: Request, caller: Reader, submission_id: UUID) -> Response:
    """In the official shape that was mapped when it was sent; only what changed since the last time is marked."""
    with aksi_refusals():
        async with reading(request) as connection:
            found = await read_submission(connection, submission_id)
            template = None
            if found.sent.template_id is not None:
                template = await find_template(connection, found.sent.template_id)
    areas = [area for area in found.sent.areas if caller.areas.covers(area.desa_code)]
    workbook = None if template is None else template[1]
    content = await asyncio.to_thread(_workbook, found, areas, workbook)
    sent = found.sent
    return workbook_response(content, f"aksi-{sent.year}-{sent.aksi_code}-{sent.kabupaten_code}-v{sent.version}")


def _workbook(found: Submission, areas: list[Place], template: bytes | None) -> bytes:
    sent, programme = found.sent, found.programme
    if template is None:
        blank, mapping = own_workbook(programme.of_aksi(sent.aksi_code), areas)
    else:
        blank, mapping = template, mapping_of(sent.mapping)
    lines = [
        ("Kabupaten", sent.kabupaten_code),
        ("Tahun", str(sent.year)),
        ("Aksi", sent.aksi_code),
        ("Versi", str(sent.version)),
        ("Per tanggal", sent.as_of.isoformat()),
        ("Sidik isi (SHA-256)", sent.digest),
    ]
    if found.is_first:
        lines.append(("Perubahan", "kiriman pertama"))
    names = {one.code: one.name_id for one in programme.indicators}
    return fill(blank, mapping, areas, found.values, Note(lines, found.changed), names)


@router.get("/changes", summary="What happened to submissions, in an order without holes")
async def get_changes(
    request: Request,
    caller: Reader,  # noqa: ARG001
    after: Annotated[
        str | None,
        Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the answer before; without it, all"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
) -> Response:
    """`next_cursor` is there at the end, too: ask with it again later. Whoever has read up to it has missed nothing."""
    number = 0 if after is None else decode_cursor(after, int)[0]
    async with reading(request) as connection:
        rows = await aksi_submissions.read_changes(connection, number, limit)
    reached = rows[-1]["number"] if rows else number
    return json_response({"items": rows, "next_cursor": encode_cursor(reached), "more": len(rows) == limit})


def _head(sent: Sent) -> dict[str, Any]:
    names = ("submission_id", "kabupaten_code", "year", "aksi_code", "version", "as_of", "digest")
    head = {name: getattr(sent, name) for name in (*names, "submitted_by", "submitted_at")}
    return {**head, "submission_id": str(sent.submission_id)}


def _programme(found: Submission) -> dict[str, Any]:
    programme = found.programme
    return {"code": programme.code, "version": programme.version, "confirmed": programme.confirmed}
