"""How sure the rate of a small area is, and who stands out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.figures import figures
from services.reporting.domain.small_areas import SHRUNK, with_shrunk
from services.reporting.domain.uncertainty import ALIKE, HIGHEST, LOWEST, exact, shrink, standings
from services.reporting.formats import coverage_page
from services.reporting.store.sums import SUM_COLUMNS

pytestmark = pytest.mark.bare

KNOWN_OUTSIDE = 0.92  # no interval of the product holds less than this in any simulated cell but those of five children


def test_the_exact_interval_is_cloppers_and_pearsons() -> None:
    """Values of Newcombe (1998), table I, method 5: 81/263, 15/148, 0/20, 1/29; and all of 20."""
    for hits, total, low, high in (
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        (20, 20, 0.8316, 1.0),
    ):
        assert exact(hits, total) == pytest.approx((low, high), abs=0.00006)
    assert exact(0, 0) is None


def shrunk(hits: list[int], total: list[int]) -> Any:
    found = shrink(np.array(hits), np.array(total))
    assert found is not None
    return found


def test_the_fewer_its_children_the_more_a_rate_is_drawn_to_the_common_one() -> None:
    total = [5, 40, 100, 110, 90]
    found = shrunk([3, 24, 20, 22, 18], total)
    assert np.argsort(found.weight).tolist() == np.argsort(total).tolist()
    assert 87 / 345 < found.rate[0] < found.rate[1] < 0.6


def test_an_area_without_children_has_the_widest_limits() -> None:
    found = shrunk([0, 8, 10, 12], [0, 40, 45, 50])
    assert found.weight[0] == 0.0
    width = found.high - found.low
    assert width[0] == max(width)
    assert 0.15 < found.rate[0] < 0.35


@pytest.mark.parametrize("hits", [[0, 0, 0, 0], [30, 30, 30, 30], [6, 6, 6, 6]])
def test_areas_that_are_all_alike_have_limits_and_nobody_stands_out(hits: list[int]) -> None:
    found = shrunk(hits, [30] * 4)
    assert (found.low <= found.rate).all()
    assert (found.rate <= found.high).all()
    assert np.isfinite(found.high).all()
    assert standings(found) == [ALIKE] * 4


def test_two_areas_tell_no_spread() -> None:
    assert shrink(np.array([3, 4, 0]), np.array([30, 30, 0])) is None


def test_who_stands_out_is_named_and_the_rest_is_not_ranked() -> None:
    found = shrunk([60, 22, 25, 20, 24, 2], [120] * 6)
    assert standings(found) == [HIGHEST, ALIKE, ALIKE, ALIKE, ALIKE, LOWEST]


def test_chance_alone_names_nobody() -> None:
    """Fifty kecamatan whose desa have one rate: at most one names somebody."""
    rng = np.random.default_rng(5)
    total = np.array([8, 15, 30, 40, 60, 60, 90, 120, 150, 200])
    named = [standings(found) for _ in range(50) if (found := shrink(rng.binomial(total, 0.2), total)) is not None]
    assert sum(set(each) != {ALIKE} for each in named) <= 1


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=8))
def test_limits_hold_the_rate_whatever_the_counts(pairs: list[tuple[int, int]]) -> None:
    total = np.array([max(pair) for pair in pairs])
    found = shrink(np.array([min(pair) for pair in pairs]), total)
    if found is not None:
        assert ((found.low >= 0) & (found.low <= found.rate) & (found.rate <= found.high) & (found.high <= 1)).all()
        assert ((found.weight >= 0) & (found.weight <= 1)).all()


def desa(code: str, stunted: int, measured: int) -> dict[str, Any]:
    counts = {
        "target_children": measured,
        "both_measured": measured,
        "haz_measured": measured,
        "waz_measured": measured,
        "whz_measured": measured,
    }
    return {"code": code, **figures(dict.fromkeys(SUM_COLUMNS, 0) | counts | {"stunted": stunted})}


def test_a_desa_has_its_shrunk_rate_beside_the_plain_one() -> None:
    rows = with_shrunk([desa("1", 6, 10), desa("2", 20, 100), desa("3", 22, 100), desa("4", 0, 0)])
    assert rows[0]["stunted_share"] == 0.6
    assert 0.2 < rows[0]["shrunk"]["stunted"]["rate"] < 0.6
    assert rows[0]["standing"]["stunted"] == ALIKE
    assert (rows[3]["shrunk"]["stunted"], rows[3]["standing"]["stunted"]) == (None, None)
    assert set(rows[1]["shrunk"]) == set(SHRUNK)


def test_where_a_count_of_one_desa_is_hidden_no_desa_has_a_shrunk_rate() -> None:
    rows = [desa("1", 6, 10), desa("2", 20, 100), desa("3", 22, 100), desa("4", 30, 100) | {"stunted": None}]
    told = with_shrunk(rows)
    assert [row["shrunk"]["stunted"] for row in told] == [None] * 4
    assert told[1]["shrunk"]["wasted"] is not None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_intervals_hold_the_truth_as_the_page_says() -> None:
    found = coverage_page.cells()
    page = coverage_page.page(found)
    print(page)  # noqa: T201 - what it is for
    assert page == Path("docs/coverage.md").read_text("utf-8"), (
        "python -m services.reporting.formats.coverage_page > docs/coverage.md"
    )
    assert all(cell.is_inside or cell.estimator in coverage_page.REASONS for cell in found)
    assert all(cell.held >= KNOWN_OUTSIDE for cell in found if cell.children > 5)
    differ = [cell for cell in found if cell.spread == min(coverage_page.SPREADS) and cell.estimator != "exact"]
    assert sum(cell.is_inside for cell in differ) >= len(differ) - 5
