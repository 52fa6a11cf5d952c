"""Risk tiers from standing evidence, for every day of every root at once.

Evidence stands until newer valid evidence of its own kind replaces it: a weight alone does not lift the suspicion a
height raised, a flagged value never replaces a valid one, and an unstated oedema or danger sign does not clear a stated
one. What
stands but is old is listed as unknown (`*_OUTDATED`). `LOW` says something about height, weight and weight-for-height,
so it needs a standing valid score of all three; without one the tier is `UNKNOWN` unless a rule fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assess import Judged
from services.scoring.domain.assessment_codes import Letter, Oedema
from services.scoring.domain.danger_signs import DangerSign
from services.scoring.domain.fold_columns import Bools, Floats, Int8s, Int32s, Roots
from services.scoring.domain.risk_codes import Evidence, RiskRule, Tier, UnknownThing
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.stunting_risk import PER_MILLE, StuntingRisk
from services.scoring.domain.timeline import Timeline
from shared.growth.codes import Position, Sex

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Along a timeline: what the rules of the tier look at, beside the scores."""

    letter: Int8s
    twice_not_gained: Bools
    haz_drop: Int32s
    haz_drop_confirmed: Bools
    drop_usable: Bools
    length_decrease: Bools
    has_length: Bools
    oedema: Int8s
    muac_cm: Floats
    danger_signs: Int32s
    stunting_risk: StuntingRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTiers:
    """One column a root-day; `evidence` has shape (len(Evidence), days) and holds timeline rows, -1 = none."""

    tier: Int8s
    priority: Bools
    reasons: Int32s
    unknowns: Int32s
    evidence: npt.NDArray[np.int64]


def standing_evidence(line: Timeline, judged: Judged, seen: Observed, rules: RuleSet) -> npt.NDArray[np.int64]:
    """For each root-day the newest row of every kind of evidence."""
    haz, waz, whz = judged.tier_haz, judged.tier_waz, judged.scores.whz
    muac = rules.tier[RiskRule.MUAC_SEVERE]
    low, high = rules.plausible["muac_cm"]
    has: dict[Evidence, Bools] = {
        Evidence.HAZ: ~np.isnan(haz.z) & ~haz.flagged,
        Evidence.WAZ: ~np.isnan(waz.z) & ~waz.flagged,
        Evidence.WHZ: ~np.isnan(whz.z) & ~whz.flagged,
        Evidence.MUAC: (judged.months >= muac.from_months)
        & (judged.months < muac.before_months)
        & (seen.muac_cm >= low)
        & (seen.muac_cm <= high),
        Evidence.OEDEMA: seen.oedema != Oedema.UNKNOWN,
        Evidence.INFANT: seen.has_length & ~np.isnan(waz.z) & ~waz.flagged,
        Evidence.LETTER: seen.letter != Letter.NONE,
        Evidence.DROP: seen.drop_usable,
        Evidence.ANY: np.ones(line.row.size, np.bool_),
        Evidence.HAZ_SCORE: ~np.isnan(haz.z),
        Evidence.WAZ_SCORE: ~np.isnan(waz.z),
        Evidence.WHZ_SCORE: ~np.isnan(whz.z),
        Evidence.LENGTH: seen.has_length,
        Evidence.DANGER_SIGN: seen.danger_signs != DangerSign.NOT_STATED,
    }
    return np.stack([line.latest(has[kind])[line.day_end] for kind in Evidence]).astype(np.int64)


def day_tiers(line: Timeline, judged: Judged, seen: Observed, roots: Roots, rules: RuleSet) -> DayTiers:
    """Tier, reasons and unknowns at the end of each root-day."""
    evidence = standing_evidence(line, judged, seen, rules)
    fired = _fired(line, judged, seen, roots, rules, evidence)
    reasons = _mask(fired, line.day_end.size)
    tier = np.zeros(line.day_end.size, np.int8)
    complete = (evidence[[Evidence.HAZ, Evidence.WAZ, Evidence.WHZ]] >= 0).all(axis=0)
    tier[complete] = Tier.LOW
    for rule, where in fired.items():
        np.maximum(tier, where * np.int8(rules.tier[rule].tier), out=tier)
    stunted = fired[RiskRule.HAZ_SEVERE] | fired[RiskRule.HAZ_LOW]
    return DayTiers(
        tier=tier,
        priority=stunted & (fired[RiskRule.HAZ_SEVERE] | fired[RiskRule.WAZ_SEVERE]),
        reasons=reasons,
        unknowns=_mask(_unknown(line, judged, seen, roots, rules, evidence), line.day_end.size),
        evidence=evidence,
    )


def _mask(where: Mapping[Any, Bools], size: int) -> Int32s:
    mask = np.zeros(size, np.int32)
    for code, rows in where.items():
        mask |= rows.astype(np.int32) << np.int32(code)
    return mask


def _at(values: Floats, rows: npt.NDArray[np.int64]) -> Floats:
    """`values` at `rows`, NaN where there is no row."""
    if not values.size:
        return np.zeros(0)
    return np.where(rows >= 0, values[rows], np.nan)


def _true_at(values: Bools, rows: npt.NDArray[np.int64]) -> Bools:
    if not values.size:
        return np.zeros(0, np.bool_)
    return values[rows] & (rows >= 0)


def _fired(
    line: Timeline,
    judged: Judged,
    seen: Observed,
    roots: Roots,
    rules: RuleSet,
    evidence: npt.NDArray[np.int64],
) -> dict[RiskRule, Bools]:
    haz = _at(judged.tier_haz.z, evidence[Evidence.HAZ])
    waz = _at(judged.tier_waz.z, evidence[Evidence.WAZ])
    whz = _at(judged.scores.whz.z, evidence[Evidence.WHZ])
    root, months = line.root[line.day_end], judged.months[line.day_end]
    cut = rules.tier
    infant = cut[RiskRule.INFANT_SEVERE]
    small = (judged.months >= 0) & (judged.months < infant.before_months)
    small &= (judged.scores.adjusted_length_height_cm < infant.length_below_cm) & (judged.tier_waz.z < infant.below)
    letter = evidence[Evidence.LETTER]
    twice = _true_at(seen.twice_not_gained, letter)
    birth, preterm = cut[RiskRule.LOW_BIRTH_WEIGHT], cut[RiskRule.PRETERM]
    haz_severe, waz_severe = haz < cut[RiskRule.HAZ_SEVERE].below, waz < cut[RiskRule.WAZ_SEVERE].below
    whz_severe = whz < cut[RiskRule.WHZ_SEVERE].below
    return {
        RiskRule.OEDEMA: _true_at(seen.oedema == Oedema.YES, evidence[Evidence.OEDEMA]),
        RiskRule.MUAC_SEVERE: _at(seen.muac_cm, evidence[Evidence.MUAC]) < cut[RiskRule.MUAC_SEVERE].below,
        RiskRule.WHZ_SEVERE: whz_severe,
        RiskRule.INFANT_SEVERE: _true_at(small, evidence[Evidence.INFANT]),
        RiskRule.HAZ_SEVERE: haz_severe,
        RiskRule.HAZ_LOW: (haz < cut[RiskRule.HAZ_LOW].below) & ~haz_severe,
        RiskRule.WAZ_SEVERE: waz_severe,
        RiskRule.WAZ_LOW: (waz < cut[RiskRule.WAZ_LOW].below) & ~waz_severe,
        RiskRule.WHZ_LOW: (whz < cut[RiskRule.WHZ_LOW].below) & ~whz_severe,
        RiskRule.TWICE_NOT_GAINED: twice,
        RiskRule.NOT_GAINED: _true_at(seen.letter == Letter.T, letter) & ~twice,
        RiskRule.HAZ_DROP: _true_at(seen.haz_drop_confirmed, evidence[Evidence.DROP]),
        RiskRule.LOW_BIRTH_WEIGHT: (roots.birth_weight_kg[root] < birth.below)
        & (months >= 0)
        & (months < birth.before_months),
        RiskRule.PRETERM: (roots.gestation_weeks[root] < preterm.below)
        & (months >= 0)
        & (months < preterm.before_months),
        RiskRule.STUNTING_RISK: _true_at(
            seen.stunting_risk.risk >= round(cut[RiskRule.STUNTING_RISK].at_least * PER_MILLE),
            evidence[Evidence.HAZ],
        ),
        RiskRule.DANGER_SIGN: _true_at(seen.danger_signs > DangerSign.STATED, evidence[Evidence.DANGER_SIGN]),
    }


def _unknown(
    line: Timeline,
    judged: Judged,
    seen: Observed,
    roots: Roots,
    rules: RuleSet,
    evidence: npt.NDArray[np.int64],
) -> dict[UnknownThing, Bools]:
    root, today = line.root[line.day_end], line.on[line.day_end]
    haz, waz, whz = (evidence[kind] for kind in (Evidence.HAZ, Evidence.WAZ, Evidence.WHZ))
    oedema, sign = evidence[Evidence.OEDEMA], evidence[Evidence.DANGER_SIGN]

    def older_than(rows: npt.NDArray[np.int64], days: int) -> Bools:
        return (rows >= 0) & ((today - line.on[rows]).astype(np.int64) > days)

    other_class = ~np.isnan(judged.alternative_haz) | ~np.isnan(judged.alternative_whz)
    other_class &= judged.columns.position == Position.UNKNOWN
    drop = (seen.haz_drop > 0) & ~seen.haz_drop_confirmed
    return {
        UnknownThing.CHILD: np.isnat(roots.birth_date[root]),
        UnknownThing.SEX: roots.sex[root] == Sex.MISSING,
        UnknownThing.HEIGHT_FOR_AGE: haz < 0,
        UnknownThing.WEIGHT_FOR_AGE: waz < 0,
        UnknownThing.WEIGHT_FOR_HEIGHT: whz < 0,
        UnknownThing.HEIGHT_FOR_AGE_FLAGGED: _true_at(judged.tier_haz.flagged, evidence[Evidence.HAZ_SCORE]),
        UnknownThing.WEIGHT_FOR_AGE_FLAGGED: _true_at(judged.tier_waz.flagged, evidence[Evidence.WAZ_SCORE]),
        UnknownThing.WEIGHT_FOR_HEIGHT_FLAGGED: _true_at(judged.scores.whz.flagged, evidence[Evidence.WHZ_SCORE]),
        # With oedema, or without a weight, the length of the newest visit is not the one that wasting is judged by.
        UnknownThing.POSITION: _true_at(other_class, haz) | _true_at(other_class, whz),
        UnknownThing.HAZ_DROP: _true_at(drop, evidence[Evidence.DROP]),
        UnknownThing.LENGTH_DECREASE: _true_at(seen.length_decrease, evidence[Evidence.LENGTH]),
        UnknownThing.HEIGHT_OUTDATED: older_than(haz, rules.outdated_after_days),
        UnknownThing.WEIGHT_OUTDATED: older_than(waz, rules.outdated_after_days),
        UnknownThing.OEDEMA_OUTDATED: _true_at(seen.oedema == Oedema.YES, oedema) & older_than(oedema, 0),
        UnknownThing.DANGER_SIGN_OUTDATED: _true_at(seen.danger_signs > DangerSign.STATED, sign) & older_than(sign, 0),
    }
