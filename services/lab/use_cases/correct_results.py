"""Correct or retract stored results: a new revision of the same fact, under its lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from services.lab.domain.result_problems import ResultProblem
from services.lab.store.results import RESULTS
from services.lab.use_cases.entry import Entry, RefusedError
from services.lab.use_cases.new_result import NewResult, build_result
from services.lab.use_cases.record_results import settle, surroundings
from shared.contracts.fact import revised
from shared.contracts.lab import LabResultV1
from shared.postgres.pool import Connection
from shared.refusals import StaleError, UnknownFactError

VoidReason = Literal["entered_in_error", "wrong_child", "duplicate", "analyser_faulty", "specimen_unfit"]
CORRECTED = ("test_code", "loinc", "drawn_on", "drawn_at", "administered_at", "specimen", "value", "comparator",
             "canonical_unit", "findings", "original_value", "original_unit", "method")  # fmt: skip


async def correct_result(
    connection: Connection, fact_id: UUID, seen: tuple[int, int], changes: Mapping[str, Any], entry: Entry
) -> LabResultV1:
    """The stored fact after the correction; one that changes nothing makes no revision.

    A value always comes with its unit. Raises UnknownFactError, StaleError, and RefusedError for what would not be
    accepted as a new result either.
    """
    found = await RESULTS.find(connection, "fact_id = $1", fact_id)
    if not found:
        raise UnknownFactError
    row = _as_reported(found[0], changes)
    around = await surroundings(connection, [row])
    old = (await RESULTS.locked(connection, "fact_id", [fact_id]))[0]
    if old.order != seen:
        raise StaleError(old.order)
    if old.voided:
        raise RefusedError(ResultProblem("result_voided", "result_id"))
    if changes.get("value") is not None and not changes.get("unit"):
        row = row.model_copy(update={"unit": None})  # refused below: whose unit was meant is nobody's guess
    built = build_result(row, around, entry)
    if not isinstance(built, LabResultV1):
        raise RefusedError(*built)
    values = {name: getattr(built, name) for name in CORRECTED if getattr(built, name) != getattr(old, name)}
    if built.findings and built.findings == old.findings:
        values.pop("original_value", None)  # the words in which it came stay
    if not values:
        return old
    new = revised(old, "corrected", entry.now, **values)
    read_by = around.catalogue.version_of(new.test_code, new.drawn_on)
    await RESULTS.write(connection, [new], {fact_id: (None, None, read_by)})
    await settle(connection, [new], entry, before=[old])
    return new


async def void_result(
    connection: Connection, fact_id: UUID, seen: tuple[int, int], reason: VoidReason, entry: Entry
) -> LabResultV1:
    """The fact, retracted: its test waits again, its alert is withdrawn. Twice changes nothing.

    Raises UnknownFactError, StaleError.
    """
    found = await RESULTS.find(connection, "fact_id = $1", fact_id)
    if not found:
        raise UnknownFactError
    await surroundings(connection, [_as_reported(found[0], {})])
    old = (await RESULTS.locked(connection, "fact_id", [fact_id]))[0]
    if old.order != seen:
        raise StaleError(old.order)
    if old.voided:
        return old
    new = revised(old, "voided", entry.now, voided=True)
    await RESULTS.write(connection, [new], {fact_id: (None, reason, None)})
    await settle(connection, [new], entry)
    return new


def _as_reported(stored: LabResultV1, changes: Mapping[str, Any]) -> NewResult:
    """What the client would have sent for this result, with the changes; a new draw replaces both its parts."""
    row: dict[str, Any] = {
        "order_id": stored.order_id,
        "child_id": None if stored.order_id else stored.child_id,
        "test_code": stored.test_code,
        "value": None if stored.findings else float(stored.original_value.lstrip("<>=")),
        "findings": stored.findings,
        "unit": stored.original_unit,
        "comparator": stored.comparator,
        "drawn_on": stored.drawn_on,
        "drawn_at": stored.drawn_at,
        "administered_at": stored.administered_at,
        "specimen": None if stored.specimen == "other" else stored.specimen,
        "method": stored.method,
    }
    if changes.keys() & {"drawn_on", "drawn_at"}:
        row |= {"drawn_on": None, "drawn_at": None}
    if "value" in changes:
        row["comparator"] = None  # a bound that became a value is no bound any more, unless it is said again
    if changes.get("value") is not None:
        row["findings"] = ()
    elif "findings" in changes:
        row |= dict.fromkeys(("value", "unit", "comparator"))
    return NewResult.model_validate(row | dict(changes))
