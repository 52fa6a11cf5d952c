"""What a rule set says about courses of supplementary feeding, and where a course stands on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.scoring.domain.ruleset_checks import Checks

FEEDING_CLASSES: Final = ("wasted", "underweight", "not_gained")


@dataclass(frozen=True, slots=True)
class CourseRules:
    """Days of feeding by class, and how often a child is weighed meanwhile."""

    days: Mapping[str, int]
    weighing_every_days: int


def course_rules(checks: Checks) -> CourseRules:
    """The table `courses.supplementary_feeding`."""
    table = checks.table("courses", "supplementary_feeding")
    days = {name: table.whole(f"{name}_days", 1, 366) for name in FEEDING_CLASSES}
    return CourseRules(days, table.whole("weighing_every_days", 1, 31))


@dataclass(frozen=True, slots=True)
class Course:
    """Where a course stands; nothing of it is stored. A day that is due is overdue from the day after."""

    planned_days: int
    planned_end_on: date
    days_so_far: int
    next_weighing_due_on: date | None  # None once it has ended, or is to end before
    weighing_overdue: bool
    end_overdue: bool


def course_on(
    today: date, started_on: date, ended_on: date | None, planned_days: int, weighed_on: Sequence[date], every_days: int
) -> Course:
    """The course on `today`; `weighed_on`: days with a weight since its beginning."""
    planned_end = started_on + timedelta(days=planned_days - 1)
    last = max([started_on, *(on for on in weighed_on if on >= started_on)])
    due = last + timedelta(days=every_days)
    awaited = due if ended_on is None and due <= planned_end else None
    return Course(
        planned_days=planned_days,
        planned_end_on=planned_end,
        days_so_far=max(0, ((ended_on or today) - started_on).days + 1),
        next_weighing_due_on=awaited,
        weighing_overdue=awaited is not None and awaited < today,
        end_overdue=ended_on is None and planned_end < today,
    )
