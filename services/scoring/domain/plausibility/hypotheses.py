"""What a value would be under each simple mistake of writing: decimal point, unit, exchanged digits, swapped fields."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.plausibility.values import Bools, Floats, Int8s
from services.scoring.domain.plausibility.verdicts import Evidence

KG_PER_POUND: Final = 0.45359237
CM_PER_INCH: Final = 2.54

# What was meant = what was written times this; first for weights, then for length/heights.
FACTORS: Final[tuple[tuple[tuple[Evidence, float], ...], ...]] = (
    (
        (Evidence.TIMES_TEN, 0.1),
        (Evidence.TENTH, 10.0),
        (Evidence.POUNDS, KG_PER_POUND),
        (Evidence.GRAMS, 0.001),
    ),
    (
        (Evidence.TIMES_TEN, 0.1),
        (Evidence.TENTH, 10.0),
        (Evidence.INCHES, CM_PER_INCH),
        (Evidence.METRES, 100.0),
    ),
)
DIGIT_PLACES: Final = 3  # exchanges of neighbours: tenths and ones, ones and tens, tens and hundreds


def factors(param: Int8s) -> tuple[Floats, Int8s]:
    """Factor and `Evidence` code of each hypothesis by row, shape (4, n)."""
    table = np.array([[factor for _, factor in kind] for kind in FACTORS])
    codes = np.array([[code for code, _ in kind] for kind in FACTORS], np.int8)
    return table[param].T.copy(), codes[param].T.copy()


def digits_exchanged(value: Floats) -> tuple[Floats, Bools]:
    """What was meant if two neighbouring digits changed places, shape (3, n), and where that is another value.

    Also across the decimal point (10.6 written as 16.0), with a leading zero lost (90.1 as 9.1). Values are taken to
    have one decimal, as scales and boards do.
    """
    tenths = np.rint(np.clip(value, 0.0, 900.0) * 10.0).astype(np.int64)
    other, differs = np.empty((DIGIT_PLACES, value.size)), np.empty((DIGIT_PLACES, value.size), np.bool_)
    for place in range(DIGIT_PLACES):
        low, high = 10**place, 10 ** (place + 1)
        right, left = tenths // low % 10, tenths // high % 10
        other[place] = (tenths + (left - right) * low + (right - left) * high) / 10.0
        differs[place] = left != right
    # Nobody leaves out a hundreds digit: a third exchange needs one on paper.
    differs[2] &= tenths >= 1000
    return other, differs
