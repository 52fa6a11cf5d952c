"""Rebuild: fold every child anew into a second generation beside the live one, verify it, then show it.

Batches go on meanwhile and write both generations, for the children that are already in the new one. Interrupted, a
rebuild leaves only rows that the next one removes.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import structlog

from services.reporting.domain.cells import BUCKETS, Deltas
from services.reporting.domain.fold import pending
from services.reporting.store import quality_sums
from services.reporting.store.due_tallies import demand_everything
from services.reporting.store.feed import mark_between
from services.reporting.store.generations import (
    REBUILD_LOCK,
    Target,
    begin_filling,
    children_of_bucket,
    drop_some,
    flip,
    give_up_filling,
    hold_projection,
    leftovers,
    live_generation,
    mark_filled,
)
from services.reporting.store.group_facts import linked, read_by_key, read_groups
from services.reporting.store.projection import add_to_cells
from services.reporting.use_cases.judge_quality import sum_kecamatan
from services.reporting.use_cases.refold import FOLD_GROUPS, refold
from services.reporting.use_cases.refold_services import refold_services
from services.reporting.use_cases.verify import verify
from shared.postgres.pool import Connection

LOG = structlog.get_logger(__name__)
DROP_ROWS: Final = 20_000


class RebuildRunsError(Exception):
    """Another rebuild is under way."""


async def rebuild(connection: Connection) -> dict[str, Any]:
    """Rebuild all derived rows; `{generation, children, checked, differences}`.

    The new generation is shown only if it agrees with the facts; `differences` of one that does not are returned, and
    the live one stays. Takes a connection of its own, without a transaction. Raises RebuildRunsError.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REBUILD_LOCK):
        raise RebuildRunsError("a rebuild is under way")
    try:
        await _drop_leftovers(connection)
        generation = await begin_filling(connection)
        children = 0
        for bucket in range(BUCKETS):
            async with connection.transaction():
                children += await fill_bucket(connection, generation, bucket)
        report = await verify(connection, generation=generation)
        if not report["differences"]:
            async with connection.transaction():
                await hold_projection(connection, alone=True)
                await mark_between(connection, await live_generation(connection), generation)
                await flip(connection, generation)
                await demand_everything(connection)
            LOG.info("generation_shown", generation=generation, children=children)
            await sum_quality(connection)
        await _drop_leftovers(connection)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", REBUILD_LOCK)
    return {"generation": generation, "children": children, **report}


async def sum_quality(connection: Connection) -> None:
    """Sum the judged posyandu-months anew, a kecamatan in a transaction, and drop the sums of what is not judged.

    The judgements themselves follow from marks, and what was judged on past days (`quality_history`) is a record.
    """
    months: dict[str, list[date]] = {}
    for kecamatan, month in await quality_sums.judged_months(connection):
        months.setdefault(kecamatan, []).append(month)
    for kecamatan, month in await quality_sums.summed_months(connection):
        months.setdefault(kecamatan, []).append(month)
    for kecamatan, some in sorted(months.items()):
        async with connection.transaction():
            await sum_kecamatan(connection, kecamatan, sorted(set(some)))


async def fill_bucket(connection: Connection, generation: int, bucket: int) -> int:
    """Fold the children of `bucket` into `generation`, and mark it; how many there were.

    Runs alone (`hold_projection`), so that no batch stores a child between our look at the bucket and our mark.
    """
    await hold_projection(connection, alone=True)
    children = await children_of_bucket(connection, bucket)
    await read_by_key(connection)
    deltas = Deltas()
    into = {Target(generation, BUCKETS): deltas}
    for start in range(0, len(children), FOLD_GROUPS):
        asked = children[start : start + FOLD_GROUPS]
        groups = dict(zip(asked, asked, strict=True)) | await linked(connection, asked)
        facts = await read_groups(connection, groups, dict.fromkeys(groups.values()))
        # A group may already be here, folded with a member of an earlier bucket: comparing makes that harmless.
        await refold(connection, into, groups, facts, facts.keys())
        await refold_services(connection, into, groups, facts, facts.keys())
        of_bucket = set(asked)
        for child_id, place, month in (waiting for group in facts.values() for waiting in pending(group)):
            if child_id in of_bucket:
                deltas.add_pending(place, month, 1)
    await mark_filled(connection, generation, bucket + 1)
    await add_to_cells(connection, {generation: deltas})
    return len(children)


async def _drop_leftovers(connection: Connection) -> None:
    async with connection.transaction():
        # Batches write to a generation that is being filled; from here on they do not.
        await hold_projection(connection, alone=True)
        await give_up_filling(connection)
    for generation in await leftovers(connection):
        while not await drop_some(connection, generation, DROP_ROWS):
            pass
