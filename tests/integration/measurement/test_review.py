"""Rows that were held back: seen by who sent them, answered once, and then on the way they would have gone."""

from __future__ import annotations

import asyncio
import csv
import io
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.auth.areas import AreaGrant, apply
from tests.integration.measurement import file_desk
from tests.integration.measurement.desk import DESA_A, DESA_B, DESA_C, POSYANDU_A, POSYANDU_B, Desk, visit
from tests.integration.measurement.file_desk import working
from tests.integration.measurement.files import row

GRAMS = {"kg": "10400"}
GOOD_DAY = "2025-06-01"


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


async def take(desk: Desk, *rows: dict[str, Any]) -> str:
    """A file of these rows and a good one (a file without any is stopped), committed and done; its id."""
    good = row(nik="", name="Pengisi " + "".join(chr(97 + byte % 26) for byte in uuid.uuid4().bytes), day=GOOD_DAY)
    intake_id: str = (await file_desk.take(desk, [*rows, good]))["id"]
    return intake_id


async def held(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    answer = await desk.send("GET", f"/v1/review{query}", **who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def reply(desk: Desk, item: dict[str, Any], verb: str, body: Any = None, **who: Any) -> Any:
    return await desk.send("POST", f"/v1/review/{item['review_id']}:{verb}", body, **who)


async def ledger(desk: Desk) -> dict[str, int]:
    intake = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["intake"]
    terms = ("accepted", "unchanged", "rejected", "quarantined", "pending")
    assert intake["received"] == sum(intake[term] for term in terms)
    files = await desk.worker.fetchval("SELECT count(*) FROM intake_file")  # each with a good row
    without = {**intake, "received": intake["received"] - files, "accepted": intake["accepted"] - files}
    return {name: number for name, number in without.items() if number}


async def visits(desk: Desk) -> int:
    """Measurements other than the good rows'."""
    count: int = await desk.worker.fetchval(f"SELECT count(*) FROM measurement WHERE measured_on <> '{GOOD_DAY}'")
    return count


async def test_a_row_says_why_it_is_held_back_and_what_was_meant_but_not_whose_it_is(desk: Desk) -> None:
    intake_id = await take(desk, row(**GRAMS))
    [item] = await held(desk)
    assert (item["intake_id"], item["row_number"], item["state"]) == (intake_id, 2, "open")
    assert [(problem["code"], problem["field"]) for problem in item["problems"]] == [("weight_in_grams", "weight_kg")]
    assert item["problems"][0]["remedy_id"]
    assert item["problems"][0]["remedy_en"]
    assert item["proposed"] == {"weight_kg": 10.4}
    assert item["values"]["birth_date"] == "2023-07-05"
    assert item["identity"] == {"nik": "************0003", "name": None}
    text = (await desk.send("GET", f"/v1/review/{item['review_id']}")).text
    assert "Citra" not in text
    assert "1219014507230003" not in text


async def test_what_is_proposed_is_recorded_as_the_file_would_have(desk: Desk) -> None:
    intake_id = await take(desk, row(**GRAMS), row(nik="1219014507239999", name="Dedi"))
    assert await ledger(desk) == {"received": 2, "accepted": 1, "quarantined": 1}
    [item] = await held(desk)
    answer = await reply(desk, item, "accept")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    [stored] = await desk.worker.fetch(
        "SELECT child_id, weight_kg, channel, source, reported_letter FROM measurement WHERE fact_id = $1",
        uuid.UUID(answer.json()["measurement_id"]),
    )
    assert tuple(stored)[1:] == (10.4, "file", "eppgbm", "N")
    assert str(stored["child_id"]) == answer.json()["child_id"]
    events = await desk.events()
    assert (
        sum(event.get("weight_kg") == 10.4 and event["fact_id"] == answer.json()["measurement_id"] for event in events)
        == 1
    )
    assert await ledger(desk) == {"received": 2, "accepted": 2}
    counts = (await desk.send("GET", f"/v1/intake-jobs/{intake_id}")).json()["counts"]
    assert (counts["accepted"], counts["quarantined"]) == (3, 0)
    assert await held(desk) == []
    [settled] = await held(desk, "?state=resolved")
    assert (settled["answer"], settled["measurement_id"]) == ("accepted", answer.json()["measurement_id"])


async def test_the_same_file_again_finds_nothing_new_after_the_answer(desk: Desk) -> None:
    await take(desk, row(kg="10.4"))
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    assert (await reply(desk, item, "accept")).json()["outcome"] == "unchanged"
    assert await ledger(desk) == {"received": 2, "accepted": 1, "unchanged": 1}
    assert await visits(desk) == 1


async def test_an_answer_is_given_once(desk: Desk) -> None:
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    first = await reply(desk, item, "accept", key="answer-one")
    again = await reply(desk, item, "accept", key="answer-one")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await reply(desk, item, "reject", {"reason": "duplicate"})
    assert (other.status_code, other.json()["code"]) == (409, "already_answered")
    assert other.json()["measurement_id"] == first.json()["measurement_id"]
    assert await ledger(desk) == {"received": 1, "accepted": 1}
    assert await visits(desk) == 1


async def test_of_two_people_at_the_same_moment_one_answers(desk: Desk) -> None:
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    answers = await asyncio.gather(reply(desk, item, "accept"), reply(desk, item, "reject", {"reason": "duplicate"}))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await ledger(desk)) == 2


async def test_a_rejected_row_is_counted_as_rejected_with_its_reason(desk: Desk) -> None:
    intake_id = await take(desk, row(**GRAMS))
    [item] = await held(desk)
    wrong = await reply(desk, item, "reject", {"reason": "whatever"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reason")
    assert (await reply(desk, item, "reject", {"reason": "not_measured"})).json()["outcome"] == "rejected"
    assert await ledger(desk) == {"received": 1, "rejected": 1}
    [settled] = await held(desk, "?state=discarded")
    assert (settled["answer"], settled["reject_reason"]) == ("rejected", "not_measured")
    rows = (await desk.send("GET", f"/v1/intake-jobs/{intake_id}/rows?outcome=rejected")).json()["items"]
    assert [(item["row_number"], item["reasons"]) for item in rows] == [(2, ["weight_in_grams"])]


async def test_corrected_values_are_judged_as_new_ones_and_a_refusal_leaves_the_row_open(desk: Desk) -> None:
    await take(desk, row(day="2031-01-01", kg="99"))
    [item] = await held(desk)
    refused = await reply(desk, item, "correct", {"weight_kg": 9.9, "oedema": False, "measured_on": "2031-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "entry_refused")
    assert [error["code"] for error in refused.json()["errors"]] == ["field_not_of_row"]
    refused = await reply(desk, item, "correct", {"weight_kg": 99, "measured_on": "2031-01-01"})
    errors = {(error["code"], error["field"]) for error in refused.json()["errors"]}
    assert errors == {("measured_in_future", "measured_on"), ("implausible_weight", "weight_kg")}
    assert all(error["remedy_id"] and error["remedy_en"] for error in refused.json()["errors"])
    assert await ledger(desk) == {"received": 1, "quarantined": 1}
    assert await desk.worker.fetchval("SELECT count(*) FROM quarantine") == 1
    done = await reply(desk, item, "correct", {"weight_kg": 9.9, "measured_on": "2025-07-05"})
    assert done.json()["outcome"] == "accepted", done.text
    assert await ledger(desk) == {"received": 1, "accepted": 1}


async def test_a_doubtful_field_must_be_given_before_the_row_is_taken(desk: Desk) -> None:
    """B072: a number that a spreadsheet has cut is never padded; somebody knows it."""
    await take(desk, row(nik="1,21901E+15"))
    [item] = await held(desk)
    assert (await reply(desk, item, "accept")).json()["errors"][0]["code"] == "nik_damaged"
    done = await reply(desk, item, "correct", {"nik": "1219014507230003"})
    assert done.json()["outcome"] == "accepted", done.text
    assert await desk.worker.fetchval("SELECT count(nik_hash) FROM child_identity") == 1


async def test_a_row_without_a_place_is_taken_once_the_place_is_known(desk: Desk) -> None:
    await take(desk, row(desa="LALANGG"), row(nik="1219014507239999", name="Dedi", desa="LALANGG"))
    first, second = await held(desk)
    refused = await reply(desk, first, "accept")
    assert [(e["code"], e["field"]) for e in refused.json()["errors"]] == [("unknown_desa", "desa_code")]
    assert (await reply(desk, first, "correct", {"posyandu_code": POSYANDU_A})).json()["outcome"] == "accepted"
    mapping = {"kind": "desa", "parent_code": "12.19.01", "name": "LALANGG", "code": DESA_A}
    assert (await desk.send("POST", "/v1/mappings", mapping)).status_code == 200
    assert (await reply(desk, second, "accept")).json()["outcome"] == "accepted"
    homes = await desk.worker.fetch("SELECT posyandu_code FROM child")
    assert [home["posyandu_code"] for home in homes] == [POSYANDU_A] * 3


async def test_a_person_says_which_of_two_children_it_was(desk: Desk) -> None:
    twins = [await desk.register_child(identity={"name": "Citra Lestari"}) for _ in range(2)]
    await take(desk, row(nik=""))
    [item] = await held(desk)
    assert [problem["code"] for problem in item["problems"]] == ["ambiguous_child"]
    refused = await reply(desk, item, "accept")
    assert refused.json()["errors"][0]["field"] == "child_id"
    done = await reply(desk, item, "correct", {"child_id": twins[1]})
    assert (done.json()["outcome"], done.json()["child_id"]) == ("accepted", twins[1])


async def test_a_number_of_another_areas_child_makes_no_second_child(desk: Desk) -> None:
    answer = await desk.send(
        "POST",
        "/v1/children",
        {
            "identity": {"name": "Citra Lestari", "nik": "1219014507230003"},
            "sex": "female",
            "birth_date": "2023-07-05",
            "desa_code": DESA_C,
            "resident_since": "2024-01-01",
        },
        areas=[DESA_C],
    )
    assert answer.status_code == 201, answer.text
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    refused = await reply(desk, item, "accept")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "child_of_another_area")
    assert await desk.worker.fetchval("SELECT count(nik_hash) FROM child_identity") == 1


async def test_the_outcome_of_a_row_changes_once_whatever_the_code_does(desk: Desk) -> None:
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    await reply(desk, item, "accept")
    async with desk.api.acquire() as connection, connection.transaction():
        await apply(connection, AreaGrant((DESA_A, DESA_B)))
        assert await connection.execute("UPDATE intake_row SET outcome = 'rejected'") == "UPDATE 0"


async def test_another_areas_rows_are_not_there(desk: Desk) -> None:
    await take(desk, row(**GRAMS))
    [item] = await held(desk)
    for areas in ([DESA_C], [DESA_A], [POSYANDU_B]):
        assert await held(desk, areas=areas) == []
        assert (await reply(desk, item, "accept", areas=areas)).status_code == 404
        assert (await desk.send("GET", f"/v1/review/{item['review_id']}", areas=areas)).status_code == 404
    assert (await reply(desk, item, "accept", role="kader", areas=[DESA_A, DESA_B])).status_code == 403
    outside = await reply(desk, item, "correct", {"weight_kg": 10.4, "desa_code": DESA_C})
    assert outside.json()["errors"][0]["code"] == "outside_area"
    assert await ledger(desk) == {"received": 1, "quarantined": 1}


async def test_a_visit_by_api_is_answered_under_the_client_that_sent_it(desk: Desk) -> None:
    child_id = await desk.register_child()
    assert (await desk.record(child_id, weight_kg=104.0)).status_code == 202
    [item] = await held(desk, "?channel=api&reason=implausible_weight")
    assert item["proposed"] == {"weight_kg": 10.4}
    done = await reply(desk, item, "accept")
    assert done.json()["outcome"] == "accepted", done.text
    [stored] = await desk.worker.fetch("SELECT channel, source, weight_kg FROM measurement")
    assert tuple(stored) == ("api", "web", 10.4)
    assert await ledger(desk) == {"received": 1, "accepted": 1}


async def test_a_visit_by_api_without_a_proposal_needs_values_or_a_reason(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.send("POST", "/v1/measurements", visit(child_id, measured_on="2031-01-01"))
    [item] = await held(desk)
    assert (await reply(desk, item, "accept")).json()["errors"][0]["code"] == "nothing_proposed"
    refused = await reply(desk, item, "correct", {"sex": "male", "measured_on": "2025-07-05"})
    assert refused.json()["errors"][0]["code"] == "field_not_of_row"
    refused = await reply(desk, item, "correct", {"measured_on": "2020-07-05"})
    assert refused.json()["errors"][0]["code"] == "visit_before_birth"
    assert await desk.worker.fetchval("SELECT count(*) FROM quarantine") == 1
    assert (await reply(desk, item, "correct", {"measured_on": "2025-07-05"})).json()["outcome"] == "accepted"
    assert await ledger(desk) == {"received": 1, "accepted": 1}


async def test_an_answered_row_is_no_longer_in_the_error_file(desk: Desk) -> None:
    intake_id = await take(desk, row(**GRAMS), row(nik="1219014507239999", name="Dedi", kg="9900"))
    first, second = await held(desk)
    assert await names_to_mend(desk, intake_id) == ["Citra Lestari", "Dedi"]
    await reply(desk, first, "accept")
    assert await names_to_mend(desk, intake_id) == ["Dedi"]
    await reply(desk, second, "reject", {"reason": "duplicate"})
    assert await names_to_mend(desk, intake_id) == []


async def names_to_mend(desk: Desk, intake_id: str) -> list[str]:
    answer = await desk.send("GET", f"/v1/intake-jobs/{intake_id}/error-file")
    heads, *rows = csv.reader(io.StringIO(answer.text), delimiter=";")
    return [cells[heads.index("Nama")] for cells in rows]


async def answer_all(desk: Desk, body: dict[str, Any], **who: Any) -> dict[str, int]:
    """One answer to many rows, and what came of it."""
    asked = await desk.send("POST", "/v1/review-jobs", body, **who)
    assert asked.status_code == 202, asked.text
    async with asyncio.timeout(30):
        while True:
            job = (await desk.send("GET", asked.headers["location"], **who)).json()
            if job["state"] == "done":
                counts: dict[str, int] = job["counts"]
                return counts
            await asyncio.sleep(0.02)


async def test_all_rows_of_one_reason_are_taken_at_one_word(desk: Desk) -> None:
    """domain.md §7: one click for all rows of one reason; a row with a second doubt stays open and says which."""
    grams = [row(nik="", name=f"Anak {letter}", kg="10400") for letter in "abcd"]
    await take(desk, *grams, row(nik="1,21901E+15", name="Anak e", kg="10400"), row(nik="", name="Anak f", sex="?"))
    waiting = (await desk.send("GET", "/v1/review/counts")).json()
    assert waiting["states"] == {"open": 6, "resolved": 0, "discarded": 0}
    assert {"reason": "weight_in_grams", "open": 5, "proposed": 5} in waiting["reasons"]
    body = {"answer": "accepted", "reason": "weight_in_grams"}
    assert await answer_all(desk, body) == {"accepted": 4, "open": 1, "open:nik_damaged": 1}
    assert await ledger(desk) == {"received": 6, "accepted": 4, "quarantined": 2}
    assert await visits(desk) == 4
    assert [len(item["problems"]) for item in await held(desk)] == [2, 1]
    assert await answer_all(desk, body) == {"open": 1, "open:nik_damaged": 1}
    assert await visits(desk) == 4
    settled = await desk.worker.fetch(
        "SELECT DISTINCT settled_by, answer_job_id IS NOT NULL AS together FROM quarantine WHERE state = 'resolved'"
    )
    assert [found["together"] for found in settled] == [True]
    assert settled[0]["settled_by"]


async def test_all_rows_of_one_reason_are_rejected_with_one_reason(desk: Desk) -> None:
    first = await take(desk, *(row(nik="", name=f"Anak {letter}", kg="10400") for letter in "abc"))
    second = await take(desk, row(nik="", name="Anak d", kg="10400"))
    body: dict[str, Any] = {"answer": "rejected", "reason": "weight_in_grams", "intake_id": first}
    refused = await desk.send("POST", "/v1/review-jobs", body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "reject_reason_missing")
    body |= {"reject_reason": "not_measured", "note": "Timbangan rusak"}
    assert await answer_all(desk, body) == {"rejected": 3}
    assert [item["intake_id"] for item in await held(desk)] == [second]
    gone = await held(desk, "?state=discarded")
    assert {(item["reject_reason"], item["reject_note"]) for item in gone} == {("not_measured", "Timbangan rusak")}
    assert await ledger(desk) == {"received": 4, "rejected": 3, "quarantined": 1}


async def test_one_answer_reaches_the_rows_of_the_callers_area_only(desk: Desk) -> None:
    await take(desk, row(**GRAMS))
    body = {"answer": "accepted", "reason": "weight_in_grams"}
    for areas in ([DESA_C], [DESA_A]):
        assert await answer_all(desk, body, areas=areas) == {}
    assert (await desk.send("POST", "/v1/review-jobs", body, role="kader", areas=[DESA_A, DESA_B])).status_code == 403
    assert await ledger(desk) == {"received": 1, "quarantined": 1}


async def test_pages_of_held_rows_do_not_overlap(desk: Desk) -> None:
    await take(desk, *(row(nik="", name=f"Anak {letter}", kg="10400") for letter in "abcde"))
    page = (await desk.send("GET", "/v1/review?limit=3")).json()
    rest = (await desk.send("GET", f"/v1/review?limit=3&cursor={page['next_cursor']}")).json()
    assert len({item["review_id"] for item in (*page["items"], *rest["items"])}) == 5
    assert rest["next_cursor"] is None
