"""A person ends a task: done, or cancelled. What measurements answer ends by itself (`plan_follow_ups`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.scoring.store import doors
from services.scoring.store.cases import write_follow_ups
from services.scoring.store.follow_up_notes import notes_of, write_note
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import revised
from shared.contracts.risk import FollowUpV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Outcome = Literal["done", "cancelled"]


class FollowUpRefusedError(ValueError):
    """The task cannot change so; `code` says why, `limit` the last day that is possible."""

    def __init__(self, code: str, detail: str, *, limit: date | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.limit = limit


@dataclass(frozen=True, slots=True)
class AskedEnd:
    """How it ended and when; shown by a measurement or result (`fact_id`), by what a person wrote (`note`), or both."""

    outcome: Outcome
    done_on: date
    fact_id: UUID | None
    note: str | None
    by: str


async def complete_follow_up(connection: Connection, task: FollowUpV1, asked: AskedEnd, clock: Clock) -> FollowUpV1:
    """The locked task as it ends, stored and handed to the outbox; told again the same way, nothing changes.

    FollowUpRefusedError: `follow_up_ended` (otherwise than asked), `done_in_future`, `done_before_reason`,
    `evidence_missing`, `evidence_unknown` (no valid fact of this child), `evidence_not_later` (than the reason),
    `evidence_after_end`.
    """
    if task.state != "open":
        if await _told(connection, task) == (asked.outcome, asked.done_on, asked.fact_id, asked.note):
            return task
        raise FollowUpRefusedError("follow_up_ended", f"{task.state} on {task.done_on}")
    if asked.done_on > clock.today:
        raise FollowUpRefusedError("done_in_future", f"{asked.done_on} has not come yet")
    earliest = await _earliest(connection, task)
    if asked.done_on < earliest:
        raise FollowUpRefusedError("done_before_reason", f"the reason dates from {earliest}")
    await _check_evidence(connection, task, asked, earliest)
    ended = revised(
        task,
        "closed",
        clock.now,
        state=asked.outcome,
        done_on=asked.done_on,
        closing_fact_id=asked.fact_id,
        closed_by=asked.by,
    )
    await write_follow_ups(connection, [ended])
    await write_note(connection, ended, "end", asked.note)
    await publish(connection, [ended])
    return ended


async def _told(connection: Connection, task: FollowUpV1) -> tuple[str, date | None, UUID | None, str | None]:
    note = (await notes_of(connection, [task])).get(task.fact_id, {}).get("end")
    return task.state, task.done_on, task.closing_fact_id, note


async def _check_evidence(connection: Connection, task: FollowUpV1, asked: AskedEnd, earliest: date) -> None:
    """What is said to show it is a fact of this child that can show it, or somebody's words."""
    if asked.fact_id is None:
        if asked.note is None:
            raise FollowUpRefusedError("evidence_missing", "neither a fact nor a text")
        return
    day = await doors.evidence_day(connection, task.child_id, asked.fact_id)
    if day is None:
        raise FollowUpRefusedError("evidence_unknown", "no valid measurement or result of this child")
    if asked.fact_id == task.because_fact_id or day < earliest:
        raise FollowUpRefusedError("evidence_not_later", f"the reason dates from {earliest}")
    if day > asked.done_on:
        raise FollowUpRefusedError("evidence_after_end", f"the fact dates from {day}")


async def _earliest(connection: Connection, task: FollowUpV1) -> date:
    """The day of what asked for it: a child may have been seen before its measurement reached the platform."""
    day = await doors.measured_on(connection, task.child_id, task.because_fact_id)
    return task.opened_on if day is None else min(day, task.opened_on)
