"""A person puts a task off: a later due date with a reason, never further than the rule set allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.scoring.domain.ruleset import RuleSet
from services.scoring.store.cases import write_follow_ups
from services.scoring.store.follow_up_notes import write_note
from services.scoring.use_cases.complete_follow_up import FollowUpRefusedError
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import revised
from shared.contracts.risk import FollowUpV1, Snooze, SnoozeReason
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class AskedSnooze:
    """Until when, why, in whose words (None: the code says it all), by which account."""

    until: date
    reason: SnoozeReason
    note: str | None
    by: str


async def snooze_follow_up(
    connection: Connection, task: FollowUpV1, asked: AskedSnooze, rules: RuleSet, clock: Clock
) -> FollowUpV1:
    """The locked task with its later due date, stored and handed to the outbox; judging again leaves the date alone.

    FollowUpRefusedError: `follow_up_ended`, `snooze_not_later` (than the due date, or before today), `snooze_too_long`
    (names the last day possible), `snooze_note_missing` (reason `other`).
    """
    if task.state != "open":
        raise FollowUpRefusedError("follow_up_ended", f"{task.state} on {task.done_on}")
    if asked.until <= task.due_on or asked.until < clock.today:
        raise FollowUpRefusedError("snooze_not_later", f"due on {task.due_on} already")
    last = last_due_on(task, rules)
    if asked.until > last:
        raise FollowUpRefusedError("snooze_too_long", f"at most until {last}", limit=last)
    if asked.reason == "other" and asked.note is None:
        raise FollowUpRefusedError("snooze_note_missing", "`other` explains nothing by itself")
    snooze = Snooze(first_due_on=first_due_on(task), reason=asked.reason, by=asked.by)
    later = revised(task, "moved", clock.now, due_on=asked.until, snooze=snooze)
    await write_follow_ups(connection, [later])
    await write_note(connection, later, "snooze", asked.note)
    await publish(connection, [later])
    return later


def first_due_on(task: FollowUpV1) -> date:
    """The due date that the rule gave."""
    return task.due_on if task.snooze is None else task.snooze.first_due_on


def last_due_on(task: FollowUpV1, rules: RuleSet) -> date:
    """The latest due date the task may be given, however often it is put off."""
    return first_due_on(task) + timedelta(days=rules.follow_ups[task.task].snooze_days)
