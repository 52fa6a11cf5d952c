"""What clients send about a case audit, and what is said of a sheet that cannot be kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.scoring.domain.case_audit import (
    AuditFinding,
    Cause,
    Factor,
    OwnerRole,
    Participant,
    Recommendation,
    RecommendationState,
    Sheet,
    TookPart,
)
from shared.http.bodies import Body
from shared.problems import ProblemKind
from shared.redaction import mask_text

# Field problems by code: problem and remedy, in Bahasa Indonesia and English.
AUDIT_PROBLEMS: Final[dict[str, tuple[str, str, str, str]]] = {
    "audit_in_future": (
        "audit belum berlangsung", "the audit has not taken place yet",
        "Isi hari audit yang sudah berlangsung.", "Give the day of an audit that has taken place."),
    "audit_before_case": (
        "audit sebelum kasus dibuka", "the audit lies before the case was opened",
        "Periksa `held_on` dan kasusnya.", "Check `held_on` and the case."),
    "audit_nobody": (
        "tidak ada peserta", "nobody took part",
        "Sebut paling sedikit satu peserta dengan perannya.", "Name one participant at least, by role."),
    "audit_one_owner": (
        "penanggung jawab tidak ada, atau ada dua", "there is no owner, or there are two",
        "Isi `owner_role` atau `owner_office` (kode OPD), salah satu.",
        "Give `owner_role` or `owner_office`, one of them."),
    "audit_due_before": (
        "batas waktu sebelum hari audit", "due before the audit was held",
        "Pilih tanggal pada hari audit atau sesudahnya.", "Choose the day of the audit or a later one."),
    "audit_open_has_no_end": (
        "rekomendasi yang terbuka belum punya akhir", "an open recommendation has no end yet",
        "Kosongkan `ended_on` dan `evidence`, atau ubah `state`.",
        "Leave `ended_on` and `evidence` out, or change `state`."),
    "audit_end_day": (
        "hari selesai tidak ada, sebelum audit, atau belum tiba",
        "the day of the end is missing, too early or to come",
        "Isi `ended_on` antara hari audit dan hari ini.", "Give `ended_on` between the day of the audit and today."),
    "audit_evidence_missing": (
        "tidak ada bukti atau alasan", "there is no evidence or reason",
        "Isi `evidence`: apa yang menunjukkan selesainya, atau mengapa dihentikan.",
        "Give `evidence`: what shows that it was done, or why it was dropped."),
}  # fmt: skip
AUDIT_EXISTS: Final = ProblemKind(
    code="audit_exists",
    status=409,
    title_id="Kasus ini sudah diaudit pada siklus itu",
    title_en="This case was audited in that cycle",
    remedy_id="Cari lembarnya dengan `GET /v1/case-audits?cycle=` lalu ubah dengan PATCH.",
    remedy_en="Find its sheet by `GET /v1/case-audits?cycle=` and change it by PATCH.",
)
SHEET_REFUSED: Final = ProblemKind(
    code="sheet_refused",
    status=422,
    title_id="Lembar audit tidak dapat disimpan",
    title_en="The sheet of the audit cannot be kept",
    remedy_id="Perbaiki isian yang disebut di `errors`, lalu kirim ulang.",
    remedy_en="Correct what `errors` names and send it again.",
)


def _no_nik(value: str) -> str:
    if mask_text(value) != value:
        texts = {
            "problem_id": "keterangan berisi angka yang tampak seperti NIK",
            "problem_en": "the text holds what looks like an NIK",
            "remedy_id": "Tulis tanpa NIK dan tanpa nama.",
            "remedy_en": "Write it without an NIK and without names.",
        }
        raise PydanticCustomError("nik_in_text", "refused", texts)
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_no_nik),
]
Account = Annotated[str, StringConstraints(pattern=r"^[\w.@:-]{1,80}$")]
Office = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_.-]{1,39}$"), Field(examples=["DINKES", "DPUPR"])]


class ParticipantIn(Body):
    """Who took part: the role, and the account where there is one; no names."""

    role: Participant
    account: Account | None = None


class FindingIn(Body):
    """What was found of a factor; no names."""

    factor: Factor
    text: Text


class RecommendationIn(Body):
    """What somebody must do until when; one owner, a role or an office of the district."""

    text: Text
    due_on: date
    owner_role: OwnerRole | None = None
    owner_office: Office | None = None

    def recommendation(self) -> Recommendation:
        """As the sheet has it."""
        return Recommendation(**dict(self))


class RecommendationPatch(Body):
    """What became of it; fields that are left out stay, null empties one."""

    text: Text = ""
    due_on: date = Field(default=date.min)
    owner_role: OwnerRole | None = None
    owner_office: Office | None = None
    state: RecommendationState = "open"
    ended_on: date | None = None
    evidence: Text | None = None

    def changes(self) -> dict[str, Any]:
        """What the client named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


Participants = Annotated[list[ParticipantIn], Field(max_length=40)]
Findings = Annotated[list[FindingIn], Field(max_length=40)]
Causes = Annotated[list[Cause], Field(max_length=12)]


def _took_part(given: list[ParticipantIn]) -> tuple[TookPart, ...]:
    return tuple(TookPart(each.role, each.account) for each in given)


def _found(given: list[FindingIn]) -> tuple[AuditFinding, ...]:
    return tuple(AuditFinding(each.factor, each.text) for each in given)


def _causes(given: list[Cause]) -> tuple[Cause, ...]:
    return tuple(dict.fromkeys(given))


class AuditIn(Body):
    """The sheet of a case."""

    case_id: UUID
    held_on: date
    participants: Participants
    findings: Findings = Field(default_factory=list)
    causes: Causes = Field(default_factory=list)
    recommendations: Annotated[list[RecommendationIn], Field(max_length=100)] = Field(default_factory=list)

    def sheet(self) -> Sheet:
        """As it is kept."""
        return Sheet(
            held_on=self.held_on,
            participants=_took_part(self.participants),
            findings=_found(self.findings),
            causes=_causes(self.causes),
            recommendations=tuple(each.recommendation() for each in self.recommendations),
        )


class SheetPatch(Body):
    """Fields of the sheet to change."""

    held_on: date = Field(default=date.min)
    participants: Participants = Field(default_factory=list)
    findings: Findings = Field(default_factory=list)
    causes: Causes = Field(default_factory=list)

    def changes(self) -> dict[str, Any]:
        """What the client named, as the sheet has it."""
        whole = {
            "held_on": self.held_on,
            "participants": _took_part(self.participants),
            "findings": _found(self.findings),
            "causes": _causes(self.causes),
        }
        return {name: whole[name] for name in self.model_fields_set}
