"""Recording visits by API: what is stored, what is told, what is published."""

import asyncio
import uuid

from tests.integration.measurement.desk import DESA_A, POSYANDU_A, Desk, visit


async def test_a_visit_is_stored_and_published_as_one_complete_fact(desk: Desk) -> None:
    child_id = await desk.register_child()
    answer = await desk.record(child_id)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1.1"'
    child, measurement = await desk.events()
    assert child["child_id"] == measurement["child_id"] == child_id
    assert measurement["fact_id"] == answer.json()["measurement_id"]
    assert (measurement["weight_kg"], measurement["revision"], measurement["channel"]) == (10.4, 1, "api")
    assert measurement["source"] == "web"


async def test_two_equal_posts_twenty_ms_apart_are_one_measurement_with_one_answer(desk: Desk) -> None:
    """B052, B072."""
    child_id = await desk.register_child()
    key = str(uuid.uuid4())

    async def post(delay: float) -> tuple[int, str]:
        await asyncio.sleep(delay)
        answer = await desk.send("POST", "/v1/measurements", visit(child_id), key=key)
        return answer.status_code, answer.json()["measurement_id"]

    answers = await asyncio.gather(*(post(0.02 * n) for n in range(10)))
    assert len(set(answers)) == 1
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement") == 1


async def test_the_same_visit_under_other_keys_at_the_same_moment_is_stored_once(desk: Desk) -> None:
    child_id = await desk.register_child()
    answers = await asyncio.gather(*(desk.record(child_id) for _ in range(8)))
    assert sorted(answer.json()["outcome"] for answer in answers) == ["accepted"] + ["unchanged"] * 7
    assert len({answer.json()["measurement_id"] for answer in answers}) == 1
    assert len(await desk.events()) == 2


async def test_other_values_of_the_same_day_and_source_are_a_conflict_until_they_say_they_correct(desk: Desk) -> None:
    """B074."""
    child_id = await desk.register_child()
    first = await desk.record(child_id, weight_kg=8.2)
    answer = await desk.record(child_id, weight_kg=8.4)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "value_conflict"
    assert problem["measurement_id"] == first.json()["measurement_id"]
    path = f"/v1/measurements/{problem['measurement_id']}"
    corrected = await desk.send("PATCH", path, {"weight_kg": 8.4}, etag=problem["etag"])
    assert corrected.json()["revision"] == 2
    assert [event.get("weight_kg") for event in await desk.events()][1:] == [8.2, 8.4]


async def test_the_same_key_with_other_content_is_refused(desk: Desk) -> None:
    """B074."""
    child_id = await desk.register_child()
    key = str(uuid.uuid4())
    await desk.send("POST", "/v1/measurements", visit(child_id, weight_kg=8.2), key=key)
    answer = await desk.send("POST", "/v1/measurements", visit(child_id, weight_kg=8.4), key=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


async def test_a_second_reading_of_the_same_day_stands_beside_the_first(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    second = await desk.record(child_id, length_height_cm=81.1, is_remeasurement=True)
    again = await desk.record(child_id, length_height_cm=81.1, is_remeasurement=True)
    third = await desk.record(child_id, length_height_cm=81.3, is_remeasurement=True)
    assert [answer.json()["outcome"] for answer in (second, again, third)] == ["accepted", "unchanged", "accepted"]


async def test_a_correction_that_saw_an_older_revision_is_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/measurements/{(await desk.record(child_id)).json()['measurement_id']}"
    assert (await desk.send("PATCH", path, {"weight_kg": 10.5})).status_code == 428
    assert (await desk.send("PATCH", path, {"weight_kg": 10.5}, etag='"1.1"')).status_code == 200
    stale = await desk.send("PATCH", path, {"weight_kg": 10.6}, etag='"1.1"')
    assert (stale.status_code, stale.headers["etag"]) == (412, '"1.2"')


async def test_of_two_corrections_at_once_one_is_told_that_it_saw_an_older_state(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/measurements/{(await desk.record(child_id)).json()['measurement_id']}"
    answers = await asyncio.gather(
        *(desk.send("PATCH", path, {"weight_kg": 10.5 + n / 10}, etag='"1.1"') for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert await desk.worker.fetchval("SELECT revision FROM measurement") == 2


async def test_a_correction_that_changes_nothing_makes_no_revision(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/measurements/{(await desk.record(child_id)).json()['measurement_id']}"
    answer = await desk.send("PATCH", path, {"weight_kg": 10.4}, etag='"1.1"')
    assert answer.json()["revision"] == 1
    assert len(await desk.events()) == 2


async def test_a_correction_is_held_to_the_same_limits_as_a_new_visit(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/measurements/{(await desk.record(child_id)).json()['measurement_id']}"
    for values, code in (({"weight_kg": 104.0}, "implausible_weight"), ({"weight_kg": 0}, "zero_is_no_measurement")):
        answer = await desk.send("PATCH", path, {"weight_kg": float(values["weight_kg"])}, etag='"1.1"')
        assert answer.status_code == 422
        assert [error["code"] for error in answer.json()["errors"]] == [code]


async def test_a_voided_visit_stays_in_the_history_and_frees_its_day(desk: Desk) -> None:
    child_id = await desk.register_child()
    first = (await desk.record(child_id)).json()["measurement_id"]
    body = {"reason": "wrong_child"}
    voided = await desk.send("POST", f"/v1/measurements/{first}:void", body, etag='"1.1"')
    assert voided.json() == {"measurement_id": first, "revision": 2, "voided": True}
    assert (await desk.events())[-1]["void_reason"] == "wrong_child"
    assert (await desk.record(child_id, weight_kg=9.9)).status_code == 201
    history = (await desk.send("GET", f"/v1/children/{child_id}/history")).json()["measurements"]
    assert [(item["voided"], item["weight_kg"]) for item in history] == [(True, 10.4), (False, 9.9)]


async def test_a_batch_keeps_good_rows_whatever_their_neighbours_are(desk: Desk) -> None:
    child_id = await desk.register_child()
    rows = [
        visit(child_id),
        visit(child_id, measured_on="2025-08-05", weight_kg="8,5"),
        visit(child_id, measured_on="2025-08-06", weight_kg=60.0),
        visit(str(uuid.uuid4())),
        visit(child_id),
        visit(child_id, weight_kg=9.1),
        visit(child_id, measured_on="2023-07-04"),
        visit(child_id, measured_on="2999-01-01"),
        visit(child_id, measured_on="2025-09-05", weight_kg=0.0),
        visit(child_id, measured_on="2025-09-05", unknown=1),
        visit(child_id, measured_on="2025-10-05", weight_kg=None, length_height_cm=None),
        visit(child_id, measured_on="2025-10-05", weight_kg=81.5, length_height_cm=10.4),
        visit(child_id, measured_on="2029-01-05") | {"measured_on": "2025-11-05"},
    ]
    answer = await desk.send("POST", "/v1/measurements:batch", {"rows": rows})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    found = [(row["outcome"], [problem["code"] for problem in row.get("problems", [])]) for row in report["rows"]]
    assert found == [
        ("accepted", []),
        ("rejected", ["decimal_comma"]),
        ("quarantined", ["implausible_weight"]),
        ("rejected", ["unknown_child"]),
        ("unchanged", []),
        ("conflict", ["value_conflict"]),
        ("quarantined", ["visit_before_birth"]),
        ("quarantined", ["measured_in_future"]),
        ("rejected", ["zero_is_no_measurement"]),
        ("rejected", ["unknown_field"]),
        ("rejected", ["nothing_measured"]),
        ("quarantined", ["weight_height_swapped"]),
        ("accepted", []),
    ]
    counts = {name: report[name] for name in ("received", "accepted", "unchanged", "rejected", "quarantined")}
    assert counts == {"received": 13, "accepted": 2, "unchanged": 1, "rejected": 6, "quarantined": 4}
    assert report["rows"][11]["problems"][0]["proposed"] == {"weight_kg": 10.4, "length_height_cm": 81.5}
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement") == 2
    assert await desk.worker.fetchval("SELECT count(*) FROM quarantine WHERE state = 'open'") == 4


async def test_the_intake_ledger_counts_every_received_row_once(desk: Desk) -> None:
    child_id = await desk.register_child()
    rows = [visit(child_id), visit(child_id), visit(str(uuid.uuid4())), visit(child_id, measured_on="2020-01-01")]
    await desk.send("POST", "/v1/measurements:batch", {"rows": rows})
    await desk.record(child_id, measured_on="2025-08-01")
    intake = (await desk.send("GET", "/v1/ledger", role="ops", areas=[])).json()["intake"]
    assert intake == {"received": 5, "accepted": 2, "unchanged": 1, "rejected": 1, "quarantined": 1, "pending": 0}


async def test_sixty_kg_is_kept_for_a_person_not_stored(desk: Desk) -> None:
    """B026."""
    child_id = await desk.register_child()
    answer = await desk.record(child_id, weight_kg=60.0)
    assert answer.status_code == 202
    assert answer.json()["problems"][0]["code"] == "implausible_weight"
    assert await desk.worker.fetchval("SELECT count(*) FROM measurement") == 0


async def test_a_measurement_before_birth_is_told_as_that(desk: Desk) -> None:
    """B020."""
    child_id = await desk.register_child(
        birth_date="2025-01-05", resident_since="2025-01-05", identity={"name": "Budi"}
    )
    answer = await desk.record(child_id, measured_on="2025-01-01", weight_kg=3.1, length_height_cm=50.0)
    assert [problem["code"] for problem in answer.json()["problems"]] == ["visit_before_birth"]


async def test_after_sixty_months_a_visit_is_still_accepted(desk: Desk) -> None:
    child_id = await desk.register_child(birth_date="2019-01-05", resident_since="2019-01-05")
    assert (await desk.record(child_id, weight_kg=18.0, length_height_cm=110.0)).status_code == 201


async def test_a_visit_of_a_merged_child_is_refused_with_the_survivors_id(desk: Desk) -> None:
    loser, survivor = await desk.register_child(), await desk.register_child()
    await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.1"')
    answer = await desk.record(loser)
    assert (answer.status_code, answer.json()["survivor_id"]) == (422, survivor)


async def test_more_than_five_thousand_rows_are_refused_with_the_limit(desk: Desk) -> None:
    rows = [{"child_id": str(uuid.uuid4()), "measured_on": "2025-01-01"}] * 5001
    answer = await desk.send("POST", "/v1/measurements:batch", {"rows": rows})
    assert (answer.status_code, answer.json()["limit_rows"]) == (413, 5000)


async def test_a_kader_may_not_correct(desk: Desk) -> None:
    child_id = await desk.register_child()
    measured = (await desk.send("POST", "/v1/measurements", visit(child_id), role="kader", areas=[POSYANDU_A])).json()[
        "measurement_id"
    ]
    answer = await desk.send(
        "PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.0}, etag='"1.1"', role="kader", areas=[POSYANDU_A]
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_where_a_child_was_measured_stays_on_the_measurement(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id, desa_code=DESA_A, posyandu_code=None)
    await desk.record(child_id, measured_on="2025-08-05", posyandu_code=POSYANDU_A)
    points = [(event["desa_code"], event["posyandu_code"]) for event in (await desk.events())[1:]]
    assert points == [(DESA_A, None), (DESA_A, POSYANDU_A)]


async def test_a_service_point_that_the_register_does_not_have_is_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    for point, code in (
        ({"posyandu_code": f"{DESA_A}.P777"}, "unknown_posyandu"),
        ({"desa_code": "12.19.01.2999"}, "unknown_desa"),
    ):
        answer = await desk.record(child_id, **point)
        assert [error["code"] for error in answer.json()["errors"]] == [code]
    path = f"/v1/measurements/{(await desk.record(child_id)).json()['measurement_id']}"
    answer = await desk.send("PATCH", path, {"posyandu_code": f"{DESA_A}.P777"}, etag='"1.1"')
    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_posyandu"]
