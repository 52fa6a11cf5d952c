"""Results as HL7 v2 messages: the same rules as every other door, answered with an acknowledgement."""

import asyncio
import uuid
from typing import Any

import httpx

from services.lab.jobs.housekeeping import Housekeeping
from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import Desk, hb, states, yesterday
from tests.integration.lab.test_fhir import stored

ACK = "application/hl7-v2"


def oru(
    order: LabOrderV1,
    value: str = "11.2",
    *,
    status: str = "F",
    number: str | None = None,
    unit: str = "g/dL",
    test: str = "718-7^Hb^LN",
    filler: str = "LAB-1",
    sent: str = "20260301090000+0700",
) -> bytes:
    """Haemoglobin 11.2 g/dL of yesterday, filler number LAB-1."""
    drawn = yesterday().strftime("%Y%m%d%H%M%S+0000")
    return "\r".join(
        (
            rf"MSH|^~\&|LIS|RSUD|TUMBUH|DINKES|{sent}||ORU^R01|{number or uuid.uuid4().hex}|P|2.5||||||UNICODE UTF-8",
            "PID|1||1219015705240001^^^ID^NI||Aminah^Siti",
            f"ORC|RE|{order.fact_id}|{filler}",
            f"OBR|1|{order.fact_id}|{filler}|58410-2^CBC^LN|||{drawn}",
            f"OBX|1|NM|{test}||{value}|{unit}|||||{status}",
            "",
        )
    ).encode()


async def post(desk: Desk, content: bytes, **who: Any) -> httpx.Response:
    return await desk.send("POST", "/hl7", content, **{"media_type": ACK, **who})


def said(answer: httpx.Response) -> tuple[str, list[str]]:
    """MSA-1, and our code and severity of each ERR."""
    lines = [line.split("|") for line in answer.text.split("\r") if line]
    return lines[1][1], [f"{line[5].split('^')[0]}/{line[4]}" for line in lines if line[0] == "ERR"]


async def test_an_observation_is_recorded_and_what_contradicts_it_is_told_with_its_field(desk: Desk) -> None:
    order = await desk.open_order()
    answer = await post(desk, oru(order))
    assert (answer.status_code, said(answer), answer.headers["content-type"]) == (200, ("AA", []), ACK)
    (result,) = await stored(desk)
    assert (result.value, result.canonical_unit, result.original_value, result.loinc) == (112.0, "g/L", "11.2", "718-7")
    assert (result.child_id, result.drawn_at) == (order.child_id, yesterday())
    assert states(await desk.order(order.child_id))["blood_count"] == "resulted"
    again = await desk.send("POST", "/v1/results", hb(order_id=order.fact_id))
    assert (again.status_code, again.json()["result_id"]) == (200, str(result.fact_id))
    other = await post(desk, oru(order, "9.9"))
    assert said(other) == ("AE", ["value_conflict/E"])
    assert "\rERR||OBX^1^5|" in other.text
    assert said(await post(desk, b"MSH|^~\\&|x")) == ("AR", ["message_invalid/E"])


async def test_words_are_findings_of_a_test_that_has_them(desk: Desk) -> None:
    """B048."""
    order = await desk.open_order()
    assert said(await post(desk, oru(order, "positif", unit="", test="5802-4^Nitrit^LN"))) == ("AA", [])
    assert [result.findings for result in await stored(desk)] == [("positive",)]


async def test_corrected_retracted_late_and_of_the_wrong_child(desk: Desk) -> None:
    order, right = await desk.open_order(), await desk.open_order()
    assert said(await post(desk, oru(order, status="P"))) == ("AA", [])
    assert await stored(desk) == []
    await post(desk, oru(order))
    assert said(await post(desk, oru(order, "10.1", status="C"))) == ("AA", [])
    assert said(await post(desk, oru(order))) == ("AA", ["superseded/W"]), "late: known, and changes nothing"
    assert [(each.value, each.revision, each.change) for each in await stored(desk)] == [(101.0, 2, "corrected")]
    await post(desk, oru(right, "10.1", status="C"))
    (old,), (new,) = await stored(desk, voided=True), await stored(desk)
    assert (old.child_id, new.child_id, new.replaces) == (order.child_id, right.child_id, old.fact_id)
    assert said(await post(desk, oru(right, "", status="D"))) == ("AA", [])
    assert await stored(desk) == []
    assert states(await desk.order(right.child_id))["blood_count"] == "ordered"


async def test_a_number_taken_back_from_the_wrong_child_may_come_again_for_the_right_one(desk: Desk) -> None:
    wrong, right = await desk.open_order(), await desk.open_order()
    await post(desk, oru(wrong))
    await post(desk, oru(wrong, "", status="W", sent="20260301100000+0700"))
    early = oru(right, sent="20260301093000+0700")
    assert said(await post(desk, early)) == ("AA", ["superseded/W"])
    assert said(await post(desk, oru(right, sent="20260301110000+0700"))) == ("AA", [])
    assert said(await post(desk, oru(wrong))) == ("AE", ["value_conflict/E"])
    (old,), (new,) = await stored(desk, voided=True), await stored(desk)
    assert (old.child_id, new.child_id, new.replaces) == (wrong.child_id, right.child_id, old.fact_id)
    assert states(await desk.order(wrong.child_id))["blood_count"] == "ordered"


async def test_what_a_person_voided_does_not_come_back_with_the_same_report(desk: Desk) -> None:
    order = await desk.open_order()
    await post(desk, oru(order))
    (result,) = await stored(desk)
    path = f"/v1/results/{result.fact_id}"
    etag = (await desk.send("GET", path)).headers["etag"]
    gone = await desk.send("POST", f"{path}:void", {"reason": "analyser_faulty"}, etag=etag)
    assert gone.status_code == 200, gone.text
    assert said(await post(desk, oru(order))) == ("AA", ["superseded/W"])
    assert await stored(desk) == []


async def test_a_message_number_has_one_effect_and_one_answer(desk: Desk) -> None:
    order = await desk.open_order()
    copies = await asyncio.gather(*(post(desk, oru(order, number="M-1")) for _ in range(4)))
    assert len({copy.content for copy in copies}) == 1
    assert len(await stored(desk)) == 1
    assert await desk.worker.fetchval("SELECT count(*) FROM inbound_message") == 1
    other = oru(order, "9.9", status="C", number="M-1")
    assert said(await post(desk, other)) == said(await post(desk, other)) == ("AE", ["message_id_reused/E"])
    assert [result.value for result in await stored(desk)] == [112.0]
    assert said(await post(desk, oru(order, "9.9", status="C", number="M-2"))) == ("AA", [])
    token = (await post(desk, oru(order), key="a-key-of-mine")).request.headers["authorization"]
    bare = {"authorization": token, "content-type": ACK}
    without_key = await desk.client.post("/hl7", content=oru(order, number="M-1"), headers=bare)
    assert without_key.content == copies[0].content


async def test_an_unknown_test_or_unit_is_held_and_told_as_a_warning(desk: Desk) -> None:
    order = await desk.open_order()
    assert said(await post(desk, oru(order, test="1023^Hb darah^99LAB"))) == ("AA", ["unknown_test/W"])
    assert said(await post(desk, oru(order, unit="", filler="LAB-2"))) == ("AA", ["unit_missing/W"])
    held = (await desk.send("GET", "/v1/held-results")).json()["items"]
    assert {row["reported"]["test_code"] for row in held} == {"1023 Hb darah", "haemoglobin"}


async def test_messages_are_listed_with_what_became_of_them_and_read_by_their_sender(desk: Desk) -> None:
    order = await desk.open_order()
    await post(desk, oru(order, number="M-1"))
    await post(desk, oru(order, "9.9", number="M-2"))
    listed = (await desk.send("GET", "/v1/inbound-messages?limit=1")).json()
    (newest,) = listed["items"]
    assert (newest["number"], newest["state"], newest["counts"]) == ("M-2", "refused", {"conflict": 1})
    assert newest["outcomes"][0]["place"] == "OBX[1]"
    assert newest["outcomes"][0]["codes"] == ["value_conflict"]
    rest = await desk.send("GET", f"/v1/inbound-messages?cursor={listed['next_cursor']}")
    assert [each["number"] for each in rest.json()["items"]] == ["M-1"]
    path = f"/v1/inbound-messages/{newest['message_id']}"
    original = await desk.send("GET", f"{path}/original")
    assert "9.9" in original.text
    assert not [word for word in ("Siti", "1219015705240001") if word in original.text]
    seen = await desk.district("GET", "/v1/inbound-messages?door=hl7&state=taken")
    assert [each["number"] for each in seen.json()["items"]] == ["M-1"]
    assert (await desk.district("GET", f"{path}/original")).status_code == 404
    long_ago = "UPDATE inbound_message SET received_at = received_at - interval '366 days' WHERE number = 'M-1'"
    await desk.worker.execute(long_ago)
    await Housekeeping(desk.worker, lambda: None, 365).once()
    kept = (await desk.send("GET", "/v1/inbound-messages")).json()["items"]
    assert [each["number"] for each in kept] == ["M-2"]
    elsewhere = await desk.send("GET", "/v1/inbound-messages", role="district", areas=["12.20"])
    neighbour = await desk.send("GET", "/v1/inbound-messages", areas=["LAB.12.19.02.PKM"])
    assert (elsewhere.json()["items"], neighbour.json()["items"]) == ([], [])
