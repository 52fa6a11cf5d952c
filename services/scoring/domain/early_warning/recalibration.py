"""Local recalibration: two numbers that bend the odds so that they fit a population's own outcomes.

Calibration does not travel between populations: where children falter less, the same level now means less risk. With
enough outcomes of its own a population gets an intercept and a slope, held back towards "no change" by a prior, so that
few outcomes change little. They are configuration with a version (`[early_warning.recalibration]` of a rule set).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# With fewer children that became stunted, or that did not, nothing is fitted.
FEWEST_CHILDREN: Final = 10
# Normal priors about intercept 0 and slope 1. Sites of the development data differed by up to about 1 in the intercept.
INTERCEPT_SD: Final = 1.0
SLOPE_SD: Final = 0.25
STEPS: Final = 50
CONVERGED: Final = 1e-10
_CLOSEST: Final = 1e-6  # to 0 and 1: a risk has finite odds


@dataclass(frozen=True, slots=True)
class Recalibration:
    """logit(risk here) = intercept + slope * logit(risk of the model)."""

    version: str
    intercept: float
    slope: float


NONE: Final = Recalibration("none", 0.0, 1.0)


def calibrated(log_odds: Floats, recalibration: Recalibration = NONE) -> Floats:
    """Probabilities of these log odds after recalibration."""
    return np.asarray(1.0 / (1.0 + np.exp(-(recalibration.intercept + recalibration.slope * log_odds))))


def log_odds(risk: Floats) -> Floats:
    """Log odds of probabilities, held within 1e-6 of 0 and 1."""
    bounded = np.clip(risk, _CLOSEST, 1.0 - _CLOSEST)
    return np.asarray(np.log(bounded) - np.log1p(-bounded))


def recalibrate(risk: Floats, stunted: Bools, child: npt.NDArray[np.int64], version: str) -> Recalibration:
    """The recalibration of a population from the model's risks (without any) and what became of the children.

    One row a visit with an outcome, NaN = no risk. `NONE` where fewer than ten children became stunted or fewer than
    ten did not: visits of one child say nearly the same, so children are counted. Maximum a posteriori by Newton's
    method; the posterior is log-concave, so that there is one answer and any order of the rows ends in it.
    """
    known = ~np.isnan(risk)
    x, y = log_odds(risk[known]), stunted[known].astype(np.float64)
    became, did_not = (np.unique(child[known][stunted[known] == each]).size for each in (True, False))
    if min(became, did_not) < FEWEST_CHILDREN:
        return NONE
    design = np.stack([np.ones_like(x), x])
    middle, precision = np.array([0.0, 1.0]), np.diag([INTERCEPT_SD**-2, SLOPE_SD**-2])
    fitted = middle.copy()
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-(fitted @ design)))
        gradient = design @ (y - p) - precision @ (fitted - middle)
        step = np.linalg.solve((design * (p * (1.0 - p))) @ design.T + precision, gradient)
        fitted = fitted + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < CONVERGED:
            break
    return Recalibration(version, float(fitted[0]), float(fitted[1]))
