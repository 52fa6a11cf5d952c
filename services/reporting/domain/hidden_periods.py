"""What is hidden of a quarter, a semester or a year, beside the shorter periods inside it, which are told too.

A child counts once in a period. Where no child of an area (but for a few) was measured in two of its months, because
all came in one month, or each posyandu in its own, the period is the sum of its months. So of such an area:

1. What is hidden in a month with anybody measured is hidden in the period, and with it, as always, of all siblings
   before.
2. What is told in every month, or follows from the total, covers nobody in the period: the siblings that are hidden
   together are not small without it.

The same of semesters and quarters, years and semesters: whatever lies inside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.hidden_counts import (
    FINDINGS,
    LEFT_OUT_WHERE_SMALL,
    RULED,
    SMALLEST_SHOWN,
    Columns,
    Counts,
    Truths,
    hidden_of,
    hidden_siblings,
)
from services.reporting.domain.periods import LENGTHS, Period
from services.reporting.domain.suppression import in_order

Row = Mapping[str, Any]
Hidden = list[set[str]]  # of each sibling
FEW_TWICE: Final = SMALLEST_SHOWN  # children of a denominator who were measured in two of the shorter periods
_NAMES: Final = tuple(block.columns[0] for block in FINDINGS)
_BASES: Final = tuple(block.base or "target_children" for block in FINDINGS)


def inside(period: Period) -> list[Period]:
    """The shorter periods of the calendar that lie in `period`, months first."""
    lengths = [months for months in LENGTHS if months < period.months]
    return [Period(first, months) for months in lengths for first in period.months_of[::months]]


def hidden_in_periods(
    rows: Mapping[Period, Sequence[Row]], hidden_above: Mapping[Period, Collection[str]]
) -> dict[Period, Hidden]:
    """The hidden columns of each sibling in each period. `rows`: the siblings in one order, whatever the period.

    Of a period that is not a month what lies inside it is there, too, unless nothing of it is told yet.
    """
    periods = list(rows)
    siblings = rows[periods[0]]
    if not siblings:
        return {period: [] for period in periods}
    names = (*RULED, *LEFT_OUT_WHERE_SMALL)
    counts = {
        name: np.array([[row[name] or 0 for row in rows[period]] for period in periods], np.int64) for name in names
    }
    above = {name: np.array([name in hidden_above[period] for period in periods]) for name in names}
    order = in_order([(row.get("official_target"), str(row["code"])) for row in siblings])
    hidden = hidden_beside(periods, counts, order, above)
    of_each = [hidden_of(counts, which, hidden, above) for which in range(len(siblings))]
    return {
        period: [{name for name in own if own[name][number]} for own in of_each]
        for number, period in enumerate(periods)
    }


def hidden_beside(
    periods: Sequence[Period], counts: Columns, order: Sequence[int], hidden_above: Mapping[str, Truths]
) -> dict[str, Truths]:
    """The same on arrays, as `hidden_siblings` takes and gives them, by `periods`."""
    hidden = {name: truths.copy() for name, truths in hidden_siblings(counts, order, hidden_above).items()}
    ordered = sorted(range(len(periods)), key=lambda number: (periods[number].months, periods[number].first))
    for number in ordered:
        parts = [periods.index(part) for part in inside(periods[number]) if part in periods]
        if parts:
            of_one_length = [[part for part in parts if periods[part].months == months] for months in LENGTHS]
            _hide_beside(number, list(filter(None, of_one_length)), counts, order, hidden)
    return hidden


def _hide_beside(
    period: int, parts: Sequence[Sequence[int]], counts: Columns, order: Sequence[int], hidden: dict[str, Truths]
) -> None:
    """Hide of the siblings in a `period` what its `parts`, by length, would tell. All by their number."""
    siblings = np.array([index for index in order if counts["target_children"][period, index]], np.intp)
    own = {name: counts[name][period, siblings] for name in RULED}
    among = np.stack([own[base] for base in _BASES])  # findings x siblings
    hidden_again, told_again = np.zeros((2, *among.shape), bool)
    for alike in parts:
        # findings x parts x siblings
        measured = np.stack([counts[base] for base in _BASES])[:, alike][..., siblings]
        is_hidden = np.stack([hidden[name] for name in _NAMES])[:, alike][..., siblings]
        is_sum = measured.sum(axis=1) - among < FEW_TWICE
        unknown = is_hidden & (measured > 0)
        hidden_again |= is_sum & unknown.any(axis=1)
        # The only hidden one with anybody measured is what the total has beside those that are shown.
        unknown &= unknown.sum(axis=2, keepdims=True) > 1
        told_again |= is_sum & ~unknown.any(axis=1)
    until = {name: int(hidden[name][period, siblings].sum()) for name in RULED}
    for number, (block, base) in enumerate(zip(FINDINGS, _BASES, strict=True)):
        first_shown = max(until[_NAMES[number]], until[base], *(np.flatnonzero(hidden_again[number]) + 1).tolist(), 0)
        while 0 < first_shown < len(siblings):
            unknown = (~told_again[number] & (own[base] > 0))[:first_shown]
            together = block.parts(_Together(own, unknown))
            if not unknown.any() or (unknown.sum() > 1 and min(together) >= SMALLEST_SHOWN):
                break
            first_shown += 1
        until.update(dict.fromkeys(block.columns, first_shown))
        for column in block.columns:
            hidden[column][period, siblings[:first_shown]] = True


class _Together(dict[str, Counts]):
    """Sums of columns over some siblings, made when a finding asks for them."""

    def __init__(self, counts: Columns, which: npt.NDArray[np.bool_]) -> None:
        super().__init__()
        self._counts, self._which = counts, which

    def __missing__(self, name: str) -> Counts:
        total: Counts = self._counts[name][: len(self._which)][self._which].sum()
        self[name] = total
        return total
