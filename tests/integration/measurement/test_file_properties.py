"""Whatever files say, in whatever order and however often: what is stored is the last word of each visit, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.measurement.domain.file_row import FileRow, JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.store import counts, mappings
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.contracts.fact import new_fact_id
from tests.integration.measurement.conftest import empty
from tests.integration.measurement.desk import KABUPATEN, Desk

TODAY = date(2026, 1, 1)
PLACES = (("Lalang", "Melati"), ("Lalang", "Mawar"), ("Pakam", "Kenanga"))


class Line(NamedTuple):
    """A row of a file: child, day, place, tenths of a kilogram."""

    child: int
    day: int
    place: int
    weight: int


LINES = st.builds(Line, st.integers(0, 2), st.integers(0, 3), st.integers(0, 2), st.integers(80, 82))
# A visit stands once in a file: pairs of one day are the matter of `test_intake.py`.
FILES = st.lists(
    st.lists(LINES, min_size=1, max_size=6, unique_by=lambda line: (line.child, line.day)), min_size=1, max_size=4
)


def file_row(number: int, line: Line) -> FileRow:
    desa, posyandu = PLACES[line.place]
    given_fields = {
        "row_number": number,
        "nik": f"121901450723000{line.child + 1}",
        "name": "Anak " + "abc"[line.child],
        "sex": "female",
        "birth_date": date(2023, 7, 5),
        "kabupaten_name": "Batu Bara",
        "kecamatan_name": "Medang Deras",
        "desa_name": desa,
        "posyandu_name": posyandu,
        "measured_on": date(2025, 1, 1) + timedelta(days=line.day),
        "weight_kg": line.weight / 10,
        "length_height_cm": 80.0,
    }
    return FileRow._make(given_fields.get(name) for name in FileRow._fields)


async def take(desk: Desk, book: PlaceBook, lines: list[Line]) -> counts.IntakeCount:
    rows = [JudgedRow(number, Outcome.TAKEN, file_row(number, line)) for number, line in enumerate(lines, start=2)]
    entry = Entry(now_utc(), TODAY, "file", "eppgbm", AreaGrant((KABUPATEN,)), "person-1")
    async with desk.worker.acquire() as connection, connection.transaction():
        return await take_file_rows(connection, FileChunk(new_fact_id(), rows, {}), book, entry, desk.vault)


@asynccontextmanager
async def clean(desk: Desk) -> AsyncIterator[PlaceBook]:
    await empty(desk)
    async with desk.worker.acquire() as connection:
        yield PlaceBook(await mappings.named_entries(connection, [KABUPATEN]), {})


async def check(desk: Desk, files: list[list[Line]]) -> None:
    async with clean(desk) as book:
        last: dict[tuple[int, int], int] = {}
        for lines in files:
            count = await take(desk, book, lines)
            assert count.accepted + count.unchanged == len(lines)
            last |= {(line.child, line.day): line.weight for line in lines}
        stored = await desk.worker.fetch(
            "SELECT i.nik_hash, m.measured_on, m.weight_kg FROM measurement m JOIN child_identity i USING (child_id)"
        )
        hashes = [desk.vault.nik_hash(f"121901450723000{child + 1}", date(2023, 7, 5), "female") for child in range(3)]
        found = {
            (hashes.index(row["nik_hash"]), (row["measured_on"] - date(2025, 1, 1)).days): round(row["weight_kg"] * 10)
            for row in stored
        }
        assert len(stored) == len(found)
        assert found == last
        events = len(await desk.events())
        for lines in files[-1:] * 2:
            assert (await take(desk, book, lines)).unchanged == len(lines)
        assert len(await desk.events()) == events
        await check_homes(desk, hashes, files)


async def check_homes(desk: Desk, hashes: list[bytes | None], files: list[list[Line]]) -> None:
    """A child lives where its newest visit was, if only one place claims that."""
    rows = await desk.worker.fetch("SELECT i.nik_hash, c.desa_code FROM child c JOIN child_identity i USING (child_id)")
    homes = {hashes.index(row["nik_hash"]): row["desa_code"] for row in rows}
    for child, desa_code in homes.items():
        visits = [line for lines in files for line in lines if line.child == child]
        newest = max(line.day for line in visits)
        claimed = {PLACES[line.place][0] for line in visits if line.day == newest}
        if len(claimed) == 1:
            assert desa_code == {"Lalang": "12.19.01.2003", "Pakam": "12.19.01.2004"}[claimed.pop()]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
async def test_files_in_any_order_and_repetition_leave_the_last_word_of_each_visit(
    open_module_desk: Desk, files: list[list[Line]]
) -> None:
    """B076, B094."""
    await check(open_module_desk, files)
