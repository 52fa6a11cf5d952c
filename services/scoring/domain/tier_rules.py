"""What a rule set says about the tier: a rule for each reason, and the tracks of each tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.scoring.domain.risk_codes import RULE_IDS, TIER_NAMES, RiskRule, Tier
from services.scoring.domain.ruleset_checks import Checks

# What a tier rule must say beside tier, source and status.
TIER_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "oedema": (),
    "muac_severe": ("below", "from_months", "before_months"),
    "whz_severe": ("below",),
    "infant_severe": ("below", "before_months", "length_below_cm"),
    "haz_severe": ("below",),
    "haz_low": ("below",),
    "waz_severe": ("below",),
    "waz_low": ("below",),
    "whz_low": ("below",),
    "twice_not_gained": (),
    "not_gained": (),
    "haz_drop": ("at_least", "windows_days", "confirmed_within_days"),
    "low_birth_weight": ("below", "before_months"),
    "preterm": ("below", "before_months"),
    "critical_haemoglobin": ("below", "drawn_at_most_days"),
    "critical_result": ("drawn_at_most_days",),
    "critical_glucose_gizi_buruk": ("below", "drawn_at_most_days"),
    "stunting_risk": ("at_least",),
    "danger_sign": ("temperature_at_least_c", "temperature_below_c"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRule:
    """One rule of the tier. Which of the optional numbers a rule has is fixed (`TIER_KEYS`)."""

    rule: RiskRule
    tier: Tier
    source: str
    provisional: bool
    below: float = np.nan
    at_least: float = np.nan
    from_months: int = 0
    before_months: int = 0
    length_below_cm: float = np.nan
    windows_days: tuple[tuple[int, int], ...] = ()
    confirmed_within_days: int = 0
    drawn_at_most_days: int = 0  # of a laboratory value, before the newest fact of the child
    temperature_at_least_c: float = np.nan
    temperature_below_c: float = np.nan

    @property
    def threshold(self) -> float | None:
        """The number a reason shows beside the value; None where the rule has none (oedema, letters)."""
        numbers = [number for number in (self.below, self.at_least) if not np.isnan(number)]
        return numbers[0] if numbers else None


def tier_rules(checks: Checks) -> dict[RiskRule, TierRule]:
    """The tables `tier.*`, each with its own keys (`TIER_KEYS`)."""
    return {RiskRule[name.upper()]: _tier_rule(checks, name) for name in RULE_IDS}


def _tier_rule(checks: Checks, name: str) -> TierRule:
    table = checks.table("tier", name)
    numbers: dict[str, Any] = {}
    for key in TIER_KEYS[name]:
        match key:
            case "windows_days":
                numbers[key] = table.day_windows(key)
                table.require(len(numbers[key]) == 2, f"{key} must be a shorter and a longer window")
            case "below" | "at_least" | "length_below_cm" | "temperature_at_least_c" | "temperature_below_c":
                numbers[key] = table.number(key, -6, 250)
            case _:
                numbers[key] = table.whole(key, 0, 366)
    tier = Tier[table.one_of("tier", TIER_NAMES, Tier.UNKNOWN.name.lower()).upper()]
    return TierRule(
        rule=RiskRule[name.upper()], tier=tier, source=table.source, provisional=table.status == "P", **numbers
    )


def tracks_of_tiers(checks: Checks) -> dict[Tier, tuple[str, ...]]:
    """The table `tracks`: what is done for a child of each tier."""
    table = checks.table("tracks")
    return {tier: table.texts(tier.name.lower()) for tier in Tier}
