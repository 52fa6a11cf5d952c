"""Judgements as rows of their facts (`shared.contracts.codec.encode_rows`): what is published of them.

Rows and not objects, because every measurement makes one or two: a test decodes them by the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from services.scoring.domain.stunting_risk import early_warning
from shared.contracts.fact import derived_fact_id
from shared.growth.codes import BLANK_REASON_NAMES

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FactRow = dict[str, Any]

# Plain numbers and tuples: enumerations cost too much to ask at every measurement.
INDICES: Final = ("haz", "waz", "whz", "baz")
# What most visits do not have is left out of their events: it is at its default there.
RARE_SCORES: Final = ("hcz", "acz", "corrected_haz", "corrected_waz")
RARE_REASONS: Final = (("hcz", "hcz_reason"), ("acz", "acz_reason"))
RARE_FLAGS: Final = tuple(
    (name, int(AssessmentFlag[name.upper()])) for name in ("hcz_flagged", "acz_flagged", "above_orange_line")
)
ANY_RARE_FLAG: Final = sum(bit for _, bit in RARE_FLAGS)
VELOCITIES: Final = tuple(
    (
        f"{what}_velocity",
        f"{what}_velocity_days",
        f"{what}_velocity_reason",
        int(AssessmentFlag[f"{what.upper()}_VELOCITY_LOW"]),
    )
    for what in ("weight", "length", "head")
)
NO_VELOCITY: Final = tuple({"reason": name} for name in VELOCITY_REASON_NAMES)
CLASS_NAMES: Final = {
    kind: {code: class_name(kind, code) for code in (*range(len(names) + 1), OUTLIER)}
    for kind, names in CLASSES.items()
}
LETTERS: Final = tuple(None if letter is Letter.NONE else letter.name for letter in Letter)
VOIDED: Final = int(State.VOIDED)
FLAGS: Final = tuple(
    (name, int(AssessmentFlag[name.removeprefix("is_").upper()]))
    for name in (
        "is_primary", "haz_flagged", "waz_flagged", "whz_flagged", "baz_flagged", "oedema", "twice_not_gained",
        "below_red_line", "interval_atypical",
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
    _add_rare(row, code)
    for kind, names in CLASS_NAMES.items():
        row[kind] = names[code[kind]]
    for name, bit in FLAGS:
        row[name] = flags & bit != 0
    return row


def _add_rare(row: FactRow, code: dict[str, int]) -> None:
    """Head, arm, corrected scores, velocities and early warning, where there are any."""
    flags = code["flags"]
    for name in RARE_SCORES:
        score = code[name]
        if score != NO_SCORE:
            row[name] = score / 100
    for name, reason_name in RARE_REASONS:
        reason = code[reason_name]
        if reason:
            row["blank_reasons"][name] = BLANK_REASON_NAMES[reason]
    if flags & ANY_RARE_FLAG:
        row.update((name, True) for name, bit in RARE_FLAGS if flags & bit)
    for name, days_name, reason_name, low in VELOCITIES:
        score, reason = code[name], code[reason_name]
        if score != NO_SCORE:
            row[name] = {"z": score / 100, "days": code[days_name], "low": flags & low != 0}
        elif reason:
            days = code[days_name]  # there where two measurements were compared in vain
            row[name] = (
                {"reason": VELOCITY_REASON_NAMES[reason], "days": days, "low": flags & low != 0}
                if days
                else NO_VELOCITY[reason]
            )
    if (warning := early_warning(code)) is not None:
        row["early_warning"] = warning


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
