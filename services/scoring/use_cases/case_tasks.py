"""Tasks that begin or end when a person moves a case: a referral waits at the hospital until somebody ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import Final, cast

from services.scoring.domain.ruleset import RuleSet
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import derived_fact_id, revised
from shared.contracts.risk import CaseV1, FollowUpState, FollowUpV1, OwnerRole

REFERRAL: Final = "attend_referral"
ASSESSMENT: Final = "urgent_assessment"
DECIDES: Final = frozenset({"confirm", "name_other_cause"})  # a clinician has seen the child


def tasks_of_move(
    case: CaseV1, move: str, on: date, open_tasks: Sequence[FollowUpV1], rules: RuleSet, clock: Clock
) -> list[FollowUpV1]:
    """The tasks that change with the move of `case`, each at its next revision. `open_tasks` are the child's."""
    own = [task for task in open_tasks if task.case_id == case.fact_id]
    if move == "close":
        return [_ended(task, case, "cancelled", on, clock) for task in own]
    if move in DECIDES:
        return assessed_tasks(case, on, own, clock)
    if move == "refer" and all(task.task != REFERRAL for task in open_tasks):
        return [_referral(case, on, rules, clock)]
    return []


def assessed_tasks(case: CaseV1, on: date, open_tasks: Sequence[FollowUpV1], clock: Clock) -> list[FollowUpV1]:
    """The urgent assessment of the case, done: a clinician has seen the child."""
    return [
        _ended(task, case, "done", max(on, task.opened_on), clock)
        for task in open_tasks
        if task.case_id == case.fact_id and task.task == ASSESSMENT
    ]


def _referral(case: CaseV1, on: date, rules: RuleSet, clock: Clock) -> FollowUpV1:
    rule = rules.follow_ups[REFERRAL]
    return FollowUpV1(
        fact_id=derived_fact_id(case.fact_id, f"{REFERRAL}:{case.revision}"),
        child_id=case.child_id,
        epoch=1,
        revision=1,
        change="opened",
        known_at=clock.now.astimezone(UTC),
        case_id=case.fact_id,
        task=REFERRAL,
        owner_role=cast("OwnerRole", rule.owner_role),  # rule sets are checked against the same roles
        opened_on=on,
        due_on=on + timedelta(days=rule.due_days),
        state="open",
        because_fact_id=case.opened_by_fact_id,
        ruleset_version=rules.version,
    )


def _ended(task: FollowUpV1, case: CaseV1, state: FollowUpState, on: date, clock: Clock) -> FollowUpV1:
    done_on = max(on, task.opened_on) if state == "cancelled" else on
    return revised(task, "closed", clock.now, state=state, done_on=done_on, closing_fact_id=case.fact_id)
