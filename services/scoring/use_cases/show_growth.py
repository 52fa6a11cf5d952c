"""The growth of a child, measurement by measurement, as it was judged: judgements are read here, never made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.scoring.domain.assessment_codes import (
    CLASSES,
    NO_AGE,
    NO_LENGTH,
    NO_SCORE,
    AssessmentFlag,
    Letter,
    Oedema,
)
from services.scoring.domain.code_words import Json, class_in_words, reason_in_words, velocity_reason_in_words
from services.scoring.domain.risk_codes import TIER_NAMES, RiskRule
from services.scoring.domain.ruleset import RuleSet
from services.scoring.domain.stunting_risk import early_warning
from services.scoring.store.growth import Measured, growth_series
from shared.postgres.pool import Connection

# Index → what it is classed by in an assessment.
INDICES: Final = dict(zip(("haz", "waz", "whz", "baz"), CLASSES, strict=True)) | {"hcz": None, "acz": None}
FLAGGED: Final = {index: AssessmentFlag[f"{index.upper()}_FLAGGED"] for index in INDICES}
VELOCITIES: Final = {what: AssessmentFlag[f"{what.upper()}_VELOCITY_LOW"] for what in ("weight", "length", "head")}
POSITIONS: Final = (None, "lying", "standing")
OEDEMA: Final = {Oedema.UNKNOWN: None, Oedema.NO: False, Oedema.YES: True}
LETTERS: Final = tuple(None if letter is Letter.NONE else letter.name for letter in Letter)


async def show_growth(connection: Connection, child_id: UUID, rules: RuleSet) -> Json | None:
    """The series as JSON, oldest first; None for a child that is not visible."""
    series = await growth_series(connection, child_id)
    if series is None:
        return None
    return {
        "child_id": series.root_id,
        "haz_change_windows_days": rules.tier[RiskRule.HAZ_DROP].windows_days,
        "items": [growth_item(measured, code) for measured, code in series.judged()],
    }


def growth_item(measured: Measured, code: Mapping[str, int]) -> Json:
    """One measurement of the series; `code` holds the columns of its assessment."""
    flags = AssessmentFlag(code["flags"])
    letter, reported = LETTERS[code["letter"]], LETTERS[measured.reported_letter]
    return {
        "measurement_id": measured.measurement_id,
        "measured_on": measured.measured_on,
        "is_primary": AssessmentFlag.PRIMARY in flags,
        "age_days": None if code["age_days"] == NO_AGE else code["age_days"],
        "age_months": None if code["completed_months"] == NO_AGE else code["completed_months"],
        "weight_kg": measured.weight_kg,
        "length_height_cm": measured.length_height_cm,
        "measurement_position": POSITIONS[measured.position],
        "position_implausible": AssessmentFlag.POSITION_IMPLAUSIBLE in flags,
        "adjusted_length_height_cm": _hundredths(code["adjusted_length"], NO_LENGTH),
        "head_circumference_cm": measured.head_circumference_cm,
        "muac_cm": measured.muac_cm,
        "oedema": OEDEMA[Oedema(measured.oedema)],
        "scores": {index: _score(code, flags, index) for index in INDICES},
        "corrected": _pair(code, "corrected_haz", "corrected_waz", "haz", "waz"),
        "if_other_position": _pair(code, "alternative_haz", "alternative_whz", "haz", "whz"),
        "letter": letter,
        "reported_letter": reported,
        "letters_differ": None if letter is None or reported is None else letter != reported,
        "twice_not_gained": AssessmentFlag.TWICE_NOT_GAINED in flags,
        "interval_atypical": AssessmentFlag.INTERVAL_ATYPICAL in flags,
        "below_red_line": AssessmentFlag.BELOW_RED_LINE in flags,
        "above_orange_line": AssessmentFlag.ABOVE_ORANGE_LINE in flags,
        "velocity": {what: _velocity(measured, code, flags, what) for what in VELOCITIES},
        "haz_change": {"short": _hundredths(code["haz_change_short"]), "long": _hundredths(code["haz_change_long"])},
        "haz_drop": AssessmentFlag.HAZ_DROP in flags,
        "haz_drop_confirmed": AssessmentFlag.HAZ_DROP_CONFIRMED in flags,
        "implausible_decrease": AssessmentFlag.IMPLAUSIBLE_DECREASE in flags,
        "early_warning": early_warning(code),
        "tier": TIER_NAMES[code["tier"]],
        "ruleset_version": measured.ruleset_version,
    }


def _hundredths(code: int, missing: int = NO_SCORE) -> float | None:
    return None if code == missing else code / 100


def _score(code: Mapping[str, int], flags: AssessmentFlag, index: str) -> Json:
    kind = INDICES[index]
    return {
        "z": _hundredths(code[index]),
        "flagged": FLAGGED[index] in flags,
        "class": None if kind is None else class_in_words(kind, code[kind]),
        "reason": reason_in_words(code[f"{index}_reason"]),
    }


def _pair(code: Mapping[str, int], one: str, two: str, *names: str) -> Json | None:
    """Two scores beside the official ones, where there are any."""
    scores = [_hundredths(code[one]), _hundredths(code[two])]
    return None if scores == [None, None] else dict(zip(names, scores, strict=True))


def _velocity(measured: Measured, code: Mapping[str, int], flags: AssessmentFlag, what: str) -> Json | None:
    """Z of the gain since an earlier day, or why there is none; None where nothing was measured."""
    z, days, reason = (code[f"{what}_velocity{part}"] for part in ("", "_days", "_reason"))
    if z == NO_SCORE and not reason:
        return None
    return {
        "z": _hundredths(z),
        "since": measured.measured_on - timedelta(days=days) if days else None,
        "days": days or None,
        "low": VELOCITIES[what] in flags,
        "reason": velocity_reason_in_words(reason),
    }
