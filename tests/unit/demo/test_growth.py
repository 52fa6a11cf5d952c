"""The demo's own z-scores agree with the WHO's software and with their inverse."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.demo.growth import lms_by_age, lms_by_length, official_scores, weight_at


@pytest.mark.parametrize(
    ("sex", "age", "length", "standing", "haz"),
    [  # B014: the 0.7 cm rule around day 731
        (1, 730, 80.0, True, -1.77),
        (1, 730, 80.0, False, -1.98),
        (1, 731, 80.0, True, -1.78),
        (1, 731, 80.0, False, -1.99),
        (1, 365, 58.0, False, -6.22),  # B004: length is never restricted
    ],
)
def test_height_for_age_follows_the_position_rule(
    sex: int, age: int, length: float, *, standing: bool, haz: float
) -> None:
    scores = _scores(sex, age, 9.0, length, standing=standing)
    assert scores[0] == pytest.approx(haz, abs=0.01)


@pytest.mark.parametrize(
    ("sex", "age", "weight", "length", "standing", "whz"),
    [
        (0, 400, 7.0, 72.35, False, -3.10),  # B012: between two rows of the table
        (0, 800, 6.0, 65.0, True, -2.71),  # B002: the lowest height of the table
        (0, 800, 6.0, 64.5, True, np.nan),
    ],
)
def test_weight_for_height_interpolates_and_ends_with_its_table(
    sex: int, age: int, weight: float, length: float, *, standing: bool, whz: float
) -> None:
    assert _scores(sex, age, weight, length, standing=standing)[2] == pytest.approx(whz, abs=0.01, nan_ok=True)


def test_weight_for_age_is_by_days_and_restricted_beyond_three() -> None:
    assert _scores(0, 14, 3.5, 50.0, standing=False)[1] == pytest.approx(-0.49, abs=0.01)  # B006
    assert _scores(0, 540, 80.5, 80.0, standing=False)[1] == pytest.approx(44.2, abs=0.1)  # B028


def test_after_sixty_months_nothing_is_scored() -> None:
    assert np.isnan(_scores(0, 1827, 14.0, 100.0, standing=True)).all()
    assert not np.isnan(_scores(0, 1826, 14.0, 100.0, standing=True)).any()


def test_weight_at_a_score_gives_that_score_back_in_both_tails() -> None:
    z = np.array([-4.6, -3.0, -1.2, 0.0, 2.9, 4.4])
    sex, age = np.zeros(z.size, dtype=np.int64), np.full(z.size, 500)
    length = np.full(z.size, 77.7)
    weight = weight_at(lms_by_length(sex, age, length), z)
    scores = official_scores(sex, age, weight, length, np.zeros(z.size, dtype=bool))
    assert scores.whz == pytest.approx(z, abs=0.01)


def test_the_median_of_the_table_is_zero() -> None:
    sex, age = np.array([0, 1]), np.array([100, 1500])
    length = lms_by_age("lhfa", sex, age).m
    assert official_scores(sex, age, np.array([6.0, 15.0]), length, age >= 731).haz == pytest.approx([0, 0])


def _scores(sex: int, age: int, weight: float, length: float, *, standing: bool) -> np.ndarray:
    scores = official_scores(
        np.array([sex]), np.array([age]), np.array([weight]), np.array([length]), np.array([standing])
    )
    return np.array([scores.haz[0], scores.waz[0], scores.whz[0]])
