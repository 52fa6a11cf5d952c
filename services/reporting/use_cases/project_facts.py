"""Project a batch of facts: store them, fold what they touch, move the cells. The order of steps is the guarantee."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from services.reporting.domain.cells import Deltas
from services.reporting.domain.facts import AssessmentRevision, ChildRevision, MeasurementRevision
from services.reporting.domain.fold import GroupFacts, newest
from services.reporting.store.fact_tables import TABLES
from services.reporting.store.generations import hold_projection, targets
from services.reporting.store.group_facts import Groups, link, linked, lock_children, read_groups, touched_months
from services.reporting.store.present import store_present
from services.reporting.store.projection import add_to_cells
from services.reporting.store.tally import add_to_tally
from services.reporting.use_cases.refold import Months, fold, move_pending, store_fold, waiting_in
from shared.calendar import month_of
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1
from shared.messaging.batch import Applied
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Connection

Order = tuple[UUID, int, int]


async def project_facts(connection: Connection, facts: Sequence[Fact]) -> list[Applied]:
    """Apply `facts` in the open transaction; the outcome of each, in input order.

    (1) children locked, sorted; (2) facts merged, sorted; (3) the facts of those children read back from the tables
    and folded; (4) compared with the stored versions; (5) nothing is published; (6) cells last, sorted.
    """
    await hold_projection(connection)
    groups = await _lock(connection, facts)
    outcomes = await _merge(connection, facts)
    applied = [fact for fact, outcome in zip(facts, outcomes, strict=True) if outcome == "applied"]
    deltas: dict[int, Deltas] = {}
    if any(isinstance(fact, (ChildV1, MeasurementV1, AssessmentV1)) for fact in applied):
        groups, months = await _touched(connection, groups, applied)
        read = await read_groups(connection, groups, months)
        folded = fold(read, months)
        before = waiting_in(_without(read, applied), months)
        for target in await targets(connection):
            changes = await store_fold(connection, target, groups, months, folded)
            move_pending(changes, before, folded.waiting, range(target.buckets_done))
            deltas[target.generation] = changes.deltas
        await _store_present(connection, applied, read)
    await add_to_tally(connection, applied)
    await add_to_cells(connection, deltas)
    return outcomes


async def _lock(connection: Connection, facts: Sequence[Fact]) -> Groups:
    """Lock the children that `facts` may change, with all that any merge ever joined to them."""
    touched = {fact.child_id for fact in facts if isinstance(fact, (ChildV1, MeasurementV1, AssessmentV1))}
    merges = {
        (fact.child_id, fact.merged_into)
        for fact in facts
        if isinstance(fact, ChildV1) and fact.merged_into is not None
    }
    touched.update(root_id for _, root_id in merges)
    if not touched:
        return {}
    locked = set((await linked(connection, touched)).keys())
    await lock_children(connection, locked)
    await link(connection, merges)
    # A merge that was committed while we waited for the locks joins more; under the locks nobody can add to that.
    while not (groups := await linked(connection, touched)).keys() <= locked:
        await lock_children(connection, groups.keys() - locked)
        locked |= groups.keys()
    return groups


async def _merge(connection: Connection, facts: Sequence[Fact]) -> list[Applied]:
    outcomes: list[Applied] = ["not_newer"] * len(facts)
    for kind, table in TABLES.items():
        places = [index for index, fact in enumerate(facts) if fact.kind == kind]
        merged = await merge_facts(connection, table, [facts[index] for index in places])
        for index, outcome in zip(places, merged, strict=True):
            outcomes[index] = outcome
    return outcomes


async def _touched(connection: Connection, groups: Groups, applied: Iterable[Fact]) -> tuple[Groups, Months]:
    """Groups with something new, and the months to fold of each: all if a child fact is new."""
    whole: set[int] = set()
    named: set[tuple[UUID, UUID]] = set()
    months: dict[int, set[date]] = {}
    for fact in applied:
        if isinstance(fact, ChildV1):
            whole.add(groups[fact.child_id])
        elif isinstance(fact, MeasurementV1):
            named.add((fact.child_id, fact.fact_id))
            months.setdefault(groups[fact.child_id], set()).add(month_of(fact.measured_on))
        elif isinstance(fact, AssessmentV1):
            named.add((fact.child_id, fact.measurement_id))
            months.setdefault(groups[fact.child_id], set())
    # Other revisions of the same measurement may lie in other months.
    for child_id, month in await touched_months(connection, named):
        months[groups[child_id]].add(month)
    wanted: dict[int, Collection[date] | None] = dict.fromkeys(whole)
    wanted.update((number, found) for number, found in months.items() if number not in whole)
    return {child_id: number for child_id, number in groups.items() if number in wanted}, wanted


def _without(read: Mapping[int, GroupFacts], applied: Iterable[Fact]) -> dict[int, GroupFacts]:
    """The facts as they were before this batch."""
    new = {(fact.fact_id, fact.epoch, fact.revision) for fact in applied}

    def was_there(row: ChildRevision | MeasurementRevision | AssessmentRevision) -> bool:
        return (row[0] if isinstance(row, ChildRevision) else row[1], row.epoch, row.revision) not in new

    return {
        number: GroupFacts(
            [row for row in group.children if was_there(row)],
            [row for row in group.measurements if was_there(row)],
            [row for row in group.assessments if was_there(row)],
        )
        for number, group in read.items()
    }


async def _store_present(connection: Connection, applied: Iterable[Fact], read: Mapping[int, GroupFacts]) -> None:
    changed = {fact.child_id for fact in applied if isinstance(fact, ChildV1)}
    if changed:
        children = newest(child for group in read.values() for child in group.children if child.child_id in changed)
        await store_present(connection, children.values())
