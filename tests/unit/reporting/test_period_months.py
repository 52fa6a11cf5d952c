"""What a child counts for in a quarter, a semester and a year: from its months, once, at one place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.cells import CELL_COLUMNS, TARGET_CHANGE, TARGET_SHIFT, ChildState, Deltas
from services.reporting.domain.child_month import MARK_BITS, MARKS
from services.reporting.domain.facts import Place
from services.reporting.domain.period_months import (
    ANY_MONTH,
    LATEST,
    OF_CASE,
    MonthPart,
    content_of,
    marks_of_period,
    place_in,
)
from services.reporting.domain.periods import LENGTHS, Period, parse_period, period_of
from services.reporting.domain.targets import Span, spans_of_length
from shared.calendar import add_months

pytestmark = pytest.mark.bare
HERE, THERE = Place("12.19.01.2003", "12.19.01.2003.P001"), Place("12.19.02.2001", "")
MONTHS = [add_months(date(2025, 1, 1), number) for number in range(30)]


def bits(*marks: str) -> int:
    return sum(MARK_BITS[mark] for mark in marks)


def told(*months: str, cases: Sequence[int] = ()) -> set[str]:
    """Marks of a period of months (latest first) with such marks, separated by spaces; `cases`: months with one."""
    parts = [MonthPart(HERE, bits(*marks.split()), number in cases) for number, marks in enumerate(months)]
    marks = marks_of_period(parts)
    return {mark for mark in MARKS if marks & MARK_BITS[mark]}


def test_every_mark_has_exactly_one_rule() -> None:
    rules = [ANY_MONTH, OF_CASE, *(rule.taken for rule in LATEST)]
    assert sum(rules) == sum(MARK_BITS.values())
    assert all((one & other) == 0 for number, one in enumerate(rules) for other in rules[number + 1 :])


def test_an_index_counts_as_in_the_latest_month_that_has_it_flagged_or_not() -> None:
    assert told("haz_measured", "haz_measured stunted severely_stunted") == {"haz_measured"}
    assert told("weighed", "haz_measured stunted") == {"weighed", "haz_measured", "stunted"}
    assert told("haz_flagged", "haz_measured stunted") == {"haz_flagged"}
    assert told("whz_measured overweight", "waz_measured underweight whz_measured wasted") == {
        "whz_measured", "overweight", "waz_measured", "underweight",
    }  # fmt: skip


def test_who_was_once_weighed_suspected_or_had_oedema_stays_so_in_the_period() -> None:
    assert told("height_measured", "weighed oedema suspected urgent") == {
        "height_measured", "weighed", "oedema", "suspected", "urgent",
    }  # fmt: skip


def test_weight_in_one_month_and_height_in_another_are_not_both_at_a_visit_of_the_period() -> None:
    assert "both_measured" not in told("weighed", "height_measured")
    assert "both_measured" in told("weighed", "weighed height_measured both_measured")


def test_a_child_has_the_one_letter_of_its_last_weighing() -> None:
    assert told("height_measured", "weighed letter_n", "weighed letter_t twice_not_gained") == {
        "height_measured", "weighed", "letter_n",
    }  # fmt: skip


def test_the_steps_are_those_of_the_latest_month_with_a_case() -> None:
    assert told("suspected", "suspected lab_ordered", "suspected recovered", cases=(1, 2)) == {
        "suspected", "lab_ordered",
    }  # fmt: skip
    assert told("haz_measured", "suspected recovered anaemia_known", cases=(1,)) == {
        "haz_measured", "suspected", "recovered", "anaemia_known",
    }  # fmt: skip


def _spans(runs: Sequence[tuple[int, Place]]) -> list[Span]:
    """Spans one after the other, neighbours at one place as one."""
    spans: list[Span] = []
    begins = date(2024, 11, 1)
    for length, place in runs:
        ends = add_months(begins, length)
        if spans and spans[-1].place == place:
            spans[-1] = spans[-1]._replace(to_month=ends)
        else:
            spans.append(Span(begins, ends, place, "female", date(2024, 11, 3)))
        begins = ends
    return spans


SPANS = st.lists(st.tuples(st.integers(1, 14), st.sampled_from((HERE, THERE))), min_size=1, max_size=5).map(_spans)


@given(spans=SPANS, months=st.sampled_from(LENGTHS))
def test_a_child_is_a_target_of_a_long_period_once_at_its_last_place_in_it(spans: list[Span], months: int) -> None:
    longer = spans_of_length(spans, months)
    for one, two in pairwise(longer):
        assert one.to_month == two.from_month
        assert one.place != two.place
    for month in MONTHS:
        period = period_of(month, months)
        over = [span.place for span in longer if span.from_month <= period.first < span.to_month]
        assert over == ([place_in(period, spans)] if place_in(period, spans) is not None else [])


PARTS = st.dictionaries(
    st.sampled_from(MONTHS),
    st.builds(MonthPart, st.sampled_from((HERE, THERE)), st.integers(0, (1 << len(MARKS)) - 1), st.booleans()),
    max_size=8,
)
STATES = st.builds(ChildState, PARTS, SPANS | st.just([]))


@settings(max_examples=60)
@given(first=STATES, second=STATES)
def test_moving_the_cells_from_state_to_state_ends_in_the_cells_of_the_last(
    first: ChildState, second: ChildState
) -> None:
    """D is never more than S, and nothing is left of what was."""
    deltas = Deltas()
    nothing = ChildState({}, [])
    deltas.move_long(nothing, first, first.parts.keys())
    changed = {
        month for month in first.parts.keys() | second.parts.keys() if first.parts.get(month) != second.parts.get(month)
    }
    deltas.move_long(first, second, changed)
    cells = {(Place(key[0], key[1]), Period(key[3], key[2])): counts for key, counts in deltas.rows()}
    weighed = CELL_COLUMNS.index("weighed")
    for text in ("2025-Q1", "2025-Q4", "2026-S1", "2025", "2026", "2027"):
        period = parse_period(text)
        content = content_of(period, *second)
        counted = content.place if content is not None else place_in(period, second.spans)
        for place in (HERE, THERE):
            cell = cells.get((place, period), [0] * len(CELL_COLUMNS))
            begun = sum(
                counts[TARGET_CHANGE]
                for (other, before), counts in cells.items()
                if other == place and before.months == period.months and before.first <= period.first
            )
            assert begun + cell[TARGET_SHIFT] == (place == counted)
            assert cell[weighed] == (content is not None and place == counted and bool(content.marks & 1))
    deltas.move_long(second, nothing, second.parts.keys())
    assert deltas.rows() == []
