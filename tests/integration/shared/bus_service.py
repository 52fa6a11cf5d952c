"""A smallest service for tests of the bus: it keeps measurements, and each one it learns it could publish again."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from deploy.local.stack import Stack
from shared.contracts.child import MeasurementV1
from shared.contracts.codec import encode
from shared.contracts.fact import Fact
from shared.messaging.batch import Effect
from shared.messaging.consumer import BatchConsumer
from shared.outbox.append import append
from shared.postgres.merge import FactTable, merge_facts, plain
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, Pool, open_pool

NOTES: FactTable[MeasurementV1] = FactTable("note", (plain("child_id", "uuid"), plain("weight_kg", "double precision")))
NOTE_SQL = """
CREATE TABLE note (
    child_id uuid NOT NULL, fact_id uuid NOT NULL, epoch integer NOT NULL, revision integer NOT NULL,
    known_at timestamptz NOT NULL, content_hash bigint NOT NULL,
    weight_kg double precision CHECK (weight_kg <> 13),  -- a rule that the contract does not know
    PRIMARY KEY (child_id, fact_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO scoring_worker;
"""
TOPIC = "tumbuh.measurement.v1"


@dataclass
class Notebook:
    """The handler; `fail` is raised as many times as it holds errors."""

    fail: list[BaseException] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    kinds = frozenset({"measurement"})

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        self.batches.append(len(facts))
        if self.fail:
            raise self.fail.pop(0)
        notes = [fact for fact in facts if isinstance(fact, MeasurementV1)]
        return Effect(await merge_facts(connection, NOTES, notes))


@dataclass
class Record:
    """A record as the broker would hand it out."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = 0

    @classmethod
    def of(cls, fact: Fact, offset: int) -> Record:
        message = encode(fact)
        headers = [(name, value.encode()) for name, value in message.headers]
        return cls(message.topic, 0, offset, message.key.encode(), message.body, headers)


def measurement(weight_kg: float = 8.0, revision: int = 1, fact_id: uuid.UUID | None = None) -> MeasurementV1:
    """A measurement; the same fact_id has the same child."""
    fact_id = fact_id or uuid.uuid4()
    instant = datetime(2026, 4, 1, tzinfo=UTC)
    return MeasurementV1(
        fact_id=fact_id,
        child_id=uuid.uuid5(fact_id, "child"),
        epoch=1,
        revision=revision,
        change="recorded",
        known_at=instant,
        measured_on=date(2026, 4, 1),
        recorded_at=instant,
        channel="api",
        source="test",
        weight_kg=weight_kg,
    )


async def prepare(database: Stack, folder: Path) -> None:
    """Migrate schema `scoring` with the table of notes, and `measurement` with nothing of its own."""
    (folder / "0001_note.sql").write_text(NOTE_SQL)
    await migrate(database.address("scoring_owner"), "scoring", folder)
    (folder / "none").mkdir()
    await migrate(database.address("measurement_owner"), "measurement", folder / "none")


async def publish(database: Stack, facts: Sequence[Fact]) -> None:
    """Send facts straight to Kafka as the measurement account."""
    await send_raw(
        database, [(message.topic, message.key, message.headers, message.body) for message in map(encode, facts)]
    )


async def send_raw(database: Stack, records: Sequence[tuple[str, str, Any, bytes | None]]) -> None:
    """Send any bytes."""
    producer = database.broker("measurement").producer()
    await producer.start()
    try:
        for topic, key, headers, body in records:
            pairs = [(name, value.encode()) for name, value in headers]
            await producer.send_and_wait(topic, value=body, key=key.encode(), headers=pairs)
    finally:
        await producer.stop()


@asynccontextmanager
async def consuming(database: Stack, pool: Pool, handler: Notebook) -> AsyncIterator[BatchConsumer]:
    """A running consumer; its error, if it fell, is raised at the end."""
    stop = asyncio.Event()
    consumer = BatchConsumer(
        database.broker("scoring"),
        "tumbuh-scoring",
        [TOPIC],
        pool,
        handler,
        on_commit=lambda: None,
        observe=lambda *_seen: None,
    )
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


@asynccontextmanager
async def worker_pool(database: Stack, service: str = "scoring") -> AsyncIterator[Pool]:
    """The worker role's pool."""
    async with open_pool(database.address(f"{service}_worker")) as pool:
        yield pool


async def until(
    pool: Pool, sql: str, expected: Any, *, seconds: float = 30.0, watch: asyncio.Task[Any] | None = None
) -> None:
    """Wait until `sql` gives `expected`; AssertionError with what it gave instead."""
    deadline = asyncio.get_running_loop().time() + seconds
    value = None
    while asyncio.get_running_loop().time() < deadline:
        value = await pool.fetchval(sql)
        if value == expected:
            return
        if watch is not None and watch.done():
            break
        await asyncio.sleep(0.05)
    raise AssertionError(f"{sql}: {value!r} instead of {expected!r}")


async def store_outbox(pool: Pool, facts: Sequence[Fact]) -> None:
    """Append in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, [encode(fact) for fact in facts])
