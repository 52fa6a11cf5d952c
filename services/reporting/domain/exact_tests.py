"""Exact tests for small numbers, on columns, beside those of `quality_metrics.count_tests`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, chdtr, chdtrc, gammaln, stdtr

Floats = npt.NDArray[np.float64]


def at_most_correlated(count: Floats, n: Floats, expected: Floats, correlation: float) -> Floats:
    """P(X <= count), X beta-binomial: any two children of a posyandu are alike by `correlation`. 1 where n = 0."""
    spread = (1 - correlation) / correlation
    share = np.clip(expected, 1e-9, 1 - 1e-9)
    a, b = share * spread, (1 - share) * spread
    k = np.arange(int(count.max(initial=0)) + 1)[:, None]
    possible = k <= np.minimum(count, n)
    k = np.where(possible, k, 0)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    chance = np.exp(ways + betaln(k + a, n - k + b) - betaln(a, b))
    return np.where(n > 0, np.minimum((chance * possible).sum(axis=0), 1.0), 1.0)


def wider_than(variance: Floats, n: Floats, sd: float) -> Floats:
    """P of a sample variance so large, where the values are normal with standard deviation `sd`."""
    degrees = np.maximum(n - 1, 1)
    return np.where(n > 1, chdtrc(degrees, degrees * variance / sd**2), 1.0)


def narrower_than(variance: Floats, n: Floats, sd: float) -> Floats:
    """P of a sample variance so small, where the values are normal with standard deviation `sd`."""
    degrees = np.maximum(n - 1, 1)
    return np.where(n > 1, chdtr(degrees, degrees * variance / sd**2), 1.0)


def away_from(difference: Floats, error: Floats, degrees: Floats, tolerance: float) -> Floats:
    """P of a mean this far beyond `tolerance` on either side (Student's t); 1 where nothing can be said."""
    usable = (error > 0) & (degrees > 0)
    t = np.maximum(np.abs(difference) - tolerance, 0) / np.where(usable, error, 1.0)
    return np.where(usable, 2.0 * stdtr(np.maximum(degrees, 1), -t), 1.0)
