"""Interventions: what was done for a child. Owner: measurement. Codes, dates, numbers and accounts; no names, no text.

Each type has its own fields, in the part that is named like the type; of the parts only that one is there. A course
(feeding, sponsorship) is open until its last day is known, a referral until its reply: no other state exists.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from shared.contracts.fact import ChildFact

InterventionType = Literal[
    "supplementary_feeding", "supplementation", "sanitation", "parenting_education", "referral", "sponsorship",
    "immunisation", "breastfeeding_recall",
]  # fmt: skip
FacilityCode = Annotated[str, Field(pattern=r"^(RS|PKM|KLN)[.-][0-9A-Z.-]{1,30}$", examples=["RS.12.19.RSUD"])]
SponsorCode = Annotated[str, Field(pattern=r"^[A-Z]{2,8}[.-][0-9A-Z.-]{1,30}$", examples=["BAAS-12.19-0042"])]
FeedingClass = Literal["wasted", "underweight", "not_gained"]
Supplement = Literal["vitamin_a", "iron", "zinc", "multiple_micronutrients", "deworming"]
Dose = Literal[
    "blue_100000_iu", "red_200000_iu", "drops", "syrup", "tablet_10_mg", "tablet_20_mg", "sachet",
    "albendazole_200_mg", "albendazole_400_mg",
]  # fmt: skip
Vaccine = Literal[
    "hb0", "bcg", "opv1", "opv2", "opv3", "opv4", "dpt_hb_hib1", "dpt_hb_hib2", "dpt_hb_hib3", "ipv1", "ipv2", "mr1",
    "dpt_hb_hib4", "mr2", "pcv1", "pcv2", "pcv3", "rv1", "rv2", "rv3", "basic_complete",
]  # fmt: skip
ReferralReason = Literal[
    "severe_wasting", "severe_wasting_with_complications", "severe_stunting", "growth_faltering", "severe_anaemia",
    "critical_laboratory_value", "tuberculosis_suspected", "congenital_or_chronic_illness", "danger_sign", "other",
]  # fmt: skip
EndClass = Literal["normal", "not_gained", "underweight", "wasted", "severely_wasted"]
EndReason = Literal["completed", "recovered", "referred", "declined", "moved_out", "out_of_stock", "died", "other"]
ReplyOutcome = Literal[
    "admitted", "treated_and_returned", "under_observation", "referred_on", "no_illness_found", "did_not_come",
    "declined", "died",
]  # fmt: skip


class Part(BaseModel):
    """What one type of intervention says. Frozen, and closed to fields that it does not know.

    `begins` names the field of its first day, `ends` that of its last; a single act has the one day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type_name: ClassVar[InterventionType]
    begins: ClassVar[str]
    ends: ClassVar[str | None] = None

    @property
    def first_day(self) -> date:
        """The day it was done, or its first."""
        day: date = getattr(self, self.begins)
        return day

    @property
    def last_day(self) -> date | None:
        """The last day of a course; of a single act its day; None while it is open."""
        last: date | None = getattr(self, self.ends or self.begins)
        return last

    @property
    def about(self) -> str:
        """What of a child two at once would be the same thing."""
        return self.type_name


class SupplementaryFeeding(Part):
    """A course of supplementary feeding (PMT). Its weekly weighings are measurements."""

    type_name = "supplementary_feeding"
    begins = "started_on"
    ends = "ended_on"

    feeding_class: FeedingClass = Field(description="Why it is given: gizi kurang, BB kurang, or T.")
    product: Literal["local", "factory"]
    started_on: date
    planned_days: int | None = Field(default=None, ge=1, le=120, description="Empty = as the rule set says.")
    days_given: int | None = Field(default=None, ge=0, le=366, description="Days on which food was given, so far.")
    ended_on: date | None = Field(default=None, description="The last day; empty = it goes on.")
    end_class: EndClass | None = Field(default=None, description="The child's class on the last day.")
    end_reason: EndReason | None = None


class Supplementation(Part):
    """One dose handed out."""

    type_name = "supplementation"
    begins = "given_on"

    supplement: Supplement
    dose: Dose | None = Field(default=None, description="Vitamin A always states it.")
    given_on: date

    @property
    def about(self) -> str:
        """One supplement."""
        return f"{self.type_name}:{self.supplement}"


class Sanitation(Part):
    """Work on the household's water or latrine."""

    type_name = "sanitation"
    begins = "done_on"

    work: Literal["water", "latrine"]
    done_on: date

    @property
    def about(self) -> str:
        """One kind of work."""
        return f"{self.type_name}:{self.work}"


class ParentingEducation(Part):
    """A class or counselling that the family took part in."""

    type_name = "parenting_education"
    begins = "given_on"

    form: Literal["class", "counselling", "home_visit"]
    topic: Literal[
        "breastfeeding", "complementary_feeding", "animal_protein", "hygiene", "immunisation", "growth_monitoring",
        "stimulation", "family_planning",
    ]  # fmt: skip
    given_on: date

    @property
    def about(self) -> str:
        """One form and topic."""
        return f"{self.type_name}:{self.form}:{self.topic}"


class ReferralReply(BaseModel):
    """What the facility answered (rujuk balik)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    received_on: date
    outcome: ReplyOutcome
    answered_by: str = Field(min_length=1, max_length=80, description="Account, not a name.")


class SentReferral(Part):
    """A child sent to a facility, as who sends it says."""

    type_name = "referral"
    begins = "referred_on"
    ends = "reply.received_on"

    facility_code: FacilityCode
    reason: ReferralReason
    urgency: Literal["emergency", "urgent", "routine"]
    referred_on: date

    @property
    def last_day(self) -> date | None:
        """None: it waits."""
        return None

    @property
    def about(self) -> str:
        """One facility."""
        return f"{self.type_name}:{self.facility_code}"


class Referral(SentReferral):
    """A child sent to a facility; it waits there until the reply."""

    reply: ReferralReply | None = None

    @property
    def last_day(self) -> date | None:
        """The day of the reply, None while it waits."""
        return None if self.reply is None else self.reply.received_on


class Sponsorship(Part):
    """A family taken care of by a sponsor (bapak or bunda asuh), who is a code here and never a person's name."""

    type_name = "sponsorship"
    begins = "since"
    ends = "until"

    sponsor_code: SponsorCode
    support: Literal["food", "cash", "health_costs", "sanitation", "mentoring"]
    since: date
    until: date | None = Field(default=None, description="The last day; empty = it goes on.")

    @property
    def about(self) -> str:
        """One sponsor and kind of support."""
        return f"{self.type_name}:{self.sponsor_code}:{self.support}"


class Immunisation(Part):
    """One dose of a vaccine, or the card's word that the basic set is complete (IDL)."""

    type_name = "immunisation"
    begins = "given_on"

    vaccine: Vaccine = Field(
        description="basic_complete: the card shows the whole basic set, doses not told one by one."
    )
    given_on: date

    @property
    def about(self) -> str:
        """One vaccine and dose."""
        return f"{self.type_name}:{self.vaccine}"


class BreastfeedingRecall(Part):
    """What the mother was asked on a day: whether the infant got nothing but breast milk since yesterday."""

    type_name = "breastfeeding_recall"
    begins = "asked_on"

    asked_on: date
    exclusive: bool = Field(description="Only breast milk in the last 24 hours; medicine and vitamins do not count.")


PARTS: Final[dict[InterventionType, type[Part]]] = {
    part.type_name: part
    for part in (
        SupplementaryFeeding, Supplementation, Sanitation, ParentingEducation, Referral, Sponsorship, Immunisation,
        BreastfeedingRecall,
    )
}  # fmt: skip


class InterventionV1(ChildFact):
    """One thing done for a child, or one course of it."""

    kind: ClassVar[str] = "intervention"

    type: InterventionType
    recorded_at: AwareDatetime = Field(description="When the first revision was stored.")
    source: str = Field(max_length=80, description="Client that it came from.")
    supplementary_feeding: SupplementaryFeeding | None = None
    supplementation: Supplementation | None = None
    sanitation: Sanitation | None = None
    parenting_education: ParentingEducation | None = None
    referral: Referral | None = None
    sponsorship: Sponsorship | None = None
    voided: bool = False
    void_reason: str | None = Field(default=None, max_length=40, description="Code, never free text.")
    immunisation: Immunisation | None = None
    breastfeeding_recall: BreastfeedingRecall | None = None

    @model_validator(mode="after")
    def _one_part(self) -> Self:
        if [name for name in PARTS if getattr(self, name) is not None] != [self.type]:
            raise ValueError("exactly the part of the type must be there")
        return self

    @property
    def part(self) -> Part:
        """What the type says."""
        part: Part = getattr(self, self.type)
        return part
