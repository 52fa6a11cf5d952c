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

from services.reporting.domain.hidden_counts import FINDINGS, RULED, SMALLEST_SHOWN
from services.reporting.domain.periods import LENGTHS, Period
from services.reporting.domain.suppression import hidden_columns, in_order

Row = Mapping[str, Any]
Hidden = list[set[str]]  # of each sibling
FEW_TWICE: Final = SMALLEST_SHOWN  # children of a denominator who were measured in two of the shorter periods


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
    found: dict[Period, Hidden] = {}
    for period in sorted(rows, key=lambda one: (one.months, one.first)):
        siblings = rows[period]
        hidden = hidden_columns(siblings, [[row] for row in siblings], hidden_above[period])
        parts = [part for part in inside(period) if part in found]
        if parts:
            _beside(parts, period, rows, found, hidden)
        found[period] = hidden
    return found


def _beside(
    parts: Sequence[Period],
    period: Period,
    rows: Mapping[Period, Sequence[Row]],
    found: Mapping[Period, Hidden],
    hidden: Hidden,
) -> None:
    """Hide in `hidden` of the siblings in `period` what its `parts` would tell."""
    siblings = rows[period]
    order = in_order([(row.get("official_target"), str(row["code"])) for row in siblings])
    order = [index for index in order if siblings[index]["target_children"]]
    counts = {name: np.array([siblings[index][name] for index in order], np.int64) for name in RULED}
    until = {name: sum(name in hidden[index] for index in order) for name in RULED}
    for block in FINDINGS:
        base, name = block.base or "target_children", block.columns[0]
        hidden_again, told_again = np.zeros((2, len(order)), bool)
        for alike in _of_one_length(parts):
            measured = np.array([[rows[part][index][base] for index in order] for part in alike], np.int64)
            is_hidden = np.array([[name in found[part][index] for index in order] for part in alike], bool)
            is_sum = measured.sum(axis=0) - counts[base] < FEW_TWICE
            unknown = is_hidden & (measured > 0)
            hidden_again |= is_sum & unknown.any(axis=0)
            # The only hidden one with anybody measured is what the total has beside those that are shown.
            unknown &= unknown.sum(axis=1, keepdims=True) > 1
            told_again |= is_sum & ~unknown.any(axis=0)
        first_shown = max(until[name], until[base], *(np.flatnonzero(hidden_again) + 1), 0)
        while 0 < first_shown < len(order):
            unknown = (~told_again & (counts[base] > 0))[:first_shown]
            together = block.parts({column: count[:first_shown][unknown].sum() for column, count in counts.items()})
            if not unknown.any() or (unknown.sum() > 1 and min(together) >= SMALLEST_SHOWN):
                break
            first_shown += 1
        until.update(dict.fromkeys(block.columns, first_shown))
        for index in order[:first_shown]:
            hidden[index].update(block.columns)


def _of_one_length(parts: Sequence[Period]) -> list[list[Period]]:
    lengths = dict.fromkeys(part.months for part in parts)
    return [[part for part in parts if part.months == months] for months in lengths]
