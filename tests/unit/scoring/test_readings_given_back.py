"""An input taken away leaves a verdict as it was or open; given back, in whatever order, everything is as before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.lab_results import LabResult
from tests.unit.scoring.laboratory_examples import BORN, COAST_M, UNITS, read_all, result

MORNING = datetime(2026, 4, 20, 2, tzinfo=UTC)
# Around the limits of each test.
VALUES = {
    "haemoglobin": (65.0, 95.0, 109.0, 112.0, 150.0),
    "ferritin": (8.0, 12.0, 20.0, 29.0, 30.0),
    "crp": (4.0, 5.0, 6.0),
    "agp": (0.9, 1.0, 1.1),
    "zinc": (50.0, 56.0, 60.0, 65.0),
    "mcv": (60.0, 72.0, 80.0),
    "rbc": (4.0, 5.5),
    "retinol": (0.3, 0.5, 0.7),
    "albumin": (20.0, 30.0, 35.0),
    "folate": (6.0, 8.0, 10.0),
    "tsh": (0.5, 3.0, 8.0, 11.0),
    "ft4": (8.0, 15.0),
}


@st.composite
def blood(draw: st.DrawFn) -> list[LabResult]:
    """Any of the tests, each with a value near one of its limits."""
    codes = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, min_size=1))
    return [
        result(
            number,
            code,
            draw(st.sampled_from(VALUES[code])),
            drawn_at=MORNING,
            method="radioassay",
            canonical_unit=UNITS.get(code, "10*12/L"),
        )
        for number, code in enumerate(codes, start=1)
    ]


@settings(max_examples=150, deadline=None)
@given(results=blood(), data=st.data())
def test_the_order_of_results_changes_nothing(results: list[LabResult], data: st.DataObject) -> None:
    assert read_all(*data.draw(st.permutations(results))) == read_all(*results)


@settings(max_examples=150, deadline=None)
@given(results=blood(), taken=st.sampled_from(["crp", "ft4", "elevation", "draw_time", "method", "birth_date"]))
def test_an_input_taken_away_leaves_a_verdict_as_it_was_or_open(results: list[LabResult], taken: str) -> None:
    """Of CRP without AGP: a normal CRP beside a raised AGP is the one case where the rule itself says otherwise."""
    fewer = [each for each in results if each.test_code != taken]
    if taken == "draw_time":
        fewer = [replace(each, drawn_at=None) for each in fewer]
    if taken == "method":
        fewer = [replace(each, method=None) for each in fewer]
    whole = read_all(*results)
    poorer = read_all(
        *fewer,
        born=None if taken == "birth_date" else BORN,
        elevation_m=None if taken == "elevation" else COAST_M,
    )
    for rule_id, reading in poorer.items():
        if rule_id in whole:
            assert reading.abnormal in {whole[rule_id].abnormal, "indeterminate"}, (rule_id, taken)
        assert (reading.settle_with is not None) == (reading.abnormal == "indeterminate")
    if taken in {"crp", "ft4"}:
        given_back = [*fewer, *(each for each in results if each.test_code == taken)]
        assert read_all(*given_back) == whole
