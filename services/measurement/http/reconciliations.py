"""`/v1/reconciliations`: a file of the ministry beside our measurements of an area and month, cause by cause."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.reconciliation_causes import CAUSES
from services.measurement.http.answers import ENTRY_REFUSED, field_problems, masked, vault_of
from services.measurement.http.intake import FILE_TYPES
from services.measurement.jobs.reconciliations import KEPT_FOR, KIND
from services.measurement.store import identities, reconciliations
from services.measurement.store.reconciliations import ComparedFile, ReconciledRow, StoredReconciliation
from services.measurement.store.register import known_codes
from services.measurement.store.vault import Sealed, Vault
from shared.auth import areas
from shared.auth.areas import AreaGrant
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import format_month, now_utc, parse_month
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.jobs import table
from shared.jobs.table import Job
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/reconciliations", tags=["exports"])
Cause = Literal[
    "same", "age", "position", "lost_position", "rounding", "sex", "month_table", "shifted_column", "edited",
    "duplicate", "missing_here", "missing_there", "not_compared",
]  # fmt: skip
AREA: Final = r"^\d{2}\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?$"


@router.post("", status_code=202, summary="Compare a file of the ministry with our measurements")
async def post_reconciliation(
    request: Request,
    caller: Annotated[Caller, require("reconciliation:write")],
    content: Annotated[bytes, raw_body(FILE_TYPES)],
    area: Annotated[str, Query(pattern=AREA, description="Area or posyandu whose visits are compared")],
    month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Such as 2025-07")],
    filename: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Up to 50 MB. No child is made or changed by it; the file is kept sealed for a week."""
    caller.areas.demand_area(area)
    vault, now = vault_of(request), now_utc()

    async def effect(connection: Connection) -> Answer:
        if area not in await known_codes(connection, [area]):
            problem = EntryProblem("area_not_in_register", "area")
            raise ENTRY_REFUSED.problem(errors=field_problems([problem]))
        await areas.apply(connection, AreaGrant((area,)))  # whoever covers this area may see the job
        owner = await table.enqueue(connection, KIND, {}, requested_by=caller.subject)
        sealed = vault.seal(owner, content)
        file = ComparedFile(
            reconciliation_id=owner,
            uploaded_by=caller.subject,
            area_code=area,
            month=parse_month(month),
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            expires_at=now + KEPT_FOR,
            name=vault.seal(owner, filename.encode(), sealed.wrapped_key),
            content=sealed,
        )
        await reconciliations.insert_file(connection, file, now)
        shown = {"id": str(owner), "state": "queued"}
        return json_answer(202, shown, {"Location": f"/v1/reconciliations/{owner}"})

    return await write_once(request, effect)


@router.get("/{reconciliation_id}", summary="State, diagnosis and what was found")
async def get_reconciliation(
    request: Request, _caller: Annotated[Caller, require("reconciliation:write")], reconciliation_id: UUID
) -> Response:
    """`causes` add up to all rows of the file (`theirs`) and all our visits (`ours`); `stunted.change` leads across."""
    async with reading(request) as connection:
        job, found = await _found(connection, reconciliation_id)
    summary = found.summary or {}
    shown: dict[str, Any] = {
        "id": str(reconciliation_id),
        "state": job.state,
        "error_code": job.error_code,
        "area": found.area_code,
        "month": format_month(found.month),
        "progress": {"rows": job.rows, "done": job.done},
        "expires_at": found.expires_at,
        "diagnosis": found.diagnosis,
        "theirs": summary.get("theirs"),
        "ours": summary.get("ours"),
        "causes": [_cause_json(cause, counts) for cause, counts in summary.get("causes", {}).items()],
        "stunted": summary.get("stunted"),
    }
    return json_response(shown)


@router.get("/{reconciliation_id}/rows", summary="The rows of one cause, or all")
async def get_reconciliation_rows(
    request: Request,
    _caller: Annotated[Caller, require("reconciliation:write")],
    reconciliation_id: UUID,
    page: Annotated[PageRequest, Depends(page_request)],
    cause: Annotated[Cause | None, Query()] = None,
) -> Response:
    """In the order of the file, then what only we have; NIK masked, no names."""
    after = page.after(int) or (0,)
    async with reading(request) as connection:
        _, found = await _found(connection, reconciliation_id)
        rows = await reconciliations.list_rows(connection, reconciliation_id, cause, after[0], page.limit + 1)
        niks = await _masked_niks(connection, vault_of(request), rows, found)
    return json_response(page.page([_row_json(row, niks) for row in rows], "number"))


async def _masked_niks(
    connection: Connection, vault: Vault, rows: Sequence[ReconciledRow], found: StoredReconciliation
) -> dict[int, str | None]:
    """By row number: the end of the NIK that we know of the child, else of the one in the file while it is kept."""
    sealed = await identities.find(connection, [row.child_id for row in rows if row.child_id is not None])
    known = {child_id: vault.open_identity(child_id, row.sealed) for child_id, row in sealed.items()}
    niks = {}
    for row in rows:
        identity = known.get(row.child_id, {}) if row.child_id is not None else {}
        if row.sealed_nik is not None and found.name is not None:
            owner = found.reconciliation_id
            identity = {"nik": vault.open(owner, Sealed(found.name.wrapped_key, row.sealed_nik)).decode()}
        niks[row.number] = masked(identity)["nik"]
    return niks


def _row_json(row: ReconciledRow, niks: Mapping[int, str | None]) -> dict[str, Any]:
    words = CAUSES[row.cause]
    return {
        "number": row.number,
        "cause": row.cause,
        "text_id": words.text_id,
        "text_en": words.text_en,
        "remedy_id": words.remedy_id,
        "remedy_en": words.remedy_en,
        "file_row": row.file_row,
        "child_id": None if row.child_id is None else str(row.child_id),
        "measurement_id": None if row.fact_id is None else str(row.fact_id),
        "nik": niks[row.number],
        **row.evidence,
    }


def _cause_json(cause: str, counts: Mapping[str, int]) -> dict[str, Any]:
    words = CAUSES[cause]
    return {"cause": cause, **counts, "text_id": words.text_id, "text_en": words.text_en}


async def _found(connection: Connection, reconciliation_id: UUID) -> tuple[Job, StoredReconciliation]:
    found = await reconciliations.find(connection, reconciliation_id)
    job = await table.find(connection, reconciliation_id, KIND)
    if found is None or job is None:
        raise NOT_FOUND.problem()
    return job, found
