"""The case of a child: from suspicion to its end, as a table of moves.

open -> confirmed | other_cause -> in_care -> closed. A confirmation names the clinician and the day; "stunting" is a
cause a clinician confirms, not a finding. `remeasured`, `lab_ordered`, `lab_complete`, `referred`, `care_started` are
dated milestones in any order; the last comes with the move into care. A child who moved away and comes back finds its
case as it was; any other relapse is a new case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.scoring.domain.ruleset import RuleSet


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    OTHER_CAUSE = "other_cause"
    IN_CARE = "in_care"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """How a case ended."""

    RECOVERED = "recovered"
    CLEARED = "cleared"
    DECLINED = "declined"
    LOST = "lost"
    AGED_OUT = "aged_out"
    MOVED_OUT = "moved_out"
    DIED = "died"
    ENTERED_IN_ERROR = "entered_in_error"
    MERGED = "merged"


class MilestoneName(StrEnum):
    """What may happen on the way, in any order."""

    REMEASURED = "remeasured"
    LAB_ORDERED = "lab_ordered"
    LAB_COMPLETE = "lab_complete"
    REFERRED = "referred"
    CARE_STARTED = "care_started"


class MoveName(StrEnum):
    """What a person or a rule may do to a case."""

    CONFIRM = "confirm"
    NAME_OTHER_CAUSE = "name_other_cause"
    START_CARE = "start_care"
    TAKE_BACK = "take_back"
    CLOSE = "close"
    RETURN = "return"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated milestone; `fact_id` is the intervention that tells it, None where something else does."""

    name: MilestoneName
    on: date
    fact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The state of a case. `state_before` is where a closed case stood, so that a returning child finds it again."""

    opened_on: date
    state: State = State.OPEN
    state_before: State | None = None
    close_reason: CloseReason | None = None
    closed_on: date | None = None
    confirmed_by: str | None = None
    confirmed_on: date | None = None
    other_cause: str | None = None
    milestones: tuple[Milestone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move and the day it happened; the rest as the move needs it.

    `clinician` for what a person judges or takes back, `cause` for `name_other_cause`, `reason` for `close`,
    `milestone` for `milestone`; `recovery_shown` says that `has_recovered` was true, without which a case does not
    close as recovered.
    """

    name: MoveName
    on: date
    clinician: str | None = None
    cause: str | None = None
    reason: CloseReason | None = None
    milestone: MilestoneName | None = None
    recovery_shown: bool = False


class IllegalMoveError(ValueError):
    """The move is not possible; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


LIVE: Final = (State.OPEN, State.CONFIRMED, State.OTHER_CAUSE, State.IN_CARE)
JUDGED: Final = (State.CONFIRMED, State.OTHER_CAUSE)

# Which move leads where. Milestones leave the state alone; closing and returning have tables of their own.
MOVES: Final[dict[MoveName, tuple[tuple[State, ...], State]]] = {
    MoveName.CONFIRM: ((State.OPEN,), State.CONFIRMED),
    MoveName.NAME_OTHER_CAUSE: ((State.OPEN,), State.OTHER_CAUSE),
    MoveName.START_CARE: (JUDGED, State.IN_CARE),
    MoveName.TAKE_BACK: (
        JUDGED,
        State.OPEN,
    ),  # a judgement that was a mistake; care that has begun is ended, not undone
}
# From where a case may end in which way. A re-measurement clears a case nobody has confirmed yet; recovery is told of
# a child whose cause was judged.
CLOSES_FROM: Final[dict[CloseReason, tuple[State, ...]]] = {
    CloseReason.RECOVERED: (*JUDGED, State.IN_CARE),
    CloseReason.CLEARED: (State.OPEN,),
    **dict.fromkeys(
        (
            CloseReason.DECLINED,
            CloseReason.LOST,
            CloseReason.AGED_OUT,
            CloseReason.MOVED_OUT,
            CloseReason.DIED,
            CloseReason.ENTERED_IN_ERROR,
            CloseReason.MERGED,
        ),
        LIVE,
    ),
}


def move(case: Case, step: Move) -> Case:
    """The case after the move. IllegalMoveError with a code when it is not possible.

    Codes: `case_closed`, `move_not_allowed`, `clinician_missing`, `cause_missing`, `close_reason_missing`,
    `milestone_missing`, `milestone_known`, `recovery_not_shown`, `not_moved_out`, `before_opening`.
    """
    if step.on < case.opened_on:
        raise IllegalMoveError("before_opening", f"{step.on} is before the case opened on {case.opened_on}")
    match step.name:
        case MoveName.RETURN:
            return _return(case)
        case MoveName.CLOSE:
            return _close(case, step)
        case MoveName.MILESTONE:
            return _reach(case, step)
        case _:
            return _advance(case, step)


def has_recovered(scores: Sequence[tuple[date, float, float]], rules: RuleSet) -> bool:
    """Whether valid (day, HAZ, WHZ) of a child show recovery.

    Two measurements far enough apart, both scores at or above the limit in both and in everything measured between
    them, the last of them being the newest.
    """
    good_since: date | None = None
    newest: date | None = None
    for on, haz, whz in sorted(scores):
        fine = min(haz, whz) >= rules.recovery_at_least
        good_since = (good_since or on) if fine else None
        newest = on
    return good_since is not None and newest is not None and (newest - good_since).days >= rules.recovery_apart_days


def _need_live(case: Case) -> None:
    if case.state is State.CLOSED:
        raise IllegalMoveError("case_closed", f"closed as {case.close_reason} on {case.closed_on}")


def _advance(case: Case, step: Move) -> Case:
    _need_live(case)
    sources, target = MOVES[step.name]
    if case.state not in sources:
        raise IllegalMoveError("move_not_allowed", f"{step.name} is not possible from {case.state}")
    if target is State.IN_CARE:
        return _with(replace(case, state=target), Milestone(MilestoneName.CARE_STARTED, step.on))
    if not step.clinician:
        raise IllegalMoveError("clinician_missing", f"{step.name} names the clinician")
    if target is State.OPEN:
        return replace(case, state=target, confirmed_by=None, confirmed_on=None, other_cause=None)
    if (target is State.OTHER_CAUSE) != (step.cause is not None):
        raise IllegalMoveError("cause_missing", "the cause belongs to name_other_cause, and to nothing else")
    return replace(case, state=target, confirmed_by=step.clinician, confirmed_on=step.on, other_cause=step.cause)


def _close(case: Case, step: Move) -> Case:
    _need_live(case)
    if step.reason is None:
        raise IllegalMoveError("close_reason_missing", "closing says why")
    if case.state not in CLOSES_FROM[step.reason]:
        raise IllegalMoveError("move_not_allowed", f"{case.state} does not end as {step.reason}")
    if step.reason is CloseReason.RECOVERED and not step.recovery_shown:
        raise IllegalMoveError("recovery_not_shown", "two good measurements far enough apart are needed")
    return replace(case, state=State.CLOSED, state_before=case.state, close_reason=step.reason, closed_on=step.on)


def _return(case: Case) -> Case:
    if case.state is not State.CLOSED or case.close_reason is not CloseReason.MOVED_OUT:
        raise IllegalMoveError("not_moved_out", "only a child who moved away returns to its case")
    return replace(case, state=case.state_before or State.OPEN, state_before=None, close_reason=None, closed_on=None)


def _reach(case: Case, step: Move) -> Case:
    _need_live(case)
    if step.milestone is None:
        raise IllegalMoveError("milestone_missing", "a milestone has a name")
    new = Milestone(step.milestone, step.on)
    if any((known.name, known.on) == (new.name, new.on) for known in case.milestones):
        raise IllegalMoveError("milestone_known", f"{step.milestone} on {step.on} is already noted")
    return _with(case, new)


def _with(case: Case, new: Milestone) -> Case:
    others = [known for known in case.milestones if (known.name, known.on) != (new.name, new.on)]
    return replace(case, milestones=tuple(sorted([*others, new], key=lambda each: (each.on, each.name))))
