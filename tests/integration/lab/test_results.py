"""Results: converted once, never doubled, an order's tests follow them."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.calendar import JAKARTA, now_utc
from shared.contracts.lab import CriticalValueV1, LabOrderV1, LabResultV1
from tests.integration.lab.desk import (
    CLINIC,
    DESA_A,
    DESA_B,
    HOSPITAL,
    Desk,
    case_fact,
    child_fact,
    hb,
    states,
    yesterday,
)


async def stored(desk: Desk) -> list[LabResultV1]:
    rows = await desk.worker.fetch("SELECT content::text FROM lab_result ORDER BY fact_id")
    return [LabResultV1.read(row["content"]) for row in rows]


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


async def test_a_result_is_converted_once_and_kept_as_it_came(desk: Desk) -> None:
    """B118."""
    order = await desk.open_order()
    answer = await desk.report(order_id=order.fact_id, method="impedance")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1.1"')
    (result,) = await stored(desk)
    assert answer.json()["result_id"] == str(result.fact_id)
    assert (result.value, result.canonical_unit, result.loinc) == (112.0, "g/L", "718-7")
    assert (result.original_value, result.original_unit, result.method) == ("11.2", "g/dL", "impedance")
    assert (result.child_id, result.order_id, result.laboratory_code) == (order.child_id, order.fact_id, HOSPITAL)
    after = await desk.order(order.child_id)
    assert states(after) == {"blood_count": "resulted", "ferritin": "ordered", "crp": "ordered"}
    assert await desk.events() == [order, result, after]


async def test_an_order_is_complete_with_its_last_result_and_opens_again_for_a_new_need(desk: Desk) -> None:
    order = await desk.open_order(tests=("blood_count", "crp"))
    await desk.report(order_id=order.fact_id)
    await desk.report(order_id=order.fact_id, test_code="crp", value=0.6, unit="mg/dL")
    complete = await desk.order(order.child_id)
    assert (complete.state, complete.completed_on) == ("complete", now_utc().astimezone(JAKARTA).date())
    await desk.consume(case_fact(order.child_id, 2, tests=("blood_count", "crp", "ferritin")))
    again = await desk.order(order.child_id)
    assert (again.state, again.completed_on) == ("open", None)


async def test_a_blood_count_is_resulted_by_its_haemoglobin_alone(desk: Desk) -> None:
    order = await desk.open_order(tests=("blood_count",))
    await desk.report(order_id=order.fact_id, test_code="mcv", value=71, unit="fL")
    assert states(await desk.order(order.child_id)) == {"blood_count": "ordered"}
    await desk.report(order_id=order.fact_id)
    assert states(await desk.order(order.child_id)) == {"blood_count": "resulted"}


async def test_an_equal_report_is_one_result_and_another_value_is_refused(desk: Desk) -> None:
    """B052: in whatever unit it is said the second time."""
    order = await desk.open_order()
    row = hb(order_id=order.fact_id)
    first = await desk.send("POST", "/v1/results", row)
    again = await desk.send("POST", "/v1/results", row | {"value": 112, "unit": "gr/L"})
    assert (again.status_code, again.json()["result_id"]) == (200, first.json()["result_id"])
    other = await desk.send("POST", "/v1/results", row | {"value": 12.1})
    assert (other.status_code, other.json()["code"]) == (409, "value_conflict")
    assert (other.json()["result_id"], other.json()["etag"]) == (first.json()["result_id"], '"1.1"')
    assert len(await stored(desk)) == 1


@pytest.mark.parametrize("of_order", [True, False])
async def test_two_equal_reports_at_the_same_moment_are_one_result(desk: Desk, of_order: bool) -> None:  # noqa: FBT001
    """B052: two clients, two connections, 20 ms and less apart."""
    order = await desk.open_order()
    row = hb(**({"order_id": order.fact_id} if of_order else {"child_id": order.child_id}))
    answers = await asyncio.gather(*(desk.send("POST", "/v1/results", row, subject=f"a-{n}") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["result_id"] for answer in answers}) == 1
    assert len(await stored(desk)) == 1
    assert sum(isinstance(event, LabResultV1) for event in await desk.events()) == 1


async def test_the_natural_key_is_the_databases_own(desk: Desk) -> None:
    """B052: a second row is impossible whatever the code does."""
    await desk.report(order_id=(await desk.open_order()).fact_id)
    copy = (
        "INSERT INTO lab_result SELECT child_id, gen_random_uuid(), epoch, revision, known_at, order_id, "
        "laboratory_code, test_code, draw, drawn_on, reported_at, voided, void_reason, specimen_id, content "
        "FROM lab_result"
    )
    with pytest.raises(Exception, match="lab_result_natural_key"):
        await desk.superuser(copy)


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        (
            {"unit": ..., "specimen_id": str(uuid.uuid4())},
            [("specimen_id", "unknown_specimen"), ("unit", "unit_missing")],
        ),
        ({"unit": "cm"}, [("unit", "unit_unknown")]),
        ({"value": 112}, [("value", "value_implausible")]),
        ({"unit": "g/L"}, [("value", "value_implausible")]),
        ({"test_code": "phlogiston"}, [("test_code", "unknown_test")]),
        ({"specimen": "stool"}, [("specimen", "specimen_unfit")]),
        ({"drawn_at": ...}, [("drawn_at", "draw_missing")]),
        ({"drawn_on": "2026-01-01"}, [("drawn_on", "draw_differs")]),
        ({"drawn_at": "2024-05-16T23:00:00+07:00"}, [("drawn_at", "date_impossible")]),
        ({"drawn_at": (now_utc() + timedelta(hours=2)).isoformat()}, [("drawn_at", "date_impossible")]),
        ({"order_id": ...}, [("order_id", "order_or_child_missing")]),
        ({"order_id": str(uuid.uuid4())}, [("order_id", "unknown_order")]),
        ({"child_id": str(uuid.uuid4())}, [("child_id", "order_of_another_child")]),
        ({"order_id": ..., "child_id": str(uuid.uuid4())}, [("child_id", "unknown_child")]),
        ({"specimen_id": str(uuid.uuid4())}, [("specimen_id", "unknown_specimen")]),
        ({"value": "11,2"}, [("value", "decimal_comma")]),
        ({"value": "11.2"}, [("value", "number_as_text")]),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    desk: Desk, changed: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    order = await desk.open_order()
    answer = await desk.report(**{"order_id": order.fact_id, **changed})
    assert (answer.status_code, codes(answer)) == (422, problems)
    assert await stored(desk) == []


async def test_a_refusal_names_the_unit_that_would_fit(desk: Desk) -> None:
    """B042."""
    order = await desk.open_order()
    answer = await desk.report(order_id=order.fact_id, value=112)
    assert "apakah satuannya g/L, bukan g/dL?" in answer.json()["errors"][0]["remedy_id"]
    assert "is the unit g/L instead of g/dL?" in answer.json()["errors"][0]["remedy_en"]


async def test_a_draw_on_the_day_of_birth_is_possible(desk: Desk) -> None:
    order = await desk.open_order()
    assert (await desk.report(order_id=order.fact_id, drawn_at="2024-05-17T00:10:00+07:00")).status_code == 201


@pytest.mark.parametrize("comparator", ["<", "<=", ">", ">="])
async def test_a_bound_keeps_its_comparator_everywhere(desk: Desk, comparator: str) -> None:
    """B046: in store, API and event; converted with its value."""
    order = await desk.open_order()
    answer = await desk.report(order_id=order.fact_id, test_code="crp", value=0.5, unit="mg/dL", comparator=comparator)
    read = await desk.send("GET", f"/v1/results/{answer.json()['result_id']}")
    shown = read.json()
    assert (shown["comparator"], shown["value"], shown["original_value"]) == (comparator, 5.0, f"{comparator}0.5")
    published = [event for event in await desk.events() if isinstance(event, LabResultV1)]
    assert [event.comparator for event in published] == [comparator]


async def test_a_batch_reports_row_by_row(desk: Desk) -> None:
    order = await desk.open_order()
    good = hb(order_id=order.fact_id)
    rows = [
        good,
        good,
        good | {"value": 9.9},
        {**good, "value": "11,2"},
        {**good, "unit": "cm"},
        {**good, "test_code": "ferritin", "value": 21, "unit": "ng/mL"},
    ]
    answer = await desk.send("POST", "/v1/results:batch", {"rows": rows})
    report = answer.json()
    assert [row["outcome"] for row in report["rows"]] == [
        *("accepted", "unchanged", "conflict", "rejected", "rejected", "accepted")
    ]
    assert (report["received"], report["accepted"], report["unchanged"], report["rejected"]) == (6, 2, 1, 3)
    assert report["rows"][0]["result_id"] == report["rows"][1]["result_id"] == report["rows"][2]["result_id"]
    assert report["rows"][3]["problems"][0]["code"] == "decimal_comma"
    assert report["rows"][3]["problems"][0]["field"] == "rows.3.value"
    orders = [event for event in await desk.events() if isinstance(event, LabOrderV1)]
    assert [order.revision for order in orders] == [1, 2]  # one revision a batch, not a row


async def test_a_result_of_a_child_without_an_order_is_kept_for_the_child(desk: Desk) -> None:
    child_id = uuid.uuid4()
    await desk.consume(child_fact(child_id))
    assert (await desk.report(child_id=child_id)).status_code == 201
    (result,) = await stored(desk)
    assert (result.child_id, result.order_id, result.laboratory_code) == (child_id, None, HOSPITAL)


async def test_a_laboratory_reports_only_what_was_ordered_from_it_and_reads_only_its_own(desk: Desk) -> None:
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    order = await desk.open_order()  # of the hospital
    answer = await desk.send("POST", "/v1/results", hb(order_id=order.fact_id), areas=[CLINIC])
    assert codes(answer) == [("order_id", "unknown_order")]
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id)).json()['result_id']}"
    assert (await desk.send("GET", path, areas=[CLINIC])).status_code == 404
    assert (await desk.send("GET", path, role="puskesmas", areas=[DESA_A])).status_code == 200
    assert (await desk.send("GET", path, role="puskesmas", areas=[DESA_B])).status_code == 404
    mine = await desk.send("GET", f"/v1/results?child_id={order.child_id}")
    assert len(mine.json()["items"]) == 1
    theirs = await desk.send("GET", f"/v1/results?child_id={order.child_id}", areas=[CLINIC])
    assert theirs.json()["items"] == []


async def test_a_correction_is_a_revision_that_says_what_it_saw(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id)).json()['result_id']}"
    assert (await desk.send("PATCH", path, {"value": 12.1, "unit": "g/dL"})).status_code == 428
    stale = await desk.send("PATCH", path, {"value": 12.1, "unit": "g/dL"}, etag='"1.7"')
    assert (stale.status_code, stale.headers["etag"]) == (412, '"1.1"')
    unitless = await desk.send("PATCH", path, {"value": 12.1}, etag='"1.1"')
    assert codes(unitless) == [("unit", "unit_missing")]
    done = await desk.send("PATCH", path, {"value": 12.1, "unit": "g/dL"}, etag='"1.1"')
    assert (done.status_code, done.headers["etag"], done.json()["value"]) == (200, '"1.2"', 121.0)
    same = await desk.send("PATCH", path, {"value": 121, "unit": "g/L", "method": None}, etag='"1.2"')
    assert same.headers["etag"] == '"1.3"'  # the unit it came in is part of the record
    nothing = await desk.send("PATCH", path, {}, etag='"1.3"')
    assert nothing.headers["etag"] == '"1.3"'
    (result,) = await stored(desk)
    assert (result.original_value, result.original_unit, result.change) == ("121", "g/L", "corrected")


async def test_a_correction_onto_another_result_is_refused(desk: Desk) -> None:
    order = await desk.open_order()
    other_draw = (yesterday() - timedelta(days=3)).isoformat()
    await desk.report(order_id=order.fact_id, drawn_at=other_draw, value=10)
    path = f"/v1/results/{(await desk.report(order_id=order.fact_id)).json()['result_id']}"
    answer = await desk.send("PATCH", path, {"drawn_at": other_draw}, etag='"1.1"')
    assert (answer.status_code, answer.json()["code"]) == (409, "value_conflict")


async def test_a_retraction_opens_the_test_again_and_makes_room_for_the_right_value(desk: Desk) -> None:
    order = await desk.open_order()
    result_id = (await desk.report(order_id=order.fact_id)).json()["result_id"]
    path = f"/v1/results/{result_id}:void"
    assert (await desk.send("POST", path, {"reason": "specimen_unfit"}, etag='"1.1"')).status_code == 200
    assert states(await desk.order(order.child_id))["blood_count"] == "ordered"
    events = len(await desk.events())
    assert (await desk.send("POST", path, {"reason": "specimen_unfit"}, etag='"1.2"')).status_code == 200
    assert len(await desk.events()) == events  # twice is once
    assert (await desk.report(order_id=order.fact_id, value=12.4)).status_code == 201
    assert [result.voided for result in await stored(desk)] == [True, False]
    late = await desk.send("PATCH", f"/v1/results/{result_id}", {"value": 9, "unit": "g/dL"}, etag='"1.2"')
    assert codes(late) == [("result_id", "result_voided")]


async def test_only_what_was_seen_is_retracted(desk: Desk) -> None:
    order = await desk.open_order()
    result_id = (await desk.report(order_id=order.fact_id)).json()["result_id"]
    path, reason = f"/v1/results/{result_id}", {"reason": "entered_in_error"}
    assert (await desk.send("POST", f"{path}:void", reason)).status_code == 428
    corrected = await desk.send("PATCH", path, {"value": 12.1, "unit": "g/dL"}, etag='"1.1"')
    assert corrected.status_code == 200
    stale = await desk.send("POST", f"{path}:void", reason, etag='"1.1"')
    assert stale.status_code == 412
    assert [result.voided for result in await stored(desk)] == [False]
    assert (await desk.send("POST", f"{path}:void", reason, etag=corrected.headers["etag"])).status_code == 200


async def test_a_result_of_the_wrong_child_is_replaced_in_one_step(desk: Desk) -> None:
    wrong, right = await desk.open_order(), await desk.open_order()
    result_id = (await desk.report(order_id=wrong.fact_id, value=6.1)).json()["result_id"]
    moved = await desk.report(order_id=right.fact_id, value=6.1, replaces=result_id)
    assert (moved.status_code, moved.json()["replaces"]) == (201, result_id)
    assert {result.order_id: result.voided for result in await stored(desk)} == {
        wrong.fact_id: True,
        right.fact_id: False,
    }
    assert states(await desk.order(wrong.child_id))["blood_count"] == "ordered"
    assert states(await desk.order(right.child_id))["blood_count"] == "resulted"
    alerts = {event.child_id: event.state for event in await desk.events() if isinstance(event, CriticalValueV1)}
    assert alerts == {wrong.child_id: "withdrawn", right.child_id: "raised"}
    unknown = await desk.report(order_id=right.fact_id, value=7, replaces=uuid.uuid4())
    assert codes(unknown) == [("replaces", "unknown_replaced")]


async def test_a_specimen_is_collected_once_and_its_refusal_opens_its_tests_again(desk: Desk) -> None:
    order = await desk.open_order()
    tube: dict[str, Any] = {
        "specimen": "venous",
        "drawn_at": yesterday().isoformat(),
        "orderables": ["blood_count", "ferritin"],
    }
    path = f"/v1/orders/{order.fact_id}/specimens"
    first = await desk.send("POST", path, tube)
    again = await desk.send("POST", path, tube, role="puskesmas", areas=[DESA_A])
    assert (first.status_code, again.status_code) == (201, 200)
    specimen_id = first.json()["specimen_id"]
    assert again.json()["specimen_id"] == specimen_id
    assert states(await desk.order(order.child_id)) == {
        "blood_count": "collected",
        "ferritin": "collected",
        "crp": "ordered",
    }
    listed = (await desk.send("GET", f"/v1/worklists?laboratory={HOSPITAL}&state=collected")).json()["items"]
    assert [each["specimen_id"] for each in listed[0]["specimens"]] == [specimen_id]

    await desk.report(order_id=order.fact_id, specimen_id=specimen_id, drawn_at=..., specimen=...)
    (result,) = await stored(desk)
    assert (result.specimen, result.drawn_at) == ("venous", datetime.fromisoformat(tube["drawn_at"]))
    refused = await desk.send("POST", f"/v1/specimens/{specimen_id}:reject", {"reason": "insufficient"})
    assert refused.status_code == 200
    after = await desk.order(order.child_id)
    assert [(test.orderable, test.state, test.rejections) for test in after.tests] == [
        ("blood_count", "resulted", 0),
        ("ferritin", "ordered", 1),
        ("crp", "ordered", 0),
    ]
    events = len(await desk.events())
    await desk.send("POST", f"/v1/specimens/{specimen_id}:reject", {"reason": "insufficient"})
    assert len(await desk.events()) == events
    late = await desk.report(order_id=order.fact_id, specimen_id=specimen_id, test_code="ferritin", unit="ug/L")
    assert ("specimen_id", "specimen_rejected") in codes(late)


async def test_two_laboratories_with_tubes_of_one_order_keep_them_apart(desk: Desk) -> None:
    """The child moved between the two draws; neither sees the other's tube, both may label theirs alike."""
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    order = await desk.open_order(desa_code=DESA_B)
    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["crp"]}
    path = f"/v1/orders/{order.fact_id}/specimens"
    first = await desk.send("POST", path, tube, areas=[CLINIC])
    await desk.consume(child_fact(order.child_id, 2, DESA_A))
    second = await desk.send("POST", path, tube, areas=[HOSPITAL])
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["specimen_id"] != second.json()["specimen_id"]


async def test_a_specimen_is_for_tests_that_wait(desk: Desk) -> None:
    order = await desk.open_order()
    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["zinc"]}
    answer = await desk.send("POST", f"/v1/orders/{order.fact_id}/specimens", tube)
    assert codes(answer) == [("orderables", "not_ordered")]
    missing = await desk.send("POST", f"/v1/orders/{uuid.uuid4()}/specimens", tube)
    assert missing.status_code == 404
