"""`/v1/catalogue`: tests as they hold from a day on, shipped and the district's own."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.lab.domain.catalogue import load
from services.lab.domain.catalogue_rows import Analyte
from services.lab.http.answers import entry_of, refusals
from services.lab.http.requests import CatalogueVersionIn
from services.lab.store.catalogue import read_catalogue, read_versions
from services.lab.use_cases.catalogue_versions import NewVersion, add_catalogue_version
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.contracts.lab import TestCode
from shared.http.answer import Answer, json_answer, json_response
from shared.http.bodies import json_body
from shared.http.kinds import NOT_FOUND
from shared.http.transaction import reading, write_once
from shared.postgres.pool import Connection

router = APIRouter(tags=["catalogue"])


@router.get("/v1/catalogue", summary="Tests with their units, limits and specimens")
async def get_catalogue(
    request: Request,
    _caller: Annotated[Caller, require("catalogue:read")],
    on: Annotated[date | None, Query(description="Only the row of each test that holds for draws of this day.")] = None,
) -> Response:
    """Every row with the day it holds from; limits and ranges are in the canonical unit."""
    async with reading(request) as connection:
        catalogue = await read_catalogue(connection)
    rows = [row for rows in catalogue.rows.values() for row in rows]
    if on is not None:
        rows = [row for code in catalogue.rows if (row := catalogue.analyte(code, on)) is not None]
    return json_response(
        {
            "version": catalogue.version,
            "orderables": {name: list(codes) for name, codes in catalogue.orderables.items()},
            "due_days": dict(catalogue.due_days),
            "alert_drawn_at_most_days": catalogue.alert_at_most_days,
            "tests": [_row(row) for row in rows],
        }
    )


@router.get("/v1/catalogue/{test_code}", summary="A test with its history")
async def get_test(
    request: Request, _caller: Annotated[Caller, require("catalogue:read")], test_code: TestCode
) -> Response:
    """Its rows, the newest first, the district's with who entered them and why.

    `followed` is false for a shipped row that comes later than a row of the district: what the district decided stays
    until the district decides again.
    """
    async with reading(request) as connection:
        catalogue = await read_catalogue(connection)
        entered = {each.valid_from: each for each in await read_versions(connection, test_code)}
    held = catalogue.rows.get(test_code, ())
    every = sorted({*held, *load().rows.get(test_code, ())}, key=lambda row: row.valid_from, reverse=True)
    if not every:
        raise NOT_FOUND.problem()
    items = []
    for row in every:
        version = entered.get(row.valid_from) if row in held else None
        items.append(
            {
                **_row(row),
                "followed": row in held,
                "changed": list(version.changed) if version else None,
                "reason_text": version.reason_text if version else None,
                "entered_by": version.entered_by if version else None,
                "entered_at": version.entered_at if version else None,
            }
        )
    return json_response({"items": items, "next_cursor": None})


@router.post("/v1/catalogue/{test_code}/versions", status_code=201, summary="Change a test from a day on, or add one")
async def post_version(
    request: Request,
    caller: Annotated[Caller, require("catalogue:write")],
    test_code: TestCode,
    body: Annotated[CatalogueVersionIn, json_body(CatalogueVersionIn)],
) -> Response:
    """The row as it will hold. Results drawn on or after `valid_from` are read by it, whenever they are entered."""

    async def effect(connection: Connection) -> Answer:
        new = NewVersion(test_code, body.valid_from, body.changes(), body.reason_text)
        with refusals():
            row, is_new = await add_catalogue_version(connection, new, entry_of(caller))
        return json_answer(201, {**_row(row), "new_test": is_new})

    return await write_once(request, effect)


def _row(row: Analyte) -> dict[str, Any]:
    return {
        "test_code": row.code,
        "name_id": row.name_id,
        "name_en": row.name_en,
        "valid_from": row.valid_from,
        "catalogue_version": row.version,
        "kind": row.kind,
        "canonical_unit": None if row.canonical is None else row.canonical.name,
        "decimals": row.decimals,
        "units": [
            {
                "unit": unit.name,
                "loinc": unit.loinc,
                "times": str(unit.factor.numerator),
                "over": str(unit.factor.denominator),
                "aliases": list(unit.aliases),
            }
            for unit in row.units
            if unit.accepted
        ],
        "loinc": row.loinc,
        "findings": [
            {
                "finding": finding.code,
                "name_id": finding.name_id,
                "name_en": finding.name_en,
                "aliases": list(finding.aliases),
                "alone": finding.alone,
            }
            for finding in row.findings
        ],
        "several_findings": row.several,
        "plausible": [float(bound) for bound in row.plausible] if row.units else None,
        "critical_below": None if row.critical_below is None else float(row.critical_below),
        "critical_above": None if row.critical_above is None else float(row.critical_above),
        "leader": row.leader,
        "specimens": list(row.specimens),
        "needs": list(row.needs),
        "status": row.status,
        "source": row.source,
    }
