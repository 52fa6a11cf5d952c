"""Late, twice, out of order, moved, dead, departed and back: what is refused, what waits for a person, what follows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.store import mappings
from services.measurement.store.counts import IntakeCount
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from tests.integration.measurement.desk import DESA_A, DESA_B, KABUPATEN, POSYANDU_A, POSYANDU_B, Desk
from tests.integration.measurement.test_file_properties import Line, file_row


async def patched(desk: Desk, child_id: str, etag: str, **values: Any) -> Any:
    return await desk.send("PATCH", f"/v1/children/{child_id}", values, etag=f'"{etag}"')


def codes(answer: Any) -> list[str]:
    return [problem["code"] for problem in answer.json().get("errors") or answer.json()["problems"]]


@pytest.mark.parametrize(("end", "code"), [("died_on", "visit_after_death"), ("departed_on", "visit_after_departure")])
async def test_a_visit_after_the_end_waits_for_a_person_and_one_on_the_day_does_not(
    desk: Desk, end: str, code: str
) -> None:
    child_id = await desk.register_child()
    await patched(desk, child_id, "1.1", **{end: "2025-03-01"})
    assert (await desk.record(child_id, measured_on="2025-03-01")).status_code == 201
    late = await desk.record(child_id, measured_on="2025-03-02")
    assert (late.json()["outcome"], codes(late)) == ("quarantined", [code])
    review = (await desk.send("GET", f"/v1/review?reason={code}")).json()["items"]
    assert [item["values"]["measured_on"] for item in review] == ["2025-03-02"]
    path = f"/v1/review/{review[0]['review_id']}:correct"
    assert codes(await desk.send("POST", path, {"weight_kg": 10.4})) == [code], "still after the end"
    # The end was the mistake: taken back, the row goes the way it would have gone.
    await patched(desk, child_id, "1.2", **{end: None})
    taken = await desk.send("POST", path, {"weight_kg": 10.4})
    assert taken.json()["outcome"] == "accepted", taken.text


@pytest.mark.parametrize("end", ["died_on", "departed_on"])
async def test_an_end_before_a_visit_is_refused_until_the_visit_is_voided(desk: Desk, end: str) -> None:
    child_id = await desk.register_child()
    measured = (await desk.record(child_id)).json()["measurement_id"]
    refused = await patched(desk, child_id, "1.1", **{end: "2025-07-04"})
    assert (refused.status_code, codes(refused)) == (422, ["measured_after_end"])
    assert (await patched(desk, child_id, "1.1", **{end: "2025-07-05"})).status_code == 200
    await patched(desk, child_id, "1.2", **{end: None})
    await desk.send("POST", f"/v1/measurements/{measured}:void", {"reason": "wrong_child"}, etag='"1.1"')
    assert (await patched(desk, child_id, "1.3", **{end: "2025-07-04"})).status_code == 200


async def test_an_end_before_a_visit_of_a_merged_record_is_refused(desk: Desk) -> None:
    survivor, loser = await desk.register_child(), await desk.register_child()
    await desk.record(loser)
    await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.1"')
    assert codes(await patched(desk, survivor, "1.1", died_on="2025-07-04")) == ["measured_after_end"]
    assert codes(await patched(desk, survivor, "1.1", birth_date="2025-07-06")) == ["measured_before_new_birth_date"]


async def test_a_visit_is_not_moved_beyond_the_end_by_a_correction(desk: Desk) -> None:
    child_id = await desk.register_child()
    measured = (await desk.record(child_id)).json()["measurement_id"]
    await patched(desk, child_id, "1.1", died_on="2025-07-05")
    body = {"measured_on": "2025-07-06"}
    assert codes(await desk.send("PATCH", f"/v1/measurements/{measured}", body, etag='"1.1"')) == ["visit_after_death"]


async def take(desk: Desk, day: int) -> IntakeCount:
    row = file_row(2, Line(0, day, 0, 80))
    entry = Entry(now_utc(), date(2026, 1, 1), "file", "eppgbm", AreaGrant((KABUPATEN,)), "person-1")
    async with desk.worker.acquire() as connection, connection.transaction():
        book = PlaceBook(await mappings.named_entries(connection, [KABUPATEN]), {})
        chunk = FileChunk(new_fact_id(), [JudgedRow(2, Outcome.TAKEN, row)], {})
        return await take_file_rows(connection, chunk, book, entry, desk.vault)


async def test_a_file_row_after_a_death_is_held_and_changes_nothing_of_the_child(desk: Desk) -> None:
    await take(desk, 0)
    child = await desk.worker.fetchrow("SELECT child_id, revision FROM child")
    assert child is not None
    await patched(desk, str(child["child_id"]), "1.1", died_on="2025-01-02")
    held = await take(desk, 2)
    assert (held.quarantined, held.accepted) == (1, 0)
    assert await desk.worker.fetchval("SELECT reasons FROM quarantine") == ["visit_after_death"]
    assert await desk.worker.fetchval("SELECT revision FROM child") == 2
    assert (await take(desk, 1)).accepted == 1, "the day of death itself is possible"


async def test_who_moves_in_after_a_departure_is_back(desk: Desk) -> None:
    child_id = await desk.register_child()
    await patched(desk, child_id, "1.1", departed_on="2025-03-01")
    move = {"valid_from": "2025-06-01", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    await desk.send("POST", f"/v1/children/{child_id}/relocations", move, etag='"1.2"')
    told = (await desk.send("GET", f"/v1/children/{child_id}")).json()
    assert (told["departed_on"], told["residences"][-1]["desa_code"]) == (None, DESA_B)
    assert (await desk.record(child_id)).status_code == 201


async def test_a_move_before_the_departure_is_no_return(desk: Desk) -> None:
    child_id = await desk.register_child()
    await patched(desk, child_id, "1.1", departed_on="2025-03-01")
    move = {"valid_from": "2025-02-01", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    await desk.send("POST", f"/v1/children/{child_id}/relocations", move, etag='"1.2"')
    assert (await desk.send("GET", f"/v1/children/{child_id}")).json()["departed_on"] == "2025-03-01"


async def test_a_move_dated_back_takes_its_place_among_the_later_ones(desk: Desk) -> None:
    child_id = await desk.register_child()
    path = f"/v1/children/{child_id}/relocations"
    late = {"valid_from": "2025-06-01", "desa_code": DESA_B, "posyandu_code": POSYANDU_B}
    earlier = {"valid_from": "2025-02-01", "desa_code": DESA_B, "reason_text": "Baru dilaporkan"}
    await desk.send("POST", path, late, etag='"1.1"')
    assert (await desk.send("POST", path, earlier, etag='"1.1"')).status_code == 412, "it has not seen the later move"
    await desk.send("POST", path, earlier, etag='"1.2"')
    told = (await desk.send("GET", f"/v1/children/{child_id}/history")).json()
    assert [stay["valid_from"] for stay in told["child"]["residences"]] == ["2024-01-01", "2025-02-01", "2025-06-01"]
    change = told["items"][0]["changes"][0]
    assert (change["field"], len(change["from"]), len(change["to"])) == ("residences", 2, 3)
    assert told["items"][0]["reason_text"] == "Baru dilaporkan"


async def test_a_voided_fact_is_not_corrected_but_entered_anew(desk: Desk) -> None:
    child_id = await desk.register_child()
    measured = (await desk.record(child_id)).json()["measurement_id"]
    await desk.send("POST", f"/v1/measurements/{measured}:void", {"reason": "duplicate"}, etag='"1.1"')
    refused = await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.9}, etag='"1.2"')
    assert codes(refused) == ["measurement_voided"]
    again = await desk.send("POST", f"/v1/measurements/{measured}:void", {"reason": "duplicate"}, etag='"1.2"')
    assert again.json()["revision"] == 2, "voiding twice changes nothing"
    assert (await desk.record(child_id)).status_code == 201


async def test_every_change_says_what_it_saw(desk: Desk) -> None:
    first, second = await desk.register_child(), await desk.register_child()
    measured = (await desk.record(first)).json()["measurement_id"]
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"/v1/children/{first}", {"sex": "male"}),
        ("POST", f"/v1/children/{first}/relocations", {"valid_from": "2025-01-01", "desa_code": DESA_A}),
        ("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.9}),
        ("POST", f"/v1/measurements/{measured}:void", {"reason": "duplicate"}),
        ("POST", "/v1/merges", {"child_id": first, "survivor_id": second}),
        ("POST", "/v1/merges:undo", {"child_id": first}),
    ]
    for method, path, body in changes:
        assert (await desk.send(method, path, body)).status_code == 428, path
        stale = await desk.send(method, path, body, etag='"1.7"')
        assert (stale.status_code, stale.json()["code"]) == (412, "revision_stale"), path


async def test_the_dead_are_not_merged_into_the_living(desk: Desk) -> None:
    loser, survivor = await desk.register_child(), await desk.register_child()
    await patched(desk, loser, "1.1", died_on="2025-01-01")
    body = {"child_id": loser, "survivor_id": survivor}
    assert codes(await desk.send("POST", "/v1/merges", body, etag='"1.2"')) == ["dead_into_living"]
    other_way = {"child_id": survivor, "survivor_id": loser}
    assert (await desk.send("POST", "/v1/merges", other_way, etag='"1.1"')).status_code == 200


async def test_the_loser_of_a_merge_can_still_be_corrected_and_takes_no_new_visits(desk: Desk) -> None:
    loser, survivor = await desk.register_child(), await desk.register_child()
    measured = (await desk.record(loser)).json()["measurement_id"]
    await desk.send("POST", "/v1/merges", {"child_id": loser, "survivor_id": survivor}, etag='"1.1"')
    corrected = await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 9.9}, etag='"1.1"')
    assert corrected.status_code == 200
    late = await desk.record(loser, measured_on="2025-08-05")
    assert (late.status_code, late.json()["survivor_id"], codes(late)) == (422, survivor, ["child_merged"])
    told = (await desk.send("GET", f"/v1/children/{survivor}/history")).json()
    assert [(item["child_id"], item["weight_kg"]) for item in told["measurements"]] == [(loser, 9.9)]


async def test_who_another_puskesmas_registers_again_is_one_child_once_the_district_says_so(desk: Desk) -> None:
    """The child moved; both posts keep their facts, the district merges, the first post no longer sees it."""
    old = await desk.register_child()
    new = await desk.register_child(desa_code=DESA_B, posyandu_code=POSYANDU_B)
    await desk.record(old)
    body = {"child_id": old, "survivor_id": new}
    alone = await desk.send("POST", "/v1/merges", body, etag='"1.1"', areas=[DESA_B])
    assert alone.status_code == 404
    district: dict[str, Any] = {"role": "district", "areas": [KABUPATEN]}
    assert (await desk.send("POST", "/v1/merges", body, etag='"1.1"', **district)).status_code == 200
    kader: dict[str, Any] = {"role": "kader", "areas": [POSYANDU_B]}
    told = (await desk.send("GET", f"/v1/children/{new}/history", **kader)).json()
    assert [item["child_id"] for item in told["measurements"]] == [old]
    kader["areas"] = [POSYANDU_A]
    late = await desk.send("POST", "/v1/measurements", {"child_id": old, "measured_on": "2025-08-05"}, **kader)
    assert late.json()["survivor_id"] == new, "who still has the old number is told the new one"
