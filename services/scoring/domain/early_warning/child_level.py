"""The child's own level of HAZ and WAZ at each visit, from its visits so far (a Kalman filter of two states).

A measured HAZ is the child's level plus an error of about 0.2 SD. The level is followed from visit to visit: a new
value moves it by as much as the value is more certain than what was expected. All children go one visit further at
once; a child's estimate uses nothing but its own rows up to that day.
Method: R. E. Kalman, A New Approach to Linear Filtering and Prediction Problems, 1960; values that surprise are given
less weight after P. J. Huber, Robust Estimation of a Location Parameter, 1964.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.scoring.domain.early_warning.coefficients import LONGEST_DAYS, Coefficients, Floats, steps

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """One row a child and day, sorted by child and age. NaN = not measured or not to be used; `first` of each child."""

    first: Rows
    age_days: Floats
    haz: Floats
    waz: Floats


@dataclass(frozen=True, slots=True)
class Levels:
    """After each visit: distance of HAZ and WAZ from the usual curve (SD), and their variances and covariance."""

    haz: Floats
    waz: Floats
    haz_variance: Floats
    covariance: Floats
    waz_variance: Floats


def levels(visits: Visits, model: Coefficients) -> Levels:
    """The levels after each visit, in the order of the rows."""
    size = visits.age_days.size
    visit_count = np.diff(np.r_[visits.first, size])
    most_first = np.argsort(-visit_count, kind="stable")
    first, visit_count = visits.first[most_first], visit_count[most_first]
    found = np.empty((5, size))
    moved, haz, waz = _moves(visits, model), _Measured.haz(visits, model), _Measured.waz(visits, model)
    start = model.first_visit
    before = np.array([0.0, 0.0, start.haz_sd**2, start.correlation * start.haz_sd * start.waz_sd, start.waz_sd**2])
    state = np.repeat(before[:, None], first.size, axis=1)
    for number in range(int(visit_count.max(initial=0))):
        rows = first[: np.searchsorted(-visit_count, -number)] + number
        state = state[:, : rows.size]
        if number:
            state = _moved(state, moved[:, rows])
        state = _seen_haz(state, haz.off[rows], haz.variance[rows], model.seen.surprise_sd)
        state = _seen_haz(state[_SWAPPED], waz.off[rows], waz.variance[rows], model.seen.surprise_sd)[_SWAPPED]
        found[:, rows] = state
    return Levels(*found)


_SWAPPED = np.array([1, 0, 4, 3, 2])  # HAZ and WAZ change places: one rule of updating serves both


@dataclass(frozen=True, slots=True)
class _Measured:
    """Measured distance from the usual curve, and its error's variance; infinite where nothing was measured."""

    off: Floats
    variance: Floats

    @classmethod
    def haz(cls, visits: Visits, model: Coefficients) -> _Measured:
        return cls._of(visits.haz - model.haz_curve(visits.age_days), model.haz_error_variance(visits.age_days))

    @classmethod
    def waz(cls, visits: Visits, model: Coefficients) -> _Measured:
        return cls._of(visits.waz - model.waz_curve(visits.age_days), np.float64(model.seen.waz_error**2))

    @classmethod
    def _of(cls, off: Floats, variance: Floats | np.float64) -> _Measured:
        blank = np.isnan(off)
        return cls(np.where(blank, 0.0, off), np.where(blank, np.inf, variance))


def _moves(visits: Visits, model: Coefficients) -> Floats:
    """Transition and added variance from the visit before, shape (6, rows)."""
    gap = np.diff(visits.age_days, prepend=visits.age_days[:1])
    gap[visits.first] = 0.0
    days = np.clip(gap, 0.0, LONGEST_DAYS).astype(np.intp)
    step = steps(model.dynamics)
    moves = np.stack(
        [
            step.haz_kept[days],
            step.haz_from_weight[days],
            step.waz_kept[days],
            step.haz_variance[days],
            step.covariance[days],
            step.waz_variance[days],
        ]
    )
    moves[3] *= model.wandering(visits.age_days - gap / 2.0)
    return moves


def _moved(state: Floats, move: Floats) -> Floats:
    haz, waz, haz_variance, covariance, waz_variance = state
    kept, pulled, waz_kept, more_haz, more_both, more_waz = move
    both = kept * covariance + pulled * waz_variance
    return np.stack(
        [
            kept * haz + pulled * waz,
            waz_kept * waz,
            kept * (kept * haz_variance + pulled * covariance) + pulled * both + more_haz,
            waz_kept * both + more_both,
            waz_kept * waz_kept * waz_variance + more_waz,
        ]
    )


def _seen_haz(state: Floats, off: Floats, error: Floats, surprise_sd: float) -> Floats:
    """The state after a value of its first component was seen."""
    haz, waz, haz_variance, covariance, waz_variance = state
    expected = haz_variance + error
    surprise = np.where(np.isinf(error), 0.0, off - haz)
    expected = expected * np.maximum(1.0, np.abs(surprise) / (surprise_sd * np.sqrt(expected)))
    gain, gain_of_other = haz_variance / expected, covariance / expected
    return np.stack(
        [
            haz + gain * surprise,
            waz + gain_of_other * surprise,
            haz_variance - gain * haz_variance,
            covariance - gain * covariance,
            waz_variance - gain_of_other * covariance,
        ]
    )
