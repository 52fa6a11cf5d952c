"""`/v1/catalogue` and `/v1/laboratories`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from services.lab.domain.catalogue import Analyte, load
from services.lab.domain.routing import Laboratory
from services.lab.http.answers import entry_of, load_json, refusals
from services.lab.http.requests import CriticalLimitIn, LaboratoryIn
from services.lab.store.critical_limits import CriticalLimit, read_limits
from services.lab.store.laboratories import read_laboratories
from services.lab.store.orders import Load, read_loads
from services.lab.use_cases.critical_limits import save_critical_limit
from services.lab.use_cases.laboratories import save_laboratory
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.lab import LaboratoryCode
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["catalogue"])


@router.get("/v1/catalogue", summary="Tests with their units, limits and specimens")
async def get_catalogue(_caller: Annotated[Caller, require("catalogue:read")]) -> Response:
    """Every row with the day it holds from; limits and ranges are in the canonical unit."""
    catalogue = load()
    return json_response(
        {
            "version": catalogue.version,
            "orderables": {name: list(codes) for name, codes in catalogue.orderables.items()},
            "due_days": dict(catalogue.due_days),
            "alert_drawn_at_most_days": catalogue.alert_at_most_days,
            "tests": [_row(row) for rows in catalogue.rows.values() for row in rows],
        }
    )


@router.post("/v1/laboratories", status_code=201, summary="Enter or change a laboratory")
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


@router.get("/v1/laboratories", summary="All laboratories")
async def get_laboratories(request: Request, _caller: Annotated[Caller, require("orders:read")]) -> Response:
    """By code, each with what waits there beside its capacity: a district has a handful, so there are no pages."""
    async with reading(request) as connection:
        found = await read_laboratories(connection)
        loads = await read_loads(connection)
    items = [
        {**_laboratory(each), "load": load_json(loads.get(each.code, Load()), each.tests_per_day)} for each in found
    ]
    return json_response({"items": items, "next_cursor": None})


@router.post("/v1/laboratories/{code}/critical-limits", status_code=201, summary="Critical limits of a laboratory")
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


@router.get("/v1/laboratories/{code}/critical-limits", summary="Critical limits of a laboratory, with their history")
async def get_critical_limits(
    request: Request, _caller: Annotated[Caller, require("catalogue:read")], code: LaboratoryCode
) -> Response:
    """By test, the newest first. A test without a row has the catalogue's limits."""
    async with reading(request) as connection:
        found = await read_limits(connection, [code])
    return json_response({"items": [_limit(each) for each in found], "next_cursor": None})


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


def _row(row: Analyte) -> dict[str, Any]:
    return {
        "test_code": row.code,
        "name_id": row.name_id,
        "name_en": row.name_en,
        "valid_from": row.valid_from,
        "canonical_unit": row.canonical.name,
        "decimals": row.decimals,
        "units": [
            {"unit": unit.name, "loinc": unit.loinc, "aliases": list(unit.aliases)} for unit in row.units if unit.loinc
        ],
        "plausible": [float(bound) for bound in row.plausible],
        "critical_below": None if row.critical_below is None else float(row.critical_below),
        "critical_above": None if row.critical_above is None else float(row.critical_above),
        "specimens": list(row.specimens),
        "needs": list(row.needs),
        "status": row.status,
        "source": row.source,
    }
