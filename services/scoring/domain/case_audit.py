"""Audit kasus stunting (AKS): the sheet of one case in one of the two cycles of a year, and its recommendations.

Causes and factors are codes, so that cycles can be compared; what people write beside them stays in the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

SECOND_CYCLE_FROM_MONTH: Final = 7  # two cycles a year: January to June, July to December
Participant = Literal[
    "clinician", "paediatrician", "psychologist", "nutritionist", "midwife", "family_planning_officer", "village_head",
    "kader", "district_office", "other",
]  # fmt: skip
Factor = Literal[
    "feeding", "illness", "antenatal", "birth", "sanitation", "parenting", "service_access", "economy", "other"
]
Cause = Literal[
    "inadequate_feeding", "repeated_infection", "chronic_disease", "born_small", "maternal_factor", "poor_sanitation",
    "poor_parenting", "services_not_reached", "genetic_or_congenital", "poverty", "not_found", "other",
]  # fmt: skip
OwnerRole = Literal["kader", "puskesmas", "clinician", "laboratory", "district", "village"]
RecommendationState = Literal["open", "done", "dropped"]


@dataclass(frozen=True, slots=True)
class TookPart:
    """Who took part, by role and, where the person has one, account: never by name."""

    role: Participant
    account: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What was found of a factor."""

    factor: Factor
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What somebody must do until when. Owned by a role or by an office of the district (OPD, by its code)."""

    text: str
    due_on: date
    owner_role: OwnerRole | None = None
    owner_office: str | None = None
    state: RecommendationState = "open"
    ended_on: date | None = None
    evidence: str | None = None  # what shows that it was done, or why it was dropped

    def is_overdue(self, today: date) -> bool:
        """Open, and its day gone by."""
        return self.state == "open" and self.due_on < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet of one case; the number of a recommendation is its place, from 1, for ever."""

    held_on: date
    participants: tuple[TookPart, ...]
    findings: tuple[AuditFinding, ...] = ()
    causes: tuple[Cause, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()

    @property
    def cycle(self) -> str:
        """The half-year in which it was held: `2026-1`, `2026-2`."""
        return f"{self.held_on.year}-{1 if self.held_on.month < SECOND_CYCLE_FROM_MONTH else 2}"


def sheet_problems(sheet: Sheet, opened_on: date, today: date) -> list[tuple[str, str]]:
    """(field, code) of everything that is wrong with a sheet about a case opened on that day."""
    found = []
    if sheet.held_on > today:
        found.append(("held_on", "audit_in_future"))
    if sheet.held_on < opened_on:
        found.append(("held_on", "audit_before_case"))
    if not sheet.participants:
        found.append(("participants", "audit_nobody"))
    for place, recommendation in enumerate(sheet.recommendations):
        found += [(f"recommendations.{place}.{name}", code) for name, code in _wrong(recommendation, sheet, today)]
    return found


def _wrong(each: Recommendation, sheet: Sheet, today: date) -> Iterator[tuple[str, str]]:
    if (each.owner_role is None) == (each.owner_office is None):
        yield "owner_role", "audit_one_owner"
    if each.due_on < sheet.held_on:
        yield "due_on", "audit_due_before"
    if each.state == "open":
        if each.ended_on is not None or each.evidence is not None:
            yield "state", "audit_open_has_no_end"
        return
    if each.ended_on is None or not sheet.held_on <= each.ended_on <= today:
        yield "ended_on", "audit_end_day"
    if each.evidence is None:
        yield "evidence", "audit_evidence_missing"
