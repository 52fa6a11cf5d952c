"""A person answers a row that was held back: it then goes the way it would have gone, or is rejected.

A row is answered once: the row is locked, and the intake ledger moves it from `quarantined` to what it became in the
same transaction. What is refused changes nothing, and the row stays open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.places import PlaceBook
from services.measurement.store import counts, intake, quarantine
from services.measurement.store.counts import IntakeCount
from services.measurement.store.intake import RowOutcome
from services.measurement.store.quarantine import AnswerKind, Decision, StoredHeldRow
from services.measurement.store.vault import Vault
from services.measurement.use_cases.answer_file_rows import take_answered_row
from services.measurement.use_cases.entry import Entry, RefusedError
from services.measurement.use_cases.held_rows import HeldContent, opened
from services.measurement.use_cases.record_measurements import record_measurements
from services.measurement.use_cases.visits import NewMeasurement
from shared.postgres.pool import Connection
from shared.refusals import UnknownFactError

RejectReason = Literal["not_measured", "wrong_child", "duplicate", "device_faulty", "cannot_be_clarified"]
TERMS: Final = {"accepted": "accepted", "corrected": "accepted", "unchanged": "unchanged", "rejected": "rejected"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`accepted` takes what was proposed, `corrected` takes `values` (null empties one), `rejected` says why."""

    quarantine_id: UUID
    kind: AnswerKind
    by: str
    values: Mapping[str, Any]
    reject_reason: RejectReason | None = None


class AlreadyAnsweredError(Exception):
    """Somebody has answered the row before."""

    def __init__(self, held: StoredHeldRow) -> None:
        super().__init__(held.quarantine_id)
        self.held = held


async def answer_held_row(
    connection: Connection, answer: Answer, places: PlaceBook, entry: Entry, vault: Vault
) -> RowOutcome:
    """What the row became: accepted, corrected, unchanged or rejected.

    Raises UnknownFactError, AlreadyAnsweredError, RefusedError, and ConcurrentChangeError where a file has just changed
    the same child.
    """
    held = await quarantine.find(connection, answer.quarantine_id, lock=True)
    if held is None:
        raise UnknownFactError
    if held.state != "open":
        raise AlreadyAnsweredError(held)
    outcome = RowOutcome(held.row_number or 0, "rejected")
    if answer.kind != "rejected":
        outcome = await _take(connection, held, answer, places, entry, vault)
    decision = Decision(
        state="discarded" if answer.kind == "rejected" else "resolved",
        answer=answer.kind,
        by=answer.by,
        reject_reason=answer.reject_reason,
        child_id=outcome.child_id,
        fact_id=outcome.fact_id,
    )
    await quarantine.settle(connection, held.quarantine_id, decision, entry.known_at)
    if held.intake_id is not None:
        await intake.settle_row(connection, held.intake_id, outcome)
    moved = IntakeCount(**{"quarantined": -1, TERMS[outcome.outcome]: 1})
    await counts.add(connection, held.channel, moved, entry.known_at)
    return outcome


async def accept_each(
    connection: Connection, held: Sequence[StoredHeldRow], by: str, places: PlaceBook, entry: Entry, vault: Vault
) -> list[RowOutcome | RefusedError | AlreadyAnsweredError]:
    """Take each row as proposed, whatever becomes of the others; what is refused stays open."""
    results: list[RowOutcome | RefusedError | AlreadyAnsweredError] = []
    for row in held:
        answer = Answer(row.quarantine_id, "accepted", by, {})
        try:
            async with connection.transaction():
                results.append(await answer_held_row(connection, answer, places, entry, vault))
        except (RefusedError, AlreadyAnsweredError) as refusal:
            results.append(refusal)
    return results


async def _take(
    connection: Connection, held: StoredHeldRow, answer: Answer, places: PlaceBook, entry: Entry, vault: Vault
) -> RowOutcome:
    content = opened(held, vault)
    values = dict(answer.values)
    if answer.kind == "accepted":
        values = dict(content.proposed)
        if not values and held.channel == "api":
            raise RefusedError(EntryProblem("nothing_proposed", "proposed"))
    as_sent = replace(entry, channel=held.channel, source=held.source)
    if held.channel == "file":
        return await take_answered_row(connection, held, content, values, places, as_sent, vault)
    return await _record(connection, content, values, as_sent, vault)


async def _record(
    connection: Connection, content: HeldContent, values: Mapping[str, Any], entry: Entry, vault: Vault
) -> RowOutcome:
    """A visit that came by API, with its new values."""
    foreign = sorted(values.keys() - NewMeasurement.model_fields.keys())
    if foreign:
        raise RefusedError(*(EntryProblem("field_not_of_row", name) for name in foreign))
    row = NewMeasurement.model_validate_json(orjson.dumps({**content.fields, **values}))
    result = (await record_measurements(connection, [row], entry, vault))[0]
    if result.outcome not in {"accepted", "unchanged"} or result.fact is None:
        raise RefusedError(*result.problems)  # the transaction ends, and with it what was held back once more
    return RowOutcome(0, result.outcome, (), result.fact.child_id, result.fact.fact_id)
