"""Sums of judged posyandu-months by kecamatan and period: `quality_sum`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final

from services.reporting.domain.periods import LENGTHS, MONTH, YEAR, Period, period_of
from services.reporting.domain.quality_pool import numbers_of
from services.reporting.domain.quality_ruleset import GRADES
from services.reporting.domain.quality_sums import Codes, JudgedRow, KecamatanSum, sum_of, together
from shared.postgres.pool import Connection

_READ: Final = """
SELECT kecamatan_code, graded_a, graded_b, graded_c, graded_d, not_judged, posyandu_months, posyandu_months_not_judged,
       reasons, elsewhere, '{}'::json AS own, counts
FROM quality_sum
WHERE months = $1 AND month = $2 AND kecamatan_code >= $3 AND kecamatan_code < $3 || '/' ORDER BY kecamatan_code
"""
_MONTHS: Final = """
SELECT month, kecamatan_code, graded_a, graded_b, graded_c, graded_d, not_judged, posyandu_months,
       posyandu_months_not_judged, reasons, elsewhere, own, counts
FROM quality_sum WHERE months = 1 AND kecamatan_code = $1 AND month = ANY($2::date[])
"""
_OWNERS: Final = """
SELECT kecamatan_code, own FROM quality_sum WHERE months = $1 AND month = $2 AND kecamatan_code = ANY($3::text[])
"""
# JSON goes in as text: unnest would make a list of what is one value per row.
_UPSERT: Final = """
INSERT INTO quality_sum (kecamatan_code, months, month, graded_a, graded_b, graded_c, graded_d, not_judged,
                         posyandu_months, posyandu_months_not_judged, reasons, elsewhere, own, counts, pooled)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (months, month, kecamatan_code) DO UPDATE SET graded_a = EXCLUDED.graded_a, graded_b = EXCLUDED.graded_b,
    graded_c = EXCLUDED.graded_c, graded_d = EXCLUDED.graded_d, not_judged = EXCLUDED.not_judged,
    posyandu_months = EXCLUDED.posyandu_months, posyandu_months_not_judged = EXCLUDED.posyandu_months_not_judged,
    reasons = EXCLUDED.reasons, elsewhere = EXCLUDED.elsewhere, own = EXCLUDED.own, counts = EXCLUDED.counts,
    pooled = EXCLUDED.pooled
"""
_DELETE: Final = """
DELETE FROM quality_sum USING unnest($2::smallint[], $3::date[]) AS gone (months, month)
WHERE kecamatan_code = $1 AND (quality_sum.months, quality_sum.month) = (gone.months, gone.month)
"""
_JUDGED: Final = """
SELECT desa_code, posyandu_code, children, grade, reasons, counts FROM posyandu_quality
WHERE month = $2 AND desa_code >= $1 AND desa_code < $1 || '/' ORDER BY desa_code, posyandu_code
"""


async def are_kept(connection: Connection) -> bool:
    """Whether everything that was ever judged is summed."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM quality_sums_kept)"))


async def say_kept(connection: Connection) -> None:
    """From now on sums are told."""
    await connection.execute("INSERT INTO quality_sums_kept DEFAULT VALUES")


async def judged_months(connection: Connection) -> list[tuple[str, date]]:
    """Every kecamatan and month with anything judged."""
    rows = await connection.fetch("SELECT DISTINCT left(desa_code, 8), month FROM posyandu_quality ORDER BY 1, 2")
    return [(code, month) for code, month in rows]


async def summed_months(connection: Connection) -> list[tuple[str, date]]:
    """Every kecamatan and month with a sum."""
    rows = await connection.fetch("SELECT kecamatan_code, month FROM quality_sum WHERE months = 1 ORDER BY 1, 2")
    return [(code, month) for code, month in rows]


async def sum_months(connection: Connection, kecamatan: str, months: Collection[date]) -> None:
    """Sum the stored rows of `months` anew, and the longer periods around them; under the kecamatan's lock."""
    years = {period_of(month, YEAR) for month in months}
    around = [month for year in sorted(years) for month in year.months_of]
    stored = {month: _sum_of(*row) for month, *row in await connection.fetch(_MONTHS, kecamatan, around)}
    for month in months:
        rows = [JudgedRow(*row) for row in await connection.fetch(_JUDGED, kecamatan, month)]
        stored.pop(month, None)
        if rows:
            stored[month] = sum_of(kecamatan, rows)
    written: dict[Period, KecamatanSum] = {}
    gone: list[Period] = []
    for period in sorted({period_of(month, length) for month in months for length in LENGTHS}):
        parts = [stored[month] for month in period.months_of if month in stored]
        if not parts:
            gone.append(period)
        else:
            written[period] = parts[0] if period.months == MONTH else together(kecamatan, parts)
    await connection.executemany(_UPSERT, [_stored(period, one) for period, one in written.items()])
    if gone:
        await connection.execute(_DELETE, kecamatan, [one.months for one in gone], [one.first for one in gone])


async def read_sums(connection: Connection, area: str, period: Period) -> list[KecamatanSum]:
    """The sums of the kecamatan whose codes lie under `area`, without the codes of their own posyandu."""
    return [_sum_of(*row) for row in await connection.fetch(_READ, period.months, period.first, area)]


async def owners(connection: Connection, sums: Iterable[KecamatanSum], period: Period) -> dict[str, Codes]:
    """Kecamatan → its own posyandu with reasons, of those that any of `sums` names as elsewhere."""
    named = {place[:8] for one in sums for places in one.elsewhere.values() for place in places}
    if not named:
        return {}
    rows = await connection.fetch(_OWNERS, period.months, period.first, sorted(named))
    return {row["kecamatan_code"]: row["own"] for row in rows}


def _sum_of(code: str, *stored: Any) -> KecamatanSum:
    *numbers, reasons, elsewhere, own, counts = stored
    graded, few = numbers[: len(GRADES)], numbers[len(GRADES) :]
    return KecamatanSum(code, tuple(graded), tuple(few), reasons, elsewhere, own, counts)


def _stored(period: Period, one: KecamatanSum) -> tuple[Any, ...]:
    return (
        one.kecamatan_code,
        period.months,
        period.first,
        *one.graded,
        *one.few,
        one.reasons,
        one.elsewhere,
        one.own,
        one.counts,
        numbers_of(one.counts),
    )
