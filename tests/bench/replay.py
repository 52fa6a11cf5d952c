"""(replay) All history judged by another rule set, beside the same rows read, decoded and written without judging.

A million measurements of 62,500 children, made and judged inside the database before the clock starts; both run in one
process a core. What is timed is the whole of a replay: opened, every family judged, ready to be switched.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import statistics
import time
from typing import Any, Final
from uuid import UUID

import asyncpg
import numpy as np

from deploy.local.stack import Stack
from deploy.local.trial import fresh_database
from services.scoring.app import MIGRATIONS
from services.scoring.domain.assessment_matrix import code_matrix
from services.scoring.domain.fingerprint import risk_fingerprints
from services.scoring.domain.fold import fold
from services.scoring.domain.fold_columns import uuid_of
from services.scoring.domain.risk_codes import TIER_NAMES
from services.scoring.domain.ruleset import ACTIVE, FOLDER, load
from services.scoring.jobs.replay import CHILDREN_EACH, Share, plan_for_batches, run_drop, run_replay
from services.scoring.store import bulk_evidence, replay_views, replays
from services.scoring.store.judgements import ASSESSMENT_COLUMNS, STATUS_COLUMNS
from services.scoring.store.replays import GenerationRow
from services.scoring.use_cases.switch_rules import begin_replay
from shared.calendar import now_utc
from shared.postgres.migrate import migrate
from shared.postgres.pool import Address, connect
from tests.bench.floor import dsn
from tests.bench.report import BenchRow

CHILDREN: Final = 62_500
VISITS: Final = 16  # of each child, some thirty days apart
REPEATS: Final = 3
SHIPPED: Final = (FOLDER / f"{ACTIVE}.toml").read_bytes()
# Another number in one rule: some verdicts change, most do not, as when a rule is tried.
TRIED: Final = (
    SHIPPED.decode()
    .replace(f'version = "{ACTIVE}"', 'version = "bench"')
    .replace('[tier.haz_low]\ntier = "suspected"', '[tier.haz_low]\ntier = "watch"')
    .encode()
)
MAKE: Final = (
    """
    INSERT INTO child (child_id, fact_id, epoch, revision, known_at, content_hash, root_id, sex, birth_date, voided,
                       desa_code)
    SELECT id, id, 1, 1, '2020-01-01', 0, id, 1 + n % 2, DATE '2021-01-01' + n % 1200, false,
           '12.19.' || lpad((1 + n % 12)::text, 2, '0') || '.' || (2001 + n / 12 % 12)
    FROM (SELECT n, md5('child' || n)::uuid AS id FROM generate_series(1, {children}) AS n) AS made
    """,
    """
    INSERT INTO measurement (child_id, fact_id, epoch, revision, known_at, content_hash, measured_on, recorded_at,
                             channel, is_remeasurement, weight_kg, length_height_cm, position, oedema, voided, place)
    SELECT c.child_id, md5(c.child_id::text || v)::uuid, 1, 1, '2025-01-01', 0, c.birth_date + age, '2025-01-01',
           1, false, round((3.2 + 0.3 * sqrt(age) + own / 2)::numeric, 1),
           round((49 + 1.25 * sqrt(age) + own)::numeric, 1),
           CASE WHEN age < 731 THEN 1 ELSE 2 END, 0, false, coalesce(c.desa_code, '')
    FROM generate_series(1, {visits}) AS v
    CROSS JOIN LATERAL (
        SELECT *, 20 + 31 * v + get_byte(uuid_send(child_id), 3) % 9 AS age,
               (get_byte(uuid_send(child_id), 5) - 150) / 40.0 AS own FROM child
    ) AS c
    """,
)


def measure(stack: Stack) -> list[BenchRow]:
    """Medians of three, ours and the floor in turns on one database."""
    with fresh_database(stack) as database:
        return asyncio.run(_measured(database))


async def _measured(database: Stack) -> list[BenchRow]:
    await migrate(database.address("scoring_owner"), "scoring", MIGRATIONS)
    await _make(database)
    address = database.address("scoring_worker")
    connection = await connect(address)
    measurements = CHILDREN * VISITS
    ours, processor, floors, hashes = [], [], [], set()
    for _ in range(REPEATS):
        began, cpu = time.perf_counter(), _cpu_of_children()
        replay = await run_replay(connection, address, TRIED, "bench")
        ours.append(measurements / (time.perf_counter() - began))
        processor.append(measurements / (_cpu_of_children() - cpu))
        hashes.add((await replay_views.totals(connection, replay.replay_id))["hash"])
        memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        await run_drop(connection)
        floors.append(measurements / await _floor(connection, address))
    await connection.close()
    if len(hashes) != 1:
        raise AssertionError(f"the same facts by the same rules gave {hashes}")
    floor = statistics.median(floors)
    said = f"{measurements:,} measurements, {memory_mb:.0f} MB a process"
    rows = (("replay", f"Replay, wall: {said}", ours), ("replay_cpu", "Replay, per processor second", processor))
    return [
        BenchRow(name, text, value, "measurements/s", floor, value / floor)
        for name, text, value in ((name, text, statistics.median(values)) for name, text, values in rows)
    ]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _make(database: Stack) -> None:
    """Children and visits by the database itself, their judgements by the shipped rules; as the superuser, in bulk."""
    admin = await asyncpg.connect(
        **dsn(database), server_settings={"search_path": "scoring", "synchronous_commit": "off"}
    )
    for statement in MAKE:
        await admin.execute(statement.format(children=CHILDREN, visits=VISITS))
    await admin.execute("ANALYZE child, measurement")
    rules = load()
    for bucket in await bulk_evidence.buckets(admin, CHILDREN_EACH):
        evidence = await bulk_evidence.read_bucket(admin, bucket)
        if evidence is None:
            continue
        folded = fold(evidence.children, evidence.measurements, rules)
        codes, facts = code_matrix(folded.assessments), evidence.measurements.fact_id
        child_of = evidence.measurements.child.tolist()
        now = now_utc()
        await admin.copy_records_to_table(
            "assessment",
            records=(
                (evidence.child_ids[child], fact_id, fact_id, 1, 1, now, 1, 1, ACTIVE, codes[row].tobytes())
                for row, child in enumerate(child_of)
                for fact_id in (uuid_of(facts, row),)
            ),
            columns=[*ASSESSMENT_COLUMNS, "codes"],
        )
        await admin.copy_records_to_table(
            "risk_status",
            records=(
                (
                    root_id,
                    root_id,
                    1,
                    1,
                    now,
                    ACTIVE,
                    TIER_NAMES[tier],
                    priority,
                    None,
                    False,
                    print_,
                    '{"reasons": []}',
                )
                for root_id, tier, priority, print_ in zip(
                    evidence.root_ids,
                    folded.risk.tier.tolist(),
                    folded.risk.priority.tolist(),
                    risk_fingerprints(folded).tolist(),
                    strict=True,
                )
            ),
            columns=[*STATUS_COLUMNS, "fingerprint", "content"],
        )
    await admin.execute("VACUUM ANALYZE assessment")
    await admin.execute("VACUUM ANALYZE risk_status")
    await admin.execute("VACUUM ANALYZE measurement")
    await admin.close()


async def _floor(connection: Any, address: Address) -> float:
    """Seconds for the same rows read, decoded and written, by as many processes."""
    began = time.perf_counter()
    async with connection.transaction():
        replay = await begin_replay(connection, TRIED, "bench", now_utc())
    found = await bulk_evidence.buckets(connection, CHILDREN_EACH)
    workers = multiprocessing.cpu_count()
    _in_processes(
        [Share(replay.replay_id, TRIED, SHIPPED, tuple(found[number::workers])) for number in range(workers)], address
    )
    seconds = time.perf_counter() - began
    await run_drop(connection)
    return seconds


def _in_processes(shares: list[Share], address: Address) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=copy_share, args=(address, share)) for share in shares]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise ChildProcessError("a process of the floor failed")


def copy_share(address: Address, share: Share) -> None:
    """Read and decode every bucket, write a row a family."""
    asyncio.run(_copied(address, share))


async def _copied(address: Address, share: Share) -> None:
    connection = await connect(address)
    await plan_for_batches(connection)
    for bucket in share.buckets:
        async with connection.transaction(isolation="repeatable_read"):
            evidence = await bulk_evidence.read_bucket(connection, bucket)
            if evidence is not None:
                visits = np.bincount(evidence.measurements.child, minlength=len(evidence.root_ids)).tolist()
                rows = [
                    _row(share.replay_id, root_id, number, tier)
                    for root_id, number, tier in zip(evidence.root_ids, visits, evidence.tier, strict=True)
                ]
                await replays.write_generation(connection, rows)
    await connection.close()


def _row(replay_id: UUID, root_id: UUID, visits: int, tier: str | None) -> GenerationRow:
    return GenerationRow(
        replay_id,
        root_id,
        visits,
        visits,
        0,
        False,
        tier,
        tier,
        False,
        False,
        None,
        None,
        (),
        (),
    )
