"""What indicators count child by child in a release: kept by what is counted, hidden family by family, read as kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from services.reporting.domain.areas import Tree
from services.reporting.domain.indicator_set import Count
from services.reporting.domain.indicator_values import REASONS, WITHHELD, Told, value_of
from services.reporting.domain.periods import Period, parse_period
from services.reporting.domain.read_indicators import load
from services.reporting.domain.release import TOP, Batch
from services.reporting.domain.released_counts import kept_by_family, key_of, released_counts, told_in, told_last
from services.reporting.store.sums import SUM_COLUMNS

pytestmark = pytest.mark.bare

JANUARY: Final = parse_period("2026-01")
COUNTS: Final = {one.code: one.count for one in load().on(JANUARY.last_day) if one.count.kind == "children"}
LARGE: Final = {
    "target_children": 400, "weighed": 300, "haz_measured": 300, "whz_measured": 300, "waz_measured": 300,
    "stunted": 90, "wasted": 60, "severely_wasted": 20, "underweight": 60, "letter_n": 150, "letter_t": 100,
    "suspected": 100, "referred": 60, "in_care": 50,
}  # fmt: skip
BELOW: Final = {TOP: ["12"], "12": ["12.01", "12.02"], "12.01": ["12.01.01", "12.01.02"]}


def kept(
    name: str,
    pairs: dict[str, tuple[int, int]],
    hidden: dict[str, set[str]] | None = None,
    period: Period = JANUARY,
    before: dict[str, frozenset[str]] | None = None,
    told: dict[str, list[int]] | None = None,
) -> dict[str, list[int] | None]:
    """By area what is kept of one count."""
    codes = [code for family in BELOW.values() for code in family]
    sums = np.array([LARGE.get(column, 0) for column in SUM_COLUMNS], np.int64)
    batch = Batch(
        "12", period, Tree({}), BELOW, {}, SUM_COLUMNS, dict.fromkeys(codes, sums),
        {code: frozenset((hidden or {}).get(code, ())) for code in codes},
    )  # fmt: skip
    counted = {code: np.array([pairs[code]], np.int64) for code in codes}
    count = COUNTS[name]
    found: dict[str, dict[str, Any]] = {}
    told_before = {code: {key_of(count): pair} for code, pair in (told or {}).items()}
    for family in kept_by_family(batch, [count], counted, before or {}, told_before):
        found |= family
    return {code: of_area[key_of(count)] for code, of_area in found.items()}


def pairs(**small: tuple[int, int]) -> dict[str, tuple[int, int]]:
    told = {"12": (90, 190), "12.01": (60, 100), "12.02": (30, 90), "12.01.01": (25, 50), "12.01.02": (35, 50)}
    return told | {"12" + code.replace("_", "."): pair for code, pair in small.items()}


def test_what_is_told_is_kept_whole_and_what_is_hidden_is_not_kept() -> None:
    assert kept("lab_zinc", pairs()) == {code: list(pair) for code, pair in pairs().items()}
    few = kept("lab_zinc", pairs(_01_02=(9, 50)))
    assert {code for code, pair in few.items() if pair is None} == {"12.01.01", "12.01.02"}


def test_what_is_hidden_of_an_area_is_hidden_of_all_below_it() -> None:
    few = kept("lab_zinc", pairs(_02=(9, 90)))
    assert {code for code, pair in few.items() if pair is None} == set(pairs()) - {"12"}


def test_a_hidden_figure_hides_who_is_counted_among_it() -> None:
    told = kept("not_gained_fed", pairs(), {"12.01.01": {"gained", "not_gained"}})
    assert told["12.01.01"] is None
    assert told["12.01"] is not None


@pytest.mark.parametrize(("period", "is_hidden"), [("2026-01", True), ("2026-02", False)])
def test_of_january_alone_what_is_counted_since_january_is_left_of_a_figure(period: str, *, is_hidden: bool) -> None:
    """Sixty were referred: 55 of them stunted, so five are not."""
    told = kept("stunted_referred", pairs(_01=(55, 90)), period=parse_period(period))
    assert (told["12.01"] is None) is is_hidden


def test_what_is_counted_since_january_is_told_of_kabupaten_and_above_only() -> None:
    """Measured in January: three of twelve, in February another nine: those of both months less those of February."""
    told = kept("stunted_referred", pairs(), period=parse_period("2026-02"))
    assert {code for code, pair in told.items() if pair is None} == {"12.01.01", "12.01.02"}


def test_a_figure_that_an_earlier_month_hides_hides_what_is_counted_among_it_since_january() -> None:
    before = {"12.02": frozenset({"stunted"}), "12.01": frozenset({"wasted"})}
    told = kept("stunted_referred", pairs(), period=parse_period("2026-02"), before=before)
    assert (told["12.02"], told["12.01"]) == (None, [60, 100])


@pytest.mark.parametrize(("then", "is_hidden"), [([50, 80], False), ([51, 80], True), ([40, 79], True)])
def test_since_january_the_step_from_what_was_told_is_a_count_too(then: list[int], *, is_hidden: bool) -> None:
    """Sixty of a hundred are referred: ten more than was told, nine more, or one more who is not."""
    shown = kept("stunted_referred", pairs(), period=parse_period("2026-03"), told={"12.01": then})
    assert (shown["12.01"] is None) is is_hidden
    assert shown["12"] is not None


def test_what_was_told_last_is_of_the_last_month_that_tells_it() -> None:
    january, february = {"a": [1, 2], "b": [3, 4]}, {"a": None, "b": [5, 6]}
    assert told_last([[january], [february], []]) == {"a": [1, 2], "b": [5, 6]}
    assert told_last([[january, february]]) == {"b": [8, 10]}, "of two releases of a provinsi what both tell"


def test_a_month_keeps_what_its_rules_look_at_and_a_quarter_what_no_month_has() -> None:
    """In no definition so far children are counted one by one over a quarter."""
    january, february = (set(released_counts(load(), parse_period(text))) for text in ("2026-01", "2026-02"))
    assert january < february == set(COUNTS.values())
    assert february - january == {count for count in COUNTS.values() if count.round_months}
    assert not released_counts(load(), parse_period("2026-Q1"))


def test_a_count_is_found_by_what_it_counts_and_not_by_how_it_is_called() -> None:
    assert len({key_of(count) for count in COUNTS.values()}) == len(set(COUNTS.values()))
    vitamin_a = COUNTS["vitamin_a_6_59"]
    assert key_of(replace(vitamin_a, round_months=(3,))) == key_of(vitamin_a)
    assert key_of(replace(vitamin_a, age_from=5)) != key_of(vitamin_a)
    # A release keeps the key for good: another way to make it would lose what was told.
    assert key_of(Count("children", counted=("weighed",))) == "d6cbf0bc6bb0"


def test_several_releases_of_an_area_add_up_and_what_one_hides_is_hidden() -> None:
    zinc = COUNTS["lab_zinc"]
    key = key_of(zinc)
    assert told_in([{key: [20, 40]}, {key: [3, 5]}], zinc, None) == Told(23, 45)
    assert told_in([{key: [20, 40]}, {key: None}], zinc, None).withheld == "suppressed"


def test_what_was_not_defined_at_a_release_has_no_value_and_says_so() -> None:
    told = told_in([{}], COUNTS["lab_zinc"], None)
    shown = value_of("point_in_time", [told], is_share=True)
    assert (shown["share"], shown["reason"]["code"]) == (None, "not_in_release")


@pytest.mark.parametrize(("known", "recorded"), [(0, False), (20, True)])
def test_nothing_is_recorded_where_no_answer_was_known(known: int, *, recorded: bool) -> None:
    with_card, of_known = COUNTS["k_s"], COUNTS["k_known"]
    row = {key_of(with_card): [0, 40], key_of(of_known): [known, 40]}
    assert told_in([row], with_card, of_known) == Told(0, 40, recorded=recorded)


def test_of_months_of_which_one_is_not_told_none_is_and_the_reason_is_the_one_that_passes() -> None:
    parts = [Told(20, 40), Told(None, None, "suppressed"), Told(None, None, "not_told_yet")]
    assert value_of("sum", parts, is_share=True)["reason"]["code"] == "not_told_yet"
    assert value_of("sum", parts[:2], is_share=True)["reason"]["code"] == "suppressed"
    assert value_of("sum", parts[:2], is_share=True)["numerator"] is None
    assert set(WITHHELD) <= REASONS.keys()
