"""B036: a result without a unit is held, never assumed, until a person says which unit the analyser printed."""

import asyncio
from typing import Any

import pytest

from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import CLINIC, Desk, hb, states


async def held_back(desk: Desk, order: LabOrderV1, **values: Any) -> str:
    """A value without a unit, as it is answered; its held id."""
    answer = await desk.report(order_id=order.fact_id, unit=..., **values)
    assert answer.status_code == 202, answer.text
    held_id: str = answer.json()["held_id"]
    return held_id


async def listed(desk: Desk, state: str = "open", **who: Any) -> list[dict[str, Any]]:
    answer = await desk.send("GET", f"/v1/held-results?state={state}", **who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize("unit", [..., "  ", None])
async def test_a_value_without_a_unit_is_held_and_decides_nothing(desk: Desk, unit: Any) -> None:
    order = await desk.open_order()
    answer = await desk.report(order_id=order.fact_id, unit=unit, value=6.1)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "held")
    (problem,) = answer.json()["problems"]
    assert (problem["field"], problem["code"]) == ("unit", "unit_missing")
    assert "g/dL" in problem["remedy_id"]
    assert (await desk.send("GET", f"/v1/results?order_id={order.fact_id}")).json()["items"] == []
    assert states(await desk.order(order.child_id))["blood_count"] == "ordered"
    assert (await desk.send("GET", "/v1/critical-values")).json()["items"] == []
    (row,) = await listed(desk)
    assert (row["held_id"], row["reported"]["value"]) == (answer.json()["held_id"], 6.1)


async def test_the_same_row_sent_again_is_the_same_held_row(desk: Desk) -> None:
    order = await desk.open_order()
    row = hb(order_id=order.fact_id, unit=...)
    answers = await asyncio.gather(*(desk.send("POST", "/v1/results", row) for _ in range(4)))
    assert {answer.json()["held_id"] for answer in answers} == {(await listed(desk))[0]["held_id"]}
    assert len(await listed(desk)) == 1


async def test_with_its_unit_it_becomes_the_result_it_would_have_been(desk: Desk) -> None:
    order = await desk.open_order()
    held_id = await held_back(desk, order, value=6.1)
    path = f"/v1/held-results/{held_id}"
    impossible = await desk.send("POST", f"{path}:complete", {"unit": "g/L"})
    assert (impossible.status_code, impossible.json()["errors"][0]["code"]) == (422, "value_implausible")
    assert len(await listed(desk)) == 1, "what is refused stays open"
    done = await desk.send("POST", f"{path}:complete", {"unit": "g/dL"})
    assert (done.status_code, done.json()["outcome"], done.json()["value"]) == (200, "accepted", 61.0)
    assert states(await desk.order(order.child_id))["blood_count"] == "resulted"
    assert len((await desk.send("GET", "/v1/critical-values")).json()["items"]) == 1
    assert await listed(desk) == []
    assert [row["result_id"] for row in await listed(desk, "recorded")] == [done.json()["result_id"]]
    again = await desk.send("POST", f"{path}:discard", {"reason": "duplicate"})
    assert (again.status_code, again.json()["result_id"]) == (409, done.json()["result_id"])


async def test_a_value_that_was_reported_meanwhile_is_known_already(desk: Desk) -> None:
    order = await desk.open_order()
    held_id = await held_back(desk, order)
    known = (await desk.report(order_id=order.fact_id)).json()["result_id"]
    done = await desk.send("POST", f"/v1/held-results/{held_id}:complete", {"unit": "g/dL"})
    assert (done.json()["outcome"], done.json()["result_id"]) == ("unchanged", known)


async def test_a_discarded_value_stays_in_the_record_with_its_reason(desk: Desk) -> None:
    held_id = await held_back(desk, await desk.open_order())
    gone = await desk.send("POST", f"/v1/held-results/{held_id}:discard", {"reason": "cannot_be_clarified"})
    assert gone.status_code == 200, gone.text
    assert await listed(desk) == []
    assert [row["discard_reason"] for row in await listed(desk, "discarded")] == ["cannot_be_clarified"]


async def test_the_other_rows_of_a_batch_are_stored(desk: Desk) -> None:
    order = await desk.open_order()
    rows = [hb(order_id=order.fact_id, unit=...), hb(order_id=order.fact_id, test_code="crp", value=2, unit="mg/L")]
    report = (await desk.send("POST", "/v1/results:batch", {"rows": rows})).json()
    assert [row["outcome"] for row in report["rows"]] == ["held", "accepted"]
    assert (report["received"], report["accepted"], report["held"], report["rejected"]) == (2, 1, 1, 0)


async def test_another_laboratory_neither_sees_nor_settles_it(desk: Desk) -> None:
    held_id = await held_back(desk, await desk.open_order())
    assert await listed(desk, areas=[CLINIC]) == []
    path = f"/v1/held-results/{held_id}:complete"
    assert (await desk.send("POST", path, {"unit": "g/dL"}, areas=[CLINIC])).status_code == 404
    assert len(await listed(desk)) == 1


async def test_two_who_settle_it_at_once_make_one_result(desk: Desk) -> None:
    held_id = await held_back(desk, await desk.open_order())
    path = f"/v1/held-results/{held_id}:complete"
    answers = await asyncio.gather(*(desk.send("POST", path, {"unit": "g/dL"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
