"""What could not be judged of a root, why, and the one thing that would settle it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.scoring.domain.assessment_codes import NO_SCORE, AssessmentFlag
from services.scoring.domain.findings import Finding
from services.scoring.domain.fold_columns import Fold, uuid_of
from services.scoring.domain.lab_results import Reading
from services.scoring.domain.risk_codes import Evidence, UnknownThing
from shared.growth.codes import BLANK_REASON_NAMES, BlankReason

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


def unknown_of(fold: Fold, found: Finding, thing: UnknownThing) -> Unknown:
    """What growth leaves open."""
    row = found.evidence[SEEN_IN[thing]] if thing in SEEN_IN else -1
    if thing is UnknownThing.POSITION and (row < 0 or not _both_positions(fold, row)):
        row = found.evidence[Evidence.WHZ]
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


def unsettled(reading: Reading) -> Unknown:
    """A reading that something could still turn."""
    return Unknown(reading.test_code, reading.grade, reading.settle_with or "", reading.result_id)


def tier_score(fold: Fold, index: str, row: int) -> float | None:
    """The score of an index that the tier uses (`haz`, `waz` corrected where preterm), None where blank."""
    assessed = fold.assessments
    column = getattr(assessed, index)
    if index in {"haz", "waz"} and assessed.flags[row] & AssessmentFlag.CORRECTED_AGE:
        column = getattr(assessed, f"corrected_{index}")
    code = int(column[row])
    return None if code == NO_SCORE else code / 100
