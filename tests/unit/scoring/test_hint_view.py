"""A hint in plain words, and what a person may send to settle it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.scoring.domain.plausibility.verdicts import EVIDENCE_CODES
from services.scoring.domain.texts import Words
from services.scoring.use_cases.hint_view import hint_text, hint_view, settled_by
from shared.contracts.export import EXAMPLES
from shared.contracts.hint import HintV1

VISIT = UUID("01939a3e-7d10-7c31-9c41-1123456789ab")


def hint(evidence: dict[str, Any], **changes: Any) -> HintV1:
    """The example of a weight times ten, changed."""
    base = HintV1.read((EXAMPLES / "hint/1/times-ten-open.json").read_bytes())
    return base.model_copy(update={"evidence": base.evidence.model_copy(update=evidence), **changes})


def test_the_sentence_names_the_value_what_was_expected_and_what_was_probably_meant() -> None:
    doubted = hint({"value": 102.0, "expected": 10.14, "proposed_value": 10.2})
    assert hint_text(doubted, Words("id")) == (
        "Berat 102 kg (14 April 2026), diharapkan sekitar 10,1 kg: mungkin koma hilang, yang benar mungkin 10,2 kg."
    )
    assert hint_text(doubted, Words("en")) == (
        "Weight 102 kg, measured on 14 April 2026, expected about 10.1 kg; the decimal point may be missing, "
        "10.2 kg may be right."
    )


@pytest.mark.parametrize("code", EVIDENCE_CODES[1:])
def test_every_evidence_makes_a_whole_sentence_with_and_without_a_proposal(code: str) -> None:
    for proposed in (10.2, None):
        for expected in (10.14, None):
            view = hint_view(hint({"code": code, "proposed_value": proposed, "expected": expected}))
            for text in (view["text_id"], view["text_en"]):
                assert text.endswith(".")
                assert "{" not in text
                assert "_" not in text


def test_a_hint_says_which_requests_settle_it() -> None:
    assert settled_by(hint({"proposed_value": 5.4})) == {
        "correct": {"method": "PATCH", "path": f"/v1/measurements/{VISIT}", "body": {"weight_kg": 5.4}},
        "void": {"method": "POST", "path": f"/v1/measurements/{VISIT}:void"},
    }


def test_a_wrong_birth_date_is_corrected_on_the_child() -> None:
    doubted = hint(
        {"code": "other_birth_date", "proposed_value": None, "proposed_birth_date": date(2025, 3, 9)},
        error_kind="wrong_birth_date",
    )
    assert settled_by(doubted)["correct"] == {
        "method": "PATCH",
        "path": f"/v1/children/{doubted.child_id}",
        "body": {"birth_date": date(2025, 3, 9)},
    }


def test_a_hint_that_does_not_hold_any_more_asks_for_nothing() -> None:
    assert "settled_by" not in hint_view(hint({}, state="withdrawn"))
