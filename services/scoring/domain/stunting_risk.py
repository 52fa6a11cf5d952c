"""The early warning within the fold: from a timeline to integer columns, and from those to what is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.scoring.domain.assess import Judged
from services.scoring.domain.assessment_codes import NO_SCORE, to_centi
from services.scoring.domain.early_warning.coefficients import VERSIONS
from services.scoring.domain.early_warning.risk import BECAUSE_NAMES, Because, risk
from services.scoring.domain.fold_columns import Assessments, Bools, Int8s, Int32s
from services.scoring.domain.growth_rules import EarlyWarningRules
from services.scoring.domain.timeline import Timeline

PER_MILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class StuntingRisk:
    """Along a timeline: risk in thousandths, `NO_SCORE` where none is given; hundredths of SD; a mask of `Because`.

    `model` is the place of the model's version in `VERSIONS`, 0 where there is no risk.
    """

    risk: Int32s
    reasons: Int8s
    level: Int32s
    usual_change: Int32s
    weight_change: Int32s
    spread: Int32s
    model: Int8s


def stunting_risk(line: Timeline, judged: Judged, implausible: Bools, rules: EarlyWarningRules) -> StuntingRisk:
    """The risk of each row by the scores the tier uses. Flagged scores and `implausible` lengths are not used."""
    haz, waz = judged.tier_haz, judged.tier_waz
    found = risk(
        line.root,
        line.day,
        judged.age_days,
        haz.z,
        waz.z,
        ~np.isnan(haz.z) & ~haz.flagged & ~implausible,
        ~np.isnan(waz.z) & ~waz.flagged,
        rules.model,
        rules.recalibration,
    )
    there = ~np.isnan(found.risk)
    return StuntingRisk(
        risk=np.where(there, np.rint(np.where(there, found.risk, 0.0) * PER_MILLE), NO_SCORE).astype(np.int32),
        reasons=found.reasons,
        level=to_centi(found.level),
        usual_change=to_centi(found.usual_change),
        weight_change=to_centi(found.weight_change),
        spread=to_centi(found.spread),
        model=there.astype(np.int8) * np.int8(VERSIONS.index(rules.model.version)),
    )


# The column that holds the number of a reason.
COLUMN_OF: Final = {
    Because.NEAR_LIMIT: "stunting_risk_level",
    Because.FAR_FROM_LIMIT: "stunting_risk_level",
    Because.AGE_LOSS: "stunting_risk_usual_change",
    Because.LOW_WEIGHT: "stunting_risk_weight_change",
    Because.ONE_LENGTH: "stunting_risk_spread",
}
_TOLD: Final = tuple((int(because), BECAUSE_NAMES[because], column) for because, column in COLUMN_OF.items())
STUNTING_RISK_COLUMNS: Final = (
    "stunting_risk",
    "stunting_risk_reasons",
    "stunting_risk_level",
    "stunting_risk_usual_change",
    "stunting_risk_weight_change",
    "stunting_risk_spread",
    "stunting_risk_model",
)


def early_warning(code: Mapping[str, int]) -> dict[str, Any] | None:
    """What the contract tells of a row of codes; None where there is no risk. Numbers of reasons are in SD of HAZ."""
    if not code["stunting_risk_model"]:
        return None
    mask = code["stunting_risk_reasons"]
    parts = ("stunting_risk_level", "stunting_risk_usual_change", "stunting_risk_weight_change")
    return {
        "risk": code["stunting_risk"] / PER_MILLE,
        "model_version": VERSIONS[code["stunting_risk_model"]],
        "expected_haz": sum(code[part] for part in parts) / 100,
        "spread": code["stunting_risk_spread"] / 100,
        "reasons": {name: code[column] / 100 for bit, name, column in _TOLD if mask & bit},
    }


def early_warning_of(assessed: Assessments, row: int) -> dict[str, Any] | None:
    """`early_warning` of one input row of a fold."""
    return early_warning({name: int(getattr(assessed, name)[row]) for name in STUNTING_RISK_COLUMNS})
