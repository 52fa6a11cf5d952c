"""Consumer positions and dead letters: written in the transaction of the effects, hence exact.

A position row also fences: it is locked first, and a batch that was fetched before another worker moved the position
is cut to what is still new. So correctness never depends on who is assigned which partition.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.messaging.records import Dead, Received
from shared.postgres.pool import Connection

Place = tuple[str, int]
APPLIED, NOT_NEWER, DEAD = "applied", "not_newer", "dead"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition stands; `next_offset` is the first record not yet accounted for."""

    next_offset: int
    crashes: int


async def load(connection: Connection, places: Sequence[Place]) -> dict[Place, Position]:
    """Stored positions of `places`; a place never consumed is absent."""
    rows = await connection.fetch(
        "SELECT p.topic, p.partition, p.next_offset, p.crashes FROM consumer_position p "
        "JOIN unnest($1::text[], $2::integer[]) AS asked(topic, partition) USING (topic, partition)",
        [topic for topic, _ in places],
        [partition for _, partition in places],
    )
    return {(row["topic"], row["partition"]): Position(row["next_offset"], row["crashes"]) for row in rows}


async def lock(connection: Connection, batch: Sequence[Received]) -> list[Received]:
    """Lock the positions of `batch` (sorted by offset); returns the records that nobody has accounted for yet.

    A record twice in one batch, fetched before and after a rebalance, is one record.
    """
    first: dict[Place, int] = {}
    for record in batch:
        first.setdefault(record.place, record.raw.offset)
    places = sorted(first)
    await connection.execute(
        "INSERT INTO consumer_position (topic, partition, first_offset, next_offset) "
        "SELECT t, p, o, o FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS new(t, p, o) "
        "ON CONFLICT DO NOTHING",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [first[place] for place in places],
    )
    rows = await connection.fetch(
        "SELECT p.topic, p.partition, p.next_offset FROM consumer_position p "
        "JOIN unnest($1::text[], $2::integer[]) AS asked(topic, partition) USING (topic, partition) "
        "ORDER BY p.topic, p.partition FOR UPDATE OF p",
        [topic for topic, _ in places],
        [partition for _, partition in places],
    )
    following = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    fresh = []
    for record in batch:
        if record.raw.offset >= following[record.place]:
            following[record.place] = record.raw.offset + 1
            fresh.append(record)
    return fresh


async def advance(connection: Connection, batch: Sequence[Received], outcomes: Sequence[str | Dead]) -> None:
    """Move the locked positions past `batch`, count each record once, store the dead with their original bytes."""
    counts: dict[Place, Counter[str]] = defaultdict(Counter)
    last: dict[Place, int] = {}
    dead: list[tuple[Received, Dead]] = []
    for record, outcome in zip(batch, outcomes, strict=True):
        last[record.place] = record.raw.offset
        if isinstance(outcome, Dead):
            dead.append((record, outcome))
            counts[record.place][DEAD] += 1
        else:
            counts[record.place][outcome] += 1
    places = sorted(last)
    await connection.execute(
        "UPDATE consumer_position p SET next_offset = n.last + 1, applied = p.applied + n.applied, "
        "not_newer = p.not_newer + n.not_newer, dead = p.dead + n.dead, "
        "gaps = p.gaps + (n.last + 1 - p.next_offset) - n.seen, crashes = 0, crash_code = NULL, moved_at = now() "
        "FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) "
        "AS n(topic, partition, last, applied, not_newer, dead, seen) "
        "WHERE (p.topic, p.partition) = (n.topic, n.partition)",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [last[place] for place in places],
        [counts[place][APPLIED] for place in places],
        [counts[place][NOT_NEWER] for place in places],
        [counts[place][DEAD] for place in places],
        [counts[place].total() for place in places],
    )
    if dead:
        await _store_dead(connection, dead)


async def _store_dead(connection: Connection, dead: Sequence[tuple[Received, Dead]]) -> None:
    await connection.executemany(
        "INSERT INTO dead_letter (topic, partition, record_offset, key, headers, body, reason, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            (
                record.raw.topic,
                record.raw.partition,
                record.raw.offset,
                record.raw.key,
                [[name, base64.b64encode(value).decode()] for name, value in record.raw.headers],
                record.raw.value,
                why.reason,
                why.detail[:500],
            )
            for record, why in dead
        ],
    )


async def note_ends(connection: Connection, ends: Mapping[Place, tuple[int, int]]) -> None:
    """Store (beginning, end) offsets of the assigned partitions, so that lag is known where the ledger is read.

    A partition that was never consumed gets its row here: an unread backlog must not be invisible.
    """
    places = sorted(ends)
    await connection.execute(
        "INSERT INTO consumer_position AS p (topic, partition, first_offset, next_offset, end_offset) "
        "SELECT t, n, b, b, e FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) AS new(t, n, b, e) "
        "ON CONFLICT (topic, partition) DO UPDATE SET end_offset = EXCLUDED.end_offset "
        "WHERE p.end_offset <> EXCLUDED.end_offset",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [ends[place][0] for place in places],
        [ends[place][1] for place in places],
    )


async def count_crash(connection: Connection, batch: Sequence[Received], code: str) -> int:
    """Remember that the consumer fell on `batch`; returns the highest count of its partitions.

    From the first crash on, that partition is read record by record, so that the next one names the exact offset.
    """
    first: dict[Place, int] = {}
    for record in batch:
        first.setdefault(record.place, record.raw.offset)
    places = sorted(first)
    rows = await connection.fetch(
        "INSERT INTO consumer_position AS p (topic, partition, first_offset, next_offset, crashes, crash_code) "
        "SELECT t, n, o, o, 1, $4 FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS new(t, n, o) "
        "ON CONFLICT (topic, partition) DO UPDATE SET crashes = p.crashes + 1, crash_code = EXCLUDED.crash_code "
        "RETURNING p.crashes",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [first[place] for place in places],
        code[:200],
    )
    return max((row["crashes"] for row in rows), default=0)
