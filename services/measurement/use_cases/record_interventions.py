"""Record interventions: each row is stored, known already, in conflict or refused, whatever its neighbours are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.interventions import (
    Life,
    day_problems,
    dose_problems,
    feeding_problems,
    life_problems,
    recall_problems,
    rival,
)
from services.measurement.store.children import CHILDREN, Standing, merged_into
from services.measurement.store.counts import IntakeCount
from services.measurement.store.interventions import INTERVENTIONS, of_children
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.record_measurements import child_refusal
from shared.contracts.child import ChildV1
from shared.contracts.fact import new_fact_id
from shared.contracts.intervention import (
    BreastfeedingRecall,
    InterventionV1,
    Part,
    Referral,
    SupplementaryFeeding,
    Supplementation,
)
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Outcome = Literal["accepted", "unchanged", "conflict", "rejected"]
STEP_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class NewIntervention:
    """What was done for a child."""

    child_id: UUID
    part: Part


@dataclass(frozen=True, slots=True)
class RecordedIntervention:
    """What became of a row. `fact` is the stored one: the new, the equal, or the one it meets."""

    outcome: Outcome
    fact: InterventionV1 | None = None
    problems: tuple[EntryProblem, ...] = ()
    survivor_id: UUID | None = None


async def record_interventions(
    connection: Connection, rows: Sequence[NewIntervention], entry: Entry
) -> list[RecordedIntervention]:
    """Store `rows` and their events; for each, in input order, what became of it.

    All children are locked at once, in the order of their ids, so that of two equal courses one meets the other and two
    batches never wait for each other crosswise. A child's merged records are looked at as its own.
    """
    found = await CHILDREN.find(connection, [row.child_id for row in rows], lock=True)
    children = {child.child_id: child for child in found}
    known = await family_interventions(connection, list(children))
    results = []
    for number, row in enumerate(rows):
        if number % STEP_ROWS == 0:
            await asyncio.sleep(0)  # the loop is never held for long
        result = _judged(row, children.get(row.child_id), known[row.child_id], entry)
        if result.outcome == "accepted" and result.fact is not None:
            known[row.child_id].append(result.fact)
        results.append(result)
    new = [result.fact for result in results if result.outcome == "accepted" and result.fact is not None]
    await INTERVENTIONS.insert(connection, new, entry.origin())
    await publish(connection, new)
    return results


def count_of(results: Sequence[RecordedIntervention]) -> IntakeCount:
    """The terms of the intake ledger; a conflict is a rejection."""
    found = [result.outcome for result in results]
    return IntakeCount(
        received=len(found),
        accepted=found.count("accepted"),
        unchanged=found.count("unchanged"),
        rejected=found.count("rejected") + found.count("conflict"),
    )


async def family_interventions(
    connection: Connection, child_ids: Sequence[UUID]
) -> defaultdict[UUID, list[InterventionV1]]:
    """Interventions of each of these children and of all who are merged into it."""
    survivor = await merged_into(connection, child_ids)
    known: defaultdict[UUID, list[InterventionV1]] = defaultdict(list)
    for fact in await of_children(connection, [*child_ids, *survivor]):
        known[survivor.get(fact.child_id, fact.child_id)].append(fact)
    return known


def intervention_problems(part: Part, child: ChildV1, today: date) -> list[EntryProblem]:
    """Everything wrong with an intervention of a child; empty = it may be stored."""
    life = Life(child.birth_date, child.died_on, child.departed_on)
    found = [*life_problems(part, life), *day_problems(part, today)]
    if isinstance(part, SupplementaryFeeding):
        found += feeding_problems(part, today)
    if isinstance(part, Supplementation):
        found += dose_problems(part, child.birth_date)
    if isinstance(part, BreastfeedingRecall):
        found += recall_problems(part, child.birth_date)
    return found


def says_the_same(part: Part, stored: Part) -> bool:
    """Whether a row says what is stored; a reply is not its to say."""
    if isinstance(stored, Referral):
        stored = stored.model_copy(update={"reply": None})
    return part == stored


def _judged(
    row: NewIntervention, child: ChildV1 | None, known: Sequence[InterventionV1], entry: Entry
) -> RecordedIntervention:
    refusal = child_refusal(None if child is None else _standing(child), entry)
    if refusal is not None:
        return RecordedIntervention("rejected", problems=refusal.problems, survivor_id=refusal.survivor_id)
    if child is None:
        raise LookupError("a child that is not there was not refused")
    found = intervention_problems(row.part, child, entry.today)
    if found:
        return RecordedIntervention("rejected", problems=tuple(found))
    met = rival(row.part, known)
    if met is None:
        return RecordedIntervention("accepted", _fact(row, entry))
    if says_the_same(row.part, met.part):
        return RecordedIntervention("unchanged", met)
    return RecordedIntervention("conflict", met, (EntryProblem("intervention_conflict", row.part.type_name),))


def _standing(child: ChildV1) -> Standing:
    home = child.residences[-1]
    return Standing(
        child.birth_date,
        child.died_on,
        child.departed_on,
        home.desa_code,
        home.posyandu_code,
        child.merged_into,
        child.voided,
    )


def _fact(row: NewIntervention, entry: Entry) -> InterventionV1:
    return InterventionV1.model_validate(
        {
            "fact_id": new_fact_id(),
            "child_id": row.child_id,
            "epoch": 1,
            "revision": 1,
            "change": "recorded",
            "known_at": entry.known_at,
            "type": row.part.type_name,
            "recorded_at": entry.known_at,
            "source": entry.source,
            row.part.type_name: row.part,
        }
    )
