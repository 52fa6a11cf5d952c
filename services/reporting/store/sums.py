"""Sums of cells for an area: of what is current, or of the versions known on a past day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from services.reporting.domain.areas import Entry
from services.reporting.domain.child_month import MARKS
from services.reporting.domain.levels import LEVELS
from services.reporting.store.generations import LIVE
from shared.postgres.pool import Connection

SUM_COLUMNS: Final = ("target_children", "pending", *MARKS)
_MARK_COUNTS: Final = ", ".join(
    f"(count(*) FILTER (WHERE marks & {1 << bit} <> 0))::integer" for bit in range(len(MARKS))
)


# How finely sums are read: of the area as a whole, of the areas directly below it, or of each desa and posyandu. The
# first two may be answered more finely, never more coarsely.
Detail = Literal["own", "below", "place"]


class Sums(NamedTuple):
    """Sums of one (desa, posyandu) and month, or (`desa_code`) of one area above; `counts` by SUM_COLUMNS."""

    desa_code: str
    posyandu_code: str
    month: date
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Where:
    """Which cells an area means: a condition on desa_code and posyandu_code, with its values as $1 and $2.

    `parts` of the code tell which level of sums the area has; None for what is not summed by level.
    """

    condition: str
    first: Any
    second: Any = None
    parts: int | None = None


def where_of(entry: Entry) -> Where:
    """Desa and above by residence, a posyandu by home posyandu, a puskesmas by the desa of the home posyandu."""
    if entry.entry == "posyandu":
        return Where("posyandu_code = $1 AND $2::text IS NULL", entry.code)
    if entry.entry == "puskesmas":
        return Where(
            "((posyandu_code = '' AND desa_code = ANY($1::text[])) OR "
            "(posyandu_code <> '' AND left(posyandu_code, 13) = ANY($1::text[]))) AND $2::text IS NULL",
            list(entry.desa_codes),
        )
    return Where("desa_code >= $1 AND desa_code < $2", entry.code, f"{entry.code}/", entry.code.count(".") + 1)


async def sums_by_place(
    connection: Connection,
    where: Where,
    month: date,
    known_before: datetime | None = None,
    detail: Detail = "place",
) -> list[Sums]:
    """Sums of one month as finely as `detail`; as current, or as known before an instant (`pending` is then 0).

    What was known before an instant is counted from versions, and always by (desa, posyandu).
    """
    if known_before is None:
        cells = _cells(where, detail)
        targets = await connection.fetch(_by_place(_TARGETS, where, cells), where.first, where.second, month)
        counts = await connection.fetch(_by_place(_COUNTS, where, cells), where.first, where.second, month)
    else:
        arguments = (where.first, where.second, month, known_before)
        targets = await connection.fetch(_by_place(_TARGETS_THEN, where), *arguments)
        counts = await connection.fetch(_by_place(_COUNTS_THEN, where), *arguments)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for desa, posyandu, target in targets:
        found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))["target_children"] += target
    for desa, posyandu, shift, *marks in counts:
        cell = found.setdefault((desa, posyandu), dict.fromkeys(SUM_COLUMNS, 0))
        cell["target_children"] += shift
        for name, count in zip(SUM_COLUMNS[1:], marks, strict=True):
            cell[name] += count
    return [
        Sums(desa, posyandu, month, counts)
        for (desa, posyandu), counts in sorted(found.items())
        if any(counts.values())
    ]


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


def _by_place(sql: str, where: Where, cells: str = "") -> str:
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
_TARGETS_THEN: Final = f"""
SELECT desa_code, posyandu_code, count(*)::integer FROM child_span
WHERE generation = {LIVE} AND {{where}} AND from_month <= $3 AND to_month > $3
  AND known_from < $4 AND (known_to IS NULL OR known_to >= $4) GROUP BY 1, 2
"""
# A month measured elsewhere than the span says counts there, and not where the span says.
_COUNTS_THEN: Final = f"""
WITH as_then AS (
    SELECT * FROM child_month WHERE generation = {LIVE} AND month = $3
      AND known_from < $4 AND (known_to IS NULL OR known_to >= $4)
)
SELECT desa_code, posyandu_code,
       sum(((desa_code, posyandu_code) IS DISTINCT FROM (span_desa_code, span_posyandu_code))::integer)::integer,
       0, {_MARK_COUNTS}
FROM as_then WHERE {{where}} GROUP BY 1, 2
UNION ALL
SELECT desa_code, posyandu_code, -1, 0, {", ".join("0" for _ in MARKS)}
FROM (SELECT span_desa_code AS desa_code, span_posyandu_code AS posyandu_code,
             desa_code AS other_desa, posyandu_code AS other_posyandu FROM as_then) AS left_behind
WHERE (desa_code, posyandu_code) <> (other_desa, other_posyandu) AND {{where}}
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
