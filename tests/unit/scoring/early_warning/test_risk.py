"""The early-warning risk: who gets one, what it may use, what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.early_warning.recalibration import Recalibration
from services.scoring.domain.early_warning.risk import Because, Forecast, risk

NAN = float("nan")
Visit = tuple[int, int, float, float]  # root, age in days, HAZ, WAZ


def forecast(visits: list[Visit], **more: Any) -> Forecast:
    """The visits as they are, sorted by root and age; a birth on day 20,000; NaN = not measured."""
    root, age, haz, waz = (np.array(column) for column in zip(*visits, strict=True))
    return risk(
        root.astype(np.int64),
        age.astype(np.int64) + 20_000,
        age.astype(np.int32),
        haz.astype(np.float64),
        waz.astype(np.float64),
        more.pop("haz_usable", np.abs(haz) <= 6.0),
        more.pop("waz_usable", np.abs(waz) <= 6.0),
        **more,
    )


def one(*visits: tuple[int, float, float]) -> Forecast:
    """One child's visits; the answer of each."""
    return forecast([(0, *visit) for visit in visits])


def same(one_forecast: Forecast, other: Forecast) -> bool:
    names = ("risk", "level", "usual_change", "weight_change", "spread", "reasons")
    return all(
        np.allclose(getattr(one_forecast, name), getattr(other, name), rtol=0, atol=1e-12, equal_nan=True)
        for name in names
    )


@pytest.mark.parametrize(
    ("age", "haz", "given"),
    [
        (182, -1.5, False),
        (183, -1.5, True),
        (608, -1.5, True),
        (609, -1.5, False),
        (300, -2.00, True),
        (300, -2.01, False),
        (300, NAN, False),
    ],
)
def test_a_risk_is_given_from_183_to_608_days_and_not_below_minus_two(age: int, haz: float, given: bool) -> None:  # noqa: FBT001
    found = one((age, haz, -1.0))
    assert (not np.isnan(found.risk[0])) == given
    assert (found.reasons[0] != 0) == given


def test_no_visits_give_no_risk() -> None:
    nothing = np.zeros(0)
    found = risk(*(nothing.astype(np.int64),) * 3, nothing, nothing, *(nothing.astype(np.bool_),) * 2)
    assert found.risk.size == 0


def test_a_value_that_is_not_usable_is_as_if_not_measured() -> None:
    visits = [(0, 200, -1.4, -1.0), (0, 240, 5.9, -1.1), (0, 300, -1.6, 4.9)]
    usable = np.array([True, False, True])
    found = forecast(visits, haz_usable=usable, waz_usable=np.array([True, True, False]))
    without = one((200, -1.4, -1.0), (240, NAN, -1.1), (300, -1.6, NAN))
    assert same(found, without)
    assert np.isnan(found.risk[1])


def test_a_missing_weight_still_gives_a_risk() -> None:
    found = one((200, -1.4, NAN), (230, -1.5, NAN))
    assert (found.risk > 0).all()
    assert not (found.reasons & Because.LOW_WEIGHT).any()


def test_a_weight_without_a_length_gives_none_but_counts_later() -> None:
    light = one((200, -1.4, -1.0), (260, NAN, -3.5), (261, -1.4, NAN))
    plain = one((200, -1.4, -1.0), (261, -1.4, NAN))
    assert np.isnan(light.risk[1])
    assert light.risk[2] > plain.risk[1]


def test_of_several_values_of_one_day_the_last_counts_for_all_of_them() -> None:
    found = one((200, -1.4, -1.0), (300, -0.2, 0.0), (300, -1.8, -1.5))
    alone = one((200, -1.4, -1.0), (300, -1.8, -1.5))
    assert found.risk[2] == found.risk[1] == alone.risk[1]


def test_a_visit_entered_twice_counts_once() -> None:
    once, twice = one((200, -1.4, -1.0)), one((200, -1.4, -1.0), (200, -1.4, -1.0))
    assert twice.risk[0] == twice.risk[1] == once.risk[0]


def test_a_lower_height_and_a_lower_weight_mean_more_risk() -> None:
    assert one((300, -1.8, -1.0)).risk[0] > one((300, -1.2, -1.0)).risk[0] > one((300, 0.0, -1.0)).risk[0]
    assert one((300, -1.5, -2.5)).risk[0] > one((300, -1.5, -0.5)).risk[0]


def test_the_same_height_seen_again_and_again_is_believed_more() -> None:
    found = one(*((200 + 30 * visit, -1.0, -0.8) for visit in range(6)))
    assert (np.diff(found.spread) < 0).all()


def test_one_wild_value_moves_the_level_less_than_its_distance_says() -> None:
    steady = [(150 + 30 * visit, -1.5, -1.0) for visit in range(5)]
    wild, low = one(*steady, (300, 3.0, -1.0)), one(*steady, (300, -1.0, -1.0))
    moved_by_half, moved_by_wild = low.level[-1] - -1.5, wild.level[-1] - -1.5
    assert 0 < moved_by_wild < 4.5 / 0.5 * moved_by_half


def test_reason_near_limit_or_far_from_it() -> None:
    near, far = one((300, -1.6, -1.0)), one((300, 0.2, 0.0))
    assert near.reasons[0] & Because.NEAR_LIMIT
    assert not near.reasons[0] & Because.FAR_FROM_LIMIT
    assert far.reasons[0] & Because.FAR_FROM_LIMIT
    assert not far.reasons[0] & Because.NEAR_LIMIT


def test_reason_age_loss_where_children_of_that_age_usually_lose() -> None:
    assert one((280, -0.9, -0.5)).reasons[0] & Because.AGE_LOSS
    assert not one((608, -1.9, -1.5)).reasons[0] & Because.AGE_LOSS


def test_reason_low_weight_where_weight_draws_growth_down() -> None:
    found = one((300, -1.2, -2.4))
    assert found.reasons[0] & Because.LOW_WEIGHT
    assert found.weight_change[0] <= -0.05
    assert not one((300, -1.2, 0.5)).reasons[0] & Because.LOW_WEIGHT


def test_reason_one_length_until_the_second() -> None:
    found = one((100, NAN, -1.0), (200, -1.2, -1.0), (230, -1.2, -1.0))
    assert found.reasons[1] & Because.ONE_LENGTH
    assert not found.reasons[2] & Because.ONE_LENGTH


def test_the_parts_add_up_to_what_is_expected_and_the_risk_follows_from_it() -> None:
    found = one((200, -1.2, -1.0), (260, -1.9, -2.0))
    assert np.allclose(found.expected, found.level + found.usual_change + found.weight_change)
    z = (-2.0 - found.expected) / found.spread
    assert (np.argsort(z) == np.argsort(found.risk)).all()


def test_a_local_recalibration_bends_the_odds_and_nothing_else() -> None:
    visits = [(0, 200, -1.2, -1.0), (0, 260, -1.9, -2.0)]
    plain, bent = forecast(visits), forecast(visits, recalibration=Recalibration("site", -0.7, 0.9))
    odds, bent_odds = (np.log(each.risk / (1 - each.risk)) for each in (plain, bent))
    assert np.allclose(bent_odds, 0.9 * odds - 0.7)
    assert np.array_equal(plain.level, bent.level)


scores = st.one_of(st.just(NAN), st.integers(-350, 250).map(lambda centi: centi / 100))
many_visits = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 700), scores, scores), min_size=1, max_size=20).map(
    lambda visits: sorted({(root, age): (root, age, haz, waz) for root, age, haz, waz in visits}.values())
)


@settings(max_examples=50, deadline=None)
@given(many_visits, st.integers(0, 700))
def test_later_visits_never_change_an_earlier_risk(visits: list[Visit], until: int) -> None:
    whole = forecast(visits)
    early = [place for place, visit in enumerate(visits) if visit[1] <= until]
    if not early:
        return
    cut = forecast([visits[place] for place in early])
    assert np.allclose(cut.risk, whole.risk[early], rtol=0, atol=1e-12, equal_nan=True)
    assert np.array_equal(cut.reasons, whole.reasons[early])


@settings(max_examples=50, deadline=None)
@given(many_visits)
def test_other_children_do_not_matter(visits: list[Visit]) -> None:
    whole = forecast(visits)
    for child in range(4):
        rows = [place for place, visit in enumerate(visits) if visit[0] == child]
        if rows:
            alone = forecast([visits[place] for place in rows])
            assert np.allclose(alone.risk, whole.risk[rows], rtol=0, atol=1e-12, equal_nan=True)


@settings(max_examples=50, deadline=None)
@given(many_visits)
def test_every_risk_is_a_probability_with_a_reason(visits: list[Visit]) -> None:
    found = forecast(visits)
    given_risk = ~np.isnan(found.risk)
    assert ((found.risk[given_risk] > 0) & (found.risk[given_risk] < 1)).all()
    assert np.array_equal(found.reasons != 0, given_risk)
