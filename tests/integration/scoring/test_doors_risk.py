"""Risk beyond growth, at the doors, on real PostgreSQL: danger signs, place of care, families, shares by tier."""

import uuid
from typing import Any

from shared.contracts.child import HouseholdAnswer
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
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


async def by_tier(desk: Desk, **who: Any) -> tuple[dict[str, Any], dict[str, int]]:
    answer = await desk.get("/v1/rulesets/active/tier-shares", **who)
    return answer, {row["tier"]: row["children"] for row in answer["tiers"] if row["children"]}


async def test_the_shares_count_present_children_under_five_of_the_own_area_once(desk: Desk) -> None:
    """Not the dead, the departed, the older, nor a child merged into another."""
    await desk.suspected()
    for changes in (
        {},
        {"died_on": days_ago(1)},
        {"departed_on": days_ago(1)},
        {"birth_date": days_ago(1827)},
        {"residences": ({"valid_from": days_ago(600), "desa_code": DESA_B},)},
    ):
        child_id = uuid.uuid4()
        await desk.arrive(child(child_id, **changes), visit(child_id, days_ago(5), 11.0, 82.0))
    never, survivor = uuid.uuid4(), uuid.uuid4()
    await desk.arrive(child(never))
    twice = uuid.uuid4()
    await desk.arrive(child(survivor), child(twice, merged_into=survivor), visit(twice, days_ago(5), 8.4, 74.0))

    answer, counts = await by_tier(desk, role="district", areas=["12.19"])
    assert counts == {"suspected": 2, "low": 2}
    assert (answer["judged"], answer["unknown"], answer["ruleset_version"]) == (4, 1, "2026-01")
    suspected = next(row for row in answer["tiers"] if row["tier"] == "suspected")
    assert (suspected["share"], suspected["expected"], suspected["state"]) == (0.5, [0.2, 0.28], "too_few")
    assert "terlalu sedikit" in suspected["text_id"]
    _, of_a = await by_tier(desk, role="puskesmas", areas=[DESA_A])
    assert of_a == {"suspected": 2, "low": 1}


async def test_exact_counts_are_not_for_the_province(desk: Desk) -> None:
    answer = await desk.send("GET", "/v1/rulesets/active/tier-shares", role="province", areas=["12"])
    assert answer.status_code == 403
