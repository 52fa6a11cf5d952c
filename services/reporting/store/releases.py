"""Releases: written once, read as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from services.reporting.domain.periods import Period
from services.reporting.domain.release import Released
from services.reporting.store.generations import LIVE
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

Part = Literal["groups", "counted", "changes", "growth", "days"]
PARTS: Final[tuple[Part, ...]] = ("groups", "counted", "changes", "growth", "days")
_RELEASE: Final = """
INSERT INTO release (provinsi_code, months, month, released_on, known_at, columns, asked_by)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING release_id
"""
_KABUPATEN: Final = """
INSERT INTO released_kabupaten (kabupaten_code, months, month, release_id) SELECT unnest($1::text[]), $2, $3, $4
"""
_AREA: Final = """
INSERT INTO released_area
    (area_code, months, month, release_id, parent_code, sums, hidden, groups, counted, changes, growth, days)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_READ: Final = """
SELECT month, area_code, parent_code, sums, hidden, release.released_on, release.columns, {parts}
FROM released_area JOIN release USING (release_id, months, month)
WHERE {which} AND months = $2 AND month = ANY($3::date[]) AND release.released_on <= $4
ORDER BY month, area_code, release_id
"""
_NEWEST: Final = """
SELECT max(month) FROM released_area JOIN release USING (release_id, months, month)
WHERE area_code = $1 AND months = 1 AND released_on <= $2
"""
_UNRELEASED: Final = """
SELECT code FROM unnest($1::text[]) AS code
WHERE NOT EXISTS (SELECT FROM released_kabupaten WHERE kabupaten_code = code AND months = $2 AND month = $3)
"""
_RELEASED: Final = """
SELECT kabupaten_code, month FROM released_kabupaten
WHERE months = $1 AND kabupaten_code = ANY($2::text[]) AND month = ANY($3::date[])
"""
_WHOLE: Final = """
SELECT area_code, sums, hidden, release.columns, release_id FROM release JOIN released_area USING (release_id)
WHERE provinsi_code = $1 AND release.months = $2 AND release.month = $3
"""
_COVERED: Final = """
SELECT month, count(*)::integer FROM released_kabupaten JOIN release USING (release_id, months, month)
WHERE provinsi_code = $1 AND months = $2 AND month = ANY($3::date[]) AND released_on <= $4 GROUP BY month
"""
# By kecamatan: who counts is among the targets, measured or not.
_COUNTED_MONTHS: Final = f"""
SELECT area_code, month, target_change, target_shift, weighed + height_measured > 0 FROM level_cell
WHERE generation = {LIVE} AND level = 3 AND months = 1 AND area_code >= $1 AND area_code < $1 || '/'
ORDER BY area_code, month
"""
_SINCE_JANUARY: Final = """
SELECT area_code, array_agg(DISTINCT name) FROM released_area CROSS JOIN LATERAL unnest(hidden) AS name
WHERE area_code = ANY($1::text[]) AND months = 1 AND month >= $2 AND month < $3 GROUP BY area_code
"""
_PROVINSI: Final = f"""
SELECT DISTINCT left(area_code, 2) FROM level_cell WHERE generation = {LIVE} AND level = 2 AND months = 1 ORDER BY 1
"""
# Two processes never work out one provinsi at once; whoever comes second goes on to something else.
_HOLD: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('release ' || $1, 0))"
_FOREVER: Final = date(9999, 12, 31)


class Head(NamedTuple):
    """What is released together; `columns` = names of the sums; `asked_by` None = by the calendar."""

    provinsi_code: str
    period: Period
    released_on: date
    known_at: datetime
    columns: Sequence[str]
    asked_by: str | None = None


class Found(NamedTuple):
    """An area of a release, and the day from which it was told."""

    released_on: date
    area: Released


async def hidden_since_january(
    connection: Connection, codes: Sequence[str], period: Period
) -> dict[str, frozenset[str]]:
    """By area what any released month of the year before `period` hides."""
    rows = await connection.fetch(_SINCE_JANUARY, list(codes), period.first.replace(month=1), period.first)
    return {row[0]: frozenset(row[1]) for row in rows}


async def write_release(
    connection: Connection, head: Head, kabupaten: Sequence[str], released: Iterable[Released]
) -> int:
    """Keep a release; its number. Raises asyncpg.UniqueViolationError where a kabupaten has one of the period."""
    months, month = head.period.months, head.period.first
    release_id: int = await connection.fetchval(
        _RELEASE,
        head.provinsi_code,
        months,
        month,
        head.released_on,
        head.known_at,
        list(head.columns),
        head.asked_by,
    )
    await connection.execute(_KABUPATEN, list(kabupaten), months, month, release_id)
    rows = [
        (
            area.area_code,
            months,
            month,
            release_id,
            area.parent_code,
            [int(area.sums[name]) for name in head.columns],
            sorted(area.hidden),
            *(getattr(area, name) for name in PARTS),
        )
        for area in released
    ]
    await connection.executemany(_AREA, rows)
    return release_id


async def unreleased(connection: Connection, kabupaten: Sequence[str], period: Period) -> list[str]:
    """Those of the kabupaten of which the period is not released."""
    rows = await connection.fetch(_UNRELEASED, list(kabupaten), period.months, period.first)
    return [row[0] for row in rows]


async def newest_released(connection: Connection, code: str, known_on: date) -> date | None:
    """The last month that is released of an area by the end of `known_on`."""
    month: date | None = await connection.fetchval(_NEWEST, code, known_on)
    return month


async def hold_provinsi(connection: Connection, provinsi: str) -> bool:
    """Until the end of the transaction nobody else releases anything of the provinsi; False: somebody is at it."""
    return bool(await connection.fetchval(_HOLD, provinsi))


async def provinsi_with_children(connection: Connection) -> list[str]:
    """Every provinsi that anybody ever counted in, by code."""
    return [row[0] for row in await connection.fetch(_PROVINSI)]


async def counted_months(connection: Connection, provinsi: str) -> list[tuple[str, date, int, int, bool]]:
    """Kecamatan (by code) and month, by both: change and shift of the targets, and whether anybody was measured."""
    return [tuple(row) for row in await connection.fetch(_COUNTED_MONTHS, provinsi)]


async def released_kabupaten(
    connection: Connection, kabupaten: Collection[str], periods: Sequence[Period]
) -> set[tuple[str, Period]]:
    """Which of the kabupaten are released in which of the periods (of one length)."""
    months = periods[0].months
    rows = await connection.fetch(_RELEASED, months, list(kabupaten), [period.first for period in periods])
    return {(row[0], Period(row[1], months)) for row in rows}


async def read_whole_release(
    connection: Connection, provinsi: str, period: Period
) -> list[tuple[str, list[int], list[str], list[str], int]]:
    """Of all areas of a provinsi released of a period: code, sums, hidden counts, names of the sums, release."""
    return [tuple(row) for row in await connection.fetch(_WHOLE, provinsi, period.months, period.first)]


async def count_released_kabupaten(
    connection: Connection, provinsi: str, periods: Sequence[Period], known_on: date | None = None
) -> dict[Period, int]:
    """Of how many kabupaten each of the periods (of one length) was released by the end of `known_on`."""
    months, firsts = periods[0].months, [period.first for period in periods]
    rows = await connection.fetch(_COVERED, provinsi, months, firsts, known_on or _FOREVER)
    return {Period(row[0], months): row[1] for row in rows}


async def read_released(
    connection: Connection,
    code: str,
    periods: Sequence[Period],
    known_on: date | None = None,
    parts: Collection[Part] = (),
) -> dict[Period, list[Found]]:
    """Of each of `periods` (of one length) what is released of an area, by the end of `known_on` (None = now).

    A provinsi may have several of a period, for several times at which its kabupaten were released; others have one.
    Periods without any are left out.
    """
    return await _read(connection, "area_code = $1", code, periods, known_on, parts)


async def read_released_below(
    connection: Connection,
    parent: str,
    periods: Sequence[Period],
    known_on: date | None = None,
    parts: Collection[Part] = (),
) -> dict[Period, list[Found]]:
    """The same of the areas directly below one, as they lay when they were released; by code."""
    return await _read(connection, "parent_code = $1", parent, periods, known_on, parts)


async def _read(
    connection: Connection,
    which: str,
    code: str,
    periods: Sequence[Period],
    known_on: date | None,
    parts: Collection[Part],
) -> dict[Period, list[Found]]:
    key = ("released", which, code, tuple(periods), known_on, tuple(sorted(parts)))
    return await read_once(key, lambda: _fetch(connection, which, code, periods, known_on, parts))


async def _fetch(
    connection: Connection,
    which: str,
    code: str,
    periods: Sequence[Period],
    known_on: date | None,
    parts: Collection[Part],
) -> dict[Period, list[Found]]:
    months = periods[0].months
    asked = ", ".join(name if name in parts else f"NULL AS {name}" for name in PARTS)
    firsts = [period.first for period in periods]
    rows = await connection.fetch(_READ.format(which=which, parts=asked), code, months, firsts, known_on or _FOREVER)
    found: dict[Period, list[Found]] = {}
    for month, area_code, parent_code, sums, hidden, released_on, columns, *kept in rows:
        named = dict(zip(columns, sums, strict=True))
        area = Released(area_code, parent_code, named, frozenset(hidden), *kept)
        found.setdefault(Period(month, months), []).append(Found(released_on, area))
    return found
