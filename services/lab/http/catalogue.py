"""`/v1/catalogue` and `/v1/laboratories`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from services.lab.domain.catalogue import Analyte, load
from shared.auth.dependency import require
from shared.auth.tokens import Caller
from shared.http.answer import json_response

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


def _row(row: Analyte) -> dict[str, Any]:
    return {
        "test_code": row.code,
        "name_id": row.name_id,
        "name_en": row.name_en,
        "valid_from": row.valid_from,
        "kind": row.kind,
        "canonical_unit": None if row.canonical is None else row.canonical.name,
        "decimals": row.decimals,
        "units": [
            {"unit": unit.name, "loinc": unit.loinc, "aliases": list(unit.aliases)}
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
        "specimens": list(row.specimens),
        "needs": list(row.needs),
        "status": row.status,
        "source": row.source,
    }
