"""Correct or void stored visits: a new revision of the same fact, under its lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.measurement.domain.entry_checks import visit_problems
from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.store.children import CHILDREN
from services.measurement.store.measurements import MEASUREMENTS
from services.measurement.store.register import unknown_places
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.record_measurements import point_problem, service_point
from shared.contracts.child import MeasurementV1
from shared.contracts.fact import revised
from shared.outbox.publish import publish
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError

VoidReason = Literal["entered_in_error", "wrong_child", "duplicate", "device_faulty", "not_measured"]


@dataclass(frozen=True, slots=True)
class Correction:
    """New values of a measurement, and the (epoch, revision) the client saw."""

    fact_id: UUID
    seen: tuple[int, int]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Void:
    """A measurement that never was, with the reason as a code."""

    fact_id: UUID
    seen: tuple[int, int]
    reason: VoidReason


async def correct_measurements(
    connection: Connection, corrections: Sequence[Correction], entry: Entry
) -> list[MeasurementV1]:
    """The stored facts after the corrections; one that changes nothing makes no revision.

    Raises UnknownFactError, StaleError, RefusedError (for what would not be accepted as a new measurement either).
    """
    stored = await _locked(connection, {item.fact_id: item.seen for item in corrections})
    children = {
        child.child_id: child for child in await CHILDREN.find(connection, [fact.child_id for fact in stored.values()])
    }
    results, changed = [], []
    for item in corrections:
        old = stored[item.fact_id]
        if old.voided:
            raise RefusedError(EntryProblem("measurement_voided", "measurement_id"))
        values = {name: value for name, value in item.values.items() if value != getattr(old, name)}
        new = revised(old, "corrected", entry.now, **values) if values else old
        child = children[new.child_id]
        gone = {"died_on": child.died_on, "departed_on": child.departed_on}
        problems = visit_problems(new, child.birth_date, entry.today, **gone)
        if values.keys() & {"desa_code", "posyandu_code"}:
            point = service_point(new.desa_code, new.posyandu_code)
            wrong = {} if point is None else await unknown_places(connection, [point])
            problems += point_problem(point, wrong)
        if problems:
            raise RefusedError(*problems)
        results.append(new)
        changed += [new] if values else []
    await MEASUREMENTS.replace(connection, changed, entry.origin())
    await publish(connection, changed)
    return results


async def void_measurements(connection: Connection, voids: Sequence[Void], entry: Entry) -> list[MeasurementV1]:
    """The facts, voided; voiding twice changes nothing. Raises UnknownFactError, StaleError."""
    stored = await _locked(connection, {item.fact_id: item.seen for item in voids})
    changed = [
        revised(stored[item.fact_id], "voided", entry.now, voided=True, void_reason=item.reason)
        for item in voids
        if not stored[item.fact_id].voided
    ]
    await MEASUREMENTS.replace(connection, changed, entry.origin())
    await publish(connection, changed)
    new = {fact.fact_id: fact for fact in changed}
    return [new.get(item.fact_id, stored[item.fact_id]) for item in voids]


async def _locked(connection: Connection, seen: Mapping[UUID, tuple[int, int]]) -> dict[UUID, MeasurementV1]:
    facts = await MEASUREMENTS.find(connection, list(seen), lock=True)
    stored = {fact.fact_id: fact for fact in facts}
    for fact_id, order in seen.items():
        if fact_id not in stored:
            raise UnknownFactError
        if stored[fact_id].order != order:
            raise StaleError(stored[fact_id].order)
    return stored
