"""Replays: which one is under way, its generation, and what batches touched meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.postgres.pool import Connection

REPLAY_LOCK: Final = 4_702_221  # one command at a time, for as long as its connection lives
MARK: Final = "INSERT INTO replay_mark (replay_id, child_ids) VALUES ($1, $2)"
BEGIN: Final = """
INSERT INTO replay (replay_id, version, against, state, started_by, started_at) VALUES ($1, $2, $3, 'filling', $4, $5)
"""
WRITE: Final = """
INSERT INTO replay_child (replay_id, child_id, digest, visits, visits_changed, status_changed, was_tier, tier,
                          was_priority, priority, was_reasons, reasons, opened, opens)
SELECT replay_id, child_id, digest, visits, visits_changed, status_changed, was_tier, tier, was_priority, priority,
       was_reasons::text[], reasons::text[], opened::integer[], opens::integer[]
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::integer[], $5::integer[], $6::boolean[], $7::text[], $8::text[],
            $9::boolean[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[])
    AS new (replay_id, child_id, digest, visits, visits_changed, status_changed, was_tier, tier, was_priority, priority,
            was_reasons, reasons, opened, opens)
"""
REPLAYS: Final = """
SELECT replay_id, version, against, state, started_by, started_at, ready_at, switched_at, published_to, published_at
FROM replay
"""
TAKE_MARKS: Final = """
DELETE FROM replay_mark WHERE id = ANY(ARRAY(SELECT id FROM replay_mark WHERE replay_id = $1 ORDER BY id LIMIT $2))
RETURNING child_ids
"""
# What a generation must hold: every family of which a child fact has come.
MISSING: Final = """
SELECT count(DISTINCT c.root_id) FROM child c
WHERE c.epoch > 0 AND NOT EXISTS (SELECT FROM replay_child r WHERE (r.replay_id, r.child_id) = ($1, c.root_id))
"""
SURPLUS: Final = """
SELECT count(*) FROM replay_child r
WHERE r.replay_id = $1 AND NOT EXISTS (SELECT FROM child c WHERE c.root_id = r.child_id AND c.epoch > 0)
"""
SAMPLE: Final = "SELECT child_id, digest FROM replay_child WHERE replay_id = $1 ORDER BY digest LIMIT $2"
CHANGED_AFTER: Final = """
SELECT child_id, status_changed FROM replay_child
WHERE replay_id = $1 AND (status_changed OR visits_changed > 0) AND ($2::uuid IS NULL OR child_id > $2)
ORDER BY child_id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay; `state`: filling, ready (to be switched or dropped), publishing, switched."""

    replay_id: UUID
    version: str
    against: str
    state: str
    started_by: str
    started_at: datetime
    ready_at: datetime | None
    switched_at: datetime | None
    published_to: UUID | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """The judgement of one family under the other rules, beside what is stored of it; columns of `replay_child`."""

    replay_id: UUID
    child_id: UUID
    digest: int
    visits: int
    visits_changed: int
    status_changed: bool
    was_tier: str | None
    tier: str | None
    was_priority: bool
    priority: bool
    was_reasons: Sequence[str] | None
    reasons: Sequence[str] | None
    opened: Sequence[int]
    opens: Sequence[int]


async def mark(connection: Connection, replay_id: UUID, roots: Collection[UUID]) -> None:
    """Note that a batch touched these families: the replay judges them again."""
    await connection.execute(MARK, replay_id, list(roots))


async def take_marks(connection: Connection, replay_id: UUID, rows: int) -> set[UUID]:
    """The families of up to `rows` marks, which are gone with the transaction."""
    taken = await connection.fetch(TAKE_MARKS, replay_id, rows)
    return {child_id for row in taken for child_id in row["child_ids"]}


async def begin(connection: Connection, replay_id: UUID, version: str, against: str, by: str, now: datetime) -> None:
    """Open a replay. The caller holds the rules alone, so that every later batch sees it."""
    await connection.execute(BEGIN, replay_id, version, against, by, now)


async def current(connection: Connection) -> Replay | None:
    """The replay that is not switched and published yet."""
    row = await connection.fetchrow(f"{REPLAYS} WHERE state <> 'switched'")
    return None if row is None else Replay(**dict(row))


async def to_publish(connection: Connection) -> Replay | None:
    """The switched replay whose changes are not all published, locked; None also while another process is at it."""
    row = await connection.fetchrow(f"{REPLAYS} WHERE state = 'publishing' FOR UPDATE SKIP LOCKED")
    return None if row is None else Replay(**dict(row))


async def unpublished(connection: Connection) -> int:
    """Switches whose changed verdicts are not all published."""
    return int(await connection.fetchval("SELECT count(*) FROM replay WHERE state = 'publishing'"))


async def write_generation(connection: Connection, rows: Sequence[GenerationRow]) -> None:
    """Append rows of a generation (a table with row-level security takes no COPY)."""
    if rows:
        await connection.execute(WRITE, *zip(*map(_row, rows), strict=True))


def _row(row: GenerationRow) -> tuple[Any, ...]:
    """The columns of `WRITE`; lists as the database writes them, since a list of lists would be a matrix."""
    return (
        row.replay_id,
        row.child_id,
        row.digest,
        row.visits,
        row.visits_changed,
        row.status_changed,
        row.was_tier,
        row.tier,
        row.was_priority,
        row.priority,
        _list(row.was_reasons),
        _list(row.reasons),
        _list(row.opened),
        _list(row.opens),
    )


def _list(values: Sequence[Any] | None) -> str | None:
    if values is None:
        return None
    return f"{{{','.join(map(str, values))}}}" if values else "{}"


async def forget_rows(connection: Connection, replay_id: UUID, children: Collection[UUID]) -> None:
    """Take families out of a generation."""
    await connection.execute(
        "DELETE FROM replay_child WHERE replay_id = $1 AND child_id = ANY($2::uuid[])", replay_id, list(children)
    )


async def drop(connection: Connection, replay_id: UUID) -> None:
    """Nothing of a replay stays; its rule set goes, too, if a replay brought it and it never judged."""
    await connection.execute("DELETE FROM replay_mark WHERE replay_id = $1", replay_id)
    version = await connection.fetchval("DELETE FROM replay WHERE replay_id = $1 RETURNING version", replay_id)
    await connection.execute(
        "DELETE FROM rule_set r WHERE version = $1 AND source = 'command' "
        "AND NOT EXISTS (SELECT FROM rule_set_activation a WHERE a.version = r.version) "
        "AND NOT EXISTS (SELECT FROM replay p WHERE p.version = r.version)",
        version,
    )


async def set_ready(connection: Connection, replay_id: UUID, now: datetime) -> None:
    """Every family is in the generation."""
    await connection.execute("UPDATE replay SET state = 'ready', ready_at = $2 WHERE replay_id = $1", replay_id, now)


async def set_switched(connection: Connection, replay_id: UUID, now: datetime) -> None:
    """Its rule set judges; what it changes is to be published."""
    await connection.execute(
        "UPDATE replay SET state = 'publishing', switched_at = $2 WHERE replay_id = $1", replay_id, now
    )
    await connection.execute("DELETE FROM replay_mark WHERE replay_id = $1", replay_id)


async def set_published(connection: Connection, replay_id: UUID, upto: UUID | None, now: datetime) -> None:
    """Families up to `upto` are published; None: all are."""
    if upto is None:
        await connection.execute(
            "UPDATE replay SET state = 'switched', published_at = $2 WHERE replay_id = $1", replay_id, now
        )
    else:
        await connection.execute("UPDATE replay SET published_to = $2 WHERE replay_id = $1", replay_id, upto)


async def changed_after(
    connection: Connection, replay_id: UUID, after: UUID | None, limit: int
) -> list[tuple[UUID, bool]]:
    """Families with a changed verdict in order of id, and whether it is the status (or only some assessment)."""
    rows = await connection.fetch(CHANGED_AFTER, replay_id, after, limit)
    return [(row["child_id"], row["status_changed"]) for row in rows]


async def incomplete(connection: Connection, replay_id: UUID) -> dict[str, int]:
    """How many families the generation lacks, and how many it has that are none."""
    return {
        "missing": int(await connection.fetchval(MISSING, replay_id)),
        "surplus": int(await connection.fetchval(SURPLUS, replay_id)),
    }


async def sample(connection: Connection, replay_id: UUID, count: int) -> dict[UUID, int]:
    """Families with their digests, chosen by digest: as good as drawn by lot, and the same ones each time."""
    return {row["child_id"]: row["digest"] for row in await connection.fetch(SAMPLE, replay_id, count)}


async def find_replay(connection: Connection, replay_id: UUID) -> Replay | None:
    """A replay by its id."""
    row = await connection.fetchrow(f"{REPLAYS} WHERE replay_id = $1", replay_id)
    return None if row is None else Replay(**dict(row))


async def list_replays(connection: Connection, after: datetime | None, limit: int) -> list[Replay]:
    """Replays, the newest first."""
    rows = await connection.fetch(
        f"{REPLAYS} WHERE $1::timestamptz IS NULL OR started_at < $1 ORDER BY started_at DESC LIMIT $2", after, limit
    )
    return [Replay(**dict(row)) for row in rows]
