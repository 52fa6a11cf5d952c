"""Gizi buruk: inpatient, outpatient, or what is missing to say so."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.place_of_care import SETTLES, Seen, place_of_care
from services.scoring.domain.ruleset import load

RULES = load().place_of_care
WELL = Seen(age_months=18, weight_kg=7.0, oedema=False, appetite="passed", complications=())


def test_a_child_without_any_sign_is_cared_for_as_an_outpatient() -> None:
    care = place_of_care(WELL, RULES)
    assert (care.place, care.reasons, care.missing) == ("outpatient", (), ())


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"age_months": 5}, "inpatient", "under_age"),
        ({"age_months": 6}, "outpatient", None),
        ({"weight_kg": 3.99}, "inpatient", "low_weight"),
        ({"weight_kg": 4.0}, "outpatient", None),
        ({"age_months": 5, "weight_kg": 3.99}, "inpatient", "under_age"),
        ({"appetite": "failed"}, "inpatient", "no_appetite"),
        ({"complications": ("pneumonia",)}, "inpatient", "complication"),
        ({"danger_signs": ("convulsions",)}, "inpatient", "complication"),
        ({"oedema_grade": "severe"}, "inpatient", "severe_oedema"),
        ({"oedema": True, "oedema_grade": "moderate"}, "outpatient", None),
        ({"oedema": None, "oedema_grade": "none"}, "outpatient", None),
    ],
)
def test_each_sign_alone_is_inpatient_and_its_edge_is_not(
    changes: dict[str, Any], place: str, reason: str | None
) -> None:
    care = place_of_care(replace(WELL, **changes), RULES)
    assert (care.place, care.reasons) == (place, () if reason is None else (reason,))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"appetite": None}, "test_appetite"),
        ({"complications": None}, "check_complications"),
        ({"oedema": None}, "grade_oedema"),
        ({"oedema": True}, "grade_oedema"),
        ({"age_months": None}, "register_child"),
        ({"weight_kg": None}, "measure_weight"),
    ],
)
def test_an_input_that_is_missing_leaves_the_place_open_and_is_named(changes: dict[str, Any], missing: str) -> None:
    care = place_of_care(replace(WELL, **changes), RULES)
    assert (care.place, care.missing) == ("indeterminate", (missing,))


seen = st.builds(
    Seen,
    age_months=st.sampled_from([0, 5, 6, 40]),
    weight_kg=st.sampled_from([2.0, 3.99, 4.0, 9.0]),
    oedema=st.booleans(),
    danger_signs=st.sampled_from([(), ("lethargic",)]),
    appetite=st.sampled_from(["passed", "failed"]),
    complications=st.sampled_from([(), ("shock",)]),
    oedema_grade=st.sampled_from(["none", "mild", "moderate", "severe"]),
)
INPUTS = [each.name for each in fields(Seen) if each.name != "danger_signs"]


@settings(max_examples=100, deadline=None)
@given(seen, st.sets(st.sampled_from(INPUTS)))
def test_less_is_never_another_place_only_an_open_one_and_given_back_it_is_the_same(
    whole: Seen, taken: set[str]
) -> None:
    full = place_of_care(whole, RULES)
    nothing: dict[str, Any] = dict.fromkeys(taken)
    part = place_of_care(replace(whole, **nothing), RULES)
    assert full.place != "indeterminate"
    assert part.place in {full.place, "indeterminate"}
    assert set(part.reasons) <= set(full.reasons)
    assert (part.place == "indeterminate") == bool(part.missing)
    assert set(part.missing) <= set(SETTLES.values())
    assert place_of_care(whole, RULES) == full
