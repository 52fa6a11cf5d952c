"""`/v1/register`: load it, list it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.measurement.formats.register_file import NotARegisterError, read_register
from services.measurement.http.answers import entry_of
from services.measurement.store.register import list_entries
from services.measurement.use_cases.load_register import Grant, LoadedRow, load_register
from shared.auth.areas import AreaGrant
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.register import RegisterKind
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import raw_body
from shared.http.cursor import PageRequest, page_request
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import ProblemKind

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REGISTER_LIMIT_BYTES: Final = 10_000_000
NOT_A_REGISTER: Final = ProblemKind(
    code="not_a_register",
    status=422,
    title_id="Berkas bukan tabel register",
    title_en="The file is no register table",
    remedy_id="Kirim CSV (UTF-8) atau XLSX dengan kolom kind, code, name, level, parent_code, desa_codes, valid_from.",
    remedy_en="Send CSV (UTF-8) or XLSX with columns kind, code, name, level, parent_code, desa_codes, valid_from.",
)
router = APIRouter(prefix="/v1/register", tags=["register"])


@router.post("", summary="Load areas, posyandu, puskesmas and targets")
async def post_register(
    request: Request,
    caller: Annotated[Caller, require("register:write")],
    content: Annotated[bytes, raw_body(["text/csv", XLSX], limit_bytes=REGISTER_LIMIT_BYTES)],
) -> Response:
    """Every row is judged by itself; the report names those that were refused. Nothing is ever deleted by a file."""
    try:
        rows = read_register(content)
    except NotARegisterError as error:
        raise NOT_A_REGISTER.problem(error.detail, error.detail, extra={"reason": error.code}) from None
    grant = Grant(caller.areas.covers_area, lambda code: _above(caller.areas, code))

    async def effect(connection: Connection) -> Answer:
        return json_answer(200, _report(await load_register(connection, rows, entry_of(caller), grant)))

    return await write_once(request, effect)


@router.get("", summary="Entries of a kind, or below an area")
async def get_register(
    request: Request,
    _caller: Annotated[Caller, require("register:read")],
    page: Annotated[PageRequest, Depends(page_request)],
    entry: Annotated[RegisterKind | None, Query()] = None,
    parent: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """By kind and code; the register is public, so everybody sees all of it."""
    after = page.after(str, str) or ("", "")
    async with reading(request) as connection:
        facts = await list_entries(connection, entry, parent, after, page.limit + 1)
    items = [fact.model_dump(mode="json", exclude={"epoch", "voided"}) for fact in facts]
    return json_response(page.page(items, "entry", "code"))


def _above(areas: AreaGrant, code: str) -> bool:
    return any(own.startswith(code + ".") for own in areas.codes)


def _report(rows: list[LoadedRow]) -> dict[str, Any]:
    outcomes = [row.outcome for row in rows]
    counts = {name: outcomes.count(name) for name in ("corrected", "unchanged", "rejected")}
    return {
        "received": len(rows),
        "accepted": outcomes.count("accepted") + counts["corrected"],
        **counts,
        "rows": [
            {
                "row_number": row.row_number,
                "outcome": row.outcome,
                "code": row.code,
                "problems": [problem.as_json() for problem in row.problems],
            }
            for row in rows
            if row.outcome != "unchanged"
        ],
    }
