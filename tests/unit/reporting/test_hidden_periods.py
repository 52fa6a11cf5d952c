"""Months, quarters and years are told side by side: what one hides, the other does not tell."""

from __future__ import annotations

from itertools import islice
from math import ceil, floor
from typing import Any, Final

import numpy as np
import pytest

from services.reporting.domain.figures import figures
from services.reporting.domain.hidden_periods import inside
from services.reporting.domain.periods import parse_period
from services.reporting.store.sums import SUM_COLUMNS
from tests.unit.reporting.attacker import Hidden
from tests.unit.reporting.attacker_of_doors import attack_doors, draw_quarter, tell
from tests.unit.reporting.periods_beside import hidden_in_periods

pytestmark = pytest.mark.bare

SENSITIVE_BELOW: Final = 5
FEWEST_POSSIBLE: Final = 5  # values that a hidden count below five may have, for one who reckons with all that is told
HEIGHTS: Final = ("target_children", "measured_children", "height_measured", "both_measured", "haz_measured",
                  "stunted", "severely_stunted")  # fmt: skip
GROWTH: Final = ("target_children", "measured_children", "gained", "not_gained", "gain_assessed",
                 "not_weighed_before", "first_weighing", "suspected", "urgent")  # fmt: skip


def hidden_stunted(**of_periods: list[tuple[int, int]]) -> dict[str, str]:
    """Of each period, which siblings are hidden (`x`) in the stunted; given as (stunted, measured) of each sibling."""
    rows = {}
    for name, siblings in of_periods.items():
        period = parse_period(name[1:].replace("_", "-"))
        rows[period] = [_row(str(number), *counts) for number, counts in enumerate(siblings)]
    found = hidden_in_periods(rows, dict.fromkeys(rows, frozenset[str]()))
    return {str(period): "".join("x" if "stunted" in one else "." for one in found[period]) for period in rows}


def _row(code: str, stunted: int, measured: int) -> dict[str, Any]:
    sums = dict.fromkeys(SUM_COLUMNS, 0) | {"target_children": 200, "weighed": measured, "haz_measured": measured}
    return {"code": code, **figures(sums | {"stunted": stunted})}


@pytest.mark.parametrize(
    ("period", "parts"),
    [("2026-04", []), ("2026-Q2", ["2026-04", "2026-05", "2026-06"]), ("2026", 12 + 4 + 2), ("2026-S2", 6 + 2)],
)
def test_inside_a_period_lie_the_shorter_ones_of_the_calendar(period: str, parts: list[str] | int) -> None:
    found = list(map(str, inside(parse_period(period))))
    assert (found if isinstance(parts, list) else len(found)) == parts


NOBODY: Final = (0, 0)


def test_a_quarter_that_is_one_month_hides_what_the_month_hides() -> None:
    """The first was measured in January only: its twelve would leave three of January's fifteen for the second."""
    told = hidden_stunted(
        p2026_01=[(12, 60), (3, 60)], p2026_02=[NOBODY, (14, 60)], p2026_03=[NOBODY, (16, 60)],
        p2026_Q1=[(12, 60), (20, 90)],
    )  # fmt: skip
    assert told["2026-Q1"] == "xx"


@pytest.mark.parametrize(("twice", "quarter"), [(9, "xx"), (10, "..")])
def test_few_that_were_measured_twice_change_nothing(twice: int, quarter: str) -> None:
    told = hidden_stunted(
        p2026_01=[(12, 60), (3, 60)], p2026_02=[(0, twice), (14, 60)], p2026_03=[NOBODY, (16, 60)],
        p2026_Q1=[(12, 60), (20, 90)],
    )  # fmt: skip
    assert told["2026-Q1"] == quarter


def test_a_quarter_that_is_the_sum_of_its_months_hides_what_one_of_them_hides() -> None:
    """Three in January and thirty in February of other posyandu: 33 would tell the three."""
    told = hidden_stunted(
        p2026_01=[(3, 20), (14, 60)], p2026_02=[(30, 120), (14, 60)], p2026_03=[NOBODY, (16, 60)],
        p2026_Q1=[(33, 140), (20, 90)],
    )  # fmt: skip
    assert told["2026-Q1"][0] == "x"


def test_what_a_month_tells_covers_nobody_in_the_quarter() -> None:
    """The first is told in January, the only month it has: a third one covers the three of the second."""
    told = hidden_stunted(
        p2026_01=[(12, 60), (14, 60), (14, 60)], p2026_02=[NOBODY, (12, 60), (14, 60)],
        p2026_03=[NOBODY, (1, 60), (14, 60)], p2026_Q1=[(12, 60), (3, 90), (20, 90)],
    )  # fmt: skip
    assert (told["2026-01"], told["2026-Q1"]) == ("...", "xxx")


def test_the_only_hidden_one_with_anybody_measured_follows_from_the_total() -> None:
    """In February the second is hidden with one that has nobody, so it is known; it covers nobody in the quarter."""
    told = hidden_stunted(
        p2026_01=[(2, 15), NOBODY, (14, 60)], p2026_02=[NOBODY, (11, 60), (14, 60)],
        p2026_03=[NOBODY, NOBODY, (16, 60)], p2026_Q1=[(2, 15), (11, 60), (20, 90)],
    )  # fmt: skip
    assert (told["2026-02"], told["2026-Q1"]) == ("xx.", "xxx")


def test_a_year_that_is_one_quarter_hides_what_the_quarter_hides() -> None:
    months = {f"p2026_{number:02}": [NOBODY, (14, 60)] for number in range(1, 13)}
    quarters = {f"p2026_Q{number}": [NOBODY, (16, 70)] for number in range(1, 5)}
    semesters = {f"p2026_S{number}": [NOBODY, (18, 80)] for number in (1, 2)}
    of_first = {"p2026_01": [(12, 60), (3, 60)], "p2026_02": [(12, 60), (16, 60)], "p2026_Q1": [(12, 61), (8, 70)],
                "p2026_S1": [(12, 61), (18, 80)], "p2026": [(12, 61), (20, 90)]}  # fmt: skip
    told = hidden_stunted(**{**months, **quarters, **semesters, **of_first})
    assert (told["2026-Q1"], told["2026-S1"], told["2026"]) == ("xx", "xx", "xx")


@pytest.mark.parametrize(
    ("last_month", "quarter"),
    [((20, 60), "xx"), ((14, 50), "xx"), ((11, 40), ".."), ((21, 80), "..")],
)
def test_few_who_were_not_seen_since_hide_the_quarter(last_month: tuple[int, int], quarter: str) -> None:
    """Of 80 measured and 21 stunted: one, or seven, would be the stunted of those whom March has not seen."""
    again = [last_month, (40, 160)]
    told = hidden_stunted(
        p2026_01=[(18, 70), (40, 160)], p2026_02=again, p2026_03=again, p2026_Q1=[(21, 80), (50, 200)]
    )
    assert told["2026-Q1"] == quarter


def test_where_nobody_was_measured_in_the_last_month_it_is_the_one_before() -> None:
    told = hidden_stunted(
        p2026_01=[(18, 70), (40, 160)], p2026_02=[(20, 60), (40, 160)], p2026_03=[NOBODY, (40, 160)],
        p2026_Q1=[(21, 80), (50, 200)],
    )  # fmt: skip
    assert told["2026-Q1"] == "xx"


def test_a_quarter_alone_is_hidden_as_ever() -> None:
    assert hidden_stunted(p2026_Q1=[(12, 60), (20, 90)]) == {"2026-Q1": ".."}
    assert hidden_stunted(p2026_Q1=[(12, 60), (3, 90), (20, 90)]) == {"2026-Q1": "xx."}


def _possible(seed: int, columns: tuple[str, ...], *, most: int | None = None, step: int = 1, **how: bool) -> list[int]:
    """How many values each attacked count may still have."""
    rng = np.random.default_rng(seed)
    sizes = [[int(rng.choice([20, 60, 120, 240])) for _ in range(3)] for _ in range(2)]
    quarter = draw_quarter(rng, sizes)
    found = islice(attack_doors(quarter, tell(quarter, **how), SENSITIVE_BELOW, columns, step), most)
    return list(map(values_of, found))


def values_of(hidden: Hidden) -> int:
    """How many whole numbers lie between the ends that the attacker finds."""
    return floor(hidden.high + 1e-6) - ceil(hidden.low - 1e-6) + 1


def test_who_holds_months_and_quarter_together_finds_no_small_count() -> None:
    """Without the rule the three stunted of a desa that was measured in January only are told."""
    columns = HEIGHTS[:-1]
    assert min(_possible(1, columns, most=2, with_parts=False, by_sex=False)) == 1
    assert min(_possible(1, columns, most=2, by_sex=False)) >= FEWEST_POSSIBLE


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("columns", "by_sex", "step"), [(HEIGHTS, False, 1), (GROWTH, True, 5), (HEIGHTS, True, 5)])
def test_nor_with_girls_boys_and_indicators_in_many_districts(
    columns: tuple[str, ...],
    by_sex: bool,  # noqa: FBT001
    step: int,
) -> None:
    """Before those not seen since the last month were a count, one in twenty had three or four values."""
    found = [values for seed in range(20, 28) for values in _possible(seed, columns, step=step, by_sex=by_sex)]
    assert min(found) >= FEWEST_POSSIBLE


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nor_at_the_size_of_batu_bara_with_all_answers_of_a_quarter_in_one_system() -> None:
    """Twelve kecamatan, 151 desa, some 30,000 children; one in four of the hidden counts below five."""
    rng = np.random.default_rng(5)
    sizes = [[int(rng.lognormal(5.2, 0.5)) + 10 for _ in range(desa)] for desa in (*[12] * 7, *[13] * 4, 15)]
    quarter = draw_quarter(rng, sizes)
    attacked = attack_doors(quarter, tell(quarter), SENSITIVE_BELOW, HEIGHTS[:-1], step=4)
    found = [values_of(hidden) for hidden in attacked]
    assert len(found) > 10
    assert min(found) >= FEWEST_POSSIBLE


def test_of_an_area_without_areas_below_nothing_is_hidden() -> None:
    period = parse_period("2025-Q1")
    assert hidden_in_periods({period: []}, {period: frozenset()}) == {period: []}
