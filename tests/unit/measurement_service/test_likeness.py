"""What makes two records look like one child, and what ranks how."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.domain.likeness import MOST_OF_TWINS, REASON_TEXTS, WEIGHTS, Likeness, Person, compare
from services.measurement.domain.names import are_near, edit_distance, is_part, normalise_name, similarity

NIK, OTHER_NIK = "1219014507230003", "1219014507230014"
PLAIN: dict[str, Any] = {
    "nik": None,
    "nik_flags": (),
    "name": "citra lestari",
    "parent_name": None,
    "birth_date": date(2023, 7, 5),
    "sex": "female",
    "desa_code": "12.19.01.2003",
    "posyandu_code": "12.19.01.2003.P001",
}


def person(**changes: Any) -> Person:
    return Person(**{**PLAIN, **changes})


def likeness(one: dict[str, Any], other: dict[str, Any]) -> Likeness | None:
    return compare(person(**one), person(**other))


def reasons(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    found = likeness(one, other)
    return () if found is None else found.reasons


def score(one: dict[str, Any], other: dict[str, Any]) -> float:
    found = likeness(one, other)
    return 0.0 if found is None else found.score


AWAY = {"desa_code": "12.19.02.2001", "posyandu_code": "12.19.02.2001.P001"}
STRANGER = {"name": "dewi anggraini", "birth_date": date(2024, 1, 9)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, STRANGER, ()),
        ({"nik": NIK}, {**STRANGER, "nik": OTHER_NIK}, ()),
        ({}, {}, ("same_name_and_birth_date",)),
        ({}, AWAY, ("same_name_and_birth_date",)),  # moved, and registered again
        ({}, {"name": "citra lestary"}, ("near_name_and_birth_date",)),
        ({}, {"name": "citra lestary", **AWAY}, ()),  # a like name elsewhere is no evidence by itself
        ({}, {"birth_date": date(2023, 7, 6)}, ("near_name_and_birth_date",)),
        ({}, {"birth_date": date(2023, 7, 7)}, ()),  # two days apart
        ({}, {"name": "lestari citra"}, ("near_name_and_birth_date",)),
        ({}, {"name": "citra"}, ("near_name_and_birth_date",)),
        ({}, {"name": "siti rahayu", "parent_name": None}, ()),
        ({"parent_name": "siti rahayu"}, {"name": "siti rahayu"}, ("near_name_and_birth_date",)),  # "By. Ny. Siti"
        (
            {"parent_name": "siti rahayu"},
            {"parent_name": "siti rahayu", **AWAY},
            ("same_name_and_birth_date", "same_parent_and_birth_date"),
        ),
        ({"nik": NIK}, {**STRANGER, "nik": NIK, "birth_date": PLAIN["birth_date"], **AWAY}, ("same_nik", "twins?")),
        ({"nik": NIK}, {**STRANGER, "nik": NIK}, ("same_nik", "siblings?")),
        ({"nik": NIK}, {"nik": NIK, "birth_date": date(2022, 7, 5)}, ("same_nik",)),  # a wrong year
    ],
)
def test_what_speaks_for_one_child(one: dict[str, Any], other: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert reasons(one, other) == expected


@pytest.mark.parametrize("name", ["hasin", "hassan", "hasna"])
def test_b080_twins_are_named_so_and_come_last(name: str) -> None:
    """Same mother, same birth date, same posyandu, no NIK, names one letter apart."""
    twins = likeness({"name": "hasan", "parent_name": "siti"}, {"name": name, "parent_name": "siti"})
    assert twins is not None
    assert "twins?" in twins.reasons
    assert twins.score <= MOST_OF_TWINS
    assert twins.score < score({"name": "hasan"}, {"name": "hasan"})


def test_a_boy_and_a_girl_of_one_birth_are_twins_whatever_their_names() -> None:
    one, other = {"parent_name": "siti", "sex": "male"}, {"parent_name": "siti", "sex": "female"}
    assert "twins?" in reasons(one, other)


def test_a_call_name_is_no_twin() -> None:
    one, other = {"parent_name": "siti"}, {"parent_name": "siti", "name": "citra"}
    assert "twins?" not in reasons(one, other)
    assert "twins?" in reasons({**one, "nik": NIK}, {**other, "nik": OTHER_NIK}), "but two with an NIK each"


def test_a_parents_or_made_up_nik_says_little() -> None:
    sound = score({"nik": NIK}, {"nik": NIK, "name": None})
    for flag in ("nik_parent_birth_date", "nik_repeated_digits"):
        assert score({"nik": NIK, "nik_flags": (flag,)}, {"nik": NIK, "name": None}) < sound


def test_what_agrees_raises_and_what_differs_lowers_the_score() -> None:
    alone = score({}, {})
    assert score({"nik": NIK}, {"nik": NIK}) > alone > score({"nik": NIK}, {"nik": OTHER_NIK})
    assert score({"parent_name": "siti"}, {"parent_name": "siti"}) > alone
    assert score({"parent_name": "siti"}, {"parent_name": "wati"}) < alone
    assert score({}, AWAY) < score({}, {"posyandu_code": None}) < alone
    assert score({}, {"sex": "male"}) < score({}, {"sex": None}) < alone
    assert score({}, {"name": "citra lestary"}) < alone
    assert score({}, {"birth_date": date(2023, 7, 6)}) < alone


def test_a_date_with_day_and_month_swapped_is_told() -> None:
    found = likeness({"nik": NIK}, {"nik": NIK, "birth_date": date(2023, 5, 7)})
    assert found is not None
    assert [item.result for item in found.evidence if item.field == "birth_date"] == ["swapped"]


def test_evidence_holds_no_value_of_anybody() -> None:
    found = likeness({"nik": NIK, "parent_name": "siti"}, {"nik": NIK, "parent_name": "siti", "name": "citra lestary"})
    told = repr(found)
    for value in (NIK, "citra", "siti", "2023"):
        assert value not in told


def test_a_move_is_no_new_evidence_of_who_somebody_is() -> None:
    here, there = likeness({}, {}), likeness({}, AWAY)
    renamed = likeness({}, {"name": "citra lestary"})
    assert here is not None
    assert there is not None
    assert renamed is not None
    assert here.fingerprint == there.fingerprint != renamed.fingerprint


PEOPLE = st.builds(
    person,
    nik=st.sampled_from([None, NIK, OTHER_NIK]),
    nik_flags=st.sampled_from([(), ("nik_parent_birth_date",)]),
    name=st.sampled_from([None, "citra", "citra lestari", "citra lestary", "dewi", "siti"]),
    parent_name=st.sampled_from([None, "siti", "sity", "wati"]),
    birth_date=st.sampled_from([date(2023, 7, 5), date(2023, 7, 6), date(2023, 5, 7), date(2021, 1, 1)]),
    sex=st.sampled_from([None, "male", "female"]),
    desa_code=st.sampled_from(["12.19.01.2003", "12.19.02.2001"]),
    posyandu_code=st.sampled_from([None, "12.19.01.2003.P001"]),
)


@settings(deadline=None)
@given(PEOPLE, PEOPLE)
def test_who_is_compared_with_whom_makes_no_difference(one: Person, other: Person) -> None:
    found = compare(one, other)
    assert found == compare(other, one)
    if found is not None:
        assert 0 <= found.score <= 1
        assert set(found.reasons) <= REASON_TEXTS.keys()
        for item in found.evidence:
            assert item.result is None or item.result in WEIGHTS[item.field]


@settings(deadline=None)
@given(st.text("abc ", max_size=6), st.text("abc ", max_size=6), st.text("abc ", max_size=6))
def test_edits_are_counted_alike_from_both_sides(one: str, other: str, tail: str) -> None:
    assert edit_distance(one, other) == edit_distance(other, one)
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one + tail, other + tail) <= edit_distance(one, other)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("hasan", "hasin", True),
        ("aldi", "alid", False),  # two letters swapped of four: too short to tell
        ("muhammad yusuf", "muhammad yusup", True),
        ("nur aini", "nuraini", True),
        ("aisyah putri", "putri aisyah", True),
        ("citra lestari", "citra lestiani", True),
        ("citra lestari", "citra pertiwi", False),
        ("adi", "ali", False),
    ],
)
def test_names_near_each_other(one: str, other: str, *, near: bool) -> None:
    assert are_near(one, other) is near


def test_of_what_is_not_there_nothing_is_alike() -> None:
    assert similarity("", "") == 0.0
    assert not is_part("", "citra")
    assert is_part(normalise_name("An. Citra"), "citra lestari")
