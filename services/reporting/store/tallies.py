"""Tallies of areas and periods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.periods import LENGTHS, Period
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally, months_after, periods_with
from services.reporting.store.generations import LIVE
from shared.calendar import add_months
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

_READ: Final = """
SELECT area_code, month, parts, columns, counts, counted_at, is_counted(area_code, looked.first, looked.last)
FROM tally JOIN unnest($5::date[], $6::date[], $7::date[]) AS looked(month, first, last) USING (month)
WHERE kind = $1 AND layout = $2 AND area_code = ANY($3::text[]) AND months = $4
"""
_BELOW: Final = """
SELECT area_code, parts, columns, counts FROM tally
WHERE kind = $1 AND layout = $2 AND months = $4 AND month = $5
  AND area_code > $3 AND area_code < $3 || '/' AND cardinality(string_to_array(area_code, '.')) = $6
"""
_WRITE: Final = """
INSERT INTO tally (kind, layout, area_code, months, month, parts, columns, counts, counted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (kind, area_code, months, month) DO UPDATE SET
    layout = EXCLUDED.layout, parts = EXCLUDED.parts, columns = EXCLUDED.columns, counts = EXCLUDED.counts,
    counted_at = EXCLUDED.counted_at
"""
_KEPT: Final = """
SELECT kind, area_code, months, month, counted_at FROM tally JOIN unnest($1::text[], $2::text[]) AS known(kind, layout)
    USING (kind, layout)
WHERE $3::date IS NULL OR month >= $3 ORDER BY random()
"""
_AREAS: Final = f"""
SELECT DISTINCT array_to_string((string_to_array(area_code, '.'))[:$2], '.') FROM level_cell
WHERE generation = {LIVE} AND level = {COUNTED_LEVEL} AND area_code > $1 AND area_code < $1 || '/'
"""


class Kind(NamedTuple):
    """What a tally counts; `layout` names what its columns mean, another one asks for counting anew.

    `since_january`: it also looks at the months from January to the period; `months_before`: at so many before it.
    `lengths`: of its periods. `by_desa`: a kecamatan has a row for each.
    """

    name: str
    layout: str
    since_january: bool = False
    by_desa: bool = True
    months_before: int = 0
    lengths: tuple[int, ...] = LENGTHS

    def looks_from(self, period: Period) -> date:
        """The first month that a tally of `period` looks at."""
        first = period.first.replace(month=1) if self.since_january else period.first
        return add_months(first, -self.months_before)

    def first_month(self, kept: date) -> date:
        """The first month of which there are tallies, if what happened since `kept` is known to be counted."""
        return add_months(kept, self.months_before)

    def periods_of(self, months: Collection[date]) -> list[Period]:
        """Periods whose tallies look at one of `months`."""
        every = set(months)
        if self.since_january:
            every |= months_after(every)
        every |= {add_months(month, later) for month in months for later in range(1, self.months_before + 1)}
        return [period for period in periods_with(every) if period.months in self.lengths]


class Kept(NamedTuple):
    """Of what there is a tally, and when it was counted."""

    kind: str
    area_code: str
    period: Period
    counted_at: datetime


class Counted(NamedTuple):
    """A tally; `is_fresh`: nothing has changed that is not in it."""

    tally: Tally
    counted_at: datetime
    is_fresh: bool


async def read_tally(
    connection: Connection, kind: Kind, area_code: str, period: Period, together: Sequence[Period] = ()
) -> Counted | None:
    """The tally of an area, None if there is none that the caller may see. Parts of one page ask for the same.

    `together`: periods of the same length, this one among them, that the page asks for, too: they are read at once.
    """
    periods = tuple(together) or (period,)
    key = ("tally", kind.name, area_code, periods)
    found = await read_once(key, lambda: read_tallies(connection, kind, [area_code], periods))
    return found.get((area_code, period))


async def read_tallies(
    connection: Connection, kind: Kind, area_codes: Collection[str], periods: Sequence[Period]
) -> dict[tuple[str, Period], Counted]:
    """Those that there are, of areas and of periods of one length."""
    looked_at = [(period.first, kind.looks_from(period), period.last_month) for period in periods]
    months = periods[0].months
    rows = await connection.fetch(_READ, *kind[:2], list(area_codes), months, *map(list, zip(*looked_at, strict=True)))
    return {(row[0], Period(row[1], months)): Counted(_tally(*row[2:5]), *row[5:]) for row in map(tuple, rows)}


async def read_below(connection: Connection, kind: Kind, area_code: str, period: Period) -> dict[str, Tally]:
    """By code, the tallies of the areas directly below."""
    level = area_code.count(".") + 2
    rows = await connection.fetch(_BELOW, *kind[:2], area_code, period.months, period.first, level)
    return {code: _tally(*content) for code, *content in rows}


async def kept_tallies(connection: Connection, kinds: Collection[Kind], since: date | None) -> list[Kept]:
    """All of `kinds` as this program counts them, of periods that begin no earlier than `since`, in a random order."""
    rows = await connection.fetch(_KEPT, [kind.name for kind in kinds], [kind.layout for kind in kinds], since)
    return [Kept(kind, code, Period(month, months), at) for kind, code, months, month, at in rows]


async def write_tally(
    connection: Connection, kind: Kind, area_code: str, period: Period, tally: Tally, counted_at: datetime
) -> None:
    """Keep it in place of what was there."""
    counts = tally.counts.astype("<i4")
    about = (*kind[:2], area_code, period.months, period.first, list(tally.parts))
    await connection.execute(_WRITE, *about, counts.shape[1], counts.tobytes(), counted_at)


async def areas_below(connection: Connection, area_code: str) -> set[str]:
    """Codes of the areas directly below where anybody has ever counted."""
    rows = await connection.fetch(_AREAS, area_code, area_code.count(".") + 2)
    return {row[0] for row in rows}


async def uncounted_below(connection: Connection, kind: Kind, area_code: str, period: Period) -> set[str]:
    """Kecamatan of an area where anything has changed that a tally of `kind` and `period` looks at and has not yet."""
    about = area_code, kind.looks_from(period), period.last_month
    return {row[0] for row in await connection.fetch("SELECT uncounted_below($1, $2, $3)", *about)}


async def sees_whole(connection: Connection, area_code: str) -> bool:
    """Whether the caller may see every desa of an area."""
    return bool(await connection.fetchval("SELECT sees_whole($1)", area_code))


def _tally(parts: list[str], columns: int, counts: bytes) -> Tally:
    return Tally(tuple(parts), np.frombuffer(counts, "<i4").reshape(-1, columns))
