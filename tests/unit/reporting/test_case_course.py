"""Which case speaks for a month, and what it says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.case_course import CASE_MARKS, CaseRevision, Course, course_of, covering
from services.reporting.domain.child_month import MARKS, ChildMonth
from shared.contracts.fact import Fact
from tests.unit.reporting.history import assessment, at, case, child, child_id, measurement
from tests.unit.reporting.revisions import group_of, months_of, revision_of

pytestmark = pytest.mark.bare
NOVEMBER = date(2025, 11, 1)


def row(name: str = "a", **fields: Any) -> CaseRevision:
    found = revision_of(case(name, **fields))
    assert isinstance(found, CaseRevision)
    return found


def visit(on: date, *, of: int = 1, tier: str = "suspected") -> list[Fact]:
    taken = measurement(f"{on}", on, of=of)
    return [taken, assessment(taken, tier=tier)]


def marks_of(content: ChildMonth) -> set[str]:
    return {name for bit, name in enumerate(MARKS) if content.marks >> bit & 1}.intersection(CASE_MARKS)


def current(*facts: Fact) -> dict[tuple[Any, int], set[str]]:
    """Marks of the case by root and month, as known now."""
    versions = months_of(group_of(facts))
    return {
        (version.key[0], version.key[1].month): marks_of(version.content)
        for version in versions
        if version.known_to is None
    }


@pytest.mark.parametrize(
    ("opened_on", "closed_on", "covered"),
    [
        (date(2025, 11, 30), None, True),  # opened on the last day
        (date(2025, 12, 1), None, False),  # a day later: December's
        (date(2025, 11, 1), None, True),
        (date(2025, 8, 3), None, True),  # still open from before
        (date(2025, 8, 3), date(2025, 11, 1), True),  # closed on the first day
        (date(2025, 8, 3), date(2025, 10, 31), False),  # a day earlier: not November's any more
        (date(2025, 11, 30), date(2025, 11, 30), True),
        (date(2025, 12, 1), date(2025, 12, 1), False),
    ],
)
def test_a_case_covers_the_months_from_its_opening_to_its_end(
    *, opened_on: date, closed_on: date | None, covered: bool
) -> None:
    fields: dict[str, Any] = {"opened_on": opened_on} | ({"closed_on": closed_on} if closed_on else {})
    assert (covering([row(**fields)], NOVEMBER) is not None) == covered


def test_of_two_cases_in_a_month_the_relapse_speaks() -> None:
    old = row("old", opened_on=date(2025, 8, 1), closed_on=date(2025, 11, 10))
    relapse = row("relapse", opened_on=date(2025, 11, 20))
    assert covering([relapse, old], NOVEMBER) == covering([old, relapse], NOVEMBER) == relapse
    assert covering([old, relapse], date(2025, 10, 1)) == old


def test_a_case_entered_in_error_speaks_for_nothing() -> None:
    assert covering([row(closed_on=date(2025, 12, 1), close_reason="entered_in_error")], NOVEMBER) is None


def test_a_case_ended_by_a_merge_speaks_only_where_no_other_does() -> None:
    merged = row("lost", opened_on=date(2025, 11, 20), closed_on=date(2026, 1, 5), close_reason="merged")
    survivors = row("kept", opened_on=date(2025, 12, 2))
    assert covering([merged, survivors], date(2025, 12, 1)) == survivors
    assert covering([merged, survivors], NOVEMBER) == merged


def test_the_days_of_a_case_count_from_its_opening() -> None:
    reached = {"remeasured": date(2025, 11, 11), "lab_ordered": date(2025, 11, 4), "care_started": date(2025, 11, 1)}
    ended = row(milestones=reached, closed_on=date(2025, 12, 4))
    assert course_of(ended) == Course(
        date(2025, 11, 4), remeasured=7, lab_ordered=0, in_care=0, recovered=30, closed=30
    )
    assert course_of(row(closed_on=date(2025, 12, 4), close_reason="lost")) == Course(date(2025, 11, 4), closed=30)
    assert course_of(row()) == Course(date(2025, 11, 4))


@pytest.mark.parametrize(
    ("anaemia", "marks"),
    [("yes", {"anaemia_known", "anaemic"}), ("no", {"anaemia_known"}), ("indeterminate", set()), (None, set())],
)
def test_anaemia_is_known_by_a_reading_that_says_yes_or_no(anaemia: str | None, marks: set[str]) -> None:
    facts = [child(), *visit(date(2025, 11, 4)), case(anaemia=anaemia)]
    assert current(*facts) == {(child_id(1), 11): marks}


def test_a_step_counts_for_every_month_of_suspicion_that_the_case_covers() -> None:
    months = [(date(2025, 10, 4), "suspected"), (date(2025, 11, 4), "urgent"), (date(2025, 12, 4), "watch"),
              (date(2026, 1, 2), "suspected")]  # fmt: skip
    facts = [child(), *(fact for on, tier in months for fact in visit(on, tier=tier))]
    reached = {"lab_ordered": date(2025, 11, 6), "lab_complete": date(2026, 1, 3), "referred": date(2025, 11, 4)}
    told = {"lab_ordered", "lab_complete", "referred"}
    marks = current(*facts, case(milestones=reached))
    assert {month: found for (_, month), found in marks.items()} == {10: set(), 11: told, 12: set(), 1: told}


def test_what_a_case_says_counts_from_the_moment_it_is_known() -> None:
    facts = [child(), *visit(date(2025, 11, 4))]
    ordered = case(revision=2, known=5, milestones={"lab_ordered": date(2025, 11, 5)})
    undone = case(revision=3, known=9)
    versions = months_of(group_of([*facts, case(known=1), ordered, undone]))
    told = sorted((version.known_from, version.known_to, marks_of(version.content)) for version in versions)
    assert told == [(at(1), at(5), set()), (at(5), at(9), {"lab_ordered"}), (at(9), None, set())]


def test_a_revision_that_changes_nothing_shown_makes_no_version() -> None:
    facts = [child(), *visit(date(2025, 11, 4)), case(known=1)]
    again = case(revision=2, known=7, state="confirmed", confirmed_by="clinician", required_tests=("ferritin",))
    assert len(months_of(group_of([*facts, again]))) == 1


def test_a_case_carried_over_a_merge_counts_once_at_the_survivor() -> None:
    facts: list[Fact] = [child(1), child(2), *visit(date(2025, 11, 4), of=1), *visit(date(2025, 11, 6), of=2)]
    complete = {"lab_complete": date(2025, 11, 20)}
    theirs = case("b", of=2, milestones=complete)
    merged = child(2, revision=2, known=10, change="merged", merged_into=child_id(1))
    ended = case("b", of=2, revision=2, known=11, milestones=complete, closed_on=date(2026, 1, 5),
                 close_reason="merged")  # fmt: skip
    carried = case("carried", of=1, known=11, milestones=complete)
    facts += [theirs, merged, ended, carried]
    assert current(*facts) == {(child_id(1), 11): {"lab_complete"}}
    apart = child(2, revision=3, known=20, change="unmerged")
    back = case("b", of=2, revision=3, known=20, milestones=complete)
    gone = case("carried", of=1, revision=2, known=20, milestones=complete, closed_on=date(2026, 1, 6),
                close_reason="entered_in_error")  # fmt: skip
    assert current(*facts, apart, back, gone) == {(child_id(1), 11): set(), (child_id(2), 11): {"lab_complete"}}
