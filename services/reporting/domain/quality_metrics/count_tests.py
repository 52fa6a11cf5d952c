"""Tests of counts: chi-square, of a share, and exact where counts are too small for either.

Results are NaN where there is nobody to test. All functions work on the last axis and keep those before it.
"""

from __future__ import annotations

from functools import cache
from math import lgamma, log
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrc, chdtrc

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer]

YATES: Final = 0.5  # continuity correction of a share's test, as in R's prop.test
EXACT_BELOW: Final = 50  # of ten classes: fewer than five expected in each, where chi-square is no longer trusted


class ChiSquare(NamedTuple):
    """A goodness-of-fit test; `p` is the chance of a fit at least as bad."""

    x2: Floats
    df: int
    p: Floats


class ShareTest(NamedTuple):
    """A share against an expected one, chi-square with one degree of freedom and Yates's correction."""

    share: Floats
    x2: Floats
    p: Floats


def equal_counts(counts: Counts) -> ChiSquare:
    """Whether all classes are equally likely."""
    return fits(counts, np.ones(counts.shape[-1]))


def fits(counts: Counts, weights: Floats) -> ChiSquare:
    """Whether the classes are as likely as their `weights` say; those need not sum to one."""
    expected = counts.sum(axis=-1, keepdims=True) * (weights / weights.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        x2 = ((counts - expected) ** 2 / expected).sum(axis=-1)
    df = counts.shape[-1] - 1
    return ChiSquare(x2, df, chdtrc(df, x2))


def share_is(hits: Counts, total: Counts, expected: float) -> ShareTest:
    """Whether `hits` of `total` is what a share of `expected` would give."""
    away = np.abs(hits - total * expected)
    corrected = away - np.minimum(YATES, away)
    with np.errstate(invalid="ignore", divide="ignore"):
        x2 = corrected**2 / (total * expected) + corrected**2 / (total * (1.0 - expected))
        share = hits / np.asarray(total, np.float64)
    return ShareTest(share, x2, chdtrc(1, x2))


def at_least(hits: Counts, total: Counts, share: Floats | float) -> Floats:
    """Exact chance of `hits` or more of `total` where each has the chance `share`."""
    above: Floats = bdtrc(np.asarray(hits, np.float64) - 1.0, total, share)
    return np.where(np.asarray(hits) <= 0, 1.0, above)


def at_most(hits: Counts, total: Counts, share: float) -> Floats:
    """Exact chance of `hits` or fewer of `total`: how improbable so few (or none at all) are."""
    below: Floats = bdtr(np.asarray(hits, np.float64), total, share)
    return below


def equal_digits_p(counts: Counts) -> Floats:
    """The chance that ten equally likely digits are at least as uneven as `counts`, shape (..., 10).

    Exact (the multinomial distribution of the sum of squared counts) below 50 values, chi-square from there on. A score
    of digit preference needs it at small n: ten honest values score about 32, which is called problematic.
    """
    total = counts.sum(axis=-1)
    p = np.array(equal_counts(counts).p)
    squares = (np.asarray(counts, np.int64) ** 2).sum(axis=-1)
    for place in np.ndindex(total.shape):
        n = int(total[place])
        if 0 < n < EXACT_BELOW:
            p[place] = _unevenness(n)[squares[place]]
    return p


@cache
def _unevenness(n: int) -> Floats:
    """For n values over ten equally likely digits: the chance of a sum of squared counts of at least w, by w."""
    chances = np.zeros((n + 1, n * n + 1))  # values given out so far, sum of squares; times 10^n / n!
    chances[0, 0] = 1.0
    for _ in range(10):
        longer = np.zeros_like(chances)
        for count in range(n + 1):
            square = count * count
            part = chances[: n + 1 - count, : n * n + 1 - square]
            longer[count:, square:] += part * np.exp(-lgamma(count + 1))
        chances = longer
    exact = chances[n] * np.exp(lgamma(n + 1) - n * log(10.0))
    tail: Floats = np.minimum(1.0, exact[::-1].cumsum()[::-1])
    return tail
