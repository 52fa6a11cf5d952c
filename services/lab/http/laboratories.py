"""`/v1/laboratories`: what a district enters of them: areas, capacity, critical limits, reference ranges."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from services.lab.domain.reference_ranges import Band
from services.lab.domain.routing import Laboratory
from services.lab.http.answers import band_json, entry_of, refusals
from services.lab.http.order_answers import load_json
from services.lab.http.requests import CriticalLimitIn, LaboratoryIn, ReferenceRangeIn
from services.lab.store.critical_limits import CriticalLimit, read_limits
from services.lab.store.laboratories import read_laboratories
from services.lab.store.orders import Load, read_loads
from services.lab.store.reference_ranges import ReferenceRange, read_ranges
from services.lab.use_cases.critical_limits import save_critical_limit
from services.lab.use_cases.laboratories import save_laboratory
from services.lab.use_cases.reference_ranges import NewRanges, save_reference_range
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.lab import LaboratoryCode
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(prefix="/v1/laboratories", tags=["laboratories"])


@router.post("", status_code=201, summary="Enter or change a laboratory")
async def post_laboratory(
    request: Request,
    caller: Annotated[Caller, require("laboratories:write")],
    body: Annotated[LaboratoryIn, json_body(LaboratoryIn)],
) -> Response:
    """201 new, 200 changed. Orders that nobody served go to it at once; others stay where they are."""

    async def effect(connection: Connection) -> Answer:
        areas = tuple(sorted(set(body.area_codes)))
        laboratory = Laboratory(body.code, body.name, areas, body.tests_per_day)
        with refusals():
            new = await save_laboratory(connection, laboratory, entry_of(caller))
        return json_answer(201 if new else 200, _laboratory(laboratory))

    return await write_once(request, effect)


@router.get("", summary="All laboratories")
async def get_laboratories(request: Request, _caller: Annotated[Caller, require("orders:read")]) -> Response:
    """By code, each with what waits there beside its capacity: a district has a handful, so there are no pages."""
    async with reading(request) as connection:
        found = await read_laboratories(connection)
        loads = await read_loads(connection)
    items = [
        {**_laboratory(each), "load": load_json(loads.get(each.code, Load()), each.tests_per_day)} for each in found
    ]
    return json_response({"items": items, "next_cursor": None})


@router.post("/{code}/critical-limits", status_code=201, summary="Critical limits of a laboratory")
async def post_critical_limit(
    request: Request,
    caller: Annotated[Caller, require("laboratories:write")],
    code: LaboratoryCode,
    body: Annotated[CriticalLimitIn, json_body(CriticalLimitIn)],
) -> Response:
    """They hold for draws from `valid_from` on (today or later), instead of the catalogue's; old rows stay."""

    async def effect(connection: Connection) -> Answer:
        entry = entry_of(caller)
        limit = CriticalLimit(code, **body.model_dump(), entered_by=entry.account, entered_at=entry.known_at)
        with refusals():
            await save_critical_limit(connection, limit, entry)
        return json_answer(201, _limit(limit))

    return await write_once(request, effect)


@router.get("/{code}/critical-limits", summary="Critical limits of a laboratory, with their history")
async def get_critical_limits(
    request: Request, _caller: Annotated[Caller, require("catalogue:read")], code: LaboratoryCode
) -> Response:
    """By test, the newest first. A test without a row has the catalogue's limits."""
    async with reading(request) as connection:
        found = await read_limits(connection, [code])
    return json_response({"items": [_limit(each) for each in found], "next_cursor": None})


@router.post("/{code}/reference-ranges", status_code=201, summary="Reference ranges of a laboratory for a test")
async def post_reference_range(
    request: Request,
    caller: Annotated[Caller, require("laboratories:write")],
    code: LaboratoryCode,
    body: Annotated[ReferenceRangeIn, json_body(ReferenceRangeIn)],
) -> Response:
    """All bands at once, without hole or overlap; shown beside results drawn from `valid_from` on, for no verdict."""

    async def effect(connection: Connection) -> Answer:
        bands = tuple(Band(**band.model_dump()) for band in body.bands)
        new = NewRanges(code, body.test_code, body.valid_from, body.unit, bands, body.source_text)
        with refusals():
            stored = await save_reference_range(connection, new, entry_of(caller))
        return json_answer(201, _ranges(stored))

    return await write_once(request, effect)


@router.get("/{code}/reference-ranges", summary="Reference ranges of a laboratory, with their history")
async def get_reference_ranges(
    request: Request, _caller: Annotated[Caller, require("catalogue:read")], code: LaboratoryCode
) -> Response:
    """By test, the newest first: as stated, and in the canonical unit."""
    async with reading(request) as connection:
        found = await read_ranges(connection, [code])
    return json_response({"items": [_ranges(each) for each in found], "next_cursor": None})


def _ranges(row: ReferenceRange) -> dict[str, Any]:
    return {
        "laboratory_code": row.laboratory_code,
        "test_code": row.test_code,
        "valid_from": row.valid_from,
        "unit": row.unit,
        "stated": [band_json(band) for band in row.stated],
        "bands": [band_json(band) for band in row.bands],
        "source_text": row.source_text,
        "entered_by": row.entered_by,
        "entered_at": row.entered_at,
    }


def _limit(limit: CriticalLimit) -> dict[str, Any]:
    below, above = limit.critical_below, limit.critical_above
    return {
        "laboratory_code": limit.laboratory_code,
        "test_code": limit.test_code,
        "valid_from": limit.valid_from,
        "critical_below": None if below is None else float(below),
        "critical_above": None if above is None else float(above),
        "reason_text": limit.reason_text,
        "entered_by": limit.entered_by,
        "entered_at": limit.entered_at,
    }


def _laboratory(laboratory: Laboratory) -> dict[str, Any]:
    return {
        "code": laboratory.code,
        "name": laboratory.name,
        "area_codes": list(laboratory.area_codes),
        "tests_per_day": laboratory.tests_per_day,
    }
