"""A population's own outcomes bend the odds: only when there are enough, and never far on few."""

from __future__ import annotations

import numpy as np

from services.scoring.domain.early_warning.normal import log_odds_below, tail_below
from services.scoring.domain.early_warning.recalibration import NONE, calibrated, log_odds, recalibrate


def site(children: int, intercept: float, slope: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Risks of the model, outcomes of a site where the odds are bent by these two, one visit a child."""
    random = np.random.default_rng(seed)
    risk = 1.0 / (1.0 + np.exp(-random.normal(-1.5, 1.5, children)))
    truth = 1.0 / (1.0 + np.exp(-(intercept + slope * np.log(risk / (1 - risk)))))
    return risk, random.random(children) < truth, np.arange(children)


def test_many_outcomes_recover_what_a_site_is_like() -> None:
    found = recalibrate(*site(20_000, -0.8, 0.7), "site-1")
    assert abs(found.intercept - -0.8) < 0.1
    assert abs(found.slope - 0.7) < 0.1
    assert found.version == "site-1"


def test_few_children_change_nothing() -> None:
    risk, stunted, child = site(40, -0.8, 0.7)
    assert stunted.sum() < 10
    assert recalibrate(risk, stunted, child, "site") is NONE


def test_many_visits_of_few_children_change_nothing() -> None:
    risk, stunted, child = site(2_000, 0.0, 1.0)
    assert recalibrate(risk, stunted, child % 9, "site") is NONE


def test_moderately_many_outcomes_are_held_back_towards_no_change() -> None:
    some, many = (recalibrate(*site(children, -0.8, 0.3), "site") for children in (150, 20_000))
    assert abs(some.slope - 1.0) < abs(many.slope - 1.0)


def test_the_order_of_the_outcomes_does_not_matter() -> None:
    risk, stunted, child = site(500, -0.5, 0.9)
    again = recalibrate(risk[::-1], stunted[::-1], child[::-1], "site")
    first = recalibrate(risk, stunted, child, "site")
    assert np.allclose([first.intercept, first.slope], [again.intercept, again.slope])


def test_visits_without_a_risk_are_left_out() -> None:
    risk, stunted, child = site(500, -0.5, 0.9)
    blank = np.r_[risk, np.full(500, np.nan)]
    with_blank = recalibrate(blank, np.r_[stunted, np.ones(500, np.bool_)], np.r_[child, child], "site")
    assert with_blank == recalibrate(risk, stunted, child, "site")


def test_no_recalibration_changes_no_risk() -> None:
    risk = np.array([0.01, 0.3, 0.9])
    assert np.allclose(calibrated(log_odds(risk), NONE), risk)


def test_the_normal_tail_is_that_of_the_tables() -> None:
    assert np.allclose(tail_below(np.array([-1.96, -1.0, 0.0, 1.0])), [0.0249979, 0.1586553, 0.5, 0.8413447], atol=1e-6)
    assert np.allclose(log_odds_below(np.array([-2.0, 2.0])), [-3.7607, 3.7607], atol=1e-3)
