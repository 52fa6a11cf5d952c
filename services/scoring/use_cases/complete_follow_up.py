"""A person ends a task: done, or cancelled. What measurements answer ends by itself (`plan_follow_ups`)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from services.scoring.store import doors
from services.scoring.store.cases import write_follow_ups
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import revised
from shared.contracts.risk import FollowUpV1
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Outcome = Literal["done", "cancelled"]


class FollowUpRefusedError(ValueError):
    """The task cannot end so; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


async def complete_follow_up(
    connection: Connection, task: FollowUpV1, outcome: Outcome, done_on: date, clock: Clock
) -> FollowUpV1:
    """The locked task as it ends, stored and handed to the outbox; told again the same way, nothing changes.

    FollowUpRefusedError: `follow_up_ended` (otherwise than asked), `done_in_future`, `done_before_reason`.
    """
    if task.state != "open":
        if (task.state, task.done_on) == (outcome, done_on):
            return task
        raise FollowUpRefusedError("follow_up_ended", f"{task.state} on {task.done_on}")
    if done_on > clock.today:
        raise FollowUpRefusedError("done_in_future", f"{done_on} has not come yet")
    earliest = await _earliest(connection, task)
    if done_on < earliest:
        raise FollowUpRefusedError("done_before_reason", f"the reason dates from {earliest}")
    ended = revised(task, "closed", clock.now, state=outcome, done_on=done_on)
    await write_follow_ups(connection, [ended])
    await publish(connection, [ended])
    return ended


async def _earliest(connection: Connection, task: FollowUpV1) -> date:
    """The day of what asked for it: a child may have been seen before its measurement reached the platform."""
    day = await doors.measured_on(connection, task.child_id, task.because_fact_id)
    return task.opened_on if day is None else min(day, task.opened_on)
