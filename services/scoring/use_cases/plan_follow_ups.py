"""A family's tasks after a new judgement: one open task of a kind, ended by the measurement it asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast
from uuid import UUID

from services.scoring.domain.follow_ups import follow_ups
from services.scoring.use_cases.family import Family
from services.scoring.use_cases.panel_task import Panel, revised
from shared.contracts.fact import derived_fact_id
from shared.contracts.risk import CaseV1, FollowUpV1, OwnerRole

# Tasks that a later measurement answers; the others end by a person's word.
MEASURING: Final = frozenset({"reweigh_flagged", "remeasure_flagged", "remeasure_severe", "remeasure"})


def plan_follow_ups(family: Family, cases: Mapping[UUID, CaseV1]) -> list[FollowUpV1]:
    """The tasks that changed, each at its next revision. `cases` are the family's as they are now."""
    live = [case for case in cases.values() if case.state != "closed" and case.child_id == family.root_id]
    panel = Panel(family, cases, live[0] if live else None)
    changed: dict[UUID, FollowUpV1] = {}
    open_tasks: dict[str, FollowUpV1] = {}
    for task in family.tasks:
        if task.state == "open":
            ended = _ended(family, task) or panel.told(task)
            if ended is None:
                open_tasks[task.task] = task
            else:
                changed[task.fact_id] = ended
    for task in family.tasks:
        told = panel.told(task) if task.state != "open" else None
        if told is None or (told.state == "open" and told.task in open_tasks):
            continue
        changed[task.fact_id] = told
        if told.state == "open":
            open_tasks[told.task] = told
    known = {task.fact_id for task in family.tasks}
    asks = family.may_open and family.ending is None
    wanted = follow_ups(family.folded, family.found, family.today) if asks else ()
    for item in wanted:
        fact_id = derived_fact_id(item.because_fact_id, item.task)
        if item.task in open_tasks or fact_id in known:
            continue  # on the list already, or done once for this very measurement
        changed[fact_id] = open_tasks[item.task] = FollowUpV1(
            fact_id=fact_id,
            child_id=family.root_id,
            epoch=1,
            revision=1,
            change="opened",
            known_at=family.now,
            case_id=live[0].fact_id if live else None,
            task=item.task,
            owner_role=cast("OwnerRole", item.owner_role),  # rule sets are checked against the same roles
            opened_on=item.opened_on,
            due_on=item.due_on,
            state="open",
            because_fact_id=item.because_fact_id,
            ruleset_version=family.folded.rules.version,
        )
        ended = panel.told(changed[fact_id])
        if ended is not None:  # the order was there before what asked for it
            changed[fact_id] = ended.model_copy(update={"revision": 1})
    return list(changed.values())


def _ended(family: Family, task: FollowUpV1) -> FollowUpV1 | None:
    """The task as it ends now, None while it goes on."""
    if family.ending is not None or not family.counts(task.because_fact_id):
        return _end(family, task, "cancelled", None)  # nobody to visit, or the reason was a mistake
    answer = _answer(family, task) if task.task in MEASURING else None
    return None if answer is None else _end(family, task, "done", answer)


def _answer(family: Family, task: FollowUpV1) -> UUID | None:
    """The first measurement that answers a measuring task: on a later day, or a re-measurement of the same day."""
    because, visits = family.happened_on(task.because_fact_id), family.visits
    later = [
        (visits.day[row], measurement_id)
        for measurement_id, row in family.rows.items()
        if measurement_id != task.because_fact_id
        and not visits.voided[row]
        and (visits.day[row] > because or (visits.day[row] == because and visits.remeasured[row]))
    ]
    return min(later)[1] if later else None


def _end(family: Family, task: FollowUpV1, state: str, answer: UUID | None) -> FollowUpV1:
    done_on = family.happened_on(answer) if answer is not None else family.today
    return revised(family, task, state, answer, done_on)
