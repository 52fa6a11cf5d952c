"""Held rows of one kind are settled by one answer, and what was said is followed from then on."""

import asyncio
from typing import Any

from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import CLINIC, DESA_A, Desk, states
from tests.integration.lab.test_csv_results import outcomes, post, row
from tests.integration.lab.test_fhir import stored
from tests.integration.lab.test_hl7 import oru, said
from tests.integration.lab.test_hl7 import post as post_message

GROUPS = "/v1/held-results/groups"
MEANT = {"test_code": "haemoglobin", "unit": "g/dL"}


async def groups(desk: Desk, **who: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.send("GET", GROUPS, **who)).json()["items"]
    return items


async def held_rows(desk: Desk) -> list[LabOrderV1]:
    """Three children's haemoglobin under the laboratory's own code, one of them impossible; one row of another kind."""
    orders = [await desk.open_order() for _ in range(3)]
    rows = [
        row(order, value, test="1023 Hb", unit="gram %x")
        for order, value in zip(orders, ("11,2", "6,1", "112,5"), strict=True)
    ]
    await post(desk, *rows, row(orders[0], "9", test="ferritin", unit=""))
    return orders


async def test_one_answer_settles_a_group_and_is_followed_by_every_door(desk: Desk) -> None:
    orders = await held_rows(desk)
    many, one = await groups(desk)
    assert (many["test"], many["unit"], many["reason"], many["rows"]) == ("1023 Hb", "gram %x", "unknown_test", 3)
    assert (one["test"], one["unit"], one["reason"], one["rows"]) == ("ferritin", None, "unit_missing", 1)
    assert await groups(desk, areas=[CLINIC]) == []
    seen = await desk.send("GET", "/v1/held-results", role="puskesmas", areas=[DESA_A])
    assert {each["reason"] for each in seen.json()["items"]} == {"unit_missing"}, (
        "a test nobody knows may be confidential"
    )
    path = f"{GROUPS}/{many['group_id']}:decide"
    assert (await desk.send("POST", path, MEANT, areas=[CLINIC])).status_code == 404
    nothing = await desk.send("POST", path, {"test_code": "haemoglobin"})
    assert (nothing.json()["recorded"], nothing.json()["refused"], nothing.json()["learnt"]) == (0, 3, [])
    done = (await desk.send("POST", path, MEANT)).json()
    assert (done["recorded"], done["refused"]) == (2, 1)
    assert [each["code"] for each in done["rows"][0]["problems"]] == ["value_implausible"]
    assert sorted(str(result.value) for result in await stored(desk)) == ["112.0", "61.0"]
    assert states(await desk.order(orders[0].child_id))["blood_count"] == "resulted"
    assert len((await desk.send("GET", "/v1/critical-values")).json()["items"]) == 1
    later = await desk.open_order()
    assert outcomes(await post(desk, row(later, test="1023 hb", unit="Gram%x"))) == [("accepted", [])]
    corrected = await post_message(desk, oru(later, "10.1", status="C", test="1023^Hb", filler=""))
    assert said(corrected) == ("AA", [])
    assert len(await stored(desk)) == 3
    words = (await desk.send("GET", "/v1/learnt-words")).json()["items"]
    assert {(word["kind"], word["word"], word["meaning"]) for word in words} == {
        ("test", "1023 Hb", "haemoglobin"),
        ("unit", "gram %x", "g/dL"),
    }
    for word in words:
        gone = await desk.send("POST", f"/v1/learnt-words/{word['word_id']}:forget")
        assert gone.status_code == 200, gone.text
    assert outcomes(await post(desk, row(await desk.open_order(), test="1023 Hb"))) == [("held", ["unknown_test"])]


async def test_two_who_decide_at_once_settle_each_row_once(desk: Desk) -> None:
    await held_rows(desk)
    many = (await groups(desk))[0]
    path = f"{GROUPS}/{many['group_id']}:decide"
    answers = await asyncio.gather(*(desk.send("POST", path, {**MEANT, "remember": False}) for _ in range(4)))
    assert sum(answer.json()["recorded"] for answer in answers) == 2
    assert sum(answer.json()["unchanged"] for answer in answers) == 0, "what one has settled is no other's"
    assert len(await stored(desk)) == 2
    assert (await desk.send("GET", "/v1/learnt-words")).json()["items"] == []


async def test_a_group_can_be_discarded_with_a_reason(desk: Desk) -> None:
    await held_rows(desk)
    many = (await groups(desk))[0]
    path = f"{GROUPS}/{many['group_id']}:discard"
    assert (await desk.send("POST", path, {"reason": "duplicate"})).json() == {"discarded": 3}
    assert (await desk.send("POST", path, {"reason": "duplicate"})).status_code == 404
    gone = (await desk.send("GET", "/v1/held-results?state=discarded")).json()["items"]
    assert {(each["reason"], each["discard_reason"]) for each in gone} == {("unknown_test", "duplicate")}
