"""What clients send to the board and to the list of decisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.reporting.domain.aksi_values import UNSEEN, Entry
from services.reporting.domain.decisions import DecisionState, Evidence
from services.reporting.http.forms import DAY_IN_TIME, DESA, KECAMATAN, AreaText, code_form
from shared.http.bodies import Body
from shared.http.row_batch import Rows
from shared.redaction import mask_text

_NIK: dict[str, object] = {
    "problem_id": "keterangan berisi angka yang tampak seperti NIK",
    "problem_en": "the text holds what looks like an NIK",
    "remedy_id": "Tulis tanpa NIK dan tanpa nama.",
    "remedy_en": "Write it without an NIK and without names.",
}


def _no_nik(value: str) -> str:
    if mask_text(value) != value:
        raise PydanticCustomError("nik_in_text", "refused", _NIK)
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"),
    AfterValidator(_no_nik),
]
Reference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_no_nik),
]
DesaCode = Annotated[str, Field(json_schema_extra={"pattern": DESA}, examples=["12.19.01.2003"]), code_form(DESA)]
AreaCode = AreaText
KecamatanCode = Annotated[
    str, Field(json_schema_extra={"pattern": KECAMATAN}, examples=["12.19.01"]), code_form(KECAMATAN)
]
IndicatorCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9._-]{0,15}$"), Field(examples=["DS1"])]
AksiCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$"), Field(examples=["analisis-situasi"])]
Office = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_.-]{1,39}$"), Field(examples=["DINKES"])]


class ValueIn(Body):
    """A whole number, or null with the reason why it is not known; `reason` also where it differs from our facts."""

    value: int | None
    reason: Text | None = None

    def entry(self, desa_code: str, indicator_code: str, seen: int) -> Entry:
        """Of a cell, in place of the revision `seen`."""
        return Entry(desa_code, indicator_code, self.value, self.reason, seen)


class ValueRow(ValueIn):
    """One cell. `seen`: its `revision` as it was read; 0 = there was none."""

    desa_code: DesaCode
    indicator_code: IndicatorCode
    seen: Annotated[int, Field(ge=UNSEEN)]

    def row(self) -> Entry:
        """As an entry."""
        return self.entry(self.desa_code, self.indicator_code, self.seen)


class ValuesIn(Rows[ValueRow]):
    """Many cells; each is judged by itself."""


class StatementIn(Body):
    """What was done in an action that takes no values, and what shows it (number of a letter, minutes, a link)."""

    text: Text
    evidence: Reference


class PrefillIn(Body):
    """Fill in what our facts say, as known at the end of `as_of`; without it of yesterday."""

    as_of: Annotated[date | None, DAY_IN_TIME] = None


class MoveIn(Body):
    """Which units of an action: all of the area, or those named."""

    aksi: AksiCode
    units: Annotated[list[AreaCode], Field(min_length=1, max_length=400)] | None = None


class MoveWithReason(MoveIn):
    """And why."""

    reason: Text


class SubmitIn(Body):
    """Which action of a kabupaten and year to send."""

    year: Annotated[int, Field(ge=2000, le=2100)]
    area: AreaCode
    aksi: AksiCode


class ReasonIn(Body):
    """Why something is to be revised or was rejected; where it concerns one cell, which."""

    text_id: Text
    desa_code: DesaCode | None = None
    indicator_code: IndicatorCode | None = None


Reasons = Annotated[list[ReasonIn], Field(max_length=500)]


class ReviewIn(Body):
    """The province's review: accepted, or the kecamatan to revise with the reasons."""

    outcome: Literal["accepted", "revision_requested"]
    revise: Annotated[list[KecamatanCode], Field(max_length=60)] = Field(default_factory=list)
    reasons: Reasons = Field(default_factory=list)
    reference: Reference | None = None


class AcknowledgementIn(Body):
    """What the receiving system says; `reference`: its own number of what it stored."""

    outcome: Literal["accepted", "rejected"]
    reasons: Reasons = Field(default_factory=list)
    reference: Reference | None = None


class ColumnsIn(Body):
    """Where a sheet has what: column letters, from `first_row` on; desa by code or by name in `area_column`."""

    sheet: Annotated[str, Field(min_length=1, max_length=31)]
    area_column: Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")]
    area_by: Literal["code", "name"]
    first_row: Annotated[int, Field(ge=1, le=10_000)]
    columns: dict[IndicatorCode, Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")]]


class MappingIn(Body):
    """Of every sheet that is filled."""

    sheets: Annotated[list[ColumnsIn], Field(min_length=1, max_length=20)]


class EvidenceIn(Body):
    """What shows how far a decision is."""

    kind: Literal["letter", "minutes", "report", "photo", "budget", "link", "other"]
    reference: Reference
    text: Text | None = None

    def evidence(self) -> Evidence:
        """As it is kept."""
        return Evidence(self.kind, self.reference, self.text)


class DecisionIn(Body):
    """A recommendation of the TPPS: who must do what until when."""

    area_code: AreaCode
    text: Text
    owner: Office
    met_on: date
    due_on: date


class DecisionPatch(Body):
    """What becomes of it; fields that are left out stay. `reason` is needed to drop it or to open it again."""

    text: Text = ""
    owner: Office = ""
    due_on: date = Field(default=date.min)
    state: DecisionState = "open"
    reason: Text | None = None

    def changes(self) -> dict[str, object]:
        """What the client named."""
        return {name: getattr(self, name) for name in self.model_fields_set}
