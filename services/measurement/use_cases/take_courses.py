"""Rows of a list of feeding courses: each is new, known already, the end of one that goes on, or refused with a reason.

A list is sent again as it grows: a row with a last day ends the course of the same child and first day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store.counts import IntakeCount
from services.measurement.store.households import children_by_nik
from services.measurement.store.vault import Vault
from services.measurement.use_cases.change_interventions import (
    InterventionConflictError,
    Target,
    correct_intervention,
)
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.record_interventions import (
    NewIntervention,
    RecordedIntervention,
    record_interventions,
)
from shared.contracts.intervention import InterventionV1, SupplementaryFeeding
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A row as it was read: whose, and the course or what is wrong with the row."""

    line: int
    child_id: UUID | None
    nik: str | None = field(repr=False)
    course: SupplementaryFeeding | None
    problem: EntryProblem | None = None


@dataclass(frozen=True, slots=True)
class TakenCourse:
    """What became of a row; `fact` is the stored course, of a refused row the one it meets, if any."""

    line: int
    outcome: Literal["accepted", "ended", "unchanged", "rejected"]
    fact: InterventionV1 | None = None
    problems: tuple[EntryProblem, ...] = ()


async def take_courses(
    connection: Connection, rows: Sequence[CourseRow], entry: Entry, vault: Vault
) -> list[TakenCourse]:
    """One outcome a row, in their order."""
    keys = {row.line: vault.match_keys({"nik": row.nik}, date.min).nik_key or b"" for row in rows if row.nik}
    known = await children_by_nik(connection, list(keys.values()))
    taken: dict[int, TakenCourse] = {}
    new: dict[int, NewIntervention] = {}
    for row in rows:
        found = {row.child_id} - {None} or known.get(keys.get(row.line, b""), set())
        child_id = next(iter(found), None)
        if row.problem is not None or row.course is None or child_id is None or len(found) > 1:
            problem = row.problem or EntryProblem("course_nik_of_several" if found else "unknown_child", "nik")
            taken[row.line] = TakenCourse(row.line, "rejected", problems=(problem,))
        else:
            new[row.line] = NewIntervention(child_id, row.course)
    for line, result in zip(new, await record_interventions(connection, list(new.values()), entry), strict=True):
        taken[line] = await _taken(connection, line, new[line], result, entry)
    return [taken[row.line] for row in rows]


def count_of_courses(taken: Sequence[TakenCourse]) -> IntakeCount:
    """The terms of the intake ledger: an end is a correction, which counts as accepted."""
    found = [row.outcome for row in taken]
    return IntakeCount(
        received=len(found),
        accepted=found.count("accepted") + found.count("ended"),
        unchanged=found.count("unchanged"),
        rejected=found.count("rejected"),
    )


async def _taken(
    connection: Connection, line: int, row: NewIntervention, result: RecordedIntervention, entry: Entry
) -> TakenCourse:
    met = result.fact
    if result.outcome != "conflict" or met is None:
        outcome: Literal["accepted", "unchanged", "rejected"] = (
            "rejected" if result.outcome == "conflict" else result.outcome
        )
        return TakenCourse(line, outcome, met, result.problems)
    if row.part.last_day is None or met.part.last_day is not None or row.part.first_day != met.part.first_day:
        return TakenCourse(line, "rejected", met, result.problems)
    try:
        ended = await correct_intervention(connection, Target(met.fact_id, met.order), row.part, entry)
    except RefusedError as error:
        return TakenCourse(line, "rejected", met, error.problems)
    except InterventionConflictError as error:
        return TakenCourse(line, "rejected", error.met, result.problems)
    return TakenCourse(line, "ended", ended)
