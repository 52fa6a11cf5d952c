"""Counts of facts for the board: by desa, in a calendar year, as known at the end of a day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from services.reporting.domain.aksi_facts import INDICATOR, INDICATORS, MONTHS_MEASURED, MONTHS_WEIGHED
from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.indicator_values import counted_over, parts_of
from services.reporting.domain.periods import YEAR, Period
from services.reporting.domain.read_indicators import load
from services.reporting.store.service_counts import Window, count_children
from services.reporting.store.sums import sums_by_place, where_of
from shared.calendar import end_of_day, month_of
from shared.postgres.pool import Connection

# Children of whom it is not enough to know the year's marks: their months are looked at (migration 0022).
_MONITORED: Final = "SELECT desa_code, children FROM aksi_monitored($1, $2, $3, $4, $5, $6, $7, $8)"


async def count_facts(connection: Connection, year: int, area_code: str, as_of: date) -> dict[str, dict[str, int]]:
    """Desa → name of a definition → children: the figures and indicators of the year themselves."""
    known_before = end_of_day(as_of)
    period = Period(date(year, 1, 1), YEAR)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    where = where_of(Entry("area", area_code, "", None, None, (), None))
    for sums in await sums_by_place(connection, where, period, known_before):
        desa = counts[sums.desa_code]
        for name in ("height_measured", "severely_stunted"):
            desa[name] += sums.counts[name]
        desa["stunted_not_severely"] += sums.counts["stunted"] - sums.counts["severely_stunted"]
    known = load()
    for one in known.on(period.last_day):
        if one.code not in INDICATORS:
            continue
        for part in parts_of(one.rule, one.count, period, month_of(as_of)):
            window = Window(where, counted_over(part, one.count), known_before)
            for counted in await count_children(connection, window, known.acts, [one.count]):
                counts[counted.desa_code][INDICATOR + one.code] += counted.numerators[0]
    rows = await connection.fetch(
        _MONITORED,
        *(period.first, period.last_month, known_before, area_code),
        *(MARK_BITS[name] for name in ("weighed", "height_measured")),
        *(MONTHS_WEIGHED, MONTHS_MEASURED),
    )
    for desa_code, children in rows:
        counts[desa_code]["growth_monitored"] += children
    return counts
