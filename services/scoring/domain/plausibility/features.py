"""The columns that `forest` weighs, for chosen rows. The trees know them by place: change one, fit again."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.plausibility.evidence import FAR, RECENT_DAYS, Evidence
from services.scoring.domain.plausibility.history import Series, shifted
from services.scoring.domain.plausibility.hypotheses import digits_exchanged, factors
from services.scoring.domain.plausibility.scale import from_z
from services.scoring.domain.plausibility.sessions import window_sum
from services.scoring.domain.plausibility.values import Bools, Floats, Int32s, Int64s, Rows

MISSING: Final = -99.0  # stands for what is not known; the trees learned it as a value
CAP: Final = 8.0
SIZE_CAP: Final = 4.0  # sd: one mistake does not make a posyandu noisy
USUAL_SURPRISE: Final = 0.8  # mean of capped surprises of clean values, before anything is known
SHIFT_FROM: Final = 4  # so many other values of a session make its shift worth subtracting

Columns = dict[str, Floats]


def features(evidence: Evidence, rows: Rows) -> tuple[tuple[str, ...], Floats]:
    """Names of the columns, and the matrix (rows, columns); a batch has columns from later days, too."""
    columns = _own(evidence, rows)
    columns |= _earlier(evidence, rows)
    if evidence.all_days:
        columns |= _later(evidence, rows)
    columns |= _mistakes(evidence, rows) | _session(evidence, rows) | _habits(evidence, rows)
    matrix = np.stack(list(columns.values()), axis=1)
    return tuple(columns), np.where(np.isfinite(matrix), matrix, MISSING)


def _of(column: Floats | Bools | Int32s, at: Rows) -> Floats:
    """The column at other rows, NaN where there is none (-1)."""
    return np.where(at >= 0, column[at], np.nan)


def _own(evidence: Evidence, rows: Rows) -> Columns:
    values, expected, surprise = evidence.values, evidence.expected, evidence.surprise
    other = evidence.other[rows]
    unit = expected.unit[rows]
    r_other = _of(surprise, other)
    return {
        "param": values.param[rows].astype(np.float64),
        "age": (values.day[rows] - evidence.birth.believed[rows]).astype(np.float64),
        "z": expected.z[rows],
        "r": surprise[rows],
        "abs_r": np.abs(surprise[rows]),
        "sd": evidence.fit.sd[rows],
        "sd_unit": evidence.fit.sd[rows] * unit,
        "dev_unit": (expected.z[rows] - evidence.fit.mean[rows]) * unit,
        "r_other": r_other,
        "z_other": _of(expected.z, other),
        "same_sign": r_other * np.sign(surprise[rows]),
    }


def _earlier(evidence: Evidence, rows: Rows) -> Columns:
    values, z = evidence.values, evidence.expected.z
    last, last_but_one = (shifted(evidence.series, steps)[rows] for steps in (-1, -2))
    last_of_other = shifted(evidence.series, -1)[evidence.other[rows]]
    other = evidence.other[rows]
    same_other = np.where((other >= 0) & (last_of_other >= 0), values.value[other] == values.value[last_of_other], 0.0)
    scale, mean = evidence.fit.scale.rows(rows), evidence.fit.mean[rows]
    return {
        "n_before": np.minimum(evidence.series.step[rows], 12).astype(np.float64),
        "gap_prev": values.day[rows] - _of(values.day, last),
        "dz_prev": z[rows] - _of(z, last),
        "dv_prev": values.value[rows] - _of(values.value, last),
        "dz_prev2": z[rows] - _of(z, last_but_one),
        "r_prev": _of(evidence.surprise, last),
        "r_prev2": _of(evidence.surprise, last_but_one),
        "exp_gain": from_z(scale, mean) - _of(values.value, last),
        "eq_prev": (values.value[rows] == _of(values.value, last)).astype(np.float64),
        "eq_prev_other": same_other,
    }


def _later(evidence: Evidence, rows: Rows) -> Columns:
    values, z, expected = evidence.values, evidence.expected.z, evidence.expected
    following, next_but_one = (shifted(evidence.series, steps)[rows] for steps in (1, 2))
    last = shifted(evidence.series, -1)[rows]
    noise = expected.noise[rows]
    r_before, r_after = (
        np.clip((z[rows] - side.mean[rows]) / np.sqrt(side.variance[rows] + noise), -FAR, FAR)
        for side in (expected.before, expected.after)
    )
    from_last, from_next = z[rows] - _of(z, last), z[rows] - _of(z, following)
    return {
        "gap_next": _of(values.day, following) - values.day[rows],
        "dz_next": from_next,
        "dz_next2": z[rows] - _of(z, next_but_one),
        "dv_next": _of(values.value, following) - values.value[rows],
        "r_next": _of(evidence.surprise, following),
        "r_before": r_before,
        "r_after": r_after,
        "r_min": np.minimum(np.abs(r_before), np.abs(r_after)) * np.where(r_before * r_after > 0, 1.0, -1.0),
        "dz_min": np.fmin(np.abs(from_last), np.abs(from_next)) * np.where(from_last * from_next > 0, 1.0, -1.0),
    }


def _mistakes(evidence: Evidence, rows: Rows) -> Columns:
    values, fit = evidence.values, evidence.fit
    value, other = values.value[rows], evidence.other[rows]
    factor, _ = factors(values.param[rows])
    written = np.stack([np.abs(fit.surprise(each, rows)) for each in factor * value])
    swapped = np.abs(fit.surprise(np.where(other >= 0, values.value[other], 1.0), rows))
    digits, differs = digits_exchanged(value)
    by_digits = np.stack([np.abs(fit.surprise(each, rows)) for each in digits])
    digit = np.minimum(np.where(differs, by_digits, FAR).min(axis=0), FAR)
    far = np.abs(evidence.surprise[rows])
    return {
        "r_gross": np.minimum(np.minimum(written.min(axis=0), np.where(other >= 0, swapped, FAR)), FAR),
        "r_digit": digit,
        "gain_digit": np.minimum(far, CAP) ** 2 - np.minimum(digit, CAP) ** 2,
    }


def _session(evidence: Evidence, rows: Rows) -> Columns:
    exchange, other = evidence.exchange, evidence.other[rows]
    deviation = (evidence.expected.z[rows] - evidence.fit.mean[rows]) * evidence.expected.unit[rows]
    shift, count = evidence.shift[rows], evidence.shift_count[rows]
    sd_unit = evidence.fit.sd[rows] * evidence.expected.unit[rows]
    return {
        "x_gain": exchange.gain[rows],
        "x_own": exchange.own_gain[rows],
        "x_r": np.abs(exchange.surprise[rows]),
        "x_r_other": np.abs(_of(exchange.surprise, other)),
        "x_gain_other": _of(exchange.gain, other),
        "shift": shift,
        "shift_n": count,
        "r_shifted": np.abs(deviation - np.where(count >= SHIFT_FROM, shift, 0.0)) / sd_unit,
    }


def on_grid(value: Floats, step: float) -> Bools:
    """Whole multiples of `step`, in decimals as they were written."""
    return np.abs(value / step - np.rint(value / step)) < 1e-6


def _habits(evidence: Evidence, rows: Rows) -> Columns:
    value = evidence.values.value
    half = on_grid(value, 0.5)
    size = np.minimum(np.abs(evidence.surprise), SIZE_CAP)
    grid = on_grid(value[rows], 0.1).astype(np.float64) + half[rows] + on_grid(value[rows], 1.0)
    return {
        "grid": grid,
        "half_share": _share(evidence.series, half.astype(np.float64), rows, 0.5, 1.0, all_days=evidence.all_days),
        "noise_child": _share(evidence.series, size, rows, 3 * USUAL_SURPRISE, 3.0, all_days=evidence.all_days),
        "noise_posyandu": _posyandu_noise(evidence, size, rows),
    }


def _share(series: Series, column: Floats, rows: Rows, start: float, weight: float, *, all_days: bool) -> Floats:
    """Mean over the other (in a stream: the earlier) days of the series, from `start` with the weight of some days."""
    there = series.first_row >= 0
    by_day = np.where(there, column[np.maximum(series.first_row, 0)], 0.0)
    if all_days:
        total, days = by_day.sum(axis=0)[series.place[rows]], there.sum(axis=0)[series.place[rows]] - 1.0
        own = by_day[series.step[rows], series.place[rows]]
        return np.asarray((total - own + start) / (days + weight))
    step, place = series.step[rows], series.place[rows]
    return ((np.cumsum(by_day, axis=0) - by_day)[step, place] + start) / (step + weight)


def _posyandu_noise(evidence: Evidence, size: Floats, rows: Rows) -> Floats:
    """Mean surprise of the other children of the posyandu, same kind of value; in a stream of the last weeks."""
    values = evidence.values
    group: Int64s = values.posyandu * 2 + values.param
    if evidence.all_days:
        own: Int64s = values.child * 2 + values.param
        total, count = (np.bincount(group, column)[group].astype(np.float64) for column in (size, np.ones(size.size)))
        mine, of_mine = (np.bincount(own, column)[own].astype(np.float64) for column in (size, np.ones(size.size)))
    else:
        own = group * (int(values.child.max(initial=0)) + 1) + values.child
        known = np.isfinite(evidence.recent_surprise)
        recent = np.where(known, np.minimum(np.abs(evidence.recent_surprise), SIZE_CAP), 0.0)
        (total, mine), (count, of_mine) = (
            tuple(window_sum(place, values.day, column, RECENT_DAYS, after=False) for place in (group, own))
            for column in (recent, known.astype(np.float64))
        )
    noise = np.asarray((total - mine + 20 * USUAL_SURPRISE) / (count - of_mine + 20))
    return noise[rows]
