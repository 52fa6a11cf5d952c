"""Results as FHIR bundles: taken through the same rules as everything else, answered entry by entry.

The bundles are our own, after the standard; what `fhir.resources` leaves unchecked is said in `tests/unit/lab`.
"""

import asyncio
import itertools
import random
import uuid
from typing import Any

import orjson
import pytest

from shared.contracts.lab import LabOrderV1, LabResultV1
from tests.integration.lab.desk import CLINIC, Desk, hb, states, yesterday

UCUM = "http://unitsofmeasure.org"


def observation(order: LabOrderV1 | None, **changed: Any) -> dict[str, Any]:
    """Haemoglobin 11.2 g/dL of yesterday, number HB-1 of the laboratory."""
    plain: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:oid:1.2.3", "value": "HB-1"}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "effectiveDateTime": yesterday().isoformat(),
        "valueQuantity": {"value": 11.2, "system": UCUM, "code": "g/dL"},
    }
    if order is not None:
        plain["basedOn"] = [{"identifier": {"value": str(order.fact_id)}}]
    return {name: value for name, value in {**plain, **changed}.items() if value is not ...}


def quantity(value: float, **changed: Any) -> dict[str, Any]:
    return {"value": value, "system": UCUM, "code": "g/dL", **changed}


async def post(desk: Desk, *resources: dict[str, Any], kind: str = "batch", **who: Any) -> Any:
    body = {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources]}
    return await desk.send("POST", "/fhir", orjson.dumps(body), **{"media_type": "application/fhir+json", **who})


def said(answer: Any) -> list[tuple[str, list[str]]]:
    """Status and codes of each entry."""
    assert answer.status_code == 200, answer.text
    return [
        (
            entry["response"]["status"][:3],
            [issue["details"]["coding"][0]["code"] for issue in entry["response"].get("outcome", {}).get("issue", ())],
        )
        for entry in answer.json()["entry"]
    ]


async def stored(desk: Desk, *, voided: bool = False) -> list[LabResultV1]:
    rows = await desk.worker.fetch("SELECT content::text FROM lab_result WHERE voided = $1 ORDER BY fact_id", voided)
    return [LabResultV1.read(row["content"]) for row in rows]


async def test_an_observation_is_recorded_like_every_other_result(desk: Desk) -> None:
    order = await desk.open_order()
    answer = await post(desk, observation(order))
    assert said(answer) == [("201", ["accepted"])]
    (result,) = await stored(desk)
    assert answer.json()["entry"][0]["response"]["location"] == f"Observation/{result.fact_id}"
    assert (result.value, result.canonical_unit, result.original_value, result.loinc) == (112.0, "g/L", "11.2", "718-7")
    assert (result.child_id, result.drawn_at) == (order.child_id, yesterday())
    after = await desk.order(order.child_id)
    assert states(after)["blood_count"] == "resulted"
    assert await desk.events() == [order, result, after]
    again = await desk.send("POST", "/v1/results", hb(order_id=order.fact_id))
    assert (again.status_code, again.json()["result_id"]) == (200, str(result.fact_id))


async def test_a_bound_keeps_its_comparator(desk: Desk) -> None:
    """B046."""
    order = await desk.open_order()
    low = observation(
        order,
        code={"coding": [{"system": "http://loinc.org", "code": "2276-4"}]},
        valueQuantity={"value": 5, "comparator": "<", "system": UCUM, "code": "ng/mL"},
    )
    assert said(await post(desk, low)) == [("201", ["accepted"])]
    assert [(result.value, result.comparator, result.original_value) for result in await stored(desk)] == [
        (5.0, "<", "<5")
    ]


async def test_a_patient_that_comes_with_results_makes_no_second_child_however_often_b060(desk: Desk) -> None:
    order = await desk.open_order()
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [{"value": "1219015705240001"}], "gender": "male"}
    about = {"subject": {"reference": "Patient/p1"}}
    for _ in range(2):
        answer = await post(desk, patient, observation(order, **about))
        assert answer.status_code == 200, answer.text
    assert await desk.worker.fetchval("SELECT count(*) FROM child") == 1
    assert {result.child_id for result in await stored(desk)} == {order.child_id}
    assert len(await stored(desk)) == 1


async def test_one_bad_entry_of_a_batch_stops_no_other_and_is_named_by_its_path(desk: Desk) -> None:
    order = await desk.open_order()
    wrong = observation(order, identifier=[{"value": "HB-2"}], valueQuantity=quantity(112))
    answer = await post(desk, wrong, observation(order, status="done"), observation(order))
    assert said(answer) == [("422", ["value_implausible"]), ("422", ["status_unknown"]), ("201", ["accepted"])]
    issue = answer.json()["entry"][0]["response"]["outcome"]["issue"][0]
    assert (issue["severity"], issue["code"]) == ("error", "value")
    assert issue["expression"] == ["Bundle.entry[0].resource.value"]
    assert "apakah satuannya g/L" in issue["details"]["text"]
    assert "is the unit g/L" in issue["details"]["text"]
    assert len(await stored(desk)) == 1


async def test_a_transaction_is_taken_as_a_whole_or_not_at_all_and_kept_either_way(desk: Desk) -> None:
    order = await desk.open_order()
    wrong = observation(order, identifier=[{"value": "X"}], valueQuantity=quantity(112))
    refused = await post(desk, observation(order), wrong, kind="transaction")
    assert (refused.status_code, refused.json()["resourceType"]) == (422, "OperationOutcome")
    assert [issue["details"]["coding"][0]["code"] for issue in refused.json()["issue"]] == ["value_implausible"]
    assert (await stored(desk), await desk.events()) == ([], [order])
    taken = await post(desk, observation(order), kind="transaction")
    assert (taken.json()["type"], said(taken)) == ("transaction-response", [("201", ["accepted"])])
    assert await desk.worker.fetchval("SELECT count(*) FROM inbound_message WHERE door = 'fhir'") == 2


async def test_a_correction_and_a_retraction_are_revisions_of_the_one_result(desk: Desk) -> None:
    order = await desk.open_order()
    await post(desk, observation(order))
    assert said(await post(desk, observation(order, valueQuantity=quantity(10.1)))) == [("409", ["value_conflict"])]
    better = observation(order, status="corrected", valueQuantity=quantity(10.1))
    assert said(await post(desk, better)) == [("200", ["corrected"])]
    assert said(await post(desk, better)) == [("200", ["unchanged"])]
    (result,) = await stored(desk)
    assert (result.value, result.revision, result.change) == (101.0, 2, "corrected")
    assert said(await post(desk, observation(order))) == [("200", ["superseded"])]
    assert said(await post(desk, observation(order, status="entered-in-error"))) == [("200", ["retracted"])]
    assert [each.revision for each in await stored(desk, voided=True)] == [3]
    assert states(await desk.order(order.child_id))["blood_count"] == "ordered"
    assert said(await post(desk, observation(order))) == [("200", ["superseded"])]


STATEMENTS: list[dict[str, Any]] = [
    {"issued": "2026-03-02T01:00:00+07:00"},
    {"status": "corrected", "issued": "2026-03-02T02:00:00+07:00", "valueQuantity": quantity(10.1)},
    {"status": "amended", "issued": "2026-03-02T03:00:00+07:00", "valueQuantity": quantity(6.4)},
]
ENDED = {"status": "entered-in-error", "issued": "2026-03-02T04:00:00+07:00"}


@pytest.mark.parametrize("order_of", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("ended", [False, True])
async def test_original_corrections_and_retraction_end_alike_in_whatever_order_and_number(
    desk: Desk,
    order_of: tuple[int, ...],
    ended: bool,  # noqa: FBT001
) -> None:
    order = await desk.open_order()
    rng = random.Random(repr((order_of, ended)))
    history = [STATEMENTS[place] for place in order_of]
    if ended:
        history.insert(rng.randrange(4), ENDED)
    for place, statement in enumerate(history):
        for each in (statement, *rng.sample(history[: place + 1], k=1)):
            assert (await post(desk, observation(order, **each))).status_code == 200
    valid, alerts = await stored(desk), (await desk.send("GET", "/v1/critical-values")).json()["items"]
    assert [result.value for result in valid] == ([] if ended else [64.0])
    assert states(await desk.order(order.child_id))["blood_count"] == ("ordered" if ended else "resulted")
    assert len([alert for alert in alerts if alert["state"] == "raised"]) == len(valid)


async def test_a_result_of_the_wrong_child_is_void_there_and_new_here(desk: Desk) -> None:
    wrong, right = await desk.open_order(), await desk.open_order()
    await post(desk, observation(wrong))
    assert said(await post(desk, observation(right, status="corrected"))) == [("200", ["corrected"])]
    (old,), (new,) = await stored(desk, voided=True), await stored(desk)
    assert (old.child_id, new.child_id, new.replaces) == (wrong.child_id, right.child_id, old.fact_id)
    assert states(await desk.order(wrong.child_id))["blood_count"] == "ordered"
    assert said(await post(desk, observation(right, status="entered-in-error"))) == [("200", ["retracted"])]
    assert await stored(desk) == []


async def test_another_observation_of_the_same_draw_is_not_the_first_ones_to_take_back(desk: Desk) -> None:
    order = await desk.open_order()
    await post(desk, observation(order))
    second: dict[str, Any] = {"identifier": [{"value": "HB-2"}], "valueQuantity": quantity(9.9)}
    assert said(await post(desk, observation(order, **second))) == [("409", ["value_conflict"])]
    assert said(await post(desk, observation(order, **second, status="corrected"))) == [("409", ["value_conflict"])]
    await post(desk, observation(order, **second, status="entered-in-error"))
    assert [result.value for result in await stored(desk)] == [112.0]


async def test_a_preliminary_result_waits_for_the_final_one(desk: Desk) -> None:
    order = await desk.open_order()
    assert said(await post(desk, observation(order, status="preliminary"))) == [("202", ["waiting"])]
    assert await stored(desk) == []
    assert said(await post(desk, observation(order))) == [("201", ["accepted"])]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"valueQuantity": {"value": 6.1}}, "unit_missing"),
        ({"valueQuantity": quantity(6.1, code="gram%x")}, "unit_unknown"),
        ({"code": {"text": "Hb darah"}, "valueQuantity": quantity(6.1)}, "unknown_test"),
    ],
)
async def test_an_unknown_unit_or_test_waits_for_a_person(desk: Desk, changed: dict[str, Any], code: str) -> None:
    """B036."""
    order = await desk.open_order()
    answer = await post(desk, observation(order, **changed))
    assert said(answer) == [("202", [code])]
    assert said(await post(desk, observation(order, **changed))) == [("202", [code])]
    (held,) = (await desk.send("GET", "/v1/held-results")).json()["items"]
    body = {"unit": "g/dL", "test_code": "haemoglobin"}
    done = await desk.send("POST", f"/v1/held-results/{held['held_id']}:complete", body)
    assert (done.status_code, done.json()["value"]) == (200, 61.0)
    assert said(await post(desk, observation(order, status="corrected"))) == [("200", ["corrected"])]
    assert [(result.value, result.revision) for result in await stored(desk)] == [(112.0, 2)]


async def test_a_held_row_that_the_laboratory_takes_back_waits_for_nobody(desk: Desk) -> None:
    order = await desk.open_order()
    bare = {"valueQuantity": {"value": 6.1}}
    await post(desk, observation(order, **bare))
    await post(desk, observation(order, **bare, status="cancelled"))
    assert (await desk.send("GET", "/v1/held-results")).json()["items"] == []


async def test_the_same_bundle_at_the_same_moment_is_one_result(desk: Desk) -> None:
    """B052."""
    order = await desk.open_order()
    answers = await asyncio.gather(*(post(desk, observation(order), subject=f"a-{n}") for n in range(6)))
    assert sorted(said(answer)[0][1][0] for answer in answers) == ["accepted", *["unchanged"] * 5]
    assert len(await stored(desk)) == 1


async def test_the_same_key_gives_the_same_answer(desk: Desk) -> None:
    order = await desk.open_order()
    first, second = [await post(desk, observation(order), key="bundle-key-1") for _ in range(2)]
    assert (first.json(), second.headers["Idempotency-Replayed"]) == (second.json(), "true")
    assert first.headers["content-type"] == "application/fhir+json"


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        ({"basedOn": ...}, "order_or_child_missing", "basedOn"),
        ({"subject": {"identifier": {"value": str(uuid.uuid4())}}}, "order_of_another_child", "subject"),
        ({"performer": [{"identifier": {"value": CLINIC}}]}, "laboratory_differs", "performer"),
        ({"valueQuantity": ..., "valueString": "positif"}, "value_not_numeric", "value"),
        ({"effectiveDateTime": ...}, "draw_missing", "effectiveDateTime"),
        (
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": "2923-1"}]},  # retinol by mass
                "valueQuantity": quantity(0.8, code="umol/L"),
            },
            "unit_unknown",
            "valueQuantity.code",
        ),
    ],
)
async def test_what_cannot_be_is_refused_with_its_path(
    desk: Desk, changed: dict[str, Any], code: str, path: str
) -> None:
    order = await desk.open_order()
    answer = await post(desk, observation(order, **changed))
    assert said(answer) == [("422", [code])]
    (issue,) = answer.json()["entry"][0]["response"]["outcome"]["issue"]
    assert issue["expression"] == [f"Bundle.entry[0].resource.{path}"]
    assert await stored(desk) == []


async def test_the_message_is_kept_without_saying_who_the_child_is(desk: Desk) -> None:
    order = await desk.open_order()
    person = {"display": "Siti Aminah", "identifier": {"value": "1219015705240001"}}
    await post(desk, observation(order, subject=person))
    (row,) = await desk.worker.fetch("SELECT kept, answer FROM inbound_message")
    assert "11.2" in row["kept"]
    assert not [text for text in ("Siti", "1219015705240001") if text in row["kept"] + row["answer"]]
    async with desk.api.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM inbound_message") == 0, "no area, no row"


async def test_only_a_laboratory_reports_by_this_door(desk: Desk) -> None:
    order = await desk.open_order()
    answer = await post(desk, observation(order), role="partner", areas=["12.19"])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no_laboratory")


async def test_what_is_no_bundle_is_told_as_fhir(desk: Desk) -> None:
    answer = await desk.send("POST", "/fhir", b"{}", media_type="application/fhir+json")
    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")
    assert answer.json()["issue"][0]["expression"] == ["Bundle.type"]
