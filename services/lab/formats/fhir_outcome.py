"""What became of a bundle, as FHIR says it: one OperationOutcome an entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.lab.domain.result_problems import ResultProblem

PROBLEMS: Final = "urn:tumbuh:problem"  # system of our stable codes
# IssueType of the standard; what is not named is a business rule.
ISSUE_TYPES: Final = {
    "structure_invalid": "structure",
    "message_invalid": "structure",
    "reference_missing": "not-found",
    "unknown_order": "not-found",
    "unknown_child": "not-found",
    "value_conflict": "conflict",
    "status_unknown": "required",
    "test_missing": "required",
    "draw_missing": "required",
    "order_or_child_missing": "required",
    "time_without_zone": "value",
    "value_implausible": "value",
    "unit_unknown": "code-invalid",
    "unknown_test": "code-invalid",
    "no_laboratory": "forbidden",
    "laboratory_differs": "forbidden",
}
STATUS: Final = {
    "accepted": "201 Created",
    "corrected": "200 OK",
    "retracted": "200 OK",
    "unchanged": "200 OK",
    "superseded": "200 OK",
    "waiting": "202 Accepted",
    "held": "202 Accepted",
    "conflict": "409 Conflict",
    "rejected": "422 Unprocessable Entity",
}
SAID: Final = {
    "accepted": ("hasil dicatat", "the result was recorded"),
    "corrected": ("hasil dibetulkan", "the result was corrected"),
    "retracted": ("hasil ditarik", "the result was retracted"),
    "unchanged": ("sudah diketahui", "known already"),
    "superseded": ("sudah ada pernyataan yang lebih baru", "a later statement is known"),
    "waiting": ("menunggu hasil akhir", "waits for the final result"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one observation, at its FHIR path."""

    path: str
    outcome: str
    result_id: UUID | None = None
    problems: Sequence[ResultProblem] = ()


def operation_outcome(issues: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The resource."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def issue_of(problem: ResultProblem, *, held: bool = False) -> dict[str, Any]:
    """A problem as an issue: our code, both languages with the remedy, and the FHIR path."""
    problem_id, problem_en, remedy_id, remedy_en = problem.texts()
    return {
        "severity": "warning" if held else "error",
        "code": ISSUE_TYPES.get(problem.code, "business-rule"),
        "details": {
            "coding": [{"system": PROBLEMS, "code": problem.code}],
            "text": f"{problem_id}. {remedy_id} / {problem_en}. {remedy_en}",
        },
        "expression": [problem.field],
    }


def entry_of(said: Sequence[Said], problems: Sequence[ResultProblem]) -> dict[str, Any]:
    """One entry of the answer. Its status is that of the worst observation."""
    order = list(STATUS)
    outcomes = [each.outcome for each in said] + ["rejected"] * bool(problems)
    worst = max(outcomes, key=order.index) if outcomes else "unchanged"
    issues = [issue_of(problem) for problem in problems]
    for each in said:
        issues += [issue_of(problem, held=each.outcome == "held") for problem in each.problems]
        if not each.problems:
            text_id, text_en = SAID[each.outcome]
            issues.append(
                {
                    "severity": "information",
                    "code": "informational",
                    "details": {
                        "coding": [{"system": "urn:tumbuh:outcome", "code": each.outcome}],
                        "text": f"{text_id} / {text_en}",
                    },
                    "expression": [each.path],
                }
            )
    response: dict[str, Any] = {"status": STATUS[worst]}
    if len(said) == 1 and said[0].result_id is not None:
        response["location"] = f"Observation/{said[0].result_id}"
    if issues:
        response["outcome"] = operation_outcome(issues)
    return {"response": response}
