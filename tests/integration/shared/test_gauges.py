"""What an alert rests on, read from a real database: it appears with the trouble and goes with it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from shared import metrics
from shared.ledger.gauges import refresh_bus_gauges
from shared.messaging.worker import Worker
from shared.postgres.pool import Pool
from tests.integration.shared import bus_service as bus

POSITION = """
INSERT INTO consumer_position (topic, partition, first_offset, next_offset, applied, dead, crashes)
VALUES ('tumbuh.measurement.v1', 99, 0, 10, $1, $2, $3)
"""
LETTER = """
INSERT INTO dead_letter (topic, partition, record_offset, headers, reason, detail)
VALUES ('tumbuh.measurement.v1', 99, $1, '[]', 'test', 'test')
"""


@pytest.fixture(scope="module")
async def ground(database: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    await bus.prepare(database, Path(tmp_path_factory.mktemp("migrations")))
    return database


@pytest.fixture
async def pool(ground: Stack) -> AsyncIterator[Pool]:
    async with bus.worker_pool(ground) as pool:
        await pool.execute("DELETE FROM consumer_position WHERE partition = 99")
        await pool.execute("DELETE FROM dead_letter WHERE partition = 99")
        yield pool


def sample(name: str, **labels: str) -> float:
    value = metrics.REGISTRY.get_sample_value(name, labels)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("applied", "dead", "letters", "difference"),
    [(10, 0, 0, 0), (9, 1, 1, 0), (9, 0, 0, 1), (9, 1, 0, 1), (8, 1, 2, 2)],
)
async def test_a_record_that_is_counted_nowhere_is_an_imbalance(
    pool: Pool, applied: int, dead: int, letters: int, difference: int
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(POSITION, applied, dead, 0)
        await connection.executemany(LETTER, [(offset,) for offset in range(letters)])
        await refresh_bus_gauges(connection)
    assert sample("tumbuh_ledger_imbalance", kind="bus") == difference


async def test_a_consumer_that_keeps_falling_at_one_offset_is_told(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute(POSITION, 10, 0, 3)
        await refresh_bus_gauges(connection)
    assert sample("tumbuh_consumer_crashes_at_offset", topic="tumbuh.measurement.v1", partition="99") == 3


async def test_the_last_dead_letter_that_is_settled_ends_the_alarm(ground: Stack, pool: Pool) -> None:
    worker = Worker("scoring", pool, ground.address("scoring_worker"), ground.broker("scoring"), bus.Notebook())
    async with pool.acquire() as connection:
        await connection.execute(LETTER, 1)
        await worker._look_for_trouble(connection)
        assert sample("tumbuh_dead_letters_open", topic="tumbuh.measurement.v1") == 1
        await connection.execute("UPDATE dead_letter SET state = 'discarded' WHERE partition = 99")
        await worker._look_for_trouble(connection)
    assert sample("tumbuh_dead_letters_open", topic="tumbuh.measurement.v1") == 0


async def test_a_worker_told_to_stop_waits_for_no_answer_of_a_broker(
    ground: Stack, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that is closing never learns where its partitions end: every other stop took twenty seconds."""
    worker = Worker("scoring", pool, ground.address("scoring_worker"), ground.broker("scoring"), bus.Notebook())
    stop, asked = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(worker.consumer, "note_ends", never)
    watching = asyncio.ensure_future(worker.tasks()["watch"](stop))
    await asyncio.wait_for(asked.wait(), 10)
    stop.set()
    await asyncio.wait_for(watching, 5)
