"""What is known of children's families: each risk yes, no or unknown, by whom and as of when. The newer word holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store.children import CHILDREN
from services.measurement.use_cases.correct_children import locked_child
from services.measurement.use_cases.entry import Entry, RefusedError
from shared.contracts.child import ChildV1, HouseholdAnswer, HouseholdRisk
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Answers = Sequence[HouseholdAnswer]


def with_answers(known: Answers, new: Answers) -> tuple[HouseholdAnswer, ...]:
    """Of each risk the answer of the latest day; of two of one day the one that is said now. By code of the risk."""
    held = {answer.risk: answer for answer in known}
    for answer in new:
        if answer.risk not in held or held[answer.risk].as_of <= answer.as_of:
            held[answer.risk] = answer
    return tuple(held[risk] for risk in sorted(held))


def risks_of(child: ChildV1, household: Answers) -> tuple[HouseholdRisk, ...]:
    """The risks that are there: by answer, and those of old that nobody was asked about."""
    asked = {answer.risk for answer in household}
    there = {risk for risk in child.household_risks if risk not in asked}
    return tuple(sorted(there | {answer.risk for answer in household if answer.answer == "yes"}))


async def state_household(
    connection: Connection, child_id: UUID, seen: tuple[int, int], answers: Answers, entry: Entry
) -> ChildV1:
    """One child's family; what says nothing new makes no revision. UnknownFactError, StaleError, RefusedError."""
    child = await locked_child(connection, child_id, seen)
    problem = _problem(child, answers, entry)
    if problem is not None:
        raise RefusedError(problem)
    return (await _state(connection, [(child, answers)], entry))[0]


async def state_households(
    connection: Connection, answers: Mapping[UUID, Answers], entry: Entry
) -> dict[UUID, ChildV1 | EntryProblem | None]:
    """Of each child the new state, a problem, or None where nothing is new; a child the caller does not see is none.

    Locked in the order of their ids.
    """
    children = {child.child_id: child for child in await CHILDREN.find(connection, list(answers), lock=True)}
    results: dict[UUID, ChildV1 | EntryProblem | None] = {
        child_id: EntryProblem("unknown_child", "child_id") for child_id in answers if child_id not in children
    }
    taken: list[tuple[ChildV1, Answers]] = []
    for child_id, child in children.items():
        problem = _problem(child, answers[child_id], entry)
        if problem is not None:
            results[child_id] = problem
        else:
            taken.append((child, answers[child_id]))
    for (before, _), after in zip(taken, await _state(connection, taken, entry), strict=True):
        results[before.child_id] = after if after is not before else None
    return results


async def _state(connection: Connection, answers: Sequence[tuple[ChildV1, Answers]], entry: Entry) -> list[ChildV1]:
    states, changed = [], []
    for child, new in answers:
        household = with_answers(child.household, new)
        if household == child.household:
            states.append(child)
            continue
        risks = risks_of(child, household)
        states.append(revised(child, "corrected", entry.now, household=household, household_risks=risks))
        changed.append(states[-1])
    await CHILDREN.replace(connection, changed, entry.origin())
    await publish(connection, changed)
    return states


def _problem(child: ChildV1, answers: Answers, entry: Entry) -> EntryProblem | None:
    if not entry.grant.covers(child.residences[-1].desa_code, child.residences[-1].posyandu_code):
        return EntryProblem("outside_area", "child_id")
    if child.merged_into is not None:
        return EntryProblem("child_merged", "child_id")
    if child.voided:
        return EntryProblem("child_voided", "child_id")
    late = next((answer for answer in answers if answer.as_of > entry.today), None)
    return None if late is None else EntryProblem("date_impossible", "as_of", value=late.as_of.isoformat())
