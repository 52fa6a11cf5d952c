"""S: in which months a child is a target, and where."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.facts import ChildRevision
from services.reporting.domain.fold import spans_now
from services.reporting.domain.targets import target_place, target_spans
from shared.calendar import add_months
from tests.unit.reporting.history import DESA, child, child_id
from tests.unit.reporting.revisions import group_of, revision_of

pytestmark = pytest.mark.bare
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))


def child_of(birth_date: date, **fields: Any) -> ChildRevision:
    row = revision_of(child(birth_date=birth_date, **fields))
    assert isinstance(row, ChildRevision)
    return row


def months(row: ChildRevision) -> tuple[date, date] | None:
    """First and last month as a target."""
    spans = target_spans(row)
    return (spans[0].from_month, add_months(spans[-1].to_month, -1)) if spans else None


@pytest.mark.parametrize(
    ("birth_date", "last"),
    [
        (date(2020, 3, 15), date(2025, 3, 1)),  # under 60 months on 1 March 2025, whatever happens on the 15th
        (date(2020, 3, 1), date(2025, 2, 1)),  # 60 months complete on 1 March
        (date(2020, 2, 29), date(2025, 2, 1)),  # complete on 1 March in a common year
        (date(2020, 1, 31), date(2025, 1, 1)),
    ],
)
def test_a_child_is_a_target_while_under_60_months_on_the_first_of_the_month(birth_date: date, last: date) -> None:
    assert months(child_of(birth_date)) == (birth_date.replace(day=1), last)


def test_a_child_who_enters_later_is_a_target_from_the_month_of_its_first_residence() -> None:
    row = child_of(date(2023, 5, 5), homes=[(date(2024, 7, 20), DESA[0], None)])
    assert months(row) == (date(2024, 7, 1), date(2028, 5, 1))


@pytest.mark.parametrize("how", ["died_on", "departed_on"])
def test_who_dies_or_departs_counts_in_that_month_unless_it_is_the_first_day(how: str) -> None:
    assert months(child_of(date(2023, 5, 5), **{how: date(2024, 8, 2)})) == (date(2023, 5, 1), date(2024, 8, 1))
    assert months(child_of(date(2023, 5, 5), **{how: date(2024, 8, 1)})) == (date(2023, 5, 1), date(2024, 7, 1))


def test_a_child_who_died_on_the_day_of_birth_counts_in_that_month_only() -> None:
    assert months(child_of(date(2023, 5, 5), died_on=date(2023, 5, 5))) == (date(2023, 5, 1), date(2023, 5, 1))


def test_who_left_before_coming_or_came_after_60_months_is_no_target() -> None:
    assert months(child_of(date(2023, 5, 5), departed_on=date(2023, 5, 4))) is None
    assert months(child_of(date(2018, 5, 5), homes=[(date(2024, 1, 1), DESA[0], None)])) is None


def test_a_month_belongs_to_the_residence_on_its_last_day_as_a_target() -> None:
    homes = [(date(2023, 5, 5), DESA[0], None), (date(2024, 6, 30), DESA[1], None), (date(2024, 8, 2), DESA[2], None)]
    row = child_of(date(2023, 5, 5), homes=homes, departed_on=date(2024, 8, 2))
    codes = {span.from_month: span.place.desa_code for span in target_spans(row)}
    assert codes == {date(2023, 5, 1): DESA[0], date(2024, 6, 1): DESA[1]}


@given(
    birth_date=DAYS,
    moves=st.lists(st.tuples(DAYS, st.sampled_from(DESA)), max_size=4, unique_by=lambda move: move[0]),
    died_on=st.none() | DAYS,
)
def test_the_place_of_a_month_is_that_of_the_span_over_it(
    birth_date: date, moves: list[tuple[date, str]], died_on: date | None
) -> None:
    homes = [(birth_date, DESA[0], None), *((day, desa, None) for day, desa in sorted(moves) if day > birth_date)]
    row = child_of(birth_date, homes=homes, died_on=died_on)
    spans = target_spans(row)
    for earlier, later in pairwise(spans):
        assert earlier.to_month == later.from_month
        assert earlier.place != later.place
    for back in range(-2, 64):
        month = add_months(birth_date.replace(day=1), back)
        over = [span.place for span in spans if span.from_month <= month < span.to_month]
        assert target_place(row, month) == (over[0] if over else None)


def test_spans_never_last_longer_than_61_months() -> None:
    for offset in range(0, 400, 7):
        spans = target_spans(child_of(date(2020, 1, 1) + timedelta(days=offset)))
        assert spans[-1].to_month <= add_months(spans[0].from_month, 61)


@pytest.mark.parametrize(
    ("own", "merged", "expected"),
    [
        (None, (None,), None),
        (None, (False, True), True),
        (None, (False, None), False),
        (False, (True,), False),
        (True, (False,), True),
    ],
)
def test_the_card_of_a_survivor_is_its_own_word_else_a_yes_of_those_merged_into_it(
    *, own: bool | None, merged: tuple[bool | None, ...], expected: bool | None
) -> None:
    facts = [child(9, has_growth_card=own)]
    facts += [child(n, merged_into=child_id(9), has_growth_card=word) for n, word in enumerate(merged)]
    ((_, spans),) = spans_now(group_of(facts).children).items()
    assert [span.has_growth_card for span in spans] == [expected]
