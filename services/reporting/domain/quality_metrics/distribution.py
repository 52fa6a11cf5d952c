"""The shape of z-scores, and which values lie too far out: moments, flags, fences, distances."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from services.reporting.domain.quality_metrics.groups import Ints, sum_by

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Beyond these a z-score is biologically implausible (WHO 2006); strict, by index.
WHO_LIMITS: Final = {"haz": (-6.0, 6.0), "waz": (-6.0, 5.0), "whz": (-5.0, 5.0)}
SMART_REACH: Final = 3.0  # z-scores, not standard deviations of the sample, around the observed mean
IQR_REACH: Final = 1.5
UNLIKELY: Final = 0.001
FEWEST_FOR_SKEW: Final = 3
FEWEST_FOR_KURTOSIS: Final = 4


class Distribution(NamedTuple):
    """Per group: moments and their standard errors (NaN where too few values, or none that differ).

    `skew` and `kurtosis` (excess) in the population form, p of each being zero from the normal distribution.
    """

    n: Ints
    mean: Floats
    sd: Floats
    skew: Floats
    skew_se: Floats
    kurtosis: Floats
    kurtosis_se: Floats

    @property
    def skew_p(self) -> Floats:
        """Two-sided p of no skew."""
        return _two_sided(self.skew / self.skew_se)

    @property
    def kurtosis_p(self) -> Floats:
        """Two-sided p of no excess kurtosis."""
        return _two_sided(self.kurtosis / self.kurtosis_se)


def distribution(values: Floats, group: Ints, n_groups: int) -> Distribution:
    """Moments of each group; missing values (NaN) drop out."""
    there = np.isfinite(values)
    x, where = values[there], group[there]
    n = np.bincount(where, minlength=n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sum_by(x, where, n_groups) / n
        away = x - mean[where]
        mean = mean + sum_by(away, where, n_groups) / n  # what the first sum lost to rounding
        away = x - mean[where]
        second, third, fourth = (sum_by(away**power, where, n_groups) for power in (2, 3, 4))
        # Equal values: what is left is rounding, and has no shape.
        second = np.where(second > n * (1e-12 * (1.0 + np.abs(mean))) ** 2, second, 0.0)
        sd = np.where(n > 1, np.sqrt(second / (n - 1)), np.nan)
        shaped = second > 0.0
        skew = np.where(shaped & (n >= FEWEST_FOR_SKEW), np.sqrt(n) * third / second**1.5, np.nan)
        kurtosis = np.where(shaped & (n >= FEWEST_FOR_KURTOSIS), n * fourth / second**2 - 3.0, np.nan)
        m = n.astype(np.float64)
        skew_se = np.where(n >= FEWEST_FOR_SKEW, np.sqrt(6 * m * (m - 1) / ((m - 2) * (m + 1) * (m + 3))), np.nan)
        ratio = np.sqrt((m * m - 1) / ((m - 3) * (m + 5)))
        kurtosis_se = np.where(n >= FEWEST_FOR_KURTOSIS, 2.0 * skew_se * ratio, np.nan)
    return Distribution(n, mean, sd, skew, skew_se, kurtosis, kurtosis_se)


def who_flags(z: Floats, index: str) -> Bools:
    """Which scores of `haz`, `waz` or `whz` are biologically implausible. A missing one is not."""
    low, high = WHO_LIMITS[index]
    return (z < low) | (z > high)


def smart_flags(z: Floats, group: Ints, n_groups: int) -> Bools:
    """Which scores lie more than 3 z-scores from the mean of all of their group (once, extreme ones included)."""
    mean = distribution(z, group, n_groups).mean
    return np.abs(z - mean[group]) > SMART_REACH


def fences(values: Floats) -> tuple[float, float]:
    """Lower and upper quartile of one group (linear between values); NaN of none."""
    there = values[np.isfinite(values)]
    if not there.size:
        return np.nan, np.nan
    low, high = np.quantile(there, (0.25, 0.75))
    return float(low), float(high)


def beyond_fences(values: Floats) -> Bools:
    """Values more than one and a half interquartile ranges beyond the quartiles of their one group."""
    low, high = fences(values)
    reach = IQR_REACH * (high - low)
    return (values < low - reach) | (values > high + reach)


def unlikely_pairs(first: Floats, second: Floats) -> Bools:
    """Pairs whose Mahalanobis distance from the middle of their one group has p < 0.001 (chi-square, two degrees).

    Nobody is unlikely where the two values lie on one line, or of fewer than three pairs.
    """
    both = np.isfinite(first) & np.isfinite(second)
    far = np.zeros(first.size, np.bool_)
    pairs = np.column_stack((first[both], second[both]))
    if len(pairs) < FEWEST_FOR_SKEW:
        return far
    covariance = np.cov(pairs, rowvar=False)
    scale = np.sqrt(np.diag(covariance))
    # Exactly proportional columns leave a determinant of rounding error.
    if not scale.all() or np.linalg.det(covariance / np.outer(scale, scale)) < 1e-12:
        return far
    away = pairs - pairs.mean(axis=0)
    distance = np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T)
    far[both] = np.exp(-distance / 2.0) < UNLIKELY
    return far


def _two_sided(z: Floats) -> Floats:
    p: Floats = 2.0 * ndtr(-np.abs(z))
    return p
