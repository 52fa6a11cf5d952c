"""The calendar of follow-ups through the API, on real PostgreSQL."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from shared.contracts.child import Residence
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit

POSYANDU = f"{DESA_A}.P002"
PATH = "/v1/follow-ups.ics"


async def suspected(desk: Desk, desa: str = DESA_A, posyandu: str | None = None) -> uuid.UUID:
    """A child measured far too short three days ago."""
    child_id, day = uuid.uuid4(), days_ago(3)
    home = Residence(valid_from=days_ago(610), desa_code=desa, posyandu_code=posyandu)
    await desk.arrive(child(child_id, residences=(home,)), visit(child_id, day, 8.4, 74.0), today=day)
    return child_id


async def feed(desk: Desk, query: str = "", **who: Any) -> dict[str, dict[str, str]]:
    """Events by UID, each property by its name with parameters, unfolded; checked as a stream on the way."""
    answer = await desk.send("GET", f"{PATH}{query}", **who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    content = answer.content
    assert content.endswith(b"\r\nEND:VCALENDAR\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    events: dict[str, dict[str, str]] = {}
    event: dict[str, str] = {}
    for line in content.decode().replace("\r\n ", "").split("\r\n"):
        if line == "BEGIN:VEVENT":
            event = {}
        elif line == "END:VEVENT":
            assert event["UID"] not in events
            events[event["UID"]] = event
        elif line:
            name, _, value = line.partition(":")
            event[name] = value
    return events


async def test_every_task_of_the_list_is_an_event_on_its_due_date(desk: Desk) -> None:
    child_id = await suspected(desk, posyandu=POSYANDU)
    events = await feed(desk)
    listed = (await desk.get("/v1/follow-ups"))["items"]
    assert list(events) == [item["fact_id"] for item in listed]
    for item in listed:
        event = events[item["fact_id"]]
        assert event["DTSTART;VALUE=DATE"] == item["due_on"].replace("-", "")
        assert event["SEQUENCE"] == "1"
        assert event["DTSTAMP"] == event["LAST-MODIFIED"]
        assert event["LOCATION"] == f"Posyandu {POSYANDU}"
        assert f"Anak {child_id}" in event["DESCRIPTION"]
    severe = next(item for item in listed if item["task"] == "remeasure_severe")
    assert events[severe["fact_id"]]["SUMMARY"] == (
        rf"Ukur ulang tinggi anak yang sangat pendek\, dua kali\, selisih paling banyak 0\,7 cm (Posyandu {POSYANDU})"
    )
    assert events[severe["fact_id"]]["PRIORITY"] == "5"


async def test_a_snoozed_task_moves_under_the_same_uid_and_an_ended_or_cancelled_one_is_left_out(desk: Desk) -> None:
    await suspected(desk)
    before = await feed(desk)
    tasks = {item["task"]: item for item in (await desk.get("/v1/follow-ups"))["items"]}
    severe = tasks["remeasure_severe"]
    until = date.fromisoformat(severe["due_on"]) + timedelta(days=4)
    body = {"until": until.isoformat(), "reason": "other", "note": "Budi di rumah nenek"}
    path = f"/v1/follow-ups/{severe['fact_id']}"
    assert (await desk.send("POST", f"{path}:snooze", body, etag=severe["etag"])).status_code == 200
    for state, task in (("done", "laboratory_panel"), ("cancelled", "start_supplementary_feeding")):
        end = {"state": state, "done_on": days_ago(0).isoformat(), "note": "Budi sudah datang"}
        path = f"/v1/follow-ups/{tasks[task]['fact_id']}:complete"
        assert (await desk.send("POST", path, end)).status_code == 200
    after = await feed(desk)
    assert set(before) - set(after) == {
        tasks["laboratory_panel"]["fact_id"],
        tasks["start_supplementary_feeding"]["fact_id"],
    }
    moved = after[severe["fact_id"]]
    assert (moved["SEQUENCE"], moved["DTSTART;VALUE=DATE"]) == ("2", f"{until:%Y%m%d}")
    assert moved["DTSTAMP"] >= before[severe["fact_id"]]["DTSTAMP"]
    assert f"Ditunda dari {severe['due_on']}" in moved["DESCRIPTION"]
    assert "Budi" not in str(after), "what people wrote stays out of calendars"


async def test_the_calendar_is_of_the_same_areas_owners_and_roles_as_the_list(desk: Desk) -> None:
    await suspected(desk, DESA_A, POSYANDU)
    await suspected(desk, DESA_B)
    for query in ("", f"?area={POSYANDU}", f"?area={DESA_B}&owner=laboratory", "?area=12.19.02"):
        listed = (await desk.get(f"/v1/follow-ups{query}"))["items"]
        assert set(await feed(desk, query)) == {item["fact_id"] for item in listed}
    for areas in ([DESA_A], [DESA_B]):
        listed = (await desk.get("/v1/follow-ups", areas=areas))["items"]
        events = await feed(desk, areas=areas)
        assert set(events) == {item["fact_id"] for item in listed}
    assert {event["LOCATION"] for event in events.values()} == {f"Desa {DESA_B}"}
    assert (await desk.send("GET", PATH, role="province")).status_code == 403
    assert await feed(desk, role="kader", areas=[f"{DESA_B}.P001"]) == {}


@pytest.mark.parametrize(("limit", "status"), [(3, 200), (2, 413)])
async def test_a_calendar_that_would_be_too_long_is_refused_and_not_cut(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: int, status: int
) -> None:
    await suspected(desk)
    monkeypatch.setattr("services.scoring.http.follow_ups.MAX_EVENTS", limit)
    answer = await desk.send("GET", PATH)
    assert answer.status_code == status
    if status == 413:
        assert (answer.json()["code"], answer.json()["limit_events"]) == ("calendar_too_large", limit)
