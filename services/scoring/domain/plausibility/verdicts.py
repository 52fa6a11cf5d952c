"""What is said about each value. Codes are for ever: append, never renumber (stored hints hold them)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.values import Bools, Floats, Int8s, Int64s, Rows

NO_VISIT: Final = -1


class Kind(IntEnum):
    """What probably happened to a value; the name in lower case is its code outside."""

    NONE = 0
    DECIMAL_SHIFT = 1
    UNIT_ERROR = 2
    SWAP_WT_HT = 3
    DIGIT_TRANSPOSITION = 4
    WRONG_CHILD = 5
    CARRIED_FORWARD = 6
    TEM_OUTLIER = 7
    WRONG_SEX = 8
    WRONG_BIRTH_DATE = 9
    EXACT_DUPLICATE = 10
    SAME_DAY_CONFLICT = 11
    POSITION_ERROR = 12
    HEAPING = 13
    SCALE_BIAS = 14
    OTHER = 15


class Evidence(IntEnum):
    """What speaks against a value, and what `proposed` and `other_visit` of the verdict then mean."""

    NONE = 0
    FAR_FROM_HISTORY = 1  # `expected` is what the child's other values lead to
    TIMES_TEN = 2  # `proposed` = value / 10
    TENTH = 3  # `proposed` = value x 10
    POUNDS = 4  # `proposed` in kg
    GRAMS = 5
    INCHES = 6  # `proposed` in cm
    METRES = 7
    SWAPPED = 8  # `proposed` is the visit's other value
    DIGITS_EXCHANGED = 9  # `proposed` has two neighbouring digits the other way round
    OTHER_CHILDS_VALUE = 10  # `other_visit` is the visit whose value fits here, `proposed` that value
    SAME_AS_LAST = 11  # `other_visit` is the last visit of the child
    OTHER_SEX = 12  # `proposed` is a `Sex` code
    OTHER_BIRTH_DATE = 13  # `proposed` is a day since 1970, NaN where only an inconsistency is seen
    ENTERED_TWICE = 14  # `other_visit` holds the same value of the same day
    TWO_VALUES_ONE_DAY = 15  # `other_visit` holds the other value, which is `proposed` where it fits better
    POSITION = 16  # `proposed` is a `Position` code
    ROUNDED = 17  # the posyandu's values of these months end on whole or half units
    SCALE = 18  # the posyandu's weights of these weeks lie apart from what its children lead to; `proposed` in kg
    BEYOND_WHO_LIMITS = 19  # no history: the value alone is what no child has


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One verdict a row of the values asked about, in their order; hints, never corrections.

    `probability` is that of an error of any kind (0-1), given for every row; `kind` and what follows are filled where
    `flagged`. `expected` (unit of the value) is NaN where nothing could be expected; `proposed` is what the value, or
    the child's sex, birth date or position, would be under the hypothesis (see `Evidence`), NaN where there is none;
    `other_visit` is the visit that speaks against it, `NO_VISIT` where none does.
    """

    flagged: Bools
    kind: Int8s
    probability: Floats
    evidence_code: Int8s
    expected: Floats
    proposed: Floats
    other_visit: Int64s

    def rows(self, part: slice | Rows | Bools) -> Verdicts:
        """The same verdicts for some of the rows."""
        return Verdicts(*(getattr(self, field.name)[part] for field in fields(self)))


def no_verdicts(rows: int) -> Verdicts:
    """Nothing to say about any of `rows` values."""
    return Verdicts(
        np.zeros(rows, np.bool_),
        np.zeros(rows, np.int8),
        np.zeros(rows),
        np.zeros(rows, np.int8),
        np.full(rows, np.nan),
        np.full(rows, np.nan),
        np.full(rows, NO_VISIT, np.int64),
    )


KIND_CODES: Final = tuple(kind.name.lower() for kind in Kind)
EVIDENCE_CODES: Final = tuple(code.name.lower() for code in Evidence)
