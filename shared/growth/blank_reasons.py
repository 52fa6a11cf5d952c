"""Why a row of an index is blank, looked up for the blank rows only.

Where several things are wrong, the first of this order is told: oedema (the child counts as severe without a score),
sex, age, the measured values (missing, then zero or below), the range of the table, a result that is no number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.growth.anthro_columns import (
    LARGEST_CM,
    MUAC_AND_SKINFOLDS_FROM_DAY,
    SCORED_BELOW_MONTHS,
    SMALLEST_CM,
    Prepared,
)
from shared.growth.codes import BlankReason, Sex

Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Checks = list[tuple[Bools, BlankReason]]


@dataclass(frozen=True, slots=True)
class Value:
    """A measured value (a column of `Anthropometry`), with the reasons for lacking it."""

    column: str
    missing: BlankReason
    nonpositive: BlankReason


@dataclass(frozen=True, slots=True)
class Needs:
    """What an index is made of."""

    values: tuple[Value, ...]
    weight_based: bool = False  # blank with oedema
    from_day: int = 0
    by_size: bool = False  # the table goes by length or height, so a missing age is no obstacle


WEIGHT: Final = Value("weight_kg", BlankReason.WEIGHT_MISSING, BlankReason.NONPOSITIVE_WEIGHT)
LENGTH: Final = Value("length_height_cm", BlankReason.LENGTH_HEIGHT_MISSING, BlankReason.NONPOSITIVE_LENGTH_HEIGHT)
HEAD: Final = Value(
    "head_circumference_cm",
    BlankReason.HEAD_CIRCUMFERENCE_MISSING,
    BlankReason.NONPOSITIVE_HEAD_CIRCUMFERENCE,
)
MUAC: Final = Value("muac_cm", BlankReason.MUAC_MISSING, BlankReason.NONPOSITIVE_MUAC)
TRICEPS: Final = Value("triceps_mm", BlankReason.TRICEPS_SKINFOLD_MISSING, BlankReason.NONPOSITIVE_TRICEPS_SKINFOLD)
SUBSCAPULAR: Final = Value(
    "subscapular_mm", BlankReason.SUBSCAPULAR_SKINFOLD_MISSING, BlankReason.NONPOSITIVE_SUBSCAPULAR_SKINFOLD
)

NEEDS: Final = {
    "haz": Needs((LENGTH,)),
    "waz": Needs((WEIGHT,), weight_based=True),
    "whz": Needs((WEIGHT, LENGTH), weight_based=True, by_size=True),
    "baz": Needs((WEIGHT, LENGTH), weight_based=True),
    "hcz": Needs((HEAD,)),
    "acz": Needs((MUAC,), from_day=MUAC_AND_SKINFOLDS_FROM_DAY),
    "tsz": Needs((TRICEPS,), from_day=MUAC_AND_SKINFOLDS_FROM_DAY),
    "ssz": Needs((SUBSCAPULAR,), from_day=MUAC_AND_SKINFOLDS_FROM_DAY),
}


def blank_reasons(needs: Needs, rows: Prepared) -> Int8s:
    """The `BlankReason` of rows that are all blank in the index with these needs."""
    columns = rows.columns
    checks: Checks = [(columns.oedema, BlankReason.OEDEMA)] if needs.weight_based else []
    checks.append((columns.sex == Sex.MISSING, BlankReason.SEX_MISSING))
    if not needs.by_size:
        checks.append((np.isnan(rows.months), BlankReason.AGE_MISSING))
    checks.append((rows.months < 0.0, BlankReason.VISIT_BEFORE_BIRTH))
    checks.append((rows.months >= SCORED_BELOW_MONTHS, BlankReason.AGE_60_MONTHS_OR_MORE))
    checks.append((rows.days < needs.from_day, BlankReason.AGE_BELOW_91_DAYS))
    for value in needs.values:
        measured = getattr(columns, value.column)
        used = rows.adjusted_cm if value is LENGTH else measured
        checks.append((np.isnan(measured), value.missing))
        checks.append(((measured <= 0.0) | (used <= 0.0), value.nonpositive))
    if needs.by_size:
        checks.extend(_range_checks(rows))
    conditions, codes = zip(*checks, strict=True)
    return np.select(conditions, [np.int8(code) for code in codes], np.int8(BlankReason.NOT_FINITE))


def _range_checks(rows: Prepared) -> Checks:
    table = rows.by_height.astype(np.intp)
    below, above = rows.adjusted_cm < SMALLEST_CM[table], rows.adjusted_cm > LARGEST_CM[table]
    return [
        (below & ~rows.by_height, BlankReason.LENGTH_BELOW_45),
        (above & ~rows.by_height, BlankReason.LENGTH_ABOVE_110),
        (below & rows.by_height, BlankReason.HEIGHT_BELOW_65),
        (above & rows.by_height, BlankReason.HEIGHT_ABOVE_120),
    ]
