"""How well children were measured, as numbers: each measure by itself."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from services.reporting.domain.quality_metrics.ages import (
    age_ratio,
    age_structure,
    heaping_counts,
    sex_ratio,
    whole_months,
)
from services.reporting.domain.quality_metrics.count_tests import at_least, at_most, equal_digits_p, share_is
from services.reporting.domain.quality_metrics.digits import digit_preference_score, last_digits
from services.reporting.domain.quality_metrics.distribution import (
    beyond_fences,
    distribution,
    smart_flags,
    unlikely_pairs,
    who_flags,
)
from services.reporting.domain.quality_metrics.groups import one_group, tally
from services.reporting.domain.quality_metrics.smart_score import Criteria, class_names, classes_of, smart_score

pytestmark = pytest.mark.bare


def test_the_last_digit_is_that_of_the_value_as_it_was_read() -> None:
    values = np.array([8.2, 10.0, 99.9, 0.3, np.nan, 76.49999999])
    assert last_digits(values, 1).tolist() == [2, 0, 9, 3, -1, 5]
    assert last_digits(np.array([143.0, 150.0]), 0).tolist() == [3, 0]


def test_no_digit_preferred_is_zero_and_one_digit_only_is_a_hundred() -> None:
    counts = np.array([[7] * 10, [30] + [0] * 9, [0] * 10])
    score = digit_preference_score(counts)
    assert score[:2].tolist() == [0.0, 100.0]
    assert np.isnan(score[2])


def test_few_honest_values_are_not_accused_though_their_score_is_high() -> None:
    """Ten different digits but one: score 14; the exact test finds nothing."""
    counts = np.array([2, 0, 1, 1, 1, 1, 1, 1, 1, 1])
    assert digit_preference_score(counts[None])[0] > 14
    assert equal_digits_p(counts) == pytest.approx(1.0 - _all_different(10))


def _all_different(n: int) -> float:
    chance = 1.0
    for place in range(n):
        chance *= (10 - place) / 10
    return chance


def test_the_exact_test_of_digits_is_the_multinomials() -> None:
    """Two values: equal with chance 1/10. Three: all equal 1/100, two of them 27/100."""
    counts = np.zeros((4, 10), np.int64)
    counts[0, 0] = 2
    counts[1, :2] = 1
    counts[2, 4] = 3
    counts[3, 4:6] = 2, 1
    assert equal_digits_p(counts) == pytest.approx([0.1, 1.0, 0.01, 0.28])


def test_the_exact_test_agrees_with_chi_square_where_both_may_be_used() -> None:
    """At 49 and 50 values, on either side of the limit."""
    below, above = np.array([9, 4, 5, 3, 4, 8, 4, 4, 4, 4]), np.array([9, 4, 5, 4, 4, 8, 4, 4, 4, 4])
    assert equal_digits_p(below) == pytest.approx(float(equal_digits_p(above)), abs=0.07)


@pytest.mark.parametrize(("hits", "n", "share"), [(0, 60, 0.2), (3, 12, 0.1), (12, 12, 0.5), (1, 1, 0.9)])
def test_exact_chances_are_sums_of_the_binomial(hits: int, n: int, share: float) -> None:
    chances = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    assert at_least(np.array(hits), np.array(n), share) == pytest.approx(sum(chances[hits:]))
    assert at_most(np.array(hits), np.array(n), share) == pytest.approx(sum(chances[: hits + 1]))


def test_a_share_is_tested_with_the_correction_for_continuity() -> None:
    """81 of 100 against 3/4 by hand: (6 - 0.5)^2 / 75 + (6 - 0.5)^2 / 25."""
    found = share_is(np.array([81, 75, 0]), np.array([100, 100, 0]), 0.75)
    assert found.x2[:2] == pytest.approx([5.5**2 / 75 + 5.5**2 / 25, 0.0])
    assert found.p[1] == 1.0
    assert np.isnan(found.p[2])


def test_ages_heap_at_whole_years() -> None:
    months = whole_months(np.array([12.9, 24.0, 36.0, 7.0, np.nan, -1.0]))
    assert months.tolist() == [12, 24, 36, 7, -1, -1]
    counts = heaping_counts(months, 12, one_group(6), 1)[0]
    assert (counts[0], counts[7], counts.sum()) == (3, 1, 4)


def test_only_children_of_6_to_59_months_count_in_ratio_and_structure() -> None:
    months = np.array([0, 5, 6, 29, 30, 59, 60, -1])
    ratio, _ = age_ratio(months, one_group(8), 1)
    assert ratio[0] == 1.0
    structure = age_structure(months, one_group(8), 1)
    assert structure.counts[0].tolist() == [1, 1, 1, 0, 1]
    assert structure.expected[0].sum() == pytest.approx(4)


def test_groups_are_told_apart() -> None:
    """Two teams at once are what each is alone."""
    rng = np.random.default_rng(7)
    z, sex, months = rng.normal(-1, 1.2, 80), rng.integers(0, 3, 80), rng.integers(6, 60, 80)
    team = rng.integers(0, 2, 80)
    both, boys, ages = distribution(z, team, 2), sex_ratio(sex, team, 2), age_ratio(months, team, 2)
    for number in (0, 1):
        mine = team == number
        one = one_group(int(mine.sum()))
        alone = distribution(z[mine], one, 1)
        for together, apart in zip(both, alone, strict=True):
            assert together[number] == pytest.approx(apart[0], rel=1e-9)
        assert boys.p[number] == pytest.approx(sex_ratio(sex[mine], one, 1).p[0])
        assert ages[0][number] == pytest.approx(age_ratio(months[mine], one, 1)[0][0])


def test_equal_values_have_no_shape_and_no_outlier() -> None:
    same = np.full(12, 0.1)
    shape = distribution(same, one_group(12), 1)
    assert shape.sd[0] == 0.0
    assert np.isnan(shape.skew[0])
    assert np.isnan(shape.kurtosis_p[0])
    assert not beyond_fences(same).any()
    assert not unlikely_pairs(same, same).any()
    assert not unlikely_pairs(np.arange(12.0), 2 * np.arange(12.0)).any()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_values_have_only_the_moments_that_they_can_have(n: int) -> None:
    shape = distribution(np.arange(float(n)), one_group(n), 1)
    known = [np.isfinite(part[0]) for part in (shape.mean, shape.sd, shape.skew, shape.kurtosis)]
    assert known == [n >= 1, n >= 2, n >= 3, n >= 4]


def test_a_score_at_the_limit_is_not_flagged() -> None:
    assert who_flags(np.array([-6.0, -6.01, 5.0, 5.01, np.nan]), "waz").tolist() == [False, True, False, True, False]
    # The mean of all scores is 0, the extreme ones in it.
    assert smart_flags(np.array([3.0, -3.0, 4.0, -4.0, np.nan]), one_group(5), 1).tolist() == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_far_pair_is_found_where_each_value_alone_is_common() -> None:
    rng = np.random.default_rng(3)
    height = rng.normal(90, 8, 300)
    weight = 12 + (height - 90) * 0.25 + rng.normal(0, 0.4, 300)
    height[5], weight[5] = 78.0, 15.0
    assert np.flatnonzero(unlikely_pairs(height, weight))[0] == 5
    assert not beyond_fences(weight)[5]


def criteria(**changed: float) -> Criteria:
    good = {"flagged": 0.0, "sd": 1.0, "sex_ratio": 0.5, "age_ratio": 0.5, "dps_weight": 3.0, "dps_height": 3.0,
            "skew": 0.0, "kurtosis": 0.0} | changed  # fmt: skip
    return Criteria(**{name: np.array([value]) for name, value in good.items()})


@pytest.mark.parametrize(
    ("changed", "points"),
    [({}, 0), ({"flagged": 0.025}, 0), ({"flagged": 0.026}, 5), ({"sd": 0.9}, 0), ({"sd": 1.1}, 0), ({"sd": 1.101}, 5),
     ({"sd": 0.8}, 10), ({"sd": 1.21}, 20), ({"sex_ratio": 0.1}, 2), ({"age_ratio": 0.001}, 10),
     ({"dps_weight": 8.0}, 2), ({"dps_height": 20.0}, 10), ({"skew": -0.5}, 3), ({"kurtosis": -0.7}, 5)],
)  # fmt: skip
def test_each_criterion_costs_its_points(changed: dict[str, float], points: int) -> None:
    assert smart_score(classes_of(criteria(**changed)))[0][0] == points


def test_by_sign_a_negative_shape_costs_nothing() -> None:
    found = criteria(skew=-0.9, kurtosis=-0.9)
    assert smart_score(classes_of(found, "sign"))[0][0] == 0
    assert smart_score(classes_of(found))[0][0] == 10


def test_an_unknown_criterion_leaves_the_score_unknown() -> None:
    classes = classes_of(criteria(skew=np.nan))
    points, overall = smart_score(classes)
    assert class_names(classes["skew"]) == [None]
    assert np.isnan(points[0])
    assert class_names(overall) == [None]


def test_digits_are_counted_by_group() -> None:
    assert tally(np.array([0, 9, -1, 9]), np.array([0, 1, 1, 1]), 10, 2)[:, 9].tolist() == [0, 2]
