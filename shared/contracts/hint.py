"""Hints at values that are probably not what was measured. Owner: scoring. They change no score, no tier and no case.

None carries a place or anything personal beyond what measurement's facts say: codes, numbers, dates, ids.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.child import Position, Sex
from shared.contracts.fact import ChildFact

Param = Literal["weight_kg", "length_height_cm"]
HintState = Literal["open", "accepted", "withdrawn"]
ErrorKind = Literal[
    "decimal_shift", "unit_error", "swap_wt_ht", "digit_transposition", "wrong_child", "carried_forward",
    "tem_outlier", "wrong_sex", "wrong_birth_date", "exact_duplicate", "same_day_conflict", "position_error",
    "heaping", "scale_bias", "other",
]  # fmt: skip


class HintEvidence(BaseModel):
    """What speaks against the value; what does not apply is empty. Numbers are in the unit of the param."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(max_length=40, description="What was seen.", examples=["times_ten"])
    value: float = Field(description="The value that was judged.")
    expected: float | None = Field(default=None, description="What the child's other values lead to.")
    proposed_value: float | None = Field(default=None, description="What was probably meant.")
    proposed_sex: Sex | None = None
    proposed_birth_date: date | None = None
    proposed_position: Position | None = None
    other_measurement_id: UUID | None = Field(
        default=None, description="The measurement that speaks against this one; it may be another child's."
    )


class HintV1(ChildFact):
    """A value of a measurement that is probably wrong, and how; one fact per measurement, param and kind of error."""

    kind: ClassVar[str] = "hint"

    measurement_id: UUID
    measured_on: date
    param: Param
    error_kind: ErrorKind
    state: HintState = Field(
        description="accepted: a person says the value is right; withdrawn: it does not hold any more."
    )
    probability: float = Field(ge=0, le=1, description="That the value is wrong in any way; as of the last opening.")
    evidence: HintEvidence
    detector_version: str = Field(max_length=40)
    accepted_by: str | None = Field(default=None, max_length=80)
    accepted_on: date | None = None
