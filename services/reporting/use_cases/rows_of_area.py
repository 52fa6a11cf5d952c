"""Rows of figures of one area in a period and in its months, as the reader sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.reporting.domain.areas import Entry, Tree
from services.reporting.domain.periods import Period
from services.reporting.use_cases.area_figures import Question, own_row, own_rows
from shared.postgres.pool import Connection


class RowsOfArea:
    """One page's rows, each read once. `months`: those of the period that have begun."""

    def __init__(self, connection: Connection, asked: Question, area: tuple[Tree, Entry], this_month: date) -> None:
        self.months: Sequence[Period] = [Period(month) for month in asked.period.months_of if month <= this_month]
        self._connection = connection
        self._asked = asked
        self._area = area
        self._rows: dict[Period, Mapping[str, Any]] = {}

    async def row(self, period: Period) -> Mapping[str, Any]:
        """Of a month of a longer period together with its other months: rules over months need them all."""
        if period not in self._rows:
            if period == self._asked.period:
                self._rows[period] = await own_row(self._connection, *self._area, self._asked)
            else:
                self._rows |= await own_rows(self._connection, *self._area, self._asked, self.months)
        return self._rows[period]
