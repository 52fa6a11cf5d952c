"""Results as a laboratory's own table: the same rules as every other door, answered row by row."""

import random
import uuid
from typing import Any

from services.lab.domain.reports import Statement
from shared.contracts.lab import LabOrderV1
from tests.integration.lab.desk import Desk, states, yesterday
from tests.integration.lab.test_fhir import observation, quantity, stored
from tests.integration.lab.test_fhir import post as post_bundle
from tests.integration.lab.test_hl7 import oru
from tests.integration.lab.test_hl7 import post as post_message

HEAD = "ID Permintaan;Pemeriksaan;Hasil;Satuan;Waktu Pengambilan;Status;Tanggal Hasil;Nama"
DAY = "2026-03-02"


def row(order: LabOrderV1, value: str = "11,2", **changed: str) -> str:
    """Haemoglobin 11,2 g/dL of yesterday."""
    cells = {"test": "haemoglobin", "value": value, "unit": "g/dL", "status": "", "stated": ""} | changed
    drawn = yesterday().isoformat()
    return ";".join(
        (
            str(order.fact_id),
            cells["test"],
            cells["value"],
            cells["unit"],
            drawn,
            cells["status"],
            cells["stated"],
            "Siti",
        )
    )


async def post(desk: Desk, *rows: str, query: str = "") -> Any:
    content = "\r\n".join((HEAD, *rows)).encode("utf-8-sig")
    answer = await desk.send("POST", f"/v1/results:file{query}", content, media_type="text/csv")
    assert answer.status_code == 200, answer.text
    return answer.json()


def outcomes(report: Any) -> list[tuple[str, list[str]]]:
    return [(each["outcome"], [problem["code"] for problem in each.get("problems", ())]) for each in report["rows"]]


async def test_each_row_is_answered_and_a_dry_run_stores_nothing(desk: Desk) -> None:
    """B046."""
    order = await desk.open_order()
    rows = (
        row(order),
        row(order, "<5", test="ferritin", unit="ng/mL"),
        row(order, "2", test="crp", unit=""),
        row(order, "2", test="Hb total"),
        row(order, "112,5", test="mcv", unit="gram"),
        row(order, "112", test="haematocrit", unit="%"),
        row(order, "1", status="entah"),
        row(order, "9,9"),
    )
    meant = [
        ("accepted", []),
        ("accepted", []),
        ("held", ["unit_missing"]),
        ("held", ["unknown_test"]),
        ("held", ["unit_unknown"]),
        ("rejected", ["value_implausible"]),
        ("rejected", ["status_unknown"]),
        ("conflict", ["value_conflict"]),
    ]
    tried = await post(desk, *rows, query="?dry_run=true")
    assert (outcomes(tried), tried["columns"]["Nama"]) == (meant, None)
    assert await stored(desk) == []
    assert await desk.worker.fetchval("SELECT count(*) FROM inbound_message") == 0
    taken = await post(desk, *rows)
    assert (outcomes(taken), taken["received"], taken["counts"]["held"]) == (meant, 8, 3)
    assert [(each.value, each.comparator) for each in await stored(desk)] == [(112.0, None), (5.0, "<")]
    problem = taken["rows"][5]["problems"][0]
    assert (taken["rows"][5]["line"], problem["field"]) == (7, "Hasil")
    (message,) = (await desk.send("GET", "/v1/inbound-messages?door=csv")).json()["items"]
    assert (message["state"], message["counts"]) == ("partly", {"accepted": 2, "held": 3, "rejected": 2, "conflict": 1})
    original = (await desk.send("GET", f"/v1/inbound-messages/{message['message_id']}/original")).text
    assert "11,2" in original
    assert "Siti" not in original


async def test_corrected_retracted_and_sent_again(desk: Desk) -> None:
    order = await desk.open_order()
    assert outcomes(await post(desk, row(order), row(order, status="final"))) == [("accepted", []), ("unchanged", [])]
    assert outcomes(await post(desk, row(order, "10,1", status="koreksi"))) == [("corrected", [])]
    assert outcomes(await post(desk, row(order, "10,1", status="koreksi"))) == [("unchanged", [])]
    assert outcomes(await post(desk, row(order))) == [("superseded", [])]
    assert outcomes(await post(desk, row(order, "", status="batal"))) == [("retracted", [])]
    assert states(await desk.order(order.child_id))["blood_count"] == "ordered"
    assert [each.revision for each in await stored(desk, voided=True)] == [3]


async def test_a_row_with_the_laboratorys_number_moves_to_the_child_that_was_meant(desk: Desk) -> None:
    wrong, right = await desk.open_order(), await desk.open_order()
    head = f"{HEAD};No Lab"
    for order, status in ((wrong, "final"), (right, "koreksi")):
        content = f"{head}\n{row(order, status=status)};77".encode()
        answer = await desk.send("POST", "/v1/results:file", content, media_type="text/csv")
        assert outcomes(answer.json())[0][1] == []
    (old,), (new,) = await stored(desk, voided=True), await stored(desk)
    assert (old.child_id, new.child_id, new.replaces) == (wrong.child_id, right.child_id, old.fact_id)


STATUS: dict[Statement, tuple[str, str, str]] = {
    "final": ("final", "F", "final"),
    "corrected": ("corrected", "C", "koreksi"),
    "retracted": ("entered-in-error", "D", "batal"),
}
HISTORY: list[tuple[Statement, float, int]] = [("final", 11.2, 1), ("corrected", 10.1, 2), ("corrected", 6.4, 3)]
ENDED: tuple[Statement, float, int] = ("retracted", 11.2, 4)


async def state(desk: Desk, door: int, order: LabOrderV1, said: tuple[Statement, float, int]) -> None:
    """One statement of one observation, by one of the three doors."""
    statement, value, hour = said
    status = STATUS[statement][door]
    if door == 0:
        issued = f"{DAY}T0{hour}:00:00+07:00"
        sent = observation(order, identifier=..., status=status, issued=issued, valueQuantity=quantity(value))
        answer = await post_bundle(desk, sent)
        assert answer.status_code == 200
    elif door == 1:
        sent_at = f"{DAY.replace('-', '')}0{hour}0000+0700"
        answer = await post_message(desk, oru(order, str(value), status=status, filler="", sent=sent_at))
        assert answer.status_code == 200
    else:
        await post(desk, row(order, str(value), status=status, stated=f"{DAY} 0{hour}:00"))


async def test_what_holds_is_the_same_by_whatever_doors_in_whatever_order_and_number(desk: Desk) -> None:
    rng = random.Random(20260302)
    for number in range(6):
        order = await desk.open_order()
        history = [*HISTORY, *([ENDED] if number % 2 else [])]
        rng.shuffle(history)
        for said in [each for each in history for _ in range(rng.randint(1, 2))]:
            await state(desk, rng.randrange(3), order, said)
        rows = await desk.worker.fetch(
            "SELECT (content::json->>'value')::float AS value FROM lab_result WHERE order_id = $1 AND NOT voided",
            order.fact_id,
        )
        assert [each["value"] for each in rows] == ([] if number % 2 else [64.0]), history
        assert states(await desk.order(order.child_id))["blood_count"] == ("ordered" if number % 2 else "resulted")


async def test_a_late_result_of_a_child_without_an_order_is_taken_by_its_own_id(desk: Desk) -> None:
    order = await desk.open_order()
    head = "child_id,test_code,value,unit,drawn_on"
    content = (
        f"{head}\n{order.child_id},haemoglobin,11.2,g/dL,2026-03-02\n{uuid.uuid4()},haemoglobin,11.2,g/dL,2026-03-02"
    )
    answer = await desk.send("POST", "/v1/results:file", content.encode(), media_type="text/csv")
    assert outcomes(answer.json()) == [("accepted", []), ("rejected", ["unknown_child"])]
    refused = await desk.send("POST", "/v1/results:file", b"a,b\n1,2", media_type="text/csv")
    assert (refused.status_code, {each["code"] for each in refused.json()["errors"]}) == (422, {"column_missing"})
