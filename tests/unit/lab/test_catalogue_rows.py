"""A row of the catalogue, shipped or entered: everything that may be wrong with it is named, field by field."""

import itertools
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.lab.domain.catalogue import load
from services.lab.domain.catalogue_rows import limit_problems, problems_beside, read_row
from services.lab.domain.results import Converted, convert_value
from services.lab.domain.units import convert, scale

ROWS = [row for rows in load().rows.values() for row in rows]
COPPER: dict[str, Any] = {
    "code": "copper",
    "name_id": "Tembaga",
    "name_en": "Copper",
    "from": "2026-12-01",
    "canonical_unit": "ug/dL",
    "decimals": 1,
    "plausible": ["5", "500"],
    "critical_below": "10",
    "critical_above": "400",
    "specimens": ["venous"],
    "needs": [],
    "status": "P",
    "source": "LOINC 5631-7",
    "units": [
        {"unit": "ug/dL", "loinc": "5631-7", "aliases": ["mcg/dL"]},
        {"unit": "ug/L", "loinc": "5631-7", "over": "10", "aliases": []},
        {"unit": "umol/L", "loinc": "14665-4", "times": "6.355", "aliases": []},
    ],
}


def said(change: Any) -> list[tuple[str, str]]:
    entry = deepcopy(COPPER)
    change(entry)
    _, problems = read_row(entry, "district")
    assert all(all(problem.texts()) for problem in problems)
    return [(problem.code, problem.field) for problem in problems]


def test_a_whole_row_is_read_and_says_whose_it_is_and_since_when() -> None:
    row, problems = read_row(COPPER, "district")
    assert problems == []
    assert row is not None
    assert (row.version, row.valid_from) == ("district/2026-12-01", date(2026, 12, 1))
    assert row.canonical is not None
    assert row.canonical.name == "ug/dL"
    assert list(problems_beside(row, load().rows)) == []


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        *((name, None, ("field_missing", name)) for name in ("name_id", "units", "plausible", "decimals", "source")),
        ("name_en", "", ("field_missing", "name_en")),
        ("kind", "word", ("kind_unknown", "kind")),
        ("canonical_unit", "mg/L", ("canonical_not_among", "canonical_unit")),
        ("plausible", ["5", "5"], ("plausible_empty", "plausible")),
        ("decimals", -1, ("decimals_impossible", "decimals")),
        ("decimals", 7, ("decimals_impossible", "decimals")),
        ("critical_below", "400", ("limits_reversed", "critical_below")),
        ("critical_below", "4.9", ("limit_implausible", "critical_below")),
        ("critical_above", "500.1", ("limit_implausible", "critical_above")),
        ("needs", ["luck"], ("needs_unknown", "needs")),
        ("status", "X", ("evidence_status_unknown", "status")),
        ("specimens", [], ("specimens_unknown", "specimens")),
        ("specimens", ["tears"], ("specimens_unknown", "specimens")),
        ("loinc", "5631-8", ("loinc_invalid", "loinc")),
    ],
)
def test_what_is_wrong_with_a_field_is_named(field: str, value: Any, problem: tuple[str, str]) -> None:
    assert problem in said(lambda entry: entry.__setitem__(field, value))


@pytest.mark.parametrize(
    ("field", "value"),
    [("decimals", 0), ("decimals", 6), ("critical_below", "5"), ("critical_above", "500"), ("critical_below", None)],
)
def test_a_field_at_its_edge_is_taken(field: str, value: Any) -> None:
    assert said(lambda entry: entry.__setitem__(field, value)) == []


@pytest.mark.parametrize(
    ("place", "field", "value", "problem"),
    [
        (1, "over", "0", ("unit_factor", "units[1].times")),
        (1, "times", "-1", ("unit_factor", "units[1].times")),
        (1, "times", "ten", ("unit_factor", "units[1].times")),
        (1, "over", "100", ("unit_factor_wrong", "units[1].times")),  # the prefixes say ten
        (1, "unit", "mcg/dl", ("units_alike", "units")),
        (0, "times", "10", ("canonical_not_among", "canonical_unit")),
        (0, "loinc", "5631-1", ("loinc_invalid", "units[0].loinc")),
        (2, "loinc", "5631-7", ("loinc_of_two_kinds", "units")),  # mass and substance are different tests
    ],
)
def test_what_is_wrong_with_a_unit_is_named(place: int, field: str, value: Any, problem: tuple[str, str]) -> None:
    """B054: a factor that cannot be, a code of another kind of concentration."""
    assert problem in said(lambda entry: entry["units"][place].__setitem__(field, value))


def test_a_code_of_another_test_and_a_leader_that_is_none_are_named() -> None:
    entry = deepcopy(COPPER) | {"leader": "gold"}
    entry["units"][0]["loinc"] = entry["units"][1]["loinc"] = "5763-8"
    row, _ = read_row(entry, "district")
    assert row is not None
    found = [(problem.code, problem.value) for problem in problems_beside(row, load().rows)]
    assert found == [("leader_unknown", "gold"), ("loinc_taken", "5763-8")]


def test_a_version_of_a_findings_test_has_findings_and_no_unit() -> None:
    entry = {**load().rows["hiv"][0].entry, "from": "2026-12-01"}
    assert read_row(entry, "district")[1] == []
    changes: list[dict[str, Any]] = [{"units": []}, {"findings": []}]
    wrong = [read_row({**entry, **change}, "district")[1] for change in changes]
    assert [[problem.code for problem in problems] for problems in wrong] == [["findings_without_unit"]] * 2


@pytest.mark.parametrize("row", [row for row in ROWS if row.units], ids=lambda row: row.code)
def test_every_unit_there_and_back_is_the_value_and_every_way_the_same(row: Any) -> None:
    """B054, of every shipped row; a row that is entered passes the same checks."""
    value = Fraction("12.3")
    for one, other, third in itertools.product(row.units, repeat=3):
        assert convert(convert(value, one, other), other, one) == value
        assert convert(convert(value, one, other), other, third) == convert(value, one, third)
        if (of_one := scale(one.name)) and (of_other := scale(other.name)) and of_one[0] == of_other[0]:
            assert one.factor / other.factor == of_one[1] / of_other[1]


@pytest.mark.parametrize("row", [row for row in ROWS if row.units], ids=lambda row: row.code)
def test_limits_at_both_edges_of_what_is_possible_are_taken_and_beyond_them_not(row: Any) -> None:
    low, high = (Decimal(bound.numerator) / Decimal(bound.denominator) for bound in row.plausible)
    step = Decimal(1).scaleb(-6)
    assert list(limit_problems(row, low, high)) == []
    assert [problem.field for problem in limit_problems(row, low - step, high + step)] == [
        "critical_below", "critical_above",
    ]  # fmt: skip
    assert [problem.code for problem in limit_problems(row, high, high)] == ["limits_reversed"]


UNITS = [(row, unit) for row in ROWS for unit in row.units if unit.accepted]


@pytest.mark.parametrize(("row", "unit"), UNITS, ids=[f"{row.code}-{unit.name}" for row, unit in UNITS])
def test_what_is_possible_is_possible_at_both_edges_in_every_unit_and_not_beyond(row: Any, unit: Any) -> None:
    low, high = (float(bound / unit.factor) for bound in row.plausible)
    inside, outside = (low * 1.000001, high * 0.999999), (low * 0.99 - (1e-6 if low == 0 else 0), high * 1.01)
    taken = [isinstance(convert_value(row, value, unit.name, None), Converted) for value in (*inside, *outside)]
    assert taken == [True, True, False, False]
    if unit.factor == 1:
        assert all(isinstance(convert_value(row, value, unit.name, None), Converted) for value in (low, high))


def test_the_districts_rows_count_from_their_first_day_on_and_a_later_release_is_not_followed() -> None:
    shipped = load()
    zinc = shipped.rows["zinc"][0]
    own = {**zinc.entry, "from": "2026-12-01", "critical_below": "20"}
    later = {**zinc.entry, "from": "2026-12-15", "critical_below": "30"}
    catalogue = shipped.with_entries([own, later, COPPER])
    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 14), date(2026, 12, 15)]
    rows = [catalogue.analyte("zinc", day) for day in days]
    assert [row and row.critical_below for row in rows] == [None, 20, 20, 30]
    assert [row and row.version for row in rows][:2] == [zinc.version, "district/2026-12-01"]
    # A release ships a row with a later day: shown, not followed. One before the district's first day is.
    release = [read_row({**zinc.entry, "from": day}, "2027-01")[0] for day in ("2026-11-15", "2027-01-01")]
    rows_of_zinc = tuple(row for row in reversed(release) if row)
    newer = replace(shipped, rows={**shipped.rows, "zinc": rows_of_zinc}).with_entries([own])
    held = [newer.version_of("zinc", day) for day in (date(2026, 11, 20), date(2027, 2, 1))]
    assert held == ["2027-01/2026-11-15", "district/2026-12-01"]
    # A test that nobody shipped is ordered by its own code.
    assert catalogue.orderables["copper"] == ("copper",)
    assert catalogue.leads["copper"] == "copper"
    assert catalogue.analyte("copper", date(2026, 11, 30)) is None
