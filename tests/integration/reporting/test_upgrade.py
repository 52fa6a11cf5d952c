"""A database that an older program had filled is brought up to date: figures stay right, what it lacks is told."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.stack import Stack
from deploy.local.trial import fresh_database
from services.reporting.app import MIGRATIONS, SERVICE
from services.reporting.store.generations import asks_for_rebuild
from services.reporting.use_cases.rebuild import rebuild
from services.reporting.use_cases.verify import verify
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office, deliver
from tests.unit.reporting.history import assessment, child, measurement, random_history, register

OLD: Final = "0003"  # the last migration of a program that kept cells of months only, and no sums by level
FILLED: Final = (
    *("child_fact", "measurement_fact", "assessment_fact", "risk_status_fact", "case_fact", "follow_up_fact"),
    *("register_fact", "child", "child_link", "child_month", "child_span"),
)
MEASURED: Final = "SELECT desa_code || '|' || posyandu_code, month FROM child_month WHERE known_to IS NULL"
MARKED: Final = "SELECT mark.place, mark.month FROM quality_mark, unnest(places, months) AS mark (place, month)"
PERIODS: Final = ("2025-10", "2025-Q4", "2025")


async def copy_what_both_have(source: Pool, target: Pool, table: str, where: str = "true") -> None:
    """The rows of `table` with the columns that there were."""
    rows = await source.fetchval(f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM {table} AS t WHERE {where}")
    await target.execute(f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)", rows)


@pytest.fixture
def second_database(stack: Stack) -> Iterator[Stack]:
    with fresh_database(stack) as own:
        yield own


@pytest.fixture
async def upgraded(office: Office, second_database: Stack, tmp_path: Path) -> AsyncIterator[Office]:
    """What `office` holds, in a database that was filled before 0004 and then migrated."""
    for path in MIGRATIONS.glob("*.sql"):
        if path.name[:4] <= OLD:
            shutil.copy(path, tmp_path)
    await deliver(office.worker, [*register(), *random_history(5, 40)], 20)
    await migrate(second_database.address(f"{SERVICE}_owner"), SERVICE, tmp_path)
    async with open_pool(second_database.address(f"{SERVICE}_worker")) as worker:
        for table in FILLED:
            await copy_what_both_have(office.worker, worker, table)
        await copy_what_both_have(office.worker, worker, "cell", "months = 1")
        await copy_what_both_have(office.worker, worker, "fact_tally", "kind <> 'intervention'")  # 0009
    async with ground.open_office(second_database) as later:
        yield later


async def figures(office: Office) -> list[dict[str, Any]]:
    told = []
    for code in ("12.19", "12.19.01.2003"):
        for period in PERIODS:
            told.append(await office.figures(f"/v1/areas/{code}/summary", period=period))
            told.append(await office.figures(f"/v1/areas/{code}/trend", until=period, months=3))
    return [*told, await office.figures("/v1/areas/12.19/comparison", period="2025-Q4")]


async def test_figures_of_before_an_upgrade_stay_right_and_verify_asks_for_a_rebuild(
    office: Office, upgraded: Office
) -> None:
    """What was judged by nobody is marked, too."""
    assert not await upgraded.worker.fetch(f"{MEASURED} EXCEPT {MARKED}")
    assert await figures(upgraded) == await figures(office)
    taken = measurement("late", date(2025, 10, 9), of=2)
    late = [child(2), taken, assessment(taken, haz=-2.5)]
    for one in (office, upgraded):
        await deliver(one.worker, late)
    assert await figures(upgraded) == await figures(office)
    async with upgraded.worker.acquire() as connection:
        report = await verify(connection)
        assert (report["differences"], report["asks_for_rebuild"]) == ([], ["long_periods", "sex_and_age"])
        assert (await rebuild(connection))["differences"] == []
        assert await asks_for_rebuild(connection) == []


async def test_nothing_is_asked_for_where_all_cells_are_there(office: Office) -> None:
    """The mending, run again on a database that lacks nothing."""
    await deliver(office.worker, [*register(), *random_history(6, 40)], 20)
    (mending,) = MIGRATIONS.glob("0043_*.sql")
    before = await office.worker.fetch("SELECT xmin, * FROM level_cell")
    async with open_pool(office.stack.address(f"{SERVICE}_owner")) as owner:
        await owner.execute(mending.read_text(encoding="utf-8"))
    assert set(before) <= set(await office.worker.fetch("SELECT xmin, * FROM level_cell")), "no row is written again"
    async with office.worker.acquire() as connection:
        report = await verify(connection)
    assert (report["differences"], report["asks_for_rebuild"]) == ([], [])
