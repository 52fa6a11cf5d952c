"""The task `laboratory_panel`: it stands as the order of its case stands, whatever came first.

What a person ended stays ended (`closed_by`): only an end that names the order or the case (`closing_fact_id`) is
taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.scoring.use_cases.family import Family
from shared.contracts.risk import CaseV1, FollowUpV1

PANEL: Final = "laboratory_panel"


@dataclass(frozen=True, slots=True)
class Panel:
    """Panel tasks of a family, its cases as they are now, and the live one."""

    family: Family
    cases: Mapping[UUID, CaseV1]
    live: CaseV1 | None

    def told(self, task: FollowUpV1) -> FollowUpV1 | None:
        """The task as its order says it is now; None where that is what it is, or another's to say."""
        by_person = task.closing_fact_id is None or task.closed_by is not None
        if task.task != PANEL or (task.state != "open" and by_person):
            return None
        if self.family.ending is not None or not self.family.counts(task.because_fact_id):
            return None
        end = self._end(task)
        if end is None:
            return None if task.state == "open" else revised(self.family, task, "open", None, None)
        state, closing_fact_id, on = end
        if (task.state, task.closing_fact_id) == (state, closing_fact_id) and (
            state == "cancelled" or task.done_on == on
        ):
            return None  # a task is cancelled on the day it was first told
        return revised(self.family, task, *end)

    def _end(self, task: FollowUpV1) -> tuple[str, UUID, date] | None:
        case = self._case(task)
        if case is None:
            return None
        orders = self.family.orders_of(case.fact_id)
        if not orders:
            return ("cancelled", case.fact_id, self.family.today) if case.state == "closed" else None
        order = orders[-1]
        if order.state == "complete":
            return "done", order.fact_id, order.completed_on or self.family.today
        return ("cancelled", order.fact_id, self.family.today) if order.state == "cancelled" else None

    def _case(self, task: FollowUpV1) -> CaseV1 | None:
        """The case the task belongs to; after a merge the one that goes on."""
        case = None if task.case_id is None else self.cases.get(task.case_id)
        return self.live if case is None or case.close_reason == "merged" else case


def revised(family: Family, task: FollowUpV1, state: str, closing_fact_id: UUID | None, on: date | None) -> FollowUpV1:
    """The task at its next revision."""
    update = {
        "state": state,
        "closing_fact_id": closing_fact_id,
        "done_on": on,
        "revision": task.revision + 1,
        "change": "opened" if state == "open" else "closed",
        "known_at": family.now,
    }
    return task.model_copy(update=update)
