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

from services.scoring.domain.assessment_codes import NO_SCORE, AssessmentFlag
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
    UnknownThing,
)
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.stunting_risk import PER_MILLE, early_warning_of
from shared.growth.codes import BLANK_REASON_NAMES, BlankReason

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
class Unknown:
    """What could not be judged, why, and the one thing that would settle it.

    Where position is unknown `values` shows the score as written and the score by the other position.
    """

    what: str
    because: str
    settle_with: str
    fact_id: UUID | None
    values: tuple[float, ...] = ()


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

# What would settle each unknown thing, and the evidence that shows it.
SETTLE_WITH: Final = {
    UnknownThing.MEASUREMENT: "measure_weight_and_length",
    UnknownThing.CHILD: "register_child",
    UnknownThing.SEX: "record_sex",
    UnknownThing.HEIGHT_FOR_AGE: "measure_length",
    UnknownThing.WEIGHT_FOR_AGE: "measure_weight",
    UnknownThing.WEIGHT_FOR_HEIGHT: "measure_weight_and_length",
    UnknownThing.HEIGHT_FOR_AGE_FLAGGED: "remeasure_length",
    UnknownThing.WEIGHT_FOR_AGE_FLAGGED: "reweigh",
    UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED: "remeasure_weight_and_length",
    UnknownThing.POSITION: "record_position",
    UnknownThing.HAZ_DROP: "remeasure_length",
    UnknownThing.LENGTH_DECREASE: "remeasure_length",
    UnknownThing.HEIGHT_OUTDATED: "measure_length",
    UnknownThing.WEIGHT_OUTDATED: "measure_weight",
    UnknownThing.OEDEMA_OUTDATED: "check_oedema",
    UnknownThing.DANGER_SIGN_OUTDATED: "check_danger_signs",
}
SEEN_IN: Final = {
    UnknownThing.HEIGHT_FOR_AGE: Evidence.ANY,
    UnknownThing.WEIGHT_FOR_AGE: Evidence.ANY,
    UnknownThing.WEIGHT_FOR_HEIGHT: Evidence.ANY,
    UnknownThing.HEIGHT_FOR_AGE_FLAGGED: Evidence.HAZ_SCORE,
    UnknownThing.WEIGHT_FOR_AGE_FLAGGED: Evidence.WAZ_SCORE,
    UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED: Evidence.WHZ_SCORE,
    UnknownThing.POSITION: Evidence.HAZ,
    UnknownThing.HAZ_DROP: Evidence.DROP,
    UnknownThing.LENGTH_DECREASE: Evidence.LENGTH,
    UnknownThing.HEIGHT_OUTDATED: Evidence.HAZ,
    UnknownThing.WEIGHT_OUTDATED: Evidence.WAZ,
    UnknownThing.OEDEMA_OUTDATED: Evidence.OEDEMA,
    UnknownThing.DANGER_SIGN_OUTDATED: Evidence.DANGER_SIGN,
}
BECAUSE: Final = {
    UnknownThing.MEASUREMENT: "no_measurement",
    UnknownThing.CHILD: "birth_date_missing",
    UnknownThing.SEX: "sex_missing",
    UnknownThing.HEIGHT_FOR_AGE_FLAGGED: "flagged",
    UnknownThing.WEIGHT_FOR_AGE_FLAGGED: "flagged",
    UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED: "flagged",
    UnknownThing.POSITION: "class_differs_by_position",
    UnknownThing.HAZ_DROP: "seen_once",
    UnknownThing.LENGTH_DECREASE: "implausible_decrease",
    UnknownThing.HEIGHT_OUTDATED: "outdated",
    UnknownThing.WEIGHT_OUTDATED: "outdated",
    UnknownThing.OEDEMA_OUTDATED: "not_stated_since",
    UnknownThing.DANGER_SIGN_OUTDATED: "signs_not_stated_since",
}
INDEX_OF: Final = {
    UnknownThing.HEIGHT_FOR_AGE: "haz",
    UnknownThing.WEIGHT_FOR_AGE: "waz",
    UnknownThing.WEIGHT_FOR_HEIGHT: "whz",
}


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
                *(_unknown(fold, found, thing) for thing in found.things),
                *(_unsettled(reading) for reading in found.laboratory.readings if reading.settle_with is not None),
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


def tier_score(fold: Fold, index: str, row: int) -> float | None:
    """The score of an index that the tier uses (`haz`, `waz` corrected where preterm), None where blank."""
    assessed = fold.assessments
    column = getattr(assessed, index)
    if index in {"haz", "waz"} and assessed.flags[row] & AssessmentFlag.CORRECTED_AGE:
        column = getattr(assessed, f"corrected_{index}")
    code = int(column[row])
    return None if code == NO_SCORE else code / 100


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


def _unsettled(reading: Reading) -> Unknown:
    """A reading that something could still turn."""
    return Unknown(reading.test_code, reading.grade, reading.settle_with or "", reading.result_id)


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


def _unknown(fold: Fold, found: Finding, thing: UnknownThing) -> Unknown:
    row = found.evidence[SEEN_IN[thing]] if thing in SEEN_IN else -1
    because = _blank_reason(fold, thing, row) if thing in INDEX_OF else BECAUSE[thing]
    settle_with = SETTLE_WITH[thing]
    if because == "flagged" and thing in INDEX_OF:
        settle_with = SETTLE_WITH[UnknownThing(thing + 3)]  # the thing's own *_FLAGGED
    fact_id = None if row < 0 else uuid_of(fold.measurements.fact_id, row)
    values = _both_positions(fold, row) if thing is UnknownThing.POSITION else ()
    return Unknown(thing.name.lower(), because, settle_with, fact_id, values)


def _blank_reason(fold: Fold, thing: UnknownThing, row: int) -> str:
    """Why the newest measurement gave no valid score of the index."""
    index = INDEX_OF[thing]
    if tier_score(fold, index, row) is not None:
        return "flagged"
    code = int(getattr(fold.assessments, f"{index}_reason")[row])
    if code == BlankReason.NONE:  # scored by the official age, not by the corrected one
        return "before_term"
    return BLANK_REASON_NAMES[code]


def _both_positions(fold: Fold, row: int) -> tuple[float, ...]:
    assessed = fold.assessments
    pairs = ((assessed.haz, assessed.alternative_haz), (assessed.whz, assessed.alternative_whz))
    codes = [int(column[row]) for pair in pairs if int(pair[1][row]) != NO_SCORE for column in pair]
    return tuple(code / 100 for code in codes)
