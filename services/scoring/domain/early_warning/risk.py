"""The risk of each visit, and what it is made of.

The model: a child's true HAZ is followed from visit to visit (`child_level`); some months on it is expected at its
level now, plus the usual course from this age, plus the pull of its weight, give or take how far children wander and
how exact a length is. The risk is the share of that normal distribution below -2, its odds bent by two fitted numbers
(and by two more where the population's own outcomes say so). `docs/model-card-early-warning.md` says how good it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.early_warning.child_level import Levels, Rows, Visits, levels
from services.scoring.domain.early_warning.coefficients import Coefficients, Floats, load, steps
from services.scoring.domain.early_warning.normal import log_odds_below
from services.scoring.domain.early_warning.recalibration import NONE, Recalibration, calibrated

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.integer]

# Ages for which the model was made and tested: 6 to 20 months.
FIRST_DAY: Final = 183
LAST_DAY: Final = 608
STUNTED_BELOW: Final = -2.0
# What is large enough to be told as a reason, in SD of HAZ.
NEAR_LIMIT_BELOW: Final = -1.0
AGE_LOSS_AT_MOST: Final = -0.1
WEIGHT_LOSS_AT_MOST: Final = -0.05


class Because(IntFlag):
    """Reasons of a risk; codes are for ever. Each has a number in `Forecast`."""

    NONE = 0
    NEAR_LIMIT = 1 << 0  # the level is below -1: `level`
    FAR_FROM_LIMIT = 1 << 1  # it is not: `level`
    AGE_LOSS = 1 << 2  # children of this age and level lose HAZ: `usual_change`
    LOW_WEIGHT = 1 << 3  # weight is low for the age and draws growth down: `weight_change`
    ONE_LENGTH = 1 << 4  # the first usable length: the level is uncertain, `spread`


BECAUSE_NAMES: Final = {because: str(because.name).lower() for because in Because if because}


@dataclass(frozen=True, slots=True)
class Forecast:
    """By input row, NaN and no reasons where there is no risk to give.

    `risk` is a probability. `level` is the HAZ the child is believed to have now; `level + usual_change +
    weight_change` is the HAZ expected at the end of the horizon and `spread` the SD about it, as it would be measured.
    `reasons` is a mask of `Because`.
    """

    risk: Floats
    reasons: npt.NDArray[np.int8]
    level: Floats
    usual_change: Floats
    weight_change: Floats
    spread: Floats

    @property
    def expected(self) -> Floats:
        """The HAZ expected at the end of the horizon."""
        return self.level + self.usual_change + self.weight_change

    def numbers(self) -> dict[Because, Floats]:
        """The number that belongs to each reason."""
        return {
            Because.NEAR_LIMIT: self.level,
            Because.FAR_FROM_LIMIT: self.level,
            Because.AGE_LOSS: self.usual_change,
            Because.LOW_WEIGHT: self.weight_change,
            Because.ONE_LENGTH: self.spread,
        }


def eligible(age_days: Ints, haz: Floats, haz_usable: Bools) -> Bools:
    """Rows for which a risk is given: 183-608 days, a usable HAZ of -2.00 or more."""
    rows: Bools = haz_usable & (age_days >= FIRST_DAY) & (age_days <= LAST_DAY) & (haz >= STUNTED_BELOW)
    return rows


def risk(
    root: Ints,
    day: Ints,
    age_days: Ints,
    haz: Floats,
    waz: Floats,
    haz_usable: Bools,
    waz_usable: Bools,
    model: Coefficients | None = None,
    recalibration: Recalibration = NONE,
) -> Forecast:
    """Risk and reasons of every eligible row, from rows of the same root up to and including its day.

    Rows are sorted by root and day (any rising numbers); of several on a day the last usable value of each kind counts.
    The scores are per sex already, so the sex is not asked for.
    """
    model = load() if model is None else model
    asked = eligible(age_days, haz, haz_usable)
    places = np.flatnonzero(_of_roots_with(asked, root) & (haz_usable | waz_usable) & (age_days >= 0))
    places = places[age_days[places] <= LAST_DAY]
    columns = [np.full(root.size, np.nan) for _ in range(5)]
    reasons = np.zeros(root.size, np.int8)
    if places.size:
        visits, visit = _visits(root[places], day[places], age_days, haz, waz, haz_usable, waz_usable, places)
        here = asked[places]
        rows, visit = places[here], visit[here]
        answer, codes = _forecast(visits, visit, model, recalibration)
        for column, values in zip(columns, answer, strict=True):
            column[rows] = values
        reasons[rows] = codes
    return Forecast(columns[0], reasons, *columns[1:])


def _of_roots_with(asked: Bools, root: Ints) -> Bools:
    """Rows of roots that have an asked row."""
    number = np.cumsum(np.r_[np.zeros(min(1, root.size), np.bool_), root[1:] != root[:-1]])
    has = np.bincount(number, asked, minlength=1) > 0 if root.size else np.zeros(0, np.bool_)
    rows: Bools = has[number]
    return rows


def _visits(
    root: Ints,
    day: Ints,
    age_days: Ints,
    haz: Floats,
    waz: Floats,
    haz_usable: Bools,
    waz_usable: Bools,
    places: Rows,
) -> tuple[Visits, Rows]:
    """One visit a root and day, and the visit of each place."""
    new_root = np.r_[True, root[1:] != root[:-1]]
    new_day = new_root.copy()
    new_day[1:] |= day[1:] != day[:-1]
    visit = np.cumsum(new_day) - 1

    def last_of_day(values: Floats, usable: Bools) -> Floats:
        column = np.full(int(visit[-1]) + 1, np.nan)
        there = usable[places]
        column[visit[there]] = values[places[there]]  # assigned in order: the last of a day stays
        return column

    visits = Visits(
        first=np.flatnonzero(new_root[new_day]),
        age_days=age_days[places[new_day]].astype(np.float64),
        haz=last_of_day(haz, haz_usable),
        waz=last_of_day(waz, waz_usable),
    )
    return visits, visit


@dataclass(frozen=True, slots=True)
class Outlook:
    """HAZ some days on, as it would be measured: level now, changes, variance of their sum."""

    level: Floats
    usual_change: Floats
    weight_change: Floats
    variance: Floats

    @property
    def expected(self) -> Floats:
        """The HAZ expected."""
        return self.level + self.usual_change + self.weight_change


def outlook(found: Levels, visit: Rows, age_days: Floats, ahead_days: Ints | int, model: Coefficients) -> Outlook:
    """The outlook from these visits at these ages."""
    step = steps(model.dynamics)
    kept, pulled = step.haz_kept[ahead_days], step.haz_from_weight[ahead_days]
    haz, waz = found.haz[visit], found.waz[visit]
    now, then = model.haz_curve(age_days), model.haz_curve(age_days + ahead_days)
    return Outlook(
        level=now + haz,
        usual_change=then - now + (kept - 1.0) * haz,
        weight_change=pulled * waz,
        variance=kept * kept * found.haz_variance[visit]
        + 2.0 * kept * pulled * found.covariance[visit]
        + pulled * pulled * found.waz_variance[visit]
        + step.haz_variance[ahead_days] * model.wandering(age_days + ahead_days / 2.0)
        + model.haz_error_variance(age_days + ahead_days),
    )


def _forecast(
    visits: Visits, visit: Rows, model: Coefficients, recalibration: Recalibration
) -> tuple[tuple[Floats, ...], npt.NDArray[np.int8]]:
    """Risk, level, usual change, weight change and spread at these visits, and the reasons."""
    ahead = outlook(levels(visits, model), visit, visits.age_days[visit], model.horizon_days, model)
    spread = np.sqrt(ahead.variance)
    raw = log_odds_below((STUNTED_BELOW - ahead.expected) / spread)
    probability = calibrated(model.intercept + model.slope * raw, recalibration)
    lengths, weights = _seen_so_far(visits, visits.haz, visit), _seen_so_far(visits, visits.waz, visit)
    reasons = np.where(ahead.level < NEAR_LIMIT_BELOW, int(Because.NEAR_LIMIT), int(Because.FAR_FROM_LIMIT))
    for because, where in (
        (Because.AGE_LOSS, ahead.usual_change <= AGE_LOSS_AT_MOST),
        # Without a weight its level is guessed from the height: no reason of its own.
        (Because.LOW_WEIGHT, (ahead.weight_change <= WEIGHT_LOSS_AT_MOST) & (weights > 0)),
        (Because.ONE_LENGTH, lengths == 1),
    ):
        reasons |= where * int(because)
    columns = (probability, ahead.level, ahead.usual_change, ahead.weight_change, spread)
    return columns, reasons.astype(np.int8)


def _seen_so_far(visits: Visits, values: Floats, visit: Rows) -> Rows:
    """How many values the child has up to and including these visits."""
    count = np.r_[0, np.cumsum(~np.isnan(values))]
    first = visits.first[np.searchsorted(visits.first, visit, "right") - 1]
    return np.asarray(count[visit + 1] - count[first])
