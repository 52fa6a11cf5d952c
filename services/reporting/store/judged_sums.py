"""What is judged of the posyandu of an area, added up: of now, or of what was judged by the end of a past day."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from services.reporting.domain.figures import GRADED, JUDGED
from services.reporting.domain.periods import Period, period_of
from services.reporting.domain.quality_pool import NUMBERS
from shared.postgres.pool import Connection

Place = tuple[str, str]  # desa or area above, posyandu
_POOLED: Final = tuple(f"sum(pooled[{place}])" for place in range(1, len(NUMBERS) + 1))
_OF_ROWS: Final = ", ".join(
    f"coalesce({expression}, 0)::integer"
    for expression in (
        *(f"sum(children) FILTER (WHERE grade = {grade})" for grade in range(len(GRADED))),
        "sum(children) FILTER (WHERE grade IS NULL)",
        "count(*)",
        "count(*) FILTER (WHERE grade IS NULL)",
        *_POOLED,
    )
)
_OF_SUMS: Final = ", ".join(
    f"coalesce({expression}, 0)::integer"
    for expression in (*(f"sum({name})" for name in JUDGED[: -len(NUMBERS)]), *_POOLED)
)
# Of each posyandu-month what was judged last, as known on the day $5; the children of some have gone.
AS_OF: Final = """
(SELECT DISTINCT ON (desa_code, posyandu_code, month) * FROM quality_history
 WHERE {where} AND month BETWEEN $3 AND $4 AND known_on <= $5::date
 ORDER BY desa_code, posyandu_code, month, known_on DESC)
"""
_BY_PLACE: Final = f"""
SELECT {{desa}}, {{posyandu}}, {_OF_ROWS} FROM {{judged}} AS judged
WHERE {{where}} AND month BETWEEN $3 AND $4 AND children > 0 GROUP BY 1, 2
"""
_SERIES: Final = f"""
SELECT month, {_OF_ROWS} FROM posyandu_quality
WHERE {{where}} AND month BETWEEN $3 AND $4 AND children > 0 GROUP BY 1
"""
_SUMMED: Final = f"""
SELECT array_to_string((string_to_array(kecamatan_code, '.'))[:$5::integer], '.'), {_OF_SUMS} FROM quality_sum
WHERE kecamatan_code >= $1 AND kecamatan_code < $2 AND months = $3 AND month = $4 GROUP BY 1
"""
_SUMMED_SERIES: Final = f"""
SELECT month, {_OF_SUMS} FROM quality_sum
WHERE kecamatan_code >= $1 AND kecamatan_code < $2 AND months = $3 AND month BETWEEN $4 AND $5 GROUP BY 1
"""


async def judged_by_place(
    connection: Connection,
    area: tuple[str, Any, Any],
    period: Period,
    known_on: date | None = None,
    parts: int | None = None,
) -> dict[Place, dict[str, int]]:
    """JUDGED by desa and posyandu, or by the area whose code has so many `parts`.

    `area` = a condition on desa_code and posyandu_code, with its values as $1 and $2.
    """
    condition, *values = area
    desa, posyandu = "desa_code", "posyandu_code"
    if parts is not None:
        desa, posyandu = f"array_to_string((string_to_array(desa_code, '.'))[:{parts}], '.')", "''"
    judged = "posyandu_quality" if known_on is None else AS_OF.format(where=condition)
    sql = _BY_PLACE.format(desa=desa, posyandu=posyandu, judged=judged, where=condition)
    days = [known_on] if known_on is not None else []
    rows = await connection.fetch(sql, *values, period.first, period.last_month, *days)
    return {(row[0], row[1]): dict(zip(JUDGED, row[2:], strict=True)) for row in rows}


async def summed_by_area(
    connection: Connection, first_code: str, end_code: str, period: Period, parts: int
) -> dict[Place, dict[str, int]]:
    """The same from sums by kecamatan, for codes from `first_code` to before `end_code`."""
    rows = await connection.fetch(_SUMMED, first_code, end_code, period.months, period.first, parts)
    return {(row[0], ""): dict(zip(JUDGED, row[1:], strict=True)) for row in rows}


async def judged_series(
    connection: Connection, area: tuple[str, Any, Any], first: Period, last: Period
) -> dict[Period, dict[str, int]]:
    """JUDGED of the whole area by period."""
    condition, *values = area
    found: dict[Period, dict[str, int]] = {}
    for month, *counts in await connection.fetch(
        _SERIES.format(where=condition), *values, first.first, last.last_month
    ):
        of_period = found.setdefault(period_of(month, first.months), dict.fromkeys(JUDGED, 0))
        for name, count in zip(JUDGED, counts, strict=True):
            of_period[name] += count
    return found


async def summed_series(
    connection: Connection, first_code: str, end_code: str, first: Period, last: Period
) -> dict[Period, dict[str, int]]:
    """The same from sums by kecamatan."""
    rows = await connection.fetch(_SUMMED_SERIES, first_code, end_code, first.months, first.first, last.first)
    return {Period(row[0], first.months): dict(zip(JUDGED, row[1:], strict=True)) for row in rows}
