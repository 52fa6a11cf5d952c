"""A family's tasks after a new judgement: one open task of a kind, ended by the fact it asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast
from uuid import UUID

from services.scoring.domain.follow_ups import follow_ups
from services.scoring.use_cases.care_tasks import Care
from services.scoring.use_cases.family import Family
from services.scoring.use_cases.panel_task import Panel, revised
from shared.contracts.fact import derived_fact_id
from shared.contracts.risk import CaseV1, FollowUpV1, OwnerRole

# Tasks that a later measurement answers; the others end by a person's word.
MEASURING: Final = frozenset({"reweigh_flagged", "remeasure_flagged", "remeasure_severe", "remeasure"})


def plan_follow_ups(family: Family, cases: Mapping[UUID, CaseV1]) -> list[FollowUpV1]:
    """The tasks that changed, each at its next revision. `cases` are the family's as they are now."""
    live = [case for case in cases.values() if case.state != "closed" and case.child_id == family.root_id]
    panel, care = Panel(family, cases, live[0] if live else None), Care(family)
    changed, open_tasks = _as_told(family, panel, care)
    known = {task.fact_id: task for task in family.tasks} | changed
    case_id = live[0].fact_id if live else None
    for task in [] if family.ending else [*_asked(family, case_id, care), *care.wanted(known, case_id)]:
        if task.task in open_tasks or task.fact_id in known:
            continue  # on the list already, or done once for this very fact
        open_tasks[task.task] = task
        ended = panel.told(task)  # where the order was there before what asked for it
        changed[task.fact_id] = task if ended is None else ended.model_copy(update={"revision": 1})
    return list(changed.values())


def _as_told(family: Family, panel: Panel, care: Care) -> tuple[dict[UUID, FollowUpV1], dict[str, FollowUpV1]]:
    """The family's tasks that are no longer as they were, by id, and those open now, by task."""
    changed: dict[UUID, FollowUpV1] = {}
    open_tasks: dict[str, FollowUpV1] = {}
    for task in family.tasks:
        if task.state == "open":
            ended = _ended(family, task) or panel.told(task) or care.told(task)
            if ended is None:
                open_tasks[task.task] = task
            else:
                changed[task.fact_id] = ended
    for task in family.tasks:
        told = None if task.state == "open" else panel.told(task) or care.told(task)
        if told is None or (told.state == "open" and told.task in open_tasks):
            continue
        changed[task.fact_id] = told
        if told.state == "open":
            open_tasks[told.task] = told
    return changed, open_tasks


def _asked(family: Family, case_id: UUID | None, care: Care) -> Iterator[FollowUpV1]:
    """What the finding asks for, but for a course that runs already."""
    for item in follow_ups(family.folded, family.found, family.today) if family.may_open else ():
        if care.answer(item.task, item.because_fact_id, item.opened_on) is None:
            yield FollowUpV1(
                fact_id=derived_fact_id(item.because_fact_id, item.task),
                child_id=family.root_id,
                epoch=1,
                revision=1,
                change="opened",
                known_at=family.now,
                case_id=case_id,
                task=item.task,
                owner_role=cast("OwnerRole", item.owner_role),  # rule sets are checked against the same roles
                opened_on=item.opened_on,
                due_on=item.due_on,
                state="open",
                because_fact_id=item.because_fact_id,
                ruleset_version=family.folded.rules.version,
            )


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
