"""Generations: which set of derived rows is live, and which one a rebuild is filling."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from services.reporting.domain.cells import BUCKETS
from shared.postgres.pool import Connection

# Batches hold it shared, a step of a rebuild holds it alone: else a batch could store a new child's facts after the
# step has listed its children and before it is marked as done, and the new generation would never see them.
PROJECTION_LOCK: Final = 1_970_001
REBUILD_LOCK: Final = 1_970_002  # one rebuild at a time, for as long as its session lives
LAYOUT: Final = 2  # of what is filled now: with cells of quarters, semesters and years
LIVE: Final = "(SELECT generation FROM generation WHERE state = 'live')"
_OF_NO_AGE: Final = (
    f"SELECT EXISTS (SELECT FROM child_span WHERE generation = {LIVE} AND known_to IS NULL AND birth_date IS NULL)"
)


class Target(NamedTuple):
    """A generation to write, and how many buckets of children it already holds (the live one: all)."""

    generation: int
    buckets_done: int
    is_live: bool = False


async def hold_projection(connection: Connection, *, alone: bool = False) -> None:
    """Until the end of the transaction: no step of a rebuild beside this batch, or (`alone`) nothing beside it."""
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await connection.execute(f"SELECT {name}($1)", PROJECTION_LOCK)


async def targets(connection: Connection) -> list[Target]:
    """Generations that facts must be folded into now, under `hold_projection`."""
    rows = await connection.fetch(
        "SELECT generation, state, buckets_done FROM generation WHERE state IN ('live', 'filling') ORDER BY generation"
    )
    return [
        Target(row["generation"], BUCKETS if row["state"] == "live" else row["buckets_done"], row["state"] == "live")
        for row in rows
        if row["state"] == "live" or row["buckets_done"]
    ]


async def live_generation(connection: Connection) -> int:
    """The generation that is shown."""
    number = await connection.fetchval(f"SELECT {LIVE}")
    if number is None:
        raise LookupError("no generation is live")
    return int(number)


async def has_long_cells(connection: Connection) -> bool:
    """Whether the generation that is shown has cells of quarters, semesters and years."""
    return bool(await connection.fetchval("SELECT layout >= $1 FROM generation WHERE state = 'live'", LAYOUT))


async def asks_for_rebuild(connection: Connection) -> list[str]:
    """What the generation that is shown lacks, since an older program filled it; a rebuild mends that.

    `long_periods`: cells of quarters, semesters and years, which are counted on every read; `sex_and_age`: those of
    targets who were not measured, who count in no group.
    """
    lacks = [] if await has_long_cells(connection) else ["long_periods"]
    return [*lacks, "sex_and_age"] if await connection.fetchval(_OF_NO_AGE) else lacks


async def begin_filling(connection: Connection) -> int:
    """Open the next generation for filling; what an interrupted rebuild left is to be dropped first."""
    return int(
        await connection.fetchval(
            "INSERT INTO generation (generation, state, layout) "
            "SELECT max(generation) + 1, 'filling', $1 FROM generation RETURNING generation",
            LAYOUT,
        )
    )


async def mark_filled(connection: Connection, generation: int, buckets_done: int) -> None:
    """The first `buckets_done` buckets are in `generation`."""
    await connection.execute("UPDATE generation SET buckets_done = $2 WHERE generation = $1", generation, buckets_done)


async def flip(connection: Connection, generation: int) -> None:
    """Show `generation` instead of the live one, which is to be dropped."""
    await connection.execute("UPDATE generation SET state = 'dropping' WHERE state = 'live'")
    await connection.execute("UPDATE generation SET state = 'live' WHERE generation = $1", generation)


async def give_up_filling(connection: Connection) -> None:
    """What is being filled will not be shown."""
    await connection.execute("UPDATE generation SET state = 'dropping' WHERE state = 'filling'")


async def leftovers(connection: Connection) -> list[int]:
    """Generations that are not live: replaced, or left by a rebuild that did not end."""
    rows = await connection.fetch("SELECT generation FROM generation WHERE state <> 'live' ORDER BY generation")
    return [row["generation"] for row in rows]


async def drop_some(connection: Connection, generation: int, rows: int) -> bool:
    """Delete up to `rows` rows of each table of `generation`; True when nothing of it is left."""
    left = False
    for table in ("child_month", "child_span", "child_service", "cell", "level_cell"):
        status = await connection.execute(
            f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE generation = $1 LIMIT $2))",
            generation,
            rows,
        )
        left = left or int(status.rsplit(" ", 1)[-1]) == rows
    if not left:
        await connection.execute("DELETE FROM generation WHERE generation = $1", generation)
    return not left


async def children_of_bucket(connection: Connection, bucket: int) -> list[UUID]:
    """Every child of a bucket, sorted."""
    rows = await connection.fetch(
        "SELECT child_id FROM child WHERE get_byte(uuid_send(child_id), 15) % $1 = $2 ORDER BY child_id",
        BUCKETS,
        bucket,
    )
    return [row["child_id"] for row in rows]
