"""What of tallies is due to be counted anew: given to one worker at a time, settled, set aside, demanded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from services.reporting.domain.periods import MONTH
from services.reporting.domain.tallies import COUNTED_LEVEL, area_above
from services.reporting.store.generations import LIVE
from services.reporting.store.tallies import Kind
from shared.postgres.pool import Connection

COUNTING_LOCK: Final = 1_970_004  # with the area: nobody else counts it beside us
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


class Due(NamedTuple):
    """An area, and its months that are to be counted anew, with when each changed last."""

    area_code: str
    changed: Mapping[date, datetime]


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
