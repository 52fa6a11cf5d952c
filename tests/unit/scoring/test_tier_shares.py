"""Shares of children by tier, and when a rule set would be refused for them."""

from __future__ import annotations

import pytest

from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.ruleset import FOLDER, RuleSetError, load, read
from services.scoring.domain.tier_shares import Band, ShareRules, TierShares, tier_shares

RULES = ShareRules(
    100, {Tier.SUSPECTED: Band((0.20, 0.28), (0.08, 0.40)), Tier.URGENT: Band((0.01, 0.02), (0.0, 0.06))}
)


def of(suspected: int, urgent: int, judged: int = 1000, unknown: int = 0) -> TierShares:
    low = judged - suspected - urgent
    counts = {Tier.SUSPECTED: suspected, Tier.URGENT: urgent, Tier.LOW: low, Tier.UNKNOWN: unknown}
    return tier_shares(counts, RULES)


def state(shares: TierShares, tier: Tier) -> str:
    return next(each.state for each in shares.shares if each.tier is tier)


@pytest.mark.parametrize(
    ("suspected", "expected"),
    [
        (79, "refused"), (80, "unexpected"), (199, "unexpected"), (200, "as_expected"), (280, "as_expected"),
        (281, "unexpected"), (400, "unexpected"), (401, "refused"),
    ],
)  # fmt: skip
def test_a_share_is_as_expected_unexpected_or_refused_and_the_limits_belong_to_the_milder(
    suspected: int, expected: str
) -> None:
    shares = of(suspected, 15)
    assert state(shares, Tier.SUSPECTED) == expected
    assert shares.refused == ((Tier.SUSPECTED,) if expected == "refused" else ())


@pytest.mark.parametrize(
    ("urgent", "expected"),
    [
        (0, "unexpected"),
        (9, "unexpected"),
        (10, "as_expected"),
        (20, "as_expected"),
        (21, "unexpected"),
        (61, "refused"),
    ],
)
def test_urgent_has_limits_of_its_own(urgent: int, expected: str) -> None:
    assert state(of(240, urgent), Tier.URGENT) == expected


def test_children_without_a_verdict_are_told_beside_and_change_no_share() -> None:
    assert of(240, 15, unknown=5000).shares == of(240, 15).shares
    assert (of(240, 15, unknown=5000).unknown, of(240, 15).judged) == (5000, 1000)


def test_shares_of_all_tiers_add_up_to_one_and_the_highest_comes_first() -> None:
    shares = of(240, 15).shares
    assert [each.tier for each in shares] == [Tier.URGENT, Tier.SUSPECTED, Tier.NUTRITION, Tier.WATCH, Tier.LOW]
    assert sum(each.share or 0 for each in shares) == pytest.approx(1)


@pytest.mark.parametrize(("judged", "expected"), [(99, "too_few"), (100, "refused")])
def test_of_a_few_children_nothing_is_refused(judged: int, expected: str) -> None:
    assert state(of(judged, 0, judged), Tier.SUSPECTED) == expected


def test_where_nobody_is_judged_there_is_no_share() -> None:
    shares = tier_shares({Tier.UNKNOWN: 3}, RULES)
    assert [(each.share, each.children) for each in shares.shares] == [(None, 0)] * 5
    assert shares.refused == ()


def test_with_falls_of_height_or_2t_as_suspected_half_of_all_children_would_be_and_the_rules_are_refused() -> None:
    assert tier_shares({Tier.SUSPECTED: 500, Tier.LOW: 500}, load().tier_shares).refused == (Tier.SUSPECTED,)


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("expected = [0.20, 0.28]", "expected = [0.28, 0.20]", "tier_shares.suspected: expected: smallest and largest"),
        ("expected = [0.20, 0.28]", "expected = [0.20, 0.28, 0.3]", "smallest and largest"),
        ("refused_outside = [0.08, 0.40]", "refused_outside = [0.21, 0.40]", "must not lie within expected"),
        ("judged_at_least = 200", "judged_at_least = 0", "tier_shares: judged_at_least must be a number from 1"),
    ],
)
def test_a_broken_band_is_named(was: str, becomes: str, problem: str) -> None:
    shipped = (FOLDER / "2026-01.toml").read_text(encoding="utf-8")
    assert was in shipped
    with pytest.raises(RuleSetError, match="tier_shares") as raised:
        read(shipped.replace(was, becomes).encode())
    assert any(problem in each for each in raised.value.problems)
