"""Courses of feeding on a day, and what changed around an intervention: observed, with the day of every value."""

from datetime import date, timedelta

import pytest

from services.scoring.domain.courses import course_on
from services.scoring.domain.observed_change import Point, Seen, changes, gain_g_per_kg_per_day
from services.scoring.domain.ruleset import load

START = date(2026, 3, 2)


def day(number: int) -> date:
    return START + timedelta(days=number)


def test_the_rule_set_plans_56_days_for_the_wasted_and_14_for_the_others() -> None:
    assert load().courses.days == {"wasted": 56, "underweight": 14, "not_gained": 14}


@pytest.mark.parametrize(
    ("today", "ended_on", "weighed", "due", "late"),
    [
        (0, None, [], 7, set()),
        (7, None, [], 7, set()),
        (8, None, [], 7, {"weighing"}),
        (8, None, [6], 13, set()),
        (8, None, [-3], 7, {"weighing"}),  # weighed before it began
        (14, None, [8], None, {"end"}),  # due after the planned end
        (13, None, [6], 13, set()),
        (40, 13, [], None, set()),
    ],
)
def test_the_weekly_weighing_and_the_end_are_due_by_the_day_and_nothing_is_due_once_it_has_ended(
    today: int, ended_on: int | None, weighed: list[int], due: int | None, late: set[str]
) -> None:
    end = None if ended_on is None else day(ended_on)
    course = course_on(day(today), START, end, 14, [day(number) for number in weighed], 7)
    assert course.planned_end_on == day(13)
    assert course.next_weighing_due_on == (None if due is None else day(due))
    assert (course.weighing_overdue, course.end_overdue) == ("weighing" in late, "end" in late)


POINTS = [
    Point(day(-20), {"weight_kg": 7.0, "whz": -2.4, "haz": -1.1}),
    Point(day(0), {"weight_kg": 7.1}),  # on the first day: before
    Point(day(7), {"weight_kg": 7.2}),
    Point(day(28), {"weight_kg": 7.5, "whz": -1.9}),
    Point(day(55), {"weight_kg": 7.9}),  # on the last day: during
    Point(day(60), {"weight_kg": 8.0, "whz": -1.5}),
    Point(day(90), {"weight_kg": 8.4, "whz": -1.2, "haz": -1.3}),
]


def test_each_value_is_compared_between_the_days_on_which_it_was_measured() -> None:
    found = changes(POINTS, day(0), day(55))
    assert found["weight_kg"].before == Seen(day(0), 7.1)
    assert (found["weight_kg"].during, found["weight_kg"].after) == (Seen(day(55), 7.9), Seen(day(60), 8.0))
    assert (found["weight_kg"].change_during, found["weight_kg"].change_after) == (0.8, 0.9)
    assert found["whz"].before == Seen(day(-20), -2.4)
    assert (found["whz"].change_during, found["whz"].change_after) == (0.5, 0.9)
    assert (found["haz"].during, found["haz"].change_during, found["haz"].change_after) == (None, None, -0.2)
    assert found["waz"].before is None
    assert gain_g_per_kg_per_day(found["weight_kg"]) == pytest.approx(800 / 7.1 / 55, abs=0.005)


def test_while_a_course_goes_on_everything_since_is_during_it() -> None:
    found = changes(POINTS, day(0), None)
    assert (found["weight_kg"].during, found["weight_kg"].after) == (Seen(day(90), 8.4), None)


def test_without_a_measurement_before_or_since_no_change_is_claimed() -> None:
    assert changes(POINTS, day(-30), None)["weight_kg"].change_during is None
    late = changes(POINTS, day(200), None)["weight_kg"]
    assert (late.change_during, late.change_after, gain_g_per_kg_per_day(late)) == (None, None, None)
