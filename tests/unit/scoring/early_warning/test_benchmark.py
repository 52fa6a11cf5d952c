"""How good the shipped model is on the committed simulated visits, and that its fit can be repeated."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from services.scoring.domain.early_warning.coefficients import ACTIVE, load
from services.scoring.domain.early_warning.coefficients import read as read_coefficients
from tests.bench.early_warning_data import (
    SIMULATED,
    Benchmark,
    auc,
    average_precision,
    calibration_error,
    calibration_slope,
    marks,
    read,
)
from tests.bench.early_warning_fit import answer, fit, written

FULL = "TUMBUH_EARLY_WARNING_DATA"  # path of the whole development file


@pytest.fixture(scope="module")
def simulated() -> Benchmark:
    return read(SIMULATED)


def test_floors_on_the_committed_simulated_visits(simulated: Benchmark) -> None:
    rows = simulated.eligible
    found = marks(simulated.haz[rows], simulated.stunted[rows], answer(simulated, load()).risk[rows])
    assert found.visits == 14_179
    assert found.ap > 0.51
    assert found.auc_band > 0.753
    assert found.brier < 0.080
    assert 0.95 < found.cal_slope < 1.05
    assert found.ece < 0.01


def test_the_whole_development_file_where_its_path_is_given() -> None:
    path = os.environ.get(FULL)
    if not path:
        pytest.skip(f"{FULL} is not set: real rows stay outside the repository")
    data = read(Path(path))
    rows = data.eligible
    found = marks(data.haz[rows], data.stunted[rows], answer(data, load()).risk[rows])
    assert found.ap > 0.51
    assert found.auc_band > 0.753


def test_a_fit_repeated_is_the_same_file_and_can_be_read_back(simulated: Benchmark) -> None:
    few = simulated.rows(simulated.child < 120)
    first, second = (written(fit(few, "x"), "few") for _ in range(2))
    assert first == second
    assert written(read_coefficients(first), "few") == first


def test_the_shipped_coefficients_name_their_version() -> None:
    assert load().version == ACTIVE


def test_average_precision_counts_a_tie_once() -> None:
    y = np.array([1.0, 0.0, 1.0, 0.0])
    assert average_precision(y, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(y, np.full(4, 0.5)) == pytest.approx(0.5)


def test_auc_counts_a_tie_as_half() -> None:
    y = np.array([1.0, 0.0, 0.0])
    assert auc(y, np.array([0.5, 0.5, 0.1])) == pytest.approx(0.75)


def test_a_calibrated_risk_has_slope_one_and_small_error() -> None:
    random = np.random.default_rng(5)
    risk = random.uniform(0.02, 0.98, 20_000)
    y = (random.random(risk.size) < risk).astype(np.float64)
    assert calibration_slope(y, risk) == pytest.approx(1.0, abs=0.05)
    assert calibration_error(y, risk) < 0.02
    assert calibration_slope(y, risk**2 / (risk**2 + (1 - risk) ** 2)) == pytest.approx(0.5, abs=0.05)
