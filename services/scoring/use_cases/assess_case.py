"""A clinician says what was found of a child: appetite, complications, how far oedema reaches."""

from __future__ import annotations

from services.scoring.domain.case import IllegalMoveError
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import doors
from services.scoring.store.cases import write_cases, write_follow_ups
from services.scoring.use_cases.care_of_child import care_of_child
from services.scoring.use_cases.case_steps import Kept
from services.scoring.use_cases.case_tasks import assessed_tasks
from services.scoring.use_cases.judge_measurements import Clock
from shared.contracts.fact import revised
from shared.contracts.risk import CaseV1, ClinicalAssessment
from shared.outbox.publish import publish
from shared.postgres.pool import Connection


async def assess_case(
    connection: Connection, kept: Kept, found: ClinicalAssessment, rules: RuleSet, clock: Clock
) -> CaseV1:
    """The locked case with the assessment, stored and published; said again of the same day it replaces the first.

    The urgent assessment is done by it unless what it leaves open is what the place of care waits for. IllegalMoveError
    with `case_closed`, `before_opening`, `move_in_future`.
    """
    case, before = kept
    if case.state == "closed":
        raise IllegalMoveError("case_closed", f"closed as {case.close_reason} on {case.closed_on}")
    if found.on < case.opened_on:
        raise IllegalMoveError("before_opening", f"{found.on} is before the case opened on {case.opened_on}")
    if found.on > clock.today:
        raise IllegalMoveError("move_in_future", f"{found.on} has not come yet")
    others = [each for each in case.clinical_assessments if each.on != found.on]
    assessments = tuple(sorted([*others, found], key=lambda each: each.on))
    if assessments == case.clinical_assessments:
        return case
    changed = revised(case, "moved", clock.now, clinical_assessments=assessments)
    await write_cases(connection, [(changed, before)])
    care = await care_of_child(connection, changed, rules)
    tasks = []
    if care is None or care.place != "indeterminate":
        tasks = assessed_tasks(changed, found.on, await doors.open_tasks(connection, case), clock)
    await write_follow_ups(connection, tasks)
    await publish(connection, [changed, *tasks])
    return changed
