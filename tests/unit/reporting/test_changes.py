"""Which months of a desa the changes of cells reach."""

from __future__ import annotations

from datetime import date

from services.reporting.domain.cells import ChildState, Deltas
from services.reporting.domain.changes import changed_months
from services.reporting.domain.facts import Place
from services.reporting.domain.period_months import MonthPart
from services.reporting.domain.targets import Span

HERE, BESIDE, THERE = Place("12.19.01.2003", "P1"), Place("12.19.01.2003", "P2"), Place("12.19.02.2001", "P1")
MARCH, MAY, JULY = date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)


def stay(first: date, end: date, place: Place) -> Span:
    return Span(first, end, place, "female", date(2024, 3, 10))


def test_a_new_child_changes_every_month_of_its_span_and_none_after() -> None:
    deltas = Deltas()
    deltas.add_span(stay(MARCH, JULY, HERE), 1)
    assert changed_months(deltas.rows()) == [(HERE.desa_code, MARCH, date(2026, 6, 1))]


def test_a_count_changes_its_own_month_only() -> None:
    deltas = Deltas()
    deltas.add_pending(HERE, MARCH, 1)
    deltas.add_pending(HERE, MAY, 1)
    assert changed_months(deltas.rows()) == [(HERE.desa_code, MARCH, MARCH), (HERE.desa_code, MAY, MAY)]


def test_months_side_by_side_are_one_range_and_a_count_inside_a_span_is_in_it() -> None:
    deltas = Deltas()
    deltas.add_span(stay(MARCH, JULY, HERE), 1)
    deltas.add_pending(HERE, MAY, 1)
    deltas.add_pending(HERE, JULY, 1)
    assert changed_months(deltas.rows()) == [(HERE.desa_code, MARCH, JULY)]


def test_a_move_inside_a_desa_changes_nothing_of_it_and_one_to_another_changes_both() -> None:
    deltas = Deltas()
    deltas.add_span(stay(MARCH, JULY, HERE), -1)
    deltas.add_span(stay(MARCH, JULY, BESIDE), 1)
    assert changed_months(deltas.rows()) == []
    deltas.add_span(stay(MAY, JULY, BESIDE), -1)
    deltas.add_span(stay(MAY, JULY, THERE), 1)
    june = date(2026, 6, 1)
    assert changed_months(deltas.rows()) == [(HERE.desa_code, MAY, june), (THERE.desa_code, MAY, june)]


def test_a_quarter_that_a_child_leaves_by_a_later_visit_elsewhere_is_told_by_one_of_its_months() -> None:
    """Weighed in January here, in March there: here no month changes, the quarter, the semester and the year do."""
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    spans = [stay(january, february, HERE), stay(february, JULY, THERE)]
    before = ChildState({january: MonthPart(HERE, 1, has_case=False)}, spans)
    after = ChildState({**before.parts, MARCH: MonthPart(THERE, 1, has_case=False)}, spans)
    deltas = Deltas()
    deltas.add_pending(THERE, MARCH, 1)
    deltas.move_long(before, after, {MARCH})
    assert deltas.recounted == {(HERE.desa_code, january, january)}
    assert changed_months(deltas.rows()) == [(HERE.desa_code, january, january), (THERE.desa_code, MARCH, MARCH)]


def test_what_changes_of_a_month_is_counted_anew_where_the_child_counts_in_the_quarter() -> None:
    """Of a case only a day: no sum moves."""
    january = date(2026, 1, 1)
    parts = {january: MonthPart(HERE, 1, has_case=True), MARCH: MonthPart(THERE, 1, has_case=False)}
    state = ChildState(parts, [stay(january, JULY, THERE)])
    deltas = Deltas()
    deltas.move_long(state, state, {january})
    assert deltas.rows() == []
    assert deltas.recounted == {(THERE.desa_code, january, january)}
