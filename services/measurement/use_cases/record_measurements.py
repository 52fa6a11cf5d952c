"""Record visits: each row is stored, known already, in conflict, held back or refused, whatever its neighbours are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal
from uuid import UUID

from services.measurement.domain.entry_checks import visit_problems
from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store import counts, quarantine
from services.measurement.store.children import Standing, standing
from services.measurement.store.counts import IntakeCount
from services.measurement.store.measurements import MEASUREMENTS, same_day
from services.measurement.store.quarantine import HeldRow
from services.measurement.store.register import Place, unknown_places
from services.measurement.store.vault import Vault
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.held_rows import Doubt, HeldContent, held_row
from services.measurement.use_cases.visits import NewMeasurement
from shared.contracts.child import MeasurementV1
from shared.contracts.fact import new_fact_id
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Outcome = Literal["accepted", "unchanged", "conflict", "quarantined", "rejected"]
Slot = tuple[object, ...]

# What a visit measured: equal in these, two records of one source and day are one.
MEASURED: Final = (
    "weight_kg",
    "length_height_cm",
    "measurement_position",
    "head_circumference_cm",
    "muac_cm",
    "oedema",
    "danger_signs",
    "temperature_c",
)
measured_values: Final = attrgetter(*MEASURED)
ATTEMPTS: Final = 3  # a row that is voided between our insert and our look at it is inserted again


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a row. `fact` is the stored one: the new, the equal, or the one it contradicts."""

    outcome: Outcome
    fact: MeasurementV1 | None = None
    problems: tuple[EntryProblem, ...] = ()
    survivor_id: UUID | None = None


async def record_measurements(
    connection: Connection, rows: Sequence[NewMeasurement], entry: Entry, vault: Vault
) -> list[Recorded]:
    """Store `rows` and their events; for each, in input order, what became of it.

    A second record of the same child, day and source is `unchanged` if it says the same and `conflict` if not: a
    correction must say that it is one. Re-measurements stand beside the first reading.
    """
    children = await standing(connection, [row.child_id for row in rows])
    points = {point for row in rows if (point := service_point(row.desa_code, row.posyandu_code)) is not None}
    wrong = await unknown_places(connection, list(points)) if points else {}
    results: list[Recorded | None] = [_refusal(row, children.get(row.child_id), wrong, entry) for row in rows]
    new = {index: _fact(row, entry) for index, row in enumerate(rows) if results[index] is None}
    for index, recorded in (await _store(connection, new, entry)).items():
        results[index] = recorded
    held = [
        _held(row, result, entry, vault)
        for row, result in zip(rows, results, strict=True)
        if result is not None and result.outcome == "quarantined"
    ]
    await quarantine.hold(connection, held, entry.known_at)
    done = [result for result in results if result is not None]
    await publish(connection, [result.fact for result in done if result.outcome == "accepted" and result.fact])
    return done


def count_of(results: Sequence[Recorded]) -> IntakeCount:
    """The terms of the intake ledger; a conflict is a rejection."""
    found = [result.outcome for result in results]
    return IntakeCount(
        received=len(found),
        accepted=found.count("accepted"),
        unchanged=found.count("unchanged"),
        rejected=found.count("rejected") + found.count("conflict"),
        quarantined=found.count("quarantined"),
    )


async def add_count(connection: Connection, channel: counts.Channel, count: IntakeCount, entry: Entry) -> None:
    """Append the count of a request."""
    await counts.add(connection, channel, count, entry.known_at)


def service_point(desa_code: str | None, posyandu_code: str | None) -> Place | None:
    """Where a visit took place: a posyandu's code says its desa."""
    if posyandu_code is not None:
        return desa_code or posyandu_code.rpartition(".")[0], posyandu_code
    return None if desa_code is None else (desa_code, None)


def point_problem(point: Place | None, wrong: Mapping[Place, str]) -> list[EntryProblem]:
    """What is wrong with a service point; nothing, mostly."""
    code = None if point is None else wrong.get(point)
    return [] if code is None else [EntryProblem(code, f"{code.removeprefix('unknown_')}_code")]


def child_refusal(child: Standing | None, entry: Entry) -> Recorded | None:
    """Why nothing may be recorded of a child; None where it may."""
    if child is None:
        return Recorded("rejected", problems=(EntryProblem("unknown_child", "child_id"),))
    if not entry.grant.covers(child.desa_code, child.posyandu_code):
        return Recorded("rejected", problems=(EntryProblem("outside_area", "child_id"),))
    if child.merged_into is not None:
        problem = EntryProblem("child_merged", "child_id")
        return Recorded("rejected", problems=(problem,), survivor_id=child.merged_into)
    return Recorded("rejected", problems=(EntryProblem("child_voided", "child_id"),)) if child.voided else None


def _refusal(row: NewMeasurement, child: Standing | None, wrong: Mapping[Place, str], entry: Entry) -> Recorded | None:
    refusal = child_refusal(child, entry)
    if refusal is not None or child is None:
        return refusal
    found = point_problem(service_point(row.desa_code, row.posyandu_code), wrong)
    known = {"died_on": child.died_on, "departed_on": child.departed_on}
    problems = (*found, *visit_problems(row, child.birth_date, entry.today, **known))
    if not problems:
        return None
    held = all(problem.action == "quarantine" for problem in problems)
    return Recorded("quarantined" if held else "rejected", problems=problems)


def _fact(row: NewMeasurement, entry: Entry) -> MeasurementV1:
    desa_code, posyandu_code = service_point(row.desa_code, row.posyandu_code) or (None, None)
    values = {**vars(row), "desa_code": desa_code, "posyandu_code": posyandu_code}  # dict(row) costs five times as much
    return MeasurementV1(
        fact_id=new_fact_id(),
        epoch=1,
        revision=1,
        change="recorded",
        known_at=entry.known_at,
        recorded_at=entry.known_at,
        channel=entry.channel,
        source=entry.source,
        **values,
    )


async def _store(connection: Connection, new: dict[int, MeasurementV1], entry: Entry) -> dict[int, Recorded]:
    """Insert what is new; rows that meet a stored or an earlier row of the batch are compared with it."""
    holders: dict[Slot, MeasurementV1] = await _stored_remeasurements(connection, list(new.values()))
    waiting: list[MeasurementV1] = []
    for fact in new.values():
        slot = _slot(fact)
        if slot not in holders:
            holders[slot] = fact
            waiting.append(fact)
    stored: set[UUID] = set()
    for _ in range(ATTEMPTS):
        waiting.sort(key=_insert_order)
        inserted = await MEASUREMENTS.insert_missing(connection, waiting, entry.origin())
        stored |= inserted
        waiting = [fact for fact in waiting if fact.fact_id not in inserted]
        if not waiting:
            break
        met = await same_day(connection, [(fact.child_id, fact.measured_on) for fact in waiting])
        for rival in (fact for day in met.values() for fact in day if not fact.voided):
            if _slot(rival) in holders:
                holders[_slot(rival)] = rival
        waiting = [fact for fact in waiting if holders[_slot(fact)].fact_id == fact.fact_id]
    if waiting:
        raise RuntimeError("measurements neither inserted nor found")
    return {index: _against(fact, holders[_slot(fact)], stored) for index, fact in new.items()}


async def _stored_remeasurements(connection: Connection, facts: Sequence[MeasurementV1]) -> dict[Slot, MeasurementV1]:
    """Stored second readings of these days: they have no unique key, equal values make them one."""
    visits = [(fact.child_id, fact.measured_on) for fact in facts if fact.is_remeasurement]
    days = await same_day(connection, visits)
    return {_slot(fact): fact for day in days.values() for fact in day if fact.is_remeasurement and not fact.voided}


_insert_order: Final = attrgetter("child_id.int", "measured_on", "fact_id.int")


def _slot(fact: MeasurementV1) -> Slot:
    """What only one living record may occupy: child, day, source; of a re-measurement its values too."""
    natural = (fact.child_id, fact.measured_on, fact.source)
    return (*natural, *measured_values(fact)) if fact.is_remeasurement else natural


def _against(fact: MeasurementV1, holder: MeasurementV1, stored: set[UUID]) -> Recorded:
    if holder.fact_id == fact.fact_id and fact.fact_id in stored:
        return Recorded("accepted", fact)
    if measured_values(holder) == measured_values(fact):
        return Recorded("unchanged", holder)
    return Recorded("conflict", holder, (EntryProblem("value_conflict", "measured_on"),))


def _held(row: NewMeasurement, result: Recorded, entry: Entry, vault: Vault) -> HeldRow:
    doubts = tuple(Doubt(problem.code, problem.field, problem.value) for problem in result.problems)
    proposed = {name: value for problem in result.problems for name, value in problem.proposed}
    return held_row(HeldContent(row.model_dump(), doubts, proposed), entry, vault)
