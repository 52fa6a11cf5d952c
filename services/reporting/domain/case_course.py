"""How far the case of a suspected child has come: which case speaks for a month, and what it says.

A case covers the months from that of its opening to that of its end: opened on or before the month's last day, not
closed before its first. The month asks what became of the child, not what had happened by its last day: a laboratory
panel that is complete two months later still counts for the month of suspicion, from the day that it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.reporting.domain.facts import Slot

# Step of the cascade → milestone of a case; a case has recovered by the way it ends.
MILESTONES: Final = {
    "remeasured": "remeasured",
    "lab_ordered": "lab_ordered",
    "lab_complete": "lab_complete",
    "referred": "referred",
    "in_care": "care_started",
}
RECOVERED: Final = "recovered"
STEPS: Final = (*MILESTONES, RECOVERED)
CASE_MARKS: Final = (*STEPS, "anaemia_known", "anaemic")


class CaseRevision(NamedTuple):
    """One revision of a case. `milestones`: the first day of each."""

    child_id: UUID
    case_id: UUID
    epoch: int
    revision: int
    known_at: datetime
    opened_on: date
    close_reason: str | None
    closed_on: date | None
    milestones: Mapping[str, date]
    anaemia: str | None

    @property
    def slot(self) -> Slot:
        """Which revision this is."""
        return self[1:4]


class Course(NamedTuple):
    """The way of a case: days from its opening to each step reached and to its end, whichever end."""

    opened_on: date
    remeasured: int | None = None
    lab_ordered: int | None = None
    lab_complete: int | None = None
    referred: int | None = None
    in_care: int | None = None
    recovered: int | None = None
    closed: int | None = None

    def as_object(self) -> dict[str, Any]:
        """By name, without the steps not reached."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def covers(case: CaseRevision, month: date) -> bool:
    """Whether the case speaks for `month`; one that was entered in error speaks for none."""
    opened_on, closed_on = case.opened_on, case.closed_on
    if case.close_reason == "entered_in_error" or (opened_on.year, opened_on.month) > (month.year, month.month):
        return False
    return closed_on is None or closed_on >= month


def covering(cases: Iterable[CaseRevision], month: date) -> CaseRevision | None:
    """The one of `cases` (newest revisions, of one root) that speaks for `month`: the one opened last.

    One that ended by a merge goes on at the survivor as another, so it speaks only where that one does not.
    """
    found = [case for case in cases if covers(case, month)]
    return max(found, key=_precedence, default=None)


def _precedence(case: CaseRevision) -> tuple[bool, date, UUID]:
    return case.close_reason != "merged", case.opened_on, case.case_id


def course_of(case: CaseRevision) -> Course:
    """The days of its steps; a step dated before the opening was there at once."""
    reached = {step: _days(case, case.milestones[name]) for step, name in MILESTONES.items() if name in case.milestones}
    closed = None if case.closed_on is None else _days(case, case.closed_on)
    return Course(
        case.opened_on, **reached, recovered=closed if case.close_reason == RECOVERED else None, closed=closed
    )


def case_marks(case: CaseRevision, course: Course) -> list[str]:
    """Which of CASE_MARKS a month counts in by its case."""
    marks = [step for step in STEPS if getattr(course, step) is not None]
    if case.anaemia in {"yes", "no"}:
        marks.append("anaemia_known")
        if case.anaemia == "yes":
            marks.append("anaemic")
    return marks


def newest_cases(cases: Iterable[CaseRevision]) -> list[CaseRevision]:
    """The revision of each case with the highest order."""
    newest: dict[UUID, CaseRevision] = {}
    for case in cases:
        known = newest.get(case.case_id)
        if known is None or (known.epoch, known.revision) < (case.epoch, case.revision):
            newest[case.case_id] = case
    return list(newest.values())


def months_from(cases: Iterable[CaseRevision], changed: Iterable[UUID]) -> date | None:
    """The earliest opening that any revision of the cases `changed` states: months before it are not theirs."""
    ids = set(changed)
    return min((case.opened_on for case in cases if case.case_id in ids), default=None)


def _days(case: CaseRevision, on: date) -> int:
    return max(0, (on - case.opened_on).days)
