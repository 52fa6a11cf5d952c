"""(f) Batch POST → visible figure, and (j) row writes per measurement, on the running system.

The floor of the chain is three bare processes, as ours are three services: the first decodes the same request bodies,
writes one row a measurement and sends one message, the second is the floor of (d), the third writes a fact a message
and a child-month a measurement. The same bytes, rows and messages at every step, none of the guarantees.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import random
import statistics
import time
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
import httpx
import orjson

from deploy.local.stack import Stack
from deploy.local.trial import Trial, empty_topics, fresh_database, trial
from services.measurement.store.children import CHILDREN as CHILD_TABLE
from services.measurement.store.tracked_rows import Origin
from shared.calendar import today_jakarta
from shared.contracts.child import ChildV1, MeasurementV1
from shared.contracts.topics import MEASUREMENT, RISK
from shared.outbox.publish import publish
from shared.postgres.pool import open_pool
from tests.bench.floor import TABLE, Sampled, Stage, dsn, run_as_service, run_stage, sample, write
from tests.bench.report import BenchRow
from tests.bench.scoring_consumer import JUDGEMENTS, SCORING
from tests.bench.world import children, visit

CHILDREN: Final = 10_000
BATCH: Final = 1_000
CONCURRENT: Final = 2
ROUNDS: Final = 5
REPORTING: Final = Stage("reporting", {MEASUREMENT.name: 2, RISK.name: 1})
BUDGET: Final = 10  # row writes per measurement (ARCHITECTURE.md, storage)
WRITES: Final = """
SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables
WHERE schemaname IN ('measurement', 'scoring', 'reporting')
"""
VISIBLE: Final = "SELECT coalesce(sum(weighed), 0) FROM reporting.cell WHERE months = 1 AND month = $1"
IDLE: Final = "SELECT (SELECT count(*) FROM measurement.outbox) + (SELECT count(*) FROM scoring.outbox)"


def measure(stack: Stack) -> list[BenchRow]:
    """Five monthly rounds of the same children through the system, then the floor as often; medians."""
    today = today_jakarta()
    made = children(CHILDREN, today)
    bodies = [_bodies(made, today - timedelta(days=31 * (ROUNDS - number)), number) for number in range(ROUNDS)]
    with trial(stack) as system:
        system.start("measurement", "scoring", "reporting")
        ours, writes = asyncio.run(_ours(system, made, bodies, today))
        judgements = asyncio.run(sample(system.stack, RISK.name, JUDGEMENTS))
        measurements = asyncio.run(sample(system.stack, MEASUREMENT.name, frozenset({MeasurementV1.kind})))
    floors = []
    for number in range(ROUNDS):
        asyncio.run(empty_topics(stack))
        with fresh_database(stack) as database:
            floors.append(CHILDREN / _floor(database, bodies[number], judgements, measurements))
    value, floor, rows = statistics.median(ours), statistics.median(floors), statistics.median(writes)
    return [
        BenchRow("f", "Batch POST to visible figure", value, "measurements/s", floor, value / floor),
        BenchRow(
            "j", "Row writes per measurement, whole loop (floor = the budget)", rows, "rows", BUDGET, rows / BUDGET
        ),
    ]


def _bodies(made: Sequence[ChildV1], on: date, seed: int) -> list[bytes]:
    rng = random.Random(seed)
    rows = [visit(child, on, rng) for child in made]
    return [orjson.dumps({"rows": rows[start : start + BATCH]}) for start in range(0, len(rows), BATCH)]


async def _ours(
    system: Trial, made: list[ChildV1], bodies: list[list[bytes]], today: date
) -> tuple[list[float], list[float]]:
    async with open_pool(system.stack.address("measurement_worker")) as pool:
        for start in range(0, len(made), BATCH):
            async with pool.acquire() as connection, connection.transaction():
                await CHILD_TABLE.insert(connection, made[start : start + BATCH], Origin("bench"))
                await publish(connection, made[start : start + BATCH])
    watcher = await asyncpg.connect(**dsn(system.stack))
    headers = {"Authorization": f"Bearer {system.token('puskesmas', ['12.19'])}", "Content-Type": "application/json"}
    rates, writes = [], []
    try:
        await _until(watcher, "SELECT count(*) FROM reporting.child WHERE counted", len(made))
        for number, round_bodies in enumerate(bodies):
            month = (today - timedelta(days=31 * (ROUNDS - number))).replace(day=1)
            expected = CHILDREN + await watcher.fetchval(VISIBLE, month)
            before = await _writes(watcher)
            began = time.perf_counter()
            await _post(system.url("measurement"), headers, round_bodies)
            await _until(watcher, VISIBLE, expected, month)
            rates.append(CHILDREN / (time.perf_counter() - began))
            await _until(watcher, IDLE, 0)
            writes.append((await _writes(watcher) - before) / CHILDREN)
    finally:
        await watcher.close()
    return rates, writes


async def _post(url: str, headers: dict[str, str], bodies: list[bytes]) -> None:
    queue = list(bodies)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False) as client:

        async def send() -> None:
            while queue:
                body = queue.pop(0)
                answer = await client.post(
                    "/v1/measurements:batch", content=body, headers={"Idempotency-Key": str(uuid.uuid4())}
                )
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(answer.text[:500])

        await asyncio.gather(*(send() for _ in range(CONCURRENT)))


async def _writes(connection: asyncpg.Connection[Any]) -> int:
    await asyncio.sleep(1.2)  # statistics of other sessions are flushed once a second at most
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    return int(await connection.fetchval(WRITES))


async def _until(connection: asyncpg.Connection[Any], sql: str, expected: int, *values: Any) -> None:
    deadline = time.monotonic() + 180
    while (seen := await connection.fetchval(sql, *values)) != expected:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{sql}: {seen} instead of {expected}")
        await asyncio.sleep(0.02)


def _floor(database: Stack, bodies: list[bytes], judgements: list[Sampled], measurements: list[Sampled]) -> float:
    """Seconds from the first request body to the last row of the last stage."""
    context = multiprocessing.get_context("spawn")
    stages: list[tuple[Stage, int, list[Sampled]]] = [
        (SCORING, CHILDREN, judgements),
        (REPORTING, 3 * CHILDREN, []),
    ]
    with concurrent.futures.ProcessPoolExecutor(len(stages), mp_context=context) as pool:
        concurrent.futures.wait([pool.submit(_warm) for _ in stages])
        waiting = [pool.submit(_stage, database, *stage) for stage in stages]
        began = time.perf_counter()
        run_as_service(_take_in(database, bodies, measurements))
        for future in waiting:
            future.result()
        return time.perf_counter() - began


def _warm() -> None:
    """Spawned and imported before the clock starts."""


def _stage(database: Stack, stage: Stage, messages: int, sent_on: list[Sampled]) -> float:
    return run_as_service(run_stage(database, stage, messages, sent_on))


async def _take_in(database: Stack, bodies: list[bytes], measurements: list[Sampled]) -> None:
    """Decode each request body, write one row a measurement, send one message."""
    templates = [(orjson.loads(body), headers, body) for headers, body in measurements]
    connection = await asyncpg.connect(**dsn(database))
    await connection.execute(TABLE.format(name="measurement"))
    producer = database.broker("admin").producer()
    await producer.start()
    try:
        for body in bodies:
            rows = orjson.loads(body)["rows"]
            chosen = [templates[number % len(templates)] for number in range(len(rows))]
            new = [
                {**fact, "child_id": row["child_id"], "fact_id": uuid.uuid4()}
                for (fact, _, _), row in zip(chosen, rows, strict=True)
            ]
            await write(connection, ["measurement"], new, [raw for _, _, raw in chosen])
            sent = [
                await producer.send(
                    MEASUREMENT.name, value=orjson.dumps(fact), key=str(fact["child_id"]).encode(), headers=headers
                )
                for fact, (_, headers, _) in zip(new, chosen, strict=True)
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()
        await connection.close()
