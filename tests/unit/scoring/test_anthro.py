"""Growth scores on wild input and on the public cases of section A."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.growth import anthro
from shared.growth.anthro import score
from shared.growth.anthro_columns import Anthropometry
from shared.growth.rounding import round_hundredths
from tests.unit.scoring import scalar_reference as reference
from tests.unit.scoring.growth_examples import child, columns, reason, score_one, z
from tests.unit.scoring.scalar_reference import Row

INDICES = ("haz", "waz", "whz", "baz", "hcz", "acz", "tsz", "ssz")

wild = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, -1.0, 0.1, 45.0, 65.0, 110.0, 120.0, 119.3, 87.0, 1e-320, 1e308, math.inf, -math.inf]),
    st.floats(allow_nan=False),
)
weights = st.one_of(wild, st.integers(5, 400).map(lambda tenths: tenths / 10), st.floats(0.5, 60))
sizes = st.one_of(wild, st.integers(4300, 12200).map(lambda hundredths: hundredths / 100), st.floats(38, 150))
ages = st.one_of(
    wild,
    st.integers(0, 1900).map(float),
    st.floats(0, 1900),
    st.sampled_from([-0.3, 0.5, 90.5, 273.9375, 273.9, 730.5, 730.4999, 1826.24, 1826.25, 24.0, 60.0, 59.9999]),
)
rows = st.builds(
    Row,
    sex=st.sampled_from([1, 2, 1, 2, 0]),
    age=ages,
    in_months=st.booleans(),
    weight=weights,
    lenhei=sizes,
    measure=st.sampled_from(["", "l", "h"]),
    oedema=st.sampled_from([False] * 9 + [True]),
    headc=weights,
    armc=weights,
    triskin=weights,
    subskin=weights,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40))
def test_the_engine_equals_the_scalar_reference_on_wild_input(some: list[Row]) -> None:
    scores = score(columns(some))
    for i, row in enumerate(some):
        expected = reference.scores(row)
        for name in INDICES:
            index = getattr(scores, name)
            theirs, their_flag = expected[name]
            ours = float(index.z[i])
            assert bool(index.reason[i] == 0) is (theirs is not None), (name, row)
            if theirs is not None:
                assert ours == theirs or math.isclose(ours, theirs, rel_tol=1e-12), (name, row)
                assert bool(index.flagged[i]) is their_flag, (name, row)
        length, measure, implausible = reference.adjusted(row)
        assert np.array_equal(scores.adjusted_length_height_cm[i], np.nan if length is None else length, equal_nan=True)
        assert ("", "l", "h")[scores.position[i]] == measure
        assert bool(scores.position_implausible[i]) is implausible


def test_chunks_do_not_show_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    some = columns(
        [child("MF"[i % 2], float(7 * i % 1900), 3 + i % 20, 45.0 + i % 70, "lh"[i % 2]) for i in range(500)]
    )
    whole = score(some)
    monkeypatch.setattr(anthro, "CHUNK_ROWS", 7)
    pieces = score(some)
    for name in INDICES:
        for part in ("z", "flagged", "reason"):
            assert np.array_equal(
                getattr(getattr(whole, name), part), getattr(getattr(pieces, name), part), equal_nan=part == "z"
            )


def test_a_column_that_was_not_measured_is_not_scored() -> None:
    some = columns([child("M", 300, 8.0, 70.0)])
    bare = Anthropometry(
        sex=some.sex,
        age=some.age,
        weight_kg=some.weight_kg,
        length_height_cm=some.length_height_cm,
        position=some.position,
        oedema=some.oedema,
    )
    scores = score(bare)
    assert (scores.hcz, scores.acz, scores.tsz, scores.ssz) == (None, None, None, None)
    assert scores.haz.z[0] == score(some).haz.z[0]


@pytest.mark.parametrize(
    ("x", "rounded"), [(0.015, 0.01), (0.025, 0.03), (2.675, 2.67), (-1.995, -2.0), (1.005, 1.0), (-0.001, -0.0)]
)
def test_rounding_follows_r_on_ties(x: float, rounded: float) -> None:
    result = float(round_hundredths(np.array([x]))[0])
    assert result == rounded
    assert math.copysign(1, result) == math.copysign(1, rounded)


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.integers(-999, 999).map(lambda k: k / 100 + 0.005)), min_size=1))
def test_rounding_equals_the_rule_written_out(values: list[float]) -> None:
    assert list(round_hundredths(np.array(values))) == [reference.r_round(x) for x in values]


def test_no_height_score_below_65_cm_after_two_years_but_the_others_stay() -> None:
    """B002."""
    low = child("M", 800, 6.0, 64.5, "h")
    assert reason(low, "whz") == "height_below_65"
    assert not math.isnan(z(low, "haz"))
    assert not math.isnan(z(low, "waz"))
    assert z(child("M", 800, 6.0, 65.0, "h"), "whz") == -2.71


@pytest.mark.parametrize(
    ("days", "size", "measure", "why"),
    [
        (400, 44.9, "l", "length_below_45"),
        (400, 110.1, "l", "length_above_110"),
        (1500, 120.1, "h", "height_above_120"),
    ],
)
def test_a_size_outside_the_table_is_told(days: int, size: float, measure: str, why: str) -> None:
    """B002."""
    assert reason(child("F", days, 9.0, size, measure), "whz") == why


def test_length_for_age_is_not_restricted_and_flagged_below_minus_six() -> None:
    """B004."""
    row = child("F", 365, None, 58.0, "l")
    assert z(row, "haz") == -6.22
    assert score_one(row).haz.flagged[0]


def test_weight_of_a_newborn_is_judged_by_days_not_months() -> None:
    """B006."""
    assert z(child("M", 14, 3.5), "waz") == -0.49


def test_a_low_score_is_never_capped_so_recovery_shows() -> None:
    """B008."""
    assert z(child("F", 365, None, 60.0, "l"), "haz") == -5.44
    assert z(child("F", 365, None, 62.0, "l"), "haz") == -4.66


def test_the_2006_standard_alone_is_used_and_only_below_sixty_months() -> None:
    """B010."""
    assert not math.isnan(z(child("M", 1826, None, 105.0, "h"), "haz"))
    assert reason(child("M", 1827, None, 105.0, "h"), "haz") == "age_60_months_or_more"


def test_weight_for_length_is_interpolated_between_table_rows() -> None:
    """B012."""
    assert z(child("M", 400, 7.0, 72.35, "l"), "whz") == -3.10


@pytest.mark.parametrize(
    ("days", "measure", "haz"), [(730, "h", -1.77), (730, "l", -1.98), (731, "h", -1.78), (731, "l", -1.99)]
)
def test_position_is_corrected_by_0_7_cm_on_either_side_of_731_days(days: int, measure: str, haz: float) -> None:
    """B014."""
    assert z(child("F", days, None, 80.0, measure), "haz") == haz


def test_a_very_low_weight_has_a_score_never_an_empty_cell() -> None:
    """B016."""
    row = child("M", 400, 5.0, 72.0, "l")
    assert z(row, "whz") < -5
    assert reason(row, "whz") == ""


def test_a_visit_before_birth_has_no_score_and_says_so() -> None:
    """B020."""
    row = child("M", -4, 3.4, 50.0, "l")
    assert {reason(row, name) for name in ("haz", "waz", "whz", "baz")} == {"visit_before_birth"}


def test_swapped_weight_and_height_are_both_flagged() -> None:
    """B028."""
    scores = score_one(child("M", 540, 80.5, 10.2))
    assert (scores.waz.z[0], scores.haz.z[0]) == (44.2, -26.77)
    assert scores.waz.flagged[0]
    assert scores.haz.flagged[0]


def test_z_is_rounded_before_it_is_compared() -> None:
    """B030."""
    assert z(child("M", 156, None, 61.9, "l"), "haz") == -2.00


def test_oedema_leaves_height_for_age_and_blanks_what_rests_on_weight() -> None:
    """B032."""
    row = child("M", 400, 9.0, 75.0, "l", oedema=True)
    assert [reason(row, name) for name in ("haz", "waz", "whz", "baz")] == ["", "oedema", "oedema", "oedema"]
    assert z(row, "haz") == z(child("M", 400, 9.0, 75.0, "l"), "haz")


@pytest.mark.parametrize(
    ("row", "index", "why"),
    [
        (child("", 400, 9.0, 75.0), "haz", "sex_missing"),
        (child("M", None, 9.0, 75.0), "haz", "age_missing"),
        (child("M", 400, None, 75.0), "whz", "weight_missing"),
        (child("M", 400, 0.0, 75.0), "waz", "nonpositive_weight"),
        (child("M", 400, 9.0, None), "baz", "length_height_missing"),
        (child("M", 400, 9.0, -1.0), "haz", "nonpositive_length_height"),
        (child("M", 400, 9.0, 0.0, "h"), "haz", "nonpositive_length_height"),
        (child("M", 1500, 9.0, 0.5, "l"), "haz", "nonpositive_length_height"),
        (child("M", 400, math.inf, 75.0), "waz", "not_finite"),
        (child("M", 90, armc=13.0), "acz", "age_below_91_days"),
        (child("M", 400, armc=0.0), "acz", "nonpositive_muac"),
        (child("M", 400), "hcz", "head_circumference_missing"),
        (child("M", 400, triskin=-1.0), "tsz", "nonpositive_triceps_skinfold"),
        (child("M", 400), "ssz", "subscapular_skinfold_missing"),
    ],
)
def test_every_blank_names_its_reason(row: Row, index: str, why: str) -> None:
    assert reason(row, index) == why
