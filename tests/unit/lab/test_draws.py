"""When blood was taken: the day is that of the place, neither before birth nor in the future."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import Draw, draw_of, draw_problem

BORN = date(2024, 5, 17)
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)  # 08:30 in Batu Bara
JAKARTA = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("on", "possible"),
    [
        (date(2026, 5, 4), True),
        (date(2026, 5, 5), False),
        (BORN, True),
        (BORN - timedelta(days=1), False),
    ],
)
def test_a_draw_lies_between_birth_and_today_both_included(on: date, *, possible: bool) -> None:
    assert (draw_problem(Draw(on), BORN, NOW) is None) is possible


@pytest.mark.parametrize(("minutes", "possible"), [(0, True), (1, False)])
def test_a_draw_with_its_time_lies_not_after_now(minutes: int, *, possible: bool) -> None:
    at = NOW + timedelta(minutes=minutes)
    assert (draw_problem(Draw(date(2026, 5, 4), at), BORN, NOW) is None) is possible


def test_today_is_that_of_the_place_not_of_greenwich() -> None:
    just_after_midnight = datetime(2026, 5, 3, 17, 5, tzinfo=UTC)  # 00:05 on the 4th in Batu Bara
    assert draw_problem(Draw(date(2026, 5, 4)), BORN, just_after_midnight) is None


def test_a_child_whose_birth_is_not_known_yet_may_have_been_drawn_on_any_day_gone_by() -> None:
    assert draw_problem(Draw(date(1999, 1, 1)), None, NOW) is None


def test_the_day_of_a_draw_is_that_of_the_place_whatever_the_offset() -> None:
    late_evening = datetime(2026, 5, 3, 17, 5, tzinfo=UTC)
    assert draw_of(None, late_evening) == Draw(date(2026, 5, 4), late_evening)
    assert draw_of(date(2026, 5, 4), datetime(2026, 5, 4, 0, 5, tzinfo=JAKARTA)) != ResultProblem(
        "draw_differs", "drawn_on"
    )
    assert draw_of(date(2026, 5, 3), late_evening) == ResultProblem("draw_differs", "drawn_on")
    assert draw_of(None, None) == ResultProblem("draw_missing", "drawn_at")
