"""Input columns of the growth engine, and what every index derives from them first: age, position, corrected length."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.growth.codes import Position
from shared.growth.growth_tables import DAY_BLOCK

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Rows = npt.NDArray[np.intp]

DAYS_PER_MONTH: Final = 30.4375
SCORED_BELOW_MONTHS: Final = 60.0
HEIGHT_FROM_DAY: Final = 731  # standing height is expected from this day, lying length before
STANDING_FROM_MONTHS: Final = 9.0  # standing earlier is implausible: the stated position is ignored
POSITION_CORRECTION_CM: Final = 0.7
LENGTH_TABLE_BELOW_CM: Final = 87.0  # table when neither age nor position is known
MUAC_AND_SKINFOLDS_FROM_DAY: Final = 91

# By table (length, height): what it spans, in centimetres.
SMALLEST_CM: Final = np.array([45.0, 65.0])
LARGEST_CM: Final = np.array([110.0, 120.0])

# Added to the measured value, by position (unknown, lying, standing) and age (unknown, length, height expected).
_CORRECTION_CM: Final = np.array([0, 0, 0, 0, 0, -POSITION_CORRECTION_CM, 0, POSITION_CORRECTION_CM, 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Anthropometry:
    """Input columns of equal length n. NaN = missing; an optional column that is None is not scored at all.

    `age` is in days, whole or fractional, or in months where `age_in_months` is true. `sex` and `position` hold the
    codes of `assessment_codes`; skinfolds are in millimetres.
    """

    sex: Int8s
    age: Floats
    weight_kg: Floats
    length_height_cm: Floats
    position: Int8s
    oedema: Bools
    age_in_months: Bools | None = None
    head_circumference_cm: Floats | None = None
    muac_cm: Floats | None = None
    triceps_mm: Floats | None = None
    subscapular_mm: Floats | None = None

    def rows(self, part: slice | Rows) -> Anthropometry:
        """The same columns for some of the rows."""
        taken: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            taken[field.name] = None if column is None else column[part]
        return Anthropometry(**taken)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every index of some rows needs; `row` is the place in the tables by age (NaN rows where unscorable)."""

    columns: Anthropometry
    days: Floats
    months: Floats
    age_known: Bools
    by_height: Bools  # height is expected, so weight-for-height is the table
    position: Int8s
    position_implausible: Bools
    adjusted_cm: Floats
    row: Rows


def prepare(columns: Anthropometry) -> Prepared:
    """Ages, believed positions and corrected lengths."""
    days, months = whole_days(columns.age, columns.age_in_months)
    age_known = months >= 0.0
    by_height = days >= HEIGHT_FROM_DAY
    implausible = (columns.position == Position.STANDING) & (months < STANDING_FROM_MONTHS) & age_known
    position = columns.position * ~implausible
    adjusted = columns.length_height_cm + _CORRECTION_CM.take(position * np.int8(3) + age_known + by_height)
    unknown_age = np.flatnonzero(~age_known)
    if unknown_age.size:
        stated = position[unknown_age]
        tall = adjusted[unknown_age] >= LENGTH_TABLE_BELOW_CM
        by_height[unknown_age] = (stated == Position.STANDING) | ((stated == Position.UNKNOWN) & tall)
    row = np.where(age_known & (months < SCORED_BELOW_MONTHS), days + 1.0, 0.0).astype(np.intp)
    row += columns.sex.astype(np.intp) * DAY_BLOCK
    return Prepared(columns, days, months, age_known, by_height, position, implausible, adjusted, row)


def whole_days(age: Floats, in_months: Bools | None) -> tuple[Floats, Floats]:
    """Whole days (half up) and unrounded months of ages in days, or in months where `in_months`."""
    days = age if in_months is None else np.where(in_months, age * DAYS_PER_MONTH, age)
    months = age / DAYS_PER_MONTH
    if in_months is not None:
        months = np.where(in_months, age, months)
    whole = np.floor(days)
    whole += (days - whole) >= 0.5
    return whole, months
