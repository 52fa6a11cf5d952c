"""Qualitative results: by the API and by FHIR, corrected, retracted, and held where a word is none of the test's."""

from datetime import timedelta
from typing import Any

from shared.contracts.lab import LabOrderV1, LabResultV1
from tests.integration.lab.desk import DESA_A, HOSPITAL, Desk, states, yesterday
from tests.integration.lab.test_fhir import observation, post, said
from tests.integration.lab.test_results import stored


def stool(order: LabOrderV1, *findings: str, **values: Any) -> dict[str, Any]:
    """A stool examined yesterday."""
    row = {"order_id": str(order.fact_id), "test_code": "stool_parasites", "drawn_at": yesterday().isoformat()}
    return row | ({"findings": findings} if findings else {}) | values


def loinc(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": code}]}


async def published(desk: Desk) -> list[LabResultV1]:
    return [event for event in await desk.events() if isinstance(event, LabResultV1)]


async def test_findings_are_recorded_read_corrected_and_retracted_like_every_result(desk: Desk) -> None:
    """B048."""
    order = await desk.open_order(tests=("stool",))
    new = await desk.send("POST", "/v1/results", stool(order, "Cacing tambang, Ascaris"))
    assert (new.status_code, new.json()["findings"]) == (201, ["ascaris", "hookworm"])
    (result,) = await stored(desk)
    assert (result.value, result.canonical_unit, result.loinc) == (None, None, "10704-5")
    assert (result.original_value, states(await desk.order(order.child_id))) == (
        "Cacing tambang, Ascaris",
        {"stool": "resulted"},
    )
    path = f"/v1/results/{result.fact_id}"
    assert (await desk.send("GET", path)).json()["findings"] == ["ascaris", "hookworm"]
    again = await desk.send("POST", "/v1/results", stool(order, "hookworm", "ascaris"))
    assert (again.status_code, again.json()["result_id"]) == (200, str(result.fact_id))
    other = await desk.send("POST", "/v1/results", stool(order, "giardia"))
    assert (other.status_code, other.json()["code"]) == (409, "value_conflict")
    refused = await desk.send("PATCH", path, {"findings": ["ascaris", "none_seen"]}, etag='"1.1"')
    assert refused.json()["errors"][0]["code"] == "findings_contradict"
    moved = await desk.send("PATCH", path, {"method": "Kato-Katz"}, etag='"1.1"')
    assert (moved.json()["original_value"], moved.json()["revision"]) == ("Cacing tambang, Ascaris", 2)
    better = await desk.send("PATCH", path, {"findings": ["Negatif"]}, etag='"1.2"')
    assert (better.json()["findings"], better.json()["original_value"]) == (["none_seen"], "Negatif")
    await desk.send("POST", f"{path}:void", {"reason": "wrong_child"}, etag='"1.3"')
    assert states(await desk.order(order.child_id)) == {"stool": "ordered"}
    assert [(fact.findings, fact.voided) for fact in await published(desk)] == [
        (("ascaris", "hookworm"), False),
        (("ascaris", "hookworm"), False),
        (("none_seen",), False),
        (("none_seen",), True),
    ]


async def test_a_word_that_is_no_finding_of_the_test_is_held_until_a_person_decides(desk: Desk) -> None:
    order = await desk.open_order(tests=("stool",))
    rows = [
        stool(order, "Ascaris", "cacing aneh"),
        stool(order, value=3, unit="eggs"),
        stool(order),
        stool(order, "ascaris", administered_at=yesterday().isoformat()),
    ]
    report = (await desk.send("POST", "/v1/results:batch", {"rows": rows})).json()
    assert [row["outcome"] for row in report["rows"]] == ["held", "rejected", "rejected", "rejected"]
    assert [row["problems"][0]["code"] for row in report["rows"]] == [
        "finding_unknown",
        "value_unexpected",
        "value_missing",
        "administration_impossible",
    ]
    assert report["rows"][0]["problems"][0]["value"] == "cacing aneh"
    held = f"/v1/held-results/{report['rows'][0]['held_id']}"
    (item,) = (await desk.send("GET", "/v1/held-results")).json()["items"]
    assert item["reported"]["findings"] == ["Ascaris", "cacing aneh"]
    still = await desk.send("POST", f"{held}:complete", {"unit": "eggs"})
    assert still.json()["errors"][0]["code"] == "finding_unknown"
    done = await desk.send("POST", f"{held}:complete", {"findings": ["ascaris", "other_organism"]})
    assert done.json()["findings"] == ["ascaris", "other_organism"]


async def test_a_bundle_says_findings_as_concept_text_boolean_or_components(desk: Desk) -> None:
    order = await desk.open_order(tests=("stool", "urinalysis", "mantoux", "hiv"))
    plain = {"identifier": ..., "valueQuantity": ...}
    nitrite = observation(order, code=loinc("5802-4"), valueBoolean=True, **plain)
    concept = {"coding": [{"system": "http://snomed.info/sct", "code": "10828004"}, {"code": "x"}], "text": "Lihat"}
    esterase = observation(order, code=loinc("5799-2"), valueCodeableConcept=concept, **plain)
    seen = [{"code": loinc("10704-5"), "valueString": name} for name in ("Ascaris", "telur cacing tambang")]
    worms = observation(order, code=loinc("10704-5"), component=seen, **plain)
    period = {"start": (yesterday() - timedelta(hours=50)).isoformat(), "end": yesterday().isoformat()}
    skin = observation(
        order, code=loinc("1648-5"), valueString="12 mm", effectivePeriod=period, effectiveDateTime=..., **plain
    )
    unknown = observation(order, code=loinc("56888-1"), valueString="perlu diulang", **plain)
    words = observation(order, valueString="anemia", **plain)
    answer = await post(desk, nitrite, esterase, worms, skin, unknown, words)
    assert said(answer) == [
        *[("201", ["accepted"])] * 4,
        ("202", ["finding_unknown"]),
        ("422", ["value_not_numeric"]),
    ]
    found = {result.test_code: result for result in await stored(desk)}
    assert {code: (result.value, result.findings) for code, result in found.items()} == {
        "urine_nitrite": (None, ("positive",)),
        "urine_leukocyte_esterase": (None, ("positive",)),
        "stool_parasites": (None, ("ascaris", "hookworm")),
        "mantoux": (12.0, ()),
    }
    assert found["mantoux"].administered_at == yesterday() - timedelta(hours=50)
    cleaned = observation(order, code=loinc("5802-4"), valueString="1+", status="corrected", **plain)
    assert said(await post(desk, cleaned)) == [("200", ["unchanged"])]
    cleaned["valueString"] = "Negatif"
    assert said(await post(desk, cleaned)) == [("200", ["corrected"])]
    (result,) = [result for result in await stored(desk) if result.test_code == "urine_nitrite"]
    assert (result.findings, result.revision) == (("negative",), 2)


async def test_results_of_confidential_tests_are_shown_to_those_who_treat_the_child_alone(desk: Desk) -> None:
    order = await desk.open_order(tests=("hiv",))
    row = stool(order, "Reaktif", test_code="hiv")
    taken = await desk.send("POST", "/v1/results", row)
    held = stool(order, "belum jelas", test_code="hiv", drawn_at=(yesterday() - timedelta(days=1)).isoformat())
    assert (await desk.send("POST", "/v1/results", held)).status_code == 202
    seen = {}
    for role, areas in (("laboratory", (HOSPITAL,)), ("clinician", (DESA_A,)), ("puskesmas", (DESA_A,))):
        who: dict[str, Any] = {"role": role, "areas": areas}
        lists = [
            await desk.send("GET", path, **who)
            for path in (f"/v1/results?order_id={order.fact_id}", "/v1/held-results")
        ]
        one = await desk.send("GET", f"/v1/results/{taken.json()['result_id']}", **who)
        seen[role] = ([len(answer.json()["items"]) for answer in lists], one.status_code)
    assert seen == {"laboratory": ([1, 1], 200), "clinician": ([1, 1], 200), "puskesmas": ([0, 0], 404)}
