"""A case as the state machine sees it, and back: one move applied to the published form."""

from __future__ import annotations

from typing import Any, Final

from services.scoring.domain.case import Case, CloseReason, Milestone, MilestoneName, Move, State, move
from shared.contracts.risk import CaseV1

Kept = tuple[CaseV1, str | None]  # a case, with the state a closed one had before
STATE_FIELDS: Final = ("state", "close_reason", "closed_on", "confirmed_by", "confirmed_on", "other_cause")


def stepped(kept: Kept, step: Move) -> Kept:
    """The case after the move, at its old revision. IllegalMoveError when it is not possible."""
    case, before = kept
    moved = move(_state_of(case, before), step)
    update: dict[str, Any] = {name: _plain(getattr(moved, name)) for name in STATE_FIELDS}
    milestones = [{"name": str(each.name), "on": each.on, "fact_id": each.fact_id} for each in moved.milestones]
    document = {**case.model_dump(), **update, "milestones": milestones}
    return CaseV1.model_validate(document), None if moved.state_before is None else str(moved.state_before)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, State | CloseReason) else value


def _state_of(case: CaseV1, before: str | None) -> Case:
    return Case(
        opened_on=case.opened_on,
        state=State(case.state),
        state_before=None if before is None else State(before),
        close_reason=None if case.close_reason is None else CloseReason(case.close_reason),
        closed_on=case.closed_on,
        confirmed_by=case.confirmed_by,
        confirmed_on=case.confirmed_on,
        other_cause=case.other_cause,
        milestones=tuple(Milestone(MilestoneName(each.name), each.on, each.fact_id) for each in case.milestones),
    )
