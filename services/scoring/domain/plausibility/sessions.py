"""What a posyandu-day tells about its values: whose they fit better, and whether all lie to one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.scale import Scale, to_z
from services.scoring.domain.plausibility.values import Bools, Floats, Int32s, Int64s, Rows, Values

SUSPECT_FROM: Final = 1.4  # sd: an exchange is looked for where a value of the visit is farther off than this
SURPRISE_CAP: Final = 8.0  # sd: beyond, all is equally unlikely
LONE_VALUE: Final = -2.0  # an exchange of visits of which one lacks a value is less likely
ENOUGH_GAIN: Final = 0.5  # log likelihood: below, an exchange is not worth a thought
NO_GAIN: Final = -9.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Scale, expectation and spread (z) by row: what a value is compared with."""

    scale: Scale
    mean: Floats
    sd: Floats

    def surprise(self, value: Floats, rows: Rows) -> Floats:
        """How far (sd) `value` lies from what is expected of `rows`."""
        return (to_z(self.scale.rows(rows), value) - self.mean[rows]) / self.sd[rows]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Of n rows: the best exchange with another child of the session.

    `gain` is how much better (log likelihood) both visits fit after it, `own_gain` the share of this visit,
    `surprise` how far (sd) the other's value lies from what is expected here, `row` whose value it is (-1 none).
    """

    gain: Floats
    own_gain: Floats
    surprise: Floats
    row: Rows


def session_numbers(values: Values) -> Int64s:
    """A number for each posyandu, day and kind of value; ids must be dense."""
    first = int(values.day.min(initial=0))
    span = int(values.day.max(initial=0)) - first + 1
    return (values.posyandu * span + (values.day - first)) * 2 + values.param


def visit_pairs(values: Values) -> Rows:
    """The row of the visit's other kind of value (same child, posyandu and day), -1 where there is none."""
    order = np.lexsort((values.value, values.param, values.day, values.posyandu, values.child, values.visit))
    same = np.ones(max(order.size - 1, 0), np.bool_)
    for column in (values.visit, values.child, values.posyandu, values.day):
        same &= column[order][1:] == column[order][:-1]
    same &= values.param[order][1:] != values.param[order][:-1]
    other = np.full(order.size, -1, np.intp)
    at = np.flatnonzero(same)
    other[order[at]], other[order[at + 1]] = order[at + 1], order[at]
    return other


def _cost(surprise: Floats) -> Floats:
    return 0.5 * np.minimum(surprise * surprise, SURPRISE_CAP**2)


def exchanges(values: Values, other: Rows, mine: Fit, theirs: Fit, asked: Bools) -> Exchange:
    """For each asked row, the visit of the same posyandu-day that fits this child while this visit fits that child.

    `mine` says what is expected of the asked rows, `theirs` of the other children of the session.
    """
    size = len(values)
    result = Exchange(np.full(size, NO_GAIN), np.full(size, NO_GAIN), np.full(size, 9.0), np.full(size, -1, np.intp))
    own = (to_z(mine.scale, values.value) - mine.mean) / mine.sd
    far = np.abs(own) > SUSPECT_FROM
    far |= (other >= 0) & far[other]
    a, b = _with_their_group(session_numbers(values), far & asked)
    strangers = values.child[a] != values.child[b]
    a, b = a[strangers], b[strangers]
    if a.size == 0:
        return result
    here = mine.surprise(values.value[b], a)
    own_gain = _cost(own[a]) - _cost(here)
    gain = own_gain + _cost(theirs.surprise(values.value[b], b)) - _cost(theirs.surprise(values.value[a], b))
    gain, own_gain = _whole_visits(size, other, (a, b), gain, own_gain)
    better = np.flatnonzero(gain > ENOUGH_GAIN)
    if better.size == 0:
        return result
    a, b, here, gain, own_gain = a[better], b[better], here[better], gain[better], own_gain[better]
    order = np.lexsort((values.birth_day[b], values.value[b], np.abs(here), -gain, a))
    best = order[np.r_[True, a[order][1:] != a[order][:-1]]]
    rows = a[best]
    result.gain[rows], result.own_gain[rows] = gain[best], own_gain[best]
    result.surprise[rows], result.row[rows] = here[best], b[best]
    return result


def _whole_visits(
    size: int, other: Rows, pair: tuple[Rows, Rows], gain: Floats, own_gain: Floats
) -> tuple[Floats, Floats]:
    """A visit is exchanged as a whole: to each pair of rows the gain of the two visits' other values is added."""
    a, b = pair
    other_a, other_b = other[a], other[b]
    whole = np.flatnonzero((other_a >= 0) & (other_b >= 0))
    key = a * size + b
    order = np.argsort(key)
    wanted = other_a[whole] * size + other_b[whole]
    at = order[np.minimum(np.searchsorted(key, wanted, sorter=order), key.size - 1)]
    found = key[at] == wanted
    rows, at = whole[found], at[found]
    total, total_own = gain.copy(), own_gain.copy()
    total[rows] += gain[at]
    total_own[rows] += own_gain[at]
    total[(other_a >= 0) != (other_b >= 0)] += LONE_VALUE
    return total, total_own


def _with_their_group(group: Int64s, left: Bools) -> tuple[Rows, Rows]:
    """Each row where `left` with every row of its group."""
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    rows = np.flatnonzero(left)
    starts = np.searchsorted(sorted_group, group[rows], side="left")
    counts = np.searchsorted(sorted_group, group[rows], side="right") - starts
    a = np.repeat(rows, counts)
    within = np.arange(a.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return a, order[np.repeat(starts, counts) + within]


def medians_of_the_others(session: Int64s, deviation: Floats) -> tuple[Floats, Floats]:
    """Median deviation of the session without the row itself, and how many those are; rows with NaN do not count."""
    known = np.flatnonzero(np.isfinite(deviation))
    order = known[np.lexsort((deviation[known], session[known]))]
    sorted_session, sorted_deviation = session[order], deviation[order]
    place = np.full(session.size, -1, np.intp)
    place[order] = np.arange(order.size)
    begin = np.searchsorted(sorted_session, session, side="left")
    count = np.searchsorted(sorted_session, session, side="right") - begin
    counted = place >= 0
    left = count - counted
    own = np.where(counted, place - begin, count)

    def at(k: Rows) -> Floats:
        place_in_order = begin + k + (k >= own)
        return sorted_deviation[np.clip(place_in_order, 0, max(order.size - 1, 0))] if order.size else np.zeros(k.size)

    median = 0.5 * (at(np.maximum(left - 1, 0) // 2) + at(left // 2))
    return np.where(left > 0, median, 0.0), left.astype(np.float64)


def window_sum(place: Int64s, day: Int32s, column: Floats, days: int, *, after: bool) -> Floats:
    """By row: sum of the column over the rows of the same place from `days` before (to as many after)."""
    first = int(day.min(initial=0))
    span = int(day.max(initial=0)) - first + 1 + 4 * days
    key = place * span + (day - first + 2 * days)
    order = np.argsort(key)
    running = np.r_[0.0, np.cumsum(column[order])]
    start = np.searchsorted(key[order], key - days, side="left")
    end = np.searchsorted(key[order], key + (days if after else 0), side="right")
    total: Floats = running[end] - running[start]
    return total
