"""What else was seen in a measurement, as bits: `AssessmentFlag` of every row of a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.assess import Judged
from services.scoring.domain.assessment_codes import AssessmentFlag, Oedema
from services.scoring.domain.fold_columns import Bools, Int32s
from services.scoring.domain.kms import Letters
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.tier import Observed
from services.scoring.domain.timeline import Timeline
from services.scoring.domain.velocity import Velocity
from shared.growth.velocity import Growing


@dataclass(frozen=True, slots=True)
class Past:
    """Along a timeline: each measurement against the child's own past."""

    gains: Letters
    velocity: Mapping[Growing, Velocity]
    haz_changes: tuple[Int32s, ...]


def flag_masks(line: Timeline, judged: Judged, past: Past, seen: Observed, rules: RuleSet) -> Int32s:
    """The mask of each row."""
    scores, waz, velocity = judged.scores, judged.scores.waz, past.velocity
    other_class = ~np.isnan(judged.alternative_haz) | ~np.isnan(judged.alternative_whz)
    where: dict[AssessmentFlag, Bools] = {
        AssessmentFlag.HAZ_FLAGGED: scores.haz.flagged,
        AssessmentFlag.WAZ_FLAGGED: waz.flagged,
        AssessmentFlag.WHZ_FLAGGED: scores.whz.flagged,
        AssessmentFlag.BAZ_FLAGGED: scores.baz.flagged,
        AssessmentFlag.POSITION_IMPLAUSIBLE: scores.position_implausible,
        AssessmentFlag.POSITION_MATTERS: other_class,
        AssessmentFlag.OEDEMA: judged.columns.oedema,
        AssessmentFlag.PRIMARY: line.last_of_day(_counts_on_its_day(line, judged, seen)),
        AssessmentFlag.INTERVAL_ATYPICAL: past.gains.interval_atypical,
        AssessmentFlag.TWICE_NOT_GAINED: past.gains.twice_not_gained,
        AssessmentFlag.BELOW_RED_LINE: (waz.z < rules.kms.red_below) & ~waz.flagged,
        AssessmentFlag.ABOVE_ORANGE_LINE: (waz.z > rules.kms.orange_above) & ~waz.flagged,
        AssessmentFlag.IMPLAUSIBLE_DECREASE: seen.length_decrease,
        AssessmentFlag.HAZ_DROP: seen.haz_drop > 0,
        AssessmentFlag.HAZ_DROP_CONFIRMED: seen.haz_drop_confirmed,
        AssessmentFlag.CORRECTED_AGE: judged.corrected,
        AssessmentFlag.HCZ_FLAGGED: judged.hcz.flagged,
        AssessmentFlag.ACZ_FLAGGED: judged.acz.flagged,
        AssessmentFlag.WEIGHT_VELOCITY_LOW: velocity[Growing.WEIGHT].low,
        AssessmentFlag.LENGTH_VELOCITY_LOW: velocity[Growing.LENGTH].low,
        AssessmentFlag.HEAD_VELOCITY_LOW: velocity[Growing.HEAD_CIRCUMFERENCE].low,
    }
    mask = np.zeros(line.row.size, np.int32)
    for flag, rows in where.items():
        mask |= rows * np.int32(flag)
    return mask


def _counts_on_its_day(line: Timeline, judged: Judged, seen: Observed) -> Bools:
    """Rows that measured something; a visit that only speaks of danger signs is the value of a day without others."""
    columns = judged.columns
    measured = ~np.isnan(columns.weight_kg) | ~np.isnan(columns.length_height_cm)
    measured |= ~np.isnan(seen.muac_cm) | ~np.isnan(judged.head_circumference_cm) | (seen.oedema != Oedema.UNKNOWN)
    if measured.all():
        return measured
    any_of_day = np.zeros(line.day_end.size, np.bool_)
    any_of_day[line.day[measured]] = True
    result: Bools = measured | ~any_of_day[line.day]
    return result
