"""The work list of follow-ups through the API, on real PostgreSQL."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from services.scoring.domain.ruleset import load
from shared.calendar import today_jakarta
from shared.contracts.child import Residence
from tests.integration.scoring.doors_desk import DESA_A, DESA_B, Desk, child, days_ago
from tests.integration.scoring.evidence import visit

POSYANDU = f"{DESA_B}.P001"


async def tasks(desk: Desk, query: str = "", **who: Any) -> list[dict[str, Any]]:
    """One page of the list."""
    found: list[dict[str, Any]] = (await desk.get(f"/v1/follow-ups{query}", **who))["items"]
    return found


async def stunted_on(desk: Desk, opened_days_ago: int, **changes: Any) -> uuid.UUID:
    """A child measured far too short on that day, told to us the same day; its tasks count from there."""
    child_id = uuid.uuid4()
    day = days_ago(opened_days_ago)
    muac = changes.pop("muac_cm", None)
    await desk.arrive(child(child_id, **changes), visit(child_id, day, 8.4, 74.0, muac_cm=muac), today=day)
    return child_id


@pytest.mark.parametrize(("days", "late"), [(6, 0), (7, 0), (8, 1), (20, 13)])
async def test_a_task_is_overdue_from_the_day_after_it_was_due_and_says_since_how_many_days(
    desk: Desk, days: int, late: int
) -> None:
    await stunted_on(desk, days)
    (shown,) = [item for item in await tasks(desk) if item["task"] == "remeasure_severe"]
    assert (shown["due_on"], shown["days_overdue"], shown["overdue"]) == (
        (days_ago(days) + timedelta(days=7)).isoformat(),
        late,
        late > 0,
    )


async def test_overdue_and_due_before_keep_what_their_words_say_with_both_edges(desk: Desk) -> None:
    for days in (6, 7, 8):
        await stunted_on(desk, days)
    mine = "?owner=puskesmas"
    assert {item["days_overdue"] for item in await tasks(desk, f"{mine}&overdue=true")} == {1}
    not_yet = await tasks(desk, f"{mine}&overdue=false")
    assert {item["due_on"] for item in not_yet} == {days_ago(0).isoformat(), days_ago(-1).isoformat()}
    before_today = await tasks(desk, f"{mine}&due_before={days_ago(0)}")
    assert {item["due_on"] for item in before_today} == {days_ago(1).isoformat()}
    before_tomorrow = await tasks(desk, f"{mine}&due_before={days_ago(-1)}")
    assert {item["due_on"] for item in before_tomorrow} == {days_ago(1).isoformat(), days_ago(0).isoformat()}
    assert await tasks(desk, f"{mine}&overdue=true&due_before={days_ago(1)}") == []
    assert (await desk.send("GET", "/v1/follow-ups?due_before=soon")).status_code == 422


async def test_the_list_goes_by_urgency_and_then_by_age_over_all_pages(desk: Desk) -> None:
    for days, muac in ((1, None), (9, None), (2, 11.0), (4, 11.0)):
        await stunted_on(desk, days, muac_cm=muac)
    whole = await tasks(desk)
    places = [(item["urgency"], item["due_on"], item["child_id"], item["fact_id"]) for item in whole]
    assert places == sorted(places)
    assert [item["task"] for item in whole[:3]] == ["urgent_assessment", "urgent_assessment", "remeasure_severe"]
    assert [item["days_overdue"] for item in whole[:3]] == [3, 1, 2]
    rules = load()
    assert all(item["urgency"] == rules.follow_ups[item["task"]].urgency for item in whole)
    rows, cursor = [], ""
    while cursor is not None:
        page = await desk.get(f"/v1/follow-ups?limit=3{cursor}")
        rows += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert rows == whole


async def test_the_list_is_of_an_area_and_shows_no_other_than_the_callers(desk: Desk) -> None:
    here = await stunted_on(desk, 3)
    there = await stunted_on(
        desk, 3, residences=(Residence(valid_from=days_ago(610), desa_code=DESA_B, posyandu_code=POSYANDU),)
    )

    async def children(query: str, **who: Any) -> set[str]:
        return {item["child_id"] for item in await tasks(desk, query, **who)}

    assert await children("") == {str(here), str(there)}
    for area, expected in ((DESA_A, here), (DESA_B, there), (POSYANDU, there)):
        assert await children(f"?area={area}") == {str(expected)}
    assert await children("?area=12.19.01") == {str(here), str(there)}
    assert await children("?area=12.19.02") == set()
    assert await children(f"?area={DESA_A}", areas=[DESA_B]) == set()
    assert await children("", role="kader", areas=[POSYANDU]) == {str(there)}
    (first, *_) = await tasks(desk, f"?area={POSYANDU}")
    assert (first["desa_code"], first["posyandu_code"]) == (DESA_B, POSYANDU)
    assert (await desk.send("GET", "/v1/follow-ups?area=Sei Balai")).status_code == 422


async def test_one_task_is_shown_as_the_list_shows_it_and_only_within_the_area(desk: Desk) -> None:
    await stunted_on(desk, 3)
    (first, *_) = await tasks(desk)
    path = f"/v1/follow-ups/{first['fact_id']}"
    answer = await desk.send("GET", path)
    assert answer.json() == first
    assert answer.headers["etag"] == first["etag"] == '"1.1"'
    assert (await desk.send("GET", path, areas=[DESA_B])).status_code == 404
    assert (await desk.send("GET", f"/v1/follow-ups/{uuid.uuid4()}")).status_code == 404
    assert (await desk.send("GET", path, role="province")).status_code == 403


async def test_today_is_the_day_in_jakarta(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the door decides, not the database's: moved by a day, everything is a day later."""
    await stunted_on(desk, 8)
    tomorrow = today_jakarta() + timedelta(days=1)
    monkeypatch.setattr("services.scoring.http.follow_ups.today_jakarta", lambda: tomorrow)
    assert {item["days_overdue"] for item in await tasks(desk, "?overdue=true")} == {2}
