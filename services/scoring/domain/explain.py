"""A root's status in words and objects: which rules fired on which measurement, and what would settle the rest.

Only for the roots asked for: the fold works in columns, and most of its results are the same as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.danger_signs import names_in
from services.scoring.domain.findings import NO_RESULTS, Finding, findings
from services.scoring.domain.fold_columns import Fold, uuid_of
from services.scoring.domain.lab_results import Reading
from services.scoring.domain.laboratory import LabFinding, UrgentResult
from services.scoring.domain.risk_codes import (
    GIZI_BURUK,
    RULE_EVIDENCE,
    RULE_IDS,
    TIER_NAMES,
    Evidence,
    RiskRule,
    Tier,
)
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.stunting_risk import PER_MILLE, early_warning_of
from services.scoring.domain.unknowns import Unknown, tier_score, unknown_of, unsettled

__all__ = ["Reading", "Reason", "RiskStatus", "Unknown", "explain"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that fired: the fact it rests on, the value seen, the threshold and where the rule comes from."""

    rule_id: str
    fact_id: UUID
    measured_on: date
    value: float | None
    threshold: float | None
    source: str
    provisional: bool
    early_warning: Mapping[str, Any] | None = None  # what the risk of being stunted rests on
    signs: tuple[str, ...] = ()  # of danger


@dataclass(frozen=True, slots=True)
class RiskStatus:
    """The status of one root."""

    tier: str
    priority: bool
    tracks: tuple[str, ...]
    measured_on: date | None  # of the newest valid measurement
    reasons: tuple[Reason, ...]
    unknowns: tuple[Unknown, ...]
    readings: tuple[Reading, ...] = ()


REFERRAL: Final = "referral"


def explain(fold: Fold, roots: Sequence[int], laboratory: Mapping[int, LabFinding] = NO_RESULTS) -> list[RiskStatus]:
    """The status of each of these root numbers."""
    tracks_of = cache(partial(tracks, fold.rules))
    return [
        RiskStatus(
            tier=TIER_NAMES[found.tier],
            priority=found.priority,
            tracks=_with_referral(
                tracks_of(found.growth_tier, (*found.rules, *(urgent.rule for urgent in found.laboratory.urgent))),
                refers=found.laboratory.refers(fold.rules),
            ),
            measured_on=found.measured_on,
            reasons=(
                *(_reason(fold, found, rule) for rule in found.rules),
                *(_lab_reason(fold.rules, urgent) for urgent in found.laboratory.urgent),
            ),
            unknowns=(
                *(unknown_of(fold, found, thing) for thing in found.things),
                *(unsettled(reading) for reading in found.laboratory.readings if reading.settle_with is not None),
            ),
            readings=found.laboratory.readings,
        )
        for found in findings(fold, roots, laboratory)
    ]


def tracks(rules: RuleSet, growth_tier: Tier, fired: Sequence[RiskRule]) -> tuple[str, ...]:
    """Tracks of the tier and of every other that fired: a wasted child can be stunted as well."""
    tiers = {growth_tier, *(rules.tier[rule].tier for rule in fired)}
    if any(rule in GIZI_BURUK for rule in fired):
        tiers.discard(Tier.NUTRITION)  # supplementary feeding is for children who are not gizi buruk
    names = [name for each in sorted(tiers, reverse=True) for name in rules.tracks[each]]
    return tuple(dict.fromkeys(names))


def _with_referral(tracks: tuple[str, ...], *, refers: bool) -> tuple[str, ...]:
    """With the referral that a laboratory value asks for, whatever the tier."""
    return (*tracks, REFERRAL) if refers and REFERRAL not in tracks else tracks


def _lab_reason(rules: RuleSet, urgent: UrgentResult) -> Reason:
    rule = rules.tier[urgent.rule]
    return Reason(
        rule_id=RULE_IDS[urgent.rule],
        fact_id=urgent.result_id,
        measured_on=urgent.drawn_on,
        value=urgent.value,
        threshold=urgent.threshold,
        source=rule.source,
        provisional=rule.provisional,
    )


def _day(fold: Fold, row: int) -> date:
    day: date = fold.measurements.measured_on[row].astype(date)
    return day


def _reason(fold: Fold, found: Finding, rule: RiskRule) -> Reason:
    parameters, root, warning = fold.rules.tier[rule], found.root, None
    signs: tuple[str, ...] = ()
    if rule in RULE_EVIDENCE:
        row = found.evidence[RULE_EVIDENCE[rule]]
        fact_id, on = uuid_of(fold.measurements.fact_id, row), _day(fold, row)
        value = _value(fold, rule, row)
        if rule is RiskRule.STUNTING_RISK:
            warning = early_warning_of(fold.assessments, row)
        elif rule is RiskRule.DANGER_SIGN:
            signs = names_in(int(fold.danger_signs[row]))
    else:
        of_weight = rule is RiskRule.LOW_BIRTH_WEIGHT
        speaker = int((fold.roots.birth_weight_from if of_weight else fold.roots.gestation_from)[root])
        fact_id, on = uuid_of(fold.children.child_id, speaker), fold.roots.birth_date[root].astype(date)
        value = float((fold.roots.birth_weight_kg if of_weight else fold.roots.gestation_weeks)[root])
    return Reason(
        RULE_IDS[rule],
        fact_id,
        on,
        value,
        parameters.threshold,
        parameters.source,
        parameters.provisional,
        warning,
        signs,
    )


def _value(fold: Fold, rule: RiskRule, row: int) -> float | None:
    match RULE_EVIDENCE[rule]:
        case Evidence.HAZ:
            warned = rule is RiskRule.STUNTING_RISK
            return fold.assessments.stunting_risk[row].item() / PER_MILLE if warned else tier_score(fold, "haz", row)
        case Evidence.WAZ | Evidence.INFANT:
            return tier_score(fold, "waz", row)
        case Evidence.WHZ:
            return tier_score(fold, "whz", row)
        case Evidence.MUAC:
            return float(fold.measurements.muac_cm[row])
        case Evidence.DROP:
            return float(fold.haz_drop[row]) / 100
        case _:
            return None  # a letter, oedema: seen or not seen
