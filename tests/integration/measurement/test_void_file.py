"""A whole file taken back: what it recorded is void, what it changed is as before, what a person did since stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.measurement.desk import DESA_A, DESA_B, DESA_C, Desk
from tests.integration.measurement.file_desk import counts, intake_ledger, take, until, upload, void, working
from tests.integration.measurement.files import children, row


@pytest.fixture(autouse=True)
async def running_jobs(desk: Desk) -> AsyncIterator[None]:
    async with working(desk):
        yield


async def living(desk: Desk) -> list[tuple[Any, ...]]:
    """Children and visits that count: home, day, weight, position."""
    rows = await desk.worker.fetch(
        "SELECT c.residences::text, c.birth_weight_kg, m.measured_on::text, m.weight_kg, m.measurement_position, "
        "m.posyandu_code, m.file_digest FROM child c LEFT JOIN measurement m ON m.child_id = c.child_id "
        "AND NOT m.voided WHERE NOT c.voided ORDER BY c.child_id, m.measured_on, m.fact_id"
    )
    return [tuple(found) for found in rows]


async def test_a_file_taken_back_leaves_nothing_of_its_own(desk: Desk) -> None:
    await take(desk, children(3))
    before = await living(desk)
    rows = [
        *children(3, day="2025-08-05"),
        row(nik="", name="Baru Sekali", day="2025-08-05"),
        row(kg="10400", nik="", name="X"),
    ]
    job = await take(desk, rows)
    assert counts(job) == {"received": 5, "accepted": 4, "quarantined": 1}
    done = await void(desk, job["id"])
    assert done["undone"] == {"rejected": 1, "voided": 4}
    assert await living(desk) == before
    assert await intake_ledger(desk) == {"received": 8, "accepted": 7, "rejected": 1}
    assert (await desk.send("GET", "/v1/review")).json()["items"] == []
    events = await desk.events()
    assert sum(event["voided"] and "residences" in event for event in events) == 1
    assert {event["void_reason"] for event in events if event["voided"] and "measured_on" in event} == {"file_voided"}


async def test_voiding_twice_is_once_and_a_voided_file_is_never_taken_again(desk: Desk) -> None:
    job = await take(desk, children(3))
    await void(desk, job["id"])
    events = await desk.events()
    await void(desk, job["id"])
    assert await desk.events() == events
    assert await desk.worker.fetchval("SELECT count(*) FROM job WHERE kind = 'intake-void'") == 1
    assert (await desk.send("POST", f"/v1/intake-jobs/{job['id']}:commit")).status_code == 409


async def test_the_right_file_is_taken_anew_after_the_wrong_one_was_taken_back(desk: Desk) -> None:
    job = await take(desk, children(3))
    await void(desk, job["id"])
    assert await living(desk) == []
    again = await take(desk, [*children(2), row(nik="1219014507239999", name="Lain", kg="9.9")])
    assert counts(again) == {"received": 3, "accepted": 3}
    assert len(await living(desk)) == 3


async def test_what_a_file_corrected_stands_again_as_before(desk: Desk) -> None:
    first = await take(desk, [row(), *children(2)])
    before = await living(desk)
    changed = [{**row(kg="10.9"), "BB Lahir": "3.1"}, *children(2)]
    second = await take(desk, changed)
    assert counts(second) == {"received": 3, "corrected": 1, "unchanged": 2}
    done = await void(desk, second["id"])
    assert done["undone"] == {"kept_other_file": 2, "restored": 1}
    assert await living(desk) == before
    assert counts(await take(desk, [row(), *children(2)])) == {"received": 3, "unchanged": 3}
    assert first["id"] != second["id"]


async def test_a_child_that_a_file_moved_lives_where_it_did(desk: Desk) -> None:
    await take(desk, [row(), *children(2)])
    before = await living(desk)
    moved = await take(desk, [row(day="2025-09-05", desa="PAKAM", posyandu="KENANGA"), *children(2)])
    assert await desk.worker.fetchval("SELECT count(*) FROM child WHERE desa_code = $1", DESA_B) == 1
    await void(desk, moved["id"])
    assert await living(desk) == before


async def test_what_a_person_changed_since_is_kept_and_listed(desk: Desk) -> None:
    job = await take(desk, [row(), *children(2)])
    measured = await desk.worker.fetchval("SELECT fact_id FROM measurement ORDER BY fact_id LIMIT 1")
    await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.9}, etag='"1.1"')
    done = await void(desk, job["id"])
    assert done["undone"] == {"kept_changed_since": 1, "voided": 2}
    listed = (await desk.send("GET", f"/v1/intake-jobs/{job['id']}/rows?undone=kept_changed_since")).json()["items"]
    assert [(item["row_number"], item["fact_id"]) for item in listed] == [(2, str(measured))]
    assert [found[3] for found in await living(desk)] == [9.9]


async def test_a_visit_is_void_with_the_last_file_that_states_it(desk: Desk) -> None:
    first = await take(desk, children(3))
    second = await take(desk, children(3))
    assert (await void(desk, first["id"]))["undone"] == {"kept_other_file": 3}
    assert len(await living(desk)) == 3
    assert (await void(desk, second["id"]))["undone"] == {"voided": 3}
    assert [found[2] for found in await living(desk)] == [None] * len(await living(desk))


async def test_a_child_with_other_facts_stays(desk: Desk) -> None:
    job = await take(desk, children(3))
    rows = await desk.worker.fetch("SELECT child_id FROM child ORDER BY child_id LIMIT 2")
    measured, helped = (row["child_id"] for row in rows)
    assert (await desk.record(str(measured), measured_on="2025-08-05")).status_code == 201
    act = {"child_id": str(helped), "sanitation": {"work": "latrine", "done_on": "2025-08-05"}}
    assert (await desk.send("POST", "/v1/interventions", act)).status_code == 201
    await void(desk, job["id"])
    kept = await desk.worker.fetch("SELECT child_id FROM child WHERE NOT voided ORDER BY child_id")
    assert [found["child_id"] for found in kept] == [measured, helped]


async def test_only_a_file_that_was_taken_can_be_taken_back_and_by_its_own_area(desk: Desk) -> None:
    waiting = await upload(desk, children(2))
    await until(desk, waiting, "diagnosed")
    body = {"reason": "wrong_file"}
    refused = await desk.send("POST", f"/v1/intake-jobs/{waiting}:void", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "intake_not_taken")
    job = await take(desk, children(2))
    path = f"/v1/intake-jobs/{job['id']}:void"
    for areas in ([DESA_C], [DESA_A]):
        assert (await desk.send("POST", path, body, areas=areas)).status_code == 404
    assert (await desk.send("POST", path, body, role="kader")).status_code == 403
    assert (await desk.send("POST", path, {"reason": "no reason"})).status_code == 422


async def test_a_row_answered_in_the_review_list_is_taken_back_with_its_file(desk: Desk) -> None:
    job = await take(desk, [row(kg="10400"), *children(2)])
    [item] = (await desk.send("GET", "/v1/review")).json()["items"]
    assert (await desk.send("POST", f"/v1/review/{item['review_id']}:accept")).json()["outcome"] == "accepted"
    assert (await void(desk, job["id"]))["undone"] == {"voided": 3}
    assert await living(desk) == []
