"""Rows of a fold as facts: what is published of an assessment and of a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from services.scoring.domain.assessment_codes import (
    CLASSES,
    NO_LENGTH,
    NO_SCORE,
    AssessmentFlag,
    Letter,
    State,
    class_name,
)
from services.scoring.domain.explain import RiskStatus
from services.scoring.domain.fold_columns import Assessments
from services.scoring.domain.risk_codes import TIER_NAMES
from shared.contracts.fact import Change, derived_fact_id
from shared.contracts.risk import AssessmentV1, Reason, RiskStatusV1, Tier, Unknown
from shared.growth.codes import BLANK_REASON_NAMES

CODE_COLUMNS: Final = tuple(field.name for field in fields(Assessments))
PLACE: Final = {name: place for place, name in enumerate(CODE_COLUMNS)}
INDICES: Final = ("haz", "waz", "whz", "baz")
ModelT = TypeVar("ModelT", bound=BaseModel)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY: Final = date(1970, 1, 1)


def instant(microseconds: int) -> datetime:
    """UTC instant of microseconds since 1970; exact, which a float of seconds is not."""
    return EPOCH + timedelta(microseconds=int(microseconds))


def code_matrix(assessments: Assessments) -> npt.NDArray[np.int32]:
    """All assessment columns as one int32 matrix, a row a measurement, columns in the order of `CODE_COLUMNS`.

    New columns are appended to `Assessments`; a stored row of another width is judged anew.
    """
    return np.stack([getattr(assessments, name).astype("<i4") for name in CODE_COLUMNS], axis=1)


@cache
def _classes(kind: str, code: int) -> str | None:
    return class_name(kind, code)


def assessment_fact(
    *,
    codes: Sequence[int],
    child_id: UUID,
    measurement_id: UUID,
    measurement_order: tuple[int, int],
    measured_on: date,
    order: tuple[int, int],
    known_at: datetime,
    ruleset_version: str,
) -> AssessmentV1:
    """The assessment that a row of `code_matrix` stands for; the same row always gives the same fact."""

    def code(name: str) -> int:
        return codes[PLACE[name]]

    def score(name: str) -> float | None:
        value = code(name)
        return None if value == NO_SCORE else value / 100

    flags = code("flags")
    voided = code("state") == State.VOIDED
    change: Change = "voided" if voided else "recorded" if order[1] == 1 else "corrected"
    length = code("adjusted_length")
    letter = code("letter")
    return AssessmentV1.model_validate(
        {
            "fact_id": derived_fact_id(measurement_id, "assessment"),
            "child_id": child_id,
            "epoch": order[0],
            "revision": order[1],
            "change": change,
            "known_at": known_at,
            "measurement_id": measurement_id,
            "measurement_epoch": measurement_order[0],
            "measurement_revision": measurement_order[1],
            "ruleset_version": ruleset_version,
            "measured_on": measured_on,
            "voided": voided,
            "is_primary": bool(flags & AssessmentFlag.PRIMARY),
            "age_days": code("age_days"),
            "age_months": code("completed_months"),
            "adjusted_length_height_cm": None if length == NO_LENGTH else length / 100,
            **{name: score(name) for name in INDICES},
            "haz_flagged": bool(flags & AssessmentFlag.HAZ_FLAGGED),
            "waz_flagged": bool(flags & AssessmentFlag.WAZ_FLAGGED),
            "whz_flagged": bool(flags & AssessmentFlag.WHZ_FLAGGED),
            "baz_flagged": bool(flags & AssessmentFlag.BAZ_FLAGGED),
            "blank_reasons": {
                name: BLANK_REASON_NAMES[code(f"{name}_reason")] for name in INDICES if code(name) == NO_SCORE
            },
            **{kind: _classes(kind, code(kind)) for kind in CLASSES},
            "oedema": bool(flags & AssessmentFlag.OEDEMA),
            "letter": Letter(letter).name if letter else None,
            "twice_not_gained": bool(flags & AssessmentFlag.TWICE_NOT_GAINED),
            "below_red_line": bool(flags & AssessmentFlag.BELOW_RED_LINE),
            "interval_atypical": bool(flags & AssessmentFlag.INTERVAL_ATYPICAL),
            "tier": TIER_NAMES[code("tier")],
        }
    )


def _as(model: type[ModelT], told: Any) -> ModelT:
    """The domain's dataclass as the contract's model: the same names, which a test compares."""
    return model(**{name: getattr(told, name) for name in model.model_fields})


def status_fact(
    status: RiskStatus,
    *,
    child_id: UUID,
    order: tuple[int, int],
    known_at: datetime,
    ruleset_version: str,
    voided: bool = False,
) -> RiskStatusV1:
    """The status of a root as it is published."""
    return RiskStatusV1(
        fact_id=derived_fact_id(child_id, "risk-status"),
        child_id=child_id,
        epoch=order[0],
        revision=order[1],
        change="voided" if voided else "recorded" if order[1] == 1 else "corrected",
        known_at=known_at,
        ruleset_version=ruleset_version,
        tier=cast("Tier", status.tier),  # the contract's names: a test compares them
        priority=status.priority,
        tracks=status.tracks,
        measured_on=status.measured_on,
        reasons=tuple(_as(Reason, reason) for reason in status.reasons),
        unknowns=tuple(_as(Unknown, unknown) for unknown in status.unknowns),
        voided=voided,
    )
