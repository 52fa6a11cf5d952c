"""Cells: sums of what is current, changed by the difference between old and new versions.

S is kept as changes: +1 in the first period of a span and -1 in the period after its last, so a child of five years
costs two cells and not sixty. Where a period was measured in another place than the span says, the period shifts S by
one from there to here; so D ≤ S holds in every cell by construction.

Months, quarters, semesters and years are cells of one kind. No row of a child and a long period is stored: what a child
counts for in it follows from its months (period_months), before and after, and the difference moves the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

from services.reporting.domain.child_month import MARKS, ChildMonth
from services.reporting.domain.facts import Place
from services.reporting.domain.period_months import Parts, PeriodContent, content_of
from services.reporting.domain.periods import LENGTHS, MONTH, Period, period_of
from services.reporting.domain.targets import Span, spans_of_length

CELL_COLUMNS: Final = ("target_change", "target_shift", "pending", *MARKS)
TARGET_CHANGE: Final = CELL_COLUMNS.index("target_change")
TARGET_SHIFT: Final = CELL_COLUMNS.index("target_shift")
PENDING: Final = CELL_COLUMNS.index("pending")
FIRST_MARK: Final = len(CELL_COLUMNS) - len(MARKS)

CellKey = tuple[str, str, int, date]  # desa, posyandu, months, first month
LONG: Final = tuple(length for length in LENGTHS if length != MONTH)


@cache
def columns_of(marks: int) -> tuple[int, ...]:
    """Which columns of a cell a child-month with `marks` counts in."""
    return tuple(column for column in range(FIRST_MARK, len(CELL_COLUMNS)) if marks >> (column - FIRST_MARK) & 1)


class ChildState(NamedTuple):
    """What a child counts for now: its months and its spans (ascending)."""

    parts: Parts
    spans: Sequence[Span]


class Deltas:
    """Summed changes by cell, and what else of the children changed."""

    def __init__(self) -> None:
        self._cells: dict[tuple[Place, Period], list[int]] = {}
        self.touched: set[tuple[Place, date]] = set()  # months where visits changed, though no sum may have
        self.served: set[tuple[UUID, date]] = set()  # roots, and the first month for which something done changed
        self.recounted: set[tuple[str, date, date]] = set()  # desa, first and last month where anything of a child did

    def _cell(self, place: Place, period: Period) -> list[int]:
        cell = self._cells.get((place, period))
        if cell is None:
            cell = self._cells[place, period] = [0] * len(CELL_COLUMNS)
        return cell

    def add_month(self, month: date, content: ChildMonth, sign: int) -> None:
        """A current child-month appears (`sign` 1) or goes (-1)."""
        self._add(Period(month), PeriodContent(content.place, content.span_place, content.marks), sign)
        for place in (content.place, content.span_place):
            if place is not None:
                self.recounted.add((place.desa_code, month, month))

    def _add(self, period: Period, content: PeriodContent, sign: int) -> None:
        place, span_place, marks = content
        cell = self._cell(place, period)
        for column in columns_of(marks):
            cell[column] += sign
        if place != span_place:
            cell[TARGET_SHIFT] += sign
            if span_place is not None:
                self._cell(span_place, period)[TARGET_SHIFT] -= sign

    def move_long(self, before: ChildState, after: ChildState, changed: AbstractSet[date]) -> None:
        """A child's long periods, of which the months `changed` are others than before, or its spans are.

        A month may change what the child counts for in a period elsewhere, where no month of it changes.
        """
        if before.spans != after.spans:
            changed = changed | before.parts.keys() | after.parts.keys()
        states = (before.parts, after.parts)
        marked = {parts[month].place.desa_code for parts in states for month in changed if month in parts}
        for months in LONG:
            if before.spans != after.spans:
                for spans, sign in ((before.spans, -1), (after.spans, 1)):
                    for span in spans_of_length(spans, months):
                        self.add_span(span, sign, months)
            for period in {period_of(month, months) for month in changed}:
                self._move_period(period, content_of(period, *before), content_of(period, *after), marked)

    def _move_period(
        self, period: Period, was: PeriodContent | None, now: PeriodContent | None, marked: AbstractSet[str]
    ) -> None:
        """`marked`: desa of the child's months that have changed; the period may count it in another one."""
        for content, sign in ((was, -1), (now, 1)):
            if content is not None:
                if was != now:
                    self._add(period, content, sign)
                if content.place.desa_code not in marked:
                    self.recounted.add((content.place.desa_code, period.first, period.first))

    def add_span(self, span: Span, sign: int, months: int = MONTH) -> None:
        """A current span (of periods of `months` months) appears or goes."""
        self._cell(span.place, Period(span.from_month, months))[TARGET_CHANGE] += sign
        self._cell(span.place, Period(span.to_month, months))[TARGET_CHANGE] -= sign

    def add_pending(self, place: Place, month: date, count: int) -> None:
        """So many measurements more (or fewer) wait for their assessment. Of a long period: the sum of its months."""
        self._cell(place, Period(month))[PENDING] += count

    def rows(self) -> list[tuple[CellKey, list[int]]]:
        """Cells that change, sorted by key: two writers never wait for each other crosswise."""
        return sorted(
            ((*place, period.months, period.first), cell) for (place, period), cell in self._cells.items() if any(cell)
        )


BUCKETS: Final = 64  # a rebuild goes through the children in so many steps


def bucket_of(child_id: UUID) -> int:
    """The step of a rebuild in which a child is folded. By the last byte: the first ones are a clock."""
    return child_id.int % BUCKETS
