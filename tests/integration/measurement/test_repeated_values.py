"""What a file's row adds to what is known of the day, and what it does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.measurement.domain.file_row import FileRow, JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.store import mappings
from services.measurement.store.counts import IntakeCount
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from tests.integration.measurement.desk import DESA_A, KABUPATEN, POSYANDU_A, Desk

# A girl of 731 days, 81.5 cm standing, 10.4 kg; HAZ -1.31, WAZ -0.81, WHZ -0.17 by the WHO's tables.
GIVEN = {
    "row_number": 2,
    "nik": "1219014507230003",
    "name": "Citra Lestari",
    "sex": "female",
    "birth_date": date(2023, 7, 5),
    "kabupaten_name": "Batu Bara",
    "kecamatan_name": "Medang Deras",
    "desa_name": "Lalang",
    "posyandu_name": "Melati",
    "measured_on": date(2025, 7, 5),
    "weight_kg": 10.4,
    "length_height_cm": 81.5,
    "measurement_position": "standing",
}


async def take(desk: Desk, **changes: Any) -> IntakeCount:
    values = GIVEN | changes
    row = FileRow._make(values.get(name) for name in FileRow._fields)
    entry = Entry(now_utc(), date(2026, 1, 1), "file", "eppgbm", AreaGrant((KABUPATEN,)), "person-1")
    async with desk.worker.acquire() as connection, connection.transaction():
        book = PlaceBook(await mappings.named_entries(connection, [KABUPATEN]), {})
        chunk = FileChunk(new_fact_id(), [JudgedRow(2, Outcome.TAKEN, row)], {})
        return await take_file_rows(connection, chunk, book, entry, desk.vault)


async def stored(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.worker.fetch(
        "SELECT source, revision, weight_kg, measurement_position FROM measurement ORDER BY source"
    )
    return [tuple(row) for row in rows]


async def test_a_row_without_a_position_unsays_none(desk: Desk) -> None:
    await take(desk)
    assert (await take(desk, measurement_position=None)).unchanged == 1
    assert (await take(desk, measurement_position=None, weight_kg=10.6)).accepted == 1
    assert await stored(desk) == [("eppgbm", 2, 10.6, "standing")]


async def test_a_row_with_a_position_adds_it(desk: Desk) -> None:
    await take(desk, measurement_position=None)
    assert (await take(desk)).accepted == 1
    assert await stored(desk) == [("eppgbm", 2, 10.4, "standing")]


async def test_what_a_person_corrected_outlives_a_file_without_positions(desk: Desk) -> None:
    await take(desk)
    found = await desk.worker.fetchrow("SELECT fact_id FROM measurement")
    assert found is not None
    answer = await desk.send("PATCH", f"/v1/measurements/{found['fact_id']}", {"weight_kg": 10.8}, etag='"1.1"')
    assert answer.status_code == 200, answer.text
    assert (await take(desk, measurement_position=None)).unchanged == 1
    assert (await stored(desk))[0][1:3] == (2, 10.8)


async def test_scores_that_follow_from_the_stored_values_are_no_news(desk: Desk) -> None:
    await take(desk)
    ours = {"official_haz": -1.31, "official_haz_class": "normal", "official_waz_class": "normal"}
    scores = await desk.worker.fetchval("SELECT official FROM measurement")
    assert scores is None
    count = await take(desk, **ours)
    assert count.unchanged == 1
    assert (await take(desk, official_haz=-2.4, official_haz_class="pendek")).accepted == 1


async def test_a_row_that_repeats_what_a_client_recorded_is_no_second_measurement(desk: Desk) -> None:
    child_id = await desk.register_child()
    assert (await desk.record(child_id)).status_code == 201
    assert (await take(desk)).unchanged == 1
    assert len(await stored(desk)) == 1


@pytest.mark.parametrize("changes", [{"weight_kg": 10.6}, {"reported_letter": "N"}, {"official_haz": -2.4}])
async def test_a_row_that_says_other_than_a_client_is_kept_beside_it(desk: Desk, changes: dict[str, Any]) -> None:
    """B024."""
    child_id = await desk.register_child(desa_code=DESA_A, posyandu_code=POSYANDU_A)
    await desk.record(child_id)
    assert (await take(desk, **changes)).accepted == 1
    sources = [row[0] for row in await stored(desk)]
    assert len(sources) == 2
    assert "eppgbm" in sources
