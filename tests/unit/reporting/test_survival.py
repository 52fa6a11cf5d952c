"""Median days, told with those who still wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.survival import Waited, median_days

pytestmark = pytest.mark.bare
ACTIVE = {6: (3, 1), 7: (1, 0), 9: (0, 1), 10: (1, 1), 11: (0, 1), 13: (1, 0), 16: (1, 0), 17: (0, 1), 19: (0, 1),
          20: (0, 1), 22: (1, 0), 23: (1, 0), 25: (0, 1), 32: (0, 2), 34: (0, 1), 35: (0, 1)}  # fmt: skip
CONTROL = {1: 2, 2: 2, 3: 1, 4: 2, 5: 2, 8: 4, 11: 2, 12: 2, 15: 1, 17: 1, 22: 1, 23: 1}


def waited(reached: dict[int, int], waiting: dict[int, int]) -> list[Waited]:
    return [
        *(Waited(days, True, count) for days, count in reached.items()),
        *(Waited(days, False, count) for days, count in waiting.items()),
    ]


def test_the_median_is_that_of_the_classical_trial() -> None:
    """Freireich et al. (1963), remission of leukaemia under 6-MP and placebo, weeks: medians 23 and 8."""
    reached = {week: events for week, (events, _) in ACTIVE.items() if events}
    waiting = {week: censored for week, (_, censored) in ACTIVE.items() if censored}
    assert median_days(waited(reached, waiting)) == 23
    assert median_days(waited(CONTROL, {})) == 8


@pytest.mark.parametrize(
    ("reached", "waiting", "median"),
    [
        ({}, {}, None),
        ({}, {10: 4}, None),
        ({3: 1}, {}, 3),
        ({3: 1}, {10: 1}, 3),  # 1 of 2: exactly one half
        ({3: 1}, {10: 2}, None),  # 2/3 remain
        ({3: 1, 5: 1}, {10: 2}, 5),  # 3/4, then 3/4 * 2/3 = 1/2
        ({3: 1, 5: 1}, {4: 1, 10: 1}, 5),  # 3/4, then 3/4 * 1/2 = 3/8: who left on day 4 no longer waits on day 5
        ({3: 1, 5: 1}, {3: 1, 10: 1}, 5),  # who was last seen on day 3 still waited when the first came
        ({0: 3}, {0: 4}, None),  # 4/7
        ({0: 4}, {0: 4}, 0),
    ],
)
def test_the_median_is_the_day_on_which_the_curve_reaches_half(
    reached: dict[int, int], waiting: dict[int, int], median: int | None
) -> None:
    assert median_days(waited(reached, waiting)) == median


@given(st.lists(st.builds(Waited, st.integers(0, 60), st.booleans(), st.integers(1, 3)), max_size=30))
def test_waiting_longer_never_shortens_the_median(seen: list[Waited]) -> None:
    shorter = median_days(seen)
    longer = median_days(item if item.reached else item._replace(days=item.days + 5) for item in seen)
    assert longer is None or (shorter is not None and longer >= shorter)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30))
def test_with_nobody_waiting_it_is_the_plain_median(days: list[int]) -> None:
    assert median_days(Waited(item, True, 1) for item in days) == sorted(days)[(len(days) - 1) // 2]
