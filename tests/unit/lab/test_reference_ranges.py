"""Reference ranges: bands without hole or overlap, limits converted once, and where a value lies, at every edge."""

from decimal import Decimal
from fractions import Fraction

import pytest

from services.lab.domain.catalogue import load
from services.lab.domain.reference_ranges import Band, band_of, band_problems, in_canonical_unit, position

BOTH = None


def band(start: int, end: int, sex: str | None = BOTH, low: str | None = "10", high: str | None = "20") -> Band:
    limits = [None if text is None else Decimal(text) for text in (low, high)]
    return Band(start, end, sex, *limits)  # type: ignore[arg-type]


def codes(*bands: Band) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in band_problems(bands)]


def test_bands_that_follow_one_another_are_taken_in_any_order() -> None:
    """B050: each age in one band."""
    bands = [band(24, 60), band(6, 24)]
    assert codes(*bands) == []
    assert codes(band(0, 60, "male"), band(0, 24, "female"), band(24, 60, "female")) == []
    held = {months: band_of(bands, "male", months) for months in (5, 6, 23, 24, 59, 60)}
    assert held == {5: None, 6: bands[1], 23: bands[1], 24: bands[0], 59: bands[0], 60: None}


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([band(0, 24), band(25, 60)], [("band_hole", "bands[1].from_months")]),
        ([band(0, 24), band(23, 60)], [("band_overlap", "bands[1].from_months")]),
        ([band(0, 24), band(0, 24)], [("band_overlap", "bands[1].from_months")]),
        ([band(24, 24)], [("band_empty", "bands[0].to_months")]),
        ([band(0, 60, low=None, high=None)], [("band_open", "bands[0].low")]),
        ([band(0, 60, low="20")], [("band_reversed", "bands[0].high")]),
        ([band(0, 60, "male")], [("band_sexes", "bands")]),
        ([band(0, 24), band(24, 60, "male"), band(24, 60, "female")], [("band_sexes", "bands")]),
        ([band(0, 60, "male"), band(0, 6, "female"), band(7, 60, "female")], [("band_hole", "bands[2].from_months")]),
    ],
)
def test_a_hole_an_overlap_and_an_empty_band_are_named(bands: list[Band], said: list[tuple[str, str]]) -> None:
    assert codes(*bands) == said
    assert all(all(problem.texts()) for problem in band_problems(bands))


def test_of_a_child_whose_sex_is_not_known_only_bands_for_both_say_something() -> None:
    assert band_of([band(0, 60)], None, 12) is not None
    assert band_of([band(0, 60, "male"), band(0, 60, "female")], None, 12) is None


def test_limits_are_converted_once_and_rounded_like_results() -> None:
    haemoglobin = load().rows["haemoglobin"][0]
    grams_per_decilitre = haemoglobin.unit("g/dL")
    assert grams_per_decilitre is not None
    converted, problems = in_canonical_unit([band(6, 60, low="10.55", high="13.5")], haemoglobin, grams_per_decilitre)
    assert [(each.low, each.high) for each in converted] == [(Decimal("105.5"), Decimal("135.0"))]
    assert problems == []
    _, problems = in_canonical_unit([band(6, 60, low="105", high="13.5")], haemoglobin, grams_per_decilitre)
    assert [(problem.code, problem.field) for problem in problems] == [("limit_implausible", "bands[0].low")]


@pytest.mark.parametrize("limit", [Fraction(20), Fraction(250)])
def test_a_limit_at_the_edge_of_what_is_possible_is_taken_and_one_beyond_is_not(limit: Fraction) -> None:
    haemoglobin = load().rows["haemoglobin"][0]
    inside, outside = limit, limit + (1 if limit > 100 else -1)
    assert haemoglobin.canonical is not None
    for number, refused in ((inside, False), (outside, True), (Fraction(0), False)):
        bands = [band(0, 60, low=None, high=str(float(number)))]
        _, problems = in_canonical_unit(bands, haemoglobin, haemoglobin.canonical)
        assert bool(problems) is refused


@pytest.mark.parametrize(
    ("value", "comparator", "low", "high", "lies"),
    [
        (9.9, None, "10", "20", "low"),
        (10.0, None, "10", "20", "normal"),
        (20.0, None, "10", "20", "normal"),
        (20.1, None, "10", "20", "high"),
        (10.0, "<", "10", "20", "low"),
        (10.0, "<=", "10", "20", "indeterminate"),
        (10.1, "<", "10", "20", "indeterminate"),
        (20.0, ">", "10", "20", "high"),
        (20.0, ">=", "10", "20", "indeterminate"),
        (19.9, ">", "10", "20", "indeterminate"),
        (5.0, "<", None, "5", "normal"),
        (5.0, "<=", None, "5", "normal"),
        (5.1, "<", None, "5", "indeterminate"),
        (5.0, ">", None, "5", "high"),
        (5.0, ">=", None, "5", "indeterminate"),
        (1.0, ">", None, "5", "indeterminate"),
        (10.0, ">=", "10", None, "normal"),
        (10.0, ">", "10", None, "normal"),
        (9.9, ">", "10", None, "indeterminate"),
        (10.0, "<", "10", None, "low"),
        (5.0, "<", "0", "5", "normal"),  # nothing is below zero
        (30.0, "<", "10", "20", "indeterminate"),
    ],
)
def test_a_value_lies_inside_at_its_limits_and_a_bound_only_where_all_of_it_does(
    value: float, comparator: str | None, low: str | None, high: str | None, lies: str
) -> None:
    """B046: `<5` is not 5."""
    assert position(value, comparator, band(0, 60, low=low, high=high)) == lies
