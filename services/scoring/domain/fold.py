"""The fold: all measurements of some roots in, every assessment and each root's present status out.

Pure and by measurement date: the order of the rows, voided rows and rows of other roots do not matter, and `until`
equals leaving out later rows. A late visit changes what comes after it as well.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from services.scoring.domain.assess import Judged, judge
from services.scoring.domain.assessment_codes import (
    NO_AGE,
    NO_LENGTH,
    NO_SCORE,
    State,
    to_centi,
)
from services.scoring.domain.assessment_flags import Past, flag_masks
from services.scoring.domain.danger_signs import seen_signs
from services.scoring.domain.fold_columns import (
    Assessments,
    Bools,
    ChildColumns,
    Fold,
    Int32s,
    Int64s,
    MeasurementColumns,
    RiskColumns,
    Roots,
)
from services.scoring.domain.history import haz_changes, haz_drop, length_decrease
from services.scoring.domain.kms import Letters, Weighings, letters
from services.scoring.domain.risk_codes import Evidence, RiskRule, Tier, UnknownThing
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.stunting_risk import stunting_risk
from services.scoring.domain.tier import DayTiers, Observed, day_tiers
from services.scoring.domain.timeline import Timeline, resolve_roots, timeline
from services.scoring.domain.velocity import velocities
from shared.growth.anthro import IndexScores
from shared.growth.codes import BlankReason, Position, Sex
from shared.growth.velocity import Growing

__all__ = ["fold"]


def fold(children: ChildColumns, measurements: MeasurementColumns, rules: RuleSet, until: date | None = None) -> Fold:
    """Judge everything measured up to `until` (None = all)."""
    roots = resolve_roots(children)
    signs = seen_signs(measurements.danger_signs, measurements.temperature_c, rules.tier[RiskRule.DANGER_SIGN])
    line = timeline(children, measurements, None if until is None else np.datetime64(until, "D"))
    judged = judge(line, roots, measurements, rules)
    past = Past(
        gains=_gains(line, judged, rules),
        velocity=velocities(line, judged, rules.velocity),
        haz_changes=haz_changes(line, judged.scores.haz.z, _haz_usable(judged), rules.tier[RiskRule.HAZ_DROP]),
    )
    seen = _observe(line, judged, past, measurements, signs, rules)
    tiers = day_tiers(line, judged, seen, roots, rules)
    drop = np.zeros(measurements.voided.size, np.int32)
    drop[line.row] = seen.haz_drop
    return Fold(
        rules=rules,
        children=children,
        measurements=measurements,
        roots=roots,
        assessments=_assessments(line, judged, past, seen, tiers, measurements, rules),
        risk=_risk(line, tiers, roots),
        haz_drop=drop,
        danger_signs=signs,
    )


def _gains(line: Timeline, judged: Judged, rules: RuleSet) -> Letters:
    """Letters along the timeline: of each day the last row with a weight has one."""
    rows = np.flatnonzero(line.last_of_day(judged.columns.weight_kg > 0.0))
    of_weighings = letters(
        Weighings(
            line.root[rows],
            line.on[rows],
            judged.columns.weight_kg[rows],
            judged.months[rows],
            judged.columns.sex[rows],
        ),
        rules.kms,
    )
    size = line.row.size
    spread = Letters(np.zeros(size, np.int8), np.zeros(size, np.bool_), np.zeros(size, np.bool_))
    spread.letter[rows] = of_weighings.letter
    spread.twice_not_gained[rows] = of_weighings.twice_not_gained
    spread.interval_atypical[rows] = of_weighings.interval_atypical
    return spread


def _haz_usable(judged: Judged) -> Bools:
    scores = judged.scores
    usable: Bools = (scores.position != Position.UNKNOWN) & ~np.isnan(scores.haz.z) & ~scores.haz.flagged
    return usable


def _observe(
    line: Timeline, judged: Judged, past: Past, measurements: MeasurementColumns, signs: Int32s, rules: RuleSet
) -> Observed:
    scores, known = judged.scores, _haz_usable(judged)
    has_length = (judged.columns.length_height_cm > 0.0) & (scores.adjusted_length_height_cm > 0.0)
    remeasured = measurements.is_remeasurement[line.row]
    lost, confirmed = haz_drop(line, past.haz_changes, known, remeasured, rules.tier[RiskRule.HAZ_DROP])
    fell = length_decrease(
        line,
        scores.adjusted_length_height_cm,
        judged.age_days,
        scores.position,
        has_length & ~scores.haz.flagged,
        rules,
    )
    return Observed(
        letter=past.gains.letter,
        twice_not_gained=past.gains.twice_not_gained,
        haz_drop=lost,
        haz_drop_confirmed=confirmed,
        drop_usable=known,
        length_decrease=fell & has_length,
        has_length=has_length,
        oedema=measurements.oedema[line.row],
        muac_cm=measurements.muac_cm[line.row],
        danger_signs=signs[line.row],
        stunting_risk=stunting_risk(line, judged, fell & has_length, rules.early_warning),
    )


def _assessments(
    line: Timeline,
    judged: Judged,
    past: Past,
    seen: Observed,
    tiers: DayTiers,
    measurements: MeasurementColumns,
    rules: RuleSet,
) -> Assessments:
    """Back to input order; rows that were not judged say so and nothing else."""
    size = measurements.voided.size
    scores, short_and_long, warning = judged.scores, past.haz_changes, seen.stunting_risk
    of_weight, of_length, of_head = (past.velocity[each] for each in Growing)
    not_judged = np.where(measurements.voided, BlankReason.VOIDED, BlankReason.AFTER_CUT_OFF).astype(np.int8)

    def spread(values: np.ndarray, otherwise: int | np.ndarray) -> np.ndarray:
        column = np.empty(size, values.dtype)
        column[:] = otherwise
        column[line.row] = values
        return column

    def only_corrected(index: IndexScores) -> np.ndarray:
        return to_centi(np.where(judged.corrected, index.z, np.nan))

    state = np.where(measurements.voided, np.int8(State.VOIDED), np.int8(State.AFTER_CUT_OFF))
    state[line.row] = State.JUDGED
    return Assessments(
        state=state,
        age_days=spread(judged.age_days, NO_AGE),
        completed_months=spread(judged.months, NO_AGE),
        adjusted_length=spread(to_centi(scores.adjusted_length_height_cm, NO_LENGTH), NO_LENGTH),
        haz=spread(to_centi(scores.haz.z), NO_SCORE),
        waz=spread(to_centi(scores.waz.z), NO_SCORE),
        whz=spread(to_centi(scores.whz.z), NO_SCORE),
        baz=spread(to_centi(scores.baz.z), NO_SCORE),
        haz_reason=spread(scores.haz.reason, not_judged),
        waz_reason=spread(scores.waz.reason, not_judged),
        whz_reason=spread(scores.whz.reason, not_judged),
        baz_reason=spread(scores.baz.reason, not_judged),
        height_for_age=spread(judged.height_for_age, 0),
        weight_for_age=spread(judged.weight_for_age, 0),
        weight_for_height=spread(judged.weight_for_height, 0),
        bmi_for_age=spread(judged.bmi_for_age, 0),
        flags=spread(flag_masks(line, judged, past, seen, rules), 0),
        letter=spread(past.gains.letter, 0),
        alternative_haz=spread(to_centi(judged.alternative_haz), NO_SCORE),
        alternative_whz=spread(to_centi(judged.alternative_whz), NO_SCORE),
        corrected_haz=spread(only_corrected(judged.tier_haz), NO_SCORE),
        corrected_waz=spread(only_corrected(judged.tier_waz), NO_SCORE),
        tier=spread(tiers.tier[line.day], Tier.UNKNOWN),
        hcz=spread(to_centi(judged.hcz.z), NO_SCORE),
        acz=spread(to_centi(judged.acz.z), NO_SCORE),
        hcz_reason=spread(judged.hcz.reason, 0),
        acz_reason=spread(judged.acz.reason, 0),
        haz_change_short=spread(short_and_long[0], NO_SCORE),
        haz_change_long=spread(short_and_long[1], NO_SCORE),
        weight_velocity=spread(of_weight.z, NO_SCORE),
        weight_velocity_days=spread(of_weight.days, 0),
        weight_velocity_reason=spread(of_weight.reason, 0),
        length_velocity=spread(of_length.z, NO_SCORE),
        length_velocity_days=spread(of_length.days, 0),
        length_velocity_reason=spread(of_length.reason, 0),
        head_velocity=spread(of_head.z, NO_SCORE),
        head_velocity_days=spread(of_head.days, 0),
        head_velocity_reason=spread(of_head.reason, 0),
        stunting_risk=spread(warning.risk, NO_SCORE),
        stunting_risk_reasons=spread(warning.reasons, 0),
        stunting_risk_level=spread(warning.level, NO_SCORE),
        stunting_risk_usual_change=spread(warning.usual_change, NO_SCORE),
        stunting_risk_weight_change=spread(warning.weight_change, NO_SCORE),
        stunting_risk_spread=spread(warning.spread, NO_SCORE),
        stunting_risk_model=spread(warning.model, 0),
    )


def _risk(line: Timeline, tiers: DayTiers, roots: Roots) -> RiskColumns:
    """The last day of each root; a root without a judged measurement is unknown."""
    count = roots.child.size
    unknowns = np.full(count, 1 << UnknownThing.MEASUREMENT, np.int32)
    unknowns |= np.isnat(roots.birth_date).astype(np.int32) << UnknownThing.CHILD
    unknowns |= (roots.sex == Sex.MISSING).astype(np.int32) << UnknownThing.SEX
    tier, priority = np.zeros(count, np.int8), np.zeros(count, np.bool_)
    reasons = np.zeros(count, np.int32)
    evidence = np.full((len(Evidence), count), -1, np.int64)

    root_of_day = line.root[line.day_end]
    last = np.flatnonzero(np.r_[root_of_day[1:] != root_of_day[:-1], np.ones(min(1, root_of_day.size), np.bool_)])
    root = root_of_day[last]
    tier[root], priority[root] = tiers.tier[last], tiers.priority[last]
    reasons[root], unknowns[root] = tiers.reasons[last], tiers.unknowns[last]
    evidence[:, root] = _input_rows(line, tiers.evidence[:, last])
    return RiskColumns(tier=tier, priority=priority, reasons=reasons, unknowns=unknowns, evidence=evidence)


def _input_rows(line: Timeline, rows: Int64s) -> Int64s:
    return np.where(rows >= 0, line.row[rows], -1) if line.row.size else rows
