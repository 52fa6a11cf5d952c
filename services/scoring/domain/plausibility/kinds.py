"""Which mistake explains a flagged value best, and what the value would be without it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from services.scoring.domain.plausibility.evidence import Evidence
from services.scoring.domain.plausibility.history import shifted
from services.scoring.domain.plausibility.hypotheses import digits_exchanged, factors
from services.scoring.domain.plausibility.scale import from_z
from services.scoring.domain.plausibility.values import Floats, Int8s, Int64s, Rows
from services.scoring.domain.plausibility.verdicts import NO_VISIT, Kind
from services.scoring.domain.plausibility.verdicts import Evidence as Code

# What an explanation costs beside half the square of the surprise it leaves (log likelihood): the rarer, the dearer.
FACTOR_COST: Final = 0.5
SWAP_COST: Final = 0.0
DIGITS_COST: Final = 1.5
EXCHANGE_COST: Final = 2.5
EXCHANGE_GAIN_SHARE: Final = 0.3  # of the gain of both visits
EXCHANGE_GAIN_CAP: Final = 12.0
SAME_AS_LAST_COST: Final = -1.0
UNEXPLAINED_COST: Final = 4.0  # measured wrong: nearly any value may come out
NEVER: Final = 1e3

KIND_OF: Final = {
    Code.TIMES_TEN: Kind.DECIMAL_SHIFT,
    Code.TENTH: Kind.DECIMAL_SHIFT,
    Code.POUNDS: Kind.UNIT_ERROR,
    Code.GRAMS: Kind.UNIT_ERROR,
    Code.INCHES: Kind.UNIT_ERROR,
    Code.METRES: Kind.UNIT_ERROR,
    Code.SWAPPED: Kind.SWAP_WT_HT,
    Code.DIGITS_EXCHANGED: Kind.DIGIT_TRANSPOSITION,
    Code.OTHER_CHILDS_VALUE: Kind.WRONG_CHILD,
    Code.SAME_AS_LAST: Kind.CARRIED_FORWARD,
    Code.FAR_FROM_HISTORY: Kind.TEM_OUTLIER,
    Code.BEYOND_WHO_LIMITS: Kind.OTHER,
}
_KINDS: Final = np.array([KIND_OF.get(code, Kind.NONE) for code in Code], np.int8)


class Explained(NamedTuple):
    """Of some rows: kind, evidence code, proposed value (NaN none), the visit that speaks against it."""

    kind: Int8s
    code: Int8s
    proposed: Floats
    other_visit: Int64s


class _Hypothesis(NamedTuple):
    code: Int8s
    cost: Floats
    proposed: Floats
    other_visit: Int64s


def explain(evidence: Evidence, visit: Int64s, rows: Rows) -> Explained:
    """The cheapest explanation of each of `rows`; `visit` holds the visits' own ids."""
    hypotheses = [
        _measured_wrong(evidence, rows),
        *_written_wrong(evidence, rows),
        _swapped(evidence, rows),
        _of_another_child(evidence, visit, rows),
        _same_as_last(evidence, visit, rows),
    ]
    best = np.argmin([each.cost for each in hypotheses], axis=0)
    line = np.arange(rows.size)
    code = np.stack([each.code for each in hypotheses])[best, line]
    proposed = np.stack([each.proposed for each in hypotheses])[best, line]
    other_visit = np.stack([each.other_visit for each in hypotheses])[best, line]
    return Explained(_KINDS[code], code, proposed, other_visit)


def _hypothesis(code: Code, cost: Floats, proposed: Floats) -> _Hypothesis:
    return _Hypothesis(np.full(cost.size, code, np.int8), cost, proposed, np.full(cost.size, NO_VISIT, np.int64))


def _half_square(surprise: Floats) -> Floats:
    return 0.5 * surprise * surprise


def _measured_wrong(evidence: Evidence, rows: Rows) -> _Hypothesis:
    series, nothing = evidence.series, np.full(rows.size, np.nan)
    known = series.step[rows] > 0
    if evidence.all_days:
        known |= shifted(series, 1)[rows] >= 0
    found = _hypothesis(Code.FAR_FROM_HISTORY, np.full(rows.size, UNEXPLAINED_COST), nothing)
    found.code[~known] = Code.BEYOND_WHO_LIMITS
    return found


def _written_wrong(evidence: Evidence, rows: Rows) -> list[_Hypothesis]:
    values, fit = evidence.values, evidence.fit
    value = values.value[rows]
    factor, codes = factors(values.param[rows])
    none = np.full(rows.size, NO_VISIT, np.int64)
    found = [
        _Hypothesis(code, _half_square(fit.surprise(meant, rows)) + FACTOR_COST, np.round(meant, 1), none)
        for code, meant in zip(codes, factor * value, strict=True)
    ]
    for meant, differs in zip(*digits_exchanged(value), strict=True):
        cost = np.where(differs, _half_square(fit.surprise(meant, rows)) + DIGITS_COST, NEVER)
        found.append(_hypothesis(Code.DIGITS_EXCHANGED, cost, meant))
    return found


def _swapped(evidence: Evidence, rows: Rows) -> _Hypothesis:
    value, other = evidence.values.value, evidence.other[rows]
    there = other >= 0
    mine = _half_square(evidence.fit.surprise(np.where(there, value[other], 1.0), rows))
    theirs = _half_square(evidence.fit.surprise(value[rows], np.where(there, other, rows)))
    cost = np.where(there, 0.5 * (mine + theirs) + SWAP_COST, NEVER)
    return _hypothesis(Code.SWAPPED, cost, np.where(there, value[other], np.nan))


def _of_another_child(evidence: Evidence, visit: Int64s, rows: Rows) -> _Hypothesis:
    exchange = evidence.exchange
    row, gain = exchange.row[rows], np.minimum(exchange.gain[rows], EXCHANGE_GAIN_CAP)
    cost = _half_square(exchange.surprise[rows]) + EXCHANGE_COST - EXCHANGE_GAIN_SHARE * gain
    there = row >= 0
    found = _hypothesis(
        Code.OTHER_CHILDS_VALUE, np.where(there, cost, NEVER), np.where(there, evidence.values.value[row], np.nan)
    )
    found.other_visit[there] = visit[row[there]]
    return found


def _same_as_last(evidence: Evidence, visit: Int64s, rows: Rows) -> _Hypothesis:
    value, last = evidence.values.value, shifted(evidence.series, -1)[rows]
    same = (last >= 0) & (value[rows] == value[last])
    cost = np.where(same, SAME_AS_LAST_COST, NEVER)
    expected = from_z(evidence.fit.scale.rows(rows), evidence.fit.mean[rows])
    found = _hypothesis(Code.SAME_AS_LAST, cost, np.where(same, np.nan, expected))
    found.other_visit[same] = visit[last[same]]
    return found
