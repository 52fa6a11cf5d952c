"""How sure the rate of a small area is: exact limits, rates shrunk towards the areas around it, and who stands out.

A desa of fifteen children has a rate that jumps from month to month. The areas of one kecamatan tell how far such rates
really lie apart, so each is drawn towards their common rate by as much as its own children leave open (empirical Bayes,
beta-binomial). That common rate and spread are not known but estimated; so the limits are those of the whole posterior,
over all common rates and spreads that the data allow, and not of the best guess of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, betaln, ndtr

from services.reporting.domain.figures import Interval

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer]

TAIL: Final = 0.025  # of a 95 % interval, on either side
MEANS: Final = 15  # points at which common rates are tried
SHRINKAGES: Final = 14  # points at which spreads are
REACH: Final = 4.0  # standard errors of the common rate that are tried, on either side
SURELY: Final = 0.975  # posterior chance from which one area is higher than another
FEWEST_AREAS: Final = 3  # of fewer no spread can be told

HIGHEST: Final = "among_highest"
LOWEST: Final = "among_lowest"
ALIKE: Final = "not_distinguishable"


class Shrunk(NamedTuple):
    """Per area: posterior mean and 95 % limits of its rate; `weight` 0-1, that of its own children in it.

    `sd` is that of the posterior. An area without children has the limits of an area that nobody has seen.
    """

    rate: Floats
    low: Floats
    high: Floats
    weight: Floats
    sd: Floats


def exact(hits: int, total: int) -> Interval | None:
    """Clopper's and Pearson's 95 % interval of a share: never narrower than it says; None of nobody."""
    if total <= 0:
        return None
    low = float(betaincinv(hits, total - hits + 1, TAIL)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, total - hits, 1.0 - TAIL)) if hits < total else 1.0
    return Interval(low, high)


def shrink(hits: Counts, total: Counts) -> Shrunk | None:
    """Rates of sibling areas, each drawn towards their common rate. None where fewer than three have anybody.

    Prior of the common rate: Jeffreys'. Of the spread: by the share b that the common rate has in an area of typical
    size, as Daniels (1999) and Christiansen and Morris (1997), but with density 1 - b: under their uniform one the
    limits were too narrow where areas do differ (docs/coverage.md). The posterior of an area is a mixture of beta
    distributions, told by the one with the same mean and variance.
    """
    if np.count_nonzero(total) < FEWEST_AREAS:
        return None
    mean, size, prior = _grid(hits, total)
    for_it, against = (mean * size)[:, None], ((1.0 - mean) * size)[:, None]
    likelihood = (betaln(for_it + hits, against + total - hits) - betaln(for_it, against)).sum(axis=1)
    chance = prior * np.exp(likelihood - likelihood.max())
    chance /= chance.sum()
    seen = size[:, None] + total
    means = (for_it + hits) / seen
    rate = chance @ means
    variance = chance @ (means * (1.0 - means) / (seen + 1.0)) + chance @ (means - rate) ** 2
    strength = rate * (1.0 - rate) / variance - 1.0
    low, high = (betaincinv(rate * strength, (1.0 - rate) * strength, tail) for tail in (TAIL, 1.0 - TAIL))
    return Shrunk(rate, low, high, chance @ (total / seen), np.sqrt(variance))


def _grid(hits: Counts, total: Counts) -> tuple[Floats, Floats, Floats]:
    """Common rates and prior sample sizes to try, and the prior weight of each pair."""
    some = total > 0
    angles = np.arcsin(np.sqrt(hits[some] / total[some]))
    everybody = total.sum()
    middle = np.arcsin(np.sqrt((hits.sum() + 0.5) / (everybody + 1.0)))
    # Jeffreys' prior of a share is uniform in this angle, and the variance of an angle is 1 / 4n.
    reach = REACH * np.sqrt(0.25 / everybody + angles.var() / angles.size)
    angle = np.linspace(max(middle - reach, 0.0), min(middle + reach, np.pi / 2.0), MEANS + 2)[1:-1]
    typical = some.sum() / (1.0 / total[some]).sum()
    share = (np.arange(SHRINKAGES) + 0.5) / SHRINKAGES
    mean, share = (part.ravel() for part in np.meshgrid(np.sin(angle) ** 2, share, indexing="ij"))
    return mean, typical * share / (1.0 - share), 1.0 - share


def standings(shrunk: Shrunk) -> list[str]:
    """Where each area stands: among the highest, among the lowest, or not to be told from the rest.

    Among the highest is who is surely higher than half of the others and surely lower than none. Shrinkage takes the
    place of a correction for many comparisons: rates that chance explains lie together.
    """
    apart = shrunk.rate[:, None] - shrunk.rate
    higher = ndtr(apart / np.hypot(shrunk.sd[:, None], shrunk.sd)) > SURELY
    above, under = higher.sum(axis=1), higher.sum(axis=0)
    half = (shrunk.rate.size - 1) / 2.0
    return [
        HIGHEST if over >= half and not below else LOWEST if below >= half and not over else ALIKE
        for over, below in zip(above.tolist(), under.tolist(), strict=True)
    ]
