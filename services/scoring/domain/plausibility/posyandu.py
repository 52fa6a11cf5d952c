"""What concerns a posyandu for weeks or months: a scale that is off, values rounded to halves or wholes."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.plausibility.evidence import RECENT_DAYS, Evidence
from services.scoring.domain.plausibility.features import on_grid
from services.scoring.domain.plausibility.sessions import medians_of_the_others, window_sum
from services.scoring.domain.plausibility.values import Bools, Floats, Int32s, Int64s, Param, Rows, Values
from services.scoring.domain.plausibility.verdicts import Evidence as Code
from services.scoring.domain.plausibility.verdicts import Kind, Verdicts

SHIFT_KG: Final = 0.28  # a scale nearer than this to right is not told apart from the children's own month
SHIFT_SE: Final = 3.0  # standard errors of the session's median
SHIFT_WEIGHTS: Final = 6  # so many other children at least
STILL_DAYS: Final = 45  # so long a scale is held to be off without a new sign of it
ANSWER_DAYS: Final = 95  # so long a shift may be the answer to an opposite one
COARSE: Final = (0.5, 1.0)  # kg, cm
ROUNDED_SHARE: Final = 0.97
PRIOR_SHARE: Final = 0.35  # of values that lie on the coarse grid anyway
PRIOR_VALUES: Final = 10.0
ENOUGH_GAIN: Final = 9.0  # log likelihood of rounding over all sessions of the window
ENOUGH_TODAY: Final = 1.5
SHIFTED: Final = 0.9
ROUNDED: Final = 0.8


def judge_posyandu(verdicts: Verdicts, evidence: Evidence) -> None:
    """Add hints on scale and rounding to rows that have no other."""
    shift, off = _scale_shift(evidence)
    shifted = np.flatnonzero(off & ~verdicts.flagged)
    _tell(verdicts, shifted, Kind.SCALE_BIAS, Code.SCALE, SHIFTED)
    verdicts.proposed[shifted] = np.round(evidence.values.value[shifted] - shift[shifted], 1)
    rounded = _rounded_carriers(evidence)
    rounded = rounded[~verdicts.flagged[rounded]]
    _tell(verdicts, rounded, Kind.HEAPING, Code.ROUNDED, ROUNDED)


def _tell(verdicts: Verdicts, rows: Rows, kind: Kind, code: Code, probability: float) -> None:
    verdicts.flagged[rows] = True
    verdicts.kind[rows], verdicts.evidence_code[rows] = kind, code
    verdicts.probability[rows] = np.maximum(verdicts.probability[rows], probability)


def _scale_shift(evidence: Evidence) -> tuple[Floats, Bools]:
    """Kilograms that the weights of each row's session lie off, and whether the scale was off.

    The weights of a session are compared with the last ones of the same children. So a scale that is off shows on its
    first day, nothing on the next, and the opposite when it has been repaired: it is off from a shift that answers no
    opposite one until an opposite one comes, for some weeks at most.
    """
    values, change = evidence.values, evidence.change
    known = np.isfinite(change) & (values.param == Param.WEIGHT_KG)
    _, first, session = np.unique(evidence.session, return_index=True, return_inverse=True)
    median, _ = medians_of_the_others(evidence.session, np.where(known, change, np.nan))
    away = np.where(known, np.minimum(np.abs(change - median), 1.0), 0.0)
    count = np.bincount(session, known)
    error = 1.25 * 1.25 * np.bincount(session, away) / np.maximum(count, 1.0) ** 1.5
    # Of all rows of the session: the median without one of them differs by less than what matters.
    shift = np.bincount(session, np.where(known, median, 0.0)) / np.maximum(count, 1.0)
    beyond = (count > SHIFT_WEIGHTS) & (np.abs(shift) > np.maximum(SHIFT_KG, SHIFT_SE * error))
    signs = [(beyond & (shift * sign > 0)).astype(np.float64) for sign in (1.0, -1.0)]
    off, size = np.zeros(shift.size, np.bool_), np.zeros(shift.size)
    for shifted, opposite in (signs, signs[::-1]):
        onset = (shifted > 0) & (window_sum(*_where(values, first), opposite, ANSWER_DAYS, after=False) == 0)
        since = window_sum(*_where(values, first), onset.astype(np.float64), STILL_DAYS, after=False)
        summed = window_sum(*_where(values, first), np.where(onset, shift, 0.0), STILL_DAYS, after=False)
        still = (since > 0) & (window_sum(*_where(values, first), opposite, STILL_DAYS, after=False) == 0)
        off |= still
        size = np.where(still, summed / np.maximum(since, 1.0), size)
    return size[session], off[session] & (values.param == Param.WEIGHT_KG)


def _rounded_carriers(evidence: Evidence) -> Rows:
    """One row for each session and kind of value that was rounded: of those on the grid the one farthest off."""
    values = evidence.values
    weight = values.param == Param.WEIGHT_KG
    coarse = np.where(weight, on_grid(values.value, COARSE[0]), on_grid(values.value, COARSE[1]))
    _, first, session = np.unique(evidence.session, return_index=True, return_inverse=True)
    count: Floats = np.bincount(session).astype(np.float64)
    on = np.bincount(session, coarse).astype(np.float64)
    usual = _usual_share(values, first, count, on, evidence)
    gain = on * np.log(ROUNDED_SHARE / usual) + (count - on) * np.log((1 - ROUNDED_SHARE) / (1 - usual))
    # A session may be rounded among others that are not: the others help a little and harm less.
    near = np.clip(gain, -1.0, 3.0)
    total = gain - near + window_sum(*_where(values, first), near, RECENT_DAYS, after=evidence.all_days)
    rounded = (total > ENOUGH_GAIN) & (gain > ENOUGH_TODAY)
    rows = np.flatnonzero(rounded[session] & coarse)
    if rows.size == 0:
        return rows
    off = np.abs(np.nan_to_num(evidence.deviation[rows]))
    order = np.lexsort((values.value[rows], -off, session[rows]))
    best = order[np.r_[True, np.diff(session[rows][order]) != 0]]
    return rows[best]


def _usual_share(values: Values, first: Rows, count: Floats, on: Floats, evidence: Evidence) -> Floats:
    """Share of values on the coarse grid at other times, by session: in a batch all of them beyond the window."""
    if evidence.all_days:
        place = np.unique(values.posyandu[first] * 2 + values.param[first], return_inverse=True)[1]
        all_on, all_count = np.bincount(place, on)[place], np.bincount(place, count)[place]
        near_on = window_sum(*_where(values, first), on, 2 * RECENT_DAYS, after=True)
        near_count = window_sum(*_where(values, first), count, 2 * RECENT_DAYS, after=True)
        usual_on, usual_count = all_on - near_on, all_count - near_count
    else:
        usual_on, usual_count = (
            window_sum(*_where(values, first), column, 2 * RECENT_DAYS, after=False)
            - window_sum(*_where(values, first), column, RECENT_DAYS, after=False)
            for column in (on, count)
        )
    return (usual_on + PRIOR_SHARE * PRIOR_VALUES) / (usual_count + PRIOR_VALUES)


def _where(values: Values, first: Rows) -> tuple[Int64s, Int32s]:
    """Place (posyandu and kind of value) and day of sessions, each told by one of its rows."""
    return values.posyandu[first] * 2 + values.param[first], values.day[first]
