"""Risks of the family beside the status, on real PostgreSQL: seen, told, and never a tier."""

import uuid
from typing import Any

from shared.contracts.child import HouseholdAnswer
from tests.integration.scoring.doors_desk import Desk, child, days_ago
from tests.integration.scoring.evidence import visit


async def test_what_is_known_of_the_family_is_told_and_moves_no_tier(desk: Desk) -> None:
    child_id, plain = uuid.uuid4(), uuid.uuid4()
    born: dict[str, Any] = {"birth_weight_kg": 3.1, "birth_length_cm": 47.5}
    for each in (child_id, plain):
        await desk.arrive(child(each, **born), visit(each, days_ago(5), 11.0, 82.0))
    before = await desk.get(f"/v1/children/{child_id}/status")
    assert {risk["answer"] for risk in before["household_risk"]["verified"]} == {"unknown"}
    household = tuple(
        HouseholdAnswer(risk=risk, answer="yes", as_of=days_ago(30), source="bkkbn")
        for risk in ("no_proper_latrine", "mother_under_20", "stunted_sibling", "tb_contact")
    )
    risks = tuple(answer.risk for answer in household)
    await desk.arrive(child(child_id, 2, **born, household=household, household_risks=risks))
    after = await desk.get(f"/v1/children/{child_id}/status")
    beside = after.pop("household_risk")
    assert after == {name: value for name, value in before.items() if name != "household_risk"}
    assert len(await desk.published("risk-status")) == 2  # one a child: the family made no new status
    answers = {risk["risk"]: risk["answer"] for risk in (*beside["verified"], *beside["ours"])}
    assert {risk for risk, answer in answers.items() if answer == "yes"} == {*risks, "short_at_birth"}
    assert answers["low_birth_weight"] == "no"
    latrine = next(risk for risk in beside["verified"] if risk["risk"] == "no_proper_latrine")
    assert latrine["text_id"] == f"Keluarga tidak punya jamban layak: ya (bkkbn, {days_ago(30).isoformat()})"
    assert "tidak ditentukan olehnya" in beside["note_id"]
    explained = await desk.get(f"/v1/children/{child_id}/explanation?lang=en")
    section = next(each for each in explained["sections"] if each["section"] == "household")
    assert {line["code"] for line in section["lines"]} == {*risks, "short_at_birth"}
