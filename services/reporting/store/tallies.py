"""Tallies of areas and periods, and what of them is due to be counted anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from services.reporting.domain.periods import LENGTHS, MONTH, Period
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally, area_above, months_after, periods_with
from services.reporting.store.generations import LIVE
from shared.calendar import add_months
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

COUNTING_LOCK: Final = 1_970_004  # with the area: nobody else counts it beside us
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
# The newest month first, and in it what others are brought together from; with it what is due of the same year. Of what
# was never tried ($1 null), or of what failed so many seconds ago.
_CLAIM: Final = f"""
WITH waiting AS (
    SELECT area_code, month, changed_at FROM tally_due
    WHERE CASE WHEN $1::double precision IS NULL THEN tried_at IS NULL
               ELSE tried_at <= clock_timestamp() - make_interval(secs => $1) END
),
first AS (
    SELECT area_code, month FROM (
        SELECT area_code, month FROM waiting ORDER BY month DESC, length(area_code) DESC, area_code LIMIT 50
    ) AS newest WHERE pg_try_advisory_xact_lock({COUNTING_LOCK}, hashtext(area_code)) LIMIT 1
)
SELECT due.area_code, due.month, due.changed_at FROM waiting AS due JOIN first USING (area_code)
WHERE date_trunc('year', due.month) = date_trunc('year', first.month) ORDER BY due.month
"""
_SET_ASIDE: Final = """
UPDATE tally_due SET tried_at = clock_timestamp() WHERE area_code = $1 AND month = ANY($2::date[])
"""
_SETTLE: Final = """
DELETE FROM tally_due USING unnest($2::date[], $3::timestamptz[]) AS seen(month, changed_at)
WHERE area_code = $1 AND tally_due.month = seen.month AND tally_due.changed_at = seen.changed_at
"""
_DROP: Final = """
DELETE FROM tally WHERE area_code = ANY($1::text[]) AND EXISTS (
    SELECT FROM unnest($2::date[]) AS changed(day)
    WHERE day >= month AND day < month + make_interval(months => months)
)
"""
# Children who were targets when this month began or have become it since, of everybody.
_CHILDREN: Final = f"""
SELECT coalesce(sum(target_change), 0)::integer FROM level_cell
WHERE generation = {LIVE} AND level = 2 AND months = {MONTH} AND month <= $1
"""
_DUE: Final = """
INSERT INTO tally_due (area_code, month) SELECT $1, unnest($2::date[])
ON CONFLICT (area_code, month) DO UPDATE SET changed_at = clock_timestamp()
"""
# Kecamatan where anybody has ever counted: what has no tally of a month (of a program's kinds) is to be counted.
_MISSING: Final = f"""
INSERT INTO tally_due (area_code, month)
SELECT area_code, month::date
FROM (SELECT DISTINCT area_code FROM level_cell WHERE generation = {LIVE} AND level = {COUNTED_LEVEL}) AS area
CROSS JOIN generate_series($1::date::timestamp, $2::date::timestamp, interval '1 month') AS month
WHERE EXISTS (
    SELECT FROM unnest($3::text[], $4::text[], $5::date[]) AS wanted(kind, layout, first_month)
    WHERE month >= first_month AND NOT EXISTS (
        SELECT FROM tally WHERE tally.kind = wanted.kind AND tally.layout = wanted.layout
          AND tally.area_code = area.area_code AND tally.months = {MONTH} AND tally.month = month::date
    )
)
ON CONFLICT DO NOTHING
"""
_EVERYTHING: Final = """
INSERT INTO tally_due (area_code, month) SELECT DISTINCT area_code, month FROM tally
WHERE months = 1 AND cardinality(string_to_array(area_code, '.')) = $1
ON CONFLICT (area_code, month) DO UPDATE SET changed_at = clock_timestamp()
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


class Due(NamedTuple):
    """An area, and its months that are to be counted anew, with when each changed last."""

    area_code: str
    changed: Mapping[date, datetime]


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


async def claim_due(connection: Connection, retry_seconds: float | None = None) -> Due | None:
    """What to count next, or what failed so many seconds ago; nobody else is given it until the transaction ends.

    No row is locked, or gathering would wait for counting.
    """
    rows = await connection.fetch(_CLAIM, retry_seconds)
    return Due(rows[0][0], {month: changed_at for _, month, changed_at in rows}) if rows else None


async def settle_due(connection: Connection, due: Due) -> None:
    """It is counted, and what lies above is due; months that have changed again meanwhile stay due."""
    await connection.execute(_SETTLE, due.area_code, list(due.changed), list(due.changed.values()))
    above = area_above(due.area_code)
    if above:
        await connection.execute(_DUE, above, sorted(due.changed))


async def set_aside(connection: Connection, due: Due) -> None:
    """It could not be counted: it stays due, and `claim_due` gives it only to who asks for what failed."""
    await connection.execute(_SET_ASIDE, due.area_code, list(due.changed))


async def drop_tallies(connection: Connection, due: Due) -> None:
    """What changed so long ago is counted when it is asked for: neither the area nor what lies above keeps it."""
    parts = due.area_code.split(".")
    areas = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    await connection.execute(_DROP, areas, list(due.changed))
    await connection.execute(_SETTLE, due.area_code, list(due.changed), list(due.changed.values()))


async def children_of_all(connection: Connection, this_month: date) -> int:
    """How many children are targets of the month, of every area."""
    return int(await connection.fetchval(_CHILDREN, this_month))


async def demand_missing(connection: Connection, kinds: Collection[Kind], first: date, last: date) -> None:
    """What has no tally of a month from `first` to `last` becomes due: a month that begins, a new kind or layout."""
    wanted = [(kind.name, kind.layout, kind.first_month(first)) for kind in kinds]
    await connection.execute(_MISSING, first, last, *map(list, zip(*wanted, strict=True)))


async def demand_everything(connection: Connection) -> None:
    """Every tally is to be counted anew: another generation is shown."""
    await connection.execute(_EVERYTHING, COUNTED_LEVEL)


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


async def is_ready(connection: Connection, settled_seconds: float, longest_seconds: float) -> bool:
    """Whether to count now: nothing has become due for `settled_seconds`, or something has been for `longest`."""
    return bool(
        await connection.fetchval(
            "SELECT max(changed_at) <= clock_timestamp() - make_interval(secs => $1) "
            "OR min(due_since) <= clock_timestamp() - make_interval(secs => $2) FROM tally_due WHERE tried_at IS NULL",
            settled_seconds,
            longest_seconds,
        )
    )


async def waiting(connection: Connection) -> tuple[int, float, int]:
    """How many areas and months are due, how long the oldest has been, in seconds, and how many areas are set aside."""
    row: Any = await connection.fetchrow(
        "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_since)), 0)::double precision, "
        "count(DISTINCT area_code) FILTER (WHERE tried_at IS NOT NULL) FROM tally_due"
    )
    return row[0], row[1], row[2]


def _tally(parts: list[str], columns: int, counts: bytes) -> Tally:
    return Tally(tuple(parts), np.frombuffer(counts, "<i4").reshape(-1, columns))
