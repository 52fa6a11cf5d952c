"""What the laboratory holds of children and cases, on a real database."""

import random
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from deploy.local.stack import Stack
from services.lab.app import MIGRATIONS
from services.lab.consumers.facts import FactsHandler
from services.lab.store.holding import HOLDS
from shared.contracts.child import ChildV1, MeasurementV1, Residence
from shared.contracts.fact import Fact
from shared.contracts.risk import CaseV1
from shared.ledger.census import take_census
from shared.postgres.migrate import migrate
from shared.postgres.pool import Pool, open_pool

FIRST = datetime(2026, 3, 1, 3, tzinfo=UTC)
HERE, ELSEWHERE = "12.19.01.2003", "12.19.02.2001"


@pytest.fixture(scope="module")
async def ground(database: Stack) -> Stack:
    await migrate(database.address("lab_owner"), "lab", MIGRATIONS)
    return database


@pytest.fixture
async def worker(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("lab_worker")) as pool:
        yield pool
        await pool.execute("DELETE FROM lab_order; DELETE FROM outbox; DELETE FROM child_case; DELETE FROM child")


def child(child_id: uuid.UUID, revision: int = 1, desa_code: str = HERE, **changed: Any) -> ChildV1:
    return ChildV1(
        fact_id=child_id,
        child_id=child_id,
        epoch=1,
        revision=revision,
        change="recorded",
        known_at=FIRST + timedelta(days=revision),
        sex="female",
        birth_date=date(2024, 5, 17),
        residences=(Residence(valid_from=date(2024, 5, 17), desa_code=desa_code, posyandu_code=f"{desa_code}.P001"),),
        **changed,
    )


def case(child_id: uuid.UUID, revision: int = 1, tests: tuple[str, ...] = ("blood_count",)) -> CaseV1:
    return CaseV1(
        fact_id=uuid.uuid5(child_id, "case"),
        child_id=child_id,
        epoch=1,
        revision=revision,
        change="opened",
        known_at=FIRST + timedelta(days=revision),
        opened_on=date(2026, 3, 1),
        opened_by_fact_id=uuid.uuid5(child_id, "measurement"),
        tier="suspected",
        state="open",
        required_tests=tests,
        ruleset_version="2026-01",
    )


def measurement(child_id: uuid.UUID) -> MeasurementV1:
    return MeasurementV1(
        fact_id=uuid.uuid5(child_id, "measurement"),
        child_id=child_id,
        epoch=1,
        revision=1,
        change="recorded",
        known_at=FIRST,
        measured_on=date(2026, 3, 1),
        recorded_at=FIRST,
        channel="api",
        source="test",
        weight_kg=8.4,
    )


async def apply(pool: Pool, facts: list[Fact]) -> list[str]:
    async with pool.acquire() as connection, connection.transaction():
        return list((await FactsHandler().apply(connection, facts)).outcomes)


async def held(pool: Pool, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY fact_id")]


async def test_any_order_and_duplication_of_facts_ends_in_the_same_rows(worker: Pool) -> None:
    """B084, B094: the revision decides, not the arrival."""
    ids = [uuid.uuid4() for _ in range(12)]
    facts: list[Fact] = []
    for child_id in ids:
        facts += [
            child(child_id),
            child(child_id, 2, ELSEWHERE),
            case(child_id),
            case(child_id, 2, ("blood_count", "ferritin")),
        ]
    await apply(worker, facts)
    expected = (await held(worker, "child"), await held(worker, "child_case"))
    await worker.execute("DELETE FROM lab_order; DELETE FROM outbox; DELETE FROM child_case; DELETE FROM child")

    rng = random.Random(11)
    arrivals = facts * 2
    rng.shuffle(arrivals)
    outcomes: list[str] = []
    for start in range(0, len(arrivals), 5):
        outcomes += await apply(worker, arrivals[start : start + 5])

    assert (await held(worker, "child"), await held(worker, "child_case")) == expected
    assert {row["desa_code"] for row in expected[0]} == {ELSEWHERE}
    assert {row["required_tests"] for row in expected[1]} == {"blood_count ferritin"}
    assert outcomes.count("applied") + outcomes.count("not_newer") == len(arrivals)


async def test_a_case_before_its_child_is_kept_and_the_stub_is_no_fact(worker: Pool) -> None:
    child_id = uuid.uuid4()
    assert await apply(worker, [case(child_id)]) == ["applied"]
    async with worker.acquire() as connection:
        census = await take_census(connection, HOLDS)
        assert census["child"] == {}
        assert sum(count for count, _ in census["case"].values()) == 1
    assert await apply(worker, [child(child_id)]) == ["applied"]
    assert await worker.fetchval("SELECT desa_code FROM child") == HERE


async def test_what_no_order_needs_passes_by_and_is_counted(worker: Pool) -> None:
    child_id = uuid.uuid4()
    outcomes = await apply(worker, [measurement(child_id), child(child_id), measurement(child_id)])
    assert outcomes == ["not_newer", "applied", "not_newer"]


async def test_the_same_revision_with_other_content_is_told(worker: Pool) -> None:
    child_id = uuid.uuid4()
    await apply(worker, [child(child_id)])
    assert await apply(worker, [child(child_id, 1, ELSEWHERE)]) == ["revision_conflict"]
    assert await worker.fetchval("SELECT desa_code FROM child") == HERE


async def test_a_merged_child_keeps_its_row_and_names_its_root(worker: Pool) -> None:
    survivor, loser = uuid.uuid4(), uuid.uuid4()
    await apply(worker, [child(survivor), child(loser), child(loser, 2, merged_into=survivor)])
    roots = {row["child_id"]: row["root_id"] for row in await held(worker, "child")}
    assert roots == {survivor: survivor, loser: survivor}
    await apply(worker, [child(loser, 3)])
    assert await worker.fetchval("SELECT root_id FROM child WHERE child_id = $1", loser) == loser


async def test_a_caller_sees_children_and_cases_of_its_area_only(ground: Stack, worker: Pool) -> None:
    here, elsewhere = uuid.uuid4(), uuid.uuid4()
    await apply(worker, [child(here), child(elsewhere, 1, ELSEWHERE), case(here), case(elsewhere)])
    async with open_pool(ground.address("lab_api")) as api, api.acquire() as connection:
        for areas, visible in ((None, []), (HERE, [here]), (f"{HERE}.P001", [here]), ("12.19", [here, elsewhere])):
            async with connection.transaction():
                if areas is not None:
                    await connection.execute("SELECT set_config('tumbuh.areas', $1, true)", areas)
                for table in ("child", "child_case"):
                    rows = await connection.fetch(f"SELECT child_id FROM {table}")
                    assert {row["child_id"] for row in rows} == set(visible), (areas, table)
