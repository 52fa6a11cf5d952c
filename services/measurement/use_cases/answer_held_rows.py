"""A person answers rows that were held back: each then goes the way it would have gone, or is rejected.

A row is answered once: it is locked, and the intake ledger moves it from `quarantined` to what it became in the same
transaction. What is refused changes nothing, and the row stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from services.measurement.domain.entry_problems import EntryProblem
from services.measurement.domain.places import PlaceBook
from services.measurement.store import counts, intake_rows, quarantine
from services.measurement.store.counts import IntakeCount
from services.measurement.store.intake_rows import RowOutcome
from services.measurement.store.quarantine import AnswerKind, Decision, HeldChannel, StoredHeldRow
from services.measurement.store.vault import Vault
from services.measurement.use_cases.answer_file_rows import AnsweredRow, take_answered_rows
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
    """One answer to all rows it is given to.

    `accepted` takes what was proposed, `corrected` takes `values` (null empties one), `rejected` says why: a code and,
    if the person likes, a note. `job_id` where the answer was given to many at once.
    """

    kind: AnswerKind
    by: str
    values: Mapping[str, Any]
    reject_reason: str | None = None
    reject_note: str | None = None
    job_id: UUID | None = None


class AlreadyAnsweredError(Exception):
    """Somebody has answered the row before."""

    def __init__(self, held: StoredHeldRow) -> None:
        super().__init__(held.quarantine_id)
        self.held = held


Result = RowOutcome | RefusedError | AlreadyAnsweredError | UnknownFactError


async def answer_held_rows(
    connection: Connection, ids: Sequence[UUID], answer: Answer, places: PlaceBook, entry: Entry, vault: Vault
) -> list[Result]:
    """What each row became, or why it stays as it is. ConcurrentChangeError where a file has just changed a child."""
    held = await quarantine.hold_still(connection, ids)
    results: dict[UUID, Result] = {
        item: AlreadyAnsweredError(held[item]) if item in held else UnknownFactError()
        for item in ids
        if item not in held or held[item].state != "open"
    }
    waiting = [held[item] for item in dict.fromkeys(ids) if item not in results]
    if answer.kind == "rejected":
        results |= {row.quarantine_id: RowOutcome(row.row_number or 0, "rejected") for row in waiting}
    else:
        results |= await _take(connection, waiting, answer, places, entry, vault)
    await _settle(connection, waiting, results, answer, entry)
    return [results[item] for item in ids]


async def settle_rejected(connection: Connection, rows: Sequence[StoredHeldRow], answer: Answer, entry: Entry) -> None:
    """Reject rows that the caller holds."""
    results: dict[UUID, Result] = {row.quarantine_id: RowOutcome(row.row_number or 0, "rejected") for row in rows}
    await _settle(connection, rows, results, answer, entry)


async def _settle(
    connection: Connection, rows: Sequence[StoredHeldRow], results: Mapping[UUID, Result], answer: Answer, entry: Entry
) -> None:
    """Write down the answers, what the rows of files became, and what moves in the ledger."""
    done = [(row, outcome) for row in rows if isinstance(outcome := results[row.quarantine_id], RowOutcome)]
    if not done:
        return
    decision = Decision(
        state="discarded" if answer.kind == "rejected" else "resolved",
        answer=answer.kind,
        by=answer.by,
        reject_reason=answer.reject_reason,
        reject_note=answer.reject_note,
        job_id=answer.job_id,
    )
    became = [(row.quarantine_id, outcome.child_id, outcome.fact_id) for row, outcome in done]
    await quarantine.settle(connection, became, decision, entry.known_at)
    by_file: dict[UUID, list[RowOutcome]] = {}
    by_channel: dict[HeldChannel, list[str]] = {}
    for row, outcome in done:
        by_channel.setdefault(row.channel, []).append(TERMS[outcome.outcome])
        if row.intake_id is not None:
            by_file.setdefault(row.intake_id, []).append(outcome)
    for intake_id, outcomes in by_file.items():
        await intake_rows.settle_rows(connection, intake_id, outcomes)
    for channel, terms in by_channel.items():
        moved = IntakeCount(quarantined=-len(terms), **Counter(terms))
        await counts.add(connection, channel, moved, entry.known_at)


async def _take(
    connection: Connection,
    rows: Sequence[StoredHeldRow],
    answer: Answer,
    places: PlaceBook,
    entry: Entry,
    vault: Vault,
) -> dict[UUID, Result]:
    """Rows of files together, file by file; visits by API one by one."""
    results: dict[UUID, Result] = {}
    by_file: dict[tuple[UUID, str], list[AnsweredRow]] = {}
    for row in rows:
        content = opened(row, vault)
        values = dict(content.proposed) if answer.kind == "accepted" else dict(answer.values)
        if row.intake_id is not None:
            by_file.setdefault((row.intake_id, row.source), []).append(AnsweredRow(row, content, values))
        elif not values and answer.kind == "accepted":
            results[row.quarantine_id] = RefusedError(EntryProblem("nothing_proposed", "proposed"))
        else:
            results[row.quarantine_id] = await _record(connection, content, values, _as_sent(row, entry), vault)
    for (intake_id, _), answered in by_file.items():
        as_sent = _as_sent(answered[0].held, entry)
        taken = await take_answered_rows(connection, intake_id, answered, places, as_sent, vault)
        results |= {item.held.quarantine_id: result for item, result in zip(answered, taken, strict=True)}
    return results


def _as_sent(held: StoredHeldRow, entry: Entry) -> Entry:
    return replace(entry, channel=held.channel, source=held.source)


async def _record(
    connection: Connection, content: HeldContent, values: Mapping[str, Any], entry: Entry, vault: Vault
) -> RowOutcome | RefusedError:
    """A visit that came by API, with its new values; what is held back once more is undone."""
    foreign = sorted(values.keys() - NewMeasurement.model_fields.keys())
    if foreign:
        return RefusedError(*(EntryProblem("field_not_of_row", name) for name in foreign))
    row = NewMeasurement.model_validate_json(orjson.dumps({**content.fields, **values}))
    attempt = connection.transaction()
    await attempt.start()
    result = (await record_measurements(connection, [row], entry, vault))[0]
    if result.outcome not in {"accepted", "unchanged"} or result.fact is None:
        await attempt.rollback()
        return RefusedError(*result.problems)
    await attempt.commit()
    return RowOutcome(0, result.outcome, (), result.fact.child_id, result.fact.fact_id)
