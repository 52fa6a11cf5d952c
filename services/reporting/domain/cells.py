"""Cells: sums of what is current, changed by the difference between old and new versions.

S is kept as changes: +1 in the first month of a span and -1 in the month after its last, so a child of five years
costs two cells and not sixty. Where a month was measured in another place than the span says, the month shifts S by
one from there to here; so D ≤ S holds in every cell by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
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


class Deltas:
    """Summed changes by cell."""

    def __init__(self) -> None:
        self._cells: dict[CellKey, list[int]] = {}

    def _cell(self, place: Place, month: date) -> list[int]:
        key = (place.desa_code, place.posyandu_code, month)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = [0] * len(CELL_COLUMNS)
        return cell

    def add_month(self, month: date, content: ChildMonth, sign: int) -> None:
        """A current child-month appears (`sign` 1) or goes (-1)."""
        cell = self._cell(content.place, month)
        for column, mark in enumerate(content.marks, start=FIRST_MARK):
            if mark:
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

    def add(self, other: Deltas) -> None:
        """Another part of the same transaction: a cell may be written only once in one statement."""
        for (desa_code, posyandu_code, month), counts in other._cells.items():
            cell = self._cell(Place(desa_code, posyandu_code), month)
            for column, count in enumerate(counts):
                cell[column] += count

    def rows(self) -> list[tuple[CellKey, list[int]]]:
        """Cells that change, sorted by key: two writers never wait for each other crosswise."""
        return sorted((key, cell) for key, cell in self._cells.items() if any(cell))


BUCKETS: Final = 64  # a rebuild goes through the children in so many steps


def bucket_of(child_id: UUID) -> int:
    """The step of a rebuild in which a child is folded. By the last byte: the first ones are a clock."""
    return child_id.bytes[15] % BUCKETS


def any_filled(children: Iterable[UUID], buckets_done: int) -> bool:
    """Whether a rebuild has already folded one of `children`: then new facts must be written there too."""
    return any(bucket_of(child_id) < buckets_done for child_id in children)
