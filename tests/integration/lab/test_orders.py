"""An order follows from its case: one, growing, routed, ended with the case."""

import random
import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.fact import Fact, derived_fact_id
from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import (
    CLINIC,
    CORE,
    DESA_A,
    DESA_B,
    DESA_ELSEWHERE,
    HOSPITAL,
    Desk,
    case_fact,
    child_fact,
    states,
    yesterday,
)


async def orders(desk: Desk) -> list[LabOrderV1]:
    rows = await desk.worker.fetch("SELECT content::text FROM lab_order ORDER BY fact_id")
    return [LabOrderV1.read(row["content"]) for row in rows]


async def test_a_case_opens_one_order_with_its_tests(desk: Desk) -> None:
    order = await desk.open_order()
    assert order.fact_id == derived_fact_id(order.case_id, "lab-order")
    assert (order.state, order.priority, order.laboratory_code) == ("open", "routine", HOSPITAL)
    assert states(order) == dict.fromkeys(CORE, "ordered")
    assert order.ordered_on == date(2026, 3, 2)
    assert await desk.events() == [order]


@pytest.mark.parametrize("changed", [{"tier": "urgent"}, {"priority": True}])
async def test_an_urgent_or_priority_case_is_drawn_first(desk: Desk, changed: dict[str, Any]) -> None:
    assert (await desk.open_order(**changed)).priority == "urgent"


async def test_a_closed_case_opens_nothing(desk: Desk) -> None:
    """Importing history: a case that is over by the time it arrives asks for no blood."""
    child_id = uuid.uuid4()
    await desk.consume(child_fact(child_id), case_fact(child_id, state="closed", close_reason="recovered"))
    assert await orders(desk) == []


async def test_the_same_facts_again_publish_nothing(desk: Desk) -> None:
    order = await desk.open_order()
    before = await desk.events()
    again = [child_fact(order.child_id), case_fact(order.child_id)]
    assert await desk.consume(*again, *again) == ["not_newer"] * 4
    await desk.consume(case_fact(order.child_id, 2), child_fact(order.child_id, 2))  # newer, but nothing for the order
    assert await desk.events() == before


async def test_a_later_need_adds_its_test(desk: Desk) -> None:
    order = await desk.open_order(tests=("blood_count",))
    await desk.consume(case_fact(order.child_id, 2, tests=("blood_count", "ferritin", "crp")))
    grown = await desk.order(order.child_id)
    assert states(grown) == dict.fromkeys(CORE, "ordered")
    assert [test.added_on for test in grown.tests] == [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 3)]
    assert (grown.revision, grown.ordered_on) == (2, date(2026, 3, 2))


async def test_a_test_that_the_catalogue_does_not_know_stops_nothing(desk: Desk) -> None:
    order = await desk.open_order(tests=("blood_count", "unheard_of"))
    assert states(order) == {"blood_count": "ordered"}


async def test_a_closed_case_cancels_what_is_not_drawn_and_nothing_else(desk: Desk) -> None:
    order = await desk.open_order()
    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["ferritin"]}
    assert (await desk.send("POST", f"/v1/orders/{order.fact_id}/specimens", tube)).status_code == 201
    await desk.consume(case_fact(order.child_id, 2, state="closed", close_reason="cleared"))
    ended = await desk.order(order.child_id)
    assert states(ended) == {"blood_count": "cancelled", "ferritin": "collected", "crp": "cancelled"}
    assert (ended.state, ended.cancel_reason) == ("open", "case_cleared")


async def test_a_case_that_lives_again_orders_its_tests_again(desk: Desk) -> None:
    order = await desk.open_order()
    await desk.consume(case_fact(order.child_id, 2, state="closed", close_reason="moved_out"))
    assert (await desk.order(order.child_id)).state == "cancelled"
    await desk.consume(case_fact(order.child_id, 3))
    again = await desk.order(order.child_id)
    assert (again.state, again.cancel_reason, again.revision) == ("open", None, 3)
    assert states(again) == dict.fromkeys(CORE, "ordered")
    assert {test.added_on for test in again.tests} == {date(2026, 3, 4)}  # the wait begins anew


async def test_a_merge_ends_the_losing_case_and_the_carried_case_has_its_own_order(desk: Desk) -> None:
    lost = await desk.open_order()
    survivor = uuid.uuid4()
    await desk.consume(
        child_fact(survivor),
        child_fact(lost.child_id, 2, merged_into=survivor),
        case_fact(lost.child_id, 2, state="closed", close_reason="merged"),
        case_fact(survivor),
    )
    found = {order.child_id: order for order in await orders(desk)}
    assert (found[lost.child_id].state, found[lost.child_id].cancel_reason) == ("cancelled", "case_merged")
    assert found[survivor].state == "open"


async def test_a_case_before_its_child_waits_without_a_laboratory(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.consume(case_fact(child_id))
    assert (await desk.order(child_id)).laboratory_code is None
    await desk.consume(child_fact(child_id))
    assert (await desk.order(child_id)).laboratory_code == HOSPITAL


async def test_the_smallest_served_area_wins_and_who_moves_takes_the_undrawn_tests_along(desk: Desk) -> None:
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    order = await desk.open_order(desa_code=DESA_B)
    assert order.laboratory_code == CLINIC
    await desk.consume(child_fact(order.child_id, 2, DESA_A))
    moved = await desk.order(order.child_id)
    assert (moved.laboratory_code, moved.revision) == (HOSPITAL, 2)


async def test_who_holds_a_specimen_still_sees_the_order_of_a_child_that_moved(desk: Desk) -> None:
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    order = await desk.open_order(desa_code=DESA_B)
    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["ferritin"]}
    path = f"/v1/orders/{order.fact_id}/specimens"
    assert (await desk.send("POST", path, tube, areas=[CLINIC])).status_code == 201
    await desk.consume(child_fact(order.child_id, 2, DESA_A))
    result = {"order_id": str(order.fact_id), "test_code": "ferritin", "value": 21, "unit": "ng/mL"}
    assert (
        await desk.send("POST", "/v1/results", result | {"drawn_at": tube["drawn_at"]}, areas=[CLINIC])
    ).status_code == 201
    now = await desk.order(order.child_id)
    assert now.laboratory_code == HOSPITAL
    assert states(now) == {"blood_count": "ordered", "ferritin": "resulted", "crp": "ordered"}


async def test_an_order_nobody_serves_goes_to_a_laboratory_as_soon_as_there_is_one(bare_desk: Desk) -> None:
    order = await bare_desk.open_order()
    assert order.laboratory_code is None
    unassigned = (await bare_desk.district("GET", "/v1/worklists")).json()
    assert [item["order_id"] for item in unassigned["items"]] == [str(order.fact_id)]
    await bare_desk.enter_laboratory()
    assert (await bare_desk.order(order.child_id)).laboratory_code == HOSPITAL
    assert (await bare_desk.district("GET", "/v1/worklists")).json()["items"] == []


async def test_a_district_enters_laboratories_of_its_own_area_only(desk: Desk) -> None:
    body = {"code": "LAB.12.20.RSUD", "name": "Lain", "area_codes": ["12.20"], "tests_per_day": 10}
    answer = await desk.district("POST", "/v1/laboratories", body)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("code", "outside_area"),
        ("area_codes", "outside_area"),
    ]
    assert (await desk.send("POST", "/v1/laboratories", body)).status_code == 403


async def test_a_work_list_is_urgent_first_and_pages_through_everything_once(desk: Desk) -> None:
    routine = [await desk.open_order() for _ in range(3)]
    urgent = await desk.open_order(tier="urgent")
    elsewhere = await desk.open_order(desa_code=DESA_ELSEWHERE)
    seen: list[str] = []
    query = f"/v1/worklists?laboratory={HOSPITAL}&limit=2"
    while True:
        page = (await desk.send("GET", query)).json()
        seen += [item["order_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"/v1/worklists?laboratory={HOSPITAL}&limit=2&cursor={page['next_cursor']}"
    assert seen[0] == str(urgent.fact_id)
    assert sorted(seen[1:]) == sorted(str(order.fact_id) for order in routine)
    assert str(elsewhere.fact_id) not in seen
    assert page["load"] == {
        "waiting": 12,
        "orders": 4,
        "urgent_orders": 1,
        "waiting_since": "2026-03-02",
        "tests_per_day": 240,
        "days": 0.1,
    }
    item = page["items"][0]
    assert item["overdue"] is True  # of March 2026
    assert (item["sex"], item["due_on"]) == ("female", "2026-03-16")
    assert item["tests"][0] == {
        "orderable": "blood_count",
        "state": "ordered",
        "added_on": "2026-03-02",
        "rejections": 0,
    }


async def test_orders_are_seen_by_their_laboratory_and_by_the_childs_area(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/orders/{order.fact_id}"
    seen = await desk.send("GET", path)
    assert (seen.status_code, seen.headers["etag"]) == (200, '"1.1"')
    assert (await desk.send("GET", path, areas=["LAB.12.19.OTHER"])).status_code == 404
    assert (await desk.send("GET", path, role="puskesmas", areas=[DESA_A])).status_code == 200
    assert (await desk.send("GET", path, role="puskesmas", areas=[DESA_B])).status_code == 404
    assert (await desk.send("GET", path, role="kader", areas=[DESA_A])).status_code == 403
    listed = (await desk.send("GET", f"/v1/orders?case_id={order.case_id}&state=open")).json()["items"]
    assert [item["order_id"] for item in listed] == [str(order.fact_id)]


REVISIONS = st.lists(st.tuples(st.sets(st.sampled_from(CORE)), st.booleans()), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cases=st.lists(REVISIONS, min_size=1, max_size=3),
    moves=st.lists(st.booleans(), max_size=2),
    seed=st.integers(0, 999),
)
async def test_any_arrival_of_child_and_case_ends_in_one_order_a_live_case_with_all_its_tests(
    open_module_desk: Desk, cases: list[list[tuple[set[str], bool]]], moves: list[bool], seed: int
) -> None:
    """B084, B094: duplicated and reordered, in batches of any size; required tests only grow, as scoring promises."""
    desk = open_module_desk
    await desk.forget()
    await desk.enter_laboratory()
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    facts: list[Fact] = []
    final: dict[uuid.UUID, tuple[set[str], bool]] = {}
    for revisions in cases:
        child_id = uuid.uuid4()
        facts.append(child_fact(child_id))
        facts += [child_fact(child_id, n, DESA_B if away else DESA_A) for n, away in enumerate(moves, start=2)]
        required: set[str] = set()
        for revision, (more, live) in enumerate(revisions, start=1):
            required |= more
            facts.append(case_fact(child_id, revision, sorted(required), "open" if live else "closed"))
        final[child_id] = (set(required), revisions[-1][1])
    arrivals = facts * 2
    rng = random.Random(seed)
    rng.shuffle(arrivals)
    while arrivals:
        size = rng.randint(1, 5)
        await desk.consume(*arrivals[:size])
        arrivals = arrivals[size:]
    found = {order.child_id: order for order in await orders(desk)}
    home = CLINIC if moves and moves[-1] else HOSPITAL
    for child_id, (required, live) in final.items():
        if not live or not required:
            assert child_id not in found or found[child_id].state == "cancelled"
        else:
            assert states(found[child_id]) == dict.fromkeys(required, "ordered")
            assert found[child_id].laboratory_code == home
    assert len(await orders(desk)) == len(found)
    published = {event.fact_id: event for event in await desk.events()}
    assert {order.fact_id: order for order in found.values()} == published  # the last word is the stored state


async def test_a_tube_of_the_same_day_after_a_refusal_is_another_tube(desk: Desk) -> None:
    """Who draws again on the same day without noting the time must not get the refused tube back."""
    order = await desk.open_order()
    tube = {"specimen": "venous", "drawn_on": yesterday().date().isoformat(), "orderables": list(CORE)}
    path = f"/v1/orders/{order.fact_id}/specimens"
    first = await desk.send("POST", path, tube)
    told_twice = await desk.send("POST", path, tube)
    assert (first.status_code, told_twice.status_code) == (201, 200)
    assert told_twice.json()["specimen_id"] == first.json()["specimen_id"]
    refused = await desk.send("POST", f"/v1/specimens/{first.json()['specimen_id']}:reject", {"reason": "haemolysed"})
    assert refused.status_code == 200
    again = await desk.send("POST", path, tube)
    assert again.status_code == 201
    assert again.json()["specimen_id"] != first.json()["specimen_id"]
    now = await desk.order(order.child_id)
    assert states(now) == dict.fromkeys(CORE, "collected")
    assert {test.rejections for test in now.tests} == {1}
