"""Surveys beside ours: whether two intervals contradict each other, and nothing where one of them is missing."""

from __future__ import annotations

import pytest

from services.reporting.domain.figures import wilson
from services.reporting.domain.survey_figures import Estimate, compared, standard_error

pytestmark = pytest.mark.bare
SURVEY = Estimate(0.216, 0.172, 0.267)


def test_the_two_figures_of_one_year_differ_by_more_than_their_intervals_explain() -> None:
    """B112: 10.07 % of the measured beside 18 % of a survey."""
    interval = wilson(1007, 10_000)
    assert interval is not None
    told = compared(Estimate(0.1007, *interval), Estimate(0.18, 0.15, 0.21))
    assert told["statement"] == "different"
    assert told["difference"] == pytest.approx(-0.0793)
    assert told["high"] < 0


def test_intervals_that_meet_are_compatible_and_the_difference_has_an_interval() -> None:
    told = compared(Estimate(0.18, 0.16, 0.20), SURVEY)
    assert told["statement"] == "compatible"
    assert told["low"] < 0 < told["high"]


def test_without_an_interval_or_without_data_nothing_is_claimed() -> None:
    for ours, theirs in (
        (Estimate(None, None, None), SURVEY),
        (Estimate(0.2, 0.1, 0.3), Estimate(0.2, None, None)),
    ):
        assert compared(ours, theirs)["statement"] == "unknown"
    assert standard_error(Estimate(0.2, None, None)) is None
