"""Small counts are hidden outside the district, and so is what would give them away by subtraction.

One fixed rule, for every column of findings and for every set of siblings (the areas below one area):

1. A finding is small where fewer than ten children have it, or fewer than ten of its denominator have it not. Zero is
   small: else a hidden count would be known not to be zero, and the first child told by the day it appears.
2. Siblings stand in an order that no figure changes: by official target, then by code. From the first one up to the
   last small one all are hidden, and on until together they are not small: so never one alone, and what is hidden is
   known as one sum that is not small.
3. What is hidden of an area is hidden of all below it; what is hidden of a denominator is hidden of its findings.
4. Findings of a period are told from TOLD_AFTER past its last day on, and of what was known before never: while a month
   is being measured the total of a kecamatan grows by one desa a day, and its steps would tell each desa.

The hidden areas begin at the same sibling in every column and at every `as_of`, so two answers differ by where the
hidden part ends and never by who stands in for whom. At that change an area has nine or ten: not below five, hence ten.
docs/statistics.md tells of the attacker that this was tried against, and of what it does not stop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.reporting.domain.case_course import STEPS
from services.reporting.domain.figures import COUNTS, derived
from services.reporting.domain.periods import Period, period_of
from shared.calendar import last_day

SMALLEST_SHOWN: Final = 10  # of a finding; the counts that must stay unknown are those below five
FEWEST_MEASURED: Final = 5  # of children, or none
TOLD_AFTER: Final = timedelta(days=10)  # what posyandu send late is mostly there by then

Row = Mapping[str, Any]
Counts = npt.NDArray[np.int64]  # of siblings x groups
Truths = npt.NDArray[np.bool_]
Columns = Mapping[str, Counts]
Parts = tuple[Counts, ...]


class Block(NamedTuple):
    """Columns that are hidden together. `parts`: counts that must not be small; `base`: what it is counted among."""

    columns: tuple[str, ...]
    parts: Callable[[Columns], Parts]
    base: str | None


def _finding(name: str, among: str) -> Block:
    """A finding, and those of its denominator who do not have it."""
    return Block((name,), lambda row: (row[name], row[among] - row[name]), among)


def _care(name: str) -> Block:
    """A step of care: who has not come so far is no finding."""
    return Block((name,), lambda row: (row[name],), "suspected")


# How many there are, and how many were measured: the work of a posyandu, where zero says that it has not begun.
MEASURED: Final = (
    "target_children",
    "measured_children",
    "height_measured",
    "both_measured",
    "haz_measured",
    "waz_measured",
    "whz_measured",
)
# How it was measured. Left out where small, but no finding: two shown counts may tell it.
LEFT_OUT_WHERE_SMALL: Final = ("haz_flagged", "waz_flagged", "whz_flagged", "pending")
SIZE: Final = Block(MEASURED, lambda row: tuple(row[name] for name in MEASURED), None)
FINDINGS: Final = (
    _finding("stunted", "haz_measured"),
    _finding("severely_stunted", "stunted"),
    _finding("underweight", "waz_measured"),
    _finding("severely_underweight", "underweight"),
    _finding("wasted", "whz_measured"),
    _finding("severely_wasted", "wasted"),
    _finding("overweight", "whz_measured"),
    Block(("oedema",), lambda row: (row["oedema"],), "measured_children"),
    # N + T + O + B = weighed: none of the four follows from what is shown of the others.
    Block(
        ("gained", "not_gained", "gain_assessed"),
        lambda row: (row["gained"], row["not_gained"], row["measured_children"] - row["gain_assessed"]),
        "measured_children",
    ),
    Block(
        ("not_weighed_before", "first_weighing"),
        lambda row: (row["not_weighed_before"], row["first_weighing"]),
        "gained",
    ),
    _finding("twice_not_gained", "not_gained"),
    Block(("below_red_line",), lambda row: (row["below_red_line"],), "measured_children"),
    _finding("suspected", "measured_children"),
    Block(("urgent",), lambda row: (row["urgent"],), "measured_children"),
    *map(_care, (*STEPS, "anaemia_known")),
    _finding("anaemic", "anaemia_known"),
)
FINDING_COLUMNS: Final = frozenset(name for block in FINDINGS for name in block.columns)


RULED: Final = (*MEASURED, *sorted(FINDING_COLUMNS))


def is_told(period: Period, known_on: date) -> bool:
    """Whether findings of `period` are told outside, as known at the end of `known_on`."""
    return known_on > period.last_day + TOLD_AFTER


def told_from(period: Period) -> date:
    """The first day on which findings of `period` are told outside."""
    return period.last_day + TOLD_AFTER + timedelta(days=1)


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
    everybody = [index for index in in_order(rows) if rows[index]["target_children"]]
    until: dict[str, int] = {}
    hidden: list[set[str]] = [set() for _ in rows]
    for block, own in zip((SIZE, *FINDINGS), _own_first_shown(groups, everybody), strict=True):
        first_shown = max(own, until[block.base] if block.base is not None else 0)
        if not set(block.columns).isdisjoint(hidden_above):
            first_shown = len(everybody)
        until.update(dict.fromkeys(block.columns, first_shown))
        for index in everybody[:first_shown]:
            hidden[index].update(block.columns)
    for row, columns in zip(rows, hidden, strict=True):
        columns.update(_left_out(row, {*columns, *hidden_above}))
    return hidden


def _own_first_shown(groups: Sequence[Sequence[Row]], everybody: Sequence[int]) -> list[int]:
    """Of SIZE and each of FINDINGS, without regard to what else is hidden."""
    if not everybody:
        return [0] * (1 + len(FINDINGS))
    every = np.array([[_ruled(group) for group in groups[index]] for index in everybody], np.int64)
    counts = {name: every[..., column] for column, name in enumerate(RULED)}
    findings = [block.parts(counts) for block in FINDINGS]
    return [*_first_shown([SIZE.parts(counts)], _is_told), *_first_shown(findings, _is_large)]


def hide(row: Row, columns: AbstractSet[str]) -> dict[str, Any]:
    """One area's figures without the hidden `columns`, nor what is left out of it because it is small."""
    return without(row, {*columns, *_left_out(row, columns)})


def in_order(rows: Sequence[Row]) -> list[int]:
    """Siblings from the smallest official target (none first), then by code."""
    return sorted(range(len(rows)), key=lambda i: (rows[i].get("official_target") or 0, str(rows[i]["code"])))


_ruled: Final = itemgetter(*RULED)


def _first_shown(blocks: Sequence[Parts], is_shown: Callable[[Counts], Truths]) -> list[int]:
    """Of each block, how many siblings are hidden, from the first one on: up to the last small one, and enough."""
    siblings, groups = blocks[0][0].shape
    # blocks x parts x siblings x groups; where a block has fewer parts, some that are shown anyhow
    stacked = np.full((len(blocks), max(map(len, blocks)), siblings, groups), SMALLEST_SHOWN)
    for number, parts in enumerate(blocks):
        stacked[number, : len(parts)] = parts
    small: Truths = np.logical_not(np.logical_and.reduce(is_shown(stacked), axis=(1, 3)))
    until = np.where(small.any(axis=1), siblings - small[:, ::-1].argmax(axis=1), 0)
    # One alone is small, so a second one follows: until all that are hidden are large together.
    together: Truths = np.logical_and.reduce(is_shown(stacked.cumsum(axis=2)), axis=(1, 3))
    enough = together & (np.arange(siblings) >= until[:, None] - 1)
    first = np.where(enough.any(axis=1), enough.argmax(axis=1) + 1, siblings)
    hidden: list[int] = np.where(until == 0, 0, first).tolist()
    return hidden


def _is_large(counts: Counts) -> Truths:
    large: Truths = counts >= SMALLEST_SHOWN
    return large


def _is_told(counts: Counts) -> Truths:
    told: Truths = (counts == 0) | (counts >= FEWEST_MEASURED)
    return told


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
