"""What a child's other values lead to: prediction and spread of every value, from before it, from after it, from both.

Model of one series (one child, one kind of value) on the z scale: z(t) = level + wander(t) + noise. The level is the
child's own for ever; the wander is an Ornstein-Uhlenbeck process in log time (a young child changes faster); the noise
is that of measuring, in kilograms or centimetres. A value far from its prediction moves the filter little (its
variance is taken as large as its surprise), so one mistake does not spoil the next expectation.

The filter walks over the days of all series at once: `Series` lays them out as a matrix (step, series), longest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.scoring.domain.plausibility.values import Floats, Rows

Matrix = npt.NDArray[np.float64]

SURPRISE_LIMIT: Final = 2.5  # in sd: from here on a value is believed less


class Prior(NamedTuple):
    """Of n rows: mean (z), variance of the child's level, variance and memory (growth time) of its wander."""

    mean: Floats
    level: Floats
    wander: Floats
    memory: Floats


@dataclass(frozen=True, slots=True)
class Series:
    """Values of n rows gathered to series and days.

    `step`, `place` say where each row stands in the matrices of shape (steps, series); `active[k]` counts the series
    that have a step k (series are ordered by length, longest first). Of several values of one day the least and the
    greatest are kept.
    """

    step: Rows
    place: Rows
    active: Rows
    first_row: Rows  # (steps, series): the row with the least value of that day, -1 beyond the end
    cell: Rows  # step x series + place, of each row
    further: Rows  # the rows that are not the first of their day


def series_of(key: npt.NDArray[np.int64], day: npt.NDArray[np.int32], value: Floats) -> Series:
    """Lay out rows by series `key` and `day`; of one day, the least `value` stands for it."""
    size = key.size
    order = np.lexsort((value, day, key))
    sorted_key, sorted_day = key[order], day[order]
    new_series = np.ones(size, np.bool_)
    new_series[1:] = sorted_key[1:] != sorted_key[:-1]
    new_day = new_series.copy()
    new_day[1:] |= sorted_day[1:] != sorted_day[:-1]
    number = np.cumsum(new_series) - 1
    day_number = np.cumsum(new_day) - 1
    first_day = day_number[new_series]
    step = day_number - first_day[number]
    lengths = np.bincount(number[new_day]) if size else np.zeros(0, np.intp)
    longest_first = np.argsort(-lengths, kind="stable")
    place_of = np.empty(lengths.size, np.intp)
    place_of[longest_first] = np.arange(lengths.size)
    steps = int(lengths.max(initial=0))
    active = np.searchsorted(-lengths[longest_first], -np.arange(steps), side="left")
    row_step, row_place = np.empty(size, np.intp), np.empty(size, np.intp)
    row_step[order], row_place[order] = step, place_of[number]
    first_row = np.full((steps, lengths.size), -1, np.intp)
    starts = np.flatnonzero(new_day)
    first_row[step[starts], place_of[number[starts]]] = order[starts]
    return Series(row_step, row_place, active, first_row, row_step * lengths.size + row_place, order[~new_day])


def shifted(series: Series, steps: int) -> Rows:
    """The row `steps` days of the series later (earlier where negative), -1 where there is none."""
    total = series.first_row.shape[0]
    at = series.step + steps
    inside = (at >= 0) & (at < total)
    row = series.first_row[np.clip(at, 0, max(total - 1, 0)), series.place] if total else series.step
    return np.where(inside, row, -1)


class Prediction(NamedTuple):
    """Of n rows: what the others lead to (z), its variance without the noise of this measurement."""

    mean: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class _Days:
    """By (step, series): least and greatest value (z) of the day, noise, what is left of the last step's wander."""

    low: Matrix
    high: Matrix
    noise: Matrix
    decay: Matrix


@dataclass(frozen=True, slots=True)
class _Walk:
    """State (level, wander) before each step of a pass: means and covariances, each of shape (steps, series)."""

    level: Matrix
    wander: Matrix
    level_var: Matrix
    cross: Matrix
    wander_var: Matrix


def predictions(
    series: Series, z: Floats, noise: Floats, time: Floats, prior: Prior, *, both_sides: bool
) -> tuple[Prediction, Prediction, Prediction]:
    """Predictions from before, from after and from both sides; without `both_sides` all three are that from before."""
    steps, count = series.first_row.shape
    some_row = np.maximum(series.first_row, 0)
    low, high = z[some_row], z[some_row]
    np.minimum.at(low.ravel(), series.cell[series.further], z[series.further])
    np.maximum.at(high.ravel(), series.cell[series.further], z[series.further])
    days = _Days(low, high, noise[some_row], np.ones((steps, count)))
    if steps == 0:
        nothing = Prediction(np.zeros(0), np.zeros(0))
        return nothing, nothing, nothing
    known = Prior(*(column[some_row[0]] for column in prior))
    gap = np.abs(np.diff(time[some_row], axis=0))
    days.decay[1:] = np.exp(-gap / known.memory)
    before = _walk(days, known, range(steps), series.active)
    # The day's state was taken at the time of one of its rows; each row is predicted for its own time.
    last = some_row.ravel().take(np.maximum(series.cell - count, 0))
    day_time = time.take(some_row.ravel().take(series.cell))
    fade = np.ones(z.size)
    odd = np.flatnonzero((day_time != time) & (series.step > 0))
    own_gap, day_gap = np.abs(time[odd] - time[last[odd]]), np.abs(day_time[odd] - time[last[odd]])
    fade[odd] = np.exp((day_gap - own_gap) / prior.memory[odd])
    forward = _gather(before, series, fade, prior.wander)
    if not both_sides:
        return forward, forward, forward
    days.decay[:-1] = days.decay[1:].copy()
    days.decay[-1] = 1.0
    after = _walk(days, known, range(steps - 1, -1, -1), series.active)
    return (
        forward,
        _gather(after, series, 1.0, prior.wander),
        _gather(_combined(before, after, known), series, 1.0, prior.wander),
    )


def _walk(days: _Days, prior: Prior, order: range, active: Rows) -> _Walk:
    out = _Walk(*(np.zeros(days.low.shape) for _ in range(5)))
    level, wander = prior.mean.copy(), np.zeros_like(prior.mean)
    a, b, c = prior.level.copy(), np.zeros_like(prior.mean), prior.wander.copy()  # covariance: level, cross, wander
    for k in order:
        n = active[k]
        decay = days.decay[k, :n]
        # Forget towards the population, at the pace of the wander.
        w, bb = wander[:n] * decay, b[:n] * decay
        cc = c[:n] * decay * decay + prior.wander[:n] * (1.0 - decay * decay)
        lv, aa = level[:n], a[:n]
        out.level[k, :n], out.wander[k, :n] = lv, w
        out.level_var[k, :n], out.cross[k, :n], out.wander_var[k, :n] = aa, bb, cc
        expected = lv + w
        surprise, other = days.low[k, :n] - expected, days.high[k, :n] - expected
        surprise = np.where(np.abs(other) < np.abs(surprise), other, surprise)
        spread = aa + 2.0 * bb + cc + days.noise[k, :n]
        np.maximum(spread, surprise * surprise / SURPRISE_LIMIT**2, out=spread)
        gain_level, gain_wander = (aa + bb) / spread, (bb + cc) / spread
        level[:n] = lv + gain_level * surprise
        wander[:n] = w + gain_wander * surprise
        a[:n] = aa - gain_level * (aa + bb)
        b[:n] = bb - gain_level * (bb + cc)
        c[:n] = cc - gain_wander * (bb + cc)
    return out


def _combined(before: _Walk, after: _Walk, prior: Prior) -> _Walk:
    """State given what lies before and after: precisions add, the prior counted once."""
    p, r = 1.0 / prior.level, 1.0 / prior.wander
    f, g = _precision(before), _precision(after)
    xx, xy, yy = f[0] + g[0] - p, f[1] + g[1], f[2] + g[2] - r
    u = f[0] * before.level + f[1] * before.wander + g[0] * after.level + g[1] * after.wander - p * prior.mean
    v = f[1] * before.level + f[2] * before.wander + g[1] * after.level + g[2] * after.wander
    determinant = np.maximum(xx * yy - xy * xy, 1e-12)
    a, b, c = yy / determinant, -xy / determinant, xx / determinant
    return _Walk(a * u + b * v, b * u + c * v, a, b, c)


def _precision(walk: _Walk) -> tuple[Matrix, Matrix, Matrix]:
    determinant = np.maximum(walk.level_var * walk.wander_var - walk.cross * walk.cross, 1e-12)
    return walk.wander_var / determinant, -walk.cross / determinant, walk.level_var / determinant


def _gather(walk: _Walk, series: Series, fade: Floats | float, wander: Floats) -> Prediction:
    level, wandered, level_var, cross, wander_var = (
        matrix.ravel().take(series.cell)
        for matrix in (walk.level, walk.wander, walk.level_var, walk.cross, walk.wander_var)
    )
    spread = (wander_var - wander) * fade * fade + wander
    return Prediction(level + wandered * fade, level_var + 2.0 * cross * fade + spread)
