"""Dead letters are tried again from their original bytes or discarded by name, and a record can be stepped over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from shared.contracts.child import MeasurementV1
from shared.messaging.redrive import Choice, NotHereError, discard, letters, redrive, skip, stands_before
from shared.postgres.pool import Pool, connect
from tests.integration.shared import bus_service as bus

POISON_KG = 13.0  # the table refuses this weight, the contract does not
CHECK = "ALTER TABLE note ADD CONSTRAINT note_weight_kg_check CHECK (weight_kg <> 13)"
UNCHECK = "ALTER TABLE note DROP CONSTRAINT note_weight_kg_check"
BALANCE = "SELECT bool_and(next_offset - first_offset = applied + not_newer + dead + gaps) FROM consumer_position"
OPERATOR = "operator-1"


@pytest.fixture(scope="module")
async def ground(database: Stack, topics: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:  # noqa: ARG001
    await bus.prepare(database, Path(tmp_path_factory.mktemp("migrations")))
    return database


@pytest.fixture
async def pool(ground: Stack) -> AsyncIterator[Pool]:
    async with bus.worker_pool(ground) as pool:
        await pool.execute("DELETE FROM note; DELETE FROM dead_letter")
        yield pool


@pytest.fixture
async def letter(ground: Stack, pool: Pool) -> MeasurementV1:
    """A measurement that ended as a dead letter between two good ones."""
    poisoned = bus.measurement(POISON_KG)
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.publish(ground, [bus.measurement(), poisoned, bus.measurement()])
        await bus.until(pool, "SELECT count(*) FROM note", 2)
        await bus.until(pool, "SELECT count(*) FROM dead_letter", 1)
    return poisoned


@asynccontextmanager
async def repaired(ground: Stack) -> AsyncIterator[None]:
    """The cause of the letters is gone for as long as the block runs."""
    owner = await connect(ground.address("scoring_owner"))
    try:
        await owner.execute(UNCHECK)
        yield
        await owner.execute(f"DELETE FROM note WHERE weight_kg = 13; {CHECK}")
    finally:
        await owner.close()


async def test_a_letter_is_applied_once_its_cause_is_repaired(ground: Stack, pool: Pool, letter: MeasurementV1) -> None:
    handler = bus.Notebook()
    assert [tried.outcome for tried in await redrive(pool, handler, Choice(), by=OPERATOR)] == ["sqlstate_23514"]
    async with repaired(ground):
        assert [tried.outcome for tried in await redrive(pool, handler, Choice(), by=OPERATOR)] == ["redriven"]
        assert await pool.fetchval("SELECT weight_kg FROM note WHERE fact_id = $1", letter.fact_id) == POISON_KG
        assert await redrive(pool, handler, Choice(), by=OPERATOR) == []
    row = await pool.fetchrow("SELECT state, settled_by FROM dead_letter")
    assert row is not None
    assert dict(row) == {"state": "redriven", "settled_by": OPERATOR}


async def test_a_letter_older_than_what_is_stored_is_redriven_without_effect(
    ground: Stack, pool: Pool, letter: MeasurementV1
) -> None:
    """Re-drive is not a way round the revision: the newer stays."""
    newer = letter.model_copy(update={"revision": 2, "weight_kg": 9.1})
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.publish(ground, [newer])
        await bus.until(pool, "SELECT count(*) FROM note", 3)
    async with repaired(ground):
        assert [tried.outcome for tried in await redrive(pool, bus.Notebook(), Choice(), by=OPERATOR)] == ["redriven"]
        assert await pool.fetchval("SELECT weight_kg FROM note WHERE fact_id = $1", letter.fact_id) == 9.1


@pytest.mark.usefixtures("letter")
async def test_only_the_letters_chosen_are_touched(pool: Pool) -> None:
    assert await discard(pool, Choice(reason="another_reason"), by=OPERATOR) == 0
    assert await discard(pool, Choice(topic=bus.TOPIC, reason="sqlstate_23514"), by=OPERATOR) == 1
    assert await letters(pool, Choice()) == []
    assert [row["state"] for row in await letters(pool, Choice(), state=None)] == ["discarded"]
    assert await redrive(pool, bus.Notebook(), Choice(), by=OPERATOR) == []


async def test_a_record_that_the_consumer_falls_on_is_stepped_over_and_kept(ground: Stack, pool: Pool) -> None:
    """Three crashes at one offset: the operator steps over it, the rest goes on, the bytes are kept."""
    stopper, follower = bus.measurement(), bus.measurement()
    falls = bus.Notebook(fail=[ValueError("a bug")] * 3)
    await bus.publish(ground, [stopper])
    for crashes in (1, 2, 3):
        with pytest.raises(ValueError, match="a bug"):
            async with bus.consuming(ground, pool, falls):
                await bus.until(pool, "SELECT max(crashes) FROM consumer_position", crashes)
    place = await pool.fetchrow(
        "SELECT topic, partition, next_offset, crashes FROM consumer_position WHERE crashes > 0"
    )
    assert place is not None
    assert place["crashes"] == 3

    record = _Record(place["topic"], place["partition"], place["next_offset"], stopper.key.encode(), stopper.body())
    await skip(pool, record, by=OPERATOR)
    with pytest.raises(NotHereError):
        await skip(pool, record, by=OPERATOR)
    async with pool.acquire() as connection:
        assert await stands_before(connection, record.topic, record.partition) == record.offset + 1
    assert [row["reason"] for row in await letters(pool, Choice())] == ["skipped_by_operator"]
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.publish(ground, [follower])
        await bus.until(pool, "SELECT count(*) FROM note", 1)
    assert await pool.fetchval(BALANCE)
    assert [tried.outcome for tried in await redrive(pool, bus.Notebook(), Choice(), by=OPERATOR)] == ["redriven"]


@dataclass
class _Record:
    """A Kafka record as the door fetches it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = (("ce_type", b"tumbuh.measurement"),)
