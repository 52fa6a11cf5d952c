"""What clients send, field by field; units are in the names."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from services.measurement.domain.entry_problems import words_of
from services.measurement.domain.nik import bare_digits, broken_hard_rules, read_nik
from services.measurement.domain.places import MappedKind
from services.measurement.domain.plausible import BIRTH_LENGTH_CM, BIRTH_WEIGHT_KG
from services.measurement.use_cases.answer_held_rows import RejectReason
from services.measurement.use_cases.correct_measurements import VoidReason
from services.measurement.use_cases.visits import NewMeasurement, VisitValues
from shared.contracts.child import HouseholdRisk, Sex
from shared.contracts.fact import DesaCode, PosyanduCode
from shared.http.bodies import Body
from shared.http.row_batch import Rows
from shared.redaction import mask_text

Purpose = Literal["care", "correction", "matching", "report"]


def _refused(code: str) -> PydanticCustomError:
    words = words_of(code)
    texts = {
        "problem_id": words.text_id,
        "problem_en": words.text_en,
        "remedy_id": f"{words.remedy_id}.",
        "remedy_en": f"{words.remedy_en}.",
    }
    return PydanticCustomError(code, "refused", texts)


def _nik(value: str) -> str:
    """Read as a cell of a file is: without an apostrophe, blanks or dots; damaged by a spreadsheet, it says so."""
    digits, problem, *_ = read_nik(value)
    if digits is None:
        raise _refused("nik_damaged" if problem == "nik_damaged" else broken_hard_rules(bare_digits(value))[0])
    return digits


Nik = Annotated[str, AfterValidator(_nik)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
BirthWeight = Annotated[float, Field(ge=BIRTH_WEIGHT_KG.lowest, le=BIRTH_WEIGHT_KG.highest)]
BirthLength = Annotated[float, Field(ge=BIRTH_LENGTH_CM.lowest, le=BIRTH_LENGTH_CM.highest)]
Weeks = Annotated[int, Field(ge=20, le=45)]
GrowthCard = Annotated[bool | None, Field(description="Has a KMS card or KIA book (K of SKDN); null = not known.")]


def _reason(value: str) -> str:
    if mask_text(value) != value:
        raise _refused("nik_in_text")
    return value


ReasonText = Annotated[
    str,
    AfterValidator(_reason),
    Field(min_length=1, max_length=200, description="Why, in a few words for the history; no names, no NIK."),
]


class IdentityIn(Body):
    """Who a child is; sealed, never in events or logs."""

    nik: Nik | None = None
    name: Text | None = None
    parent_name: Text | None = None
    address: Text | None = None
    rt: Annotated[str, Field(max_length=10)] | None = None
    rw: Annotated[str, Field(max_length=10)] | None = None
    phone: Annotated[str, Field(max_length=30)] | None = None


class ChildIn(Body):
    """A child to register. `resident_since` is today where it is left out."""

    identity: IdentityIn
    sex: Sex
    birth_date: date
    desa_code: DesaCode
    posyandu_code: PosyanduCode | None = None
    resident_since: date | None = None
    birth_weight_kg: BirthWeight | None = None
    birth_length_cm: BirthLength | None = None
    gestation_weeks: Weeks | None = None
    household_risks: tuple[HouseholdRisk, ...] = ()
    has_growth_card: GrowthCard = None


class ChildPatch(Body):
    """Fields to change; null empties one where that is possible."""

    identity: IdentityIn | None = None
    sex: Sex | None = None
    birth_date: date = Field(default=date.min)
    birth_weight_kg: BirthWeight | None = None
    birth_length_cm: BirthLength | None = None
    gestation_weeks: Weeks | None = None
    household_risks: tuple[HouseholdRisk, ...] = ()
    died_on: date | None = None
    departed_on: date | None = None
    has_growth_card: GrowthCard = None
    reason_text: ReasonText | None = None


class RelocationIn(Body):
    """A move: where the child lives from a day on."""

    valid_from: date
    desa_code: DesaCode
    posyandu_code: PosyanduCode | None = None
    reason_text: ReasonText | None = None


class MeasurementIn(NewMeasurement, Body):
    """One visit. `desa_code` and `posyandu_code` say where it was measured; the child's residence stays as it is."""


class MeasurementPatch(VisitValues, Body):
    """Values to correct; null empties one. The child of a measurement never changes."""

    measured_on: date = Field(default=date.min)
    reason_text: ReasonText | None = None


class ReviewValues(VisitValues, Body):
    """What a held row should have said; null empties a value. Who, when and where are of file rows, mostly.

    `desa_code`, `posyandu_code`, `child_id` answer a row that could not be placed.
    """

    child_id: UUID = Field(default=UUID(int=0))
    measured_on: date = Field(default=date.min)
    sex: Sex | None = None
    birth_date: date = Field(default=date.min)
    nik: Nik | None = None
    name: Text | None = None


class ReviewAllIn(Body):
    """One answer to all open rows of one reason, of one file or of all: as proposed, or rejected with a reason."""

    answer: Literal["accepted", "rejected"]
    reason: Annotated[str, Field(min_length=1, max_length=60)]
    intake_id: UUID | None = None
    reject_reason: RejectReason | None = None
    note: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.answer == "rejected") != (self.reject_reason is not None):
            raise PydanticCustomError(
                "reject_reason_missing",
                "a reason belongs to a rejection",
                {
                    "problem_id": "`reject_reason` hanya untuk penolakan, dan wajib di sana",
                    "problem_en": "`reject_reason` belongs to a rejection, and to nothing else",
                    "remedy_id": "Isi `reject_reason` bila menolak; kosongkan bila menerima usulan.",
                    "remedy_en": "State `reject_reason` when rejecting; leave it out when accepting.",
                },
            )
        return self


class RejectIn(Body):
    """Why a held row is not taken; `note` without names, it is kept as it is written."""

    reason: RejectReason
    note: Annotated[str, Field(max_length=200)] | None = None


class MeasurementsIn(Rows[MeasurementIn]):
    """Many visits; each row is judged by itself."""


class VoidIn(Body):
    """Why a measurement never was."""

    reason: VoidReason
    reason_text: ReasonText | None = None


class MergeIn(Body):
    """Two records of one child, as a person found: `child_id` becomes an alias of `survivor_id`."""

    child_id: UUID
    survivor_id: UUID
    reason_text: ReasonText | None = None


class UnmergeIn(Body):
    """A child that stands by itself again."""

    child_id: UUID
    reason_text: ReasonText | None = None


class CandidateAnswer(Body):
    """What a person says of two records that may be one child."""

    reason_text: ReasonText | None = None


class CommitIn(Body):
    """Stop reasons that a person has looked at and confirms."""

    confirm_stop_reasons: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20)] = Field(
        default_factory=list
    )


class MappedName(Body):
    """A name as the queue has it."""

    kind: MappedKind
    parent_code: Annotated[str, Field(max_length=20)]
    name: Annotated[str, Field(min_length=1, max_length=120)]


class MappingIn(MappedName):
    """What a name in files means: a code of the register."""

    code: Annotated[str, Field(min_length=2, max_length=40)]


class VoidFileIn(Body):
    """Why a whole file is taken back."""

    reason: Literal["wrong_file", "wrong_period", "wrong_area", "columns_mixed_up", "test_upload", "entered_in_error"]


Word = Annotated[str, Field(min_length=1, max_length=80)]
Words = Annotated[list[Word], Field(max_length=50)]
FieldName = Annotated[str, Field(max_length=40)]


class ProfileIn(Body):
    """A profile or its next version: what heads and words mean, which fields a file must and must not have.

    `date_order` is used where a file with one of these heads does not itself tell day from month.
    """

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\w\u2032 .-]+$")]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    effective_from: date | None = None
    heads: Annotated[dict[FieldName, Words], Field(max_length=60)] = Field(default_factory=dict)
    words: Annotated[dict[FieldName, dict[FieldName, Words]], Field(max_length=20)] = Field(default_factory=dict)
    needs: Annotated[list[FieldName], Field(max_length=60)]
    lacks: Annotated[list[FieldName], Field(max_length=60)] = Field(default_factory=list)
    date_order: Literal["D/M/Y", "M/D/Y"] | None = None


NO_VALUES: Final = frozenset({"reason_text", "identity"})  # of a correction: said about it or kept elsewhere


def stated(body: Body) -> dict[str, Any]:
    """The values that the client named, null or not."""
    return {name: getattr(body, name) for name in sorted(body.model_fields_set - NO_VALUES)}
