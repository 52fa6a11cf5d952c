"""What the rows of a reconciliation add up to: rows by cause, stunted children by cause, and the waterfalls by desa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.measurement.domain import reconciliation_causes as causes
from services.measurement.domain.file_row import FileRow
from services.measurement.domain.places import NamedPlace, PlaceBook
from services.measurement.domain.waterfall import STUNTED_BELOW, UNKNOWN_DESA, ComparedRow, Scored, waterfalls
from services.measurement.store.reconciliations import ReconciledRow


def sums_of(
    rows: Sequence[ReconciledRow], desa_of_visit: Mapping[UUID, str], homes: Mapping[int, str]
) -> dict[str, Any]:
    """The summary as it is stored; `homes`: row of the file → desa, where none of our visits answers it."""
    compared = (_compared(row, desa_of_visit, homes) for row in rows)
    parts = {desa: part.as_json() for desa, part in waterfalls(compared).items()}
    return {**_summary(rows), "waterfall": parts}


def home_of(row: FileRow | None, places: PlaceBook) -> str:
    """Where a row that none of our visits answers says that the child lives."""
    if row is None:
        return UNKNOWN_DESA
    names = NamedPlace(row.kabupaten_name, row.kecamatan_name, row.desa_name, row.posyandu_name)
    return places.find(names).desa_code or UNKNOWN_DESA


def _compared(row: ReconciledRow, desa_of_visit: Mapping[UUID, str], homes: Mapping[int, str]) -> ComparedRow:
    if row.fact_id is not None:
        desa = desa_of_visit[row.fact_id]
    else:
        desa = homes.get(row.file_row, UNKNOWN_DESA) if row.file_row is not None else UNKNOWN_DESA
    sides = (_side(row, "theirs") if row.file_row is not None else None, _side(row, "ours") if row.fact_id else None)
    return ComparedRow(row.cause, row.evidence.get("reasons", ()), desa, row.child_id, *sides)


def _side(row: ReconciledRow, side: str) -> Scored:
    said = row.evidence.get(side, {})
    days = (
        None if said.get(name) is None else date.fromisoformat(said[name]) for name in ("birth_date", "measured_on")
    )
    return Scored(said.get("haz"), *days)


def _summary(rows: Sequence[ReconciledRow]) -> dict[str, Any]:
    """Rows by cause on each side, and how the number of stunted children leads from theirs to ours."""
    theirs = Counter(row.cause for row in rows if row.file_row is not None)
    ours = Counter(row.cause for row in rows if row.fact_id is not None)
    change: Counter[str] = Counter()
    for row in rows:
        change[row.cause] += _is_stunted(row, "ours") - _is_stunted(row, "theirs")
    return {
        "theirs": theirs.total(),
        "ours": ours.total(),
        "causes": {cause: {"theirs": theirs[cause], "ours": ours[cause]} for cause in causes.CAUSES},
        "stunted": {
            "theirs": sum(_is_stunted(row, "theirs") for row in rows),
            "ours": sum(_is_stunted(row, "ours") for row in rows),
            "change": {cause: change[cause] for cause in causes.CAUSES},
        },
    }


def _is_stunted(row: ReconciledRow, side: str) -> bool:
    haz = row.evidence.get(side, {}).get("haz")
    return haz is not None and haz < STUNTED_BELOW
