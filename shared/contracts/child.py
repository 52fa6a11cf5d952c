"""Child and measurement facts. Owner: measurement. No names, no NIK, no address: those stay sealed there."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.fact import ChildFact, DesaCode, PosyanduCode

Sex = Literal["male", "female"]
Position = Literal["lying", "standing"]
Channel = Literal["api", "file"]
Letter = Literal["N", "T", "O", "B"]
HouseholdRisk = Literal[
    "no_proper_water", "no_proper_latrine", "mother_under_20", "mother_35_or_more", "spacing_under_2_years",
    "more_than_3_children", "mother_muac_under_23_5_cm", "stunted_sibling", "tb_contact",
]  # fmt: skip

HouseholdSource = Literal["bkkbn", "puskesmas", "posyandu"]
Answer = Literal["yes", "no", "unknown"]
DangerSign = Literal[
    "cannot_drink_or_feed", "vomits_everything", "convulsions", "lethargic", "severe_dehydration", "chest_indrawing",
    "very_high_temperature", "very_low_temperature",
]  # fmt: skip


class HouseholdAnswer(BaseModel):
    """One risk of a child's family as it was last verified."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk: HouseholdRisk
    answer: Answer
    as_of: date
    source: HouseholdSource


class Residence(BaseModel):
    """Where a child lives and which posyandu it belongs to, from a day on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date
    desa_code: DesaCode
    posyandu_code: PosyanduCode | None = Field(default=None, description="None = unmapped, counted all the same.")


class ChildV1(ChildFact):
    """One child; `child_id` = `fact_id`."""

    kind: ClassVar[str] = "child"

    sex: Sex | None = Field(description="None = not known: nothing is scored, nothing is assumed.")
    birth_date: date
    birth_weight_kg: float | None = Field(default=None, gt=0, le=8)
    birth_length_cm: float | None = Field(default=None, gt=0, le=70)
    gestation_weeks: int | None = Field(default=None, ge=20, le=45)
    residences: tuple[Residence, ...] = Field(min_length=1, description="Ascending by valid_from.")
    household_risks: tuple[HouseholdRisk, ...] = Field(default=(), description="Those that are there.")
    died_on: date | None = None
    departed_on: date | None = None
    merged_into: UUID | None = Field(default=None, description="The surviving child; one hop, never a chain.")
    voided: bool = Field(default=False, description="Entered in error: counted nowhere.")
    household: tuple[HouseholdAnswer, ...] = Field(
        default=(), description="Each risk that was asked about, by code; one that is not named was not."
    )
    has_growth_card: bool | None = Field(default=None, description="A KMS card or KIA book; None = not known.")


class OfficialScores(BaseModel):
    """z-scores and classes as the ministry's file gave them, kept beside ours for reconciliation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    haz: float | None = None
    waz: float | None = None
    whz: float | None = None
    haz_class: str | None = Field(default=None, max_length=60)
    waz_class: str | None = Field(default=None, max_length=60)
    whz_class: str | None = Field(default=None, max_length=60)


class MeasurementV1(ChildFact):
    """One visit's anthropometry. Natural key of a file row: (child, measured_on, source)."""

    kind: ClassVar[str] = "measurement"

    measured_on: date
    recorded_at: AwareDatetime = Field(description="When the first revision was stored; decides same-day ties.")
    channel: Channel
    source: str = Field(max_length=80, description="Client or file profile the value came from.")
    is_remeasurement: bool = False
    weight_kg: float | None = Field(default=None, gt=0, le=60)
    length_height_cm: float | None = Field(default=None, gt=0, le=200)
    measurement_position: Position | None = Field(default=None, description="None = not stated.")
    head_circumference_cm: float | None = Field(default=None, gt=0, le=100)
    muac_cm: float | None = Field(default=None, gt=0, le=60)
    oedema: bool | None = Field(default=None, description="Bilateral pitting; None = not stated.")
    desa_code: DesaCode | None = Field(default=None, description="Service point: desa where measured.")
    posyandu_code: PosyanduCode | None = Field(default=None, description="Service point: posyandu where measured.")
    reported_letter: Letter | None = Field(default=None, description="The kader's N/T/O/B, kept beside ours.")
    official: OfficialScores | None = None
    measurer_id: str | None = Field(default=None, max_length=80)
    device_id: str | None = Field(default=None, max_length=80)
    replaces: UUID | None = Field(default=None, description="Measurement voided elsewhere in favour of this one.")
    voided: bool = False
    void_reason: str | None = Field(default=None, max_length=40, description="Code, never free text.")
    danger_signs: tuple[DangerSign, ...] | None = Field(
        default=None, description="Seen at the visit; empty = looked for and none seen, None = not stated."
    )
    temperature_c: float | None = Field(default=None, gt=20, lt=50, description="Axillary.")
