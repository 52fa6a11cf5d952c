"""Weight gain on the KMS card, by calendar months, for all children at once.

N: gained at least the minimum (KBM) of the age in months at this weighing; T: did not. O: no weighing in the previous
calendar month; B: the child's first month of weighing. 2T: T in two consecutive calendar months (T-O-T is not).
The comparison is with the last weighing of the previous calendar month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.ages import Dates, month_number
from services.scoring.domain.assessment_codes import Letter
from services.scoring.domain.ruleset import LAST_KMS_MONTH, Kms

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Weighings:
    """Columns of weighings sorted by child and date, at most one a day; `child` is any number that tells them apart.

    `months` are completed calendar months, negative (or `NO_AGE`) where unknown; `sex` holds `Sex` codes.
    """

    child: npt.NDArray[np.int64]
    weighed_on: Dates
    weight_kg: Floats
    months: npt.NDArray[np.int32]
    sex: Int8s


@dataclass(frozen=True, slots=True)
class Letters:
    """Per weighing: the `Letter`, 2T, and whether the interval to the weighing compared with is unusual."""

    letter: Int8s
    twice_not_gained: Bools
    interval_atypical: Bools


def letters(weighings: Weighings, rules: Kms) -> Letters:
    """Letters of all weighings. No letter where age, or the sex a minimum depends on, is unknown."""
    first_month, reference = _reference(weighings)
    size = weighings.child.size
    compared = np.flatnonzero(reference >= 0)
    before = reference[compared]

    letter = np.full(size, Letter.O, np.int8)
    letter[first_month] = Letter.B
    minimum = rules.minimum_gain_g[weighings.sex[compared], np.clip(weighings.months[compared], 0, LAST_KMS_MONTH)]
    grams = np.rint(weighings.weight_kg * 1000.0)  # whole grams: 8.03 - 7.73 must be 300
    gained = np.where(grams[compared] - grams[before] >= minimum, np.int8(Letter.N), np.int8(Letter.T))
    letter[compared] = np.where(np.isnan(minimum), np.int8(Letter.NONE), gained)
    letter[(weighings.months < 0) | (weighings.months > LAST_KMS_MONTH)] = Letter.NONE

    twice = np.zeros(size, np.bool_)
    twice[compared] = (letter[compared] == Letter.T) & (letter[before] == Letter.T)
    atypical = np.zeros(size, np.bool_)
    days = (weighings.weighed_on[compared] - weighings.weighed_on[before]).astype(np.int64)
    atypical[compared] = (days < rules.shortest_days) | (days > rules.longest_days)
    return Letters(letter, twice, atypical)


def _reference(weighings: Weighings) -> tuple[Bools, Rows]:
    """Whether each weighing lies in the child's first month, and the weighing to compare with (-1 = none)."""
    size = weighings.child.size
    if not size:
        return np.zeros(0, np.bool_), np.zeros(0, np.intp)
    month = month_number(weighings.weighed_on)
    new_child = np.r_[True, weighings.child[1:] != weighings.child[:-1]]
    new_month = new_child | np.r_[True, month[1:] != month[:-1]]
    start = np.flatnonzero(new_month)  # first weighing of each child-month; the one before it ends the month before
    before = start - 1
    consecutive = ~new_child[start] & (month[start] - month[before] == 1)
    child_month = np.cumsum(new_month) - 1
    return new_child[start][child_month], np.where(consecutive, before, -1)[child_month]
