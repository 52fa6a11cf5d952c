"""Jobs on real PostgreSQL: exact after kill -9, fenced after a stall, and visible only to those who may see them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.stack import Stack
from shared import metrics
from shared.auth.areas import AreaGrant, apply
from shared.jobs import table
from shared.jobs.lease import MAX_ATTEMPTS, Lease, LeaseLostError, RunningJob, claim
from shared.jobs.runner import Done, Handler, JobFailedError, JobRunner, Waiting
from shared.jobs.table import Job, NoTransactionError
from shared.postgres.pool import Pool, open_pool
from tests.integration.shared import small_service
from tests.integration.shared.jobs.job_worker import KIND, copying
from tests.integration.shared.small_service import appeared

NUMBERS = "SELECT array_agg(value::int ORDER BY note_id) FROM note"
PATIENCE = 60  # seconds; a bound for a busy machine, not a wait


@pytest.fixture(scope="module")
async def ground(database: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    await small_service.prepare(database, Path(tmp_path_factory.mktemp("migrations")))
    return database


@pytest.fixture
async def pool(ground: Stack) -> AsyncIterator[Pool]:
    async with open_pool(ground.address("lab_worker")) as pool:
        await pool.execute("DELETE FROM note")
        await pool.execute("DELETE FROM job")
        yield pool


async def ask(pool: Pool, kind: str = KIND, **payload: Any) -> UUID:
    async with pool.acquire() as connection, connection.transaction():
        return await table.enqueue(connection, kind, payload, requested_by="test")


async def look(pool: Pool, job_id: UUID) -> Job:
    async with pool.acquire() as connection:
        job = await table.find(connection, job_id)
    assert job is not None
    return job


@asynccontextmanager
async def running(pool: Pool, handlers: dict[str, Handler], **options: Any) -> AsyncIterator[JobRunner]:
    stop = asyncio.Event()
    runner = JobRunner(pool, handlers, **options)
    task = asyncio.create_task(runner.run(stop))
    try:
        yield runner
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def until(pool: Pool, job_id: UUID, holds: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(PATIENCE):
        while not holds(job := await look(pool, job_id)):  # noqa: ASYNC110 - the table tells, no event does
            await asyncio.sleep(0.02)
    return job


def queued_again(attempt: int) -> Callable[[Job], bool]:
    return lambda job: job.state == "queued" and job.attempts == attempt


async def ended(pool: Pool, job_id: UUID) -> Job:
    return await until(pool, job_id, lambda job: job.state in {"done", "failed", "waiting"})


async def claimed(pool: Pool, seconds: float = 30) -> RunningJob:
    job = await claim(Lease(pool, seconds, asyncio.Event()), [KIND])
    assert job is not None
    return job


async def expire(pool: Pool, job_id: UUID) -> None:
    await pool.execute("UPDATE job SET lease_until = now() - interval '1 second' WHERE job_id = $1", job_id)


async def test_a_job_runs_in_chunks_and_tells_its_progress(pool: Pool) -> None:
    job_id = await ask(pool, rows=35)
    async with running(pool, {KIND: copying()}):
        job = await ended(pool, job_id)
    assert (job.state, job.done, job.rows, job.cursor, job.result) == ("done", 35, 35, {"next": 35}, {"copied": 35})
    assert await pool.fetchval(NUMBERS) == list(range(35))


async def test_after_kill_9_in_the_middle_of_a_chunk_the_result_is_exact(
    pool: Pool, ground: Stack, tmp_path: Path
) -> None:
    job_id = await ask(pool, rows=95)
    hung = tmp_path / "hung"
    address = json.dumps(asdict(ground.address("lab_worker")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.shared.jobs.job_worker", address, "1", "4", str(hung)
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await appeared(hung)
    finally:
        process.kill()
        await process.wait()
    halfway = await look(pool, job_id)
    assert (halfway.state, halfway.done) == ("running", 40)
    async with running(pool, {KIND: copying()}):
        job = await ended(pool, job_id)
    assert (job.state, job.done, job.lease_token) == ("done", 95, 2)
    assert await pool.fetchval(NUMBERS) == list(range(95))


async def test_a_stalled_worker_cannot_commit_after_losing_its_lease(pool: Pool) -> None:
    job_id = await ask(pool, rows=20)
    stalled = await claimed(pool)
    with pytest.raises(LeaseLostError):  # noqa: PT012 - it is the commit at the end of the block that must fail
        async with stalled.chunk() as chunk:
            await chunk.connection.execute("INSERT INTO note (value, desa_code) VALUES (-1, 'D')")
            chunk.advance({"next": 10}, done=10)
            await expire(pool, job_id)
            async with running(pool, {KIND: copying()}):
                assert (await ended(pool, job_id)).state == "done"
    assert await pool.fetchval(NUMBERS) == list(range(20)), "what the stalled worker wrote is gone"
    with pytest.raises(LeaseLostError):
        async with stalled.chunk():
            pytest.fail("a lost lease opens no further chunk")
    assert not await stalled.let_go("failed")
    assert (await look(pool, job_id)).state == "done"
    assert f'tumbuh_job_leases_lost_total{{kind="{KIND}",service="lab"}} 0.0' not in metrics.render("lab").decode()


async def test_a_lease_is_kept_by_its_heartbeat_and_taken_over_in_silence(pool: Pool) -> None:
    job_id = await ask(pool, rows=1)
    first = await claimed(pool, seconds=5)
    await expire(pool, job_id)
    await first.beat()
    assert await claim(Lease(pool, 5, asyncio.Event()), [KIND]) is None
    await expire(pool, job_id)
    second = await claimed(pool, seconds=5)
    await first.beat()
    with pytest.raises(LeaseLostError):
        async with first.chunk():
            pass
    async with second.chunk() as chunk:
        chunk.advance({"next": 1}, done=1)


async def test_many_workers_never_share_a_job(pool: Pool) -> None:
    ids = {await ask(pool, rows=1) for _ in range(20)}
    claims = await asyncio.gather(*(claim(Lease(pool, 30, asyncio.Event()), [KIND]) for _ in range(30)))
    taken = [job.job_id for job in claims if job is not None]
    assert len(taken) == len(set(taken)) == 20
    assert set(taken) == ids


async def test_a_job_that_waits_for_a_person_goes_on_when_told(pool: Pool) -> None:
    async def diagnose_then_commit(job: RunningJob) -> Done | Waiting:
        return Done() if job.payload.get("committed") else Waiting({"rows": 7})

    job_id = await ask(pool)
    async with running(pool, {KIND: diagnose_then_commit}) as runner:
        job = await ended(pool, job_id)
        assert (job.state, job.result) == ("waiting", {"rows": 7})
        async with pool.acquire() as connection:
            assert await table.go_on(connection, job_id, {"committed": True})
            assert not await table.go_on(connection, job_id), "it is queued already"
        runner.wake()
        job = await until(pool, job_id, lambda job: job.state == "done")
    assert job.result == {"rows": 7}


async def test_a_job_that_cannot_succeed_fails_with_its_code(pool: Pool) -> None:
    async def refuse(_job: RunningJob) -> Done:
        raise JobFailedError("not_a_workbook")

    job_id = await ask(pool)
    async with running(pool, {KIND: refuse}):
        job = await ended(pool, job_id)
    assert (job.state, job.error_code) == ("failed", "not_a_workbook")


async def test_a_crashing_job_is_tried_again_later_and_given_up_in_the_end(pool: Pool) -> None:
    runs = 0

    async def crash(_job: RunningJob) -> Done:
        nonlocal runs
        runs += 1
        raise RuntimeError("Siti Aminah")

    job_id = await ask(pool)
    async with running(pool, {KIND: crash}) as runner:
        for attempt in range(1, MAX_ATTEMPTS):
            job = await until(pool, job_id, queued_again(attempt))
            assert job.error_code == "internal_error"
            assert await pool.fetchval("SELECT run_after > now() FROM job WHERE job_id = $1", job_id), "no backoff"
            await pool.execute("UPDATE job SET run_after = now() WHERE job_id = $1", job_id)
            runner.wake()
        job = await ended(pool, job_id)
    assert (job.state, job.error_code, runs) == ("failed", "internal_error", MAX_ATTEMPTS)


async def test_a_job_that_kills_its_worker_each_time_is_given_up(pool: Pool) -> None:
    job_id = await ask(pool, rows=1)
    for _ in range(MAX_ATTEMPTS):
        await claimed(pool)
        await expire(pool, job_id)
    async with running(pool, {KIND: copying()}):
        job = await ended(pool, job_id)
    assert (job.state, job.error_code) == ("failed", "attempts_exhausted")
    assert await pool.fetchval(NUMBERS) is None


async def test_progress_forgives_earlier_attempts(pool: Pool) -> None:
    job_id = await ask(pool, rows=20)
    for low in (0, 10):
        for _ in range(MAX_ATTEMPTS - 1):
            await claimed(pool)
            await expire(pool, job_id)
        job = await claimed(pool)
        async with job.chunk() as chunk:
            chunk.advance({"next": low + 10}, done=low + 10)
        assert (await look(pool, job_id)).attempts == 0
        await expire(pool, job_id)


async def test_a_failure_that_lies_elsewhere_does_not_count_against_the_job(pool: Pool) -> None:
    async def deadlocked(_job: RunningJob) -> Done:
        raise asyncpg.DeadlockDetectedError

    job_id = await ask(pool)
    async with running(pool, {KIND: deadlocked}):
        job = await until(pool, job_id, lambda job: job.state == "queued" and job.lease_token == 1)
    assert (job.attempts, job.error_code) == (0, None)


async def test_a_stopping_worker_gives_its_job_back_at_the_border_of_a_chunk(pool: Pool) -> None:
    chunk_open, stopped = asyncio.Event(), asyncio.Event()

    async def two_chunks(job: RunningJob) -> Done:
        async with job.chunk() as chunk:
            chunk_open.set()
            await stopped.wait()
            chunk.advance({"next": 1}, done=1)
        async with job.chunk():
            pytest.fail("no further chunk while stopping")
        return Done()

    job_id = await ask(pool)
    stop = asyncio.Event()
    task = asyncio.create_task(JobRunner(pool, {KIND: two_chunks}).run(stop))
    await asyncio.wait_for(chunk_open.wait(), PATIENCE)
    stop.set()
    stopped.set()
    await asyncio.wait_for(task, PATIENCE)
    job = await look(pool, job_id)
    assert (job.state, job.done, job.cursor, job.attempts) == ("queued", 1, {"next": 1}, 0)


async def test_jobs_of_a_kind_this_process_does_not_know_are_left_alone(pool: Pool) -> None:
    other = await ask(pool, "of-a-newer-version")
    known = await ask(pool, rows=1)
    async with running(pool, {KIND: copying()}):
        await ended(pool, known)
    assert (await look(pool, other)).state == "queued"


async def test_a_job_is_asked_for_in_a_transaction_and_once_per_unique_key(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(NoTransactionError):
            await table.enqueue(connection, KIND, {}, requested_by="test")
        ids = set()
        for _ in range(2):
            async with connection.transaction():
                ids.add(await table.enqueue(connection, KIND, {}, requested_by="clock", unique_key="2026-04-30"))
        await table.refresh_metrics(connection)
    assert len(ids) == 1
    assert f'tumbuh_jobs{{kind="{KIND}",outcome="queued",service="lab"}} 1.0' in metrics.render("lab").decode()


@pytest.mark.parametrize(
    ("areas", "seen"),
    [
        (("12.19.01.2003",), True),
        (("12.19",), True),
        (("12.19.01.2003.P001",), False),
        (("12.19.01.2004",), False),
        (("12.19.01.200",), False),
        ((), False),
    ],
)
async def test_a_job_is_seen_by_callers_whose_areas_hold_all_of_it(
    pool: Pool, ground: Stack, areas: tuple[str, ...], *, seen: bool
) -> None:
    async with open_pool(ground.address("lab_api")) as api, api.acquire() as connection:
        async with connection.transaction():
            await apply(connection, AreaGrant(("12.19.01.2003",)))
            job_id = await table.enqueue(connection, KIND, {}, requested_by="web:person-1")
        async with connection.transaction():
            await apply(connection, AreaGrant(areas))
            assert (await table.find(connection, job_id) is not None) is seen
            await pool.execute("UPDATE job SET state = 'waiting' WHERE job_id = $1", job_id)
            assert await table.go_on(connection, job_id) is seen


async def test_the_api_cannot_forge_a_lease_or_an_outcome(ground: Stack) -> None:
    async with open_pool(ground.address("lab_api")) as api, api.acquire() as connection:
        for column in ("lease_token = 9", "cursor = '{}'", "result = '{}'", "areas = NULL"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"UPDATE job SET {column}")
