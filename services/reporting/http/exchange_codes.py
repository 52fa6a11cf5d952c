"""`/v1/exchange-codes`: what a district's DHIS2 calls our areas and counts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.reporting.domain.exchange_codes import DATA_SET, ELEMENTS, CodeKind, ExchangeCode, doubled
from services.reporting.http.forms import AREA, AreaText, code_form
from services.reporting.store.exchange_codes import codes_in_force, insert_codes
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import MAX_ROWS, Body, json_body
from shared.http.kinds import VALIDATION_FAILED
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection
from shared.problems import FieldProblem

router = APIRouter(prefix="/v1/exchange-codes", tags=["exports"])


class CodeIn(Body):
    """One code. `theirs` null takes an earlier one back."""

    kind: CodeKind
    ours: Annotated[str, Field(max_length=40, examples=["12.19.01.2003", "stunted"])]
    theirs: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$", examples=["O6uvpzGd5pu"])] | None
    valid_from: Annotated[date, Field(description="For periods that end on this day or later")]


class CodesIn(Body):
    """Codes for files of an area and of all below it."""

    area: AreaText
    codes: Annotated[list[CodeIn], Field(min_length=1, max_length=MAX_ROWS)]


@router.post("", status_code=201, summary="Enter codes of another system")
async def post_codes(
    request: Request,
    caller: Annotated[Caller, require("reports:write")],
    body: Annotated[CodesIn, json_body(CodesIn)],
) -> Response:
    """The later entry of a code holds; earlier ones stay on record. All or nothing."""
    caller.areas.demand_area(body.area)
    problems = [*_unknown(body), *_doubled(body)]
    if problems:
        raise VALIDATION_FAILED.problem(errors=problems)
    codes = [ExchangeCode(code.kind, code.ours, code.theirs, code.valid_from) for code in body.codes]

    async def effect(connection: Connection) -> Answer:
        await insert_codes(connection, body.area, codes, caller.subject, now_utc())
        return json_answer(201, {"area": body.area, "entered": len(codes)})

    return await write_once(request, effect)


@router.get("", summary="Codes of another system in force")
async def get_codes(
    request: Request,
    caller: Annotated[Caller, require("aggregates:read")],
    area: Annotated[str, Query(json_schema_extra={"pattern": AREA}), code_form(AREA)],
    on: Annotated[date | None, Query(description="The last day of a period; without it today")] = None,
) -> Response:
    """Those that files of the area use; what is not named is sent under our own code."""
    caller.areas.demand_area(area)
    async with reading(request) as connection:
        codes = await codes_in_force(connection, area, on or today_jakarta())
    return json_response({"area": area, "items": [code._asdict() for code in codes], "elements": ELEMENTS})


def _unknown(body: CodesIn) -> list[FieldProblem]:
    """Ours must be ours: an area inside the one named, a count, or the one data set."""
    found = []
    for number, code in enumerate(body.codes):
        if code.kind == "dataElement":
            known, remedy_id, remedy_en = code.ours in ELEMENTS, "GET memberi daftarnya.", "GET lists them."
        elif code.kind == "dataSet":
            known, remedy_id, remedy_en = code.ours == DATA_SET, f"Tulis `{DATA_SET}`.", f"Write `{DATA_SET}`."
        else:
            known = code.ours == body.area or code.ours.startswith(f"{body.area}.")
            remedy_id, remedy_en = f"Pakai kode di dalam {body.area}.", f"Use a code within {body.area}."
        if not known:
            words = ("bukan kode kita", "is not one of our codes", remedy_id, remedy_en)
            found.append(FieldProblem(f"codes.{number}.ours", "code_unknown", *words))
    return found


def _doubled(body: CodesIn) -> list[FieldProblem]:
    words = (
        "dipakai untuk dua kode", "stands for two codes",
        "Beri tiap kode pasangannya sendiri.", "Give each code one of its own.",
    )  # fmt: skip
    return [
        FieldProblem("codes", "code_doubled", *words, value=theirs)
        for theirs in doubled((code.kind, code.theirs) for code in body.codes)
    ]
