"""One who holds every release of a provinsi finds no small count, nor what of a month came in after its release."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np
import pytest

from tests.unit.reporting.attacker_of_doors import MONTHS, QUARTER
from tests.unit.reporting.attacker_of_groups import attack_groups, draw_month
from tests.unit.reporting.attacker_over_time import Provinsi, Release, attack, draw_provinsi, release

pytestmark = pytest.mark.bare

SENSITIVE_BELOW: Final = 5
FEWEST_POSSIBLE: Final = 5  # values that a hidden count below five may have, for one who reckons with all that is told
HEIGHTS: Final = ("target_children", "measured_children", "height_measured", "both_measured", "haz_measured",
                  "stunted", "severely_stunted")  # fmt: skip
GROWTH: Final = ("target_children", "measured_children", "gained", "not_gained", "gain_assessed",
                 "not_weighed_before", "first_weighing", "suspected", "urgent")  # fmt: skip
MIXED, ONCE = (0.4, 0.35, 0.25), (0.0, 0.0, 1.0)  # how many desa are measured monthly, heights once, once


def released(
    seed: int, *, together: bool, late: float = 0.05, habits: Sequence[float] = MIXED
) -> tuple[Provinsi, list[Release]]:
    """Two kabupaten of six desa: three months, released together or each by itself, and their quarter of both."""
    rng = np.random.default_rng(seed)
    sizes = [[[int(rng.choice([20, 60, 120, 240])) for _ in range(3)] for _ in range(2)] for _ in range(2)]
    provinsi = draw_provinsi(rng, sizes, late=late, habits=habits)
    batches = [provinsi.kabupaten] if together else [[code] for code in provinsi.kabupaten]
    months = [
        release(provinsi, month, kabupaten, provinsi.released[:, number])
        for number, month in enumerate(MONTHS)
        for kabupaten in batches
    ]
    quarter = release(provinsi, QUARTER, provinsi.kabupaten, provinsi.known[:, len(MONTHS)], months)
    return provinsi, [*months, quarter]


def test_who_holds_months_and_a_quarter_with_late_visits_finds_no_small_count() -> None:
    """Of months and quarter; without the rule on late facts those of a desa that came late were told."""
    provinsi, releases = released(4, together=True)
    found = list(islice(attack(provinsi, releases, HEIGHTS[:-1], SENSITIVE_BELOW, ("quarter", "month")), 6))
    assert found
    assert min(one.values for one in found) >= FEWEST_POSSIBLE
    late = list(attack(provinsi, releases, HEIGHTS[:-1], SENSITIVE_BELOW, ("late",)))
    assert late
    assert min(one.values for one in late) > 1, "of nobody who came late it is known whether it is stunted"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("columns", "together", "habits"),
    [(HEIGHTS, True, MIXED), (HEIGHTS, False, MIXED), (HEIGHTS, False, ONCE), (GROWTH, True, MIXED)],
)
def test_nor_in_many_provinsi_whose_kabupaten_were_released_at_different_times(
    columns: tuple[str, ...],
    together: bool,  # noqa: FBT001
    habits: tuple[float, ...],
) -> None:
    for seed in range(12):
        provinsi, releases = released(seed, together=together, habits=habits)
        for one in attack(provinsi, releases, columns, SENSITIVE_BELOW, ("quarter", "month", "late")):
            assert one.values >= (FEWEST_POSSIBLE if one.what != "late" else 2), (seed, one)


def test_who_also_sees_every_area_by_sex_and_by_age_finds_no_small_count() -> None:
    """Areas, sexes and ages add up three ways."""
    rng = np.random.default_rng(3)
    month = draw_month(rng, [[20, 120, 480], [60, 240]])
    found = list(attack_groups(month, HEIGHTS[:-1], SENSITIVE_BELOW, 4, rng))
    assert len(found) == 4
    assert min(one.values for one in found) >= FEWEST_POSSIBLE


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("columns", [HEIGHTS, GROWTH])
def test_nor_of_many_kabupaten_by_sex_and_age(columns: tuple[str, ...]) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        sizes = [[int(rng.choice([20, 60, 120, 240, 480])) for _ in range(4)] for _ in range(2)]
        for one in attack_groups(draw_month(rng, sizes), columns, SENSITIVE_BELOW, 40, rng):
            assert one.values >= FEWEST_POSSIBLE, (seed, one)
