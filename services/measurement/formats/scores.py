"""The numbers of a file against its own z-scores: what recomputes, which dates were weights, what a slip meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from services.measurement.domain.file_row import ZRow
from services.measurement.domain.plausible import LENGTH_HEIGHT_CM, WEIGHT_KG, Limits
from services.measurement.domain.proposals import Proposal, Suspect, propose
from services.measurement.domain.recompute import (
    FEMALE,
    INDICES,
    LARGEST_OFFICIAL_Z,
    LYING,
    MALE,
    STANDING,
    UNKNOWN,
    Bools,
    Floats,
    Int8s,
    Readings,
    Recompute,
    ScoreInputs,
    read_both_positions,
)
from services.measurement.formats.columns import Columns

DATE_REPAIR_SHARE: Final = 0.95  # domain.md §7: of the rows whose weight became a date
HEIGHT_FROM_DAY: Final = 731  # standing height is expected from this day (WHO 2006)

_CODES: Final = {"male": MALE, "female": FEMALE, "lying": LYING, "standing": STANDING}
_OFFICIAL: Final = {"HAZ": "official_haz", "WAZ": "official_waz", "WHZ": "official_whz"}
_USES_WEIGHT: Final = ("WAZ", "WHZ")


@dataclass(frozen=True, slots=True)
class ScoreCheck:
    """What recomputing the file has shown, by row.

    `checked` and `failed` by index: rows that could be compared, and those that differ. `repaired`: rows whose weight
    was a date. `outside` by field: values beyond the entry limits. `inputs`: the values that were scored, a repaired
    weight among them; `readings`: their scores.
    """

    inputs: ScoreInputs
    readings: Readings
    official: dict[str, Floats]
    checked: dict[str, Bools]
    failed: dict[str, Bools]
    repaired: Bools
    outside: dict[str, Bools]

    def without(self, rows: Sequence[int]) -> ScoreCheck:
        """The same without what is known to be wrong with the age of these rows: they prove nothing about a file."""
        counted = np.ones(self.inputs.sex.size, dtype=np.bool_)
        counted[list(rows)] = False
        checked = {index: column & counted for index, column in self.checked.items()}
        failed = {index: column & counted for index, column in self.failed.items()}
        return replace(self, checked=checked, failed=failed)

    def z_rows(self) -> list[ZRow]:
        """HAZ, WAZ, WHZ of each row: with its position, or the one its age expects."""
        with np.errstate(invalid="ignore"):
            lying = self.inputs.age_days < HEIGHT_FROM_DAY
        columns = (
            np.where(lying, self.readings.lying.of(index), self.readings.standing.of(index)).tolist()
            for index in INDICES
        )
        haz, waz, whz = ([None if math.isnan(z) else z for z in column] for column in columns)
        return list(zip(haz, waz, whz, strict=True))


def check_scores(columns: Columns, recompute: Recompute) -> ScoreCheck:
    """Recompute the whole file once."""
    dated = _dated(columns)
    inputs = _inputs(columns)
    readings = read_both_positions(recompute, inputs)
    official = {index: floats(columns.values(field)) for index, field in _OFFICIAL.items()}
    repaired = _proven_dates(dated, readings, official)
    checked, failed = {}, {}
    with np.errstate(invalid="ignore"):
        # Day-of-birth rows do not count: the ministry scores them by other rules than the rest.
        counted = (inputs.age_days > 0) & within(inputs.length_height_cm, LENGTH_HEIGHT_CM)
        weighed = within(inputs.weight_kg, WEIGHT_KG) & (~dated | repaired)
        aged = inputs.age_days > 0
    for index in INDICES:
        usable = {"HAZ": counted, "WAZ": aged & weighed, "WHZ": counted & weighed}[index]
        checked[index] = readings.checkable(official[index], index) & usable
        failed[index] = checked[index] & ~readings.equal(official[index], index)
    weight, height = np.where(dated, np.nan, inputs.weight_kg), inputs.length_height_cm
    outside = {
        "weight_kg": ~np.isnan(weight) & ~within(weight, WEIGHT_KG),
        "length_height_cm": ~np.isnan(height) & ~within(height, LENGTH_HEIGHT_CM),
    }
    return ScoreCheck(inputs, readings, official, checked, failed, repaired, outside)


def explain_slips(columns: Columns, check: ScoreCheck, recompute: Recompute) -> dict[int, Proposal | None]:
    """By row: what its impossible weight or height probably meant. Rows not named have possible values.

    None where no reading explains an impossible value; a possible value is only named with an explanation.
    """
    suspects = _suspects(columns, check)
    proposals = propose(list(suspects.values()), recompute)
    return {
        row: proposal
        for (row, suspect), proposal in zip(suspects.items(), proposals, strict=True)
        if proposal is not None or not suspect.within_limits
    }


def floats(values: list[float | None]) -> Floats:
    """A column of numbers, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def within(column: Floats, limits: Limits) -> Bools:
    """Rows whose value lies within `limits`; no value does not."""
    with np.errstate(invalid="ignore"):
        inside: Bools = (column >= limits.lowest) & (column <= limits.highest)
    return inside


def _inputs(columns: Columns) -> ScoreInputs:
    pairs = zip(columns.values("birth_date"), columns.values("measured_on"), strict=True)
    days = floats([None if born is None or seen is None or seen < born else (seen - born).days for born, seen in pairs])
    sex = _codes(columns.values("sex"))
    sex[np.isnan(days)] = UNKNOWN  # without an age there is nothing to compare
    weights = [
        cell.proposed if cell.problem == "weight_is_date" else cell.value for cell in columns.parsed["weight_kg"]
    ]
    return ScoreInputs(
        sex=sex,
        age_days=days,
        weight_kg=floats(weights),
        length_height_cm=floats(columns.values("length_height_cm")),
        position=_codes(columns.values("measurement_position")),
    )


def _proven_dates(dated: Bools, readings: Readings, official: dict[str, Floats]) -> Bools:
    """Dates that are weights again: where at least 95 % of the file's such rows recompute, those that do."""
    by_age = readings.checkable(official["WAZ"], "WAZ")
    by_length = readings.checkable(official["WHZ"], "WHZ") & ~by_age
    equal = np.where(by_age, readings.equal(official["WAZ"], "WAZ"), readings.equal(official["WHZ"], "WHZ"))
    checkable = dated & (by_age | by_length)
    proven: Bools = checkable & equal
    if proven.sum() < DATE_REPAIR_SHARE * checkable.sum():
        return np.zeros_like(dated)
    return proven


def _suspects(columns: Columns, check: ScoreCheck) -> dict[int, Suspect]:
    inputs = check.inputs
    dated = _dated(columns)
    weight, height = np.where(dated, np.nan, inputs.weight_kg), inputs.length_height_cm
    outside = check.outside["weight_kg"] | check.outside["length_height_cm"]
    with np.errstate(invalid="ignore"):
        absurd = np.abs(check.readings.lying.waz) > LARGEST_OFFICIAL_Z
    doubtful = ~outside & ~np.isnan(weight) & (absurd | (check.readings.flagged("WAZ") & check.failed["WAZ"]))
    known = inputs.sex != UNKNOWN
    return {
        int(row): Suspect(
            sex=int(inputs.sex[row]),
            age_days=inputs.age_days[row],
            weight_kg=_or_none(weight[row]),
            length_height_cm=_or_none(height[row]),
            position=int(inputs.position[row]),
            official=(check.official["HAZ"][row], check.official["WAZ"][row], check.official["WHZ"][row]),
            within_limits=bool(doubtful[row]),
            needs_proof=bool(doubtful[row] and not absurd[row]),
        )
        for row in np.flatnonzero(outside | (doubtful & known))
    }


def _dated(columns: Columns) -> Bools:
    """Rows whose weight cell holds a date."""
    return np.array([cell.problem == "weight_is_date" for cell in columns.parsed["weight_kg"]], dtype=np.bool_)


def _codes(words: list[str | None]) -> Int8s:
    return np.array([UNKNOWN if word is None else _CODES[word] for word in words], dtype=np.int8)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
