"""Marks: posyandu-months whose visits changed, left by batches and taken by whoever judges them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from services.reporting.domain.facts import Place
from services.reporting.domain.periods import Period
from shared.postgres.pool import Connection

JUDGING_LOCK: Final = 1_970_003  # with the kecamatan: nobody else judges it beside us
MARKS_AT_ONCE: Final = 500
_SEPARATOR: Final = "|"
# In a quiet moment, or when they have waited for one long enough: an import brings one posyandu in many batches.
_READY: Final = """
SELECT coalesce(max(marked_at) <= clock_timestamp() - make_interval(secs => $1)
                OR min(marked_at) <= clock_timestamp() - make_interval(secs => $2), false)
FROM quality_mark WHERE tried_at IS NULL
"""
_CLAIM: Final = f"""
SELECT id, places, months FROM quality_mark WHERE tried_at IS NULL
ORDER BY id LIMIT {MARKS_AT_ONCE} FOR UPDATE SKIP LOCKED
"""
_CLAIM_TRIED: Final = """
SELECT id, places, months FROM quality_mark
WHERE tried_at <= clock_timestamp() - make_interval(secs => $1) ORDER BY tried_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# What failed is laid out by kecamatan, each tried alone; one that was alone waits for its time.
_SET_ASIDE: Final = f"""
WITH failed AS (DELETE FROM quality_mark WHERE id = ANY($1::bigint[]) RETURNING places, months, marked_at)
INSERT INTO quality_mark (places, months, marked_at, tried_at)
SELECT array_agg(place), array_agg(month), min(marked_at),
       CASE WHEN count(*) OVER () = 1 THEN clock_timestamp() ELSE '-infinity' END
FROM (SELECT DISTINCT ON (t.place, t.month) t.place, t.month, failed.marked_at
      FROM failed CROSS JOIN unnest(failed.places, failed.months) AS t (place, month)) AS every
GROUP BY left(split_part(place, '{_SEPARATOR}', 1), 8)
"""
_WAITING: Final = """
SELECT coalesce(sum(cardinality(months)), 0)::integer AS waiting,
       coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0)::double precision AS age,
       coalesce(sum(cardinality(months)) FILTER (WHERE tried_at IS NOT NULL), 0)::integer AS aside FROM quality_mark
"""
_WAITING_SINCE: Final = """
SELECT count(DISTINCT (t.place, t.month))::integer
FROM quality_mark CROSS JOIN unnest(places, months) AS t (place, month)
WHERE marked_at < $4 AND t.month BETWEEN $2 AND $3
  AND (t.place COLLATE "C" >= $1 || '.' AND t.place COLLATE "C" < $1 || '/' OR starts_with(t.place, $1 || '|'))
"""


class Waiting(NamedTuple):
    """Marked posyandu-months, as often as they are marked; seconds since the oldest mark; those set aside."""

    waiting: int
    age: float
    aside: int


class PosyanduMonth(NamedTuple):
    """A posyandu ('' = unmapped children of the desa) and the first day of a month."""

    desa_code: str
    posyandu_code: str
    month: date

    @property
    def kecamatan(self) -> str:
        """Code of the kecamatan, whose posyandu are neighbours."""
        return self.desa_code[:8]


async def mark_quality(connection: Connection, touched: Iterable[tuple[Place, date]]) -> None:
    """Append one row for all that a batch has touched. No unique key: nobody waits for anybody."""
    ordered = sorted(touched)
    if ordered:
        await connection.execute(
            "INSERT INTO quality_mark (places, months) VALUES ($1, $2)",
            [_SEPARATOR.join(place) for place, _ in ordered],
            [month for _, month in ordered],
        )


async def mark_everything(connection: Connection) -> None:
    """Mark what is judged already, a row a kecamatan: other rules judge now."""
    await connection.execute(
        "INSERT INTO quality_mark (places, months) "
        f"SELECT array_agg(desa_code || '{_SEPARATOR}' || posyandu_code), array_agg(month) "
        "FROM posyandu_quality GROUP BY left(desa_code, 8)"
    )


async def is_ready(connection: Connection, settled_seconds: float, longest_seconds: float) -> bool:
    """Whether new marks are to be judged: the newest older than `settled_seconds`, or the oldest than `longest`."""
    ready: bool = await connection.fetchval(_READY, settled_seconds, longest_seconds)
    return ready


async def claim(connection: Connection) -> tuple[list[int], set[PosyanduMonth]]:
    """Marks that nobody holds, the oldest first, and what they name."""
    return _claimed(await connection.fetch(_CLAIM))


async def claim_tried(connection: Connection, retry_seconds: float) -> tuple[list[int], set[PosyanduMonth]]:
    """One mark that could not be judged so many seconds ago."""
    return _claimed(await connection.fetch(_CLAIM_TRIED, retry_seconds))


async def set_aside(connection: Connection, marks: Collection[int]) -> None:
    """Marks that could not be judged: a kecamatan each, so that the one at fault stands alone."""
    await connection.execute(_SET_ASIDE, list(marks))


def _claimed(rows: Iterable[Any]) -> tuple[list[int], set[PosyanduMonth]]:
    ids: list[int] = []
    keys: set[PosyanduMonth] = set()
    for row in rows:
        ids.append(row["id"])
        for place, month in zip(row["places"], row["months"], strict=True):
            desa_code, _, posyandu_code = place.partition(_SEPARATOR)
            keys.add(PosyanduMonth(desa_code, posyandu_code, month))
    return ids, keys


async def settle(connection: Connection, marks: Collection[int], left: Iterable[PosyanduMonth]) -> None:
    """The claimed marks are done, but for what is `left` for another turn."""
    await connection.execute("DELETE FROM quality_mark WHERE id = ANY($1::bigint[])", list(marks))
    await mark_quality(connection, [(Place(key.desa_code, key.posyandu_code), key.month) for key in left])


async def newest_day(connection: Connection) -> date | None:
    """The day (Asia/Jakarta) of the newest mark: facts that came in later are not read yet. None without any mark."""
    day: date | None = await connection.fetchval(
        "SELECT (max(marked_at) AT TIME ZONE 'Asia/Jakarta')::date FROM quality_mark"
    )
    return day


async def waiting_since(connection: Connection, area: str, period: Period, until: datetime) -> int:
    """How many posyandu-months of an area (desa or above) and period wait since before `until`."""
    found: int = await connection.fetchval(_WAITING_SINCE, area, period.first, period.last_month, until)
    return found


async def try_again(connection: Connection) -> None:
    """What could not be judged is due at once: this may be another program."""
    await connection.execute("UPDATE quality_mark SET tried_at = '-infinity' WHERE tried_at IS NOT NULL")


async def lock_kecamatan(connection: Connection, codes: Iterable[str]) -> None:
    """Until the end of the transaction nobody else judges these, one order for all."""
    for code in sorted(codes):
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", JUDGING_LOCK, code)


async def waiting(connection: Connection) -> Waiting:
    """How much is to be judged."""
    row: Any = await connection.fetchrow(_WAITING)
    return Waiting(row["waiting"], row["age"], row["aside"])
