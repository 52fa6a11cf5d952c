"""Judgements as rows of their facts (`shared.contracts.codec.encode_rows`): what is published of them.

Rows and not objects, because every measurement makes one or two: a test decodes them by the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.scoring.domain.assessment_codes import (
    CLASSES,
    NO_AGE,
    NO_LENGTH,
    NO_SCORE,
    OUTLIER,
    VELOCITY_REASON_NAMES,
    AssessmentFlag,
    Letter,
    State,
    class_name,
)
from services.scoring.domain.assessment_matrix import CODE_COLUMNS
from services.scoring.domain.explain import RiskStatus
from services.scoring.domain.risk_codes import TIER_NAMES
from shared.contracts.fact import derived_fact_id
from shared.growth.codes import BLANK_REASON_NAMES

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FactRow = dict[str, Any]

# Plain numbers and tuples: enumerations cost too much to ask at every measurement.
INDICES: Final = ("haz", "waz", "whz", "baz")
WHERE_MEASURED: Final = ("hcz", "acz")  # head and arm: most visits have neither
CORRECTED: Final = ("corrected_haz", "corrected_waz")  # of preterm children only
VELOCITIES: Final = tuple(
    (f"{what}_velocity", int(AssessmentFlag[f"{what.upper()}_VELOCITY_LOW"])) for what in ("weight", "length", "head")
)
CLASS_NAMES: Final = {
    kind: {code: class_name(kind, code) for code in (*range(len(names) + 1), OUTLIER)}
    for kind, names in CLASSES.items()
}
LETTERS: Final = tuple(None if letter is Letter.NONE else letter.name for letter in Letter)
VOIDED: Final = int(State.VOIDED)
FLAGS: Final = tuple(
    (name, int(AssessmentFlag[name.removeprefix("is_").upper()]))
    for name in (
        "is_primary", "haz_flagged", "waz_flagged", "whz_flagged", "baz_flagged", "hcz_flagged", "acz_flagged",
        "oedema", "twice_not_gained", "below_red_line", "above_orange_line", "interval_atypical",
    )
)  # fmt: skip


class AssessmentHead(NamedTuple):
    """What of an assessment is not in its codes: whose it is, which revision it judges, and its own order."""

    child_id: UUID
    measurement_id: UUID
    measurement_order: tuple[int, int]
    measured_on: date
    order: tuple[int, int]
    known_at: datetime
    ruleset_version: str


def instant(microseconds: int) -> datetime:
    """UTC instant of microseconds since 1970; exact, which a float of seconds is not."""
    return EPOCH + timedelta(microseconds=microseconds)


def assessment_rows(codes: Sequence[Sequence[int]], heads: Iterable[AssessmentHead]) -> list[FactRow]:
    """The assessments that rows of `code_matrix` stand for; the same codes always give the same facts."""
    return [
        _assessment_row(dict(zip(CODE_COLUMNS, row, strict=True)), head) for row, head in zip(codes, heads, strict=True)
    ]


def _assessment_row(code: dict[str, int], head: AssessmentHead) -> FactRow:
    voided, flags, length = code["state"] == VOIDED, code["flags"], code["adjusted_length"]
    row: FactRow = {
        "fact_id": derived_fact_id(head.measurement_id, "assessment"),
        "epoch": head.order[0],
        "revision": head.order[1],
        "change": "voided" if voided else "recorded" if head.order[1] == 1 else "corrected",
        "known_at": head.known_at,
        "child_id": head.child_id,
        "measurement_id": head.measurement_id,
        "measurement_epoch": head.measurement_order[0],
        "measurement_revision": head.measurement_order[1],
        "ruleset_version": head.ruleset_version,
        "measured_on": head.measured_on,
        "voided": voided,
        "age_days": None if code["age_days"] == NO_AGE else code["age_days"],
        "age_months": None if code["completed_months"] == NO_AGE else code["completed_months"],
        "adjusted_length_height_cm": None if length == NO_LENGTH else length / 100,
        "letter": LETTERS[code["letter"]],
        "tier": TIER_NAMES[code["tier"]],
    }
    blank_reasons = row["blank_reasons"] = {}
    for index in INDICES:
        score = code[index]
        if score == NO_SCORE:
            row[index] = None
            blank_reasons[index] = BLANK_REASON_NAMES[code[f"{index}_reason"]]
        else:
            row[index] = score / 100
    for index in WHERE_MEASURED:
        score, reason = code[index], code[f"{index}_reason"]
        row[index] = None if score == NO_SCORE else score / 100
        if reason:
            blank_reasons[index] = BLANK_REASON_NAMES[reason]
    for index in CORRECTED:
        score = code[index]
        row[index] = None if score == NO_SCORE else score / 100
    for name, bit in VELOCITIES:
        row[name] = velocity(code, name, low=flags & bit != 0)
    for kind, names in CLASS_NAMES.items():
        row[kind] = names[code[kind]]
    for name, bit in FLAGS:
        row[name] = flags & bit != 0
    return row


def velocity(code: Mapping[str, int], name: str, *, low: bool) -> FactRow | None:
    """A velocity of the contract out of the codes; None where nothing was measured."""
    score, days, reason = code[name], code[f"{name}_days"], code[f"{name}_reason"]
    if score == NO_SCORE and not reason:
        return None
    return {
        "z": None if score == NO_SCORE else score / 100,
        "days": days or None,
        "low": low,
        "reason": VELOCITY_REASON_NAMES[reason] or None,
    }


def status_row(
    status: RiskStatus,
    *,
    child_id: UUID,
    order: tuple[int, int],
    known_at: datetime,
    ruleset_version: str,
    voided: bool,
) -> FactRow:
    """The status of a root as it is published."""
    return {
        "fact_id": derived_fact_id(child_id, "risk-status"),
        "epoch": order[0],
        "revision": order[1],
        "change": "voided" if voided else "recorded" if order[1] == 1 else "corrected",
        "known_at": known_at,
        "child_id": child_id,
        "ruleset_version": ruleset_version,
        "tier": status.tier,
        "priority": status.priority,
        "tracks": status.tracks,
        "measured_on": status.measured_on,
        "reasons": status.reasons,
        "unknowns": status.unknowns,
        "readings": status.readings,
        "voided": voided,
    }
