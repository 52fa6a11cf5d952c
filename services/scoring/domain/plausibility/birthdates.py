"""A birth date that is wrong at all visits of a child shows in the shape of its growth: another date fits much better.

For each date that could have been meant (a year off, two to six months off, day and month exchanged) the whole series
of weights and length/heights is predicted again, and the log likelihoods of all values are compared. A child is only
looked at where its values surprise more than they should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.expectation import Expectation, expectation
from services.scoring.domain.plausibility.history import series_of
from services.scoring.domain.plausibility.values import Bools, Floats, Int8s, Int64s, Values

MONTH_DAYS: Final = 30.4375
SHIFTS_DAYS: Final = (-365, 365, *(sign * round(months * MONTH_DAYS) for months in range(2, 7) for sign in (1, -1)))
# Prior odds of about 1 in 500 children over a dozen dates (log 9), and a margin for what the model does not know.
ENOUGH_GAIN: Final = 12.0
# The squares of surprises above one, in sum: a child below cannot reach that gain.
ENOUGH_SURPRISE: Final = 20.0
ENOUGH_DRIFT: Final = 1.5  # sd of their sum: at a wrong age growth leaves its line always to the same side
SURPRISE_CAP: Final = 6.0  # squared sd: one wrong value must not decide about a birth date
SUM_DECIMALS: Final = 9
BEFORE_BIRTH: Final = -3.0  # log likelihood of a visit before birth


@dataclass(frozen=True, slots=True)
class OtherBirth:
    """Of n rows: whether the row carries the hint on its child's birth date, the gain, the date that fits better."""

    told: Bools
    gain: Floats
    birth_day: Int64s


def other_births(
    values: Values, expected: Expectation, sex: Int8s, birth_day: Int64s, asked: Bools, *, all_days: bool
) -> OtherBirth:
    """Children whose values fit another birth date; the last visit tells, in a stream the first that can."""
    size = len(values)
    result = OtherBirth(np.zeros(size, np.bool_), np.zeros(size), birth_day.copy())
    child = np.unique(values.child, return_inverse=True)[1]
    suspect, suspect_before = _suspect(values, expected, all_days=all_days)
    rows = np.flatnonzero(np.bincount(child, suspect & asked)[child] > 0)
    if rows.size == 0:
        return result
    part, sexes, births = values.rows(rows), sex[rows], birth_day[rows]
    series = series_of(part.child * 2 + part.param, part.day, part.value)
    usual = _log_likelihood(part, expectation(part, sexes, births, series, both_sides=False), births)
    best, best_before, meant = np.zeros(rows.size), np.zeros(rows.size), births.copy()
    sums = _Sums(part, all_days=all_days)
    for other in _others(births):
        fits = expectation(part, sexes, other, series, both_sides=False)
        gain = np.where(other == births, -1.0, _log_likelihood(part, fits, other) - usual)
        now, before = sums.of(gain)
        better = now > best
        meant[better], best[better] = other[better], now[better]
        np.maximum(best_before, before, out=best_before)
    result.gain[rows], result.birth_day[rows] = best, meant
    told = (best > ENOUGH_GAIN) & suspect[rows]
    told &= _last_day(part) if all_days else ~((best_before > ENOUGH_GAIN) & suspect_before[rows])
    result.told[rows] = told
    return result


def _suspect(values: Values, expected: Expectation, *, all_days: bool) -> tuple[Bools, Bools]:
    """Whether what each row sees of its child surprises enough to look for another date, and what lies before it."""
    sums, squares = _Sums(values, all_days=all_days), _capped_squares(expected)
    signed = np.sqrt(squares) * np.sign(expected.z - expected.before.mean)
    surprises = sums.of(np.maximum(squares - 1.0, 0.0))
    found = [
        (surprise > ENOUGH_SURPRISE) & (drift * drift > ENOUGH_DRIFT**2 * count)
        for surprise, drift, count in zip(surprises, sums.of(signed), sums.of(np.ones(len(values))), strict=True)
    ]
    return found[0], found[1]


def _others(birth_day: Int64s) -> list[Int64s]:
    dates = birth_day.astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    day, month = (dates - months).astype(np.int64), (months - years).astype(np.int64)  # both from 0
    exchanged = (years.astype("datetime64[M]") + day % 12).astype("datetime64[D]").astype(np.int64) + month
    return [*(birth_day + shift for shift in SHIFTS_DAYS), np.where(day < 12, exchanged, birth_day)]


def _capped_squares(expected: Expectation) -> Floats:
    error = expected.z - expected.before.mean
    return np.minimum(error * error / (expected.before.variance + expected.noise), SURPRISE_CAP)


def _log_likelihood(values: Values, expected: Expectation, birth_day: Int64s) -> Floats:
    """Of each value in kg or cm, given the earlier ones."""
    spread = np.log(expected.before.variance + expected.noise)
    likelihood = -0.5 * (spread + _capped_squares(expected)) - np.log(expected.unit)
    return likelihood + BEFORE_BIRTH * (values.day < birth_day)


class _Sums:
    """Sums of a column over the rows of the child that each row sees, and over those of earlier days.

    Rounded: capped values add up to limits exactly, and a last digit that depends on whose rows stand before, that is
    on the order of arrival, would decide.
    """

    def __init__(self, values: Values, *, all_days: bool) -> None:
        self._child = np.unique(values.child, return_inverse=True)[1]
        self._all_days = all_days
        if all_days:
            return
        self._order = np.lexsort((values.posyandu, values.day, self._child))
        child, day, place = (column[self._order] for column in (self._child, values.day, values.posyandu))
        new_child = np.r_[True, child[1:] != child[:-1]]
        new_day = new_child | np.r_[True, day[1:] != day[:-1]]
        new_session = new_day | np.r_[True, place[1:] != place[:-1]]
        line = np.arange(child.size)
        self._child_start, self._day_start, self._session_start = (
            np.maximum.accumulate(np.where(new, line, 0)) for new in (new_child, new_day, new_session)
        )
        ends = np.r_[np.flatnonzero(new_session)[1:], child.size]
        self._session_end = ends[np.cumsum(new_session) - 1]

    def of(self, column: Floats) -> tuple[Floats, Floats]:
        """Seen, earlier."""
        if self._all_days:
            total = _rounded(np.bincount(self._child, column)[self._child].astype(np.float64))
            return total, total
        running = np.r_[0.0, np.cumsum(column[self._order])]
        earlier, seen = np.empty(column.size), np.empty(column.size)
        earlier[self._order] = running[self._day_start] - running[self._child_start]
        seen[self._order] = running[self._session_end] - running[self._session_start]
        return _rounded(earlier + seen), _rounded(earlier)


def _rounded(sums: Floats) -> Floats:
    rounded: Floats = np.round(sums, SUM_DECIMALS)
    return rounded


def _last_day(values: Values) -> Bools:
    child = np.unique(values.child, return_inverse=True)[1]
    last = np.zeros(int(child.max(initial=-1)) + 1, np.int64)
    np.maximum.at(last, child, values.day)
    told: Bools = values.day == last[child]
    return told
