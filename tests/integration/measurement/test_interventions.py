"""What was done for children, by API: what is stored, what is told, what is published, who sees it."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import httpx

from services.measurement.use_cases.republish import republish
from shared.calendar import today_jakarta
from tests.integration.measurement.desk import DESA_A, DESA_B, POSYANDU_B, Desk

HOSPITAL, OTHER_HOSPITAL = "RS.12.19.RSUD", "RS.12.71.PIRNGADI"
FEEDING: dict[str, Any] = {"feeding_class": "wasted", "product": "local", "started_on": "2025-07-01"}
REFERRAL: dict[str, Any] = {
    "facility_code": HOSPITAL,
    "reason": "severe_wasting",
    "urgency": "urgent",
    "referred_on": "2025-07-01",
}


async def done(desk: Desk, child_id: str, name: str, part: dict[str, Any], **who: Any) -> httpx.Response:
    return await desk.send("POST", "/v1/interventions", {"child_id": child_id, name: part}, **who)


async def feed(desk: Desk, child_id: str, **changes: Any) -> httpx.Response:
    return await done(desk, child_id, "supplementary_feeding", FEEDING | changes)


async def refer(desk: Desk, child_id: str, **changes: Any) -> str:
    answer = await done(desk, child_id, "referral", REFERRAL | changes)
    assert answer.status_code == 201, answer.text
    intervention_id: str = answer.json()["intervention_id"]
    return intervention_id


async def waiting(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    answer = await desk.send("GET", f"/v1/referrals{query}", **who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_course_is_recorded_ended_corrected_and_voided_as_revisions_of_one_fact(desk: Desk) -> None:
    child_id = await desk.register_child()
    answer = await feed(desk, child_id)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1.1"')
    path = f"/v1/interventions/{answer.json()['intervention_id']}"
    end = {"ended_on": "2025-08-25", "days_given": 50, "end_class": "normal", "end_reason": "completed"}
    assert (await desk.send("POST", f"{path}:end", end, etag='"1.1"')).json()["state"] == "ended"
    assert (await desk.send("POST", f"{path}:end", end, etag='"1.2"')).json()["revision"] == 2
    other = await desk.send("POST", f"{path}:end", end | {"days_given": 49}, etag='"1.2"')
    assert [error["code"] for error in other.json()["errors"]] == ["course_ended"]
    assert (await desk.send("PATCH", path, {"supplementary_feeding": FEEDING})).status_code == 428
    again = await desk.send("PATCH", path, {"supplementary_feeding": FEEDING, "reason_text": "keliru"}, etag='"1.2"')
    assert (again.json()["revision"], again.json()["state"]) == (3, "open")
    assert (await desk.send("PATCH", path, {"supplementary_feeding": FEEDING}, etag='"1.2"')).status_code == 412
    voided = await desk.send("POST", f"{path}:void", {"reason": "not_given"}, etag='"1.3"')
    assert voided.json()["voided"]
    events = [event for event in await desk.events() if "type" in event]
    assert [(event["revision"], event["change"]) for event in events] == [
        (1, "recorded"), (2, "closed"), (3, "corrected"), (4, "voided"),
    ]  # fmt: skip
    assert events[1]["supplementary_feeding"]["days_given"] == 50
    history = (await desk.send("GET", f"/v1/children/{child_id}/history")).json()
    assert [item["revision"] for item in history["interventions"]] == [4]
    assert [step["reason_text"] for step in history["items"] if step["kind"] == "intervention"] == [
        None, "keliru", None, None,
    ]  # fmt: skip
    assert (await desk.send("GET", f"/v1/interventions?child_id={child_id}")).json()["items"] == []


async def test_a_second_open_course_names_the_one_that_goes_on(desk: Desk) -> None:
    child_id = await desk.register_child()
    answers = await asyncio.gather(*(feed(desk, child_id) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    first = answers[0].json()["intervention_id"]
    second = await feed(desk, child_id, started_on="2025-07-20", product="factory")
    assert (second.status_code, second.json()["code"]) == (409, "intervention_conflict")
    assert (second.json()["intervention_id"], second.json()["etag"]) == (first, '"1.1"')
    assert await desk.worker.fetchval("SELECT count(*) FROM intervention") == 1


async def test_rows_of_a_batch_are_judged_one_by_one_and_counted(desk: Desk) -> None:
    child_id = await desk.register_child()
    dose = {"supplement": "vitamin_a", "given_on": "2025-08-10"}
    rows = [
        {"child_id": child_id, "supplementation": dose | {"dose": "red_200000_iu"}},
        {"child_id": child_id, "supplementation": dose | {"dose": "red_200000_iu"}},
        {"child_id": child_id, "supplementation": dose | {"dose": "blue_100000_iu"}},
        {"child_id": str(uuid.uuid4()), "sanitation": {"work": "latrine", "done_on": "2025-08-01"}},
        {"child_id": child_id, "sanitation": {"work": "latrine", "done_on": "2025-08-01"}, "type": "referral"},
        {"child_id": child_id, "sanitation": {"work": "roof", "done_on": "2025-08-01"}},
        {"child_id": child_id},
        {"child_id": child_id, "sponsorship": {"sponsor_code": "Ibu Ani", "support": "food", "since": "2025-08-01"}},
    ]
    report = (await desk.send("POST", "/v1/interventions:batch", {"rows": rows})).json()
    assert [row["outcome"] for row in report["rows"]] == ["accepted", "unchanged", *["rejected"] * 6]
    assert [row.get("problems", [{}])[0].get("code") for row in report["rows"]][2:5] == [
        "vitamin_a_not_for_age", "unknown_child", "type_of_another_part",
    ]  # fmt: skip
    assert report["rows"][5]["problems"][0]["field"].endswith("sanitation.work")
    assert report["rows"][2]["problems"][0]["remedy_en"].startswith("Blue from 6 to 11 months")
    counts = "SELECT ARRAY[sum(received), sum(accepted + unchanged + rejected)]::integer[] FROM intake_count"
    assert await desk.worker.fetchval(counts) == [8, 8]


async def test_a_vaccine_and_an_answer_about_breastfeeding_are_recorded_and_listed(desk: Desk) -> None:
    child_id = await desk.register_child()
    vaccine = {"vaccine": "mr1", "given_on": "2025-08-10"}
    answer = await desk.send("POST", "/v1/interventions", {"child_id": child_id, "immunisation": vaccine})
    assert answer.status_code == 201
    late = {"asked_on": "2025-08-10", "exclusive": True}
    refused = await desk.send("POST", "/v1/interventions", {"child_id": child_id, "breastfeeding_recall": late})
    assert refused.status_code == 422
    (problem,) = refused.json()["errors"]
    assert (problem["code"], problem["field"]) == ("recall_not_for_age", "breastfeeding_recall.asked_on")
    (item,) = (await desk.send("GET", f"/v1/interventions?child_id={child_id}&type=immunisation")).json()["items"]
    assert item["immunisation"] == vaccine


async def test_a_referred_child_stands_in_the_facilitys_work_list_and_ages_there_until_the_reply(desk: Desk) -> None:
    """B058."""
    child_id = await desk.register_child()
    today = today_jakarta()
    routine = await refer(desk, child_id, urgency="routine", referred_on="2025-07-01")
    other = await desk.register_child(identity={"name": "Dedi"}, desa_code=DESA_B, posyandu_code=POSYANDU_B)
    urgent = await refer(desk, other, referred_on=(today - timedelta(days=3)).isoformat())
    hospital: dict[str, Any] = {"role": "clinician", "areas": [HOSPITAL]}
    items = await waiting(desk, f"?facility={HOSPITAL}&state=open", **hospital)
    assert [item["intervention_id"] for item in items] == [urgent, routine]
    assert items[0]["waiting_days"] == 3
    assert items[0]["child"]["sex"] == "female"
    assert "name" not in str(items).replace("type_name", "")
    first = (await desk.send("GET", "/v1/referrals?limit=1", **hospital)).json()
    page = (await desk.send("GET", f"/v1/referrals?limit=1&cursor={first['next_cursor']}", **hospital)).json()
    assert [item["intervention_id"] for item in page["items"]] == [routine]
    assert await waiting(desk, role="clinician", areas=[OTHER_HOSPITAL]) == []
    assert [item["intervention_id"] for item in await waiting(desk, f"?area={DESA_B}")] == [urgent]
    path = f"/v1/interventions/{urgent}"
    reply = {"received_on": today.isoformat(), "outcome": "admitted"}
    assert (await desk.send("POST", f"{path}:reply", reply, etag='"1.1"', role="kader")).status_code == 403
    too_soon = reply | {"received_on": "2025-01-01"}
    refused = await desk.send("POST", f"{path}:reply", too_soon, etag='"1.1"', **hospital)
    assert refused.json()["errors"][0]["field"] == "referral.reply.received_on"
    answered = await desk.send("POST", f"{path}:reply", reply, etag='"1.1"', **hospital)
    assert (answered.status_code, answered.json()["state"]) == (200, "ended")
    assert (await desk.send("POST", f"{path}:reply", reply, etag='"1.2"', **hospital)).json()["revision"] == 2
    assert [item["intervention_id"] for item in await waiting(desk, **hospital)] == [routine]
    done_ones = await waiting(desk, "?state=answered", **hospital)
    assert done_ones[0]["referral"]["reply"] == reply | {"answered_by": "person-1"}
    # Neither the child's correction nor the other's referral is the hospital's to make.
    assert (
        await desk.send("POST", f"{path}:void", {"reason": "duplicate"}, etag='"1.2"', **hospital)
    ).status_code == 404
    assert (
        await done(desk, child_id, "sanitation", {"work": "water", "done_on": "2025-07-01"}, **hospital)
    ).status_code == 422


async def test_what_was_done_goes_with_the_child_through_merge_and_file_and_republish(desk: Desk) -> None:
    loser, survivor = await desk.register_child(), await desk.register_child(identity={"name": "Citra L"})
    course = (await feed(desk, loser)).json()["intervention_id"]
    merged = await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.1"')
    assert merged.status_code == 200, merged.text
    listed = (await desk.send("GET", f"/v1/interventions?child_id={survivor}&state=open")).json()["items"]
    assert [(item["intervention_id"], item["child_id"]) for item in listed] == [(course, loser)]
    second = await feed(desk, survivor, started_on="2025-07-20")
    assert (second.status_code, second.json()["intervention_id"]) == (409, course)
    refused = await feed(desk, loser)
    assert (refused.json()["errors"][0]["code"], refused.json()["survivor_id"]) == ("child_merged", survivor)
    died = await desk.send("PATCH", f"/v1/children/{survivor}", {"died_on": "2025-06-30"}, etag='"1.1"')
    assert [error["code"] for error in died.json()["errors"]] == ["measured_after_end"]
    corrected = await desk.send(
        "PATCH",
        f"/v1/interventions/{course}",
        {"supplementary_feeding": FEEDING | {"product": "factory"}},
        etag='"1.1"',
    )
    assert corrected.status_code == 200
    before = len(await desk.events())
    await republish(desk.worker)
    again = [event for event in (await desk.events())[before:] if event["fact_id"] == course]
    assert [event["revision"] for event in again] == [2]


async def test_an_area_sees_the_interventions_of_its_own_children_and_no_others(desk: Desk) -> None:
    child_id = await desk.register_child()
    course = (await feed(desk, child_id)).json()["intervention_id"]
    elsewhere = {"role": "kader", "areas": [POSYANDU_B]}
    assert (await desk.send("GET", f"/v1/interventions/{course}", **elsewhere)).status_code == 404
    assert (await desk.send("GET", "/v1/interventions", **elsewhere)).json()["items"] == []
    assert (await done(desk, child_id, "sanitation", {"work": "water", "done_on": "2025-07-01"}, **elsewhere)).json()[
        "errors"
    ][0]["code"] == "unknown_child"
    listed = (await desk.send("GET", f"/v1/interventions?area={DESA_A}&type=supplementary_feeding")).json()["items"]
    assert [item["intervention_id"] for item in listed] == [course]


async def test_a_list_of_courses_is_taken_row_by_row_and_sent_again_ends_those_that_have_ended(desk: Desk) -> None:
    first = await desk.register_child()
    second = await desk.register_child(identity={"name": "Dedi", "nik": "1219010507230004"}, sex="male")
    head = "nik,child_id,kelas,produk,mulai,selesai,alasan selesai\n"
    rows = [
        "1219014507230003,,Gizi kurang,lokal,01/07/2025,,",
        f",{second},T,pabrikan,2025-07-02,,",
        "1219014507230099,,T,lokal,2025-07-02,,",
        f",{second},T,pabrikan,2025-07-20,,",
        f",{second},entah,pabrikan,2025-07-20,,",
    ]
    text = head + "\n".join(rows)
    sent = await desk.send("POST", "/v1/interventions:import", text.encode(), media_type="text/csv")
    assert [row["outcome"] for row in sent.json()["rows"]] == ["accepted", "accepted", *["rejected"] * 3]
    assert [row["problems"][0]["code"] for row in sent.json()["rows"][2:]] == [
        "unknown_child",
        "intervention_conflict",
        "course_cell_unreadable",
    ]
    course = sent.json()["rows"][0]["intervention_id"]
    assert "1219014507230003" not in sent.text
    ended = head + "1219014507230003,,Gizi kurang,lokal,01/07/2025,25/08/2025,tuntas\n" + rows[1]
    again = (await desk.send("POST", "/v1/interventions:import", ended.encode(), media_type="text/csv")).json()
    assert (again["rows"][0]["outcome"], again["rows"][0]["intervention_id"]) == ("ended", course)
    assert (again["ended"], again["unchanged"]) == (1, 1)
    (stored,) = (await desk.send("GET", f"/v1/interventions?child_id={first}")).json()["items"]
    assert (stored["state"], stored["ended_on"], stored["revision"]) == ("ended", "2025-08-25", 2)
    counts = "SELECT ARRAY[sum(received), sum(accepted), sum(unchanged), sum(rejected)]::integer[] FROM intake_count"
    assert await desk.worker.fetchval(counts) == [7, 3, 1, 3]
    refused = await desk.send("POST", "/v1/interventions:import", b"nik,berat\n1,2\n", media_type="text/csv")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_list_of_courses")
