"""What recomputes their scores: hypotheses about one record, tried on all of them at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Final

import numpy as np

from services.measurement.domain.recompute import (
    FEMALE,
    INDICES,
    LYING,
    MALE,
    STANDING,
    TOLERANCE_Z,
    UNKNOWN,
    Bools,
    Floats,
    Int8s,
    Recompute,
    ScoreInputs,
)
from services.measurement.domain.reconcile_pairs import NOISE, Pairs, Zs

_EXACT_Z: Final = 0.005
_LAST_DAY: Final = 1826  # the last whole day under 60 months
DAYS_PER_MONTH: Final = 30.4375


def month_table_age_days(months: Floats) -> Floats:
    """The age whose row of the day tables the WHO prints as that month's row: months times 30.4375 days, half up.

    So month 24 is day 731 (730.5), the first of the height tables.
    """
    return np.floor(months * DAYS_PER_MONTH + 0.5)


class Trial:
    """Which hypothesis recomputes their scores to 0.01, in every index that counts."""

    def __init__(self, pairs: Pairs, recompute: Recompute) -> None:
        self._pairs = pairs
        self._recompute = recompute
        young = pairs.theirs.age_days <= _LAST_DAY  # ours have no score after it
        self._counts = ~np.isnan(pairs.official) & ~np.isnan(pairs.own_scores) & young

    def exactly(self, z: Zs) -> Bools:
        """Their scores are these, to the hundredth; nothing to compare is no difference."""
        return self._within(z, _EXACT_Z)

    def reproduced(self, z: Zs) -> Bools:
        """Their scores are within 0.01 of these."""
        return self._within(z, TOLERANCE_Z + NOISE)

    def rounded(self) -> Bools:
        """Their scores are ours with one decimal, rounded or cut."""
        official, own = self._pairs.official, self._pairs.own_scores
        with np.errstate(invalid="ignore"):
            tenths = np.abs(official * 10 - np.rint(official * 10)) < NOISE
            near = np.abs(official - own) <= 0.05 + NOISE
            cut = np.abs(official - np.trunc(own * 10) / 10) < NOISE
            fits: Bools = np.all((tenths & (near | cut)) | ~self._counts, axis=0)
        return fits

    def permuted(self) -> Bools:
        """Their three scores are ours in another order."""
        official, own = self._pairs.official, self._pairs.own_scores
        found = np.zeros(official.shape[1], dtype=np.bool_)
        with np.errstate(invalid="ignore"):
            for order in list(permutations(range(3)))[1:]:
                found |= (np.abs(official - own[list(order)]) < _EXACT_Z).all(axis=0)
        return found & self._counts.all(axis=0)

    def with_position(self, position: int) -> Bools:
        """Our values, measured in this position (unknown = without correction)."""
        stated = np.full_like(self._pairs.ours.position, position)
        return self._try(replace(self._pairs.ours, position=stated))

    def with_age(self, age_days: Floats) -> Bools:
        """Our values at another age; no age explains nothing."""
        known = ~np.isnan(age_days) & (age_days >= 0)
        return self._try(replace(self._pairs.ours, age_days=np.where(known, age_days, np.nan))) & known

    def with_other_sex(self) -> Bools:
        """Our values, by the tables of the other sex."""
        return self._try(replace(self._pairs.ours, sex=_other(self._pairs.ours.sex)))

    def with_their_values(self) -> Bools:
        """Their own values, in their position or, where they state none, in either."""
        theirs = self._pairs.theirs
        lying, standing = (
            np.where(theirs.position == UNKNOWN, position, theirs.position).astype(np.int8)
            for position in (LYING, STANDING)
        )
        return self._try(replace(theirs, position=lying)) | self._try(replace(theirs, position=standing))

    def differing_scores(self) -> dict[str, Bools]:
        """By index: rows whose scores are not the same."""
        with np.errstate(invalid="ignore"):
            differ = (np.abs(self._pairs.official - self._pairs.own_scores) >= _EXACT_Z) & self._counts
        return {index.lower(): differ[place] for place, index in enumerate(INDICES)}

    def _try(self, inputs: ScoreInputs) -> Bools:
        scores = self._recompute(inputs)
        z = np.stack([scores.of(index) for index in INDICES])
        return self.reproduced(z) & (self._counts & ~np.isnan(z)).any(axis=0)

    def _within(self, z: Zs, tolerance: float) -> Bools:
        with np.errstate(invalid="ignore"):
            near: Bools = np.all((np.abs(self._pairs.official - z) <= tolerance) | ~self._counts, axis=0)
        return near


def _other(sex: Int8s) -> Int8s:
    return np.where(sex == MALE, FEMALE, np.where(sex == FEMALE, MALE, UNKNOWN)).astype(np.int8)
