"""Nutritional classes, entry limits and the rule set they come from."""

from __future__ import annotations

import numpy as np
import pytest

from services.scoring.domain.assessment_codes import ALL_CLASSES, class_name, from_centi, to_centi
from services.scoring.domain.categories import class_of, classify
from services.scoring.domain.plausible import Entry, judge
from services.scoring.domain.ruleset import FOLDER, RuleSetError, load, read
from tests.unit.scoring.growth_examples import child, floats, score_one

SHIPPED = (FOLDER / "2026-01.toml").read_text(encoding="utf-8")


def classes(kind: str, *z: float) -> list[str | None]:
    codes = class_of(np.array(z), load().categories[kind])
    return [class_name(kind, int(code)) for code in codes]


def test_height_for_age_keeps_four_classes_and_tall_is_not_stunted() -> None:
    """B034: HAZ +3.5 is tall; the borders -3 and -2 belong to the class above them, +3 to normal."""
    assert classes("height_for_age", -3.01, -3.0, -2.01, -2.0, 3.0, 3.01, 3.5) == [
        "severely_stunted", "stunted", "stunted", "normal", "normal", "tall", "tall",
    ]  # fmt: skip


def test_weight_for_age_classes_end_at_plus_one() -> None:
    assert classes("weight_for_age", -3.01, -3.0, -2.0, 1.0, 1.01) == [
        "severely_underweight", "underweight", "normal", "normal", "overweight_risk",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["weight_for_height", "bmi_for_age"])
def test_weight_for_height_and_bmi_have_six_classes(kind: str) -> None:
    assert classes(kind, -3.01, -3.0, -2.0, 1.0, 1.01, 2.0, 2.01, 3.0, 3.01) == [
        "severely_wasted", "wasted", "normal", "normal", "overweight_risk", "overweight_risk", "overweight",
        "overweight", "obese",
    ]  # fmt: skip


def test_a_flagged_score_is_class_outlier() -> None:
    scores = score_one(child("F", 365, None, 58.0, "l"))
    assert class_name("height_for_age", int(classify(scores.haz, load().categories["height_for_age"])[0])) == "outlier"


def test_oedema_counts_as_the_lowest_class_of_weight_based_indices() -> None:
    """B032."""
    scores = score_one(child("M", 400, 9.0, 75.0, "l", oedema=True))
    categories = load().categories
    assert class_name("weight_for_height", int(classify(scores.whz, categories["weight_for_height"])[0])) == (
        "severely_wasted"
    )
    assert class_name("weight_for_age", int(classify(scores.waz, categories["weight_for_age"])[0])) == (
        "severely_underweight"
    )
    assert class_name("height_for_age", int(classify(scores.haz, categories["height_for_age"])[0])) == "normal"


def test_a_blank_score_without_oedema_has_no_class() -> None:
    scores = score_one(child("M", 400, None, 75.0, "l"))
    assert class_name("weight_for_age", int(classify(scores.waz, load().categories["weight_for_age"])[0])) is None


def entries(weight: float | None = None, length: float | None = None, muac: float | None = None) -> list[Entry]:
    head = floats([None])
    result = judge(floats([weight]), floats([length]), head, floats([muac]), load().plausible)
    return [Entry(int(column[0])) for column in (result.weight, result.length_height, result.muac)]


@pytest.mark.parametrize(
    ("weight", "length", "muac", "expected"),
    [
        (9.1, 75.0, 14.0, [Entry.FINE, Entry.FINE, Entry.FINE]),
        (0.9, 38.0, 6.0, [Entry.FINE, Entry.FINE, Entry.FINE]),
        (0.89, 37.9, 5.9, [Entry.BELOW, Entry.BELOW, Entry.BELOW]),
        (8200.0, 150.1, 140.0, [Entry.GRAMS, Entry.ABOVE, Entry.MILLIMETRES]),
        (None, None, None, [Entry.FINE, Entry.FINE, Entry.FINE]),
        (0.0, 999.99, None, [Entry.BELOW, Entry.ABOVE, Entry.FINE]),
    ],
)
def test_values_no_under_five_can_have_are_told_with_a_hint(
    weight: float | None, length: float | None, muac: float | None, expected: list[Entry]
) -> None:
    assert entries(weight, length, muac) == expected


def test_sixty_kilograms_is_no_weight_of_an_under_five() -> None:
    """B026."""
    assert entries(weight=60.0)[0] is Entry.ABOVE


def test_swapped_weight_and_height_are_hinted_at() -> None:
    """B028."""
    assert entries(weight=80.5, length=10.2)[:2] == [Entry.SWAPPED, Entry.SWAPPED]


def test_centi_codes_survive_the_round_trip() -> None:
    z = np.array([-2.0, -0.0, 13.27, np.nan, -26.77])
    assert np.array_equal(from_centi(to_centi(z)), z, equal_nan=True)
    assert to_centi(np.array([1e12]))[0] == 2**31 - 1


def test_the_shipped_rule_set_is_sound_and_names_every_class_border() -> None:
    rules = load()
    assert rules.version == "2026-01"
    assert set(rules.categories) == set(ALL_CLASSES)
    assert all(rule.source for rule in rules.tier.values())


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('source = "permenkes_2_2020"', 'source = "hearsay"', "source must be a key"),
        ('status = "P"', 'status = "sure"', "status must be one of"),
        ("below = [-3.0, -2.0]\nabove = [3.0]", "below = [-2.0, -3.0]\nabove = [3.0]", "borders must rise"),
        ("above = [1.0, 2.0, 3.0]", "above = [1.0, 2.0]", "needs 5 borders"),
        ("7 = 400, 8-11 = 300, ", "7 = 400, ", "must cover months 1 to 60 once"),
        ("term_weeks = 40", "term_weeks = 60", "term_weeks must be a number from 37 to 42"),
        ("apart_days = 28", "appart_days = 28", "unknown key appart_days"),
        ("[tier.whz_low]", "[tier.whz_lowish]", "unknown tier.whz_lowish"),
        ('tier = "urgent"', 'tier = "dire"', "tier must be one of"),
        ("windows_days = [[75, 107], [150, 213]]", "windows_days = [[107, 75]]", "windows_days must be pairs"),
        ("weight_kg = [0.9, 58.0]", "weight_kg = [58.0, 0.9]", "weight_kg: smallest and largest"),
        ('version = "2026-01"', "version = 1", "version: missing"),
        ('owner_role = "kader"', 'owner_role = "camat"', "owner_role must be one of"),
        ("[history]", "history = 3\n[history2]", "history: missing"),
        (
            "from_months = 24, before_months = 60, severe",
            "from_months = 25, before_months = 60, severe",
            "without hole",
        ),
        ("severe_below = 70, moderate_below = 95", "severe_below = 96, moderate_below = 95", "must rise"),
        ("[[500, 4], [1000, 8]", "[[1000, 4], [500, 8]", "subtract must be rising pairs"),
        ('core = ["blood_count", "ferritin"', 'core = ["blood_count", "feritin"', "names only orderables"),
        ("raised_above = 5", "raised_below = 5", "unknown key raised_below"),
        ('normal = ["negative"]\ninconclusive = ["trace"]', 'normal = []\ninconclusive = ["trace"]', "normal findings"),
        ("weak_from = 5", "weak_from = 11", "weak_from must not be above"),
        ("read_to_hours = 72", "read_to_hours = 24", "read_from_hours must not be after"),
        ('mantoux = ["positive"]', 'mantu = ["positive"]', "names only readings"),
        ("[readings.mcv]", "[readings.mcw]", "unknown readings.mcw"),
    ],
)
def test_a_broken_rule_set_is_refused_with_the_place_of_the_problem(old: str, new: str, problem: str) -> None:
    assert old in SHIPPED
    with pytest.raises(RuleSetError) as refused:
        read(SHIPPED.replace(old, new, 1).encode())
    assert any(problem in each for each in refused.value.problems), refused.value.problems


def test_all_problems_of_a_rule_set_are_told_at_once() -> None:
    broken = SHIPPED.replace("term_weeks = 40", "term_weeks = 60").replace("apart_days = 28", "apart_days = 0")
    with pytest.raises(RuleSetError) as refused:
        read(broken.encode())
    assert len(refused.value.problems) == 2


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(RuleSetError):
        read(b"version = ")
