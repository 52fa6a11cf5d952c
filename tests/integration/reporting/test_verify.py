"""Verify sees what is planted; a rebuild goes on beside live batches and shows only what agrees with the facts."""

from __future__ import annotations

import asyncio
import random
import uuid
from datetime import date
from typing import Any

import asyncpg
import pytest

from services.reporting.domain.areas import Entry
from services.reporting.domain.periods import parse_period
from services.reporting.store import generations
from services.reporting.store.sums import sums_by_place, where_of
from services.reporting.use_cases import rebuild as rebuilding
from services.reporting.use_cases.rebuild import RebuildRunsError, fill_bucket, rebuild
from services.reporting.use_cases.verify import verify
from shared.postgres.pool import Connection, Pool, connect
from tests.integration.reporting import ground
from tests.integration.reporting.ground import Office
from tests.unit.reporting.history import assessment, child, measurement, random_history, register


async def differences(pool: Pool, **asked: Any) -> list[dict[str, Any]]:
    async with pool.acquire() as connection:
        report = await verify(connection, **asked)
    # Sums by level differ from their cells then, too: said in test_province.py.
    return [row for row in report["differences"] if row["kind"] != "level"]


async def two_children(pool: Pool) -> None:
    facts = []
    for number in (1, 2):
        taken = measurement("a", date(2025, 11, 4), of=number)
        facts += [child(number), taken, assessment(taken, haz=-2.5)]
    await ground.deliver(pool, facts)
    assert await differences(pool) == []


async def test_a_wrong_cell_is_seen_and_named(pool: Pool) -> None:
    await two_children(pool)
    await pool.execute("UPDATE cell SET stunted = stunted + 1 WHERE month = '2025-11-01'")
    (found,) = await differences(pool)
    assert (found["kind"], found["month"], found["desa_code"]) == ("cell", "2025-11", "12.19.01.2003")
    assert found["differs"] == {"stunted": {"expected": 2, "stored": 3}}
    assert await differences(pool, last_months=1) == [], "only the last month was asked for"


async def test_a_wrong_target_is_seen_in_every_month_it_touches(pool: Pool) -> None:
    await two_children(pool)
    await pool.execute("UPDATE cell SET target_change = target_change + 1 WHERE month = '2024-03-01'")
    found = await differences(pool)
    assert len(found) == 62, "from the month of birth to the one after the last as a target"
    assert all(set(row["differs"]) == {"target_children"} for row in found)


async def test_a_cell_that_should_not_be_is_seen(pool: Pool) -> None:
    await two_children(pool)
    await pool.execute(
        "INSERT INTO cell (generation, desa_code, posyandu_code, month, pending) "
        "VALUES ((SELECT generation FROM generation WHERE state = 'live'), '12.19.02.2001', '', '2025-12-01', 1)"
    )
    (found,) = await differences(pool)
    assert found["differs"] == {"pending": {"expected": 0, "stored": 1}}


@pytest.mark.parametrize("table", ["child_fact", "measurement_fact", "assessment_fact"])
async def test_a_missing_fact_is_seen(pool: Pool, table: str) -> None:
    await two_children(pool)
    await pool.execute(f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")
    found = await differences(pool)
    lost = [row for row in found if row["kind"] == "facts"]
    assert [(row["stored_once"], row["found"]) for row in lost] == [(2, 1)]
    assert any(row["kind"] == "cell" for row in found), "its figures differ too"


async def test_a_doubled_fact_is_seen_though_it_changes_no_figure(pool: Pool) -> None:
    await two_children(pool)
    row = await pool.fetchrow("SELECT * FROM assessment_fact LIMIT 1")
    assert row is not None
    values = dict(row) | {"fact_id": uuid.uuid4()}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await pool.execute(f"INSERT INTO assessment_fact VALUES ({places})", *values.values())
    (found,) = await differences(pool)
    assert (found["kind"], found["stored_once"], found["found"]) == ("facts", 2, 3)
    assert found["day"] == "2026-01-05"


async def test_a_fact_swapped_for_another_is_seen(pool: Pool) -> None:
    """The number is right and the digest is not."""
    await two_children(pool)
    await pool.execute("UPDATE child_fact SET revision = 7 WHERE ctid = (SELECT min(ctid) FROM child_fact)")
    assert {row["kind"] for row in await differences(pool)} == {"facts"}


async def test_a_rebuild_beside_live_batches_loses_and_doubles_nothing(office: Office) -> None:
    """Live = rebuilt, with batches on other connections while the buckets are filled."""
    pool = office.worker
    facts = random_history(77, 260)
    half = len(facts) // 2
    await ground.deliver(pool, facts[:half], 20)
    batches = asyncio.create_task(ground.deliver(pool, facts[half:], 3))
    async with pool.acquire() as connection:
        report = await rebuild(connection)
    await batches
    assert report["differences"] == []
    assert await differences(pool) == []
    beside = await ground.derived(pool)
    await ground.empty(pool)
    await ground.deliver(pool, facts, 50)
    assert await ground.derived(pool) == beside


async def test_a_reader_sees_the_same_figures_at_every_step_of_a_rebuild_and_its_flip(pool: Pool) -> None:
    """No dip of month, quarter or year, while what is known already comes again and is folded into both generations."""
    facts = random_history(41, 90)
    await ground.deliver(pool, facts, 30)
    kabupaten = where_of(Entry("area", ground.KABUPATEN, "", "kabupaten", None, (), None))
    periods = [parse_period(text) for text in ("2025-12", "2025-Q4", "2025", "2026")]

    async def look(connection: Connection) -> list[Any]:
        return [await sums_by_place(connection, kabupaten, period, None, "own") for period in periods]

    async with pool.acquire() as reader, pool.acquire() as connection:
        before, looks = await look(reader), 0
        rebuilding_now = asyncio.create_task(rebuild(connection))
        again = asyncio.create_task(ground.deliver(pool, facts, 9))
        while not rebuilding_now.done():
            async with reader.transaction(isolation="repeatable_read", readonly=True):
                assert await look(reader) == before
            looks += 1
        assert (await rebuilding_now)["differences"] == []
        await again
        assert looks > 1
        assert await look(reader) == before


async def test_facts_between_two_buckets_reach_the_new_generation(pool: Pool) -> None:
    """Step by step: the deliveries fall between named buckets, so each case happens in every run."""
    facts = random_history(5, 240)
    shuffled = random.Random(5).sample(facts, len(facts))
    await ground.deliver(pool, shuffled[:100], 10)
    async with pool.acquire() as connection:
        async with connection.transaction():
            generation = await generations.begin_filling(connection)
        for bucket in range(64):
            async with connection.transaction():
                await fill_bucket(connection, generation, bucket)
            start = 100 + bucket * 3
            await ground.deliver(pool, shuffled[start : start + 3])
        await ground.deliver(pool, shuffled[100 + 64 * 3 :], 5)
        assert (await verify(connection, generation=generation))["differences"] == []
        async with connection.transaction():
            await generations.flip(connection, generation)
    rebuilt = await ground.derived(pool)
    await ground.empty(pool)
    await ground.deliver(pool, facts)
    assert await ground.derived(pool) == rebuilt


async def test_an_interrupted_rebuild_leaves_the_live_figures_and_the_next_one_cleans_up(pool: Pool) -> None:
    await two_children(pool)
    live = await ground.derived(pool)
    async with pool.acquire() as connection:
        generation = await generations.begin_filling(connection)
        async with connection.transaction():
            await fill_bucket(connection, generation, 0)
    assert await ground.derived(pool) == live
    async with pool.acquire() as connection:
        assert (await rebuild(connection))["differences"] == []
    assert await ground.derived(pool) == live
    states = await pool.fetch("SELECT state FROM generation")
    assert [row["state"] for row in states] == ["live"]
    assert await pool.fetchval("SELECT count(DISTINCT generation) FROM child_month") == 1


async def test_a_rebuild_that_disagrees_with_the_facts_is_not_shown(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_children(pool)
    before = await pool.fetchval("SELECT generation FROM generation WHERE state = 'live'")

    async def fill_wrongly(connection: Connection, generation: int, bucket: int) -> int:
        filled = await fill_bucket(connection, generation, bucket)
        await connection.execute(
            "UPDATE cell SET weighed = weighed + 1 WHERE generation = $1 AND weighed > 0", generation
        )
        return filled

    monkeypatch.setattr(rebuilding, "fill_bucket", fill_wrongly)
    async with pool.acquire() as connection:
        assert (await rebuild(connection))["differences"] != []
    assert await pool.fetchval("SELECT generation FROM generation WHERE state = 'live'") == before
    assert await differences(pool) == []


async def test_two_rebuilds_at_once_are_refused(office: Office) -> None:
    other = await connect(office.stack.address("reporting_worker"))
    try:
        await other.execute("SELECT pg_advisory_lock($1)", generations.REBUILD_LOCK)
        async with office.worker.acquire() as connection:
            with pytest.raises(RebuildRunsError):
                await rebuild(connection)
        answer = await office.post("/v1/rebuild")
        assert (answer.status_code, answer.json()["code"]) == (409, "rebuild_runs")
    finally:
        await other.close()


async def test_operators_verify_and_rebuild_over_http(office: Office) -> None:
    await ground.deliver(office.worker, [*register(), *random_history(3, 60)], 20)
    answer = await office.post("/v1/verify")
    assert answer.status_code == 200
    assert answer.json()["checked"] > 0
    assert answer.json()["differences"] == []
    assert (await office.post("/v1/rebuild")).json()["differences"] == []
    refused = await office.post("/v1/rebuild", role="district", areas=("12.19",))
    assert refused.json()["code"] == "scope_missing"


async def test_the_ledger_holds_the_newest_revision_of_each_fact(office: Office) -> None:
    taken = measurement("a", date(2025, 11, 4))
    await ground.deliver(office.worker, [child(), taken, taken.model_copy(update={"revision": 2})])
    answer = await office.get("/v1/ledger", role="ops", areas=())
    assert answer.json()["facts"]["holds"]["measurement"]["2026-01-05"][0] == 1
    assert answer.json()["facts"]["owns"] == {}


async def test_the_api_role_cannot_read_facts_or_write_figures(office: Office) -> None:
    for statement in (
        "UPDATE child_fact SET voided = true",
        "SELECT FROM measurement_fact",
        "SELECT FROM assessment_fact",
        "DELETE FROM cell",
        "DELETE FROM child",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await office.api.execute(statement)
    await ground.deliver(office.worker, random_history(3, 40))
    assert await office.worker.fetchval("SELECT count(*) FROM child_fact")
    assert await office.api.fetchval("SELECT count(*) FROM child_fact") == 0, "facts of children: of one's areas only"
