"""`/v1/intake-jobs`: upload, diagnosis, rows, error file."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.formats.error_file import XLSX
from services.measurement.http.answers import vault_of
from services.measurement.jobs.intake import DIAGNOSE, KIND, progress_of, state_of
from services.measurement.jobs.parsing import ErrorFileAsked, Parser
from services.measurement.store import file_profiles, intake, intake_rows
from services.measurement.store.intake import StoredFile, UploadedFile
from services.measurement.store.intake_rows import WantedRows
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.jobs import table
from shared.jobs.table import Job
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

router = APIRouter(prefix="/v1/intake-jobs", tags=["intake"])
Outcome = Literal["accepted", "corrected", "unchanged", "duplicate", "quarantined", "rejected"]
FILE_TYPES: Final = ("text/csv", XLSX, "application/vnd.ms-excel", "application/octet-stream")
NO_AREA: Final = ProblemKind(
    "no_area", 403, "Akun tanpa wilayah", "The account has no area",
    "Gunakan akun yang diberi wilayah.", "Use an account that was given an area.",
)  # fmt: skip
NOTHING_TO_MEND: Final = ProblemKind(
    "nothing_to_mend", 409, "Berkas ini bukan tabel yang dapat diperbaiki", "The file is no table that could be mended",
    "Unggah ekspor e-PPGBM.", "Send an e-PPGBM export.",
)  # fmt: skip


@router.post("", status_code=202, summary="Upload a file; it is diagnosed, nothing is stored yet")
async def post_intake_job(
    request: Request,
    caller: Annotated[Caller, require("intake:write")],
    content: Annotated[bytes, raw_body(FILE_TYPES)],
    filename: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Up to 50 MB. Ask for the job until it is `diagnosed` or `stopped`, then commit or discard it."""
    if not caller.areas.codes:
        raise NO_AREA.problem()
    vault = vault_of(request)

    async def effect(connection: Connection) -> Answer:
        intake_id = await table.enqueue(connection, KIND, DIAGNOSE, requested_by=caller.subject)
        sealed = vault.seal(intake_id, content)
        name = vault.seal(intake_id, filename.encode(), sealed.wrapped_key)
        digest = hashlib.sha256(content).hexdigest()
        file = UploadedFile(intake_id, caller.subject, caller.areas.codes, digest, len(content), name, sealed)
        await intake.insert_file(connection, file, now_utc())
        shown = {"id": str(intake_id), "state": "queued"}
        return json_answer(202, shown, {"Location": f"/v1/intake-jobs/{intake_id}"})

    return await write_once(request, effect)


@router.get("/{intake_id}", summary="State, diagnosis, progress and counts of a file")
async def get_intake_job(
    request: Request, _caller: Annotated[Caller, require("intake:read")], intake_id: UUID
) -> Response:
    """What taking the file would change (`expected`), what it changed (`counts`), what taking it back did (`undone`).

    Each received row is in exactly one of the other counts; `corrected` beside `accepted`, not in it.
    """
    async with reading(request) as connection:
        job, file = await found_file(connection, intake_id)
        counted = await intake_rows.count_rows(connection, intake_id)
        undone = await intake_rows.count_undone(connection, intake_id) if file.void_asked_at is not None else {}
        undoing = await table.find(connection, file.void_job_id) if file.void_job_id is not None else None
    name = vault_of(request).open(intake_id, file.name).decode()
    diagnosis = None if file.diagnosis is None else {**file.diagnosis, "file": name}
    pending = (job.rows or 0) - job.done if file.committed_at is not None and file.voided_at is None else 0
    profile = (file.diagnosis or {}).get("profile")
    shown: dict[str, Any] = {
        "id": str(intake_id),
        "state": state_of(job.state, job.payload, file),
        "error_code": job.error_code,
        "profile": None if profile is None else {"name": profile, "version": file.profile_versions.get(profile, 1)},
        "diagnosis": diagnosis,
        "expected": file.expected,
        "progress": progress_of(job, file, undoing),
        "counts": {
            "received": (job.rows or 0) if file.committed_at is not None else 0,
            **counted,
            "blank": (file.diagnosis or {}).get("blank", 0),
            "pending": pending,
        },
        "undone": undone,
    }
    return json_response(shown)


def wanted_rows(
    outcome: Annotated[Outcome | None, Query(description="What became of the row")] = None,
    reason: Annotated[str | None, Query(max_length=60, description="A code among its remarks")] = None,
    state: Annotated[
        Literal["open", "resolved", "discarded"] | None, Query(description="Of rows held back: whether answered")
    ] = None,
    undone: Annotated[
        Literal["voided", "restored", "rejected", "kept_changed_since", "kept_other_file", "void_before"] | None,
        Query(description="What taking the file back did"),
    ] = None,
) -> WantedRows:
    """Which rows the client asks for."""
    return WantedRows(outcome, reason, state, undone)


@router.get("/{intake_id}/rows", summary="What became of the rows")
async def get_rows(
    request: Request,
    _caller: Annotated[Caller, require("intake:read")],
    intake_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
    wanted: Annotated[WantedRows, Depends(wanted_rows)],
) -> Response:
    """In file order, with the codes of what was seen and, for rows held back, the values that were probably meant."""
    after = page.after(int) or (0,)
    async with reading(request) as connection:
        await found_file(connection, intake_id)
        rows = await intake_rows.list_rows(connection, intake_id, wanted, after[0], page.limit + 1)
    items = [{name: str(value) if isinstance(value, UUID) else value for name, value in row.items()} for row in rows]
    return json_response(page.page(items, "row_number"))


@router.get("/{intake_id}/error-file", summary="The rows to mend, in the shape they came in, with their reasons")
async def get_error_file(
    request: Request, _caller: Annotated[Caller, require("intake:write")], intake_id: UUID
) -> Response:
    """A workbook of a workbook, a text file of a text file; mended, it is sent as a file again.

    Holds names, so it needs the scope of who may upload.
    """
    async with reading(request) as connection:
        _, file = await found_file(connection, intake_id)
        content = await intake.file_content(connection, intake_id)
        held = await intake_rows.held_back(connection, intake_id) if file.committed_at is not None else None
        profiles = await file_profiles.read_with(connection, file.profile_versions)
    if file.diagnosis is None or file.diagnosis.get("profile") is None:
        raise NOTHING_TO_MEND.problem()
    vault, parser = vault_of(request), parser_of(request)
    name, data = vault.open(intake_id, file.name).decode(), vault.open(intake_id, content)
    asked = ErrorFileAsked(name, today_jakarta(), profiles, held)
    mend = await parser.error_file(asked, data)
    disposition = f'attachment; filename="perbaikan-{intake_id}.{mend.extension}"'
    return Response(mend.content, media_type=mend.media_type, headers={"Content-Disposition": disposition})


def parser_of(request: Request) -> Parser:
    """The process's parser."""
    parser: Parser = request.app.state.parser
    return parser


async def found_file(connection: Connection, intake_id: UUID, *, lock: bool = False) -> tuple[Job, StoredFile]:
    """A file with its job, of the caller's areas; else 404."""
    file = await intake.find_file(connection, intake_id, lock=lock)
    job = await table.find(connection, intake_id, KIND)
    if file is None or job is None:
        raise NOT_FOUND.problem()
    return job, file
