"""Problems as data: a stable code, a status, and texts in Bahasa Indonesia and English (RFC 9457 on the wire).

A `ProblemKind` is declared once beside the rule it belongs to; raising `KIND.problem(...)` anywhere under a route
gives the client the same shape. No text may quote a name or an NIK: texts are fixed, details name fields and limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Language = Literal["id", "en"]
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field, and what to do. `field` is a dotted path, `value` only where it is harmless."""

    field: str
    code: str
    problem_id: str
    problem_en: str
    remedy_id: str
    remedy_en: str
    value: str | float | bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The wire form; without `value` where there is none to show."""
        shown = {
            "field": self.field,
            "code": self.code,
            "problem_id": self.problem_id,
            "problem_en": self.problem_en,
            "remedy_id": self.remedy_id,
            "remedy_en": self.remedy_en,
        }
        return shown if self.value is None else {**shown, "value": self.value}


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of refusal. `code` never changes its meaning; clients and tests rely on it."""

    code: str
    status: int
    title_id: str
    title_en: str
    remedy_id: str
    remedy_en: str

    def problem(
        self,
        detail_id: str | None = None,
        detail_en: str | None = None,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Problem:
        """An occurrence, to be raised. Give both languages of the detail or neither."""
        return Problem(self, detail_id, detail_en, tuple(errors), dict(headers or {}), dict(extra or {}))


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """One refusal under way to the client."""

    kind: ProblemKind
    detail_id: str | None = None
    detail_en: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.kind.code)

    @property
    def code(self) -> str:
        """The stable code."""
        return self.kind.code

    def as_json(self, language: Language, instance: str, request_id: str) -> dict[str, Any]:
        """The body: title and detail in `language`, the remedy in both."""
        kind = self.kind
        detail = self.detail_id if language == "id" else self.detail_en
        body: dict[str, Any] = {
            "type": f"urn:tumbuh:problem:{kind.code}",
            "title": kind.title_id if language == "id" else kind.title_en,
            "status": kind.status,
            "code": kind.code,
            "instance": instance,
            "remedy_id": kind.remedy_id,
            "remedy_en": kind.remedy_en,
            "request_id": request_id,
            **self.extra,
        }
        if detail is not None:
            body["detail"] = detail
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body
