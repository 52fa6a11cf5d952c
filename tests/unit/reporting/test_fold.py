"""The fold is a function of the set of revisions, and remembers what was known when."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.child_month import MARKS, ChildMonth
from services.reporting.domain.fold import GroupFacts, fold_months, fold_spans, judged_by_month, pending
from services.reporting.domain.versions import Version, compare
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1
from tests.unit.reporting.history import assessment, at, child, child_id, measurement, random_history
from tests.unit.reporting.revisions import group_of, groups_of, months_of

pytestmark = pytest.mark.bare
JUNE = date(2026, 6, 10)
SEEDS = st.integers(0, 10**9)


def folded(groups: Iterable[GroupFacts]) -> list[Version[Any, Any]]:
    versions: list[Version[Any, Any]] = []
    for group in groups:
        versions += months_of(group)
        versions += fold_spans(group.children)
    return versions


def known_at(versions: Iterable[Version[Any, Any]], instant: datetime) -> dict[Any, Any]:
    """What the versions say was known at `instant`."""
    found = {}
    for version in versions:
        if version.known_from <= instant and (version.known_to is None or instant < version.known_to):
            key = (type(version.content).__name__, version.key)
            assert key not in found, "two versions of one thing at one instant"
            found[key] = version.content
    return found


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS, steps=st.integers(1, 80))
def test_what_was_known_at_any_instant_is_the_fold_of_the_facts_known_by_then(seed: int, steps: int) -> None:
    """as_of: history does not depend on when it is looked at."""
    facts = random_history(seed, steps)
    versions = folded(groups_of(facts))
    for instant in random.Random(seed).sample(facts, min(6, len(facts))):
        then = [fact for fact in facts if fact.known_at <= instant.known_at]
        current = [version for version in folded(groups_of(then)) if version.known_to is None]
        assert known_at(versions, instant.known_at) == known_at(current, instant.known_at)


def test_random_histories_hold_what_they_are_to_prove() -> None:
    """Every mark, those of cases too."""
    marks = 0
    for seed in range(40):
        for version in folded(groups_of(random_history(seed, 80))):
            if isinstance(version.content, ChildMonth):
                marks |= version.content.marks
    assert [name for bit, name in enumerate(MARKS) if not marks >> bit & 1] == []


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, steps=st.integers(1, 60))
def test_the_order_of_the_facts_does_not_matter(seed: int, steps: int) -> None:
    facts = random_history(seed, steps)
    shuffled = random.Random(seed).sample(facts, len(facts))
    assert sorted(map(repr, folded(groups_of(facts)))) == sorted(map(repr, folded(groups_of(shuffled))))


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, steps=st.integers(1, 60))
def test_folding_some_months_gives_those_months_of_the_whole_fold(seed: int, steps: int) -> None:
    for group in groups_of(random_history(seed, steps)):
        whole = months_of(group)
        months = {month: judged for month, judged in judged_by_month(group).items() if month.month % 2}
        wanted = [version for version in whole if version.key[1] in months]
        assert sorted(map(repr, fold_months(group.children, months, group.cases))) == sorted(map(repr, wanted))


def judged_pair(**fields: Any) -> tuple[Fact, AssessmentV1]:
    taken = measurement("a", JUNE, **fields)
    return taken, assessment(taken)


def test_a_correction_counts_from_the_moment_it_is_judged_and_the_old_value_until_then() -> None:
    first = measurement("a", JUNE, known=1)
    second = first.model_copy(update={"revision": 2, "known_at": at(5), "measured_on": date(2026, 7, 1)})
    judged = assessment(second, revision=2, known=8)
    facts: list[Fact] = [child(), first, assessment(first, known=2), second, judged]
    spans = [(version.key[1].month, version.known_from, version.known_to) for version in months_of(group_of(facts))]
    assert sorted(spans) == [(6, at(2), at(8)), (7, at(8), None)]
    (still,) = months_of(group_of(facts[:-1]))
    assert still.known_to is None
    assert [waiting.child_id for waiting in pending(group_of(facts[:-1]))] == [child_id(1)]
    assert pending(group_of(facts)) == []


def test_a_voided_measurement_stops_counting_once_its_voiding_is_judged() -> None:
    taken, judged = judged_pair()
    voided = taken.model_copy(update={"revision": 2, "voided": True, "known_at": at(9)})
    assert isinstance(judged, AssessmentV1)
    after = judged.model_copy(update={"revision": 2, "measurement_revision": 2, "voided": True, "known_at": at(9)})
    (version,) = months_of(group_of([child(), taken, judged, voided, after]))
    assert version.known_to == at(9)


def test_merged_children_count_as_one_and_apart_again_after_the_unmerge() -> None:
    """B078: a merge takes exactly one child out of the figures, and keeps its measurements."""
    mine, theirs = measurement("a", JUNE, of=1), measurement("b", date(2026, 6, 20), of=2)
    together: list[Fact] = [child(1), child(2), mine, assessment(mine), theirs, assessment(theirs, haz=-2.5)]
    merged = child(2, revision=2, known=10, change="merged", merged_into=child_id(1))
    apart = child(2, revision=3, known=20, change="unmerged")

    def current(facts: Sequence[Fact]) -> dict[Any, Any]:
        return {v.key[0]: v.content.haz for v in months_of(group_of(facts)) if v.known_to is None}

    assert current(together) == {child_id(1): -1.0, child_id(2): -2.5}
    assert current([*together, merged]) == {child_id(1): -2.5}
    assert current([*together, merged, apart]) == current(together)
    spans = [v for v in fold_spans(group_of([*together, merged]).children) if v.known_to is None]
    assert [version.key[0] for version in spans] == [child_id(1)]


def test_a_fact_that_came_before_its_child_waits_for_it() -> None:
    taken, judged = judged_pair(known=1)
    late = child(known=30)
    assert months_of(group_of([taken, judged])) == []
    (version,) = months_of(group_of([taken, judged, late]))
    assert version.known_from == at(30)


def test_comparing_a_fold_with_itself_changes_nothing() -> None:
    versions = months_of(group_of([child(), *judged_pair()]))
    difference = compare(versions, versions)
    assert [difference.write, difference.gone, difference.was_current, difference.is_current] == [[], [], [], []]
