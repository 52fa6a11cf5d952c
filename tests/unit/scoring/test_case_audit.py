"""The sheet of a case audit: two cycles a year, owners, days, ends with evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.scoring.domain.case_audit import Recommendation, Sheet, TookPart, sheet_problems
from services.scoring.http.case_audit_requests import AUDIT_PROBLEMS

OPENED, HELD, TODAY = date(2026, 3, 1), date(2026, 4, 10), date(2026, 5, 4)
OPEN = Recommendation(text="Sambungkan air bersih", due_on=date(2026, 6, 30), owner_office="DPUPR")
SHEET = Sheet(held_on=HELD, participants=(TookPart("clinician", "dr-4"),), recommendations=(OPEN,))
DONE: dict[str, Any] = {"state": "done", "ended_on": date(2026, 5, 1), "evidence": "Foto sambungan"}


@pytest.mark.parametrize(
    ("held_on", "cycle"),
    [
        (date(2026, 1, 1), "2026-1"), (date(2026, 6, 30), "2026-1"), (date(2026, 7, 1), "2026-2"),
        (date(2026, 12, 31), "2026-2"),
    ],
)  # fmt: skip
def test_a_year_has_two_cycles(held_on: date, cycle: str) -> None:
    assert replace(SHEET, held_on=held_on).cycle == cycle


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"held_on": OPENED}, None),
        ({"held_on": date(2026, 2, 28)}, "audit_before_case"),
        ({"held_on": TODAY}, None),
        ({"held_on": date(2026, 5, 5)}, "audit_in_future"),
        ({"participants": ()}, "audit_nobody"),
    ],
)
def test_a_sheet_is_of_a_day_that_was_and_of_people(changes: dict[str, Any], code: str | None) -> None:
    found = [code for _, code in sheet_problems(replace(SHEET, **changes), OPENED, TODAY)]
    assert found == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({}, None, None),
        (DONE, None, None),
        ({**DONE, "ended_on": HELD}, None, None),
        ({**DONE, "ended_on": TODAY, "state": "dropped"}, None, None),
        ({"owner_office": None}, "owner_role", "audit_one_owner"),
        ({"owner_role": "kader"}, "owner_role", "audit_one_owner"),
        ({"owner_role": "kader", "owner_office": None}, None, None),
        ({"due_on": HELD}, None, None),
        ({"due_on": date(2026, 4, 9)}, "due_on", "audit_due_before"),
        ({"evidence": "Foto"}, "state", "audit_open_has_no_end"),
        ({**DONE, "ended_on": None}, "ended_on", "audit_end_day"),
        ({**DONE, "ended_on": date(2026, 4, 9)}, "ended_on", "audit_end_day"),
        ({**DONE, "ended_on": date(2026, 5, 5)}, "ended_on", "audit_end_day"),
        ({**DONE, "evidence": None}, "evidence", "audit_evidence_missing"),
    ],
)
def test_a_recommendation_has_one_owner_a_day_and_an_end_with_evidence(
    changes: dict[str, Any], field: str | None, code: str | None
) -> None:
    sheet = replace(SHEET, recommendations=(OPEN, replace(OPEN, **changes)))
    expected = [] if code is None else [(f"recommendations.1.{field}", code)]
    assert sheet_problems(sheet, OPENED, TODAY) == expected


def test_a_recommendation_is_overdue_the_day_after_it_was_due_while_it_is_open() -> None:
    assert not OPEN.is_overdue(date(2026, 6, 30))
    assert OPEN.is_overdue(date(2026, 7, 1))
    assert not replace(OPEN, **DONE).is_overdue(date(2026, 7, 1))


def test_every_problem_of_a_sheet_says_what_to_do_in_both_languages() -> None:
    for texts in AUDIT_PROBLEMS.values():
        assert len(texts) == len({*texts}) == 4
        assert all(text.endswith(".") for text in texts[2:])
