"""Cells: sums of what is current, changed by the difference between old and new versions.

S is kept as changes: +1 in the first month of a span and -1 in the month after its last, so a child of five years
costs two cells and not sixty. Where a month was measured in another place than the span says, the month shifts S by
one from there to here; so D ≤ S holds in every cell by construction.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final
from uuid import UUID

from services.reporting.domain.child_month import MARKS, ChildMonth
from services.reporting.domain.facts import Place
from services.reporting.domain.targets import Span

CELL_COLUMNS: Final = ("target_change", "target_shift", "pending", *MARKS)
TARGET_CHANGE: Final = CELL_COLUMNS.index("target_change")
TARGET_SHIFT: Final = CELL_COLUMNS.index("target_shift")
PENDING: Final = CELL_COLUMNS.index("pending")
FIRST_MARK: Final = len(CELL_COLUMNS) - len(MARKS)

CellKey = tuple[str, str, date]  # desa, posyandu, month


@cache
def columns_of(marks: int) -> tuple[int, ...]:
    """Which columns of a cell a child-month with `marks` counts in."""
    return tuple(column for column in range(FIRST_MARK, len(CELL_COLUMNS)) if marks >> (column - FIRST_MARK) & 1)


class Deltas:
    """Summed changes by cell."""

    def __init__(self) -> None:
        self._cells: dict[tuple[Place, date], list[int]] = {}

    def _cell(self, place: Place, month: date) -> list[int]:
        cell = self._cells.get((place, month))
        if cell is None:
            cell = self._cells[place, month] = [0] * len(CELL_COLUMNS)
        return cell

    def add_month(self, month: date, content: ChildMonth, sign: int) -> None:
        """A current child-month appears (`sign` 1) or goes (-1)."""
        cell = self._cell(content.place, month)
        for column in columns_of(content.marks):
            cell[column] += sign
        if content.place != content.span_place:
            cell[TARGET_SHIFT] += sign
            if content.span_place is not None:
                self._cell(content.span_place, month)[TARGET_SHIFT] -= sign

    def add_span(self, span: Span, sign: int) -> None:
        """A current span appears or goes."""
        self._cell(span.place, span.from_month)[TARGET_CHANGE] += sign
        self._cell(span.place, span.to_month)[TARGET_CHANGE] -= sign

    def add_pending(self, place: Place, month: date, count: int) -> None:
        """So many measurements more (or fewer) wait for their assessment."""
        self._cell(place, month)[PENDING] += count

    def rows(self) -> list[tuple[CellKey, list[int]]]:
        """Cells that change, sorted by key: two writers never wait for each other crosswise."""
        return sorted(((*place, month), cell) for (place, month), cell in self._cells.items() if any(cell))


BUCKETS: Final = 64  # a rebuild goes through the children in so many steps


def bucket_of(child_id: UUID) -> int:
    """The step of a rebuild in which a child is folded. By the last byte: the first ones are a clock."""
    return child_id.int % BUCKETS
