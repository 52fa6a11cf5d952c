"""How many children stand in which tier, beside what a rule set expects: asked before a rule set is switched on.

With a wrong number half of all children can become suspected and nobody's work list means anything: outside the wider
limits of the rule set it is not switched on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.scoring.domain.risk_codes import Tier
from services.scoring.domain.ruleset_checks import Checks

BANDED: Final = (Tier.SUSPECTED, Tier.URGENT)
ShareState = Literal["as_expected", "unexpected", "refused", "too_few", "no_band"]
Limits = tuple[float, float]  # smallest and largest share, both allowed


@dataclass(frozen=True, slots=True)
class Band:
    """Shares of children (0-1): what is expected, and the wider limits outside which a rule set is refused."""

    expected: Limits
    refused_outside: Limits


@dataclass(frozen=True, slots=True)
class ShareRules:
    """The table `tier_shares`. Of fewer judged children nothing is refused: a share of a few says nothing."""

    judged_at_least: int
    bands: Mapping[Tier, Band]


@dataclass(frozen=True, slots=True)
class TierShare:
    """One tier: its children and their share of the judged ones; no share where nobody is judged."""

    tier: Tier
    children: int
    share: float | None
    band: Band | None
    state: ShareState


@dataclass(frozen=True, slots=True)
class TierShares:
    """All tiers but `unknown`, the highest first. `judged` is their sum, the denominator; `unknown` stands beside."""

    judged: int
    unknown: int
    shares: tuple[TierShare, ...]

    @property
    def refused(self) -> tuple[Tier, ...]:
        """The tiers for which a rule set with these shares is not switched on."""
        return tuple(each.tier for each in self.shares if each.state == "refused")


def tier_shares(children: Mapping[Tier, int], rules: ShareRules) -> TierShares:
    """The shares of present children under five, counted by tier (a tier that is not named has none)."""
    judged = sum(count for tier, count in children.items() if tier is not Tier.UNKNOWN)
    return TierShares(
        judged=judged,
        unknown=children.get(Tier.UNKNOWN, 0),
        shares=tuple(
            _share(tier, children.get(tier, 0), judged, rules) for tier in reversed(Tier) if tier is not Tier.UNKNOWN
        ),
    )


def _share(tier: Tier, count: int, judged: int, rules: ShareRules) -> TierShare:
    band = rules.bands.get(tier)
    share = count / judged if judged else None
    state: ShareState = "no_band"
    if band is not None:
        if share is None or judged < rules.judged_at_least:
            state = "too_few"
        elif not _within(share, band.refused_outside):
            state = "refused"
        else:
            state = "as_expected" if _within(share, band.expected) else "unexpected"
    return TierShare(tier, count, share, band, state)


def _within(share: float, limits: Limits) -> bool:
    low, high = limits
    return low <= share <= high


def share_rules(checks: Checks) -> ShareRules:
    """The table `tier_shares` of a rule set."""
    table = checks.table("tier_shares")
    bands = {}
    for tier in BANDED:
        entry = table.inner(tier.name.lower())
        expected, wider = entry.limits("expected", 0, 1), entry.limits("refused_outside", 0, 1)
        entry.require(
            wider[0] <= expected[0] and expected[1] <= wider[1], "refused_outside must not lie within expected"
        )
        bands[tier] = Band(expected, wider)
    return ShareRules(table.whole("judged_at_least", 1, 100_000), bands)
