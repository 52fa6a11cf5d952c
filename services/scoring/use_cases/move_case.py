"""A person moves a case: confirms, names another cause, starts care, refers, closes. The next revision is published.

Under the child's lock, so that the move and a batch of facts about the same child come one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.scoring.domain.assessment_codes import NO_SCORE, AssessmentFlag, State
from services.scoring.domain.assessment_matrix import CODE_COLUMNS
from services.scoring.domain.case import CloseReason, IllegalMoveError, MilestoneName, Move, MoveName, has_recovered
from services.scoring.domain.ruleset import RuleSet
from services.scoring.store import doors
from services.scoring.store.cases import write_cases, write_follow_ups
from services.scoring.use_cases.case_steps import Kept, stepped
from services.scoring.use_cases.case_tasks import tasks_of_move
from services.scoring.use_cases.judge_measurements import Clock
from shared.calendar import completed_months
from shared.contracts.fact import revised
from shared.contracts.risk import CaseV1, OtherCause
from shared.outbox.publish import publish
from shared.postgres.pool import Connection

Asked = Literal["confirm", "name_other_cause", "take_back", "start_care", "close", "refer"]
# These follow from the child's entry in the register; a case closed by hand would be open again with the next fact.
OF_REGISTER: Final = (CloseReason.MOVED_OUT, CloseReason.DIED, CloseReason.MERGED)


@dataclass(frozen=True, slots=True)
class AskedMove:
    """What a clinician asks for, and who that is (the account).

    `reason` only with `close`, `cause` only with `name_other_cause`.
    """

    move: Asked
    on: date
    clinician: str
    reason: CloseReason | None = None
    cause: OtherCause | None = None


async def move_case(connection: Connection, kept: Kept, asked: AskedMove, rules: RuleSet, clock: Clock) -> CaseV1:
    """The locked case after the move, stored and handed to the outbox with the tasks that begin or end by it.

    IllegalMoveError with the codes of `domain.case.move` and `move_in_future`, `close_reason_not_asked`,
    `close_reason_of_register`, `not_aged_out`, `cause_missing` (or not asked).
    """
    _check(asked, clock.today)
    case, _ = kept
    if asked.reason is CloseReason.AGED_OUT:
        await _demand_aged_out(connection, case, asked.on, rules)
    shown = asked.reason is CloseReason.RECOVERED and await recovery_shown(connection, case, rules)
    moved, before = stepped(kept, _move(asked, recovery_shown=shown))
    changed = revised(moved, "closed" if moved.state == "closed" else "moved", clock.now)
    await write_cases(connection, [(changed, before)])
    tasks = tasks_of_move(changed, asked.move, asked.on, await doors.open_tasks(connection, case), rules, clock)
    await write_follow_ups(connection, tasks)
    await publish(connection, [changed, *tasks])
    return changed


async def recovery_shown(connection: Connection, case: CaseV1, rules: RuleSet) -> bool:
    """Whether the stored assessments of the child show recovery (`has_recovered`)."""
    days, codes = await doors.family_codes(connection, case.child_id)
    if not days:
        return False
    column = {name: codes[:, place].tolist() for place, name in enumerate(CODE_COLUMNS)}
    scores = []
    for row, (day, flags, state) in enumerate(zip(days, column["flags"], column["state"], strict=True)):
        if state != State.JUDGED or not flags & AssessmentFlag.PRIMARY:
            continue
        if flags & (AssessmentFlag.HAZ_FLAGGED | AssessmentFlag.WHZ_FLAGGED):
            continue
        corrected = flags & AssessmentFlag.CORRECTED_AGE
        haz, whz = column["corrected_haz" if corrected else "haz"][row], column["whz"][row]
        if NO_SCORE not in (haz, whz):
            scores.append((day, haz / 100, whz / 100))
    return has_recovered(scores, rules)


def _check(asked: AskedMove, today: date) -> None:
    if asked.on > today:
        raise IllegalMoveError("move_in_future", f"{asked.on} has not come yet")
    if asked.reason is not None and asked.move != "close":
        raise IllegalMoveError("close_reason_not_asked", f"{asked.move} takes no reason")
    if asked.cause is not None and asked.move != "name_other_cause":
        raise IllegalMoveError("cause_missing", f"{asked.move} takes no cause")
    if asked.reason in OF_REGISTER:
        raise IllegalMoveError("close_reason_of_register", f"{asked.reason} follows from the register")


async def _demand_aged_out(connection: Connection, case: CaseV1, on: date, rules: RuleSet) -> None:
    birth_date = await doors.birth_date_of(connection, case.child_id)
    if birth_date is None or completed_months(birth_date, on) < rules.open_before_months:
        raise IllegalMoveError("not_aged_out", f"the child is under {rules.open_before_months} months on {on}")


def _move(asked: AskedMove, *, recovery_shown: bool) -> Move:
    if asked.move == "refer":
        return Move(name=MoveName.MILESTONE, on=asked.on, milestone=MilestoneName.REFERRED)
    return Move(
        name=MoveName(asked.move),
        on=asked.on,
        clinician=asked.clinician,
        reason=asked.reason,
        cause=asked.cause,
        recovery_shown=recovery_shown,
    )
