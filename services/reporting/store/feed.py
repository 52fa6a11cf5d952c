"""The feed: marks of batches, gathered into numbered entries; pages of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.cells import CELL_COLUMNS
from services.reporting.domain.changes import ChangedMonths, changed_months
from services.reporting.domain.periods import MONTH
from services.reporting.domain.suppression import TOLD_AFTER, newest_told
from shared.postgres.pool import Connection

_APPEND: Final = """
INSERT INTO figure_mark (places, first_months, last_months, recount_places, recount_first, recount_last)
VALUES ($1, $2, $3, $4, $5, $6)
"""
# Of two generations what the second says more or less than the first.
_BETWEEN: Final = f"""
SELECT desa_code, month, {{sums}} FROM (
    SELECT desa_code, month, CASE generation WHEN $2 THEN 1 ELSE -1 END AS sign, {", ".join(CELL_COLUMNS)}
    FROM cell WHERE generation IN ($1, $2) AND months = 1
) AS signed GROUP BY desa_code, month HAVING ({{sums}}) IS DISTINCT FROM ({", ".join("0" for _ in CELL_COLUMNS)})
""".format(sums=", ".join(f"sum(sign * {name})::integer" for name in CELL_COLUMNS))
_TAKE: Final = """
WITH taken AS (
    DELETE FROM figure_mark WHERE mark_id = ANY (ARRAY(SELECT mark_id FROM figure_mark ORDER BY mark_id LIMIT $1))
    RETURNING *
),
changed AS (
    SELECT DISTINCT string_to_array(place, '.') AS parts, month::date
    FROM taken, unnest(places, first_months, last_months) AS ranges(place, first, last),
         generate_series(first::timestamp, least(last, $2::date)::timestamp, interval '1 month') AS month
),
areas AS (
    SELECT DISTINCT array_to_string(parts[:level], '.') AS area_code, level, month
    FROM changed CROSS JOIN generate_series(1, 4) AS level
),
told AS (
    INSERT INTO feed_entry (area_code, month, level, sequence, changed_at)
    SELECT area_code, month, level, $3 + row_number() OVER (ORDER BY month, area_code), now() FROM areas
    ON CONFLICT (area_code, month) DO UPDATE SET sequence = EXCLUDED.sequence, changed_at = EXCLUDED.changed_at
    RETURNING sequence
),
due AS (
    INSERT INTO tally_due (area_code, month)
    SELECT DISTINCT left(place, 8), month::date
    FROM taken, unnest(places || recount_places, first_months || recount_first, last_months || recount_last)
             AS ranges(place, first, last),
         generate_series(first::timestamp, least(last, $2::date)::timestamp, interval '1 month') AS month
    ON CONFLICT (area_code, month) DO UPDATE SET changed_at = EXCLUDED.changed_at
)
SELECT (SELECT count(*) FROM taken) AS marks, (SELECT max(sequence) FROM told) AS sequence
"""
# Entries that were numbered before their month was told outside, from the first to the last such month.
_TELL_AGAIN: Final = """
WITH due AS (
    SELECT area_code, month, $3 + row_number() OVER (ORDER BY month, area_code) AS sequence FROM feed_entry
    WHERE month <= $1
      AND changed_at < (month + interval '1 month' + make_interval(days => $2)) AT TIME ZONE 'Asia/Jakarta'
),
told AS (
    UPDATE feed_entry SET sequence = due.sequence, changed_at = now() FROM due
    WHERE feed_entry.area_code = due.area_code AND feed_entry.month = due.month RETURNING feed_entry.sequence
)
SELECT count(*), max(sequence) FROM told
"""
_PAGE: Final = """
SELECT area_code, month, sequence, changed_at FROM feed_entry
WHERE level = $1 AND sequence > $2 AND EXISTS (
    SELECT FROM unnest($4::text[]) AS area WHERE area_code >= area COLLATE "C" AND area_code < area || '/'
) ORDER BY sequence LIMIT $3
"""


class FeedState(NamedTuple):
    """Which feed this is, and its last number."""

    feed_id: UUID
    sequence: int


class FeedEntry(NamedTuple):
    """An area and month whose figures have changed."""

    area_code: str
    month: date
    sequence: int
    changed_at: Any


async def mark_changes(
    connection: Connection,
    cells: Sequence[tuple[tuple[Any, ...], list[int]]],
    recounted: Iterable[tuple[str, date, date]],
) -> None:
    """Remember, in the transaction that moves them, what changes of the live `cells` reach, and what is `recounted`."""
    await _append(connection, changed_months(cells), sorted(recounted))


async def mark_between(connection: Connection, old: int, new: int) -> None:
    """Remember what the generation `new` says otherwise than `old`, in the transaction that shows it instead."""
    rows = await connection.fetch(_BETWEEN, old, new)
    await _append(connection, changed_months(((row[0], "", MONTH, row[1]), list(row)[2:]) for row in rows))


async def _append(
    connection: Connection, changed: Sequence[ChangedMonths], recounted: Sequence[tuple[str, date, date]] = ()
) -> None:
    if changed or recounted:
        await connection.execute(_APPEND, *_by_column(changed), *_by_column(recounted))


def _by_column(ranges: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*ranges, strict=True)] if ranges else [[], [], []]


async def gather(connection: Connection, this_month: date, limit: int) -> int:
    """Number what up to `limit` marks tell, months that have not begun left out; how many marks there were.

    The row of feed_state is held to the end of the transaction: nobody numbers beside us, so numbers are seen in order.
    """
    sequence = await connection.fetchval("SELECT sequence FROM feed_state FOR UPDATE")
    row = await connection.fetchrow(_TAKE, limit, this_month, sequence)
    if row is None:
        raise LookupError("gathering returned nothing")
    if row["sequence"] is not None:
        await connection.execute("UPDATE feed_state SET sequence = $1", row["sequence"])
    return int(row["marks"])


async def tell_again(connection: Connection, today: date) -> int:
    """Number anew, once, the entries of months that have come to be told outside; how many these were."""
    month = newest_told(today).first
    sequence = await connection.fetchval("SELECT sequence FROM feed_state FOR UPDATE")
    count, last = await connection.fetchrow(_TELL_AGAIN, month, TOLD_AFTER.days, sequence)  # type: ignore[misc]
    if count:
        await connection.execute("UPDATE feed_state SET sequence = $1", last)
    return int(count)


async def feed_state(connection: Connection) -> FeedState:
    """As this transaction sees it: every entry up to its number is seen, too."""
    row = await connection.fetchrow("SELECT feed_id, sequence FROM feed_state")
    if row is None:
        raise LookupError("no feed")
    return FeedState(*row)


async def feed_page(
    connection: Connection, areas: Sequence[str], level: int, after: int, limit: int
) -> list[FeedEntry]:
    """Up to `limit` entries of a level inside `areas`, numbered higher than `after`, in order."""
    return [FeedEntry(*row) for row in await connection.fetch(_PAGE, level, after, limit, list(areas))]
