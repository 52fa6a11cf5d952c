"""Sums of cells for an area: of what is current, or of the versions known on a past day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARK_BITS, MARKS
from services.reporting.domain.levels import LEVELS
from services.reporting.domain.period_months import ANY_MONTH, LATEST, OF_CASE
from services.reporting.domain.periods import MONTH, Period
from services.reporting.store.generations import LIVE, has_long_cells
from services.reporting.store.judged_sums import judged_by_place, judged_series, summed_by_area, summed_series
from services.reporting.store.quality_sums import are_kept
from shared.calendar import JAKARTA
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

SUM_COLUMNS: Final = ("target_children", "pending", *MARKS)
MARK_COUNTS: Final = ", ".join(
    f"(count(*) FILTER (WHERE marks & {1 << bit} <> 0))::integer" for bit in range(len(MARKS))
)
# The children who count in an area and a period, a row each (migration 0020): desa_code, posyandu_code, marks,
# course, sex, age_months.
CHILDREN_OF_PERIOD: Final = "children_of_period($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


_TICK: Final = timedelta(microseconds=1)

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

    @property
    def of_places(self) -> tuple[str, Any, Any]:
        """The condition with its values."""
        return self.condition, self.first, self.second

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
    return area_where(entry.code)


def area_where(code: str) -> Where:
    """An area and all below it by residence."""
    return Where("desa_code >= $1 AND desa_code < $2", code, f"{code}/", code.count(".") + 1, area=code)


async def sums_by_place(
    connection: Connection,
    where: Where,
    period: Period,
    known_before: datetime | None = None,
    detail: Detail = "place",
) -> list[Sums]:
    """Sums of one period as finely as `detail`; as current, or as known before an instant (`pending` is then 0).

    What was known before an instant is counted from versions, always by (desa, posyandu); grades are as judged then.
    Parts of one page ask for the same: nobody changes what is given.
    """
    key = ("sums", repr(where), period, known_before, detail)
    return await read_once(key, lambda: _read_by_place(connection, where, period, known_before, detail))


async def _read_by_place(
    connection: Connection, where: Where, period: Period, known_before: datetime | None, detail: Detail
) -> list[Sums]:
    cells = _cells(where, detail)
    if known_before is not None or (period.months != MONTH and not await has_long_cells(connection)):
        rows = await connection.fetch(_COUNTED, *where.of_period(period, known_before))
        found = {(row[0], row[1]): dict(zip(SUM_COLUMNS, row[2:], strict=True)) for row in rows}
    else:
        found = {}
        await _add_cells(connection, found, where, period, _by_place(_TARGETS, where, cells), ("target_children",))
        await _add_cells(
            connection, found, where, period, _by_place(_COUNTS, where, cells), ("target_children", *MARKS)
        )
    if known_before is None:
        await _add_cells(connection, found, where, period, _by_place(_PENDING, where, cells), ("pending",))
    await _add_grades(connection, where, period, known_before, detail, found)
    return [Sums(desa, posyandu, counts) for (desa, posyandu), counts in sorted(found.items()) if any(counts.values())]


async def first_measured(connection: Connection, where: Where, period: Period, since: datetime) -> date | None:
    """The first day (Jakarta) on which, at `since` or later, a measurement there in the period became known."""
    measured = MARK_BITS["weighed"] | MARK_BITS["height_measured"]
    sql = _FIRST_MEASURED.format(where=where.condition)
    day: date | None = await connection.fetchval(
        sql, where.first, where.second, period.first, period.last_month, since, measured
    )
    return day


async def _add_cells(
    connection: Connection,
    found: dict[tuple[str, str], dict[str, int]],
    where: Where,
    period: Period,
    sql: str,
    names: Sequence[str],
) -> None:
    """Add the columns `names` that `sql` reads of the cells to what was `found` of each place."""
    arguments = (where.first, where.second, period.months, period.first, period.last_month)
    for desa, posyandu, *counts in await connection.fetch(sql, *arguments):
        sums = found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))
        for name, count in zip(names, counts, strict=True):
            sums[name] += count


async def sums_by_period(
    connection: Connection, where: Where, first: Period, last: Period
) -> dict[Period, dict[str, int]]:
    """Current sums of the whole area for each period from `first` to `last`, all of one length."""
    sql = _by_place(_SERIES, where, _cells(where, "own"))
    rows = await connection.fetch(sql, where.first, where.second, first.months, first.first, last.first)
    sums = {Period(row[0], first.months): dict(zip(SUM_COLUMNS, row[1:], strict=True)) for row in rows}
    if _cells(where, "own") != "cell" and await are_kept(connection):
        judged = await summed_series(connection, where.first, where.second, first, last)
    else:
        judged = await judged_series(connection, where.of_places, first, last)
    for period, counts in judged.items():
        if period in sums:
            sums[period] |= counts
    return sums


async def _add_grades(
    connection: Connection,
    where: Where,
    period: Period,
    known_before: datetime | None,
    detail: Detail,
    found: dict[tuple[str, str], dict[str, int]],
) -> None:
    """What is judged of posyandu and months, no finer than the sums that it is added to."""
    parts = None
    if known_before is None and where.parts is not None and _cells(where, detail) != "cell":
        parts = max(where.parts + (detail == "below"), LEVELS[0])
    if parts is not None and await are_kept(connection):
        judged = await summed_by_area(connection, where.first, where.second, period, parts)
    else:
        known_on = None if known_before is None else (known_before - _TICK).astimezone(JAKARTA).date()
        judged = await judged_by_place(connection, where.of_places, period, known_on, parts)
    for place, counts in judged.items():
        sums = found.setdefault(place, dict.fromkeys(SUM_COLUMNS, 0))
        sums |= counts


def _cells(where: Where, detail: Detail) -> str:
    """Where to read sums: from the highest level that is fine enough, else from the cells themselves."""
    if where.parts is not None and detail != "place":
        level = max(where.parts + (detail == "below"), LEVELS[0])
        if level in LEVELS:
            return _LEVEL.format(level=level)
    return "cell"


def _by_place(sql: str, where: Where, cells: str = "cell") -> str:
    return sql.format(where=where.condition, cells=cells)


_FIRST_MEASURED: Final = f"""
SELECT (min(known_from) AT TIME ZONE 'Asia/Jakarta')::date FROM child_month
WHERE generation = {LIVE} AND {{where}} AND month BETWEEN $3 AND $4 AND known_from >= $5 AND marks & $6 <> 0
"""
_LEVEL: Final = (
    "(SELECT level_cell.*, area_code AS desa_code, '' AS posyandu_code FROM level_cell WHERE level = {level}) AS cell"
)
_TARGETS: Final = f"""
SELECT desa_code, posyandu_code, sum(target_change)::integer FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month <= $4 AND target_change <> 0 AND $5::date >= $4
GROUP BY 1, 2
"""
_COUNTS: Final = f"""
SELECT desa_code, posyandu_code, target_shift, {", ".join(MARKS)} FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month = $4 AND $5::date >= $4
"""
# Measurements that wait are kept by month, whatever the length of the period.
_PENDING: Final = f"""
SELECT desa_code, posyandu_code, sum(pending)::integer FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND months = 1 AND $3::smallint > 0 AND month BETWEEN $4 AND $5 AND pending <> 0
GROUP BY 1, 2
"""
# Children whom CHILDREN_OF_PERIOD gives are targets of the period or were measured in it: so S is all of them. What
# waited on a past day is not kept.
_COUNTED: Final = f"""
SELECT desa_code, posyandu_code, count(*)::integer, 0, {MARK_COUNTS}
FROM {CHILDREN_OF_PERIOD} GROUP BY 1, 2
"""
_SERIES: Final = f"""
WITH begun AS (
    SELECT coalesce(sum(target_change), 0) AS children FROM {{cells}}
    WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month < $4 AND target_change <> 0
),
waiting AS MATERIALIZED (
    SELECT month, sum(pending) AS pending FROM {{cells}}
    WHERE generation = {LIVE} AND {{where}} AND months = 1
      AND month >= $4 AND month < $5::date + make_interval(months => $3) AND pending <> 0
    GROUP BY 1
)
SELECT p.first::date,
       ((SELECT children FROM begun) + coalesce(sum(sum(target_change)) OVER (ORDER BY p.first), 0)
         + coalesce(sum(target_shift), 0))::integer,
       (SELECT coalesce(sum(pending), 0) FROM waiting
        WHERE month >= p.first AND month < p.first + make_interval(months => $3))::integer,
       {", ".join(f"coalesce(sum({mark}), 0)::integer" for mark in MARKS)}
FROM generate_series($4::date::timestamp, $5::date::timestamp, make_interval(months => $3)) AS p(first)
LEFT JOIN (
    SELECT month, target_change, target_shift, {", ".join(MARKS)} FROM {{cells}}
    WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month BETWEEN $4 AND $5
) AS area ON area.month = p.first::date GROUP BY p.first ORDER BY p.first
"""
