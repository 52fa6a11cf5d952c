"""Danger signs from the fact to the work list, on real PostgreSQL."""

import uuid
from typing import Any

from tests.integration.scoring.doors_desk import Desk, child, days_ago
from tests.integration.scoring.evidence import visit


def lines(explained: dict[str, Any], section: str) -> str:
    return " ".join(
        line["text"] for each in explained["sections"] if each["section"] == section for line in each["lines"]
    )


async def test_a_sign_makes_a_case_an_assessment_within_a_day_and_plain_words_until_a_visit_states_none(
    desk: Desk,
) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(
        child(child_id),
        visit(child_id, days_ago(9), 11.0, 82.0),
        visit(child_id, days_ago(2), None, None, danger_signs=("convulsions",), temperature_c=39.2),
        visit(child_id, days_ago(1), 11.0, 82.0),
    )
    status = await desk.get(f"/v1/children/{child_id}/status")
    assert status["tier"] == "urgent"
    (reason,) = [each for each in status["reasons"] if each["rule_id"] == "danger_sign"]
    assert reason["signs"] == ["convulsions", "very_high_temperature"]
    (task,) = [
        row for row in (await desk.get("/v1/follow-ups"))["items"] if row["content"]["task"] == "urgent_assessment"
    ]
    assert task["content"]["due_on"] == days_ago(-1).isoformat()
    explained = await desk.get(f"/v1/children/{child_id}/explanation")
    assert "kejang, suhu badan sangat tinggi" in lines(explained, "growth")
    assert "Tanda bahaya" in lines(explained, "unknown")
    assert "convulsions" in str(await desk.get(f"/v1/children/{child_id}/explanation?lang=en"))
    missing = {row["missing"]: row["owner_role"] for row in (await desk.get("/v1/missing-tests"))["items"]}
    assert missing["check_danger_signs"] == "puskesmas"

    case = await desk.case_of(child_id)
    remeasured = visit(child_id, days_ago(0), 11.0, 82.0, is_remeasurement=True, danger_signs=())
    await desk.arrive(remeasured)
    status = await desk.get(f"/v1/children/{child_id}/status")
    assert status["tier"] != "urgent"
    after = await desk.case_of(child_id)
    assert (case["state"], after["state"]) == ("open", "open")  # who was in danger is let go by a person
