"""What clients send about interventions: the parts are those of the event, so that one description serves both."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.measurement.http.requests import ReasonText
from services.measurement.use_cases.change_interventions import InterventionVoidReason
from shared.contracts.intervention import (
    PARTS,
    BreastfeedingRecall,
    EndClass,
    EndReason,
    Immunisation,
    InterventionType,
    ParentingEducation,
    Part,
    Referral,
    ReplyOutcome,
    Sanitation,
    SentReferral,
    Sponsorship,
    SupplementaryFeeding,
    Supplementation,
)
from shared.http.bodies import Body
from shared.http.row_batch import Rows


class PartsIn(Body):
    """What was done: the one part that is named like the type."""

    supplementary_feeding: SupplementaryFeeding | None = None
    supplementation: Supplementation | None = None
    sanitation: Sanitation | None = None
    parenting_education: ParentingEducation | None = None
    referral: SentReferral | None = None
    sponsorship: Sponsorship | None = None
    immunisation: Immunisation | None = None
    breastfeeding_recall: BreastfeedingRecall | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(getattr(self, name) is not None for name in PARTS) != 1:
            names = ", ".join(PARTS)
            raise PydanticCustomError(
                "one_part_expected",
                "exactly one part",
                {
                    "problem_id": "harus ada tepat satu bagian intervensi",
                    "problem_en": "there must be exactly one part of an intervention",
                    "remedy_id": f"Isi satu saja dari: {names}.",
                    "remedy_en": f"Fill in one only of: {names}.",
                },
            )
        return self

    @property
    def part(self) -> Part:
        """The part; a referral begins without a reply."""
        parts: list[Part] = [part for name in PARTS if (part := getattr(self, name)) is not None]
        return Referral(**vars(parts[0])) if isinstance(parts[0], SentReferral) else parts[0]


class InterventionIn(PartsIn):
    """Something done for a child. `type` may be left out: the part says it."""

    child_id: UUID
    type: InterventionType | None = None

    @model_validator(mode="after")
    def _type_is_that_of_the_part(self) -> Self:
        if self.type is not None and self.type != self.part.type_name:
            raise PydanticCustomError(
                "type_of_another_part",
                "type and part differ",
                {
                    "problem_id": "`type` tidak sama dengan bagian yang diisi",
                    "problem_en": "`type` is not that of the part",
                    "remedy_id": "Samakan `type` dengan nama bagiannya, atau kosongkan.",
                    "remedy_en": "Send the name of the part as `type`, or leave it out.",
                },
            )
        return self


class InterventionsIn(Rows[InterventionIn]):
    """Many interventions; each row is judged by itself."""


class InterventionPatch(PartsIn):
    """The part as it should have been, whole; its type never changes, a referral keeps its reply."""

    reason_text: ReasonText | None = None


class EndIn(Body):
    """How a course ended; `days_given`, `end_class`, `end_reason` only of supplementary feeding."""

    ended_on: date
    days_given: Annotated[int, Field(ge=0, le=366)] | None = None
    end_class: EndClass | None = None
    end_reason: EndReason | None = None


class ReplyIn(Body):
    """The answer to a referral; who answers is the account that sends it."""

    received_on: date
    outcome: ReplyOutcome
    reason_text: ReasonText | None = None


class VoidInterventionIn(Body):
    """Why an intervention never was."""

    reason: InterventionVoidReason
    reason_text: ReasonText | None = None
