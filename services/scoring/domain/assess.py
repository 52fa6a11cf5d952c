"""Every judged measurement by itself: scores, classes, the other position, the corrected age."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.scoring.domain.ages import age_days, completed_months
from services.scoring.domain.assessment_codes import NO_AGE, Oedema
from services.scoring.domain.categories import classify
from services.scoring.domain.fold_columns import Bools, Floats, Int8s, Int32s, MeasurementColumns, Roots
from services.scoring.domain.risk_codes import RiskRule
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.timeline import Timeline
from shared.growth.anthro import IndexScores, Scores, score
from shared.growth.anthro_columns import HEIGHT_FROM_DAY, Anthropometry
from shared.growth.codes import BlankReason, Position

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Columns along a timeline. `tier_haz` and `tier_waz` are the scores the tier uses (corrected where preterm).

    `hcz` and `acz` have neither score nor reason where head or arm was not measured.
    """

    columns: Anthropometry
    age_days: Int32s
    months: Int32s
    scores: Scores
    hcz: IndexScores
    acz: IndexScores
    head_circumference_cm: Floats
    height_for_age: Int8s
    weight_for_age: Int8s
    weight_for_height: Int8s
    bmi_for_age: Int8s
    alternative_haz: Floats
    alternative_whz: Floats
    corrected: Bools
    tier_haz: IndexScores
    tier_waz: IndexScores


def judge(line: Timeline, roots: Roots, measurements: MeasurementColumns, rules: RuleSet) -> Judged:
    """Score and class every row of the timeline."""
    row, birth = line.row, roots.birth_date[line.root]
    head, muac = measurements.head_circumference_cm[row], measurements.muac_cm[row]
    age, months = age_days(birth, line.on), completed_months(birth, line.on)
    columns = Anthropometry(
        sex=roots.sex[line.root],
        age=np.where(age == NO_AGE, np.nan, age),
        weight_kg=measurements.weight_kg[row],
        length_height_cm=measurements.length_height_cm[row],
        position=measurements.position[row],
        oedema=measurements.oedema[row] == Oedema.YES,
    )
    scores = score(replace(columns, head_circumference_cm=_if_any(head), muac_cm=_if_any(muac)))
    height_for_age = classify(scores.haz, rules.categories["height_for_age"])
    weight_for_height = classify(scores.whz, rules.categories["weight_for_height"])
    other_haz, other_whz = other_position(columns, scores, height_for_age, weight_for_height, rules)
    corrected, tier_haz, tier_waz = _corrected_age(columns, scores, months, roots.gestation_weeks[line.root], rules)
    return Judged(
        columns=columns,
        age_days=age,
        months=months,
        scores=scores,
        hcz=_where_measured(scores.hcz, head),
        acz=_where_measured(scores.acz, muac),
        head_circumference_cm=head,
        height_for_age=height_for_age,
        weight_for_age=classify(scores.waz, rules.categories["weight_for_age"]),
        weight_for_height=weight_for_height,
        bmi_for_age=classify(scores.baz, rules.categories["bmi_for_age"]),
        alternative_haz=other_haz,
        alternative_whz=other_whz,
        corrected=corrected,
        tier_haz=tier_haz,
        tier_waz=tier_waz,
    )


def _if_any(values: Floats) -> Floats | None:
    """The column, None where nobody was measured: most posyandu measure neither head nor arm."""
    return None if np.isnan(values).all() else values


def _where_measured(index: IndexScores | None, values: Floats) -> IndexScores:
    """An optional index; what was not measured needs no reason."""
    if index is None:
        return IndexScores(
            np.full(values.size, np.nan), np.zeros(values.size, np.bool_), np.zeros(values.size, np.int8)
        )
    index.reason[np.isnan(values)] = BlankReason.NONE
    return index


def other_position(
    columns: Anthropometry, scores: Scores, height_for_age: Int8s, weight_for_height: Int8s, rules: RuleSet
) -> tuple[Floats, Floats]:
    """HAZ and WHZ had the child been measured the unexpected way: NaN unless that is possible and changes a class."""
    haz, whz = np.full(columns.age.size, np.nan), np.full(columns.age.size, np.nan)
    unknown_way = (columns.position == Position.UNKNOWN) & ~np.isnan(columns.length_height_cm)
    rows = np.flatnonzero(unknown_way & ~np.isnan(scores.age_days))
    if rows.size:
        unknown = columns.rows(rows)
        unexpected = np.where(
            scores.age_days[rows] >= HEIGHT_FROM_DAY, np.int8(Position.LYING), np.int8(Position.STANDING)
        )
        other = score(replace(unknown, position=unexpected))
        differs = classify(other.haz, rules.categories["height_for_age"]) != height_for_age[rows]
        differs |= classify(other.whz, rules.categories["weight_for_height"]) != weight_for_height[rows]
        haz[rows[differs]], whz[rows[differs]] = other.haz.z[differs], other.whz.z[differs]
    return haz, whz


def _corrected_age(
    columns: Anthropometry, scores: Scores, months: Int32s, weeks: Floats, rules: RuleSet
) -> tuple[Bools, IndexScores, IndexScores]:
    """Which rows are of young preterm children, and HAZ and WAZ with their ages corrected to term."""
    rule = rules.tier[RiskRule.PRETERM]
    corrected = (weeks < rule.below) & (months >= 0) & (months < rule.before_months)
    rows = np.flatnonzero(corrected)
    if not rows.size:
        return corrected, scores.haz, scores.waz
    preterm = columns.rows(rows)
    again = score(replace(preterm, age=preterm.age - (rules.term_weeks - weeks[rows]) * 7.0))
    return corrected, _put(scores.haz, rows, again.haz), _put(scores.waz, rows, again.waz)


def _put(index: IndexScores, rows: Rows, new: IndexScores) -> IndexScores:
    z, flagged, reason = index.z.copy(), index.flagged.copy(), index.reason.copy()
    z[rows], flagged[rows], reason[rows] = new.z, new.flagged, new.reason
    return IndexScores(z, flagged, reason)
