"""Children by API: identity sealed and masked, corrections, moves, merges."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.integration.measurement.desk import DESA_A, DESA_B, DESA_C, POSYANDU_A, POSYANDU_A2, POSYANDU_B, Desk, visit


async def child(desk: Desk, child_id: str, **query: str) -> dict[str, Any]:
    path = f"/v1/children/{child_id}" + ("?purpose=" + query["purpose"] if query else "")
    found: dict[str, Any] = (await desk.send("GET", path)).json()
    return found


async def test_an_identity_is_masked_unless_a_purpose_is_given_and_that_is_logged(desk: Desk) -> None:
    child_id = await desk.register_child()
    assert (await child(desk, child_id))["identity"] == {"nik": "************0003", "name": None}
    assert await desk.worker.fetchval("SELECT count(*) FROM identity_access_log WHERE action = 'read'") == 0
    shown = (await child(desk, child_id, purpose="care"))["identity"]
    assert shown == {"nik": "1219014507230003", "name": "Citra Lestari"}
    logged = await desk.worker.fetchrow("SELECT * FROM identity_access_log WHERE action = 'read'")
    assert logged is not None
    assert (str(logged["child_id"]), logged["subject"], logged["purpose"]) == (child_id, "person-1", "care")


async def test_a_kader_may_not_read_an_identity(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/children/{child_id}?purpose=care"
    answer = await desk.send("GET", path, role="kader", areas=[POSYANDU_A])
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_who_may_be_the_same_child_is_a_hint_and_never_blocks(desk: Desk) -> None:
    first = await desk.register_child()
    body = {
        "identity": {"name": "CITRA  LESTARI"},
        "sex": "female",
        "birth_date": "2023-07-05",
        "desa_code": DESA_A,
        "posyandu_code": POSYANDU_A2,
    }
    answer = await desk.send("POST", "/v1/children", body)
    assert answer.status_code == 201
    hint = answer.json()["hints"][0]
    assert (hint["child_id"], hint["evidence"], len(answer.json()["hints"])) == (first, "same_name_and_birth_date", 1)
    body["identity"] = {"name": "Lain Sekali", "nik": "1219014507230003"}
    answer = await desk.send("POST", "/v1/children", body)
    hint = answer.json()["hints"][0]
    assert (hint["child_id"], hint["reasons"], hint["score"]) == (first, ["same_nik", "twins?"], 0.2)


async def test_a_malformed_nik_is_refused_and_not_echoed(desk: Desk) -> None:
    body = {
        "identity": {"name": "Budi", "nik": "1219014599230003"},
        "sex": "male",
        "birth_date": "2023-07-05",
        "desa_code": DESA_A,
    }
    answer = await desk.send("POST", "/v1/children", body)
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["nik_month"]
    assert "1219014599230003" not in answer.text


async def test_a_place_that_the_register_does_not_have_is_refused(desk: Desk) -> None:
    body = {"identity": {"name": "Budi"}, "sex": "male", "birth_date": "2024-01-01", "desa_code": DESA_A}
    wrong = await desk.send("POST", "/v1/children", {**body, "posyandu_code": f"{DESA_A}.P999"})
    assert [error["code"] for error in wrong.json()["errors"]] == ["unknown_posyandu"]
    foreign = await desk.send("POST", "/v1/children", {**body, "posyandu_code": POSYANDU_B})
    assert [error["code"] for error in foreign.json()["errors"]] == ["unknown_posyandu"]
    assert await desk.events() == []


async def test_a_corrected_birth_date_publishes_the_child_and_is_matched_anew(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/children/{child_id}"
    answer = await desk.send("PATCH", path, {"birth_date": "2023-08-05", "birth_weight_kg": 2.9}, etag='"1.1"')
    assert answer.json()["revision"] == 2
    event = (await desk.events())[-1]
    assert (event["birth_date"], event["birth_weight_kg"], event["change"]) == ("2023-08-05", 2.9, "corrected")
    other = await desk.send(
        "POST",
        "/v1/children",
        {
            "identity": {"nik": "1219014507230003"},
            "sex": "female",
            "birth_date": "2023-08-05",
            "desa_code": DESA_A,
            "resident_since": "2024-01-01",
        },
    )
    assert [hint["evidence"] for hint in other.json()["hints"]] == ["same_nik"]


async def test_a_birth_date_after_a_visit_is_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.record(child_id)
    answer = await desk.send("PATCH", f"/v1/children/{child_id}", {"birth_date": "2025-08-01"}, etag='"1.1"')
    assert [error["code"] for error in answer.json()["errors"]] == ["measured_before_new_birth_date"]


async def test_a_death_or_departure_is_a_day_of_the_childs_life(desk: Desk) -> None:
    child_id = await desk.register_child()
    for name, day in (("died_on", "2999-01-01"), ("departed_on", "2020-01-01")):
        answer = await desk.send("PATCH", f"/v1/children/{child_id}", {name: day}, etag='"1.1"')
        assert [error["code"] for error in answer.json()["errors"]] == ["date_impossible"]
    answer = await desk.send("PATCH", f"/v1/children/{child_id}", {"departed_on": "2025-03-01"}, etag='"1.1"')
    assert answer.status_code == 200
    assert (await desk.events())[-1]["departed_on"] == "2025-03-01"


async def test_a_corrected_name_is_a_revision_that_tells_others_nothing_new(desk: Desk) -> None:
    child_id = await desk.register_child()
    body = {"identity": {"name": "Citra Dewi"}}
    answer = await desk.send("PATCH", f"/v1/children/{child_id}", body, etag='"1.1"')
    assert answer.json()["revision"] == 2
    before, after = await desk.events()
    order = ("revision", "change", "known_at")
    assert {k: v for k, v in after.items() if k not in order} == {k: v for k, v in before.items() if k not in order}
    unseen = await desk.send("PATCH", f"/v1/children/{child_id}", {"identity": {"name": "Citra"}}, etag='"1.1"')
    assert unseen.status_code == 412, "nobody overwrites a name that they have not seen"
    shown = (await child(desk, child_id, purpose="correction"))["identity"]
    assert shown == {"nik": "1219014507230003", "name": "Citra Dewi"}


async def test_a_field_left_out_stays_and_null_empties_it(desk: Desk) -> None:
    child_id = await desk.register_child(birth_weight_kg=3.1, gestation_weeks=36)
    await desk.send("PATCH", f"/v1/children/{child_id}", {"gestation_weeks": None}, etag='"1.1"')
    event = (await desk.events())[-1]
    assert (event["birth_weight_kg"], event["gestation_weeks"]) == (3.1, None)


async def test_a_required_field_cannot_be_emptied(desk: Desk) -> None:
    child_id = await desk.register_child()
    answer = await desk.send("PATCH", f"/v1/children/{child_id}", {"birth_date": None}, etag='"1.1"')
    assert answer.status_code == 422


async def test_a_move_carries_all_residences_in_order(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/children/{child_id}/relocations"
    first = {"valid_from": "2025-06-15", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    between = {"valid_from": "2025-03-01", "desa_code": DESA_A, "posyandu_code": POSYANDU_A2}
    assert (await desk.send("POST", path, first, etag='"1.1"')).headers["etag"] == '"1.2"'
    await desk.send("POST", path, between, etag='"1.2"')
    residences = (await desk.events())[-1]["residences"]
    assert [(item["valid_from"], item["posyandu_code"]) for item in residences] == [
        ("2024-01-01", POSYANDU_A),
        ("2025-03-01", POSYANDU_A2),
        ("2025-06-15", POSYANDU_B),
    ]
    again = await desk.send("POST", path, first, etag='"1.3"')
    assert again.json()["revision"] == 3


async def test_a_move_in_the_future_or_before_birth_is_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/children/{child_id}/relocations"
    for day, code in (("2999-01-01", "moved_in_future"), ("2020-01-01", "moved_before_birth")):
        answer = await desk.send("POST", path, {"valid_from": day, "desa_code": DESA_B}, etag='"1.1"')
        assert [error["code"] for error in answer.json()["errors"]] == [code]


async def test_a_move_out_of_the_callers_area_is_refused(desk: Desk) -> None:
    child_id = await desk.register_child()
    body = {"valid_from": "2025-06-15", "desa_code": DESA_C}
    answer = await desk.send("POST", f"/v1/children/{child_id}/relocations", body, etag='"1.1"')
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_area")


async def test_a_merge_is_an_alias_and_undoing_it_restores_the_child(desk: Desk) -> None:
    """B078: facts stay where they were recorded, under an alias; none is lost."""
    loser, survivor = await desk.register_child(), await desk.register_child()
    await desk.record(loser)
    merged = await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.1"')
    assert merged.json()["changed"] == [{"child_id": loser, "revision": 2, "merged_into": survivor}]
    history = (await desk.send("GET", f"/v1/children/{survivor}/history")).json()["measurements"]
    assert [item["child_id"] for item in history] == [loser]
    again = await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.2"')
    assert again.json()["changed"] == []
    undone = await desk.send("POST", "/v1/merges:undo", {"child_id": loser}, etag='"1.2"')
    assert undone.json()["changed"] == [{"child_id": loser, "revision": 3, "merged_into": None}]
    assert [event["change"] for event in await desk.events()][3:] == ["merged", "unmerged"]


async def test_a_chain_of_merges_stays_flat(desk: Desk) -> None:
    first, second, third = [await desk.register_child() for _ in range(3)]
    await desk.send("POST", "/v1/merges", {"child_id": first, "survivor_id": second}, etag='"1.1"')
    refused = await desk.send("POST", "/v1/merges", {"child_id": third, "survivor_id": first}, etag='"1.1"')
    assert [error["code"] for error in refused.json()["errors"]] == ["child_merged"]
    await desk.send("POST", "/v1/merges", {"child_id": second, "survivor_id": third}, etag='"1.1"')
    rows = await desk.worker.fetch("SELECT child_id::text, merged_into::text FROM child")
    assert {row["child_id"]: row["merged_into"] for row in rows} == {first: third, second: third, third: None}


async def test_two_opposite_merges_at_once_make_no_circle(desk: Desk) -> None:
    first, second = await desk.register_child(), await desk.register_child()
    await asyncio.gather(
        desk.send("POST", "/v1/merges", {"child_id": first, "survivor_id": second}, etag='"1.1"'),
        desk.send("POST", "/v1/merges", {"child_id": second, "survivor_id": first}, etag='"1.1"'),
    )
    assert await desk.worker.fetchval("SELECT count(*) FROM child WHERE merged_into IS NULL") == 1


async def test_a_child_is_not_merged_with_itself(desk: Desk) -> None:
    only = await desk.register_child()
    answer = await desk.send("POST", "/v1/merges", {"child_id": only, "survivor_id": only}, etag='"1.1"')
    assert [error["code"] for error in answer.json()["errors"]] == ["merge_with_itself"]


async def test_measurements_of_a_moved_child_go_with_it(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.send("POST", "/v1/measurements", visit(child_id))
    move = {"valid_from": "2025-08-01", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    await desk.send("POST", f"/v1/children/{child_id}/relocations", move, etag='"1.1"')
    path = f"/v1/children/{child_id}/history"
    assert (await desk.send("GET", path, role="kader", areas=[POSYANDU_A])).status_code == 404
    seen = await desk.send("GET", path, role="kader", areas=[POSYANDU_B])
    assert len(seen.json()["measurements"]) == 1
