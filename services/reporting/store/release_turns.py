"""What is to be released: planned once a month by the calendar, or asked for by a kabupaten; and what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.periods import Period
from shared.postgres.pool import Connection

RELEASING_LOCK: Final = 1_970_005
_BEGIN: Final = "INSERT INTO release_turn (month, begun_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true"
_PLAN: Final = """
INSERT INTO release_due (provinsi_code, months, month, kabupaten_codes, request_id, due_since)
VALUES ($1, $2, $3, $4, $5, $6)
"""
# A longer period is hidden beside the shorter ones inside it, so it waits for those of the same kabupaten. What a
# kabupaten has asked for goes first, what has failed (no earlier than $1 seconds ago) last.
_CLAIM: Final = """
SELECT due_id, provinsi_code, months, month, kabupaten_codes, asked_by
FROM release_due AS due LEFT JOIN release_request USING (request_id)
WHERE done_at IS NULL AND (tried_at IS NULL OR tried_at <= clock_timestamp() - make_interval(secs => $1))
  AND NOT EXISTS (
    SELECT FROM release_due AS inside
    WHERE inside.done_at IS NULL AND inside.months < due.months AND inside.kabupaten_codes && due.kabupaten_codes
      AND inside.month >= due.month AND inside.month < due.month + make_interval(months => due.months)
  )
ORDER BY tried_at IS NOT NULL, request_id IS NULL, months, month, due_id LIMIT 1
"""
_WAITING: Final = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_since)), 0)::double precision,
       count(*) FILTER (WHERE tried_at IS NOT NULL)
FROM release_due WHERE done_at IS NULL
"""
_ASK: Final = """
INSERT INTO release_request (request_id, kabupaten_code, through, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)
"""
_REQUEST: Final = """
SELECT request_id, kabupaten_code, through, asked_by, asked_at, count(*) AS periods, count(done_at) AS released,
       count(*) FILTER (WHERE done_at IS NULL AND tried_at IS NOT NULL) AS set_aside
FROM release_request JOIN release_due USING (request_id) WHERE request_id = $1 GROUP BY 1, 2, 3, 4, 5
"""
_RELEASES: Final = """
SELECT release_id, provinsi_code, months, month, released_on, known_at, asked_by IS NOT NULL AS asked,
       array_agg(kabupaten_code ORDER BY kabupaten_code) AS kabupaten
FROM release JOIN released_kabupaten USING (release_id, months, month)
WHERE ($1::text IS NULL OR provinsi_code = $1 OR kabupaten_code = $1)
  AND ($2::smallint IS NULL OR (months, month) = ($2, $3)) AND ($4::integer IS NULL OR release_id < $4)
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY release_id DESC LIMIT $5
"""
_YET: Final = """
SELECT provinsi_code, months, month, kabupaten_codes, request_id, due_since, tried_at FROM release_due
WHERE done_at IS NULL AND ($1::text IS NULL OR provinsi_code = $1 OR $1 = ANY (kabupaten_codes))
  AND ($2::smallint IS NULL OR (months, month) = ($2, $3))
ORDER BY months, month, due_id
"""


class Claimed(NamedTuple):
    """A period that waits, of which kabupaten; `asked_by` None = by the calendar."""

    due_id: int
    provinsi: str
    period: Period
    kabupaten: Sequence[str]
    asked_by: str | None


class ReleaseRequest(NamedTuple):
    """What a kabupaten has asked for, and how many of its periods are released, or could not be."""

    request_id: UUID
    kabupaten_code: str
    through: date
    asked_by: str
    asked_at: datetime
    periods: int
    released: int
    set_aside: int


@asynccontextmanager
async def releasing_alone(connection: Connection) -> AsyncIterator[bool]:
    """Whether nobody else releases until the end of the block: else a quarter could be told before its months are.

    A lock of the connection and not of a transaction: what was released before it is seen by any snapshot after it.
    """
    taken: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", RELEASING_LOCK)
    try:
        yield taken
    finally:
        if taken:
            await connection.execute("SELECT pg_advisory_unlock($1)", RELEASING_LOCK)


async def is_turn_begun(connection: Connection, month: date) -> bool:
    """Whether the releases of a calendar month are planned."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM release_turn WHERE month = $1)", month))


async def begin_turn(connection: Connection, month: date, at: datetime) -> bool:
    """Note that the releases of a calendar month are planned; False if they were."""
    return bool(await connection.fetchval(_BEGIN, month, at))


async def plan_releases(
    connection: Connection,
    due: Iterable[tuple[str, Period, Sequence[str]]],
    at: datetime,
    request_id: UUID | None = None,
) -> None:
    """Provinsi, period and kabupaten wait from now on for being released."""
    rows = [
        (provinsi, period.months, period.first, list(kabupaten), request_id, at) for provinsi, period, kabupaten in due
    ]
    await connection.executemany(_PLAN, rows)


async def ask_release(
    connection: Connection, request_id: UUID, kabupaten: str, through: date, asked_by: str, at: datetime
) -> None:
    """Keep who asked for a kabupaten's periods; what is due of them is planned beside it."""
    await connection.execute(_ASK, request_id, kabupaten, through, asked_by, at)


async def claim_release(connection: Connection, retry_seconds: float) -> Claimed | None:
    """What to release next. Only for who is `releasing_alone`."""
    row = await connection.fetchrow(_CLAIM, retry_seconds)
    if row is None:
        return None
    due_id, provinsi, months, month, kabupaten, asked_by = row
    return Claimed(due_id, provinsi, Period(month, months), kabupaten, asked_by)


async def settle_release(connection: Connection, due_id: int) -> None:
    """It is released and told."""
    await connection.execute("UPDATE release_due SET done_at = clock_timestamp() WHERE due_id = $1", due_id)


async def set_release_aside(connection: Connection, due_id: int) -> None:
    """It could not be released: it stays due and is tried again later."""
    await connection.execute("UPDATE release_due SET tried_at = clock_timestamp() WHERE due_id = $1", due_id)


async def releases_waiting(connection: Connection) -> tuple[int, float, int]:
    """How many periods wait, how long the oldest has, in seconds, and how many of them are set aside."""
    row: Any = await connection.fetchrow(_WAITING)
    return row[0], row[1], row[2]


async def find_request(connection: Connection, request_id: UUID) -> ReleaseRequest | None:
    """One request, if the caller may see its kabupaten."""
    row = await connection.fetchrow(_REQUEST, request_id)
    return None if row is None else ReleaseRequest(*row)


async def list_releases(
    connection: Connection, area: str | None, period: Period | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Releases that tell of the caller's kabupaten, the newest first."""
    asked = (None, None) if period is None else (period.months, period.first)
    return [dict(row) for row in await connection.fetch(_RELEASES, area, *asked, before, limit)]


async def not_released_yet(connection: Connection, area: str | None, period: Period | None) -> list[dict[str, Any]]:
    """What waits for being released, shorter and earlier periods first."""
    asked = (None, None) if period is None else (period.months, period.first)
    return [dict(row) for row in await connection.fetch(_YET, area, *asked)]
