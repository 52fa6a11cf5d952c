"""Project a batch of facts: store them, fold what they touch, move the cells. The order of steps is the guarantee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final
from uuid import UUID

from services.reporting.domain.case_course import months_from
from services.reporting.domain.cells import Deltas
from services.reporting.domain.changes import changed_facts
from services.reporting.domain.facts import Slot
from services.reporting.domain.fold import newest
from services.reporting.store.child_services import newly_read, places_since
from services.reporting.store.fact_tables import TABLES
from services.reporting.store.feed import mark_changes
from services.reporting.store.generations import Target, hold_projection, targets
from services.reporting.store.group_facts import Groups, link, linked, lock_children, read_by_key, read_groups
from services.reporting.store.present import store_present
from services.reporting.store.projection import add_to_cells
from services.reporting.store.quality_marks import mark_quality
from services.reporting.store.tally import add_to_tally
from services.reporting.use_cases.refold import FOLD_GROUPS, Into, move_pending, refold
from services.reporting.use_cases.refold_services import refold_services
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.intervention import InterventionV1
from shared.contracts.risk import AssessmentV1, CaseV1, RiskStatusV1
from shared.messaging.batch import Applied
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Connection

FOLDED: Final = frozenset((ChildV1.kind, MeasurementV1.kind, AssessmentV1.kind, CaseV1.kind, InterventionV1.kind))

# Leader → measurements with something new (none where only a case is new); None = the whole group.
Asked = dict[UUID, set[UUID] | None]


async def project_facts(connection: Connection, facts: Sequence[Fact]) -> list[Applied]:
    """Apply `facts` in the open transaction; the outcome of each, in input order.

    (1) children locked, sorted; (2) facts merged, sorted; (3) the facts of those children read back from the tables
    and folded; (4) compared with the stored versions; (5) nothing is published, but posyandu-months
    are marked whose quality is to be judged; (6) cells last, sorted.
    """
    await hold_projection(connection)
    await read_by_key(connection)
    groups = await _lock(connection, facts)
    outcomes = await _merge(connection, facts)
    applied = [fact for fact, outcome in zip(facts, outcomes, strict=True) if outcome == "applied"]
    into: dict[Target, Deltas] = {}
    asked = _asked(groups, applied)
    if applied:
        into = {target: Deltas() for target in await targets(connection)}
        new = {(fact.fact_id, fact.epoch, fact.revision) for fact in applied if fact.kind in FOLDED}
        acted = {fact.child_id for fact in applied if type(fact) is InterventionV1}
        for part in _parts(groups, asked):
            await _fold(connection, into, *part, new, acted)
    await add_to_tally(connection, applied)
    for target, deltas in into.items():
        if target.is_live:
            deltas.served |= await _newly_read(connection, applied)
            if deltas.served:
                deltas.recounted.update(await places_since(connection, deltas.served))
            await mark_changes(connection, deltas.rows(), deltas.recounted)
    await mark_quality(connection, {key for deltas in into.values() for key in deltas.touched})
    await add_to_cells(connection, {target.generation: deltas for target, deltas in into.items()})
    return outcomes


async def _lock(connection: Connection, facts: Iterable[Fact]) -> Groups:
    """Lock the children that `facts` may change, with all that any merge ever joined to them."""
    touched: set[UUID] = set()
    merges: set[tuple[UUID, UUID]] = set()
    for fact in facts:
        if type(fact) is ChildV1:
            touched.add(fact.child_id)
            if fact.merged_into is not None:
                touched.add(fact.merged_into)
                merges.add((fact.child_id, fact.merged_into))
        elif (
            type(fact) is MeasurementV1
            or type(fact) is AssessmentV1
            or type(fact) is CaseV1
            or type(fact) is InterventionV1
        ):
            touched.add(fact.child_id)
    if not touched:
        return {}
    locked = touched.union(await linked(connection, touched))
    await lock_children(connection, locked)
    await link(connection, merges)
    # A merge that was committed while we waited for the locks joins more; under the locks nobody can add to that.
    while not (groups := await linked(connection, touched)).keys() <= locked:
        await lock_children(connection, groups.keys() - locked)
        locked |= groups.keys()
    return groups


async def _merge(connection: Connection, facts: Sequence[Fact]) -> list[Applied]:
    outcomes: list[Applied] = ["not_newer"] * len(facts)
    places: dict[str, list[int]] = {kind: [] for kind in TABLES}
    for index, fact in enumerate(facts):
        places[fact.kind].append(index)
    for kind, indexes in places.items():
        merged = await merge_facts(connection, TABLES[kind], [facts[index] for index in indexes])
        for index, outcome in zip(indexes, merged, strict=True):
            outcomes[index] = outcome
    return outcomes


async def _newly_read(connection: Connection, applied: Iterable[Fact]) -> set[tuple[UUID, date]]:
    """Children of whom a laboratory value is read otherwise than before: of whatever month."""
    new = Counter(fact.child_id for fact in applied if type(fact) is RiskStatusV1)
    return {(child_id, date.min) for child_id in await newly_read(connection, new)} if new else set()


def _asked(groups: Groups, applied: Iterable[Fact]) -> Asked:
    """Groups with something new: as a whole if a child fact is new, or if there are several children in it."""
    asked: Asked = {}
    for fact in applied:
        measurement_id: UUID | None = None
        if type(fact) is MeasurementV1:
            measurement_id = fact.fact_id
        elif type(fact) is AssessmentV1:
            measurement_id = fact.measurement_id
        elif type(fact) is CaseV1 or type(fact) is InterventionV1:
            pass
        elif type(fact) is ChildV1:
            asked[groups.get(fact.child_id, fact.child_id)] = None
            continue
        else:
            continue
        leader = groups.get(fact.child_id)
        if leader is not None:
            asked[leader] = None
        elif (ids := asked.setdefault(fact.child_id, set())) is not None and measurement_id is not None:
            ids.add(measurement_id)
    return asked


def _parts(groups: Groups, asked: Asked) -> Iterator[tuple[Groups, Asked]]:
    """What is asked for, some groups at a time, each with all its members."""
    members: dict[UUID, list[UUID]] = {}
    for child_id, leader in groups.items():
        members.setdefault(leader, []).append(child_id)
    leaders = list(asked)
    for start in range(0, len(leaders), FOLD_GROUPS):
        part = leaders[start : start + FOLD_GROUPS]
        whose = {child_id: leader for leader in part for child_id in members.get(leader, (leader,))}
        yield whose, {leader: asked[leader] for leader in part}


async def _fold(
    connection: Connection,
    into: Into,
    groups: Groups,
    asked: Asked,
    new: AbstractSet[Slot],
    acted: AbstractSet[UUID],
) -> None:
    facts = await read_groups(connection, groups, asked)
    move_pending(into, facts, new)
    whole = {leader for leader, ids in asked.items() if ids is None}
    since = {}
    for leader, ids in asked.items():
        if ids is not None and (cases := facts[leader].cases):
            opened = months_from(cases, (case.case_id for case in cases if case.slot in new))
            if opened is not None:
                since[leader] = opened
    await refold(connection, into, groups, facts, whole, since)
    served = whole.union(leader for child_id, leader in groups.items() if child_id in acted)
    await refold_services(connection, into, groups, facts, served)
    children = [child for leader in whole for child in facts[leader].children]
    for deltas in into.values():
        deltas.recounted.update(changed_facts(children, new))
    changed = {child.child_id for child in children if child.slot in new}
    await store_present(connection, newest(child for child in children if child.child_id in changed).values())
