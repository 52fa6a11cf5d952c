"""Counts of facts for the board: by desa, in a calendar year, as known at the end of a day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from services.reporting.domain.aksi_facts import MONTHS_MEASURED, MONTHS_WEIGHED
from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.periods import YEAR, Period
from services.reporting.store.sums import sums_by_place, where_of
from shared.calendar import end_of_day
from shared.postgres.pool import Connection

# Children of whom it is not enough to know the year's marks: these look at its months (migration 0013).
_BY_MONTHS: Final = (
    "SELECT desa_code, monitored, treated FROM aksi_children_of_year($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)


async def count_facts(connection: Connection, year: int, area_code: str, as_of: date) -> dict[str, dict[str, int]]:
    """Desa → name of a definition → children. The figures of the year themselves, where they have them."""
    known_before = end_of_day(as_of)
    period = Period(date(year, 1, 1), YEAR)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    where = where_of(Entry("area", area_code, "", None, None, (), None))
    for sums in await sums_by_place(connection, where, period, known_before):
        desa = counts[sums.desa_code]
        for name in ("height_measured", "severely_stunted"):
            desa[name] += sums.counts[name]
        desa["stunted_not_severely"] += sums.counts["stunted"] - sums.counts["severely_stunted"]
    rows = await connection.fetch(
        _BY_MONTHS,
        *(period.first, period.last_month, known_before, area_code),
        *(MARK_BITS[name] for name in ("weighed", "height_measured", "severely_wasted", "in_care")),
        *(MONTHS_WEIGHED, MONTHS_MEASURED),
    )
    for desa_code, monitored, treated in rows:
        counts[desa_code]["growth_monitored"] += monitored
        counts[desa_code]["severely_wasted_in_care"] += treated
    return counts
