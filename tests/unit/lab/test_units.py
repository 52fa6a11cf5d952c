"""Units of laboratory values: recognised as written, converted exactly, refused where the value cannot be."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.domain.catalogue import load
from services.lab.domain.catalogue_rows import Analyte
from services.lab.domain.result_problems import ResultProblem
from services.lab.domain.results import Converted, convert_value
from services.lab.domain.units import convert, exact, rounded, written

TESTS = [row for rows in load().rows.values() for row in rows]
PAIRS = [(row, one, other) for row in TESTS for one, other in permutations(row.units, 2)]


def analyte(code: str) -> Analyte:
    return load().rows[code][0]


def converted(code: str, value: float, unit: str | None, comparator: str | None = None) -> Converted:
    result = convert_value(analyte(code), value, unit, comparator)
    assert isinstance(result, Converted), result
    return result


def refused(code: str, value: float, unit: str | None) -> ResultProblem:
    result = convert_value(analyte(code), value, unit, None)
    assert isinstance(result, ResultProblem), result
    return result


@pytest.mark.parametrize(("row", "one", "other"), PAIRS, ids=lambda value: getattr(value, "code", None) or value.name)
@given(number=st.decimals(min_value="0.0001", max_value=100_000, places=4))
def test_there_and_back_is_the_same_value(row: Analyte, one: object, other: object, number: Decimal) -> None:
    """B054: for every pair of units of every test, exactly."""
    del row
    value = Fraction(number)
    assert convert(convert(value, one, other), other, one) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("row", TESTS, ids=lambda row: row.code)
def test_every_way_between_two_units_has_the_same_factor(row: Analyte) -> None:
    """B054."""
    for one, middle, other in permutations(row.units, 3):
        way = convert(convert(Fraction(1), one, middle), middle, other)
        assert way == convert(Fraction(1), one, other)


@pytest.mark.parametrize(
    ("code", "value", "unit", "canonical"),
    [
        ("glucose", 90, "mg/dL", 5.0),
        ("calcium", 9.6, "mg/dL", 2.4),
        ("iron", 100, "ug/dL", 17.9),
        ("tibc", 300, "mcg/dL", 53.7),
        ("sodium", 138, "mEq/L", 138.0),
        ("potassium", 4.25, "mmol/L", 4.3),
        ("trichuris_eggs", 42, "telur/sediaan", 1008.0),
        ("haemoglobin", 11.2, "g/dL", 112.0),
        ("haemoglobin", 112, "g/L", 112.0),
        ("haemoglobin", 11.2, "gm/dL", 112.0),
        ("haemoglobin", 11.2, "gr/dL", 112.0),
        ("haemoglobin", 11.2, "g%", 112.0),
        ("haemoglobin", 11.2, " G / dl ", 112.0),
        ("haematocrit", 33.4, "%", 0.334),
        ("haematocrit", 0.334, "L/L", 0.334),
        ("rbc", 4.51, "10*6/uL", 4.51),
        ("rbc", 4.51, "juta/µL", 4.51),
        ("wbc", 7.2, "K/uL", 7.2),
        ("wbc", 7.2, "10³/µL", 7.2),
        ("wbc", 7200, "/mm3", 7.2),
        ("platelets", 250, "10*3/uL", 250.0),
        ("platelets", 250_000, "/µL", 250.0),
        ("ferritin", 21.4, "ng/mL", 21.4),
        ("ferritin", 21.4, "mcg/L", 21.4),
        ("agp", 85, "mg/dL", 0.85),
        ("zinc", 60, "ug/dL", 60.0),
        ("zinc", 600, "ug/L", 60.0),
        ("retinol", 20, "ug/dL", 0.698),
        ("vitamin_d", 12, "ng/mL", 29.95),
        ("vitamin_d", 20, "ng/mL", 49.92),
        ("vitamin_b12", 203, "pg/mL", 149.81),
        ("folate", 3, "ng/mL", 6.8),
        ("albumin", 3.5, "g/dL", 35.0),
        ("tsh", 6.1, "µIU/mL", 6.1),
    ],
)
def test_a_value_is_converted_by_its_unit(code: str, value: float, unit: str, canonical: float) -> None:
    assert converted(code, value, unit).value == canonical


@pytest.mark.parametrize(
    ("code", "mass", "substance"),
    [
        ("retinol", ("ug/dL", "2923-1"), ("umol/L", "14905-4")),
        ("vitamin_d", ("ng/mL", "62292-8"), ("nmol/L", "68438-1")),
        ("vitamin_b12", ("pg/mL", "2132-9"), ("pmol/L", "14685-2")),
        ("folate", ("ng/mL", "2284-8"), ("nmol/L", "14732-2")),
    ],
)
def test_mass_and_substance_are_different_tests(code: str, mass: tuple[str, str], substance: tuple[str, str]) -> None:
    row = analyte(code)
    value = float(row.plausible[1] / 10)
    for unit, loinc in (mass, substance):
        assert converted(code, value, unit).loinc == loinc


@pytest.mark.parametrize(("value", "unit"), [(6000, "ug/L"), (6, "mg/L"), (0.6, "mg/dL")])
def test_crp_is_the_same_in_its_three_units(value: float, unit: str) -> None:
    """B036."""
    assert converted("crp", value, unit).value == 6.0


@pytest.mark.parametrize("unit", ["\u03bcg/L", "\u00b5g/L", "ug/L", "mcg/L"])
def test_both_signs_for_micro_are_one_unit(unit: str) -> None:
    """B044."""
    result = converted("ferritin", 21, unit)
    assert (result.value, result.canonical_unit, result.original_unit) == (21.0, "ug/L", unit)


@pytest.mark.parametrize("comparator", ["<", ">"])
def test_a_bound_is_converted_with_its_comparator(comparator: str) -> None:
    """B046."""
    result = converted("crp", 0.5, "mg/dL", comparator)
    assert (result.value, result.original_value, result.original_unit) == (5.0, f"{comparator}0.5", "mg/dL")


@pytest.mark.parametrize("unit", [None, "", "  "])
def test_a_unit_is_never_assumed(unit: str | None) -> None:
    """B036."""
    problem = refused("crp", 6, unit)
    assert problem.code == "unit_missing"
    assert "mg/L" in problem.texts()[3]


@pytest.mark.parametrize(
    ("value", "unit", "fits"), [(112, "g/dL", "g/L"), (11.2, "g/L", "g/dL"), (1.12, "g/dL", None), (1120, "g/L", None)]
)
def test_an_impossible_value_is_refused_with_the_unit_it_fits(value: float, unit: str, fits: str | None) -> None:
    """B042."""
    problem = refused("haemoglobin", value, unit)
    assert problem.code == "value_implausible"
    asked = f"is the unit {fits} instead of {unit}?"
    assert (asked in problem.texts()[3]) is (fits is not None)


@pytest.mark.parametrize(("value", "taken"), [(20, True), (19.9, False), (250, True), (250.1, False)])
def test_the_borders_of_the_plausible_range_belong_to_it(value: float, taken: bool) -> None:  # noqa: FBT001
    assert isinstance(convert_value(analyte("haemoglobin"), value, "g/L", None), Converted) is taken


@pytest.mark.parametrize(
    ("code", "unit"), [("haemoglobin", "cm"), ("haemoglobin", "mg/L"), ("rdw", "fL"), ("zinc", "umol/L")]
)
def test_a_unit_of_something_else_is_refused(code: str, unit: str) -> None:
    """B042; a substance concentration is another test than a mass concentration."""
    assert refused(code, 11.2, unit).code == "unit_unknown"


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [("0.5", 0, "1"), ("1.5", 0, "2"), ("2.5", 0, "3"), ("0.0449", 1, "0.0"), ("0.05", 1, "0.1"), ("-0.05", 1, "-0.1")],
)
def test_rounding_is_half_up(value: str, decimals: int, shown: str) -> None:
    assert rounded(Fraction(value), decimals) == Decimal(shown)


def test_zinc_in_micromoles_has_no_endless_digits() -> None:
    """B118: 60 ug/dL."""
    zinc = analyte("zinc")
    mass, substance = (next(unit for unit in zinc.units if unit.name == name) for name in ("ug/dL", "umol/L"))
    assert str(rounded(convert(exact(60), mass, substance), 1)) == "9.2"
    assert rounded(convert(exact(9.2), substance, mass), zinc.decimals) == Decimal("60.1")


@pytest.mark.parametrize(
    ("value", "text"), [(112.0, "112"), (11.2, "11.2"), (0.05, "0.05"), (1e-7, "0.0000001"), (250_000.0, "250000")]
)
def test_a_number_is_kept_in_plain_digits(value: float, text: str) -> None:
    """B118."""
    assert written(value) == text
