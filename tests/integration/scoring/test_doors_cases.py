"""Moves of cases and ends of tasks through the API, on real PostgreSQL."""

import asyncio
import uuid

import pytest

from services.scoring.consumers.evidence_handler import EvidenceHandler
from services.scoring.domain.ruleset import load
from services.scoring.use_cases.judge_measurements import Clock
from services.scoring.use_cases.rules_in_force import RulesInForce
from shared.calendar import now_utc, today_jakarta
from tests.integration.scoring.doors_desk import DESA_B, Desk, child, days_ago, result
from tests.integration.scoring.evidence import visit

WAITS_FOR = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid::text = $1"


async def test_a_confirmation_names_the_account_and_the_day_and_is_published(desk: Desk) -> None:
    _, case = await desk.suspected()
    answer = await desk.move(case, "confirm", days_ago(3))
    assert answer.status_code == 200, answer.text
    content = answer.json()["content"]
    assert (content["state"], content["confirmed_by"], content["confirmed_on"]) == (
        "confirmed",
        "person-1",
        days_ago(3).isoformat(),
    )
    assert answer.headers["etag"] == answer.json()["etag"] == '"1.2"'
    opened, moved = await desk.published("case")
    assert (opened["revision"], moved["revision"], moved["change"]) == (1, 2, "moved")
    assert moved == content
    assert await desk.get(f"/v1/cases/{case['fact_id']}") == answer.json()


async def test_care_starts_only_after_a_judgement(desk: Desk) -> None:
    _, case = await desk.suspected()
    early = await desk.move(case, "start_care", days_ago(1))
    assert (early.status_code, early.json()["code"]) == (409, "move_not_allowed")
    assert early.json()["remedy_id"]
    assert early.json()["remedy_en"]
    judged = (await desk.move(case, "name_other_cause", days_ago(2), cause="endocrine")).json()
    in_care = await desk.move(judged, "start_care", days_ago(1))
    assert in_care.json()["content"]["state"] == "in_care"
    assert [fact["state"] for fact in await desk.published("case")] == ["open", "other_cause", "in_care"]


async def test_a_referral_is_a_dated_milestone_and_the_same_one_is_not_noted_twice(desk: Desk) -> None:
    """B058: a referred case stays in a state of the machine and on the list."""
    child_id, case = await desk.suspected()
    referred = (await desk.move(case, "refer", days_ago(5))).json()
    assert referred["content"]["milestones"] == [{"name": "referred", "on": days_ago(5).isoformat(), "fact_id": None}]
    assert referred["state"] == "open"
    again = await desk.move(referred, "refer", days_ago(5))
    assert (again.status_code, again.json()["code"]) == (409, "milestone_known")
    assert (await desk.case_of(child_id))["etag"] == referred["etag"]


async def test_a_referred_child_waits_on_the_list_of_clinicians_until_somebody_ends_it(desk: Desk) -> None:
    """B058: a referral ages where somebody looks."""
    child_id, case = await desk.suspected()
    referred = (await desk.move(case, "refer", days_ago(5))).json()
    (waiting,) = [
        item
        for item in (await desk.get("/v1/follow-ups?owner=clinician"))["items"]
        if item["task"] == "attend_referral"
    ]
    assert (waiting["child_id"], waiting["due_on"], waiting["overdue"]) == (
        str(child_id),
        days_ago(2).isoformat(),
        True,
    )
    await desk.move(referred, "refer", days_ago(1))
    tasks = [task for task in await desk.published("follow-up") if task["task"] == "attend_referral"]
    assert len(tasks) == 1, "one open referral is enough"
    body = {"state": "done", "done_on": days_ago(0).isoformat(), "note": "Datang ke poli anak"}
    ended = await desk.send("POST", f"/v1/follow-ups/{waiting['fact_id']}:complete", body)
    assert ended.status_code == 200, ended.text
    assert "attend_referral" not in {item["task"] for item in (await desk.get("/v1/follow-ups"))["items"]}


async def test_a_decision_ends_the_urgent_assessment_and_a_close_every_task_of_the_case(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(2), 8.4, 74.0, muac_cm=11.0))  # short and gizi buruk
    case = await desk.case_of(child_id)

    async def open_tasks() -> set[str]:
        return {item["task"] for item in (await desk.get("/v1/follow-ups"))["items"]}

    before = await open_tasks()
    assert {"urgent_assessment", "laboratory_panel"} <= before
    confirmed = (await desk.move(case, "confirm", days_ago(1))).json()
    assert await open_tasks() == before - {"urgent_assessment"}
    answer = await desk.move(confirmed, "close", days_ago(0), reason="declined")
    assert answer.status_code == 200, answer.text
    assert await open_tasks() == set()
    last = {task["task"]: task["state"] for task in await desk.published("follow-up")}
    assert last.pop("urgent_assessment") == "done"
    assert set(last.values()) == {"cancelled"}


@pytest.mark.parametrize(
    ("move", "days", "reason", "status", "code"),
    [
        ("confirm", 11, None, 422, "before_opening"),
        ("confirm", -1, None, 422, "move_in_future"),
        ("close", 1, None, 422, "close_reason_missing"),
        ("confirm", 1, "lost", 422, "close_reason_not_asked"),
        ("close", 1, "moved_out", 422, "close_reason_of_register"),
        ("close", 1, "died", 422, "close_reason_of_register"),
        ("close", 1, "merged", 422, "close_reason_of_register"),
        ("close", 1, "aged_out", 409, "not_aged_out"),
        ("close", 1, "recovered", 409, "move_not_allowed"),
    ],
)
async def test_an_impossible_move_changes_nothing_and_says_what_to_do(
    desk: Desk, move: str, days: int, reason: str | None, status: int, code: str
) -> None:
    child_id, case = await desk.suspected()
    more = {} if reason is None else {"reason": reason}
    answer = await desk.move(case, move, days_ago(days), **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await desk.case_of(child_id) == case
    assert len(await desk.published("case")) == 1


async def test_the_day_of_opening_and_today_are_both_possible(desk: Desk) -> None:
    _, case = await desk.suspected()
    referred = (await desk.move(case, "refer", days_ago(10))).json()
    assert (await desk.move(referred, "refer", days_ago(0))).status_code == 200


async def test_a_closed_case_moves_no_more(desk: Desk) -> None:
    _, case = await desk.suspected()
    closed = (await desk.move(case, "close", days_ago(0), reason="declined")).json()
    assert closed["content"]["close_reason"] == "declined"
    assert (await desk.published("case"))[-1]["change"] == "closed"
    answer = await desk.move(closed, "refer", days_ago(0))
    assert (answer.status_code, answer.json()["code"]) == (409, "case_closed")


async def test_a_case_a_person_closed_is_not_opened_again_by_the_facts_it_had(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    await desk.move(case, "close", days_ago(0), reason="declined")
    await desk.arrive(child(child_id, 2, birth_date=days_ago(612)))
    assert (await desk.case_of(child_id))["content"]["close_reason"] == "declined"


async def test_care_has_a_day_that_stays_on_the_case(desk: Desk) -> None:
    _, case = await desk.suspected()
    judged = (await desk.move(case, "confirm", days_ago(3))).json()
    in_care = (await desk.move(judged, "start_care", days_ago(2))).json()
    started = {"name": "care_started", "on": days_ago(2).isoformat(), "fact_id": None}
    assert started in in_care["content"]["milestones"]


@pytest.mark.parametrize(
    ("gap", "second_length", "expected"),
    [(28, 84.0, 200), (27, 84.0, 409), (28, 74.0, 409)],
)
async def test_recovery_needs_two_good_measurements_far_enough_apart(
    desk: Desk, gap: int, second_length: float, expected: int
) -> None:
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(40), 8.4, 74.0))
    case = (await desk.move(await desk.case_of(child_id), "confirm", days_ago(40))).json()
    await desk.arrive(visit(child_id, days_ago(gap + 1), 11.0, 83.5))
    alone = await desk.move(await desk.case_of(child_id), "close", days_ago(0), reason="recovered")
    assert (alone.status_code, alone.json()["code"]) == (409, "recovery_not_shown")
    await desk.arrive(visit(child_id, days_ago(1), 11.2, second_length))
    case = await desk.case_of(child_id)
    answer = await desk.move(case, "close", days_ago(0), reason="recovered")
    assert answer.status_code == expected, answer.text


async def test_a_bad_measurement_of_a_merged_child_in_another_area_still_speaks_against_recovery(desk: Desk) -> None:
    child_id, twice = uuid.uuid4(), uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, days_ago(50), 8.4, 74.0))
    await desk.move(await desk.case_of(child_id), "confirm", days_ago(45))
    away = ({"valid_from": days_ago(610), "desa_code": "12.19.02.2001"},)
    await desk.arrive(
        visit(child_id, days_ago(40), 11.0, 83.5),
        visit(child_id, days_ago(5), 11.0, 84.0),
        child(twice, residences=away, merged_into=child_id),
        visit(twice, days_ago(20), 8.5, 74.5),
    )
    answer = await desk.move(await desk.case_of(child_id), "close", days_ago(0), reason="recovered")
    assert (answer.status_code, answer.json()["code"]) == (409, "recovery_not_shown")


async def test_a_move_that_did_not_see_the_newest_state_is_refused(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    await desk.arrive(visit(child_id, days_ago(8), 8.4, 74.0, is_remeasurement=True))
    stale = await desk.move(case, "confirm", days_ago(1))
    assert (stale.status_code, stale.headers["etag"]) == (412, '"1.2"')
    missing = await desk.send(
        "POST", f"/v1/cases/{case['fact_id']}:move", {"move": "confirm", "on": days_ago(1).isoformat()}
    )
    assert missing.status_code == 428


async def test_a_move_sent_twice_has_one_effect_and_one_answer(desk: Desk) -> None:
    _, case = await desk.suspected()
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(desk.move(case, "confirm", days_ago(1), key=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await desk.published("case")) == 2


async def test_two_moves_at_once_do_not_cross(desk: Desk) -> None:
    child_id, case = await desk.suspected()
    answers = await asyncio.gather(desk.move(case, "confirm", days_ago(1)), desk.move(case, "refer", days_ago(1)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await desk.case_of(child_id))["etag"] == '"1.2"'


async def test_a_move_waits_for_the_batch_that_holds_the_child_and_then_sees_what_it_did(desk: Desk) -> None:
    """The consumer read the case before the move was asked for: the move must not be lost under its write."""
    child_id, case = await desk.suspected()
    handler = EvidenceHandler(RulesInForce(load()), lambda: Clock(today_jakarta(), now_utc()))
    async with desk.worker.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await handler.apply(connection, [visit(child_id, days_ago(8), 8.4, 74.0, is_remeasurement=True)])
        batch = await connection.fetchval("SELECT pg_current_xact_id()::xid::text")
        waiting = asyncio.create_task(desk.move(case, "confirm", days_ago(1)))
        while not await desk.worker.fetchval(WAITS_FOR, batch):
            assert not waiting.done()
            await asyncio.sleep(0.005)
        await transaction.commit()
    assert (await waiting).status_code == 412
    moved = await desk.move(await desk.case_of(child_id), "confirm", days_ago(1))
    assert [each["name"] for each in moved.json()["content"]["milestones"]] == ["remeasured"]


async def test_people_and_batches_at_the_same_time_lose_nothing_of_each_other(desk: Desk) -> None:
    """Whoever is first: every state of the case has its own revision, and the last one holds what all of them did."""
    child_id, _ = await desk.suspected()

    async def refer_until_it_holds(days: int) -> None:
        while True:
            answer = await desk.move(await desk.case_of(child_id), "refer", days_ago(days))
            if answer.status_code != 412:
                assert answer.status_code == 200, answer.text
                return

    facts = [result(child_id, "haemoglobin", 101.0 - 8 * place, drawn_on=days_ago(6 - place)) for place in (0, 1)]
    await asyncio.gather(
        *(refer_until_it_holds(days) for days in range(6)),
        desk.arrive(visit(child_id, days_ago(8), 8.4, 74.0, is_remeasurement=True)),
        *(desk.arrive(fact) for fact in facts),
    )
    published = await desk.published("case")
    assert [fact["revision"] for fact in published] == list(range(1, len(published) + 1))
    stored = (await desk.case_of(child_id))["content"]
    assert published[-1] == stored
    names = [each["name"] for each in stored["milestones"]]
    assert (names.count("referred"), names.count("remeasured")) == (6, 1)
    assert stored["anaemia"] == "yes"


async def test_a_case_outside_the_area_is_not_found_and_a_kader_may_not_move(desk: Desk) -> None:
    _, case = await desk.suspected()
    outside = await desk.move(case, "confirm", days_ago(1), areas=[DESA_B])
    assert outside.status_code == 404
    assert (await desk.send("GET", f"/v1/cases/{case['fact_id']}", areas=[DESA_B])).status_code == 404
    for role in ("kader", "puskesmas", "district"):
        assert (await desk.move(case, "confirm", days_ago(1), role=role)).status_code == 403
    unknown = {**case, "fact_id": str(uuid.uuid4())}
    assert (await desk.move(unknown, "confirm", days_ago(1))).status_code == 404


async def test_a_task_is_completed_once_and_told_again_it_stays(desk: Desk) -> None:
    await desk.suspected()
    tasks = {task["task"]: task for task in (await desk.get("/v1/follow-ups"))["items"]}
    path = f"/v1/follow-ups/{tasks['remeasure_severe']['fact_id']}:complete"
    done = {"state": "done", "done_on": days_ago(2).isoformat(), "note": "Diukur dua kali"}
    first = await desk.send("POST", path, done, role="puskesmas")
    assert first.status_code == 200, first.text
    assert (first.json()["state"], first.json()["done_on"]) == ("done", days_ago(2).isoformat())
    again = await desk.send("POST", path, done, role="puskesmas")
    assert again.json() == first.json()
    other = await desk.send("POST", path, {**done, "state": "cancelled"}, role="puskesmas")
    assert (other.status_code, other.json()["code"]) == (409, "follow_up_ended")
    assert "remeasure_severe" not in {task["task"] for task in (await desk.get("/v1/follow-ups"))["items"]}
    ended = [fact for fact in await desk.published("follow-up") if fact["state"] == "done"]
    assert [(fact["task"], fact["revision"]) for fact in ended] == [("remeasure_severe", 2)]


async def test_a_task_a_person_ended_is_not_opened_again_by_the_same_measurement(desk: Desk) -> None:
    child_id, _ = await desk.suspected()
    tasks = {task["task"]: task for task in (await desk.get("/v1/follow-ups"))["items"]}
    path = f"/v1/follow-ups/{tasks['remeasure_severe']['fact_id']}:complete"
    await desk.send("POST", path, {"state": "cancelled", "done_on": days_ago(0).isoformat(), "note": "Sudah diukur"})
    await desk.arrive(child(child_id, 2, birth_date=days_ago(612)))
    assert "remeasure_severe" not in {task["task"] for task in (await desk.get("/v1/follow-ups"))["items"]}


@pytest.mark.parametrize(("days", "status"), [(11, 422), (10, 200), (0, 200), (-1, 422)])
async def test_a_task_is_done_between_the_measurement_that_asked_and_today(desk: Desk, days: int, status: int) -> None:
    await desk.suspected()
    task = (await desk.get("/v1/follow-ups"))["items"][0]
    answer = await desk.send(
        "POST",
        f"/v1/follow-ups/{task['fact_id']}:complete",
        {"state": "done", "done_on": days_ago(days).isoformat(), "note": "Diukur dua kali"},
    )
    assert answer.status_code == status, answer.text
    outside = await desk.send(
        "POST",
        f"/v1/follow-ups/{task['fact_id']}:complete",
        {"state": "done", "done_on": days_ago(0).isoformat(), "note": "Diukur dua kali"},
        areas=[DESA_B],
    )
    assert outside.status_code == 404


@pytest.mark.parametrize("path", ["/v1/cases?", "/v1/follow-ups?owner=puskesmas&"])
async def test_pages_of_a_list_show_every_row_once(desk: Desk, path: str) -> None:
    for _ in range(3):
        await desk.suspected()
    whole = (await desk.get(path))["items"]
    rows, cursor = [], ""
    while cursor is not None:
        page = await desk.get(f"{path}limit=2{cursor}")
        rows += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert rows == whole
    assert len({row["fact_id"] for row in rows}) >= 3
