"""The path of the share of stunted: nothing moves, only age moves, a case by hand, and bands that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from services.reporting.domain.growth_rates import (
    AGES,
    BANDS,
    PRIOR_MONTHS,
    History,
    Rates,
    empty_history,
    histories_of,
    history_of,
    is_enough,
    monthly,
    rates_by_age,
    rates_of,
)
from services.reporting.domain.target_path import (
    Start,
    everybody,
    expected_path,
    needed_factor,
    share_stunted,
    simulate,
)

pytestmark = pytest.mark.bare
GROUPS = 5
NOBODY = np.zeros(AGES, np.int64)


def start(stunted: int = 200, others: int = 800, *, births: float = 0.0, ages: slice = slice(None)) -> Start:
    known = np.zeros((AGES, BANDS), np.int64)
    known[ages] = (0, stunted, 0, others)
    return Start(known, NOBODY, births)


def rates(recovery: float = 0.0, incidence: float = 0.0, newborn: float = 0.2) -> Rates:
    """Between the band just below -2 and the one above -1, at every age."""
    moves = np.zeros((GROUPS, BANDS, BANDS))
    moves[:, 1, 3], moves[:, 3, 1] = recovery, incidence
    return Rates(moves, np.full((GROUPS, BANDS), 1e9), np.array([0, newborn, 0, 1 - newborn]))


def test_where_nothing_changes_the_share_stays() -> None:
    shares, flows = expected_path(start(births=1000.0), rates(), 48)
    assert shares == pytest.approx(np.full(49, 0.2))
    assert sum(flow.share for flow in flows) == pytest.approx(0)
    path = simulate(start(births=1000.0), rates(), 6, simulations=20)
    assert np.all((path.low <= 0.2) & (path.high >= 0.2))


def test_ageing_out_alone_takes_the_oldest_away() -> None:
    """Stunted are only the children of 48 months and more: after a year of births without any, nobody is."""
    known = np.zeros((AGES, BANDS), np.int64)
    known[:48, 3], known[48:, 1] = 100, 100
    shares, flows = expected_path(Start(known, NOBODY, 100.0), rates(newborn=0.0), 12)
    assert shares[0] == pytest.approx(0.2)
    assert shares[6] == pytest.approx(0.1)
    assert shares[12] == pytest.approx(0.0)
    told = {flow.name: (flow.numerator, flow.denominator) for flow in flows}
    assert told["aged_out"] == pytest.approx((-1200, -1200))
    assert told["recovered"] == told["newly_stunted"] == (0, 0)


def test_recovery_and_incidence_meet_at_their_balance() -> None:
    """By hand: shares tend to i / (i + r), and after a month the distance has shrunk by exp(-(i + r))."""
    young = start(births=0.0, ages=slice(0, 1))
    shares, flows = expected_path(young, rates(recovery=0.06, incidence=0.02), 59)
    balance, speed = 0.25, 0.08
    told = balance + (0.2 - balance) * np.exp(-speed * np.arange(60))
    assert shares == pytest.approx(told, abs=2e-4)
    assert sum(flow.share for flow in flows) == pytest.approx(shares[-1] - shares[0])


def test_causes_add_up_to_the_change_of_the_share() -> None:
    shares, flows = expected_path(start(births=700.0), rates(0.03, 0.004, newborn=0.1), 36)
    assert sum(flow.share for flow in flows) == pytest.approx(shares[-1] - shares[0], abs=1e-12)
    assert {flow.name: np.sign(flow.share) for flow in flows}["newly_stunted"] == 1


def test_a_month_of_rates_is_their_exponential_and_probabilities_add_up() -> None:
    moves = np.zeros((BANDS, BANDS))
    moves[0, 1] = 0.1
    month = monthly(moves)
    assert month[0, 0] == pytest.approx(np.exp(-0.1), abs=5e-4)
    assert month.sum(axis=-1) == pytest.approx(np.ones(BANDS))


def test_a_rate_is_moves_by_child_months_whatever_the_gaps() -> None:
    """Ten who stay three months, and two who move half-way through four: 2 moves in 10 x 3 + 2 x 2 child-months."""
    history = history_of(np.array([[2, 1, 1, 3, 10], [2, 1, 3, 4, 2]]))
    assert history.moves[2, 1, 3] == 2
    assert history.months[2, 1] == 34
    assert history.months[2, 3] == 4
    assert not is_enough(history)
    assert not is_enough(history_of(np.zeros((0, 5), np.int64)))


def past(*scores: tuple[int, int, int]) -> int:
    """From (month, band, age class) of scores."""
    return sum((1 + band + BANDS * age) << 5 * month for month, band, age in scores)


def test_a_past_is_the_moves_between_scores_in_a_row_at_most_six_months_apart() -> None:
    """A newborn here who moves; one whose scores are too far apart; two who stay, the later score elsewhere."""
    rows = [
        (past((0, 1, 0), (2, 1, 0), (3, 3, 1)), 0b1111, 1),
        (past((1, 0, 3), (8, 3, 3)), 0, 1),
        (past((10, 2, 5), (11, 2, 5)), 0b0100_0000_0000, 2),
    ]
    own, every = histories_of(np.array(rows))
    assert (own.moves[0, 1, 3], own.months[0, 1], own.months[0, 3]) == (1, 2.5, 0.5)
    assert own.first.tolist() == every.first.tolist() == [0, 1, 0, 0]
    assert (every.moves.sum(), every.months[4, 2], own.months[4].sum()) == (1, 2, 0)
    assert histories_of(np.zeros((0, 3), np.int64))[1].months.sum() == 0


def test_a_small_area_is_drawn_to_the_wider_one_and_a_large_one_is_not() -> None:
    wider = history_of(np.array([[2, 1, 1, 1, 96_000], [2, 1, 3, 2, 4_000]]))
    small = history_of(np.array([[2, 1, 3, 2, 2]]))
    near, far = rates_of(small, wider), rates_of(empty_history(), wider)
    base = rates_of(wider, wider)
    assert far.moves[2, 1, 3] == pytest.approx(base.moves[2, 1, 3], rel=0.01)
    assert near.moves[2, 1, 3] == pytest.approx((2 + PRIOR_MONTHS * 0.04) / (2 + PRIOR_MONTHS), rel=0.01)
    assert [row["from_months"] for row in rates_by_age(near)] == [0, 6, 12, 24, 36]
    assert rates_by_age(far)[2]["incidence"] == 0


def test_children_without_a_score_are_taken_for_those_of_their_age() -> None:
    known = np.zeros((AGES, BANDS), np.int64)
    known[12:24] = (0, 3, 0, 1)
    unknown = NOBODY.copy()
    unknown[15] = unknown[40] = 8
    children = everybody(Start(known, unknown, 0.0))
    assert children[15] == pytest.approx([0, 9, 0, 3])
    assert children[40] == pytest.approx([0, 6, 0, 2]), "nobody of that age is known: as all others"


def test_what_would_be_needed_brings_the_share_to_the_target() -> None:
    begin, today = start(births=1000.0), rates(0.02, 0.005)
    here = expected_path(begin, today, 36)[0][-1]
    target = here - 0.03
    for recovery, row, column in ((True, 1, 3), (False, 3, 1)):
        factor = needed_factor(begin, today, 36, target, recovery=recovery)
        assert factor is not None
        assert (factor > 1) == recovery
        moves = today.moves.copy()
        moves[:, row, column] *= factor
        assert expected_path(begin, today._replace(moves=moves), 36)[0][-1] == pytest.approx(target, abs=1e-4)
    assert needed_factor(begin, rates(0.0, 0.001, newborn=0.4), 12, 0.01, recovery=False) is None


def test_bands_hold_what_a_simulated_district_does() -> None:
    """Rates are estimated from a past of few child-months; of 16 futures made with the true rates nearly all lie in."""
    dice = np.random.default_rng(7)
    truth, begin = rates(0.03, 0.006), start(20, 80, births=100.0)
    moves, months = np.zeros((GROUPS, BANDS, BANDS)), np.zeros((GROUPS, BANDS))
    months[:, (1, 3)] = 1500.0, 6000.0
    held = 0
    for _ in range(16):
        moves[:] = dice.poisson(truth.moves * months[..., None])
        past = History(moves.copy(), months, np.array([0.0, 200.0, 0.0, 800.0]))
        path = simulate(begin, rates_of(past, past), 6, simulations=40)
        children = np.array(begin.known)
        for _ in range(6):
            moved = dice.multinomial(children, monthly(truth.moves)[0]).sum(axis=1)
            children = np.vstack((dice.multinomial(dice.poisson(100.0), truth.newborn), moved[:-1]))
        end = share_stunted(children.astype(float))
        held += bool(path.low[-1] <= end <= path.high[-1])
    assert held >= 13


def test_the_same_facts_give_the_same_path() -> None:
    paths = [simulate(start(115, 460, births=560.0), rates(0.02, 0.004), 6, 0.142, simulations=20) for _ in range(2)]
    assert np.array_equal(paths[0].low, paths[1].low)
    assert paths[0].reached == paths[1].reached
