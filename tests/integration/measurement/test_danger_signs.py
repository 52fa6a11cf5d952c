"""Danger signs and temperature of a visit: entered, corrected, voided, published; without a weight as well."""

from tests.integration.measurement.desk import Desk, visit


async def test_a_visit_may_carry_signs_alone_and_is_corrected_and_voided_as_any_other(desk: Desk) -> None:
    child_id = await desk.register_child()
    signs = {"danger_signs": ["lethargic", "convulsions", "lethargic"], "temperature_c": 39.1}
    bare = {"child_id": child_id, "measured_on": "2025-07-05", **signs}
    answer = await desk.send("POST", "/v1/measurements", bare)
    assert answer.status_code == 201, answer.text
    path = f"/v1/measurements/{answer.json()['measurement_id']}"
    again = await desk.send("POST", "/v1/measurements", {**bare, "danger_signs": ["convulsions", "lethargic"]})
    assert again.json()["outcome"] == "unchanged"
    other = await desk.send("POST", "/v1/measurements", {**bare, "danger_signs": []})
    assert other.status_code == 409
    corrected = await desk.send("PATCH", path, {"danger_signs": [], "temperature_c": None}, etag='"1.1"')
    assert corrected.status_code == 200, corrected.text
    await desk.send("PATCH", path, {"danger_signs": None, "weight_kg": 10.4}, etag='"1.2"')
    await desk.send("POST", f"{path}:void", {"reason": "wrong_child"}, etag='"1.3"')
    told = [(fact["danger_signs"], fact["temperature_c"], fact["voided"]) for fact in (await desk.events())[1:]]
    assert told == [
        (["convulsions", "lethargic"], 39.1, False),
        ([], None, False),
        (None, None, False),
        (None, None, True),
    ]
    steps = (await desk.send("GET", f"/v1/children/{child_id}/history")).json()
    assert "danger_signs" in str(steps)


async def test_a_batch_names_an_unknown_sign_and_holds_a_temperature_in_fahrenheit(desk: Desk) -> None:
    child_id = await desk.register_child()
    rows = [
        visit(child_id, danger_signs=["convulsions"]),
        visit(child_id, measured_on="2025-07-06", danger_signs=["kejang"]),
        visit(child_id, measured_on="2025-07-07", temperature_c=101.3),
    ]
    answer = await desk.send("POST", "/v1/measurements:batch", {"rows": rows})
    report = answer.json()
    assert (report["accepted"], report["rejected"], report["quarantined"]) == (1, 1, 1)
    assert "danger_signs" in str(report["rows"][1])
    assert report["rows"][2]["problems"][0]["code"] == "temperature_in_fahrenheit"
    (held,) = (await desk.send("GET", "/v1/review?state=open")).json()["items"]
    assert held["proposed"] == {"temperature_c": 38.5}


async def test_a_visit_that_says_nothing_is_still_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    answer = await desk.send("POST", "/v1/measurements", {"child_id": child_id, "measured_on": "2025-07-05"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "nothing_measured"
