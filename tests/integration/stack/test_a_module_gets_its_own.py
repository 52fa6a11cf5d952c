"""Modules share server and broker and still see nothing of each other."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from aiokafka import TopicPartition

from deploy.local import processes, services
from deploy.local.stack import Stack
from deploy.local.trial import Trial, empty_topics, fresh_database
from shared.contracts.topics import LAB, SERVICES
from shared.postgres.pool import connect

PLACE = TopicPartition(LAB.name, 0)
GROUP = "tumbuh-scoring"


async def _write_and_commit(stack: Stack) -> int:
    """One record of the laboratory, accounted for by scoring; returns the offset after it."""
    producer, consumer = stack.broker("lab").producer(), stack.broker("scoring").consumer(GROUP)
    try:
        await producer.start()
        sent = await producer.send_and_wait(LAB.name, b"{}", partition=0)
        await consumer.start()
        consumer.assign([PLACE])
        await consumer.commit({PLACE: sent.offset + 1})
    finally:
        await consumer.stop()
        await producer.stop()
    return int(sent.offset) + 1


async def _ends(stack: Stack) -> tuple[int, int | None]:
    """End of the partition, and what the group remembers."""
    consumer = stack.broker("scoring").consumer(GROUP)
    try:
        await consumer.start()
        consumer.assign([PLACE])
        ends = await consumer.end_offsets([PLACE])
        return ends[PLACE], await consumer.committed(PLACE)
    finally:
        await consumer.stop()


def test_emptied_topics_hold_no_record_and_no_group_remembers_an_offset(stack: Stack) -> None:
    asyncio.run(empty_topics(stack))
    for _ in range(3):  # again and again, as one module follows the other
        assert asyncio.run(_write_and_commit(stack)) == 1
        assert asyncio.run(_ends(stack)) == (1, 1)
        asyncio.run(empty_topics(stack))
        assert asyncio.run(_ends(stack)) == (0, None)


def test_a_fresh_database_holds_nothing_of_another_and_is_gone_afterwards(stack: Stack) -> None:
    async def tables(own: Stack) -> list[str]:
        connection = await connect(own.address("lab_owner"))
        try:
            found = [
                row["tablename"]
                for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'lab'")
            ]
            await connection.execute("CREATE TABLE lab.mine (id integer)")
        finally:
            await connection.close()
        return found

    with fresh_database(stack) as first, fresh_database(stack) as second:
        assert asyncio.run(tables(first)) == asyncio.run(tables(second)) == []
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        asyncio.run(connect(first.address("lab_owner")))


@pytest.mark.slow
def test_services_of_a_trial_are_killed_and_started_again_by_name(system: Trial) -> None:
    system.start("lab", "scoring")
    first = _pids(system)
    system.kill("lab")
    assert _pids(system) == {"scoring": first["scoring"]}
    assert not services.is_ready(system.stack, "lab")
    system.start("lab")
    second = _pids(system)
    assert second["scoring"] == first["scoring"]
    assert second["lab"] != first["lab"]
    system.stop("scoring")
    assert _pids(system).keys() == {"lab"}


def _pids(system: Trial) -> dict[str, int]:
    found = {name: processes.running(system.stack.data, name) for name in SERVICES}
    return {name: process.pid for name, process in found.items() if process}
