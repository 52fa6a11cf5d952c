"""Small counts are hidden outside the district, and so is what would give them away by subtraction.

One fixed rule, for every column of findings and for every set of siblings (the areas below one area):

1. A finding is small where fewer than ten children have it, or fewer than ten of its denominator have it not. Zero is
   small: else a hidden count would be known not to be zero, and the first child told by the day it appears.
2. Siblings stand in an order that no figure changes: by official target, then by code. From the first one up to the
   last small one all are hidden, and on until together they are not small: so never one alone, and what is hidden is
   known as one sum that is not small.
3. What is hidden of an area is hidden of all below it; what is hidden of a denominator is hidden of its findings.
4. Findings of a period are released once, no earlier than TOLD_AFTER past its last day, and stay as they were then
   (`release.py`): while a month is being measured the total of a kecamatan grows by one desa a day, and afterwards by
   one late child, and such steps would tell each of them, hidden or not.

The hidden areas begin at the same sibling in every column, so two periods differ by where the hidden part ends and
never by who stands in for whom. At that change an area has nine or ten: not below five, hence ten.
docs/statistics.md tells of the attacker that this was tried against, and of what it does not stop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, Final

import numpy as np

from services.reporting.domain.figures import COUNTS, derived
from services.reporting.domain.hidden_counts import (
    FEWEST_MEASURED,
    LEFT_OUT_WHERE_SMALL,
    RULED,
    number_hidden,
)
from services.reporting.domain.periods import Period, period_of
from shared.calendar import add_months, last_day, month_of

TOLD_AFTER: Final = timedelta(days=10)  # what posyandu send late is mostly there by then
Row = Mapping[str, Any]


def is_told(period: Period, known_on: date) -> bool:
    """Whether findings of `period` are told outside, as known at the end of `known_on`."""
    return known_on > period.last_day + TOLD_AFTER


def told_from(period: Period) -> date:
    """The first day on which findings of `period` are told outside."""
    return period.last_day + TOLD_AFTER + timedelta(days=1)


def released_next(today: date) -> date:
    """The day of the calendar, `today` or after it, on which what is told and not released yet is released."""
    day = today.replace(day=TOLD_AFTER.days + 1)
    return day if day >= today else add_months(month_of(today), 1).replace(day=day.day)


def told_next(period: Period, today: date) -> date:
    """The day on which findings of `period`, which is not released yet, will be told outside."""
    return max(told_from(period), released_next(today))


def newest_told(known_on: date) -> Period:
    """The last month whose findings are told outside, as known at the end of `known_on`."""
    month = period_of(known_on)
    while not is_told(month, known_on):
        month = month.shifted(-1)
    return month


def day_told(as_of: date) -> date:
    """The past day that is told outside for `as_of`: the end of a month, the last not after it.

    Between any two days one desa alone may have changed; the ends of months lie far enough apart that few have.
    """
    if as_of == last_day(as_of.replace(day=1)):
        return as_of
    return as_of.replace(day=1) - timedelta(days=1)


def suppress(rows: Sequence[Row], hidden_above: Collection[str] = ()) -> list[dict[str, Any]]:
    """`rows` of all siblings (figures with `code`) without what may not be seen; each names its hidden columns.

    `hidden_above`: columns that are hidden of the area they are parts of.
    """
    hidden = hidden_columns(rows, [[row] for row in rows], hidden_above)
    return [without(row, columns) for row, columns in zip(rows, hidden, strict=True)]


def suppress_groups(
    rows: Sequence[Row], groups: Sequence[Sequence[Row]], hidden_above: Collection[str] = ()
) -> list[list[dict[str, Any]]]:
    """`groups` of each sibling (by sex, by age …, which add up to it) without what may not be seen.

    Groups of an area and areas with a group are one table with sums on both sides: a sibling is hidden in all its
    groups where one of them is small.
    """
    hidden = hidden_columns(rows, groups, hidden_above)
    return [[without(row, columns) for row in parts] for parts, columns in zip(groups, hidden, strict=True)]


def hidden_columns(
    rows: Sequence[Row], groups: Sequence[Sequence[Row]], hidden_above: Collection[str] = ()
) -> list[set[str]]:
    """The hidden columns of each sibling, where `groups` of it are to be told ([itself]: the sibling as a whole)."""
    everybody = [index for index in _in_order(rows) if rows[index]["target_children"]]
    hidden: list[set[str]] = [set() for _ in rows]
    if everybody:
        every = np.array([[[_ruled(group) for group in groups[index]] for index in everybody]], np.int64)
        counts = {name: every[..., column] for column, name in enumerate(RULED)}
        above = {name: np.array([True]) for name in hidden_above}
        for name, number in number_hidden(counts, np.array([len(everybody)]), above).items():
            for index in everybody[: number[0]]:
                hidden[index].add(name)
    for row, columns in zip(rows, hidden, strict=True):
        columns.update(_left_out(row, {*columns, *hidden_above}))
    return hidden


def hide(row: Row, columns: AbstractSet[str]) -> dict[str, Any]:
    """One area's figures without the hidden `columns`, nor what is left out of it because it is small."""
    return without(row, {*columns, *_left_out(row, columns)})


def in_order(siblings: Sequence[tuple[int | None, str]]) -> list[int]:
    """Indices of siblings (official target and code) from the first one that is hidden where one must be."""
    return sorted(range(len(siblings)), key=lambda i: (siblings[i][0] or 0, siblings[i][1]))


def _in_order(rows: Sequence[Row]) -> list[int]:
    """Siblings from the smallest official target (none first), then by code."""
    return in_order([(row.get("official_target"), str(row["code"])) for row in rows])


_ruled: Final = itemgetter(*RULED)


def _left_out(row: Row, hidden: Collection[str]) -> list[str]:
    without_size = "target_children" in hidden
    return [name for name in LEFT_OUT_WHERE_SMALL if without_size or 0 < (row[name] or 0) < FEWEST_MEASURED]


def without(row: Row, columns: AbstractSet[str]) -> dict[str, Any]:
    """`row` of figures with null for hidden `columns` and for what rests on them."""
    shown = dict(row)
    shown["suppressed"] = sorted(columns)
    if columns:
        shown.update(dict.fromkeys(columns))
        if not columns.isdisjoint({"haz_measured", "haz_flagged"}):
            shown.update(flagged_share=None)
        if "target_children" in columns:
            shown.update(quality_grade=None, whole_cm_share=None)
        shown.update(derived({name: shown[name] for name in COUNTS}))
    return shown
