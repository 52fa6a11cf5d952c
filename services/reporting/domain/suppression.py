"""Small counts are hidden outside the district, and so is what would give them away.

A count of 1 to 4 is hidden. Where it is the only hidden one of its column, the total minus the rest would tell it, so
a second is hidden too: the next sibling in code order that is not zero. The rule looks at nothing but the column, so
it is the same for every `as_of`, and the same whether an area is asked for alone or among its siblings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.reporting.domain.figures import COUNTS, derived

SMALLEST_SHOWN: Final = 5


def suppress(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`rows` of siblings (figures with `code`) without what may not be seen; each names its hidden columns.

    Grade and quality shares go where a count is hidden: they could be solved for it.
    """
    hidden = hidden_columns(rows, COUNTS)
    return [_without(row, columns) for row, columns in zip(rows, hidden, strict=True)]


def hidden_columns(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[set[str]]:
    """Which of the count `columns` of each of `rows` (siblings, with `code`) may not be seen."""
    order = sorted(range(len(rows)), key=lambda index: str(rows[index]["code"]))
    hidden: list[set[str]] = [set() for _ in rows]
    for column in columns:
        for index in _hidden([rows[index][column] for index in order]):
            hidden[order[index]].add(column)
    return hidden


def _hidden(counts: Sequence[int]) -> list[int]:
    small = [index for index, count in enumerate(counts) if 0 < count < SMALLEST_SHOWN]
    if len(small) != 1:
        return small
    following = [(small[0] + step) % len(counts) for step in range(1, len(counts))]
    candidates = [index for index in following if counts[index]] or following
    return small + candidates[:1]


def _without(row: Mapping[str, Any], columns: set[str]) -> dict[str, Any]:
    shown = dict(row)
    shown["suppressed"] = sorted(columns)
    if columns:
        shown.update(dict.fromkeys(columns))
        shown.update(quality_grade=None, flagged_share=None, whole_cm_share=None)
        shown.update(derived({name: shown[name] for name in COUNTS}))
    return shown
