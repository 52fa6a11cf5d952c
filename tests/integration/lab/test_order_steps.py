"""What happens between the order and its results: tests that a person adds, the way of a specimen, lists by place."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from shared.calendar import now_utc
from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import (
    CLINIC,
    DESA_A,
    DESA_B,
    HOSPITAL,
    Desk,
    case_fact,
    states,
    yesterday,
)


async def doctor(desk: Desk, method: str, path: str, body: Any = None, area: str = DESA_A) -> Any:
    return await desk.send(method, path, body, role="clinician", areas=[area], subject="doctor-1")


async def add(desk: Desk, order: LabOrderV1, **body: Any) -> Any:
    return await doctor(desk, "POST", f"/v1/orders/{order.fact_id}/tests", body)


async def test_a_sign_adds_its_tests_and_a_doctor_others_with_the_reason(desk: Desk) -> None:
    order = await desk.open_order(tests=("blood_count",))
    panels = {sign["code"]: sign["tests"] for sign in (await desk.send("GET", "/v1/panels")).json()["items"]}
    assert panels["goitre"] == ["tsh", "ft4"]
    grown = await add(desk, order, sign="goitre")
    assert (grown.status_code, [test["orderable"] for test in grown.json()["tests"]]) == (
        201, ["blood_count", "ft4", "tsh"],
    )  # fmt: skip
    assert (await add(desk, order, sign="goitre")).status_code == 200
    named = await add(desk, order, orderables=["zinc", "tsh"], reason_text="Nafsu makan buruk sejak dua bulan")
    assert named.status_code == 201
    shown = (await desk.send("GET", f"/v1/orders/{order.fact_id}")).json()["additions"]
    assert [(each["orderable"], each["sign"], each["added_by"]) for each in shown] == [
        ("ft4", "goitre", "doctor-1"),
        ("tsh", "goitre", "doctor-1"),
        ("zinc", None, "doctor-1"),
    ]
    now = await desk.order(order.child_id)
    assert [event.fact_id for event in await desk.events()].count(order.fact_id) == now.revision == 3
    # The case says nothing of them and keeps them; what it asks for later is added as ever.
    await desk.consume(case_fact(order.child_id, 2, tests=("blood_count", "crp")))
    assert set(states(await desk.order(order.child_id))) == {"blood_count", "tsh", "ft4", "zinc", "crp"}
    await desk.consume(case_fact(order.child_id, 3, state="closed", close_reason="cleared"))
    assert (await desk.order(order.child_id)).state == "cancelled"
    late = await add(desk, order, sign="pallor")
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "case_closed")


async def test_a_test_is_called_off_with_a_reason_until_somebody_asks_for_it_again(desk: Desk) -> None:
    order = await desk.open_order(tests=("ferritin", "crp"))
    path = f"/v1/orders/{order.fact_id}"
    assert (await desk.send("POST", f"{path}/tests/crp:cancel", {"reason": "declined"})).status_code == 403
    for _ in range(2):
        off = await doctor(desk, "POST", f"{path}/tests/crp:cancel", {"reason": "declined"})
        assert off.status_code == 200, off.text
    now = await desk.order(order.child_id)
    assert (states(now), now.cancel_reason, now.revision) == (
        {"ferritin": "ordered", "crp": "cancelled"}, "test_declined", 2,
    )  # fmt: skip
    await desk.report(order_id=order.fact_id, test_code="ferritin", value=21, unit="ng/mL")
    assert (await desk.order(order.child_id)).state == "complete"
    again = await add(desk, order, orderables=["crp"], reason_text="Keluarga sekarang setuju")
    assert (again.status_code, states(await desk.order(order.child_id))["crp"]) == (201, "ordered")
    (said,) = (await desk.send("GET", path)).json()["cancellations"]
    assert (said["reason"], said["cancelled_by"], said["ended_by"]) == ("declined", "doctor-1", "doctor-1")

    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["crp"]}
    await doctor(desk, "POST", f"{path}/specimens", tube)
    for test, body, code in (
        ("crp", {"reason": "declined"}, "already_drawn"),
        ("ferritin", {"reason": "declined"}, "already_resulted"),
        ("crp", {"reason": "other"}, "reason_text_missing"),
    ):
        late = await doctor(desk, "POST", f"{path}/tests/{test}:cancel", body)
        assert (late.status_code, late.json()["errors"][0]["code"]) == (422, code)
    unknown = await doctor(desk, "POST", f"{path}/tests/zinc:cancel", {"reason": "declined"})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, ["nothing_added"]),
        ({"sign": "hiccup"}, ["unknown_sign"]),
        ({"orderables": ["zinc"]}, ["reason_missing"]),
        ({"orderables": ["tin"], "reason_text": "x"}, ["unknown_orderable"]),
        ({"orderables": ["ferritin"], "reason_text": "ulang"}, ["already_resulted"]),
    ],
)
async def test_an_addition_that_cannot_be_is_refused_with_the_remedy(
    desk: Desk, body: dict[str, Any], codes: list[str]
) -> None:
    order = await desk.open_order(tests=("ferritin",))
    await desk.report(order_id=order.fact_id, test_code="ferritin", value=21, unit="ng/mL")
    answer = await add(desk, order, **body)
    assert answer.status_code == 422, answer.text
    assert [error["code"] for error in answer.json()["errors"]] == codes


async def test_who_may_not_see_the_order_or_not_ask_for_tests_adds_none(desk: Desk) -> None:
    order = await desk.open_order()
    path = f"/v1/orders/{order.fact_id}/tests"
    assert (await doctor(desk, "POST", path, {"sign": "pallor"}, area=DESA_B)).status_code == 404
    assert (await desk.send("POST", path, {"sign": "pallor"})).status_code == 403  # a laboratory orders nothing


async def test_a_confidential_test_is_asked_for_by_who_treats_the_child_and_seen_by_nobody_else(desk: Desk) -> None:
    order = await desk.open_order(tests=("crp",))
    path = f"/v1/orders/{order.fact_id}"
    puskesmas = {"role": "puskesmas", "areas": [DESA_A]}
    refused = await desk.send("POST", f"{path}/tests", {"sign": "hiv_exposed"}, **puskesmas)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "confidential_test")
    assert (await add(desk, order, sign="hiv_exposed")).status_code == 201
    tube = {"specimen": "venous", "drawn_at": yesterday().isoformat(), "orderables": ["hiv"]}
    assert (await doctor(desk, "POST", f"{path}/specimens", tube)).status_code == 201
    district = {"role": "district", "areas": ["12.19"]}
    for who, told in ((puskesmas, False), (district, False), ({}, True)):
        list_of = f"/v1/worklists?laboratory={HOSPITAL}"
        for shown in (path, f"/v1/orders?case_id={order.case_id}", list_of):
            assert ("hiv" in (await desk.send("GET", shown, **who)).text) is told, (who, shown)


async def test_a_specimen_goes_from_the_puskesmas_to_the_laboratory_step_by_step(desk: Desk) -> None:
    order = await desk.open_order(tests=("zinc", "ferritin"))
    drawn = yesterday()
    tube = {"specimen": "venous", "drawn_at": drawn.isoformat(), "orderables": ["zinc", "ferritin"]}
    drawn_there = await doctor(desk, "POST", f"/v1/orders/{order.fact_id}/specimens", tube)
    specimen = drawn_there.json()
    assert (specimen["step"], specimen["recorded_by"], specimen["received_at"]) == ("collected", "doctor-1", None)
    path = f"/v1/specimens/{specimen['specimen_id']}"

    async def listed(state: str) -> list[str]:
        answer = await desk.send("GET", f"/v1/worklists?laboratory={HOSPITAL}&state={state}")
        return [tube["step"] for item in answer.json()["items"] for tube in item["specimens"]]

    early = await doctor(desk, "POST", f"{path}:send", {"sent_at": (drawn - timedelta(minutes=1)).isoformat()})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "step_time_impossible")
    assert (await doctor(desk, "POST", f"{path}:receive", {})).status_code == 403  # only who has it receives it
    assert await listed("sent") == []
    sent = await doctor(desk, "POST", f"{path}:send", {"sent_at": (drawn + timedelta(hours=1)).isoformat()})
    assert (sent.json()["step"], sent.json()["sent_by"]) == ("sent", "doctor-1")
    assert (await listed("sent"), await listed("received")) == (["sent"], [])
    received = (await desk.send("POST", f"{path}:receive", {})).json()
    # Eight hours is what serum for zinc keeps: shown, not refused.
    assert (received["step"], received["received_by"], received["keeps_hours"], received["too_old"]) == (
        "received", "analyst-1", 8, True,
    )  # fmt: skip
    again = await desk.send("POST", f"{path}:receive", {"received_at": (drawn + timedelta(hours=2)).isoformat()})
    assert again.json()["received_at"] == received["received_at"]  # said twice, the first time stays
    assert (await listed("sent"), await listed("received")) == ([], ["received"])
    result = {"test_code": "zinc", "value": 66, "unit": "ug/dL", "specimen_id": specimen["specimen_id"]}
    assert (await desk.report(order_id=order.fact_id, drawn_at=..., **result)).status_code == 201
    assert states(await desk.order(order.child_id)) == {"zinc": "resulted", "ferritin": "collected"}
    assert (await desk.send("POST", f"{path}:reject", {"reason": "too_old"})).json()["step"] == "rejected"
    refused = await doctor(desk, "POST", f"{path}:send", {})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "specimen_rejected")
    assert states(await desk.order(order.child_id)) == {"zinc": "resulted", "ferritin": "ordered"}
    unknown = await desk.send("POST", f"/v1/specimens/{uuid.uuid4()}:receive", {})
    assert unknown.status_code == 404


async def test_what_a_laboratory_draws_itself_it_has_received(desk: Desk) -> None:
    order = await desk.open_order()
    tube = {"specimen": "venous", "drawn_at": now_utc().isoformat(), "orderables": ["crp"]}
    specimen = (await desk.send("POST", f"/v1/orders/{order.fact_id}/specimens", tube)).json()
    assert (specimen["step"], specimen["received_by"], specimen["too_old"]) == ("received", "analyst-1", False)


async def test_lists_by_puskesmas_and_posyandu_urgent_first_then_the_oldest(desk: Desk) -> None:
    """B058: whoever it waits for, an order is in the list of the place and ages there."""
    await desk.enter_laboratory(CLINIC, ["12.19.02"])
    newer = await desk.open_order(tests=("crp",), known_at=now_utc())
    older, urgent = await desk.open_order(tests=("crp",)), await desk.open_order(tests=("crp",), tier="urgent")
    there = await desk.open_order(tests=("crp",), desa_code=DESA_B)

    async def listed(query: str, **who: Any) -> list[str]:
        return [item["order_id"] for item in (await desk.send("GET", f"/v1/worklists?{query}", **who)).json()["items"]]

    at_a = [str(order.fact_id) for order in (urgent, older, newer)]
    district = {"role": "district", "areas": ["12.19"]}
    assert await listed(f"area={DESA_A}", **district) == at_a
    assert await listed(f"posyandu={DESA_A}.P001", **district) == at_a
    assert await listed(f"area={DESA_A}&posyandu={DESA_B}.P001", **district) == []
    assert sorted(await listed(f"area={DESA_A}&area={DESA_B}", **district)) == sorted([*at_a, str(there.fact_id)])
    assert await listed(f"area={DESA_A}&laboratory={CLINIC}", **district) == []
    assert await listed("area=12.19", role="puskesmas", areas=[DESA_B]) == [str(there.fact_id)]
    assert await listed("area=12.19", areas=[CLINIC]) == [str(there.fact_id)]  # a laboratory: its own
    loads = {
        each["code"]: each["load"]["waiting"]
        for each in (await desk.district("GET", "/v1/laboratories")).json()["items"]
    }
    assert loads == {HOSPITAL: 3, CLINIC: 1}
