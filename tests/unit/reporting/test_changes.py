"""Which months of a desa the changes of cells reach."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.cells import ChildState, Deltas
from services.reporting.domain.changes import changed_facts, changed_months, homes_apart
from services.reporting.domain.facts import ChildRevision, Place
from services.reporting.domain.period_months import MonthPart
from services.reporting.domain.targets import Span
from tests.unit.reporting.history import BORN, DESA, child
from tests.unit.reporting.revisions import revision_of

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


def told(revision: int, **fields: Any) -> ChildRevision:
    row = revision_of(child(1, revision=revision, known=revision, **fields))
    assert isinstance(row, ChildRevision)
    return row


APRIL = date(2026, 4, 1)
MOVED = [(BORN, DESA[0], None), (date(2026, 3, 9), DESA[2], None)]


@pytest.mark.parametrize(
    ("was", "now", "months"),
    [
        ({}, {"sex": "male"}, []),
        ({}, {"died_on": date(2026, 3, 9)}, [(MARCH, date(2031, 4, 1))]),
        ({"died_on": date(2026, 3, 9)}, {"died_on": date(2026, 3, 20)}, [(MARCH, APRIL)]),
        ({"departed_on": date(2026, 5, 9)}, {"departed_on": date(2026, 3, 9)}, [(MARCH, date(2026, 6, 1))]),
        ({}, {"homes": MOVED}, [(MARCH, date(2031, 4, 1))]),
        (
            {"birth_date": date(2024, 3, 9)},
            {"birth_date": date(2024, 3, 10)},
            [(date(2024, 3, 1), date(2024, 4, 1)), (date(2029, 3, 1), date(2029, 4, 1))],
        ),
    ],
)
def test_a_fact_that_tells_otherwise_reaches_the_months_around_the_days_that_it_tells(
    was: dict[str, Any], now: dict[str, Any], months: list[tuple[date, date]]
) -> None:
    home = {"homes": [(BORN, DESA[0], None)]}
    before, after = told(1, **(home | was)), told(2, **(home | now))
    found = list(changed_facts([before, after], {after.slot}))
    desa = {place.desa_code for _, place in (*before.residences, *after.residences)}
    assert sorted(found) == sorted((code, *pair) for code in desa for pair in months)
    assert list(changed_facts([before, after], {before.slot})) == [], "what came too late tells nothing"


def test_homes_in_one_kecamatan_are_counted_in_one_tally() -> None:
    assert homes_apart([told(1, homes=[(BORN, DESA[0], None), (MARCH, DESA[1], None)])]) == frozenset()
    assert homes_apart([told(1, homes=MOVED)]) == {DESA[0], DESA[2]}
