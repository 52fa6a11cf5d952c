"""The feed: marks of batches, gathered into numbered entries; pages of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.cells import CELL_COLUMNS
from services.reporting.domain.changes import ChangedMonths, changed_months
from services.reporting.domain.periods import MONTH, Period
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
released AS (
    SELECT kabupaten_code AS code, month FROM released_kabupaten WHERE months = 1
    UNION SELECT provinsi_code, month FROM release WHERE months = 1
),
told AS (
    INSERT INTO feed_entry (area_code, month, level, sequence, changed_at, outside_sequence, outside_changed_at)
    SELECT area_code, numbered.month, level, number, now(), CASE WHEN code IS NULL THEN number END,
           CASE WHEN code IS NULL THEN now() END
    FROM (SELECT *, $3 + row_number() OVER (ORDER BY month, area_code) AS number FROM areas) AS numbered
    LEFT JOIN released ON code = left(area_code, 5) AND released.month = numbered.month
    ON CONFLICT (area_code, month) DO UPDATE SET
        sequence = EXCLUDED.sequence, changed_at = EXCLUDED.changed_at,
        outside_sequence = coalesce(EXCLUDED.outside_sequence, feed_entry.outside_sequence),
        outside_changed_at = coalesce(EXCLUDED.outside_changed_at, feed_entry.outside_changed_at)
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
# What a release tells outside, of its provinsi and of the kabupaten named.
_TELL_RELEASED: Final = """
WITH areas AS (
    SELECT DISTINCT area_code FROM released_area
    WHERE months = $1 AND month = $2 AND (area_code = $3 OR left(area_code, 5) = ANY ($4::text[]))
),
told AS (
    INSERT INTO feed_entry (area_code, month, level, sequence, changed_at, outside_sequence, outside_changed_at)
    SELECT area_code, $2, cardinality(string_to_array(area_code, '.')), number, now(), number, now()
    FROM (SELECT area_code, $5 + row_number() OVER (ORDER BY area_code) AS number FROM areas) AS numbered
    ON CONFLICT (area_code, month) DO UPDATE SET
        outside_sequence = EXCLUDED.outside_sequence, outside_changed_at = EXCLUDED.outside_changed_at
    RETURNING outside_sequence
)
SELECT max(outside_sequence) FROM told
"""
_PAGE: Final = """
SELECT area_code, month, {sequence}, {changed_at} FROM feed_entry
WHERE level = $1 AND {sequence} > $2 AND EXISTS (
    SELECT FROM unnest($4::text[]) AS area WHERE area_code >= area COLLATE "C" AND area_code < area || '/'
) ORDER BY {sequence} LIMIT $3
"""
_EXACT: Final = _PAGE.format(sequence="sequence", changed_at="changed_at")
_OUTSIDE: Final = _PAGE.format(sequence="outside_sequence", changed_at="outside_changed_at")


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


async def tell_released(connection: Connection, provinsi: str, kabupaten: Sequence[str], period: Period) -> None:
    """Number anew, for readers outside, the entries of a month that is released; longer periods have none."""
    if period.months != MONTH:
        return
    sequence = await connection.fetchval("SELECT sequence FROM feed_state FOR UPDATE")
    about = period.months, period.first, provinsi, list(kabupaten)
    last = await connection.fetchval(_TELL_RELEASED, *about, sequence)
    if last is not None:
        await connection.execute("UPDATE feed_state SET sequence = $1", last)


async def feed_state(connection: Connection) -> FeedState:
    """As this transaction sees it: every entry up to its number is seen, too."""
    row = await connection.fetchrow("SELECT feed_id, sequence FROM feed_state")
    if row is None:
        raise LookupError("no feed")
    return FeedState(*row)


async def feed_page(
    connection: Connection, areas: Sequence[str], level: int, after: int, limit: int, *, exact: bool
) -> list[FeedEntry]:
    """Up to `limit` entries of a level inside `areas`, numbered higher than `after`, in order.

    Without `exact` what is told outside: of a released month what its release has told, and nothing that came later.
    """
    rows = await connection.fetch(_EXACT if exact else _OUTSIDE, level, after, limit, list(areas))
    return [FeedEntry(*row) for row in rows]
