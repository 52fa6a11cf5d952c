"""`/v1/aksi/{year}/values` and `/statements`: what the kecamatan enters, cell by cell or many at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from services.reporting.domain.aksi_programme import Programme
from services.reporting.domain.aksi_values import Finding, Statement, Value, findings
from services.reporting.http.aksi_asked import (
    AksiCode,
    Area,
    YearPath,
    account_of,
    aksi_refusals,
    area_asked,
    by,
    demand_time,
    year_asked,
)
from services.reporting.http.aksi_requests import PrefillIn, StatementIn, ValueIn, ValueRow, ValuesIn
from services.reporting.http.aksi_texts import AKSI_REFUSED, told
from services.reporting.http.forms import DESA, KECAMATAN, code_form
from services.reporting.store.aksi_values import read_statements, read_values, value_history
from services.reporting.use_cases.enter_aksi_values import Entered, RefusedEntryError, enter_statement, enter_values
from services.reporting.use_cases.prefill_aksi import prefill_values
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.calendar import now_utc, today_jakarta
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.cursor import PageRequest, page_request
from shared.http.etag import Order, etag, if_match, stale
from shared.http.kinds import NOT_FOUND
from shared.http.row_batch import RowBatch, row_batch
from shared.http.transaction import reading, write_once, writing
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/aksi", tags=["aksi"])
FINDING_TEXTS: Final = {
    "above_denominator": ("lebih besar dari keseluruhannya", "is larger than what it is a part of"),
    "differs_from_facts": ("berbeda dari angka pengukuran", "differs from what was measured"),
    "parts_above_whole": ("jumlah kelasnya melebihi anak yang diukur", "its classes exceed the children measured"),
}
Desa = Annotated[str, Path(json_schema_extra={"pattern": DESA}), code_form(DESA)]
Indicator = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9._-]{0,15}$")]
Kecamatan = Annotated[str, Path(json_schema_extra={"pattern": KECAMATAN}), code_form(KECAMATAN)]
AksiPath = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]


@router.get("/{year}/values", summary="Values of each desa, with what is remarkable in them")
async def get_values(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    year: YearPath,
    page: Annotated[PageRequest, Depends(page_request)],
    area: Area = None,
    aksi: AksiCode = None,
) -> Response:
    """Desa in official order, a page of them; counts of single desa, so only for who may see exact figures."""
    caller.demand("aggregates:exact")
    after = page.after(str)
    async with reading(request) as connection:
        asked = await year_asked(connection, caller, year, area, today_jakarta())
        with aksi_refusals():
            wanted = asked.programme.indicators if aksi is None else asked.programme.of_aksi(asked.aksi(aksi).code)
        places = [place for place in asked.areas if after is None or place.desa_code > after[0]][: page.limit + 1]
        values = await read_values(connection, year, asked.area_code, desa_codes=[place.desa_code for place in places])
        statements = await read_statements(connection, year, asked.area_code, aksi)
    remarks: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings(values, asked.programme):
        remarks[finding.desa_code].append(finding)
    by_desa: dict[str, dict[str, Value]] = defaultdict(dict)
    for value in values:
        by_desa[value.desa_code][value.indicator_code] = value
    items = [
        {
            **place._asdict(),
            "values": [shown_value(by_desa[place.desa_code].get(one.code), one.code) for one in wanted],
            "shares": _shares(by_desa[place.desa_code], asked.programme),
            "findings": [shown_finding(one) for one in remarks[place.desa_code]],
        }
        for place in places
    ]
    body = page.page(items, "desa_code")
    return json_response({"year": year, "area": asked.area_code, **body, "statements": statements})


def _shares(values: dict[str, Value], programme: Programme) -> dict[str, Any]:
    """Of indicators that are a part of another: never alone, and nothing of nobody."""
    told_of = {}
    for one in programme.indicators:
        part = values.get(one.code)
        whole = values.get(one.denominator) if one.denominator is not None else None
        if part is None or whole is None or part.value is None or whole.value is None:
            continue
        share = part.value / whole.value if 0 < whole.value >= part.value else None
        told_of[one.code] = {"numerator": part.value, "denominator": whole.value, "share": share}
    return told_of


def shown_value(value: Value | None, indicator_code: str) -> dict[str, Any]:
    """A cell: what stands there, and what our facts say beside it."""
    if value is None:
        return {"indicator_code": indicator_code, "value": None, "revision": 0}
    fact = value.fact
    return {
        "indicator_code": indicator_code,
        "value": value.value,
        "source": value.source,
        "reason": value.reason,
        "fact": None if fact is None else {"value": fact.value, "as_of": fact.as_of, "definition": fact.definition},
        "revision": value.revision,
        "changed_by": value.changed_by,
        "changed_at": value.changed_at.isoformat(),
    }


def shown_finding(finding: Finding) -> dict[str, Any]:
    """With its words."""
    text_id, text_en = FINDING_TEXTS[finding.code]
    return {**finding._asdict(), "text_id": text_id, "text_en": text_en}


@router.patch("/{year}/values", summary="Enter many values; each is judged by itself")
async def patch_values(
    request: Request,
    caller: Annotated[Caller, require("aksi:write")],
    year: YearPath,
    body: Annotated[RowBatch[ValueRow], row_batch(ValuesIn, ValueRow)],
    area: Area = None,
) -> Response:
    """`seen` of each row stands for `If-Match`: a cell that changed since is told as stale and left as it is."""
    rows = list(body.good.values())
    async with writing(request) as connection:
        asked = await year_asked(connection, caller, year, area, today_jakarta())
        judged = await enter_values(connection, asked, [row.row() for row in rows], by(caller))
    answers = body.report(shown_entered(one, row.indicator_code) for one, row in zip(judged, rows, strict=True))
    return json_response({"year": year, "counts": dict(Counter(row["outcome"] for row in answers)), "rows": answers})


def shown_entered(one: Entered, indicator_code: str) -> dict[str, Any]:
    """What became of an entry, and what stands there now."""
    shown: dict[str, Any] = {"outcome": "rejected" if one.outcome == "refused" else one.outcome}
    shown["now"] = shown_value(one.value, indicator_code)
    if one.undid:
        shown["returned_to_draft"] = True
        shown["text_id"] = "Verifikasi camat gugur: isian berubah sesudah diverifikasi."
        shown["text_en"] = "The camat's verification has lapsed: the value changed after it."
    if one.code is not None:
        shown["problems"] = [told("value", one.code).as_json()]
    return shown


@router.put("/{year}/values/{desa_code}/{indicator_code}", summary="Enter one value")
async def put_value(
    request: Request,
    caller: Annotated[Caller, require("aksi:write")],
    year: YearPath,
    desa_code: Desa,
    indicator_code: Indicator,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[ValueIn, json_body(ValueIn)],
) -> Response:
    """`If-Match: "1.0"` for a cell that has none yet; 412 if somebody changed it meanwhile."""
    async with writing(request) as connection:
        asked = await year_asked(connection, caller, year, desa_code, today_jakarta())
        entry = body.entry(desa_code, indicator_code, seen[1])
        (one,) = await enter_values(connection, asked, [entry], by(caller))
        if one.outcome == "stale":
            raise stale((1, 0 if one.value is None else one.value.revision))
        if one.code is not None:
            raise AKSI_REFUSED.problem(errors=[told("value", one.code)])
    revision = 0 if one.value is None else one.value.revision
    return json_response(shown_entered(one, indicator_code), headers={"ETag": etag(1, revision)})


@router.get("/{year}/values/{desa_code}/{indicator_code}/history", summary="Every state of a value, and who made it")
async def get_history(
    request: Request,
    caller: Annotated[Caller, require("aksi:read")],
    year: YearPath,
    desa_code: Desa,
    indicator_code: Indicator,
) -> Response:
    """The oldest first; each names the account."""
    caller.demand("aggregates:exact")
    area_asked(caller, desa_code)
    async with reading(request) as connection:
        states = await value_history(connection, year, (desa_code, indicator_code))
    if not states:
        raise NOT_FOUND.problem()
    return json_response({"items": [shown_value(one, indicator_code) for one in states]})


@router.post("/{year}/values:prefill", summary="Fill in what our facts say")
async def post_prefill(
    request: Request,
    caller: Annotated[Caller, require("aksi:write")],
    year: YearPath,
    body: Annotated[PrefillIn, json_body(PrefillIn)],
    area: Area = None,
) -> Response:
    """Empty cells and cells filled in before; what a person said stays, with the fact beside it."""
    today = today_jakarta()
    as_of = body.as_of or today - timedelta(days=1)
    demand_time(year, as_of, today)

    async def effect(connection: Connection) -> Answer:
        asked = await year_asked(connection, caller, year, area, today)
        outcome = await prefill_values(connection, asked, as_of, by(caller, "facts"))
        return json_answer(200, {"year": year, "area": asked.area_code, "as_of": as_of.isoformat(), **outcome})

    return await write_once(request, effect)


@router.put("/{year}/statements/{aksi}/{kecamatan_code}", summary="State what was done in an action without values")
async def put_statement(
    request: Request,
    caller: Annotated[Caller, require("aksi:write")],
    year: YearPath,
    aksi: AksiPath,
    kecamatan_code: Kecamatan,
    seen: Annotated[Order, Depends(if_match)],
    body: Annotated[StatementIn, json_body(StatementIn)],
) -> Response:
    """`If-Match: "1.0"` for the first; 412 if somebody changed it meanwhile."""
    new = Statement(kecamatan_code, aksi, body.text, body.evidence, 0, account_of(caller), now_utc())
    with aksi_refusals():
        async with writing(request) as connection:
            asked = await year_asked(connection, caller, year, kecamatan_code, today_jakarta())
            if asked.aksi(aksi).entry != "kecamatan":
                raise AKSI_REFUSED.problem(errors=[told("aksi", "unknown_unit", aksi)])
            try:
                said, undid = await enter_statement(connection, asked, new, seen[1])
            except RefusedEntryError as error:
                raise AKSI_REFUSED.problem(errors=[told("text", error.code)]) from None
    return json_response({**said._asdict(), "returned_to_draft": undid}, headers={"ETag": etag(1, said.revision)})
