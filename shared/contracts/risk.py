"""Judgements. Owner: scoring. Every verdict names the rule set that made it.

None carries a place: where a child lives is the child fact's to say, and a move is not a new judgement.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.child import DangerSign, Letter
from shared.contracts.fact import ChildFact
from shared.contracts.lab import Comparator, TestCode

ZScore = Annotated[float | None, Field(description="Rounded to 2 decimals; empty = see blank_reasons.")]
Tier = Literal["unknown", "low", "watch", "nutrition", "suspected", "urgent"]
HeightForAge = Literal["severely_stunted", "stunted", "normal", "tall", "outlier"]
WeightForAge = Literal["severely_underweight", "underweight", "normal", "overweight_risk", "outlier"]
WeightForHeight = Literal["severely_wasted", "wasted", "normal", "overweight_risk", "overweight", "obese", "outlier"]
CaseState = Literal["open", "confirmed", "other_cause", "in_care", "closed"]
CloseReason = Literal[
    "recovered", "cleared", "declined", "lost", "aged_out", "moved_out", "died", "entered_in_error", "merged"
]
OwnerRole = Literal["kader", "puskesmas", "clinician", "laboratory"]
FollowUpState = Literal["open", "done", "cancelled"]
SnoozeReason = Literal[
    "family_away", "family_asked", "child_ill", "weather_or_road", "staff_unavailable", "supplies_missing", "other"
]

OtherCause = Literal[
    "familial_short_stature", "constitutional_delay", "endocrine", "genetic_syndrome", "skeletal_dysplasia",
    "chronic_disease", "born_small", "other",
]  # fmt: skip
Complication = Literal[
    "cannot_drink_or_feed", "vomits_everything", "convulsions", "lethargic", "severe_dehydration", "chest_indrawing",
    "very_high_temperature", "very_low_temperature", "pneumonia", "severe_anaemia", "shock", "hypoglycaemia",
    "persistent_diarrhoea", "skin_lesions", "eye_signs_of_vitamin_a_deficiency", "other",
]  # fmt: skip
OedemaGrade = Literal["none", "mild", "moderate", "severe"]  # none, +, ++, +++


class Velocity(BaseModel):
    """Gain since the child's own earlier measurement, by the WHO's standard of increments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    z: float | None = Field(default=None, description="Rounded to 2 decimals; empty = see reason.")
    days: int | None = Field(default=None, description="Since the measurement compared with.")
    low: bool = Field(default=False, description="Below the 5th centile.")
    reason: str | None = Field(
        default=None, description="Code of why there is no z.", examples=["no_velocity_standard"]
    )


class EarlyWarning(BaseModel):
    """How likely a child that is not stunted now is stunted in 3-6 months, and why: numbers in SD of HAZ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk: float = Field(ge=0, le=1, description="Probability of HAZ < -2 at a measurement 3-6 months later.")
    model_version: str
    expected_haz: float = Field(description="HAZ expected at that measurement.")
    spread: float = Field(description="Standard deviation about it.")
    reasons: dict[str, float] = Field(description="Code → its number.", examples=[{"near_limit": -1.62}])


class AssessmentV1(ChildFact):
    """The judgement of one measurement revision: published for every revision, voided ones too."""

    kind: ClassVar[str] = "assessment"

    measurement_id: UUID
    measurement_epoch: int = Field(ge=1)
    measurement_revision: int = Field(ge=1)
    ruleset_version: str
    measured_on: date
    voided: bool = False
    is_primary: bool = Field(description="Of several on one day, the one that counts.")
    age_days: int | None = Field(default=None, description="Completed days at measurement; empty = not judged.")
    age_months: int | None = Field(default=None, description="Completed calendar months; empty = not judged.")
    adjusted_length_height_cm: float | None = Field(default=None, description="After the 0.7 cm rule.")
    haz: ZScore = None
    waz: ZScore = None
    whz: ZScore = None
    baz: ZScore = None
    haz_flagged: bool = False
    waz_flagged: bool = False
    whz_flagged: bool = False
    baz_flagged: bool = False
    hcz: ZScore = None
    acz: ZScore = None
    hcz_flagged: bool = False
    acz_flagged: bool = False
    corrected_haz: ZScore = Field(default=None, description="By corrected age: preterm, under 24 months.")
    corrected_waz: ZScore = None
    blank_reasons: dict[str, str] = Field(
        default_factory=dict,
        description="Index → reason code, for every blank; hcz, acz where head or arm was measured.",
    )
    height_for_age: HeightForAge | None = None
    weight_for_age: WeightForAge | None = None
    weight_for_height: WeightForHeight | None = None
    bmi_for_age: WeightForHeight | None = None
    oedema: bool = False
    letter: Letter | None = Field(default=None, description="Our N/T/O/B.")
    twice_not_gained: bool = Field(default=False, description="2T.")
    below_red_line: bool = Field(default=False, description="BGM.")
    above_orange_line: bool = False
    interval_atypical: bool = False
    weight_velocity: Velocity | None = Field(default=None, description="Empty = not measured.")
    length_velocity: Velocity | None = None
    head_velocity: Velocity | None = None
    early_warning: EarlyWarning | None = Field(default=None, description="At 183-608 days and HAZ of -2.00 or more.")
    tier: Tier = Field(description="By growth evidence up to this measurement's day.")


class Reason(BaseModel):
    """Why a status is what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule_id: str
    fact_id: UUID
    measured_on: date
    value: float | None = None
    threshold: float | None = None
    source: str
    provisional: bool = False
    early_warning: EarlyWarning | None = Field(default=None, description="Behind the value of stunting_risk.")
    signs: tuple[DangerSign, ...] = Field(default=(), description="Behind danger_sign.")


class Unknown(BaseModel):
    """What could not be judged, and the single test or measurement that would settle it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    because: str
    settle_with: str
    fact_id: UUID | None = None
    values: tuple[float, ...] = Field(default=(), description="Both scores where an unknown position decides.")


class Reading(BaseModel):
    """What a laboratory value means for this child under one rule; the value itself stays with the result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule_id: str = Field(examples=["haemoglobin_who_2024"])
    test_code: TestCode
    result_id: UUID
    drawn_on: date
    abnormal: Literal["yes", "no", "indeterminate", "no_reference"]
    grade: str = Field(description="Code of the class, or why there is none.", examples=["mild_anaemia"])
    value: float | None = Field(default=None, description="As reported, in canonical_unit.")
    comparator: Comparator | None = None
    canonical_unit: str | None = None
    adjusted_value: float | None = Field(default=None, description="What was compared, where it is not the value.")
    threshold: float | None = None
    notes: tuple[str, ...] = Field(default=(), description="Codes: what weakens or explains the reading.")
    settle_with: str | None = Field(default=None, description="The one thing that would settle an indeterminate one.")
    source: str
    provisional: bool = False
    findings: tuple[str, ...] = Field(default=(), description="Codes of what a qualitative test found.")


class RiskStatusV1(ChildFact):
    """The present status of one (root) child, published when its content changes."""

    kind: ClassVar[str] = "risk-status"

    ruleset_version: str
    tier: Tier
    priority: bool = False
    tracks: tuple[str, ...] = ()
    measured_on: date | None = Field(default=None, description="Of the newest valid measurement.")
    reasons: tuple[Reason, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    readings: tuple[Reading, ...] = Field(default=(), description="Of the newest valid result of each test.")
    voided: bool = Field(default=False, description="The child was merged away or entered in error.")


class Milestone(BaseModel):
    """Something that happened to a case, on a day; milestones come in any order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["remeasured", "lab_ordered", "lab_complete", "referred", "care_started"]
    on: date
    fact_id: UUID | None = Field(default=None, description="The intervention that tells it; empty = another source.")


class ClinicalAssessment(BaseModel):
    """What a clinician found of a child at risk; None = not looked at, not tested."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: date
    by: str = Field(max_length=80, description="The account of the clinician.")
    appetite: Literal["passed", "failed"] | None = None
    complications: tuple[Complication, ...] | None = Field(default=None, description="Empty = looked for, none.")
    oedema_grade: OedemaGrade | None = None


class CaseV1(ChildFact):
    """One case from suspicion to its end; `fact_id` = `case_id`."""

    kind: ClassVar[str] = "case"

    opened_on: date
    opened_by_fact_id: UUID
    tier: Tier
    priority: bool = False
    state: CaseState
    close_reason: CloseReason | None = None
    closed_on: date | None = None
    closing_fact_id: UUID | None = Field(
        default=None, description="The re-measurement that cleared it; empty = a person or another fact closed it."
    )
    milestones: tuple[Milestone, ...] = ()
    required_tests: tuple[str, ...] = Field(default=(), description="Only grows, by rules on results.")
    anaemia: Literal["yes", "no", "indeterminate"] | None = Field(
        default=None, description="By the newest haemoglobin drawn on or after the opening; empty = none was."
    )
    confirmed_by: str | None = Field(default=None, max_length=80)
    confirmed_on: date | None = None
    needs_review: bool = Field(default=False, description="The triggering fact was voided: a person decides.")
    ruleset_version: str
    other_cause: OtherCause | None = Field(default=None, description="What the clinician found instead of stunting.")
    clinical_assessments: tuple[ClinicalAssessment, ...] = Field(
        default=(), description="The oldest first, one a day; the last says where the child is cared for."
    )


class Snooze(BaseModel):
    """A person put the task off; what was written beside the reason stays with the owner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_due_on: date = Field(description="The due date before anybody put it off.")
    reason: SnoozeReason
    by: str = Field(max_length=80, description="The account that put it off last.")


class FollowUpV1(ChildFact):
    """Something a named role must do for a child by a day."""

    kind: ClassVar[str] = "follow-up"

    case_id: UUID | None = None
    task: str = Field(max_length=60)
    owner_role: OwnerRole
    opened_on: date
    due_on: date = Field(description="The day in force: of a snoozed task the later one.")
    state: FollowUpState
    done_on: date | None = None
    closing_fact_id: UUID | None = None
    because_fact_id: UUID
    ruleset_version: str
    snooze: Snooze | None = Field(default=None, description="Empty = never put off.")
    closed_by: str | None = Field(
        default=None, max_length=80, description="The account of the person who ended it; empty = ended by itself."
    )
