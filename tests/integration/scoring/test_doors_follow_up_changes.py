"""Putting tasks off and ending them with evidence, through the API, on real PostgreSQL."""

import asyncio
import uuid
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago, result
from tests.integration.scoring.evidence import visit

OPENED = days_ago(5)  # remeasure_severe is due two days from now
DUE = OPENED + timedelta(days=7)
LAST = DUE + timedelta(days=7)
NOTE = "Keluarga di ladang sampai panen"


async def suspected(desk: Desk, opened: date = OPENED, **changes: Any) -> tuple[uuid.UUID, dict[str, dict[str, Any]]]:
    """A child measured far too short that day, and its tasks by name."""
    child_id = uuid.uuid4()
    await desk.arrive(child(child_id), visit(child_id, opened, 8.4, 74.0, **changes), today=opened)
    return child_id, await tasks_of(desk, child_id)


async def tasks_of(desk: Desk, child_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The open tasks of the child, as the list shows them."""
    items = (await desk.get("/v1/follow-ups"))["items"]
    return {item["task"]: item for item in items if item["child_id"] == str(child_id)}


async def snooze(desk: Desk, task: dict[str, Any], until: date, **rest: Any) -> httpx.Response:
    """A snooze of a task as the list showed it."""
    body = {"until": until.isoformat(), "reason": rest.pop("reason", "family_away")}
    if "note" in rest:
        body["note"] = rest.pop("note")
    etag = rest.pop("etag", task["etag"])
    return await desk.send("POST", f"/v1/follow-ups/{task['fact_id']}:snooze", body, etag=etag, **rest)


async def end(desk: Desk, task: dict[str, Any], **body: Any) -> httpx.Response:
    """The end of a task, done today unless said otherwise."""
    body = {"state": "done", "done_on": days_ago(0).isoformat()} | body
    return await desk.send("POST", f"/v1/follow-ups/{task['fact_id']}:complete", body)


async def shown(desk: Desk, task: dict[str, Any], **who: Any) -> dict[str, Any]:
    """The task by its id."""
    found: dict[str, Any] = await desk.get(f"/v1/follow-ups/{task['fact_id']}", **who)
    return found


async def test_a_snooze_moves_the_due_date_is_published_and_shown_with_who_and_why(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    assert (task["snooze"], task["snooze_until_at_most"]) == (None, LAST.isoformat())
    answer = await snooze(desk, task, DUE + timedelta(days=3), note=NOTE, role="puskesmas")
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"1.2"'
    later = await shown(desk, task)
    until = (DUE + timedelta(days=3)).isoformat()
    assert later["snooze"] == {
        "snoozed_until": until,
        "first_due_on": DUE.isoformat(),
        "reason": "family_away",
        "by": "person-1",
        "note": NOTE,
    }
    assert (later["due_on"], later["overdue"], later["etag"]) == (until, False, '"1.2"')
    assert later["snooze_until_at_most"] == LAST.isoformat(), "the limit does not move"
    published = [fact for fact in await desk.published("follow-up") if fact["fact_id"] == task["fact_id"]]
    assert [(fact["revision"], fact["change"], fact["due_on"]) for fact in published] == [
        (1, "opened", DUE.isoformat()),
        (2, "moved", until),
    ]
    assert published[-1] == answer.json() == later["content"]


async def test_what_people_wrote_is_in_no_event_and_no_kept_answer_and_is_read_by_who_may_write_it(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    first = await snooze(desk, tasks["remeasure_severe"], LAST, note=NOTE)
    second = await end(desk, tasks["start_supplementary_feeding"], note=NOTE)
    assert NOTE not in first.text + second.text
    assert NOTE not in str(await desk.published("follow-up"))
    assert NOTE not in str(await desk.worker.fetch("SELECT * FROM idempotency_key"))
    for role, note in (("puskesmas", NOTE), ("clinician", NOTE), ("kader", None), ("district", None)):
        assert (await shown(desk, tasks["remeasure_severe"], role=role))["snooze"]["note"] == note


@pytest.mark.parametrize(
    ("days_after_due", "status", "code"),
    [(0, 422, "snooze_not_later"), (1, 200, None), (7, 200, None), (8, 422, "snooze_too_long")],
)
async def test_a_snooze_ends_after_the_due_date_and_within_the_days_of_the_rule_set(
    desk: Desk, days_after_due: int, status: int, code: str | None
) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    answer = await snooze(desk, task, DUE + timedelta(days=days_after_due))
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if code == "snooze_too_long":
        assert LAST.isoformat() in answer.json()["detail"]
    if status == 422:
        assert await shown(desk, task) == task


@pytest.mark.parametrize(("days", "status"), [(-1, 422), (0, 200)])
async def test_an_overdue_task_is_put_off_until_today_at_the_earliest(desk: Desk, days: int, status: int) -> None:
    _, tasks = await suspected(desk, days_ago(9))  # due two days ago
    answer = await snooze(desk, tasks["remeasure_severe"], days_ago(-days))
    assert answer.status_code == status, answer.text


async def test_snoozing_again_counts_from_the_first_due_date(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    await snooze(desk, task, DUE + timedelta(days=5), note=NOTE)
    once = await shown(desk, task)
    too_long = await snooze(desk, once, LAST + timedelta(days=1))
    assert (too_long.status_code, too_long.json()["code"]) == (422, "snooze_too_long")
    again = await snooze(desk, once, LAST, reason="child_ill", subject="person-2")
    assert again.status_code == 200, again.text
    twice = (await shown(desk, task))["snooze"]
    assert (twice["first_due_on"], twice["reason"], twice["by"]) == (DUE.isoformat(), "child_ill", "person-2")
    assert twice["note"] is None, "an earlier note is not taken for the reason of this one"


async def test_an_urgent_assessment_is_never_put_off_past_its_day(desk: Desk) -> None:
    today = days_ago(0)
    _, tasks = await suspected(desk, today, muac_cm=11.0)
    task = tasks["urgent_assessment"]
    assert task["snooze_until_at_most"] == task["due_on"] == days_ago(-1).isoformat()
    for days, code in ((1, "snooze_not_later"), (2, "snooze_too_long")):
        answer = await snooze(desk, task, today + timedelta(days=days))
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_reason_is_a_code_and_other_needs_words(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    assert (await snooze(desk, task, LAST, reason="later")).status_code == 422
    bare = await snooze(desk, task, LAST, reason="other")
    assert (bare.status_code, bare.json()["code"]) == (422, "snooze_note_missing")
    for note in ("  ", "ab", "a\x00bc", "baris\nbaru", "x" * 501):
        assert (await snooze(desk, task, LAST, reason="other", note=note)).status_code == 422
    assert (await snooze(desk, task, LAST, reason="other", note="x" * 500)).status_code == 200


async def test_a_snooze_names_the_state_it_saw_and_is_within_area_and_role(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    assert (await snooze(desk, task, LAST, etag=None)).status_code == 428
    assert (await snooze(desk, task, LAST, areas=[DESA_B])).status_code == 404
    for role in ("kader", "district", "laboratory"):
        assert (await snooze(desk, task, LAST, role=role)).status_code == 403
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(snooze(desk, task, LAST, key=key) for _ in range(3)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    stale = await snooze(desk, task, LAST)
    assert (stale.status_code, stale.headers["etag"]) == (412, '"1.2"')


async def test_an_ended_task_is_not_put_off(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    await end(desk, task, note=NOTE)
    answer = await snooze(desk, task, LAST, etag='"1.2"')
    assert (answer.status_code, answer.json()["code"]) == (409, "follow_up_ended")


async def test_a_snoozed_task_still_ends_by_the_measurement_it_asked_for(desk: Desk) -> None:
    child_id, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    await snooze(desk, task, LAST)
    again = visit(child_id, days_ago(1), 8.5, 74.1, is_remeasurement=True)
    await desk.arrive(again)
    ended = await shown(desk, task)
    assert (ended["state"], ended["end"]["fact_id"], ended["end"]["by"]) == ("done", str(again.fact_id), None)
    assert ended["snooze"]["snoozed_until"] == LAST.isoformat()
    assert (ended["overdue"], ended["snooze_until_at_most"]) == (False, None)


async def test_an_end_is_shown_by_a_fact_of_the_child_or_by_words_and_says_who_said_it(desk: Desk) -> None:
    child_id, tasks = await suspected(desk)
    haemoglobin = result(child_id, "haemoglobin", 112.0, drawn_on=days_ago(2))
    await desk.arrive(haemoglobin)
    by_fact = await end(desk, tasks["laboratory_panel"], fact_id=str(haemoglobin.fact_id))
    assert by_fact.status_code == 200, by_fact.text
    by_words = await end(desk, tasks["remeasure_severe"], note=NOTE, state="cancelled")
    assert by_words.status_code == 200, by_words.text
    assert (await shown(desk, tasks["laboratory_panel"]))["end"] == {
        "on": days_ago(0).isoformat(),
        "fact_id": str(haemoglobin.fact_id),
        "by": "person-1",
        "note": None,
    }
    cancelled = await shown(desk, tasks["remeasure_severe"])
    assert (cancelled["state"], cancelled["end"]["note"], cancelled["end"]["by"]) == ("cancelled", NOTE, "person-1")
    ended = {fact["task"]: fact for fact in await desk.published("follow-up") if fact["closed_by"] == "person-1"}
    assert ended["laboratory_panel"]["closing_fact_id"] == str(haemoglobin.fact_id)
    assert set(ended) == {"laboratory_panel", "remeasure_severe"}


async def test_a_panel_that_a_person_ended_by_a_result_is_not_opened_again_by_its_order(desk: Desk) -> None:
    child_id, tasks = await suspected(desk)
    haemoglobin = result(child_id, "haemoglobin", 112.0, drawn_on=days_ago(2))
    await desk.arrive(haemoglobin)
    await end(desk, tasks["laboratory_panel"], fact_id=str(haemoglobin.fact_id))
    await desk.arrive(child(child_id, 2, birth_date=days_ago(612)))
    assert "laboratory_panel" not in await tasks_of(desk, child_id)


async def test_what_cannot_show_it_is_refused_and_the_task_stays(desk: Desk) -> None:
    child_id, tasks = await suspected(desk)
    stranger, _ = await suspected(desk)
    task = tasks["laboratory_panel"]
    theirs = result(stranger, "haemoglobin", 110.0, drawn_on=days_ago(2))
    voided = result(child_id, "crp", 2.0, drawn_on=days_ago(2), voided=True, canonical_unit="mg/L")
    on_the_day = result(child_id, "zinc", 70.0, drawn_on=OPENED)
    before = result(child_id, "ferritin", 30.0, drawn_on=OPENED - timedelta(days=1))
    after = result(child_id, "haemoglobin", 109.0, drawn_on=days_ago(1))
    await desk.arrive(theirs, voided, on_the_day, before, after)
    for fact_id, code in (
        (None, "evidence_missing"),
        (uuid.uuid4(), "evidence_unknown"),
        (theirs.fact_id, "evidence_unknown"),
        (voided.fact_id, "evidence_unknown"),
        (task["content"]["because_fact_id"], "evidence_not_later"),
        (before.fact_id, "evidence_not_later"),
        (after.fact_id, "evidence_after_end"),
    ):
        body = {"fact_id": None if fact_id is None else str(fact_id), "done_on": days_ago(2).isoformat()}
        answer = await end(desk, task, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await tasks_of(desk, child_id))["laboratory_panel"] == task
    answer = await end(desk, task, fact_id=str(on_the_day.fact_id), done_on=OPENED.isoformat())
    assert answer.status_code == 200, answer.text


async def test_told_again_with_other_evidence_is_another_end(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    task = tasks["remeasure_severe"]
    first = await end(desk, task, note=NOTE)
    assert (await end(desk, task, note=NOTE)).json() == first.json()
    other = await end(desk, task, note="Diukur di puskesmas")
    assert (other.status_code, other.json()["code"]) == (409, "follow_up_ended")


async def test_notes_are_of_the_area_too(desk: Desk) -> None:
    _, tasks = await suspected(desk)
    await snooze(desk, tasks["remeasure_severe"], LAST, note=NOTE)
    for area, count in ((DESA_A, 1), (DESA_B, 0)):
        items = (await desk.get("/v1/follow-ups", areas=[area]))["items"]
        assert sum(item["snooze"] is not None for item in items) == count
