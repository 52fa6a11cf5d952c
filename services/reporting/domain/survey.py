"""Means and shares of a sample survey with weights, strata and clusters: Taylor linearisation.

One formula serves every design, from a simple sample to stratified clusters with weights: the variance of the weighted
residuals, summed by primary sampling unit, between the units of a stratum (Binder 1983; the estimator of R's `survey`,
which the WHO's anthro uses). A sub-group is a domain of the whole survey: its residual is 0 for everybody else, and the
degrees of freedom stay those of the whole design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UPPER: Final = 0.975  # of a two-sided 95 % interval


@dataclass(frozen=True, slots=True)
class Design:
    """How the rows were drawn. Rows are in the order of `psu`, whose numbers go up within strata.

    `weight` per row; `psu` the number of each row's primary sampling unit; `stratum_of` that of each unit's stratum.
    """

    weight: Floats
    psu: Ints
    stratum_of: Ints

    @property
    def degrees(self) -> int:
        """Degrees of freedom: units less strata."""
        return int(self.stratum_of.size - self.stratum_sizes.size)

    @property
    def stratum_sizes(self) -> Ints:
        """Units of each stratum."""
        return np.bincount(self.stratum_of)


class Estimates(NamedTuple):
    """Per column: sum of weights and number of rows with a value, mean, standard error, standard deviation.

    NaN where nobody has a value. `sd` carries the factor n / (n - 1) for the n that `estimate` is told to count.
    """

    population: Floats
    unweighted: Ints
    mean: Floats
    se: Floats
    sd: Floats


def design_of(weight: Floats, stratum: Ints | None, cluster: Ints | None) -> tuple[Design, Ints]:
    """The design, and the order in which rows must be handed to it. Without clusters each row is a unit of its own."""
    size = weight.size
    stratum = np.zeros(size, np.int64) if stratum is None else stratum
    cluster = np.arange(size) if cluster is None else cluster
    order = np.lexsort((cluster, stratum))
    stratum, cluster = stratum[order], cluster[order]
    stratum = np.unique(stratum, return_inverse=True)[1]
    begins = (np.diff(stratum, prepend=-1) != 0) | (np.diff(cluster, prepend=-1) != 0)
    return Design(weight[order], np.cumsum(begins) - 1, stratum[begins]), order


def estimate(design: Design, rows: Ints, values: Floats, *, sd_counts_missing: bool) -> Estimates:
    """Estimates of each column of `values` (rows of the group x columns, NaN = missing) in the group `rows`.

    `sd_counts_missing`: the n of the standard deviation is all rows with a weight, also those without a value, as in
    `survey`.
    """
    there = np.isfinite(values)
    weight = design.weight[rows, None] * there
    known = np.where(there, values, 0.0)
    population = weight.sum(axis=0)
    unweighted = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weight * known).sum(axis=0) / population
        residual = np.where(there, known - mean, 0.0)
        spread = (weight * residual * residual).sum(axis=0) / population
        drawn = np.count_nonzero(design.weight[rows])
        n = np.full_like(unweighted, drawn) if sd_counts_missing else unweighted
        sd = np.sqrt(spread * (n / (n - 1.0)))
        se = np.sqrt(_variance(design, rows, weight * residual / population))
    return Estimates(population, unweighted, mean, np.where(population > 0, se, np.nan), sd)


def _variance(design: Design, rows: Ints, residual: Floats) -> Floats:
    """Variance of the sum of residuals, which are zero outside `rows`."""
    if not rows.size:
        return np.full(residual.shape[1], np.nan)
    first = np.flatnonzero(np.diff(design.psu[rows], prepend=-1))
    units = design.psu[rows[first]]
    totals = np.add.reduceat(residual, first, axis=0)
    grand_mean = totals.sum(axis=0) / design.stratum_of.size
    sizes = design.stratum_sizes
    stratum = design.stratum_of[units]
    begins = np.flatnonzero(np.diff(stratum, prepend=-1))
    there = stratum[begins]
    size = sizes[there, None].astype(np.float64)
    present = np.diff(begins, append=stratum.size)
    # A stratum of one unit says nothing of its own spread: it is centred at the mean of all units.
    centre = np.where(size > 1, np.add.reduceat(totals, begins, axis=0) / size, grand_mean)
    squares = (totals - np.repeat(centre, present, axis=0)) ** 2
    around = np.add.reduceat(squares, begins, axis=0) + (size - present[:, None]) * centre**2
    lonely_elsewhere = np.count_nonzero(sizes == 1) - np.count_nonzero(size == 1)
    factor = np.where(size > 1, size / np.maximum(size - 1.0, 1.0), 1.0)
    variance: Floats = (around * factor).sum(axis=0) + lonely_elsewhere * grand_mean**2
    return variance


def mean_interval(mean: Floats, se: Floats, degrees: int) -> tuple[Floats, Floats]:
    """Limits of 95 % by Student's t."""
    reach = stdtrit(degrees, UPPER) * se
    return mean - reach, mean + reach


def share_interval(share: Floats, se: Floats, degrees: int) -> tuple[Floats, Floats]:
    """Limits of 95 % on the logit scale, so within 0 and 1; a share of 0 or 1 has itself as limits."""
    inside = (share > 0.0) & (share < 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = stdtrit(degrees, UPPER) * se / (share * (1.0 - share))
        low, high = expit(logit(share) - reach), expit(logit(share) + reach)
    return np.where(inside, low, share), np.where(inside, high, share)
