"""Every refusal of a move or of the end of a task is a problem with a remedy in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.scoring.http.refusals import KINDS, refusals
from services.scoring.use_cases.complete_follow_up import FollowUpRefusedError
from shared.problems import Problem

SCORING = Path(__file__).parents[3] / "services" / "scoring"
SOURCES = (
    *("domain/case.py", "use_cases/move_case.py", "use_cases/accept_hint.py"),
    *("use_cases/complete_follow_up.py", "use_cases/snooze_follow_up.py", "use_cases/assess_case.py"),
)
RAISED = {
    code
    for name in SOURCES
    for code in re.findall(
        r'(?:IllegalMove|FollowUpRefused|HintRefused)Error\("(\w+)"', (SCORING / name).read_text("utf-8")
    )
}
NEVER_ASKED = {"milestone_missing", "not_moved_out"}  # of moves that no request can ask for


def test_every_code_that_is_raised_has_a_problem_and_no_problem_is_idle() -> None:
    assert set(KINDS) == RAISED - NEVER_ASKED


@pytest.mark.parametrize("code", sorted(KINDS))
def test_a_refusal_says_what_to_do_in_both_languages(code: str) -> None:
    kind = KINDS[code]
    assert kind.status in {409, 422}
    for text in (kind.title_id, kind.title_en, kind.remedy_id, kind.remedy_en):
        assert len(text) > 10
    assert kind.remedy_id != kind.remedy_en
    with pytest.raises(Problem) as told, refusals():
        raise FollowUpRefusedError(code, "why")
    assert told.value.code == code
