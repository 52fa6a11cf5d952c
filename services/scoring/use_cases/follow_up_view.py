"""A task as lists and answers show it: overdue as of today, since time alone changes nothing stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.scoring.domain.ruleset import RuleSet
from services.scoring.store.follow_up_lists import ListedTask
from services.scoring.use_cases.snooze_follow_up import last_due_on
from shared.contracts.risk import FollowUpV1

Notes = Mapping[str, str | None]  # act → text


def follow_up_view(listed: ListedTask, rules: RuleSet, today: date, notes: Notes) -> dict[str, Any]:
    """The fields of the list; `content` is the fact as published. A task that has ended is not overdue.

    `notes`: what people wrote, as far as the caller may read it.
    """
    task = listed.task
    late = max(0, (today - task.due_on).days) if task.state == "open" else 0
    return {
        "child_id": str(task.child_id),
        "fact_id": str(task.fact_id),
        "desa_code": listed.desa_code,
        "posyandu_code": listed.posyandu_code,
        "task": task.task,
        "owner_role": task.owner_role,
        "urgency": rules.follow_ups[task.task].urgency,
        "state": task.state,
        "due_on": task.due_on,
        "overdue": late > 0,
        "days_overdue": late,
        "snooze_until_at_most": last_due_on(task, rules) if task.state == "open" else None,
        "snooze": _snooze(task, notes),
        "end": _end(task, notes),
        "content": task.model_dump(mode="json"),
    }


def _snooze(task: FollowUpV1, notes: Notes) -> dict[str, Any] | None:
    snooze = task.snooze
    if snooze is None:
        return None
    return {
        "snoozed_until": task.due_on,
        "first_due_on": snooze.first_due_on,
        "reason": snooze.reason,
        "by": snooze.by,
        "note": notes.get("snooze"),
    }


def _end(task: FollowUpV1, notes: Notes) -> dict[str, Any] | None:
    """How it ended and what shows it; `by` is empty where it ended by itself."""
    if task.state == "open":
        return None
    fact_id = None if task.closing_fact_id is None else str(task.closing_fact_id)
    return {"on": task.done_on, "fact_id": fact_id, "by": task.closed_by, "note": notes.get("end")}
