"""Who changed what, when and why; and what was known of a child on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.store import mappings
from services.measurement.store.identities import Reader
from services.measurement.use_cases.correct_children import ChildCorrection, correct_child
from services.measurement.use_cases.correct_measurements import Correction, correct_measurements
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.merge_children import merge_children, unmerge_child
from services.measurement.use_cases.record_measurements import record_measurements
from services.measurement.use_cases.register_children import NewChild, register_children
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from services.measurement.use_cases.visits import NewMeasurement
from shared.auth.areas import AreaGrant
from tests.integration.measurement.desk import DESA_A, DESA_B, KABUPATEN, POSYANDU_A, POSYANDU_B, Desk
from tests.integration.measurement.test_file_properties import Line, file_row

NIK, OTHER_NIK = "1219014507230003", "1219014507230014"


async def history(desk: Desk, child_id: str, query: str = "", **who: Any) -> dict[str, Any]:
    answer = await desk.send("GET", f"/v1/children/{child_id}/history{query}", **who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def changes(item: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["from"], change["to"]) for change in item["changes"]}


async def test_each_change_says_who_when_why_and_from_what_to_what(desk: Desk) -> None:
    child_id = await desk.register_child()
    measured = (await desk.record(child_id)).json()["measurement_id"]
    body = {"weight_kg": 10.9, "reason_text": "Salah baca timbangan"}
    corrected = await desk.send("PATCH", f"/v1/measurements/{measured}", body, etag='"1.1"', subject="person-2")
    voiding = {"reason": "wrong_child", "reason_text": "Anak tetangga"}
    await desk.send("POST", f"/v1/measurements/{measured}:void", voiding, etag=corrected.headers["etag"])
    items = (await history(desk, child_id))["items"]
    assert [(item["kind"], item["revision"], item["change"]) for item in items] == [
        ("measurement", 3, "voided"),
        ("measurement", 2, "corrected"),
        ("measurement", 1, "recorded"),
        ("child", 1, "recorded"),
    ]
    voided, second, first, registered = items
    assert changes(voided) == {"void_reason": (None, "wrong_child"), "voided": (False, True)}
    assert changes(second) == {"weight_kg": (10.4, 10.9)}
    assert (second["by"], second["reason_text"]) == ("person-2", "Salah baca timbangan")
    assert (voided["by"], voided["reason_text"]) == ("person-1", "Anak tetangga")
    assert [first["changes"], registered["changes"], registered["by"]] == [[], [], "person-1"]
    assert voided["known_at"] >= second["known_at"] >= first["known_at"]


async def test_an_nik_claim_added_changed_and_removed_is_shown_masked(desk: Desk) -> None:
    child_id = await desk.register_child(identity={"name": "Citra"})
    for number, nik in enumerate((NIK, OTHER_NIK, None), start=1):
        body = {"identity": {"nik": nik}}
        answer = await desk.send("PATCH", f"/v1/children/{child_id}", body, etag=f'"1.{number}"')
        assert answer.json()["revision"] == number + 1, answer.text
    answer = await desk.send("PATCH", f"/v1/children/{child_id}", {"identity": {"name": "Citra D"}}, etag='"1.4"')
    told = await history(desk, child_id)
    assert [changes(item) for item in told["items"]] == [
        {"identity.name": ("***", "***")},
        {"identity.nik": ("************0014", None)},
        {"identity.nik": ("************0003", "************0014")},
        {"identity.nik": (None, "************0003")},
        {},
    ]
    assert NIK not in str(told)
    assert "Citra" not in str(told)
    logged = await desk.worker.fetchval("SELECT count(*) FROM identity_access_log WHERE action = 'corrected'")
    assert logged == 4
    again = await desk.send("PATCH", f"/v1/children/{child_id}", {"identity": {"name": "Citra D"}}, etag='"1.5"')
    assert again.json()["revision"] == 5, "the same once more is no revision"


async def test_an_erased_identity_leaves_a_history_without_it(desk: Desk) -> None:
    child_id = await desk.register_child()
    await desk.send("PATCH", f"/v1/children/{child_id}", {"identity": {"nik": None}}, etag='"1.1"')
    await desk.superuser(f"DELETE FROM child_identity WHERE child_id = '{child_id}'")
    items = (await history(desk, child_id))["items"]
    assert [changes(item) for item in items] == [{}, {}]
    refused = await desk.send("PATCH", f"/v1/children/{child_id}", {"identity": {"name": "Citra"}}, etag='"1.2"')
    assert [error["code"] for error in refused.json()["errors"]] == ["identity_erased"]


async def test_a_changed_sex_or_birth_date_is_on_record(desk: Desk) -> None:
    child_id = await desk.register_child()
    body = {"sex": "male", "birth_date": "2023-07-06", "reason_text": "Sesuai akta"}
    await desk.send("PATCH", f"/v1/children/{child_id}", body, etag='"1.1"')
    newest = (await history(desk, child_id))["items"][0]
    assert changes(newest) == {"birth_date": ("2023-07-05", "2023-07-06"), "sex": ("female", "male")}
    assert newest["reason_text"] == "Sesuai akta"


async def test_what_a_file_entered_and_changed_names_the_file_and_its_row(desk: Desk) -> None:
    first, second = uuid4(), uuid4()
    unnumbered = file_row(2, Line(0, 1, 0, 80))._replace(nik=None)
    earlier, changed = file_row(2, Line(0, 0, 0, 80)), file_row(3, Line(0, 1, 0, 82))
    async with desk.worker.acquire() as connection, connection.transaction():
        book = PlaceBook(await mappings.named_entries(connection, [KABUPATEN]), {})
        for file, rows in ((first, [unnumbered]), (second, [earlier, changed])):
            judged = [JudgedRow(each.row_number, Outcome.TAKEN, each) for each in rows]
            entry = replace(on(date(2026, 1, 1)), channel="file", source="eppgbm")
            await take_file_rows(connection, FileChunk(file, judged, {}), book, entry, desk.vault)
    child_id = str(await desk.worker.fetchval("SELECT child_id FROM child"))
    items = (await history(desk, child_id))["items"]
    told = {
        (item["kind"], item["revision"], UUID(item["file_row"]["intake_id"]), item["file_row"]["row_number"])
        for item in items
    }
    assert told == {
        ("child", 1, first, 2),
        ("child", 2, second, 2),  # the day before is the first day it is known to live there, and an NIK was learned
        ("measurement", 1, first, 2),
        ("measurement", 2, second, 3),
        ("measurement", 1, second, 2),
    }
    assert {item["by"] for item in items} == {"person-1"}
    assert changes(next(item for item in items if item["kind"] == "child"))["identity.nik"] == (
        None,
        "************0001",
    )


async def test_a_history_is_read_page_by_page_newest_first(desk: Desk) -> None:
    child_id = await desk.register_child()
    for month in range(1, 8):
        await desk.record(child_id, measured_on=f"2025-{month:02d}-05")
    whole = (await history(desk, child_id))["items"]
    paged: list[Any] = []
    cursor = ""
    while True:
        page = await history(desk, child_id, f"?limit=3{cursor}")
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(whole) == 8
    assert paged == whole


async def test_a_reason_holds_no_nik_and_two_hundred_characters_at_most(desk: Desk) -> None:
    child_id = await desk.register_child()
    for text, code in ((f"NIK ternyata {NIK}", "nik_in_text"), ("x" * 201, "wrong_length")):
        body = {"birth_weight_kg": 3.0, "reason_text": text}
        answer = await desk.send("PATCH", f"/v1/children/{child_id}", body, etag='"1.1"')
        assert answer.status_code == 422
        assert NIK not in answer.text
        assert [error["code"] for error in answer.json()["errors"]] == [code]


def on(day: date) -> Entry:
    now = datetime(day.year, day.month, day.day, 16, 59, tzinfo=UTC)  # 23:59 in Jakarta
    return Entry(now, day, "api", "client", AreaGrant((KABUPATEN,)), "person-1")


async def test_as_of_shows_what_was_known_at_the_end_of_that_day_in_jakarta(desk: Desk) -> None:
    """Registered 1 March, merged 3 March, corrected 4 March, parted 6 March; asked for each day."""
    reader = Reader("person-1", "client", "puskesmas", "care")
    async with desk.worker.acquire() as connection, connection.transaction():
        rows = [
            NewChild(
                identity={"name": name},
                sex="female",
                birth_date=date(2023, 7, 5),
                desa_code=DESA_A,
                resident_since=date(2024, 1, 1),
            )
            for name in ("Citra", "Citra L")
        ]
        first, other = [
            result.child.child_id
            for result in await register_children(connection, rows, on(date(2025, 3, 1)), desk.vault, reader)
            if result.child is not None
        ]
        visits = [
            NewMeasurement(child_id=child, measured_on=date(2025, 2, 20), weight_kg=kg)
            for child, kg in ((first, 10.0), (other, 10.5))
        ]
        recorded = await record_measurements(connection, visits, on(date(2025, 3, 2)), desk.vault)
        await merge_children(connection, other, (1, 1), first, on(date(2025, 3, 3)))
        fact = recorded[0].fact
        assert fact is not None
        correction = Correction(fact.fact_id, fact.order, {"weight_kg": 10.2})
        await correct_measurements(connection, [correction], on(date(2025, 3, 4)))
        change = ChildCorrection(first, (1, 1), {"birth_date": date(2023, 7, 6)})
        await correct_child(connection, change, replace(on(date(2025, 3, 5)), reason_text="akta"), desk.vault, reader)
        await unmerge_child(connection, other, (1, 2), on(date(2025, 3, 6)))

    async def known(day: str) -> tuple[Any, list[tuple[str, float]], int]:
        told = await history(desk, str(first), f"?as_of={day}")
        child = told["child"]
        weights = [(item["child_id"], item["weight_kg"]) for item in told["measurements"]]
        return child and child["birth_date"], sorted(weights), len(told["items"])

    a, b = str(first), str(other)
    assert await known("2025-02-28") == (None, [], 0)
    assert await known("2025-03-01") == ("2023-07-05", [], 1)
    assert await known("2025-03-02") == ("2023-07-05", [(a, 10.0)], 2)
    assert await known("2025-03-03") == ("2023-07-05", sorted([(a, 10.0), (b, 10.5)]), 5)
    assert await known("2025-03-04") == ("2023-07-05", sorted([(a, 10.2), (b, 10.5)]), 6)
    assert await known("2025-03-05") == ("2023-07-06", sorted([(a, 10.2), (b, 10.5)]), 7)
    # Parted: what was recorded of the other is its own again, the merge and its end stay told.
    assert await known("2025-03-06") == ("2023-07-06", [(a, 10.2)], 6)


async def test_history_goes_with_the_child_whoever_was_merged_into_it(desk: Desk) -> None:
    """The twin record of another puskesmas: its visits are seen by who sees the survivor."""
    here = await desk.register_child()
    there = await desk.register_child(desa_code=DESA_B, posyandu_code=POSYANDU_B)
    await desk.record(there)
    await desk.send(
        "POST", "/v1/merges", {"child_id": there, "survivor_id": here, "reason_text": "Anak yang sama"}, etag='"1.1"'
    )
    kader: dict[str, Any] = {"role": "kader", "areas": [POSYANDU_A]}
    told = await history(desk, here, **kader)
    assert [item["child_id"] for item in told["measurements"]] == [there]
    assert told["items"][0]["reason_text"] == "Anak yang sama"
    assert changes(told["items"][0]) == {"merged_into": (None, here)}
    assert (await desk.send("GET", f"/v1/children/{there}/history", **kader)).status_code == 404
    undone = await desk.send("POST", "/v1/merges:undo", {"child_id": there}, etag='"1.2"', areas=[DESA_A])
    assert undone.status_code == 404, "who does not see where the child lives does not part it"


async def test_a_first_record_writes_no_history_and_a_change_one_row(desk: Desk) -> None:
    """The write budget: what superseded nothing costs nothing."""
    child_id = await desk.register_child()
    measured = (await desk.record(child_id)).json()["measurement_id"]
    counts = "SELECT (SELECT count(*) FROM child_revision) + (SELECT count(*) FROM measurement_revision)"
    assert await desk.worker.fetchval(counts) == 0
    await desk.send("PATCH", f"/v1/measurements/{measured}", {"weight_kg": 10.9}, etag='"1.1"')
    kept = await desk.worker.fetch("SELECT fact_id, revision, weight_kg FROM measurement_revision")
    assert [tuple(found) for found in kept] == [(UUID(measured), 1, 10.4)]
