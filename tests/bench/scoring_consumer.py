"""(d) The scoring consumer: Kafka → judged and persisted → published, beside a bare read-decode-write-send loop.

Both run in this process on one core, against the same broker and database; the floor writes three rows a measurement
(evidence, assessment, status) and sends two messages (assessment, status), as ours does at least.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from deploy.local.stack import Stack
from deploy.local.trial import empty_topics, fresh_database
from services.scoring.app import MIGRATIONS, handler
from shared.calendar import today_jakarta
from shared.contracts.child import MeasurementV1
from shared.contracts.codec import encode
from shared.contracts.fact import Fact
from shared.contracts.risk import AssessmentV1, RiskStatusV1
from shared.contracts.topics import MEASUREMENT, RISK
from shared.messaging.batch import Effect
from shared.messaging.consumer import BatchConsumer
from shared.outbox.relay import Relay
from shared.postgres.migrate import migrate
from shared.postgres.pool import Connection, Pool, open_pool
from tests.bench.floor import Sampled, Stage, run_as_service, run_stage, sample
from tests.bench.report import BenchRow
from tests.bench.world import KNOWN_AT, children, visit

CHILDREN: Final = 8_000
JUDGEMENTS: Final = frozenset({AssessmentV1.kind, RiskStatusV1.kind})
SCORING: Final = Stage("scoring", {MEASUREMENT.name: 3}, 2, RISK.name)
REPEATS: Final = 5


def measure(stack: Stack) -> list[BenchRow]:
    """Medians of five, ours and the floor in turns, each on empty topics and an empty database."""
    ours, cpu, floors = [], [], []
    for number in range(REPEATS):
        asyncio.run(empty_topics(stack))
        with fresh_database(stack) as database:
            seconds, cpu_seconds, judgements, timed = run_as_service(_ours(database, number))
        ours.append(CHILDREN / seconds)
        cpu.append(CHILDREN / cpu_seconds)
        asyncio.run(empty_topics(stack))
        with fresh_database(stack) as database:
            floors.append(CHILDREN / run_as_service(_floor(database, timed, judgements)))
    floor = statistics.median(floors)
    rows = (("d", "wall", statistics.median(ours)), ("d_cpu", "processor", statistics.median(cpu)))
    return [
        BenchRow(
            name,
            f"Scoring consumer, Kafka to published, per {kind} second",
            value,
            "measurements/s",
            floor,
            value / floor,
        )
        for name, kind, value in rows
    ]


def _facts(seed: int) -> tuple[list[Fact], list[Fact]]:
    today = today_jakarta()
    rng = random.Random(seed)
    made = children(CHILDREN, today)
    first = [_measured(visit(child, today - timedelta(days=40), rng)) for child in made]
    second = [_measured(visit(child, today - timedelta(days=9), rng)) for child in made]
    return [*made, *first], [*second]


def _measured(row: dict[str, Any]) -> MeasurementV1:
    fixed = {"epoch": 1, "revision": 1, "change": "recorded", "known_at": KNOWN_AT, "recorded_at": KNOWN_AT}
    row = {**row, "child_id": uuid.UUID(row["child_id"]), "measured_on": date.fromisoformat(row["measured_on"])}
    return MeasurementV1.model_validate({**row, **fixed, "fact_id": uuid.uuid4(), "channel": "api", "source": "bench"})


async def _send(stack: Stack, facts: list[Fact]) -> None:
    producer = stack.broker("measurement").producer()
    await producer.start()
    try:
        sent = []
        for message in map(encode, facts):
            headers = [(name, value.encode()) for name, value in message.headers]
            sent.append(
                await producer.send(message.topic, value=message.body, key=message.key.encode(), headers=headers)
            )
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


class Clocked:
    """The service's handler; its clock starts with the first batch, as the floor's with its first fetch."""

    def __init__(self) -> None:
        self._handler = handler()
        self.kinds = self._handler.kinds
        self.began: tuple[float, float] | None = None  # wall and processor seconds

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Apply, as the service does."""
        self.began = self.began or (time.perf_counter(), time.process_time())
        return await self._handler.apply(connection, facts)


async def _ours(database: Stack, seed: int) -> tuple[float, float, list[Sampled], list[Fact]]:
    """Wall and processor seconds for the second visit of every child, what was published, and the visits.

    Each part is sent before its consumer starts: producing is not our work.
    """
    before, timed = _facts(seed)
    await migrate(database.address("scoring_owner"), "scoring", MIGRATIONS)
    address = database.address("scoring_worker")
    async with open_pool(address) as pool:
        await _send(database, before)
        await _consumed(database, pool, Clocked(), len(before))
        await _send(database, timed)
        seconds, cpu = await _consumed(database, pool, Clocked(), len(before) + len(timed))
    return seconds, cpu, await sample(database, RISK.name, JUDGEMENTS), timed


async def _consumed(database: Stack, pool: Pool, clocked: Clocked, records: int) -> tuple[float, float]:
    """Wall and processor seconds until so many records in all are accounted for and the outbox is empty."""
    stop = asyncio.Event()
    relay = Relay(
        "scoring",
        database.address("scoring_worker"),
        database.broker("scoring"),
        published=lambda _topic, _count: None,
    )
    consumer = BatchConsumer(
        database.broker("scoring"),
        f"tumbuh-scoring-{uuid.uuid4().hex[:8]}",
        [MEASUREMENT.name],
        pool,
        clocked,
        on_commit=relay.wake,
        observe=lambda *_seen: None,
    )
    tasks = [asyncio.create_task(consumer.run(stop)), asyncio.create_task(relay.run(stop))]
    await _settled(pool, records, tasks)
    wall, cpu = time.perf_counter(), time.process_time()
    stop.set()
    await asyncio.gather(*tasks)
    if clocked.began is None:
        raise RuntimeError("the consumer had nothing to do")
    return wall - clocked.began[0], cpu - clocked.began[1]


async def _settled(pool: Pool, records: int, tasks: list[asyncio.Task[None]]) -> None:
    """Wait until so many records are accounted for and the outbox is empty."""
    while True:
        done = await pool.fetchval("SELECT coalesce(sum(next_offset - first_offset), 0) FROM consumer_position")
        if done >= records and await pool.fetchval("SELECT count(*) FROM outbox") == 0:
            return
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)


async def _floor(database: Stack, timed: list[Fact], judgements: list[Sampled]) -> float:
    """So many messages read and decoded, three rows written and two messages sent for each."""
    await _send(database, timed)
    return await run_stage(database, SCORING, len(timed), judgements)
