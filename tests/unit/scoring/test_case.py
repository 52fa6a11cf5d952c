"""The case as a table of moves."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations, product

import pytest

from services.scoring.domain.case import (
    Case,
    CloseReason,
    IllegalMoveError,
    MilestoneName,
    Move,
    MoveName,
    State,
    has_recovered,
    move,
)
from services.scoring.domain.ruleset import load

DAY = date(2026, 3, 2)
OPEN = Case(opened_on=DAY)
CASES = {
    State.OPEN: OPEN,
    State.CONFIRMED: Case(DAY, State.CONFIRMED, confirmed_by="dr-4", confirmed_on=DAY),
    State.OTHER_CAUSE: Case(DAY, State.OTHER_CAUSE, confirmed_by="dr-4", confirmed_on=DAY),
    State.IN_CARE: Case(DAY, State.IN_CARE, confirmed_by="dr-4", confirmed_on=DAY),
    State.CLOSED: Case(DAY, State.CLOSED, State.IN_CARE, CloseReason.LOST, DAY),
}
LIVE = {State.OPEN, State.CONFIRMED, State.OTHER_CAUSE, State.IN_CARE}
ADVANCES = {
    (State.OPEN, MoveName.CONFIRM): State.CONFIRMED,
    (State.OPEN, MoveName.NAME_OTHER_CAUSE): State.OTHER_CAUSE,
    (State.CONFIRMED, MoveName.START_CARE): State.IN_CARE,
    (State.OTHER_CAUSE, MoveName.START_CARE): State.IN_CARE,
    (State.CONFIRMED, MoveName.TAKE_BACK): State.OPEN,
    (State.OTHER_CAUSE, MoveName.TAKE_BACK): State.OPEN,
}
CAUSE = {MoveName.NAME_OTHER_CAUSE: "endocrine"}
ENDS_FROM = {
    **dict.fromkeys(CloseReason, LIVE),
    CloseReason.RECOVERED: LIVE - {State.OPEN},
    CloseReason.CLEARED: {State.OPEN},
}


def code_of(case: Case, step: Move) -> str:
    with pytest.raises(IllegalMoveError) as refused:
        move(case, step)
    return refused.value.code


@pytest.mark.parametrize(
    ("state", "name"),
    list(product(State, (MoveName.CONFIRM, MoveName.NAME_OTHER_CAUSE, MoveName.START_CARE, MoveName.TAKE_BACK))),
)
def test_a_case_advances_only_along_the_table(state: State, name: MoveName) -> None:
    step = Move(name=name, on=DAY, clinician="dr-4", cause=CAUSE.get(name))
    if (state, name) in ADVANCES:
        assert move(CASES[state], step).state is ADVANCES[state, name]
    else:
        assert code_of(CASES[state], step) == ("case_closed" if state is State.CLOSED else "move_not_allowed")


@pytest.mark.parametrize(("state", "reason"), list(product(State, CloseReason)))
def test_a_case_ends_only_in_ways_its_state_allows(state: State, reason: CloseReason) -> None:
    step = Move(name=MoveName.CLOSE, on=DAY, reason=reason, recovery_shown=True)
    if state in ENDS_FROM[reason]:
        closed = move(CASES[state], step)
        assert (closed.state, closed.close_reason, closed.closed_on) == (State.CLOSED, reason, DAY)
    else:
        assert code_of(CASES[state], step) == ("case_closed" if state is State.CLOSED else "move_not_allowed")


@pytest.mark.parametrize("name", [MoveName.CONFIRM, MoveName.NAME_OTHER_CAUSE])
def test_a_confirmation_names_the_clinician_and_the_day(name: MoveName) -> None:
    cause = CAUSE.get(name)
    assert code_of(OPEN, Move(name=name, on=DAY, cause=cause)) == "clinician_missing"
    confirmed = move(OPEN, Move(name=name, on=DAY, clinician="dr-4", cause=cause))
    assert (confirmed.confirmed_by, confirmed.confirmed_on) == ("dr-4", DAY)
    assert confirmed.other_cause == cause
    back = move(confirmed, Move(name=MoveName.TAKE_BACK, on=DAY, clinician="dr-4"))
    assert back == OPEN


def test_another_cause_is_named_and_a_confirmation_names_none() -> None:
    assert code_of(OPEN, Move(name=MoveName.NAME_OTHER_CAUSE, on=DAY, clinician="dr-4")) == "cause_missing"
    assert code_of(OPEN, Move(name=MoveName.CONFIRM, on=DAY, clinician="dr-4", cause="endocrine")) == "cause_missing"


@pytest.mark.parametrize("state", [State.CONFIRMED, State.OTHER_CAUSE])
def test_a_case_knows_since_when_it_is_in_care(state: State) -> None:
    on = DAY + timedelta(days=3)
    (milestone,) = move(CASES[state], Move(name=MoveName.START_CARE, on=on)).milestones
    assert (milestone.name, milestone.on) == (MilestoneName.CARE_STARTED, on)


@pytest.mark.parametrize("order", list(permutations(MilestoneName)))
def test_milestones_come_in_any_order_and_end_the_same(order: tuple[MilestoneName, ...]) -> None:
    case = OPEN
    for place, name in enumerate(order):
        on = DAY + timedelta(days=list(MilestoneName).index(name))
        case = move(case, Move(name=MoveName.MILESTONE, on=on, milestone=name))
        assert len(case.milestones) == place + 1
    assert [each.name for each in case.milestones] == list(MilestoneName)
    assert case.state is State.OPEN


def test_a_milestone_repeated_on_another_day_is_kept_and_on_the_same_day_refused() -> None:
    step = Move(name=MoveName.MILESTONE, on=DAY, milestone=MilestoneName.REMEASURED)
    once = move(OPEN, step)
    assert code_of(once, step) == "milestone_known"
    again = move(once, Move(name=MoveName.MILESTONE, on=DAY + timedelta(days=1), milestone=MilestoneName.REMEASURED))
    assert len(again.milestones) == 2


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_child_who_comes_back_finds_its_case_as_it_was(state: State) -> None:
    away = move(CASES[state], Move(name=MoveName.CLOSE, on=DAY, reason=CloseReason.MOVED_OUT))
    assert move(away, Move(name=MoveName.RETURN, on=DAY)) == CASES[state]


@pytest.mark.parametrize("reason", sorted(set(CloseReason) - {CloseReason.MOVED_OUT}))
def test_any_other_relapse_is_a_new_case(reason: CloseReason) -> None:
    closed = Case(DAY, State.CLOSED, State.IN_CARE, reason, DAY)
    assert code_of(closed, Move(name=MoveName.RETURN, on=DAY)) == "not_moved_out"
    assert code_of(OPEN, Move(name=MoveName.RETURN, on=DAY)) == "not_moved_out"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (Move(name=MoveName.CLOSE, on=DAY), "close_reason_missing"),
        (Move(name=MoveName.CLOSE, on=DAY, reason=CloseReason.RECOVERED), "recovery_not_shown"),
        (Move(name=MoveName.MILESTONE, on=DAY), "milestone_missing"),
        (Move(name=MoveName.START_CARE, on=DAY - timedelta(days=1)), "before_opening"),
    ],
)
def test_an_incomplete_move_is_refused_with_a_code(step: Move, code: str) -> None:
    assert code_of(CASES[State.CONFIRMED], step) == code


@pytest.mark.parametrize(
    ("scores", "recovered"),
    [
        ([(0, -1.9, -1.0), (28, -2.0, -2.0)], True),
        ([(0, -1.9, -1.0), (27, -1.9, -1.0)], False),
        ([(0, -2.01, -1.0), (28, -1.9, -1.0)], False),
        ([(0, -1.9, -1.0), (14, -1.9, -2.01), (28, -1.9, -1.0)], False),
        ([(0, -1.9, -1.0), (28, -1.9, -1.0), (40, -2.5, -1.0)], False),
        ([(28, -1.9, -1.0), (0, -1.9, -1.0), (-30, -3.0, -1.0)], True),
        ([(0, -1.0, -1.0)], False),
        ([], False),
    ],
)
def test_recovery_is_two_good_measurements_four_weeks_apart_and_none_bad_since(
    scores: list[tuple[int, float, float]], *, recovered: bool
) -> None:
    dated = [(DAY + timedelta(days=days), haz, whz) for days, haz, whz in scores]
    assert has_recovered(dated, load()) is recovered
