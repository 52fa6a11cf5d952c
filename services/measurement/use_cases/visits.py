"""What one visit says, field by field: the one list that recording, correcting and the API share."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.contracts.child import DangerSign, Position
from shared.contracts.fact import DesaCode, PosyanduCode

Label = Annotated[str, Field(max_length=80)]


def _each_once(signs: tuple[DangerSign, ...]) -> tuple[DangerSign, ...]:
    """In one order, so that the same signs are the same visit."""
    return tuple(sorted(set(signs)))


Signs = Annotated[tuple[DangerSign, ...], Field(max_length=20), AfterValidator(_each_once)]


class VisitValues(BaseModel):
    """What may be corrected besides the day; None = not measured or not stated.

    `desa_code` and `posyandu_code` say where it was measured; the child's residence stays as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight_kg: float | None = None
    length_height_cm: float | None = None
    measurement_position: Position | None = None
    head_circumference_cm: float | None = None
    muac_cm: float | None = None
    oedema: bool | None = None
    is_remeasurement: bool = False
    desa_code: DesaCode | None = None
    posyandu_code: PosyanduCode | None = None
    measurer_id: Label | None = None
    device_id: Label | None = None
    danger_signs: Signs | None = Field(default=None, description="An empty list = looked for and none seen.")
    temperature_c: float | None = Field(default=None, description="Under the arm.")


class DatedVisit(VisitValues):
    """The values of a day, of whichever child."""

    measured_on: date


class NewMeasurement(DatedVisit):
    """One visit of a registered child, to be recorded."""

    child_id: UUID
