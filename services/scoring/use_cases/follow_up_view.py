"""A task as lists and answers show it: overdue as of today, since time alone changes nothing stored."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.scoring.domain.ruleset import RuleSet
from services.scoring.store.follow_up_lists import ListedTask


def follow_up_view(listed: ListedTask, rules: RuleSet, today: date) -> dict[str, Any]:
    """The fields of the list; `content` is the fact as published. A task that has ended is not overdue."""
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
        "content": task.model_dump(mode="json"),
    }
