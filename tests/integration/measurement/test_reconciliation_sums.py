"""Whatever a file holds: each of its rows and each of our visits has exactly one cause, and the sums are exact."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.measurement.domain.file_row import FileRow, Outcome
from services.measurement.domain.reconciliation_causes import CAUSES
from services.measurement.domain.waterfall import of_json
from services.measurement.jobs.growth import recompute
from services.measurement.store.primary_visits import list_visits
from services.measurement.use_cases.match_their_rows import Scope, TheirRow
from services.measurement.use_cases.reconcile_rows import Reconciled, TheirFile, reconcile_rows
from services.measurement.use_cases.take_file_rows import place_book
from tests.integration.measurement.desk import DESA_B, POSYANDU_B, Desk

SCOPE: Final = Scope("12.19.01", date(2025, 7, 1), date(2025, 7, 31))
NAMES: Final = tuple(f"Anak {letter}" for letter in "abcde")
BORN: Final = date(2023, 7, 5)


@pytest.fixture
async def children(desk: Desk) -> None:
    """Five girls, one of desa B; the first was measured twice, the last not in July."""
    for number, name in enumerate(NAMES):
        place = {"desa_code": DESA_B, "posyandu_code": POSYANDU_B} if number == 3 else {}
        identity = {"name": name} | ({"nik": f"121901450723{number + 1:04d}"} if number % 2 else {})
        child_id = await desk.register_child(identity=identity, **place)
        await desk.record(child_id, measured_on="2025-06-05" if number == 4 else "2025-07-05")
        if number == 0:
            await desk.record(child_id, measured_on="2025-07-20", weight_kg=10.9)


def plain(number: int) -> dict[str, Any]:
    """What the file should say of a child."""
    return {
        "nik": f"121901450723{number + 1:04d}" if number % 2 else None,
        "name": NAMES[number],
        "sex": "female",
        "birth_date": BORN,
        "kabupaten_name": "Batu Bara",
        "kecamatan_name": "Medang Deras",
        "desa_name": "Pakam" if number == 3 else "Lalang",
        "posyandu_name": "Kenanga" if number == 3 else "Melati",
        "measured_on": date(2025, 7, 5),
        "weight_kg": 10.4,
        "length_height_cm": 81.5,
        "measurement_position": "standing",
        "official_haz": -1.31,
        "official_waz": -0.81,
        "official_whz": -0.17,
    }


CHANGES: Final = st.fixed_dictionaries(
    {},
    optional={
        "sex": st.just("male") | st.none(),
        "birth_date": st.sampled_from((BORN + timedelta(days=1), date(2023, 5, 7), date(2022, 1, 1))),
        "measured_on": st.sampled_from((date(2025, 7, 20), date(2025, 7, 9), date(2025, 8, 1))) | st.none(),
        "weight_kg": st.sampled_from((10.0, 10.9, 4.0)) | st.none(),
        "length_height_cm": st.sampled_from((82.2, 82.0, 60.0)) | st.none(),
        "measurement_position": st.just("lying") | st.none(),
        "official_haz": st.sampled_from((-1.3, -0.81, -2.4)) | st.none(),
        "name": st.just("Anak lain") | st.none(),
        "desa_name": st.sampled_from(("Simpang Kopi", "Tidak Ada")) | st.none(),
    },
)
OUTCOMES: Final = st.sampled_from((Outcome.TAKEN, Outcome.TAKEN, Outcome.QUARANTINED, Outcome.DUPLICATE))


def their_row(number: int, child: int, changes: dict[str, Any], outcome: Outcome) -> TheirRow:
    values = {"row_number": number} | plain(child) | changes
    row = FileRow._make(values.get(name) for name in FileRow._fields)
    return TheirRow(number, outcome, None if outcome is Outcome.DUPLICATE else row)


async def reconcile(desk: Desk, rows: list[TheirRow], *, states_position: bool) -> tuple[Reconciled, int]:
    owner = uuid4()
    key = desk.vault.seal(owner, b"").wrapped_key
    async with desk.worker.acquire() as connection:
        places = await place_book(connection, [SCOPE.area_code])
        file = TheirFile(rows, states_position)
        found = await reconcile_rows(connection, file, SCOPE, places, desk.vault, recompute, (owner, key))
        return found, len(await list_visits(connection, *SCOPE))


@pytest.mark.usefixtures("children")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(st.tuples(st.integers(0, 4), CHANGES, OUTCOMES), max_size=9),
    states_position=st.booleans(),
)
async def test_each_row_of_both_sides_has_one_cause_and_the_causes_add_up(
    desk: Desk, drawn: list[tuple[int, dict[str, Any], Outcome]], *, states_position: bool
) -> None:
    rows = [their_row(number, *row) for number, row in enumerate(drawn, start=2)]
    found, visits = await reconcile(desk, rows, states_position=states_position)
    assert visits == 5
    assert [row.number for row in found.rows] == list(range(1, len(found.rows) + 1))
    assert [row.file_row for row in found.rows if row.file_row is not None] == [row.row_number for row in rows]
    ours = [row.fact_id for row in found.rows if row.fact_id is not None]
    assert len(ours) == len(set(ours)) == visits
    assert {row.cause for row in found.rows} <= CAUSES.keys()
    summary = found.summary
    assert (summary["theirs"], summary["ours"]) == (len(rows), visits)
    for side in ("theirs", "ours"):
        assert sum(counts[side] for counts in summary["causes"].values()) == summary[side]
    stunted = summary["stunted"]
    assert stunted["theirs"] + sum(stunted["change"].values()) == stunted["ours"]
    for part in map(of_json, summary["waterfall"].values()):
        for at in range(2):
            assert part.theirs[at] + sum(tally[at] for tally in part.bars.values()) == part.ours[at]
    for row in found.rows:
        if row.cause == "missing_there":
            assert row.file_row is None
        if row.cause in {"missing_here", "duplicate", "not_compared"}:
            assert row.fact_id is None


@pytest.mark.usefixtures("children")
async def test_a_file_that_says_what_we_know_is_all_the_same(desk: Desk) -> None:
    rows = [their_row(number + 2, number, {}, Outcome.TAKEN) for number in range(4)]
    second = {"measured_on": date(2025, 7, 20), "weight_kg": 10.9, "official_waz": None, "official_whz": None}
    found, _ = await reconcile(desk, [*rows, their_row(6, 0, second, Outcome.TAKEN)], states_position=True)
    assert {row.cause for row in found.rows[:4]} == {"same"}
    assert len(found.rows) == 5
