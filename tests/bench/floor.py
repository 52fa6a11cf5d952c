"""The floor of a stage: the same bytes decoded, the same rows written, the same messages sent, without our code.

A stage reads a topic, decodes each body with orjson, writes so many rows a message with `unnest` in batches, and sends
so many messages a message. Rows and messages are those of the real run (bodies taken from it), so a floor never
writes more than we do. It keeps no promise: no lock, no merge, no position, no outbox.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import asyncpg
import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.stack import Stack
from shared.contracts.codec import kind_of
from shared.http.serve import quiet_collector

BATCH = 1_000
PATIENCE_SECONDS = 120.0
ResultT = TypeVar("ResultT")
TABLE = """
CREATE TABLE IF NOT EXISTS floor_{name} (
    child_id uuid NOT NULL, fact_id uuid NOT NULL, epoch integer NOT NULL, revision integer NOT NULL,
    known_at timestamptz NOT NULL, content_hash bigint NOT NULL, content text NOT NULL,
    PRIMARY KEY (child_id, fact_id))
"""
INSERT = """
INSERT INTO floor_{name} SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[],
$6::bigint[], $7::text[]) ON CONFLICT (child_id, fact_id) DO UPDATE SET content = EXCLUDED.content
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one service does: table rows per message by the topic it reads, `sends` messages of `out` (None = none)."""

    name: str
    rows: Mapping[str, int]
    sends: int = 0
    out: str | None = None


class Sampled(NamedTuple):
    """A message of a real run without its key: a floor sends the same headers and the same body."""

    headers: list[tuple[str, bytes]]
    body: bytes


def run_as_service(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run `work` on the loop and with the collector's settings of a service process: ours and the floor alike."""
    quiet_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def run_stage(stack: Stack, stage: Stage, messages: int, sent_on: Sequence[Sampled]) -> float:
    """Work until `messages` were read; returns the wall seconds from the first message to the last row and send."""
    broker = stack.broker("admin")
    connection = await asyncpg.connect(**dsn(stack))
    tables = {
        topic: [f"{stage.name}_{place}_{number}" for number in range(rows)]
        for place, (topic, rows) in enumerate(stage.rows.items())
    }
    for table in (name for names in tables.values() for name in names):
        await connection.execute(TABLE.format(name=table))
    consumer: AIOKafkaConsumer = broker.consumer(f"floor-{uuid.uuid4().hex}")
    producer: AIOKafkaProducer = broker.producer()
    await consumer.start()
    await producer.start()
    partitions = [TopicPartition(topic, number) for topic in stage.rows for number in range(12)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    began, read, sent = 0.0, 0, 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while read < messages:
            fetched = await consumer.getmany(timeout_ms=200, max_records=BATCH)
            records = [record for group in fetched.values() for record in group]
            _in_time(deadline)
            if not records:
                continue
            began = began or time.perf_counter()
            for topic, names in tables.items():
                mine = [record.value for record in records if record.topic == topic]
                await write(connection, names, [orjson.loads(value) for value in mine], mine)
            if stage.out is not None:
                pending = []
                for record in records:
                    for _ in range(stage.sends):
                        headers, body = sent_on[sent % len(sent_on)]
                        send = producer.send(stage.out, value=body, key=record.key, headers=headers)
                        pending.append(await send)
                        sent += 1
                await asyncio.gather(*pending)
            read += len(records)
        return time.perf_counter() - began
    finally:
        await consumer.stop()
        await producer.stop()
        await connection.close()


def _in_time(deadline: float) -> None:
    """A floor whose messages do not come must fail, not wait for ever."""
    if time.monotonic() > deadline:
        raise TimeoutError("the messages of this stage did not come")


async def sample(stack: Stack, topic: str, kinds: frozenset[str], count: int = 500) -> list[Sampled]:
    """Some messages of a topic, of these kinds, for a floor to send. TimeoutError if there are not so many."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    consumer: AIOKafkaConsumer = stack.broker("admin").consumer(f"floor-{uuid.uuid4().hex}")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(12)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Sampled] = []
        while len(found) < count:
            _in_time(deadline)
            fetched = await consumer.getmany(timeout_ms=1000)
            records = [record for group in fetched.values() for record in group]
            found += [
                Sampled(list(record.headers), record.value) for record in records if kind_of(record.headers) in kinds
            ]
        return found[:count]
    finally:
        await consumer.stop()


async def write(
    connection: asyncpg.Connection[Any], tables: Sequence[str], facts: Sequence[dict[str, Any]], raw: Sequence[bytes]
) -> None:
    """The same rows into each of `tables`, in one transaction."""
    if not facts:
        return
    arrays = [
        [fact["child_id"] for fact in facts],
        [uuid.uuid4() for _ in facts],  # the bodies sent are a sample, so their own ids come again and again
        [fact["epoch"] for fact in facts],
        [fact["revision"] for fact in facts],
    ]
    now = await connection.fetchval("SELECT now()")
    async with connection.transaction():
        for table in tables:
            await connection.execute(
                INSERT.format(name=table),
                *arrays,
                [now] * len(facts),
                [1] * len(facts),
                [body.decode() for body in raw],
            )


def dsn(stack: Stack) -> dict[str, Any]:
    """How the superuser connects to the database of `stack`."""
    address = stack.address("postgres")
    return {
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "user": address.user,
        "password": address.password,
    }
