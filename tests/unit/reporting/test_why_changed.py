"""Every child that counts differently has one reason, and the terms add up to the difference: numbers and share."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction as Exact
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.change_terms import Fraction, Term, add_up, pooled, share_change
from services.reporting.domain.child_month import ChildMonth
from services.reporting.domain.facts import ChildRevision, Place
from services.reporting.domain.fold import newest
from services.reporting.domain.periods import Period
from services.reporting.domain.versions import Version
from services.reporting.domain.why_changed import (
    BETWEEN,
    INDEX_OF,
    NOTHING,
    SINCE_THEN,
    Change,
    Counted,
    counted_of,
    days_of_reasons,
    reason_between,
    reason_since,
)
from shared.calendar import turns_sixty_months_on
from tests.unit.reporting.history import BORN, DESA, child, child_id, random_history
from tests.unit.reporting.revisions import groups_of, linked_between, months_of, revision_of

pytestmark = pytest.mark.bare
MAY, JUNE = Period(date(2026, 5, 1)), Period(date(2026, 6, 1))
WITH, WITHOUT, FLAGGED = Counted(1, 1), Counted(0, 1), Counted(flagged=True)
MOVED = [(BORN, DESA[0], None), (date(2026, 6, 3), DESA[2], None)]
HOME = Place(DESA[0], "")
ENTERING = ("born", "registered", "moved_in", "measured_again", "flagged_before")


def fact(**fields: Any) -> ChildRevision:
    row = revision_of(child(1, **fields))
    assert isinstance(row, ChildRevision)
    return row


def between(before: Counted, after: Counted, **asked: Any) -> str | None:
    known = asked.pop("child", fact())
    change = Change(child_id(1), before, before, after, **asked)
    return reason_between(change, known, (MAY, JUNE), lambda place: place.desa_code == DESA[0])


@pytest.mark.parametrize(
    ("before", "after", "asked", "reason"),
    [
        (WITH, WITHOUT, {}, "recovered"),
        (WITHOUT, WITH, {}, "newly_found"),
        (WITH, WITH, {}, None),
        (NOTHING, NOTHING, {}, None),
        (FLAGGED, NOTHING, {}, None),
        (NOTHING, WITH, {}, "measured_again"),
        (FLAGGED, WITH, {}, "flagged_before"),
        (WITH, FLAGGED, {}, "flagged_now"),
        (WITH, NOTHING, {}, "not_measured"),
        (WITH, NOTHING, {"child": fact(died_on=date(2026, 6, 3))}, "died"),
        (WITH, NOTHING, {"child": fact(died_on=date(2026, 6, 9), homes=MOVED)}, "moved_out"),
        (WITH, NOTHING, {"child": fact(died_on=date(2026, 6, 2), homes=MOVED)}, "died"),
        (WITH, NOTHING, {"child": fact(departed_on=date(2026, 6, 3))}, "moved_out"),
        (WITH, NOTHING, {"child": fact(departed_on=date(2026, 7, 3))}, "not_measured"),
        (WITH, NOTHING, {"child": fact(birth_date=date(2021, 6, 30))}, "aged_out"),
        (WITH, NOTHING, {"child": fact(birth_date=date(2021, 7, 1))}, "not_measured"),
        (WITH, NOTHING, {"child": fact(homes=[(BORN, DESA[0], None), (date(2026, 6, 9), DESA[2], None)])}, "moved_out"),
        (WITH, NOTHING, {"child": None}, "moved_out"),
        (WITH, NOTHING, {"elsewhere_after": True}, "moved_out"),
        (NOTHING, WITH, {"elsewhere_before": True}, "moved_in"),
        (NOTHING, WITH, {"child": fact(birth_date=date(2026, 6, 1))}, "born"),
        (NOTHING, WITH, {"child": fact(homes=[(date(2026, 6, 2), DESA[0], None)])}, "registered"),
        (NOTHING, WITH, {"child": fact(homes=[(BORN, DESA[2], None), (date(2026, 6, 2), DESA[0], None)])}, "moved_in"),
    ],
)  # fmt: skip
def test_a_child_that_counts_differently_has_one_reason(
    before: Counted, after: Counted, asked: dict[str, Any], reason: str | None
) -> None:
    assert between(before, after, **asked) == reason


@pytest.mark.parametrize(
    ("then", "now", "fields", "reason"),
    [
        (NOTHING, WITH, {}, "late"),
        (WITH, NOTHING, {}, "withdrawn"),
        (WITH, WITHOUT, {}, "value_corrected"),
        (WITH, FLAGGED, {}, "value_corrected"),
        (FLAGGED, WITH, {}, "value_corrected"),
        (WITH, NOTHING, {"elsewhere_before": True}, "place_corrected"),
        (NOTHING, WITH, {"elsewhere_then": True}, "place_corrected"),
        (NOTHING, WITH, {"linked": True}, "merged"),
        (WITH, WITH, {"linked": True}, None),
    ],
)
def test_what_an_earlier_figure_says_of_itself_now_has_its_own_reasons(
    then: Counted, now: Counted, fields: dict[str, bool], reason: str | None
) -> None:
    assert reason_since(Change(child_id(1), then, now, now, **fields)) == reason


FRACTIONS = st.integers(0, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))).map(Fraction._make)


@settings(max_examples=40, deadline=None)
@given(start=FRACTIONS, end=FRACTIONS, cuts=st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=6))
def test_shares_of_terms_add_up_to_the_change_of_the_share(
    start: Fraction, end: Fraction, cuts: list[tuple[int, int]]
) -> None:
    rest = [end[side] - start[side] - sum(cut[side] for cut in cuts) for side in (0, 1)]
    told = [share_change(start, end, *cut) for cut in (*cuts, rest)]
    if not start.denominator or not end.denominator:
        assert set(told) == {None}
    else:
        change = Exact(*end) - Exact(*start)
        assert sum(told) == pytest.approx(float(change), abs=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("until", [date(2026, 6, 1), date(2028, 2, 1), date(2027, 2, 1)])
def test_days_of_reasons_are_those_that_tell_apart(until: date) -> None:
    periods = Period(date(2020, 5, 1)), Period(until)
    born, *_ = sorted(set(days_of_reasons(periods)) - {period.last_day + timedelta(days=1) for period in periods})
    assert turns_sixty_months_on(born - timedelta(days=1)) <= periods[1].last_day < turns_sixty_months_on(born)


def test_a_term_that_keeps_the_rate_of_both_periods_changes_nothing_of_it() -> None:
    """Ten of a hundred leave whose rate is that of all: numbers fall, the share stays."""
    assert share_change(Fraction(20, 100), Fraction(18, 90), -2, -10) == 0
    assert share_change(Fraction(20, 100), Fraction(15, 100), -5, 0) == pytest.approx(-0.05)


def known(versions: list[Version[Any, ChildMonth]], month: date, instant: datetime, desa: str) -> dict[Any, ChildMonth]:
    """Child-months of an area in a month, as known at an instant."""
    return {
        version.key[0]: version.content
        for version in versions
        if version.key[1] == month
        and version.known_from <= instant
        and (version.known_to is None or instant < version.known_to)
        and version.content.place.desa_code.startswith(desa)
    }


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**9), steps=st.integers(10, 90), indicator=st.sampled_from(sorted(INDEX_OF)))
def test_terms_add_up_to_both_differences_in_every_area(seed: int, steps: int, indicator: str) -> None:
    """Any history, any two months, any two instants, every level (B102: who moved is in the terms of both areas)."""
    facts = random_history(seed, steps)
    groups = groups_of(facts)
    versions = [version for group in groups for version in months_of(group)]
    revisions = [row for group in groups for row in group.children]
    instants = (facts[len(facts) // 2].known_at, facts[-1].known_at)
    then_facts, now_facts = (newest(row for row in revisions if row.known_at <= instant) for instant in instants)
    linked = linked_between(then_facts, now_facts)
    months = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    for area in ("12.19", "12.19.01", *DESA):
        for earlier, later in pairwise(months):
            looks = [
                known(versions, month, instant, area)
                for month, instant in ((earlier, instants[0]), (earlier, instants[1]), (later, instants[1]))
            ]
            elsewhere = [
                known(versions, month, instant, "12.19").keys() - look.keys()
                for look, month, instant in zip(
                    looks, (earlier, earlier, later), (instants[0], *instants[1:] * 2), strict=True
                )
            ]
            counts = [{root: counted_of(content.marks, indicator) for root, content in look.items()} for look in looks]
            sums = [Fraction(*(sum(item[side] for item in look.values()) for side in (0, 1))) for look in counts]
            since, between_periods = [], []
            for root in sorted({root for look in looks for root in look}):
                then, before, after = (look.get(root, NOTHING) for look in counts)
                away = [root in gone for gone in elsewhere]
                change = Change(root, then, before, after, away[0], away[1], away[2], root in linked)
                inside = lambda place, area=area: place.desa_code.startswith(area)  # noqa: E731
                if reason := reason_since(change):
                    since.append((reason, change.then, change.before, 1))
                if reason := reason_between(change, now_facts[root], (Period(earlier), Period(later)), inside):
                    between_periods.append((reason, change.before, change.after, 1))
            for start, end, changes, codes in (
                (sums[0], sums[1], since, SINCE_THEN),
                (sums[1], sums[2], between_periods, BETWEEN),
            ):
                terms = add_up(start, changes, codes)
                assert start.numerator + sum(term.numerator for term in terms) == end.numerator
                assert start.denominator + sum(term.denominator for term in terms) == end.denominator
                if start.share is not None and end.share is not None:
                    told = sum(term.share or 0 for term in terms)
                    assert told == pytest.approx(end.share - start.share, abs=1e-12)
                assert all(term.denominator >= (term.children or 0) for term in terms if term.code in ENTERING)


def led(start: Fraction, terms: list[Term]) -> Fraction:
    numerator, denominator = sum(term.numerator for term in terms), sum(term.denominator for term in terms)
    return Fraction(start.numerator + numerator, start.denominator + denominator)


def shown(terms: list[Term], smallest: int, late: tuple[int, int] = (0, 0)) -> list[Term]:
    """Terms as told outside where `late` came in after the first figure was; they lead to the other one exactly."""
    start = Fraction(400, 1600)
    end = Fraction(*(now + more for now, more in zip(led(start, terms), late, strict=True)))
    told = pooled(terms, smallest, start, end)
    assert led(start, told) == end
    assert start.share is not None
    assert end.share is not None
    assert sum(term.share or 0 for term in told) == pytest.approx(end.share - start.share, abs=1e-12)
    return told


def test_outside_the_district_small_terms_are_told_together() -> None:
    children = (2, 40, 13, 0, 7)
    terms = [Term(code, told // 2, told, told, 0.0) for code, told in zip(BETWEEN, children, strict=False)]
    told = shown(terms, 5)
    assert [(term.code, term.children) for term in told] == [
        ("registered", 40), ("moved_in", 13), ("measured_again", 0), ("other", 9),
    ]  # fmt: skip
    assert [term[:4] for term in shown(terms[1:3], 5)] == [term[:4] for term in terms[1:3]]


@pytest.mark.parametrize(("found", "told"), [(0, False), (4, False), (20, True), (37, False)])
def test_outside_the_district_a_term_with_few_who_have_the_finding_or_few_who_have_it_not_is_pooled(
    found: int, *, told: bool
) -> None:
    """Four stunted of forty newly registered children are as small a count as four children."""
    terms = [
        Term("registered", found, 40, 40, 0.0),
        Term("aged_out", -30, -60, 60, 0.0),
        Term("recovered", -30, 0, 30, 0.0),
    ]
    codes = {term.code for term in shown(terms, 10)}
    assert ("registered" in codes) == told
    assert codes >= ({"registered", "aged_out", "recovered"} if told else {"aged_out", "other"})


LARGE = [
    Term("registered", 20, 40, 40, 0.0),
    Term("newly_found", 12, 0, 12, 0.0),
    Term("recovered", -15, 0, 15, 0.0),
    Term("died", 0, 0, 0, 0.0),
]


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ((0, 0), ["registered", "newly_found", "recovered", "died"]),
        ((1, 0), ["registered", "recovered", "died", "other"]),
        ((0, 1), ["newly_found", "recovered", "died", "other"]),  # beside newly_found its denominator would be told
        ((1, 1), ["newly_found", "recovered", "died", "other"]),
    ],
)
def test_who_came_in_after_the_earlier_figure_was_released_is_told_with_a_large_term(
    late: tuple[int, int], told: list[str]
) -> None:
    """And of how many children that is nobody learns: those of the term are known by its change."""
    terms = shown(LARGE, 10, late)
    assert [term.code for term in terms] == told
    assert terms[-1].children == (None if any(late) else 0)


def test_who_came_late_is_hidden_among_small_terms_that_are_large_together() -> None:
    small = [Term("born", 3, 8, 8, 0.0), Term("moved_in", 1, 4, 4, 0.0)]
    assert [term.code for term in shown([*LARGE, *small], 10, (1, 1))] == [*(term.code for term in LARGE), "other"]
    codes = [term.code for term in shown([*LARGE, small[0]], 10, (1, 1))]
    assert codes == ["newly_found", "recovered", "died", "other"], "eight children are too few beside it"


def test_beside_terms_of_which_nobody_came_or_went_who_came_late_is_told_with_one_of_which_somebody_did() -> None:
    """Eleven are enough of children, but their denominator is 0, so it would be that of who came late."""
    small = [Term("flagged_now", 6, 0, 6, 0.0), Term("flagged_before", -5, 0, 5, 0.0)]
    codes = [term.code for term in shown([*LARGE, *small], 10, (1, 1))]
    assert codes == ["newly_found", "recovered", "died", "other"]
    assert [term.code for term in shown([*LARGE, *small], 10, (1, 0))] == [*(term.code for term in LARGE), "other"]


def test_where_all_terms_together_are_few_nothing_is_told_apart() -> None:
    """Also of which reasons there was nobody: else the one of three children would be all that is left."""
    few = [Term("newly_found", 3, 0, 3, 0.0), Term("died", 0, 0, 0, 0.0)]
    assert [term[:4] for term in shown(few, 10)] == [("other", 3, 0, None)]
    assert [term[:4] for term in shown(few[1:], 10, (1, 1))] == [("other", 1, 1, None)]
