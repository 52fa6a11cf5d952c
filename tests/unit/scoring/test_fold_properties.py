"""What holds for every history: order, voiding, cut-off and neighbours do not matter, and the fold is fast enough."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.explain import explain
from services.scoring.domain.fingerprint import assessment_fingerprints, risk_fingerprints
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import ChildColumns, Fold, MeasurementColumns
from services.scoring.domain.ruleset import load
from tests.unit.scoring.fold_examples import Child, Story, Visit

START = date(2024, 1, 1)

children = st.builds(
    Child,
    number=st.just(0),
    sex=st.sampled_from(["M", "F", "F", "M", ""]),
    born=st.one_of(st.none(), st.integers(0, 1500).map(lambda days: START - timedelta(days=days))),
    birth_weight=st.sampled_from([None, 2.3, 3.1]),
    gestation=st.sampled_from([None, 34, 39]),
)
visits = st.builds(
    Visit,
    number=st.just(0),
    child=st.integers(0, 3),
    on=st.integers(0, 400).map(lambda days: START + timedelta(days=days)),
    weight=st.one_of(st.none(), st.integers(25, 200).map(lambda tenths: tenths / 10)),
    length=st.one_of(st.none(), st.integers(450, 1150).map(lambda tenths: tenths / 10)),
    position=st.sampled_from(["", "l", "h"]),
    oedema=st.sampled_from([None, None, False, True]),
    muac=st.sampled_from([None, None, 11.2, 14.0]),
    signs=st.sampled_from([None, None, None, (), ("convulsions",), ("lethargic", "chest_indrawing")]),
    temperature=st.sampled_from([None, None, 36.8, 39.0]),
    head=st.one_of(st.none(), st.integers(300, 550).map(lambda tenths: tenths / 10)),
    api=st.booleans(),
    remeasured=st.sampled_from([False, False, True]),
    voided=st.sampled_from([False, False, False, True]),
    recorded=st.integers(0, 3),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to four children, some merged, with close visits: same days, same months, same recording times."""
    some = draw(st.lists(children, min_size=4, max_size=4))
    some = [replace(child, number=i + 1) for i, child in enumerate(some)]
    if draw(st.booleans()):
        some[3] = replace(some[3], root=1)
    made = draw(st.lists(visits, max_size=14))
    return Story(some, [replace(each, number=100 + i, child=each.child + 1) for i, each in enumerate(made)])


def content(folded: Fold) -> dict[str, Any]:
    """Everything a fold says: per measurement id, and per root with its explanation."""
    assessed, ids = folded.assessments, folded.measurements.fact_id
    rows = {
        int(ids[row, 1]): tuple(getattr(assessed, each.name)[row].item() for each in fields(assessed))
        for row in range(len(ids))
    }
    roots = {
        int(folded.children.child_id[folded.roots.child[root], 1]): explain(folded, [root])[0]
        for root in range(folded.risk.tier.size)
    }
    return {"rows": rows, "roots": roots}


def of(folded: Fold, numbers: set[int]) -> dict[int, Any]:
    """The assessments of some fact numbers."""
    return {key: row for key, row in content(folded)["rows"].items() if key & 0xFFFF in numbers}


@settings(max_examples=60, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(story: Story, random: Any) -> None:
    shuffled = Story(random.sample(story.children, 4), random.sample(story.visits, len(story.visits)))
    assert content(shuffled.folded()) == content(story.folded())


@settings(max_examples=40, deadline=None)
@given(stories())
def test_a_voided_row_equals_its_absence(story: Story) -> None:
    alive = [each for each in story.visits if not each.voided]
    numbers = {each.number for each in alive}
    with_voided, without = story.folded(), Story(story.children, alive).folded()
    assert of(with_voided, numbers) == content(without)["rows"]
    assert content(with_voided)["roots"] == content(without)["roots"]


@settings(max_examples=40, deadline=None)
@given(stories(), st.integers(0, 400))
def test_until_equals_leaving_out_later_rows(story: Story, days: int) -> None:
    until = START + timedelta(days=days)
    earlier = [each for each in story.visits if each.on <= until]
    cut, without = story.folded(until=until), Story(story.children, earlier).folded()
    assert of(cut, {each.number for each in earlier}) == content(without)["rows"]
    assert content(cut)["roots"] == content(without)["roots"]


@settings(max_examples=40, deadline=None)
@given(stories(), stories())
def test_rows_of_another_root_change_nothing(story: Story, neighbours: Story) -> None:
    moved = {child.number: child.number + 20 for child in neighbours.children}
    others = [
        replace(child, number=moved[child.number], root=None if child.root is None else moved[child.root])
        for child in neighbours.children
    ]
    strangers = [replace(each, number=each.number + 100, child=moved[each.child]) for each in neighbours.visits]
    alone, among = story.folded(), Story(others + story.children, strangers + story.visits).folded()
    assert of(among, {each.number for each in story.visits}) == content(alone)["rows"]
    together = content(among)["roots"]
    assert {key: together[key] for key in content(alone)["roots"]} == content(alone)["roots"]


@settings(max_examples=40, deadline=None)
@given(stories())
def test_the_tier_at_a_date_is_the_status_of_that_day(story: Story) -> None:
    folded = story.folded()
    for row, each in enumerate(story.visits):
        if not each.voided:
            root = int(folded.children.root[folded.measurements.child[row]])
            assert folded.assessments.tier[row] == story.folded(until=each.on).risk.tier[root]


@settings(max_examples=60, deadline=None)
@given(stories(), stories())
def test_other_content_has_another_fingerprint_and_the_same_has_the_same(story: Story, other: Story) -> None:
    """The same visits judged with other children: of another sex, age, birth weight."""
    one, two, again = story.folded(), Story(other.children, story.visits).folded(), story.folded()
    assert np.array_equal(assessment_fingerprints(one.assessments), assessment_fingerprints(again.assessments))
    assert np.array_equal(risk_fingerprints(one), risk_fingerprints(again))
    rows_one, rows_two = content(one)["rows"], content(two)["rows"]
    marks = zip(assessment_fingerprints(one.assessments), assessment_fingerprints(two.assessments), strict=True)
    for (ours, theirs), key in zip(marks, rows_one, strict=True):
        assert bool(ours == theirs) is (rows_one[key] == rows_two[key])
    roots_one, roots_two = content(one)["roots"], content(two)["roots"]
    for key in roots_one.keys() & roots_two.keys():
        if roots_one[key] != roots_two[key]:
            assert _by_root(one)[key] != _by_root(two)[key]


def test_a_value_that_no_explanation_shows_leaves_the_fingerprint_of_a_status_alone() -> None:
    child, on = Child(1, "M", date(2024, 1, 15)), date(2025, 7, 10)
    heights = (79.0, 79.3)
    one, two = (
        Story([child], [Visit(2, 1, on, weight=10.0, length=length, position="l")]).folded() for length in heights
    )
    assert content(one)["rows"] != content(two)["rows"]
    assert content(one)["roots"] == content(two)["roots"]
    assert _by_root(one) == _by_root(two)


def _by_root(folded: Fold) -> dict[int, int]:
    names = folded.children.child_id[folded.roots.child, 1]
    return {int(name): int(mark) for name, mark in zip(names, risk_fingerprints(folded), strict=True)}


def test_fingerprints_never_change_between_versions() -> None:
    """Stored fingerprints are compared with new ones: these two are promises."""
    story = Story(
        [Child(1, "M", date(2024, 1, 15), birth_weight=2.3)],
        [Visit(2, 1, date(2025, 7, 10), weight=8.6, length=75.0, position="l")],
    )
    folded = story.folded()
    assert int(assessment_fingerprints(folded.assessments)[0]) == ASSESSMENT_PROMISE
    assert int(risk_fingerprints(folded)[0]) == RISK_PROMISE


ASSESSMENT_PROMISE = 9078353833956369420
RISK_PROMISE = 6374742126001959810


def test_nothing_folds_to_nothing() -> None:
    folded = Story([], []).folded()
    assert folded.risk.tier.size == folded.assessments.state.size == 0
    assert risk_fingerprints(folded).size == 0


def district(children_count: int, measurements_count: int) -> tuple[ChildColumns, MeasurementColumns]:
    """Seeded columns of a district's size; values only roughly like children."""
    random = np.random.default_rng(5)
    n, m = children_count, measurements_count
    birth = np.datetime64("2021-06-01") + random.integers(0, 1700, n).astype("m8[D]")
    of_child = np.r_[np.arange(n), random.integers(0, n, m - n)]
    on = np.datetime64("2026-01-01") + random.integers(0, 150, m).astype("m8[D]")
    months = (on - birth[of_child]).astype(np.int64) / 30.4375
    return (
        ChildColumns(
            child_id=random.integers(0, 2**63, (n, 2)).astype(np.uint64),
            root=np.arange(n),
            is_root=np.ones(n, np.bool_),
            sex=random.integers(1, 3, n).astype(np.int8),
            birth_date=birth,
            birth_weight_kg=random.normal(3.0, 0.4, n),
            gestation_weeks=np.where(random.random(n) < 0.5, np.nan, np.rint(random.normal(39, 2, n))),
        ),
        MeasurementColumns(
            fact_id=random.integers(0, 2**63, (m, 2)).astype(np.uint64),
            child=of_child,
            measured_on=on,
            recorded_at=random.integers(0, 10**9, m),
            channel=random.integers(0, 2, m).astype(np.int8),
            is_remeasurement=random.random(m) < 0.05,
            voided=random.random(m) < 0.01,
            weight_kg=np.round(4 + 0.2 * months + random.normal(0, 1, m), 1),
            length_height_cm=np.round(55 + 0.85 * months + random.normal(0, 3, m), 1),
            position=random.integers(0, 3, m).astype(np.int8),
            oedema=random.integers(0, 2, m).astype(np.int8),
            muac_cm=np.where(random.random(m) < 0.7, np.nan, random.normal(14.5, 1, m)),
            head_circumference_cm=np.where(random.random(m) < 0.7, np.nan, random.normal(46, 2, m)),
            danger_signs=np.where(random.random(m) < 0.99, 0, random.integers(0, 9, m)).astype(np.int32),
            temperature_c=np.where(random.random(m) < 0.9, np.nan, random.normal(37, 1, m)),
        ),
    )


def test_a_district_of_100_000_measurements_folds_in_two_seconds_of_processor_time() -> None:
    columns, rules = district(30_000, 100_000), load()
    fold(*columns, rules)  # tables are read once
    began = time.process_time()
    fold(*columns, rules)
    assert time.process_time() - began < 2.0


def test_the_fingerprint_of_a_child_does_not_depend_on_who_is_judged_with_it() -> None:
    """A child without a measurement, alone and beside one that has some."""
    alone, other = Child(1, "M", date(2024, 1, 15)), Child(2, "F", date(2024, 1, 15))
    visit = Visit(3, 2, date(2025, 7, 10), weight=8.6, length=75.0, position="l")
    first, both = _by_root(Story([alone], []).folded()), _by_root(Story([alone, other], [visit]).folded())
    assert first.items() < both.items()
