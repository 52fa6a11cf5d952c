"""What one visit must satisfy, and what was probably meant."""

from dataclasses import dataclass
from datetime import date

import pytest

from services.measurement.domain.entry_checks import visit_problems
from services.measurement.domain.entry_problems import ENTRY_PROBLEMS, EntryProblem, words_of

BORN, TODAY = date(2024, 1, 5), date(2025, 11, 25)


@dataclass
class Visit:
    measured_on: date = date(2025, 7, 5)
    weight_kg: float | None = 10.4
    length_height_cm: float | None = 81.5
    head_circumference_cm: float | None = None
    muac_cm: float | None = None
    oedema: bool | None = None
    danger_signs: tuple[str, ...] | None = None
    temperature_c: float | None = None


def found(visit: Visit) -> list[tuple[str, str, dict[str, float]]]:
    return [(p.code, p.action, dict(p.proposed)) for p in visit_problems(visit, BORN, TODAY)]


def test_a_plain_visit_has_no_problem() -> None:
    assert found(Visit()) == []


@pytest.mark.parametrize(
    ("visit", "code", "proposed"),
    [
        (Visit(weight_kg=10400.0), "implausible_weight", {"weight_kg": 10.4}),
        (Visit(weight_kg=104.0), "implausible_weight", {"weight_kg": 10.4}),
        (Visit(weight_kg=0.4), "implausible_weight", {"weight_kg": 4.0}),
        (Visit(length_height_cm=815.0), "implausible_length_height", {"length_height_cm": 81.5}),
        (Visit(length_height_cm=0.815), "implausible_length_height", {"length_height_cm": 81.5}),
        (Visit(length_height_cm=1500000.0), "implausible_length_height", {}),
        (Visit(muac_cm=141.0), "muac_in_mm", {"muac_cm": 14.1}),
        (Visit(muac_cm=40.0), "implausible_muac", {}),
        (Visit(head_circumference_cm=70.0), "implausible_head_circumference", {}),
        (Visit(weight_kg=81.5, length_height_cm=10.4), "weight_height_swapped",
         {"weight_kg": 10.4, "length_height_cm": 81.5}),
        (Visit(temperature_c=29.9), "implausible_temperature", {}),
        (Visit(temperature_c=43.1), "implausible_temperature", {}),
        (Visit(temperature_c=101.3), "temperature_in_fahrenheit", {"temperature_c": 38.5}),
        (Visit(measured_on=date(2024, 1, 4)), "visit_before_birth", {}),
        (Visit(measured_on=date(2025, 11, 26)), "measured_in_future", {}),
    ],
)  # fmt: skip
def test_what_may_be_true_or_has_a_meaning_is_held_back_with_it(
    visit: Visit, code: str, proposed: dict[str, float]
) -> None:
    """B020, B026, B028."""
    assert found(visit) == [(code, "quarantine", proposed)]


@pytest.mark.parametrize("field", ["weight_kg", "length_height_cm", "head_circumference_cm", "muac_cm"])
def test_zero_is_never_a_measurement(field: str) -> None:
    visit = Visit()
    setattr(visit, field, 0.0)
    assert found(visit) == [("zero_is_no_measurement", "reject", {})]


@pytest.mark.parametrize(
    "visit",
    [
        Visit(weight_kg=58.0),
        Visit(weight_kg=0.9, length_height_cm=38.0),
        Visit(length_height_cm=150.0),
        Visit(measured_on=BORN),
        Visit(measured_on=TODAY),
        Visit(weight_kg=None, length_height_cm=None, muac_cm=11.2),
        Visit(weight_kg=None, length_height_cm=None, oedema=True),
        Visit(weight_kg=None, length_height_cm=None, danger_signs=("convulsions",)),
        Visit(weight_kg=None, length_height_cm=None, danger_signs=()),
        Visit(weight_kg=None, length_height_cm=None, temperature_c=30.0),
        Visit(temperature_c=43.0),
    ],
)
def test_limits_are_inside(visit: Visit) -> None:
    assert found(visit) == []


def test_a_visit_without_any_value_is_refused() -> None:
    assert found(Visit(weight_kg=None, length_height_cm=None)) == [("nothing_measured", "reject", {})]
    assert found(Visit(weight_kg=None, length_height_cm=None, oedema=False)) == [("nothing_measured", "reject", {})]


def test_independent_problems_are_told_at_once() -> None:
    codes = [code for code, _, _ in found(Visit(measured_on=date(2023, 1, 1), weight_kg=200.0, muac_cm=0.0))]
    assert codes == ["visit_before_birth", "implausible_weight", "zero_is_no_measurement"]


def test_every_code_has_texts_in_both_languages() -> None:
    for code in ENTRY_PROBLEMS:
        shown = EntryProblem(code, "field").as_json()
        assert all(shown[name].strip() for name in ("problem_id", "problem_en", "remedy_id", "remedy_en")), code
    assert words_of("visit_before_birth").text_en
