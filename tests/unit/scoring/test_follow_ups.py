"""Which tasks a new judgement opens, for whom and until when; and whether a case opens."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.scoring.domain.findings import Finding, findings
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.follow_ups import FollowUp, case_trigger, follow_ups
from tests.unit.scoring.fold_examples import Child, Story, Visit, day, fact, visit

BOY = Child(1, "M", date(2024, 1, 15))
ON = date(2025, 7, 10)


def tasks(*visits: Visit, child: Child = BOY, today: date = ON, present: bool = True) -> tuple[FollowUp, ...]:
    return follow_ups(*judged(Story([child], list(visits))), today, present=present)


def judged(story: Story) -> tuple[Fold, Finding]:
    folded = story.folded()
    return folded, findings(folded, [0])[0]


def names(*visits: Visit, today: date = ON) -> list[str]:
    return [task.task for task in tasks(*visits, today=today)]


def test_a_stunted_child_is_measured_again_and_gets_the_laboratory_panel() -> None:
    assert tasks(visit(1, BOY, ON, -2.5, -1.0)) == (
        FollowUp("remeasure", "puskesmas", ON, ON + timedelta(days=14), fact(1)),
        FollowUp("laboratory_panel", "laboratory", ON, ON + timedelta(days=14), fact(1)),
    )


def test_a_severely_stunted_child_is_measured_again_within_seven_days() -> None:
    first = tasks(visit(1, BOY, ON, -3.2, -1.0))[0]
    assert (first.task, first.due_on) == ("remeasure_severe", ON + timedelta(days=7))


def test_a_remeasurement_is_not_measured_again() -> None:
    assert names(visit(1, BOY, ON, -2.5, -1.0, remeasured=True)) == ["laboratory_panel"]


def test_gizi_buruk_is_assessed_within_a_day_however_many_signs_there_are() -> None:
    swollen = tasks(visit(1, BOY, ON, -1.0, -1.0, oedema=True, muac=11.0))
    assert [(task.task, task.owner_role, task.due_on) for task in swollen] == [
        ("urgent_assessment", "clinician", ON + timedelta(days=1)),
        ("laboratory_panel", "laboratory", ON + timedelta(days=14)),
    ]


def test_a_thin_child_starts_supplementary_feeding_unless_it_is_gizi_buruk() -> None:
    assert names(visit(1, BOY, ON, -1.0, -2.3)) == ["start_supplementary_feeding"]
    assert "start_supplementary_feeding" not in names(visit(1, BOY, ON, -1.0, -2.3, muac=11.0))


def test_twice_not_gained_is_visited() -> None:
    weighings = [visit(1, BOY, date(2025, 5, 1), -0.5, -0.5)]
    weighings += [Visit(month, 1, date(2025, month, 1), weight=9.0) for month in (6, 7)]
    visits = [task for task in tasks(*weighings) if task.task == "visit_twice_not_gained"]
    assert [(task.owner_role, task.because_fact_id) for task in visits] == [("kader", fact(7))]


@pytest.mark.parametrize(
    ("haz", "waz", "expected"),
    [
        (-6.5, -1.0, {("remeasure_flagged", 3)}),
        (-1.0, -6.5, {("reweigh_flagged", 0)}),
        (-1.0, 5.5, {("remeasure_flagged", 3)}),
    ],
)
def test_a_flagged_value_is_measured_again_and_a_low_weight_the_same_day(
    haz: float, waz: float, expected: set[tuple[str, int]]
) -> None:
    found = {(task.task, (task.due_on - ON).days) for task in tasks(visit(1, BOY, ON, haz, waz))}
    assert expected <= found


def test_a_length_that_shrank_is_measured_again() -> None:
    first = Visit(1, 1, date(2025, 6, 10), weight=9.6, length=80.0, position="l")
    assert "remeasure_flagged" in names(first, Visit(2, 1, ON, weight=9.7, length=78.5, position="l"))


def test_a_flagged_value_does_not_hide_the_severe_one_before_it() -> None:
    severe = visit(1, BOY, date(2025, 7, 1), -1.0, -1.0, muac=11.0)
    assert "urgent_assessment" in names(severe, visit(2, BOY, ON, -1.0, -6.5))


@pytest.mark.parametrize(("days", "opened"), [(0, True), (60, True), (61, False), (-1, False)])
def test_only_measurements_of_the_last_sixty_days_open_anything(days: int, *, opened: bool) -> None:
    story = Story([BOY], [visit(1, BOY, ON, -2.5, -1.0)])
    today = ON + timedelta(days=days)
    assert bool(follow_ups(*judged(story), today)) is opened
    assert (case_trigger(*judged(story), today) == fact(1)) is opened


def test_nothing_opens_for_a_child_of_sixty_months_or_one_who_is_gone() -> None:
    old = Child(1, "M", date(2020, 7, 11))
    sick = visit(1, old, ON, -2.5, -1.0)
    assert tasks(sick, child=old, today=ON)
    assert not tasks(sick, child=old, today=day("2025-07-11"))
    assert not tasks(sick, child=old, today=ON, present=False)
    assert case_trigger(*judged(Story([old], [sick])), ON, present=False) is None


def test_importing_history_opens_nothing_where_newer_evidence_cleared_it() -> None:
    past, now = visit(1, BOY, date(2025, 6, 1), -2.5, -1.0), visit(2, BOY, ON, -1.0, -0.8)
    assert not tasks(now, past)
    assert case_trigger(*judged(Story([BOY], [now, past])), ON) is None


def test_a_case_opens_by_the_newest_measurement_that_makes_the_child_suspected_or_urgent() -> None:
    story = Story([BOY], [visit(1, BOY, date(2025, 7, 1), -2.5, -1.0), visit(2, BOY, ON, waz=-1.0, muac=11.0)])
    assert case_trigger(*judged(story), ON) == fact(2)


@pytest.mark.parametrize(("haz", "waz"), [(-1.0, -2.3), (-1.0, -1.0)])
def test_a_child_to_feed_or_watch_has_no_case(haz: float, waz: float) -> None:
    assert case_trigger(*judged(Story([BOY], [visit(1, BOY, ON, haz, waz)])), ON) is None


def test_judged_again_it_is_the_same_task() -> None:
    story = Story([BOY], [visit(1, BOY, ON, -2.5, -1.0)])
    first, later = follow_ups(*judged(story), ON), follow_ups(*judged(story), ON + timedelta(days=5))
    assert {(t.task, t.because_fact_id) for t in first} == {(t.task, t.because_fact_id) for t in later}
