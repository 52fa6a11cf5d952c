"""Gizi buruk as a service: what a clinician finds, where the child is cared for, on real PostgreSQL."""

import uuid
from typing import Any

from tests.integration.scoring.doors_desk import Desk, child, days_ago
from tests.integration.scoring.evidence import visit


async def assess(desk: Desk, case: dict[str, Any], **found: Any) -> Any:
    body = {"on": days_ago(0).isoformat(), **found}
    return await desk.send("POST", f"/v1/cases/{case['fact_id']}:assess", body, etag=case["etag"])


async def open_tasks(desk: Desk) -> set[str]:
    return {item["task"] for item in (await desk.get("/v1/follow-ups"))["items"]}


async def test_the_place_of_care_is_open_until_it_is_known_and_then_ends_the_urgent_assessment(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(1), 8.4, 78.0, muac_cm=11.0, oedema=False))
    case = await desk.get(f"/v1/cases/{(await desk.case_of(child_id))['fact_id']}")
    care = case["place_of_care"]
    assert (care["place"], care["missing"]) == ("indeterminate", ["check_complications", "test_appetite"])
    assert "uji nafsu makan" in care["text_id"]
    half = (await assess(desk, case, appetite="passed")).json()
    assert half["place_of_care"]["missing"] == ["check_complications"]
    assert "urgent_assessment" in await open_tasks(desk)
    whole = (await assess(desk, half, appetite="passed", complications=[])).json()
    assert (whole["place_of_care"]["place"], whole["content"]["clinical_assessments"]) == (
        "outpatient",
        [
            {
                "on": days_ago(0).isoformat(),
                "by": "person-1",
                "appetite": "passed",
                "complications": [],
                "oedema_grade": None,
            }
        ],
    )
    assert "urgent_assessment" not in await open_tasks(desk)
    sick = (await assess(desk, whole, appetite="failed", complications=["shock", "pneumonia"])).json()
    assert sick["place_of_care"]["reasons"] == ["complication", "no_appetite"]
    explained = str(await desk.get(f"/v1/children/{child_id}/explanation"))
    assert "rawat inap, karena ada komplikasi; tidak lulus uji nafsu makan (radang paru, syok)" in explained
    assert [fact["revision"] for fact in await desk.published("case")] == [1, 2, 3, 4]


async def test_a_child_who_is_only_short_has_no_place_of_care_and_its_assessment_is_kept(desk: Desk) -> None:
    _, case = await desk.suspected()
    found = (await assess(desk, case, complications=[])).json()
    assert (found["place_of_care"], len(found["content"]["clinical_assessments"])) == (None, 1)
    stale = await assess(desk, case, complications=[])
    assert stale.status_code == 412
    early = await assess(desk, found, on=days_ago(30).isoformat())
    assert (early.status_code, early.json()["code"]) == (422, "before_opening")
    nurse = await desk.send("POST", f"/v1/cases/{case['fact_id']}:assess", {"on": "2026-01-01"}, role="puskesmas")
    assert nurse.status_code == 403


async def test_another_cause_is_named_shown_and_can_be_taken_back_until_care_starts(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    bare = await desk.move(case, "name_other_cause", days_ago(2))
    assert (bare.status_code, bare.json()["code"]) == (422, "cause_missing")
    other = (await desk.move(case, "name_other_cause", days_ago(2), cause="endocrine")).json()
    assert (other["content"]["other_cause"], other["content"]["confirmed_by"]) == ("endocrine", "person-1")
    assert "kelainan hormon" in str(await desk.get(f"/v1/children/{child_id}/explanation"))
    back = (await desk.move(other, "take_back", days_ago(1))).json()
    assert {name: back["content"][name] for name in ("state", "other_cause", "confirmed_by", "confirmed_on")} == {
        "state": "open",
        "other_cause": None,
        "confirmed_by": None,
        "confirmed_on": None,
    }
    confirmed = (await desk.move(back, "confirm", days_ago(1))).json()
    in_care = (await desk.move(confirmed, "start_care", days_ago(0))).json()
    late = await desk.move(in_care, "take_back", days_ago(0))
    assert (late.status_code, late.json()["code"]) == (409, "move_not_allowed")
