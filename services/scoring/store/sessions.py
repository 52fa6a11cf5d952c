"""Sessions: what was measured at one place (posyandu, desa, or a child by itself) on one day; which wait for judging.

A verdict on a value rests on more than its child: on all values of its session and on those of the place in the weeks
before. Whoever changes such a fact leaves a mark; who judges takes marks that nobody else holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from shared.postgres.pool import Connection

Session = tuple[str, date]  # place, day
SESSIONS_A_MARK: Final = 50

MARK: Final = """
INSERT INTO session_mark (places, days, children, sessions) VALUES ($1, $2, $3, cardinality($1::text[]))
"""
TURN: Final = """
INSERT INTO session_mark (places, days, children, sessions, marked_at, tried_at, gathered)
VALUES ($1, $2, array_fill(''::text, ARRAY[cardinality($1::text[])]), cardinality($1::text[]), $3, $4, true)
"""
# What a survivor's fact does not say is taken from those merged into it, so that whole families are marked, with the
# root that a changed child belongs to now and, where it was merged or parted, the one it belonged to before.
SESSIONS_OF_ROOTS: Final = """
SELECT m.place, m.measured_on, array_agg(DISTINCT m.child_id) AS child_ids
FROM child c JOIN measurement m ON m.child_id = c.child_id
WHERE c.root_id = ANY($1::uuid[]) AND m.fact_id <> ALL ($2::uuid[]) GROUP BY m.place, m.measured_on
"""
# In a quiet moment, or when they have waited for one long enough.
TO_GATHER: Final = """
SELECT coalesce(max(marked_at) <= clock_timestamp() - make_interval(secs => $1)
                OR min(marked_at) <= clock_timestamp() - make_interval(secs => $2), false)
FROM session_mark WHERE NOT gathered
"""
# A turn that was tried stays as it is: it holds the session that fails, alone.
CLAIM: Final = """
SELECT id, places, days, children, marked_at FROM session_mark WHERE tried_at IS NULL
ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
CLAIM_TURN: Final = """
SELECT id, places, days, children, marked_at FROM session_mark
WHERE gathered AND (tried_at IS NULL OR tried_at <= clock_timestamp() - make_interval(secs => $1))
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# A session marked without children stands for itself alone. Any other changes what is said of later sessions, too:
# those of its children, and those that lie so close at the same place that they look back at it. What was marked last
# comes last: more of it may be under way.
AFFECTED: Final = """
WITH marked AS (
    SELECT number, marked_at, place, measured_on, string_to_array(children, ' ')::uuid[] AS child_ids
    FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::date[], $5::text[])
        AS mark (number, marked_at, place, measured_on, children)
), found AS (
    SELECT number, marked_at, place, measured_on FROM marked
    UNION
    SELECT k.number, k.marked_at, m.place, m.measured_on FROM marked k
    JOIN measurement m
        ON m.place = k.place AND m.measured_on > k.measured_on AND m.measured_on <= k.measured_on + $6::integer
    WHERE k.child_ids <> '{}'
    UNION
    SELECT k.number, k.marked_at, m.place, m.measured_on FROM marked k
    CROSS JOIN unnest(k.child_ids) AS t (child_id)
    JOIN child a ON a.child_id = t.child_id
    JOIN child c ON c.root_id = a.root_id
    JOIN measurement m ON m.child_id = c.child_id AND m.measured_on > k.measured_on
), sessions AS (
    SELECT max(number) AS number, min(marked_at) AS marked_at, place, measured_on FROM found
    GROUP BY place, measured_on
)
SELECT marked_at, place, measured_on, count(*) AS visits
FROM sessions JOIN measurement m USING (place, measured_on)
GROUP BY number, marked_at, place, measured_on ORDER BY number, place, measured_on
"""
CHILDREN: Final = """
SELECT DISTINCT m.child_id FROM unnest($1::text[], $2::date[]) AS session (place, measured_on)
JOIN measurement m USING (place, measured_on)
"""
# Everything about the children of the sessions, and the sessions of their places in the weeks before.
READ: Final = """
WITH found AS (
    SELECT child_id, fact_id FROM measurement WHERE child_id = ANY($1::uuid[])
    UNION
    SELECT m.child_id, m.fact_id
    FROM unnest($2::text[], $3::date[], $4::date[]) AS looked (place, first_day, last_day)
    JOIN measurement m ON m.place = looked.place AND m.measured_on BETWEEN looked.first_day AND looked.last_day
)
SELECT array_agg(m.fact_id) AS fact_id, array_agg(m.child_id) AS child_id, array_agg(c.root_id) AS root_id,
       array_agg(m.place) AS place, array_agg(m.measured_on - DATE '1970-01-01') AS day,
       array_agg(m.weight_kg) AS weight_kg, array_agg(m.length_height_cm) AS length_height_cm,
       array_agg(m.position) AS position, array_agg(m.voided OR c.voided) AS voided,
       array_agg((extract(epoch FROM m.known_at) * 1000000)::bigint) AS known_us
FROM found JOIN measurement m USING (child_id, fact_id) JOIN child c USING (child_id)
"""
WAITING: Final = """
SELECT coalesce(sum(sessions), 0) AS sessions,
       coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0)::double precision AS age
FROM session_mark
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A claimed mark or turn. `children[i]`: ids of whom values changed in `sessions[i]`, one text; empty = nobody."""

    mark_id: int
    sessions: list[Session]
    children: list[str]
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class Affected:
    """A session that is to be judged, since when, and how many visits it has (voided ones too)."""

    session: Session
    marked_at: datetime
    visits: int


async def sessions_of(connection: Connection, measurements: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Session]:
    """Where and when the stored ones among these (child, measurement) took place, by measurement."""
    rows = await connection.fetch(
        "SELECT m.fact_id, m.place, m.measured_on FROM unnest($1::uuid[], $2::uuid[]) AS asked (child_id, fact_id) "
        "JOIN measurement m USING (child_id, fact_id)",
        [child_id for child_id, _ in measurements],
        [fact_id for _, fact_id in measurements],
    )
    return {row["fact_id"]: (row["place"], row["measured_on"]) for row in rows}


async def judged_by(connection: Connection, children: Collection[UUID]) -> dict[UUID, tuple[Any, ...]]:
    """What verdicts rest on of the children that are known; the root comes first."""
    rows = await connection.fetch(
        "SELECT root_id, child_id, sex, birth_date, voided FROM child WHERE child_id = ANY($1::uuid[]) AND epoch > 0",
        list(children),
    )
    return {row["child_id"]: tuple(row) for row in rows}


async def mark(connection: Connection, touched: Mapping[Session, Iterable[UUID]]) -> None:
    """Sessions in which values changed, with the children whose values these are."""
    ordered = sorted(touched)
    parts = [ordered[start : start + SESSIONS_A_MARK] for start in range(0, len(ordered), SESSIONS_A_MARK)]
    rows = [
        (
            [place for place, _ in some],
            [day for _, day in some],
            [" ".join(map(str, touched[session])) for session in some],
        )
        for some in parts
    ]
    await connection.executemany(MARK, rows)


async def sessions_of_families(
    connection: Connection, roots: Collection[UUID], but: Collection[UUID]
) -> dict[Session, set[UUID]]:
    """Every session of these families with the children measured there, but for the visits of `but`."""
    rows = await connection.fetch(SESSIONS_OF_ROOTS, list(roots), list(but))
    return {(row["place"], row["measured_on"]): set(row["child_ids"]) for row in rows}


async def to_gather(connection: Connection, settled_seconds: float, longest_seconds: float) -> bool:
    """Whether there are marks to gather: the newest older than `settled_seconds`, or the oldest than `longest`."""
    ready: bool = await connection.fetchval(TO_GATHER, settled_seconds, longest_seconds)
    return ready


async def claim(connection: Connection, limit: int) -> list[Mark]:
    """Marks and turns that nobody holds, to be gathered (anew), the oldest first."""
    return [_mark(row) for row in await connection.fetch(CLAIM, limit)]


async def claim_turn(connection: Connection, retry_seconds: float) -> Mark | None:
    """The oldest turn that nobody holds; None where there is none."""
    row = await connection.fetchrow(CLAIM_TURN, retry_seconds)
    return None if row is None else _mark(row)


def _mark(row: Record) -> Mark:
    return Mark(row["id"], list(zip(row["places"], row["days"], strict=True)), row["children"], row["marked_at"])


async def affected(connection: Connection, marks: Sequence[Mark], posyandu_days: int) -> list[Affected]:
    """The sessions whose verdicts may change by what was marked, each once."""
    marked = [
        (number, item.marked_at, place, day, children)
        for number, item in enumerate(marks)
        for (place, day), children in zip(item.sessions, item.children, strict=True)
    ]
    rows = await connection.fetch(AFFECTED, *map(list, zip(*marked, strict=True)), posyandu_days)
    return [Affected((row["place"], row["measured_on"]), row["marked_at"], row["visits"]) for row in rows]


async def lay_out(connection: Connection, turns: Iterable[Sequence[Affected]], tried_at: datetime | None) -> None:
    """Turns in this order, each with its sessions."""
    rows = [
        (
            [item.session[0] for item in turn],
            [item.session[1] for item in turn],
            min(item.marked_at for item in turn),
            tried_at,
        )
        for turn in turns
    ]
    await connection.executemany(TURN, rows)


async def children_at(connection: Connection, sessions: Sequence[Session]) -> set[UUID]:
    """Who was measured in these sessions."""
    rows = await connection.fetch(CHILDREN, [place for place, _ in sessions], [day for _, day in sessions])
    return {row["child_id"] for row in rows}


async def read(
    connection: Connection, children: Collection[UUID], windows: Mapping[str, tuple[date, date]]
) -> Mapping[str, list[Any]]:
    """Visits of `children` at any time, and of places between two days, as columns."""
    row = await connection.fetchrow(
        READ,
        list(children),
        list(windows),
        [first for first, _ in windows.values()],
        [last for _, last in windows.values()],
    )
    return {name: values or [] for name, values in ({} if row is None else dict(row)).items()}


async def settle(connection: Connection, marks: Sequence[Mark]) -> None:
    """Their sessions are judged, or gathered into turns."""
    await connection.execute("DELETE FROM session_mark WHERE id = ANY($1::bigint[])", [mark.mark_id for mark in marks])


async def postpone(connection: Connection, mark: Mark) -> None:
    """Its session could not be judged: others first."""
    await connection.execute("UPDATE session_mark SET tried_at = clock_timestamp() WHERE id = $1", mark.mark_id)


async def waiting(connection: Connection) -> tuple[int, float]:
    """Marked sessions that wait, not gathered ones as often as they are marked; the oldest mark's age in seconds."""
    row = await connection.fetchrow(WAITING)
    return (0, 0.0) if row is None else (row["sessions"], row["age"])
