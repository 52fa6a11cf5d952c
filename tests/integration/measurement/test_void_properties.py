"""Whatever files were taken: taken back in the order they came last, each leaves what was before; all, nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.places import PlaceBook
from services.measurement.store import intake
from services.measurement.store.intake import UploadedFile
from services.measurement.use_cases.entry import Entry
from services.measurement.use_cases.take_file_rows import FileChunk, take_file_rows
from services.measurement.use_cases.void_file_rows import void_file_rows, void_registered_children
from shared.auth.areas import AreaGrant
from shared.calendar import now_utc
from shared.jobs import table
from shared.postgres.pool import Connection
from tests.integration.measurement.desk import KABUPATEN, Desk
from tests.integration.measurement.test_file_properties import FILES, TODAY, Line, clean, file_row

ROWS_AT_ONCE = 2  # so that what one file did is undone in several steps


def entry() -> Entry:
    return Entry(now_utc(), TODAY, "file", "eppgbm", AreaGrant((KABUPATEN,)), "tester")


async def take(desk: Desk, connection: Connection, book: PlaceBook, lines: list[Line]) -> UUID:
    """A file with these rows, taken; its id."""
    rows = [JudgedRow(number, Outcome.TAKEN, file_row(number, line)) for number, line in enumerate(lines, start=2)]
    async with connection.transaction():
        intake_id = await table.enqueue(connection, "none", {}, requested_by="tester")
        sealed = desk.vault.seal(intake_id, b"")
        await intake.insert_file(
            connection, UploadedFile(intake_id, "tester", (KABUPATEN,), "", 0, sealed, sealed), now_utc()
        )
        await intake.mark_committed(connection, intake_id, (), "tester", now_utc())
        await take_file_rows(connection, FileChunk(intake_id, rows, {}), book, entry(), desk.vault)
    return intake_id


async def take_back(connection: Connection, intake_id: UUID) -> None:
    async with connection.transaction():
        await intake.mark_void_asked(connection, intake_id, intake_id, "tester", "wrong_file", now_utc())
    below: int | None = None
    while below != 0:
        async with connection.transaction():
            numbers = await void_file_rows(connection, intake_id, below, ROWS_AT_ONCE, "tester", entry())
        below = numbers[-1] if numbers else 0
    async with connection.transaction():
        await void_registered_children(connection, intake_id, 0, 100, entry())


async def living(connection: Connection) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "SELECT c.child_id, c.residences::text, m.fact_id, m.weight_kg, m.posyandu_code, m.file_digest FROM child c "
        "LEFT JOIN measurement m ON m.child_id = c.child_id AND NOT m.voided WHERE NOT c.voided ORDER BY 1, 3"
    )
    return [tuple(row) for row in rows]


async def check(desk: Desk, files: list[list[Line]], order: list[int]) -> None:
    async with clean(desk) as book, desk.worker.acquire() as connection:
        before, taken = [], []
        for lines in files:
            before.append(await living(connection))
            taken.append(await take(desk, connection, book, lines))
        for intake_id, was in zip(reversed(taken), reversed(before), strict=True):
            await take_back(connection, intake_id)
            assert await living(connection) == was
        again = [await take(desk, connection, book, lines) for lines in files]
        for at in order:
            if at < len(again):
                await take_back(connection, again[at])
        assert await living(connection) == []


@pytest.mark.timeout(300)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, order=st.permutations(range(4)))
async def test_files_taken_back_leave_what_was_before_them_and_in_any_order_nothing(
    open_module_desk: Desk, files: list[list[Line]], order: list[int]
) -> None:
    await check(open_module_desk, files, order)
