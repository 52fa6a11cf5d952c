"""Merge and unmerge: an alias in the losing child's fact, never a change of its measurements (architecture §3).

`merged_into` is flat, one hop: whoever had been merged into the loser follows it to the survivor.
"""

from __future__ import annotations

from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import candidates, identities
from services.measurement.store.candidates import Decision
from services.measurement.store.children import CHILDREN, lock_merges
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.match_children import pair_id
from shared.contracts.child import ChildV1
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError


async def merge_children(
    connection: Connection, loser_id: UUID, seen: tuple[int, int], survivor_id: UUID, entry: Entry
) -> list[ChildV1]:
    """The children whose fact changed, the loser (`seen` as it was) first; nothing if it was merged so already.

    A person decides; twins and siblings are never merged by machine. Raises UnknownFactError, StaleError,
    RefusedError.
    """
    if loser_id == survivor_id:
        raise RefusedError(EntryProblem("merge_with_itself", "survivor_id"))
    children = await _locked(connection, loser_id, survivor_id)
    loser, survivor = children[loser_id], children[survivor_id]
    if loser.order != seen:
        raise StaleError(loser.order)
    if survivor.merged_into is not None:
        raise RefusedError(EntryProblem("child_merged", "survivor_id", value=str(survivor.merged_into)))
    if survivor.voided or loser.voided:
        raise RefusedError(EntryProblem("child_voided", "survivor_id" if survivor.voided else "child_id"))
    if loser.died_on is not None and survivor.died_on is None:
        raise RefusedError(EntryProblem("dead_into_living", "survivor_id"))
    followers = [child for child in children.values() if child.merged_into == loser_id]
    changed = [
        revised(child, "merged", entry.now, merged_into=survivor_id)
        for child in (loser, *followers)
        if child.merged_into != survivor_id
    ]
    await CHILDREN.replace(connection, changed, entry.origin())
    await publish(connection, changed)
    await identities.mark_pending(connection, [survivor_id])
    return changed


async def unmerge_child(connection: Connection, child_id: UUID, seen: tuple[int, int], entry: Entry) -> ChildV1:
    """The child, standing by itself again. Raises UnknownFactError, StaleError, RefusedError."""
    children = await CHILDREN.find(connection, [child_id], lock=True)
    if not children:
        raise UnknownFactError
    if children[0].order != seen:
        raise StaleError(children[0].order)
    if children[0].merged_into is None:
        raise RefusedError(EntryProblem("not_merged", "child_id"))
    alone = revised(children[0], "unmerged", entry.now, merged_into=None)
    await CHILDREN.replace(connection, [alone], entry.origin())
    await publish(connection, [alone])
    await identities.mark_pending(connection, [child_id])
    # Who parts two says that they are two: they are not proposed again unless something new speaks for it.
    parted = Decision("different", entry.subject, entry.known_at, entry.reason_text)
    await candidates.decide(connection, pair_id(child_id, children[0].merged_into), parted)
    return alone


async def _locked(connection: Connection, loser_id: UUID, survivor_id: UUID) -> dict[UUID, ChildV1]:
    """Both children and all who follow the loser, locked in one order.

    Two merges at once might each miss the other's new follower, so that a chain came about; a lock of all merges
    prevents it: people merge seldom.
    """
    await lock_merges(connection)
    followers = await CHILDREN.find(connection, [loser_id], column="merged_into")
    ids = [loser_id, survivor_id, *(child.child_id for child in followers)]
    children = {child.child_id: child for child in await CHILDREN.find(connection, ids, lock=True)}
    if loser_id not in children or survivor_id not in children:
        raise UnknownFactError
    return children
