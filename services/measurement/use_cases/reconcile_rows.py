"""Rows of the ministry's file beside our visits: the cause of each, and what the causes add up to."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np

from services.measurement.domain import reconciliation_causes as causes
from services.measurement.domain.age_text import age_agrees, read_age
from services.measurement.domain.dates import swap_day_and_month
from services.measurement.domain.file_row import FileRow
from services.measurement.domain.places import PlaceBook
from services.measurement.domain.recompute import Floats, Recompute, ScoreInputs
from services.measurement.domain.reconcile import Finding, compare
from services.measurement.domain.reconcile_pairs import Pairs
from services.measurement.store.primary_visits import PrimaryVisit, list_visits, places_with_children
from services.measurement.store.reconciliations import ReconciledRow
from services.measurement.store.vault import Vault
from services.measurement.use_cases.match_their_rows import Matched, Scope, TheirRow, match_their_rows
from services.measurement.use_cases.official_scores import POSITION_CODES, SEX_CODES, Scored, our_scores
from services.measurement.use_cases.reconciled_sums import home_of, sums_of
from shared.calendar import completed_months
from shared.contracts.child import OfficialScores
from shared.postgres.pool import Connection

DAYS_PER_MONTH: Final = 30.4375
_SCORES: Final = ("haz", "waz", "whz")
_VALUES: Final = (
    "measured_on",
    "birth_date",
    "sex",
    "weight_kg",
    "length_height_cm",
    "measurement_position",
    "muac_cm",
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Every row of either side with its cause, and the sums."""

    rows: list[ReconciledRow]
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TheirFile:
    """The rows of a file, and whether it has a column for the position."""

    rows: Sequence[TheirRow]
    states_position: bool


async def reconcile_rows(
    connection: Connection,
    file: TheirFile,
    scope: Scope,
    places: PlaceBook,
    vault: Vault,
    recompute: Recompute,
    seal: tuple[UUID, bytes],
) -> Reconciled:
    """Nothing is registered, attached or corrected. `seal` = owner and wrapped key for numbers of unknown children."""
    visits: list[PrimaryVisit] = []
    for place_code in await places_with_children(connection, scope.area_code):  # a kabupaten at once holds up the loop
        visits += await list_visits(connection, place_code, scope.first, scope.last)
    matched = await match_their_rows(connection, file.rows, visits, scope, places, vault)
    homes = {item.theirs.row_number: home_of(item.theirs.row, places) for item in matched if item.visit is None}
    # Seconds of arithmetic for a whole kabupaten: beside the loop, not on it.
    return await asyncio.to_thread(_judge, matched, visits, file, recompute, vault, seal, homes)


def _judge(
    matched: Sequence[Matched],
    visits: Sequence[PrimaryVisit],
    file: TheirFile,
    recompute: Recompute,
    vault: Vault,
    seal: tuple[UUID, bytes],
    homes: Mapping[int, str],
) -> Reconciled:
    own = dict(zip((visit.fact_id for visit in visits), our_scores([_scored(visit) for visit in visits]), strict=True))
    pairs = [(item.theirs, item.visit) for item in matched if item.visit is not None and item.theirs.row is not None]
    known = [(theirs.row, visit) for theirs, visit in pairs if theirs.row is not None]
    numbers = [theirs.row_number for theirs, _ in pairs]
    columns = _columns(known, [own[visit.fact_id] for _, visit in known], numbers, file)
    findings = iter(compare(columns, recompute) if known else [])
    rows: list[ReconciledRow] = []
    for item in matched:
        if item.visit is not None:
            finding = next(findings)
            evidence = _evidence(item, finding, own[item.visit.fact_id])
            ids = (item.visit.child_id, item.visit.fact_id)
            rows.append(_row(len(rows) + 1, finding.cause, item.theirs.row_number, ids, evidence))
        else:
            evidence = _evidence(item, None, None)
            row = _row(
                len(rows) + 1,
                item.cause or causes.NOT_COMPARED,
                item.theirs.row_number,
                (item.child_id, None),
                evidence,
            )
            nik = None if item.theirs.row is None or item.child_id is not None else item.theirs.row.nik
            sealed = None if nik is None else vault.seal(seal[0], nik.encode(), seal[1]).sealed
            rows.append(row._replace(sealed_nik=sealed))
    seen = {item.visit.fact_id for item in matched if item.visit is not None}
    for visit in visits:
        if visit.fact_id not in seen:
            evidence = {"ours": _ours(visit, own[visit.fact_id])}
            rows.append(_row(len(rows) + 1, causes.MISSING_THERE, None, (visit.child_id, visit.fact_id), evidence))
    return Reconciled(rows, sums_of(rows, {visit.fact_id: visit.desa_code for visit in visits}, homes))


def _row(
    number: int, cause: str, file_row: int | None, ids: tuple[UUID | None, UUID | None], evidence: dict[str, Any]
) -> ReconciledRow:
    return ReconciledRow(number, cause, file_row, ids[0], ids[1], evidence)


def _scored(visit: PrimaryVisit) -> Scored:
    return Scored(visit.sex, visit.birth_date, visit)


def _columns(
    known: Sequence[tuple[FileRow, PrimaryVisit]],
    own: Sequence[OfficialScores],
    row_numbers: Sequence[int],
    file: TheirFile,
) -> Pairs:
    numbers = np.array(row_numbers)
    return Pairs(
        theirs=_inputs([row for row, _ in known]),
        ours=_inputs([visit for _, visit in known]),
        official=np.stack([_floats([getattr(row, f"official_{name}") for row, _ in known]) for name in _SCORES]),
        own_scores=np.stack([_floats([getattr(scores, name) for scores in own]) for name in _SCORES]),
        their_muac_cm=_floats([row.muac_cm for row, _ in known]),
        our_muac_cm=_floats([visit.muac_cm for _, visit in known]),
        birth_date_differs=np.array([row.birth_date != visit.birth_date for row, visit in known], np.bool_),
        day_differs=np.array([row.measured_on != visit.measured_on for row, visit in known], np.bool_),
        other_ages=_other_ages([row for row, _ in known]),
        months=_floats([float(completed_months(row.birth_date, row.measured_on)) for row, _ in known]),
        states_position=file.states_position,
        follows=np.concatenate(([False], np.diff(numbers) == 1)) if known else np.zeros(0, np.bool_),
    )


def _inputs(records: Sequence[FileRow | PrimaryVisit]) -> ScoreInputs:
    return ScoreInputs(
        sex=np.array([SEX_CODES[record.sex] for record in records], np.int8),
        age_days=_floats([float((record.measured_on - record.birth_date).days) for record in records]),
        weight_kg=_floats([record.weight_kg for record in records]),
        length_height_cm=_floats([record.length_height_cm for record in records]),
        position=np.array([POSITION_CODES[record.measurement_position] for record in records], np.int8),
    )


def _other_ages(rows: Sequence[FileRow]) -> dict[str, Floats]:
    """Ages that their scores may rest on although their dates say another."""
    names = ("age_text", "birth_date_swapped", "day_swapped", "a_day_more", "a_day_less")
    ages = [_ages(row) for row in rows]
    return {name: _floats([found[at] for found in ages]) for at, name in enumerate(names)}


def _ages(row: FileRow) -> tuple[float | None, ...]:
    born, seen = row.birth_date, row.measured_on
    other_birth, other_day = swap_day_and_month(born), swap_day_and_month(seen)
    days = (seen - born).days
    return (
        _stated_age_days(row),
        None if other_birth is None else float((seen - other_birth).days),
        None if other_day is None else float((other_day - born).days),
        float(days + 1),
        float(days - 1),
    )


def _stated_age_days(row: FileRow) -> float | None:
    """The age in words as days, where it is not that of the dates."""
    age = read_age(row.age_text)
    if age is None or age.days is None or age_agrees(age, row.birth_date, row.measured_on):
        return None
    return float(math.ceil((12 * age.years + age.months) * DAYS_PER_MONTH + age.days))


def _evidence(item: Matched, finding: Finding | None, own: OfficialScores | None) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if item.theirs.row is not None:
        row = item.theirs.row
        scores = {name: getattr(row, f"official_{name}") for name in _SCORES}
        shown["theirs"] = {**_stated(row), **scores}
    if item.visit is not None and own is not None:
        shown["ours"] = _ours(item.visit, own)
    if finding is not None:
        shown["fields"] = list(finding.fields)
        shown["hypothesis"] = finding.hypothesis
    reasons = (*item.reasons, *(item.theirs.reasons if item.visit is not None else ()))
    if reasons:
        shown["reasons"] = list(dict.fromkeys(reasons))
    return shown


def _ours(visit: PrimaryVisit, own: OfficialScores) -> dict[str, Any]:
    return {**_stated(visit), **{name: getattr(own, name) for name in _SCORES}}


def _stated(record: FileRow | PrimaryVisit) -> dict[str, Any]:
    values = ((name, getattr(record, name)) for name in _VALUES)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values}


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)
