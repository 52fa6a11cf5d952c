"""What a target path rests on: today's children by age and score, and how scores moved, as counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.growth_rates import AGE_FROM, BAND_EDGES, LONGEST_GAP
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection

_BAND: Final = f"width_bucket({{score}}, ARRAY[{', '.join(map(str, BAND_EDGES))}]::double precision[])"
_GROUP: Final = f"width_bucket({{age}}, ARRAY[{', '.join(map(str, AGE_FROM[1:]))}]::integer[])"
_KNOWN: Final = (
    "(($6::timestamptz IS NULL AND {table}.known_to IS NULL) OR "
    "({table}.known_from < $6 AND ({table}.known_to IS NULL OR {table}.known_to >= $6)))"
)
_SCORED: Final = f"m.generation = {LIVE} AND m.marks & {MARK_BITS['haz_measured']} <> 0 AND {_KNOWN.format(table='m')}"

# Targets of month $4 by birth date and the band of the last score from month $3 on; null = none.
_TODAY: Final = f"""
SELECT birth_date, {_BAND.format(score="haz")} AS band, count(*)::integer AS children FROM (
    SELECT coalesce(s.birth_date, c.birth_date) AS birth_date, last.haz
    FROM (SELECT * FROM child_span WHERE {{where}}) AS s
    LEFT JOIN child AS c ON c.child_id = s.root_id
    LEFT JOIN LATERAL (
        SELECT m.haz FROM child_month AS m WHERE m.root_id = s.root_id AND m.month BETWEEN $3 AND $4 AND {_SCORED}
        ORDER BY m.month DESC LIMIT 1
    ) AS last ON true
    WHERE s.generation = {LIVE} AND s.from_month <= $4 AND s.to_month > $4 AND {_KNOWN.format(table="s")}
      AND $5::text IS NOT NULL
) AS target WHERE birth_date IS NOT NULL GROUP BY 1, 2
"""
# Two scores in a row of a child in months $3 to $4, of all below $5 whom the caller may see; `here` = in the area.
_MOVES: Final = f"""
SELECT here, age_group, before, after, gap, count(*)::integer AS children FROM (
    SELECT {{where}} AS here, after, {_GROUP.format(age="lag(age_months) OVER child")} AS age_group,
           lag(after) OVER child AS before,
           (12 * (extract(year FROM month) - extract(year FROM lag(month) OVER child))
            + extract(month FROM month) - extract(month FROM lag(month) OVER child))::integer AS gap
    FROM (
        SELECT m.root_id, m.month, m.age_months, m.desa_code, m.posyandu_code, {_BAND.format(score="m.haz")} AS after
        FROM child_month AS m
        WHERE m.month BETWEEN $3 AND $4 AND m.desa_code >= $5 AND m.desa_code < $5 || '/' AND {_SCORED}
    ) AS scored WINDOW child AS (PARTITION BY root_id ORDER BY month)
) AS moves WHERE gap BETWEEN 1 AND {LONGEST_GAP} GROUP BY 1, 2, 3, 4, 5
"""
# The band of the first score of children under three months.
_FIRST: Final = f"""
SELECT here, band, count(*)::integer AS children FROM (
    SELECT DISTINCT ON (m.root_id) {{where}} AS here, {_BAND.format(score="m.haz")} AS band FROM child_month AS m
    WHERE m.month BETWEEN $3 AND $4 AND m.desa_code >= $5 AND m.desa_code < $5 || '/' AND m.age_months < 3 AND {_SCORED}
    ORDER BY m.root_id, m.month
) AS first GROUP BY 1, 2
"""

Row = tuple[Any, ...]


async def children_today(
    connection: Connection, where: Where, first: date, month: date, known_before: datetime | None
) -> list[tuple[date, int | None, int]]:
    """(birth date, band of the last score since `first` or None, children) of the targets of `month`."""
    sql = _TODAY.format(where=where.condition)
    rows = await connection.fetch(sql, where.first, where.second, first, month, "", known_before)
    return [(row[0], row[1], row[2]) for row in rows]


async def score_moves(
    connection: Connection, where: Where, wider: str, first: date, last: date, known_before: datetime | None
) -> list[Row]:
    """(in the area, age group, band before, band after, months between, children); all in `wider` that may be seen."""
    # A year of a kabupaten is sorted by child: in memory, or it is written to disk and read again.
    await connection.execute("SELECT set_config('work_mem', '64MB', true)")
    sql = _MOVES.format(where=where.condition)
    return [
        tuple(row) for row in await connection.fetch(sql, where.first, where.second, first, last, wider, known_before)
    ]


async def first_scores(
    connection: Connection, where: Where, wider: str, first: date, last: date, known_before: datetime | None
) -> list[Row]:
    """(in the area, band, children) of the first score of the youngest."""
    sql = _FIRST.format(where=where.condition)
    return [
        tuple(row) for row in await connection.fetch(sql, where.first, where.second, first, last, wider, known_before)
    ]
