"""The guarantees of the pipeline on real PostgreSQL and real Kafka: nothing lost, nothing twice, poison set aside."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.stack import Stack
from shared.contracts.codec import encode
from shared.messaging.batch import process
from shared.messaging.outcomes import NeverLimit, OurFaultError
from shared.messaging.records import receive
from shared.outbox.append import NoTransactionError, append
from shared.outbox.relay import Relay
from shared.postgres.merge import merge_facts
from shared.postgres.pool import Pool
from tests.integration.shared import bus_service as bus

COUNT = "SELECT count(*) FROM note"
BALANCE = "SELECT bool_and(next_offset - first_offset = applied + not_newer + dead + gaps) FROM consumer_position"


@pytest.fixture(scope="module")
async def ground(database: Stack, topics: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:  # noqa: ARG001
    await bus.prepare(database, Path(tmp_path_factory.mktemp("migrations")))
    return database


@pytest.fixture
async def pool(ground: Stack) -> AsyncIterator[Pool]:
    async with bus.worker_pool(ground) as pool:
        await pool.execute("DELETE FROM note")
        yield pool


async def test_any_order_and_duplication_of_revisions_ends_in_the_newest(pool: Pool) -> None:
    """B084, B094: redelivery and reordering are harmless because the revision decides."""
    rng = random.Random(7)
    ids = [uuid.uuid4() for _ in range(20)]
    revisions = [bus.measurement(8 + n / 10, n, fact_id) for fact_id in ids for n in range(1, 6)]
    arrivals = revisions * 3
    rng.shuffle(arrivals)
    applied = 0
    for start in range(0, len(arrivals), 7):
        async with pool.acquire() as connection, connection.transaction():
            applied += (await merge_facts(connection, bus.NOTES, arrivals[start : start + 7])).count("applied")
    rows = await pool.fetch("SELECT fact_id, revision, weight_kg FROM note")
    assert {row["fact_id"]: (row["revision"], row["weight_kg"]) for row in rows} == dict.fromkeys(ids, (5, 8.5))
    assert applied <= len(revisions)


@pytest.mark.parametrize("together", [True, False])
async def test_the_same_revision_with_other_content_is_a_conflict_and_changes_nothing(
    pool: Pool, *, together: bool
) -> None:
    first = bus.measurement(8.0)
    other = bus.measurement(9.0, 1, first.fact_id)
    async with pool.acquire() as connection, connection.transaction():
        if together:
            assert await merge_facts(connection, bus.NOTES, [first, first, other]) == [
                "applied",
                "not_newer",
                "revision_conflict",
            ]
        else:
            assert await merge_facts(connection, bus.NOTES, [first]) == ["applied"]
            assert await merge_facts(connection, bus.NOTES, [other, first]) == ["revision_conflict", "not_newer"]
    assert await pool.fetchval("SELECT weight_kg FROM note") == 8.0


async def test_an_outbox_row_cannot_be_written_outside_a_transaction(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(NoTransactionError):
            await append(connection, [encode(bus.measurement())])


async def test_a_lower_outbox_id_that_commits_later_is_published_all_the_same(ground: Stack, pool: Pool) -> None:
    """B086: ids are handed out in insert order and become visible in commit order."""
    stop, published = asyncio.Event(), []
    relay = Relay(
        "measurement",
        ground.address("measurement_worker"),
        ground.broker("measurement"),
        published=lambda _topic, count: published.append(count),
    )
    early, late = bus.measurement(), bus.measurement()
    task = asyncio.create_task(relay.run(stop))
    async with bus.worker_pool(ground, "measurement") as owner:
        async with owner.acquire() as slow, slow.transaction():
            await append(slow, [encode(early)])
            await bus.store_outbox(owner, [late])
            relay.wake()
            await bus.until(owner, "SELECT count(*) FROM outbox", 0, watch=task)
            assert len(published) == 1
        relay.wake()
        async with bus.consuming(ground, pool, bus.Notebook()):
            await bus.until(pool, COUNT, 2, watch=task)
        await bus.until(owner, "SELECT count(*) FROM outbox", 0, watch=task)
    stop.set()
    await asyncio.wait_for(task, 20)


async def test_poison_goes_to_the_dead_letters_with_its_reason_and_the_rest_goes_on(ground: Stack, pool: Pool) -> None:
    """B082: a failed record is never skipped silently, and never stops the others."""
    good = [bus.measurement(8 + n / 100) for n in range(50)]
    messages = [encode(fact) for fact in good]
    records = [(message.topic, message.key, message.headers, message.body) for message in messages]
    broken = messages[0]
    records.insert(10, (bus.TOPIC, "k", broken.headers, b"not json"))
    records.insert(20, (bus.TOPIC, broken.key, (("ce_type", "tumbuh.poem"),), b"{}"))
    unstorable = encode(bus.measurement(13.0))
    records.insert(30, (unstorable.topic, unstorable.key, unstorable.headers, unstorable.body))
    await bus.send_raw(ground, records)
    before = await pool.fetchval("SELECT count(*) FROM dead_letter")
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.until(pool, COUNT, 50)
        await bus.until(pool, "SELECT count(*) FROM dead_letter", before + 3)
    rows = await pool.fetch("SELECT reason, body, key FROM dead_letter ORDER BY received_at DESC LIMIT 3")
    assert sorted(row["reason"] for row in rows) == ["contract_violation", "sqlstate_23514", "unknown_type"]
    assert b"not json" in [row["body"] for row in rows]
    assert await pool.fetchval(BALANCE)


async def test_not_now_is_tried_again_and_never_becomes_a_dead_letter(ground: Stack, pool: Pool) -> None:
    """B098: the handler fails three times, then works; nothing is lost, nothing is dead."""
    before = await pool.fetchval("SELECT count(*) FROM dead_letter")
    handler = bus.Notebook(
        fail=[asyncpg.DeadlockDetectedError(), ConnectionResetError(), asyncpg.TooManyConnectionsError()]
    )
    await bus.publish(ground, [bus.measurement()])
    async with bus.consuming(ground, pool, handler):
        await bus.until(pool, COUNT, 1)
    assert await pool.fetchval("SELECT count(*) FROM dead_letter") == before
    assert await pool.fetchval(BALANCE)


async def test_an_unexpected_error_ends_the_consumer_and_the_position_does_not_move(ground: Stack, pool: Pool) -> None:
    """After three crashes at one offset the position says so; the record is still there for the next start."""
    await bus.publish(ground, [bus.measurement()])
    where = "SELECT sum(next_offset) FROM consumer_position"
    before = await pool.fetchval(where)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with bus.consuming(ground, pool, bus.Notebook(fail=[ZeroDivisionError()])) as consumer:
                await bus.until(pool, "SELECT count(*) > 0 FROM note", True, seconds=1.5 + consumer.progress.batches)
    assert await pool.fetchval(where) == before
    assert await pool.fetchval("SELECT max(crashes) FROM consumer_position") == 3
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.until(pool, COUNT, 1)
    assert await pool.fetchval("SELECT max(crashes) FROM consumer_position") == 0


async def test_reading_the_topic_again_from_the_start_changes_nothing(ground: Stack, pool: Pool) -> None:
    """Full replay: every record is counted as not newer, no row is even rewritten (xmin)."""
    facts = [bus.measurement() for _ in range(30)]
    await bus.publish(ground, facts)
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.until(pool, COUNT, 30)
    ids = [fact.fact_id for fact in facts]
    digest = "SELECT bit_xor(hashtextextended(n::text || n.xmin, 0)) FROM note n WHERE fact_id = ANY($1)"
    before = await pool.fetchval(digest, ids)
    everything = await pool.fetchval("SELECT sum(next_offset - first_offset) FROM consumer_position")
    await pool.execute("DELETE FROM dead_letter")
    await pool.execute("DELETE FROM consumer_position")
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.until(pool, "SELECT sum(next_offset - first_offset) FROM consumer_position", everything)
    assert await pool.fetchval(digest, ids) == before
    assert await pool.fetchval(BALANCE)


async def test_two_consumers_of_one_group_never_apply_a_record_twice(ground: Stack, pool: Pool) -> None:
    """Correctness does not depend on assignment: the position row fences."""
    before = await pool.fetchval("SELECT coalesce(sum(applied), 0) FROM consumer_position")
    facts = [bus.measurement() for _ in range(300)]
    async with bus.consuming(ground, pool, bus.Notebook()):
        await bus.publish(ground, facts[:150])
        async with bus.consuming(ground, pool, bus.Notebook()):
            await bus.publish(ground, facts[150:])
            await bus.until(pool, COUNT, 300)
    assert await pool.fetchval("SELECT sum(applied) FROM consumer_position") == before + 300
    assert await pool.fetchval(BALANCE)


async def test_a_record_fetched_twice_for_one_batch_is_counted_once(pool: Pool) -> None:
    """Records fetched before and after a rebalance may overlap."""
    await pool.execute("DELETE FROM consumer_position")
    records = [bus.Record.of(bus.measurement(), offset) for offset in range(3)]
    twice = receive([*records, *records[1:]], frozenset({"measurement"}))
    counts = await process(pool, bus.Notebook(), twice)
    assert (counts.applied, counts.not_newer) == (3, 0)
    row = await pool.fetchrow("SELECT next_offset, applied, not_newer, gaps FROM consumer_position")
    assert row is not None
    assert tuple(row) == (3, 3, 0, 0)
    await pool.execute("DELETE FROM consumer_position")


def test_too_many_poisoned_records_are_our_fault_and_stop_the_partition() -> None:
    limit = NeverLimit()
    for _ in range(100):
        limit.see(dead=True)
    with pytest.raises(OurFaultError):
        limit.see(dead=True)
    sparse = NeverLimit()
    for n in range(999):
        sparse.see(dead=n % 9 == 0)
    with pytest.raises(OurFaultError):
        sparse.see(dead=True)
    rare = NeverLimit()
    for n in range(5000):
        rare.see(dead=n % 11 == 0)
