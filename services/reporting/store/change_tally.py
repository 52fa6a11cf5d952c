"""The kind of tallies that tell why a figure changed: the children of a kecamatan in a month and in the one before."""

from __future__ import annotations

from typing import Final

from services.reporting.domain.change_tally import COLUMNS, MEASURED, TOLD, rows_of
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.tallies import Tally
from services.reporting.domain.why_changed import days_of_reasons, past_of
from services.reporting.store.changes import FACT_COLUMNS
from services.reporting.store.group_facts import child_revision
from services.reporting.store.sums import Where
from services.reporting.store.tallies import Kind
from shared.postgres.pool import Connection

CHANGES: Final = Kind("changes", f"{','.join(COLUMNS)};{TOLD}", by_desa=False, months_before=1, lengths=(MONTH,))
_ROWS: Final = f"""
SELECT desa_before, desa_after, marks_before, marks_after, children,
       {", ".join(f"(fact).{name}" for name in FACT_COLUMNS)}
FROM changes_of_month($1, $2, $3, $4, $5, $6)
"""


async def count_changes(connection: Connection, where: Where, period: Period) -> Tally:
    """The rows of a kecamatan, of `period` and the month before it, as known now."""
    if where.area is None:
        raise ValueError("changes are counted by kecamatan")
    periods = period.shifted(-1), period
    about = (periods[0].first, periods[1].first, where.area, TOLD, MEASURED, days_of_reasons(periods))
    kinds = []
    for was, became, before, after, children, *fact in await connection.fetch(_ROWS, *about):
        past = past_of(child_revision(*fact), periods) if fact[0] is not None else None
        kinds.append((was, became, before, after, past, children))
    return Tally((), rows_of(kinds, where.area))
