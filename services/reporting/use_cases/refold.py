"""Fold groups of children again and make the stored rows say so."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.reporting.domain.cells import BUCKETS, Deltas, bucket_of
from services.reporting.domain.changes import homes_apart
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.facts import Place, Slot
from services.reporting.domain.fold import ByMonth, GroupFacts, fold_months, fold_spans, judged_by_month, pending
from services.reporting.domain.versions import RootMonth, Version, compare
from services.reporting.store.generations import Target
from services.reporting.store.group_facts import Groups, read_groups
from services.reporting.store.projection import CHILD_MONTHS, CHILD_SPANS
from services.reporting.use_cases.move_cells import Move, move_cells, read_before
from shared.calendar import month_of
from shared.postgres.pool import Connection

FOLD_GROUPS: Final = 500  # read, folded and written in one go
PAUSE_MONTHS: Final = 1_000  # folded before something else may run: the heartbeat shares the loop

MonthVersion = Version[RootMonth, ChildMonth]
Into = Mapping[Target, Deltas]  # generations to write, and how their cells change


async def refold(
    connection: Connection,
    into: Into,
    groups: Groups,
    facts: Mapping[UUID, GroupFacts],
    whole: AbstractSet[UUID],
    since: Mapping[UUID, date] = MappingProxyType({}),
) -> None:
    """Fold the groups of `facts` (by leader), write what differs, and add the cells' changes to `into`.

    The groups in `whole` are folded with all their facts. Of the others, children alone, `facts` hold the measurements
    that are new or newly judged, and the months of these are folded; and where a case is new, those months from
    `since` on (its opening) in which the child has ever counted. Where the stored versions say that the child has
    counted in such a month before, all its facts are read, since another measurement may speak there; where they say
    nothing, none other has ever counted.
    """
    judged = {leader: judged_by_month(group) for leader, group in facts.items()}
    asked = [(leader, month) for leader, months in judged.items() if leader not in whole for month in months]
    members = [child_id for child_id, leader in groups.items() if leader in whole]
    if not asked and not members and not since:
        return
    stored = await _stored(connection, asked, members, since)
    await _judge_again(connection, judged, stored, facts.keys() - whole)
    fresh = await _fold(facts, judged)
    stored_spans = await CHILD_SPANS.read(connection, (), members) if members else {}
    spans = [span for leader in whole for span in fold_spans(facts[leader].children)]
    moves = [
        Move(
            target,
            compare(stored.get(target.generation, ()), [version for version in fresh if version.key[0] in here]),
            compare(stored_spans.get(target.generation, ()), [span for span in spans if span.key[0] in here]),
        )
        for target, here in ((target, held(target, groups)) for target in into)
    ]
    touched = _touched((*fresh, *(version for versions in stored.values() for version in versions)), asked, members)
    whole_members = set(members)
    before = await read_before(connection, moves, stored, whole_members)
    apart = {
        child.child_id: homes for group in facts.values() if (homes := homes_apart(group.children))
        for child in group.children
    }  # fmt: skip
    for move in moves:
        generation = move.target.generation
        await CHILD_MONTHS.write(connection, generation, move.months)
        await CHILD_SPANS.write(connection, generation, move.spans)
        into[move.target].touched |= touched
        move_cells(into[move.target], move, before, stored_spans.get(generation, ()), whole_members, facts, apart)


def _touched(
    versions: Sequence[MonthVersion], asked: Collection[RootMonth], members: Collection[UUID]
) -> set[tuple[Place, date]]:
    """Where the months that have something new count, and where they did: a value may change and no mark with it."""
    new, whole = set(asked), set(members)
    return {
        (version.content.place, version.key[1])
        for version in versions
        if version.known_to is None and (version.key in new or version.key[0] in whole)
    }


async def _stored(
    connection: Connection, asked: Collection[RootMonth], members: Collection[UUID], since: Mapping[UUID, date]
) -> dict[int, list[MonthVersion]]:
    """Stored versions, by generation: of the months `asked` for, of `members`, and of who is in `since` from then on.

    A month may be there twice, which comparing takes for once.
    """
    stored = await CHILD_MONTHS.read(connection, asked, members)
    if since:
        for generation, versions in (await CHILD_MONTHS.read(connection, (), since)).items():
            late = [version for version in versions if version.key[1] >= month_of(since[version.key[0]])]
            stored.setdefault(generation, []).extend(late)
    return stored


async def _judge_again(
    connection: Connection,
    judged: dict[UUID, ByMonth],
    stored: Mapping[int, Sequence[MonthVersion]],
    alone: AbstractSet[UUID],
) -> None:
    """Replace in `judged` what is known of months in which somebody `alone` has counted before by all there is."""
    counted: dict[UUID, set[date]] = {}
    for versions in stored.values():
        for version in versions:
            root_id, month = version.key
            if root_id in alone:
                counted.setdefault(root_id, set()).add(month)
    if counted:
        again = await read_groups(connection, dict(zip(counted, counted, strict=True)), dict.fromkeys(counted))
        for child_id, group in again.items():
            every = judged_by_month(group)
            judged[child_id] = {month: every[month] for month in counted[child_id].union(judged[child_id])}


async def _fold(facts: Mapping[UUID, GroupFacts], judged: Mapping[UUID, ByMonth]) -> list[MonthVersion]:
    versions: list[MonthVersion] = []
    folded = 0
    for leader, months in judged.items():
        versions += fold_months(facts[leader].children, months, facts[leader].cases)
        folded += len(months)
        if folded >= PAUSE_MONTHS:
            folded = 0
            await asyncio.sleep(0)
    return versions


def held(target: Target, groups: Groups) -> set[UUID]:
    """Children of whose group the target holds somebody; the others are left to the rebuild that fills it."""
    if target.buckets_done == BUCKETS:
        return set(groups)
    leaders = {leader for child_id, leader in groups.items() if bucket_of(child_id) < target.buckets_done}
    return {child_id for child_id, leader in groups.items() if leader in leaders}


def move_pending(into: Into, facts: Mapping[UUID, GroupFacts], new: AbstractSet[Slot]) -> None:
    """Count what the revisions `new` change in the number of measurements that wait for their assessment.

    Each child's in its own bucket: what a rebuild has not reached yet, it will count itself.
    """
    for group in facts.values():
        for sign, unseen in ((-1, new), (1, frozenset[Slot]())):
            for child_id, place, month in pending(group, unseen):
                for target, deltas in into.items():
                    if bucket_of(child_id) < target.buckets_done:
                        deltas.add_pending(place, month, sign)
