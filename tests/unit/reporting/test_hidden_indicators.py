"""Indicators that count children one by one, and the figures they could be subtracted from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import pytest

from services.reporting.domain.figures import counts_of
from services.reporting.domain.hidden_indicators import Sibling, hidden_indicators
from services.reporting.domain.read_indicators import load
from services.reporting.store.sums import SUM_COLUMNS

pytestmark = pytest.mark.bare

JANUARY: Final = date(2026, 1, 31)
COUNTS: Final = {one.code: one.count for one in load().on(JANUARY) if one.count.kind == "children"}
LARGE: Final = {
    "target_children": 400, "weighed": 300, "haz_measured": 300, "whz_measured": 300, "waz_measured": 300,
    "stunted": 90, "wasted": 60, "severely_wasted": 20, "underweight": 60, "letter_n": 150, "letter_t": 100,
    "suspected": 100, "referred": 60, "in_care": 50,
}  # fmt: skip


def sibling(code: str, *counted: tuple[int, int], hidden: Sequence[str] = (), **figures: int) -> Sibling:
    counts = counts_of(dict.fromkeys(SUM_COLUMNS, 0) | LARGE | figures)
    return Sibling(code, None, counts, frozenset(hidden), counted)


def hidden(codes: str, *siblings: Sibling, **how: Any) -> list[list[str]]:
    """Of each sibling, which indicators."""
    names = codes.split()
    found = hidden_indicators(siblings, [COUNTS[name] for name in names], **how)
    return [[names[number] for number in sorted(numbers)] for numbers in found]


@pytest.mark.parametrize("few", [9, 31])
def test_from_the_first_sibling_up_to_the_last_small_one_all_are_hidden(few: int) -> None:
    told = hidden("lab_zinc", sibling("1", (20, 40)), sibling("2", (few, 40)), sibling("3", (20, 40)))
    assert told == [["lab_zinc"], ["lab_zinc"], []]
    assert hidden("lab_zinc", sibling("1", (10, 40)), sibling("2", (30, 40))) == [[], []]


def test_one_alone_is_never_hidden_and_nobody_tested_hides_nobody() -> None:
    told = hidden("lab_zinc", sibling("1", (0, 0)), sibling("2", (3, 40)), sibling("3", (20, 40)), sibling("4", (9, 9)))
    assert told == [[], ["lab_zinc"], ["lab_zinc"], ["lab_zinc"]]
    assert hidden("lab_zinc", sibling("1", (0, 0)), sibling("2", (15, 40))) == [[], []]


def test_what_is_hidden_of_an_area_is_hidden_of_its_parts() -> None:
    assert hidden("lab_zinc", sibling("1", (20, 40)), sibling("2", (20, 40)), hidden_above={0}) == [["lab_zinc"]] * 2


@pytest.mark.parametrize(("under_two", "is_hidden"), [(140, False), (141, True)])
def test_those_who_gained_and_are_not_under_two_are_a_count_too(under_two: int, is_hidden: bool) -> None:  # noqa: FBT001
    """150 gained are told, and how many of them are under two."""
    told = hidden("n_d_baduta", sibling("1", (under_two, 200)), sibling("2", (90, 150)))
    assert told == [["n_d_baduta"] if is_hidden else []] * 2


def test_of_those_who_are_not_under_two_the_others_are_a_count_too() -> None:
    """250 assessed, 100 of them have not gained; of 200 under two 95: of the fifty older ones five have not."""
    assert hidden("n_d_baduta", sibling("1", (105, 200)), sibling("2", (90, 150))) == [["n_d_baduta"]] * 2


@pytest.mark.parametrize(("one_month", "is_hidden"), [(True, True), (False, False)])
def test_the_referred_who_are_not_stunted_are_a_count_too(one_month: bool, is_hidden: bool) -> None:  # noqa: FBT001
    """In January: later the indicator looks back to January, and the figure does not."""
    told = hidden("stunted_referred", sibling("1", (55, 90)), sibling("2", (40, 90)), one_month=one_month)
    assert told == [["stunted_referred"] if is_hidden else []] * 2


def test_what_is_hidden_of_a_figure_is_hidden_of_who_is_counted_among_it() -> None:
    """Wasted less wasted moderately are the severely wasted."""
    few = sibling("1", (20, 57), hidden=["severely_wasted"], severely_wasted=3)
    assert hidden("wasted_fed", few, sibling("2", (20, 40))) == [["wasted_fed"], []]
    letters = sibling("1", (20, 57), hidden=["gained", "not_gained"])
    assert hidden("not_gained_fed", letters, sibling("2", (20, 40))) == [["not_gained_fed"], []]


def test_nobody_with_a_finding_is_hidden_like_a_few() -> None:
    assert (
        hidden("not_gained_fed", sibling("1", (0, 0), letter_t=0), sibling("2", (20, 60))) == [["not_gained_fed"]] * 2
    )


def test_classes_of_one_reading_are_hidden_together() -> None:
    """All with anaemia less the mild and the moderate are the severe."""
    codes = "lab_haemoglobin anaemia_mild anaemia_moderate anaemia_severe"
    one = sibling("1", (42, 90), (20, 90), (20, 90), (2, 90))
    assert hidden(codes, one, sibling("2", (60, 90), (20, 90), (20, 90), (20, 90))) == [codes.split()] * 2


def test_one_service_by_age_is_hidden_together() -> None:
    codes = "vitamin_a_6_11 vitamin_a_12_59 vitamin_a_6_59"
    assert (
        hidden(codes, sibling("1", (3, 20), (80, 99), (83, 119)), sibling("2", (30, 40), (80, 99), (110, 139)))
        == [codes.split()] * 2
    )


@pytest.mark.parametrize(
    ("with_card", "known", "is_hidden"),
    [(50, 53, True), (50, 80, False), (60, 100, False), (9, 60, True), (0, 0, False)],
)
def test_who_has_no_card_follows_from_no_two_of_k(*, with_card: int, known: int, is_hidden: bool) -> None:
    """Of a hundred; nobody's answer known is no secret, nor that everybody's is."""
    codes = "k k_known k_s d_k"
    one = sibling("1", (with_card, known), (known, 100), (with_card, 100), (with_card // 2, with_card))
    other = sibling("2", (50, 80), (80, 100), (50, 100), (30, 50))
    assert hidden(codes, one, other) == [codes.split() if is_hidden else []] * 2
