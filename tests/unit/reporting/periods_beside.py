"""Months and the periods over them, all known and told at one moment: what each hides, by the rules of a release."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from services.reporting.domain.hidden_counts import (
    LEFT_OUT_WHERE_SMALL,
    RULED,
    Columns,
    Truths,
    hidden_of,
    hidden_siblings,
)
from services.reporting.domain.hidden_periods import Parts, hide_beside, inside
from services.reporting.domain.periods import LENGTHS, Period
from services.reporting.domain.suppression import in_order

Row = Mapping[str, Any]
Hidden = list[set[str]]  # of each sibling


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
    hidden = _hidden_beside(periods, counts, order, above)
    of_each = [hidden_of(counts, which, hidden, above) for which in range(len(siblings))]
    return {
        period: [{name for name in own if own[name][number]} for own in of_each]
        for number, period in enumerate(periods)
    }


def _hidden_beside(
    periods: Sequence[Period], counts: Columns, order: Sequence[int], hidden_above: Mapping[str, Truths]
) -> dict[str, Truths]:
    """The same on arrays, as `hidden_siblings` takes and gives them, by `periods`."""
    hidden = {name: truths.copy() for name, truths in hidden_siblings(counts, order, hidden_above).items()}
    ordered = sorted(range(len(periods)), key=lambda number: (periods[number].months, periods[number].first))
    for number in ordered:
        found = [periods.index(part) for part in inside(periods[number]) if part in periods]
        of_one_length = [[part for part in found if periods[part].months == months] for months in LENGTHS]
        parts = []
        for which in filter(None, of_one_length):
            then = {name: counts[name][which] for name in RULED}
            alike = np.zeros(len(order), bool)
            parts.append(
                Parts(
                    then,
                    then,
                    {name: hidden[name][which] for name in RULED},
                    alike,
                    np.ones((len(which), len(order)), np.int64),
                )
            )
        own = {name: counts[name][number] for name in RULED}
        hide_beside(own, parts, order, {name: hidden[name][number] for name in RULED})
    return hidden
