"""Judged posyandu-months: `posyandu_quality`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.quality_counts import Counts
from services.reporting.domain.quality_pool import numbers_of
from services.reporting.store.quality_marks import PosyanduMonth
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection


class Judged(NamedTuple):
    """A row: `grade` 0 (A) to 3 (D), None = too few children to judge; `reasons` as objects.

    `seen` = reasons that could have been found.
    """

    key: PosyanduMonth
    children: int
    grade: int | None
    reasons: list[dict[str, Any]]
    seen: list[str]
    counts: Counts  # with `devices`
    rules_version: str


_OF_KECAMATAN: Final = """
SELECT desa_code, posyandu_code, month, children, grade, reasons, seen, counts, devices, rules_version
FROM posyandu_quality
WHERE month BETWEEN $2 AND $3 AND desa_code >= $1 AND desa_code < $1 || '/' ORDER BY desa_code, posyandu_code, month
"""
# `told` holds the reasons in a mapping, `pooled` and `seen` are words, since unnest cannot carry a list per row.
_UPSERT: Final = """
INSERT INTO posyandu_quality (desa_code, posyandu_code, month, children, grade, reasons, pooled, seen, counts, devices,
                              rules_version)
SELECT u.desa_code, u.posyandu_code, u.month, u.children, u.grade, u.told -> 'reasons',
       string_to_array(u.pooled, ' ')::integer[], string_to_array(u.seen, ' '), u.counts, u.devices, u.rules_version
FROM unnest($1::text[], $2::text[], $3::date[], $4::integer[], $5::smallint[], $6::jsonb[], $7::text[], $8::text[],
            $9::jsonb[], $10::jsonb[], $11::text[])
    AS u (desa_code, posyandu_code, month, children, grade, told, pooled, seen, counts, devices, rules_version)
ON CONFLICT (desa_code, posyandu_code, month) DO UPDATE SET children = EXCLUDED.children, grade = EXCLUDED.grade,
    reasons = EXCLUDED.reasons, pooled = EXCLUDED.pooled, seen = EXCLUDED.seen, counts = EXCLUDED.counts,
    devices = EXCLUDED.devices, rules_version = EXCLUDED.rules_version
"""
_DELETE: Final = """
DELETE FROM posyandu_quality USING unnest($1::text[], $2::text[], $3::date[]) AS gone (desa_code, posyandu_code, month)
WHERE (posyandu_quality.desa_code, posyandu_quality.posyandu_code, posyandu_quality.month)
    = (gone.desa_code, gone.posyandu_code, gone.month)
"""
_OF_AREA: Final = """
SELECT desa_code, posyandu_code, month, children, grade, reasons, seen, counts, '{{}}'::jsonb AS devices, rules_version
FROM posyandu_quality WHERE {where} AND month BETWEEN $3 AND $4 ORDER BY desa_code, posyandu_code, month
"""


async def read_kecamatan(
    connection: Connection, kecamatan: str, first: date, last: date
) -> dict[PosyanduMonth, Judged]:
    """Rows of a kecamatan (a code, or less where desa codes are shorter) in the months `first` to `last`."""
    rows = await connection.fetch(_OF_KECAMATAN, kecamatan, first, last)
    return {judged.key: judged for judged in map(_judged, rows)}


async def read_area(connection: Connection, where: Where, first: date, last: date) -> list[Judged]:
    """Rows of an area, without devices."""
    rows = await connection.fetch(_OF_AREA.format(where=where.condition), where.first, where.second, first, last)
    return [_judged(row) for row in rows]


async def judged_by_other_rules(connection: Connection, version: str) -> bool:
    """Whether any row was judged by rules other than `version`."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM posyandu_quality WHERE rules_version <> $1)", version
    )
    return found


async def write(connection: Connection, rows: Iterable[Judged], gone: Collection[PosyanduMonth]) -> None:
    """Make the stored rows these, sorted by key; drop those `gone`."""
    if gone:
        await connection.execute(_DELETE, *(list(column) for column in zip(*sorted(gone), strict=True)))
    values = [_stored(row) for row in sorted(rows, key=lambda row: row.key)]
    if values:
        await connection.execute(_UPSERT, *(list(column) for column in zip(*values, strict=True)))


def _stored(row: Judged) -> tuple[Any, ...]:
    """The parameters of _UPSERT."""
    counts = {name: value for name, value in row.counts.items() if name != "devices"}
    said = (*spoken(row), " ".join(row.seen))
    return (*row.key, *said, counts, row.counts["devices"], row.rules_version)


def spoken(row: Judged) -> tuple[Any, ...]:
    """Children, grade, reasons in a mapping, and the pooled numbers as text: as both tables take them."""
    pooled = " ".join(map(str, numbers_of(row.counts)))
    return row.children, row.grade, {"reasons": row.reasons}, pooled


def _judged(row: Any) -> Judged:
    key = PosyanduMonth(row["desa_code"], row["posyandu_code"], row["month"])
    counts = {**row["counts"], "devices": row["devices"]}
    return Judged(key, row["children"], row["grade"], row["reasons"], row["seen"], counts, row["rules_version"])
