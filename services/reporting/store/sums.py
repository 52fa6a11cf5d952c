"""Sums of cells for an area: of what is current, or of the versions known on a past day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARKS
from services.reporting.domain.levels import LEVELS
from services.reporting.domain.period_months import ANY_MONTH, LATEST, OF_CASE
from services.reporting.domain.periods import MONTH, Period
from services.reporting.store.generations import LIVE
from shared.postgres.pool import Connection

SUM_COLUMNS: Final = ("target_children", "pending", *MARKS)
_MARK_COUNTS: Final = ", ".join(
    f"(count(*) FILTER (WHERE marks & {1 << bit} <> 0))::integer" for bit in range(len(MARKS))
)
# The children who count in an area and a period, a row each (migration 0003): desa_code, posyandu_code, marks, course.
CHILDREN_OF_PERIOD: Final = "children_of_period($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


# How finely sums are read: of the area as a whole, of the areas directly below it, or of each desa and posyandu. The
# first two may be answered more finely, never more coarsely.
Detail = Literal["own", "below", "place"]


class Sums(NamedTuple):
    """Sums of one (desa, posyandu) and period, or (`desa_code`) of one area above; `counts` by SUM_COLUMNS."""

    desa_code: str
    posyandu_code: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Where:
    """Which cells an area means: a condition on desa_code and posyandu_code, with its values as $1 and $2.

    `parts` of the code tell which level of sums the area has; None for what is not summed by level. The same for
    CHILDREN_OF_PERIOD: `area` = all below it, or `posyandu`, or `homes` = desa of the home posyandu.
    """

    condition: str
    first: Any
    second: Any = None
    parts: int | None = None
    area: str | None = None
    posyandu: str | None = None
    homes: tuple[str, ...] | None = None

    def of_period(self, period: Period, known_before: datetime | None) -> tuple[Any, ...]:
        """What CHILDREN_OF_PERIOD is given."""
        rules = [rule.given_by for rule in LATEST], [rule.taken for rule in LATEST]
        area = (self.area, self.posyandu, self.homes)
        return (period.first, period.last_month, known_before, *area, ANY_MONTH, *rules, OF_CASE)


def where_of(entry: Entry) -> Where:
    """Desa and above by residence, a posyandu by home posyandu, a puskesmas by the desa of the home posyandu."""
    if entry.entry == "posyandu":
        return Where("posyandu_code = $1 AND $2::text IS NULL", entry.code, posyandu=entry.code)
    if entry.entry == "puskesmas":
        return Where(
            "home_desa(desa_code, posyandu_code) = ANY($1::text[]) AND $2::text IS NULL",
            list(entry.desa_codes),
            homes=entry.desa_codes,
        )
    parts = entry.code.count(".") + 1
    return Where("desa_code >= $1 AND desa_code < $2", entry.code, f"{entry.code}/", parts, area=entry.code)


async def sums_by_place(
    connection: Connection,
    where: Where,
    period: Period,
    known_before: datetime | None = None,
    detail: Detail = "place",
) -> list[Sums]:
    """Sums of one period as finely as `detail`; as current, or as known before an instant (`pending` is then 0).

    What was known before an instant is counted from versions, and always by (desa, posyandu).
    """
    found: dict[tuple[str, str], dict[str, int]] = {}
    if known_before is not None or period.months != MONTH:
        rows = await connection.fetch(_COUNTED, *where.of_period(period, known_before))
        for desa, posyandu, *counts in rows:
            found[desa, posyandu] = dict(zip(SUM_COLUMNS, counts, strict=True))
        if known_before is None:
            waiting = await connection.fetch(
                _by_place(_PENDING, where), where.first, where.second, period.first, period.last_month
            )
            for desa, posyandu, pending in waiting:
                found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))["pending"] += pending
    else:
        cells = _cells(where, detail)
        targets = await connection.fetch(_by_place(_TARGETS, where, cells), where.first, where.second, period.first)
        counts = await connection.fetch(_by_place(_COUNTS, where, cells), where.first, where.second, period.first)
        for desa, posyandu, target in targets:
            found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))["target_children"] += target
        for desa, posyandu, shift, *marks in counts:
            cell = found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))
            cell["target_children"] += shift
            for name, count in zip(SUM_COLUMNS[1:], marks, strict=True):
                cell[name] += count
    return [Sums(desa, posyandu, counts) for (desa, posyandu), counts in sorted(found.items()) if any(counts.values())]


async def sums_by_month(connection: Connection, where: Where, first: date, last: date) -> dict[date, dict[str, int]]:
    """Current sums of the whole area for each month from `first` to `last`."""
    sql = _by_place(_SERIES, where, _cells(where, "own"))
    rows = await connection.fetch(sql, where.first, where.second, first, last)
    return {row[0]: dict(zip(SUM_COLUMNS, list(row)[1:], strict=True)) for row in rows}


def _cells(where: Where, detail: Detail) -> str:
    """Where to read sums: from the highest level that is fine enough, else from the cells themselves."""
    if where.parts is not None and detail != "place":
        level = max(where.parts + (detail == "below"), LEVELS[0])
        if level in LEVELS:
            return _LEVEL.format(level=level)
    return "cell"


def _by_place(sql: str, where: Where, cells: str = "cell") -> str:
    return sql.format(where=where.condition, cells=cells)


_LEVEL: Final = (
    "(SELECT level_cell.*, area_code AS desa_code, '' AS posyandu_code FROM level_cell WHERE level = {level}) AS cell"
)
_TARGETS: Final = f"""
SELECT desa_code, posyandu_code, sum(target_change)::integer FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND month <= $3 AND target_change <> 0 GROUP BY 1, 2
"""
_COUNTS: Final = f"""
SELECT desa_code, posyandu_code, target_shift, pending, {", ".join(MARKS)} FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND month = $3
"""
_PENDING: Final = f"""
SELECT desa_code, posyandu_code, sum(pending)::integer FROM cell
WHERE generation = {LIVE} AND {{where}} AND month BETWEEN $3 AND $4 AND pending <> 0 GROUP BY 1, 2
"""
# Children whom CHILDREN_OF_PERIOD gives are targets of the period or were measured in it: so S is all of them.
_COUNTED: Final = f"""
SELECT desa_code, posyandu_code, count(*)::integer, 0, {_MARK_COUNTS}
FROM {CHILDREN_OF_PERIOD} GROUP BY 1, 2
"""
_SERIES: Final = f"""
WITH area AS (SELECT * FROM {{cells}} WHERE generation = {LIVE} AND {{where}} AND month <= $4),
begun AS (SELECT coalesce(sum(target_change), 0) AS children FROM area WHERE month < $3)
SELECT m.month::date,
       ((SELECT children FROM begun) + coalesce(sum(sum(target_change)) OVER (ORDER BY m.month), 0)
         + coalesce(sum(target_shift), 0))::integer,
       coalesce(sum(pending), 0)::integer, {", ".join(f"coalesce(sum({mark}), 0)::integer" for mark in MARKS)}
FROM generate_series($3::date::timestamp, $4::date::timestamp, interval '1 month') AS m(month)
LEFT JOIN area ON area.month = m.month::date GROUP BY m.month ORDER BY m.month
"""
