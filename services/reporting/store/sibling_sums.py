"""Sums of the areas directly below one, for many periods at once: what suppression looks at. Without grades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from services.reporting.domain.child_month import MARKS
from services.reporting.domain.levels import LEVELS
from services.reporting.domain.periods import MONTH, Period
from services.reporting.store.generations import LIVE, has_long_cells
from services.reporting.store.sums import SUM_COLUMNS, Sums, Where, sums_by_place
from shared.postgres.pool import Connection

# How many were targets before the first period (month null), then what each period has.
_SERIES: Final = f"""
SELECT desa_code, NULL::date AS month, sum(target_change)::integer, 0, {", ".join("0" for _ in MARKS)} FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month < $4 AND target_change <> 0 GROUP BY 1
UNION ALL
SELECT desa_code, month, sum(target_change)::integer, sum(target_shift)::integer,
       {", ".join(f"sum({mark})::integer" for mark in MARKS)}
FROM {{cells}} WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month BETWEEN $4 AND $5 GROUP BY 1, 2
"""
_LEVEL: Final = "(SELECT level_cell.*, area_code AS desa_code FROM level_cell WHERE level = {level}) AS cell"


async def sums_below(
    connection: Connection,
    where: Where,
    periods: Sequence[Period],
    known_before: datetime | None,
    *,
    by_desa: bool,
) -> dict[Period, list[Sums]]:
    """For each of `periods` (one after the other, of one length) the sums of the areas directly below.

    By desa where so asked, or where no level is kept. What nobody keeps as cells is counted, period by period.
    """
    length = periods[0].months
    if known_before is not None or (length != MONTH and not await has_long_cells(connection)):
        detail = "place" if by_desa else "below"
        return {
            period: await sums_by_place(connection, where, period, known_before, detail)  # type: ignore[arg-type]
            for period in periods
        }
    level = (where.parts or 0) + 1
    cells = _LEVEL.format(level=level) if level in LEVELS and not by_desa else "cell"
    sql = _SERIES.format(cells=cells, where=where.condition)
    rows = await connection.fetch(sql, where.first, where.second, length, periods[0].first, periods[-1].first)
    return _by_period(rows, periods)


def _by_period(rows: Sequence[Any], periods: Sequence[Period]) -> dict[Period, list[Sums]]:
    """Targets are changes that add up; the other counts are each period's own."""
    by_place: dict[str, dict[Any, Any]] = {}
    for row in rows:
        by_place.setdefault(row[0], {})[row[1]] = row
    found: dict[Period, list[Sums]] = {period: [] for period in periods}
    for desa, of_months in sorted(by_place.items()):
        opening = of_months.get(None)
        targets = opening[2] if opening is not None else 0
        for period in periods:
            row = of_months.get(period.first)
            marks = row[4:] if row is not None else (0,) * len(MARKS)
            targets += row[2] if row is not None else 0
            counts = (targets + (row[3] if row is not None else 0), 0, *marks)
            if any(counts):
                found[period].append(Sums(desa, "", dict(zip(SUM_COLUMNS, counts, strict=True))))
    return found
