"""Whether ages look recalled, and whether the children are those one would expect: ages and sexes of 6 to 59 months."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.quality_metrics.count_tests import ChiSquare, ShareTest, fits, share_is
from services.reporting.domain.quality_metrics.groups import Ints, tally

Floats = npt.NDArray[np.float64]

HEAPING_DIVISORS: Final = (12, 6, 5, 10)  # years, half-years, and the two of recalled round numbers
YOUNGER_TO_OLDER: Final = 0.85  # children of 6-29 months per child of 30-59: SMART's expectation
BOYS: Final = 0.5
FROM_MONTH, YOUNGER_BELOW, TO_MONTH = 6, 30, 60
# Lower limits of the groups of a year (the last: half), and the share of a year in each.
STRUCTURE_FROM: Final = (6, 18, 30, 42, 54)
STRUCTURE_YEARS: Final = (1.0, 1.0, 1.0, 1.0, 0.5)
DEATHS_PER_10000_DAYS: Final = 1.0  # under-five mortality that the expected structure assumes


class AgeStructure(NamedTuple):
    """Children by age group, shape (groups, 5), what was expected, and the test of it."""

    counts: Ints
    expected: Floats
    test: ChiSquare


def whole_months(age_months: Floats) -> Ints:
    """Completed months; -1 where missing or below zero."""
    there = np.isfinite(age_months) & (age_months >= 0.0)
    return np.where(there, np.floor(np.where(there, age_months, 0.0)), -1.0).astype(np.int64)


def heaping_counts(months: Ints, divisor: int, group: Ints, n_groups: int) -> Ints:
    """Completed months by their remainder, shape (n_groups, divisor): 0 stands out where ages are told in years."""
    return tally(np.where(months >= 0, months % divisor, -1), group, divisor, n_groups)


def age_ratio(months: Ints, group: Ints, n_groups: int) -> tuple[Floats, ShareTest]:
    """Children of 6-29 months per child of 30-59 (NaN without older ones), and the test against 0.85."""
    counts = tally(_band(months, (FROM_MONTH, YOUNGER_BELOW)), group, 2, n_groups)
    younger, older = counts[:, 0], counts[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(older > 0, younger / older.astype(np.float64), np.nan)
    return ratio, share_is(younger, younger + older, YOUNGER_TO_OLDER / (1.0 + YOUNGER_TO_OLDER))


def sex_ratio(sex: npt.NDArray[np.integer], group: Ints, n_groups: int) -> ShareTest:
    """The share of boys among children whose sex is known (`shared.growth.codes.Sex`), tested against one half."""
    counts = tally(np.asarray(sex, np.int64) - 1, group, 2, n_groups)
    return share_is(counts[:, 0], counts.sum(axis=1), BOYS)


def age_structure(months: Ints, group: Ints, n_groups: int) -> AgeStructure:
    """Children by year of age against a population that loses one of 10,000 a day."""
    counts = tally(_band(months, STRUCTURE_FROM), group, len(STRUCTURE_FROM), n_groups)
    yearly = DEATHS_PER_10000_DAYS / 10_000.0 * 365.25
    weights = np.array(STRUCTURE_YEARS) * np.exp(-yearly * np.arange(len(STRUCTURE_FROM)))
    expected = counts.sum(axis=1, keepdims=True) * (weights / weights.sum())
    return AgeStructure(counts, expected, fits(counts, weights))


def _band(months: Ints, limits: tuple[int, ...]) -> Ints:
    """The number of the band that begins at the last limit reached; -1 below the first and from 60 months."""
    band = np.searchsorted(np.array(limits), months, side="right") - 1
    return np.where(months < TO_MONTH, band, -1)
