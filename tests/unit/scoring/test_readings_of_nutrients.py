"""Vitamins, albumin and thyroid hormones: both edges of every limit, and what they need beside the value."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.scoring.domain.laboratory import laboratory_finding, required_tests
from services.scoring.domain.readings import Subject
from services.scoring.domain.ruleset import load
from tests.unit.scoring.laboratory_examples import BORN, DRAWN, bound, read_all, result, said

SEVERE, DEFICIENT, ENOUGH = ("yes", "severely_deficient"), ("yes", "deficient"), ("no", "not_deficient")


@pytest.mark.parametrize(
    ("test_code", "value", "verdict", "threshold"),
    [
        ("retinol", 0.344, SEVERE, 0.35),
        ("retinol", 0.345, DEFICIENT, 0.70),
        ("retinol", 0.694, DEFICIENT, 0.70),
        ("retinol", 0.698, ENOUGH, 0.70),  # 20 ug/dL
        ("vitamin_d", 29.49, DEFICIENT, 30),
        ("vitamin_d", 29.95, ("yes", "insufficient"), 50),  # 12 ng/mL
        ("vitamin_d", 49.49, ("yes", "insufficient"), 50),
        ("vitamin_d", 49.92, ENOUGH, 50),  # 20 ng/mL
        ("vitamin_b12", 149.49, DEFICIENT, 150),
        ("vitamin_b12", 149.81, ("yes", "marginal"), 221),  # 203 pg/mL
        ("vitamin_b12", 221.49, ("yes", "marginal"), 221),
        ("vitamin_b12", 221.5, ENOUGH, 221),
        ("albumin", 24.4, ("yes", "very_low"), 25),
        ("albumin", 24.5, ("yes", "low"), 35),
        ("albumin", 34.4, ("yes", "low"), 35),
        ("albumin", 34.5, ("no", "not_low"), 35),
        ("tsh", 0.64, ("yes", "low"), 0.7),
        ("tsh", 0.65, ("no", "normal"), None),
        ("tsh", 6.04, ("no", "normal"), None),
        ("tsh", 6.05, ("indeterminate", "raised_repeat"), 6),
        ("tsh", 10.04, ("indeterminate", "raised_repeat"), 6),
        ("tsh", 10.05, ("yes", "high_refer"), 10),
        ("ft4", 9.4, ("yes", "low"), 10),
        ("ft4", 9.5, ("no", "normal"), None),
        ("ft4", 26.4, ("no", "normal"), None),
        ("ft4", 26.5, ("yes", "high"), 26),
    ],
)
def test_both_edges_of_every_limit_after_rounding(
    test_code: str, value: float, verdict: tuple[str, str], threshold: float | None
) -> None:
    reading = read_all(result(1, test_code, value))[test_code]
    assert (said(reading), reading.threshold) == (verdict, threshold)


@pytest.mark.parametrize(
    ("test_code", "text", "verdict", "open_"),
    [
        ("retinol", "<0.35", SEVERE, False),
        ("retinol", "<0.36", DEFICIENT, True),
        ("retinol", "<0.71", ("indeterminate", "bound_undecided"), False),
        ("retinol", ">=0.7", ENOUGH, False),
        ("vitamin_b12", "<=221", ("yes", "marginal"), True),
        ("vitamin_b12", "<222", ("indeterminate", "bound_undecided"), False),
        ("vitamin_b12", ">221", ENOUGH, False),
        ("tsh", ">6", ("yes", "raised_repeat"), True),
        ("tsh", ">=6", ("indeterminate", "bound_undecided"), False),
        ("tsh", ">10", ("yes", "high_refer"), False),
        ("tsh", "<0.7", ("yes", "low"), False),
        ("ft4", "<26", ("indeterminate", "bound_undecided"), False),
    ],
)
def test_a_bound_says_only_what_is_certain(test_code: str, text: str, verdict: tuple[str, str], *, open_: bool) -> None:
    """A bound that is low for certain is the mildest class it may be, and says that it may be worse."""
    reading = read_all(bound(1, test_code, text))[test_code]
    assert said(reading) == verdict
    assert ("severity_open" in reading.notes) is open_
    assert reading.settle_with == (test_code if verdict[0] == "indeterminate" else None)


@pytest.mark.parametrize("test_code", ["retinol", "vitamin_d", "vitamin_b12", "folate", "albumin", "tsh", "ft4"])
def test_each_has_a_reference_to_the_day_before_the_fifth_birthday(test_code: str) -> None:
    fifth = BORN.replace(year=BORN.year + 5)
    last = read_all(result(1, test_code, 20.0, fifth - timedelta(days=1)))[test_code]
    over = read_all(result(1, test_code, 20.0, fifth))[test_code]
    assert last.abnormal != "no_reference"
    assert said(over) == ("no_reference", "no_reference")


@pytest.mark.parametrize("test_code", ["tsh", "ft4"])
def test_thyroid_hormones_of_a_newborn_have_no_reference(test_code: str) -> None:
    month = BORN.replace(month=BORN.month + 1)
    assert read_all(result(1, test_code, 20.0, month - timedelta(days=1)))[test_code].abnormal == "no_reference"
    assert read_all(result(1, test_code, 20.0, month))[test_code].abnormal != "no_reference"


@pytest.mark.parametrize(("mate", "inflamed"), [(("crp", 5.4), False), (("crp", 5.5), True), (("agp", 1.1), True)])
@pytest.mark.parametrize(
    ("test_code", "value", "plain", "suspect"),
    [
        ("retinol", 0.5, "deficient", "low_possibly_inflammation"),
        ("retinol", 0.3, "severely_deficient", "very_low_possibly_inflammation"),
        ("albumin", 30.0, "low", "low_possibly_inflammation"),
        ("albumin", 20.0, "very_low", "very_low_possibly_inflammation"),
    ],
)
def test_a_low_value_with_inflammation_is_low_possibly_for_that(
    test_code: str, value: float, plain: str, suspect: str, mate: tuple[str, float], *, inflamed: bool
) -> None:
    reading = read_all(result(1, test_code, value), result(2, *mate))[test_code]
    assert said(reading) == ("yes", suspect if inflamed else plain)
    alone = read_all(result(1, test_code, value))[test_code]
    assert (said(alone), alone.notes) == (("yes", plain), ("crp_missing", "agp_missing"))


def test_inflammation_leaves_a_normal_value_normal() -> None:
    assert said(read_all(result(1, "retinol", 0.9), result(2, "crp", 60.0))["retinol"]) == ENOUGH


@pytest.mark.parametrize(
    ("value", "method", "verdict"),
    [
        (6.4, None, DEFICIENT),
        (6.5, None, ("indeterminate", "assay_unknown")),
        (9.4, None, ("indeterminate", "assay_unknown")),
        (9.5, None, ENOUGH),
        (9.4, "CLIA", ("indeterminate", "assay_unknown")),
        (6.4, "Microbiological assay", DEFICIENT),
        (6.5, "metode mikrobiologi", ENOUGH),
        (9.4, "RIA", DEFICIENT),
        (9.5, "radioassay", ENOUGH),
    ],
)
def test_folate_is_read_by_its_assay(value: float, method: str | None, verdict: tuple[str, str]) -> None:
    reading = read_all(result(1, "folate", value, method=method))["folate"]
    assert said(reading) == verdict
    assert reading.settle_with == ("record_assay" if verdict[0] == "indeterminate" else None)


@pytest.mark.parametrize(
    ("ft4", "verdict"),
    [
        (None, ("indeterminate", "raised_repeat")),
        ("<12", ("indeterminate", "raised_repeat")),
        ("9.4", ("yes", "raised_ft4_low")),
        ("9.5", ("yes", "raised_ft4_not_low")),
    ],
)
def test_a_slightly_raised_tsh_waits_for_ft4(ft4: str | None, verdict: tuple[str, str]) -> None:
    mates = [] if ft4 is None else [bound(2, "ft4", ft4)]
    reading = read_all(result(1, "tsh", 8.0), *mates)["tsh"]
    assert (said(reading), reading.settle_with) == (verdict, "ft4" if verdict[0] == "indeterminate" else None)
    far = bound(2, "ft4", "9", DRAWN - timedelta(days=8))
    assert read_all(result(1, "tsh", 8.0), far)["tsh"].abnormal == "indeterminate"
    foreign = result(2, "ft4", 0.5, canonical_unit="ng/dL")
    assert read_all(result(1, "tsh", 8.0), foreign)["tsh"].abnormal == "indeterminate"


def test_a_slightly_raised_tsh_since_the_case_opened_asks_for_ft4() -> None:
    rules = load()
    found = laboratory_finding([result(1, "tsh", 8.0)], Subject(BORN, 10.0), DRAWN, rules)
    assert "ft4" in required_tests(found, (), DRAWN, rules)
    assert "ft4" not in required_tests(found, (), DRAWN + timedelta(days=1), rules)
    high = laboratory_finding([result(1, "tsh", 11.0)], Subject(BORN, 10.0), DRAWN, rules)
    assert "ft4" not in required_tests(high, (), DRAWN, rules)
