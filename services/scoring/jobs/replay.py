"""A replay as a whole: opened, all families judged by one process a core, ready to be switched or dropped.

Each process reads a bucket, folds it and writes it, one after the other: memory stays that of a bucket. Batches go on
meanwhile; what they touch is judged again before a switch.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Final
from uuid import UUID

import structlog

from services.scoring.domain.ruleset import read
from services.scoring.store import bulk_evidence, replays, rule_sets
from services.scoring.store.bulk_evidence import Bucket
from services.scoring.store.replays import Replay
from services.scoring.use_cases.replay_families import RuleSets, replay_bucket
from services.scoring.use_cases.switch_rules import (
    NotNowError,
    Switched,
    begin_replay,
    catch_up,
    drop_replay,
    replay_of,
    rules_of,
    switch_rules,
)
from shared.calendar import now_utc, today_jakarta
from shared.postgres.pool import PLANNING, Address, Connection, connect

LOG = structlog.get_logger(__name__)
CHILDREN_EACH: Final = 2_000  # of a bucket
MOST_PROCESSES: Final = 8
FEW_FAMILIES: Final = 500  # so many may be left for the moment in which batches wait
MOST_ROUNDS: Final = 500  # of catching up: who imports without end does not keep a switch from coming


class ReplayFailedError(Exception):
    """A process that judged ended with an error; its log says which."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one process judges: the files of both rule sets, and its buckets."""

    replay_id: UUID
    tried: bytes
    in_force: bytes
    buckets: tuple[Bucket, ...]


async def hold_replays(connection: Connection) -> None:
    """One command at a time, as long as the connection lives. NotNowError where another is at it."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", replays.REPLAY_LOCK):
        raise NotNowError("another replay is under way; wait for it")


async def run_replay(connection: Connection, address: Address, content: bytes, by: str) -> Replay:
    """Judge all history by the rule set in `content` into a new generation.

    `connection` is of the worker, its own, outside a transaction. Interrupted, it leaves rows that the next one
    removes. RuleSetError, NotNowError, ReplayFailedError.
    """
    async with connection.transaction():
        replay = await begin_replay(connection, content, by, now_utc())
    in_force = await rule_sets.content_of(connection, replay.against) or b""
    found = await bulk_evidence.buckets(connection, CHILDREN_EACH)
    workers = max(1, min(os.cpu_count() or 1, MOST_PROCESSES, len(found)))
    shares = [Share(replay.replay_id, content, in_force, tuple(found[number::workers])) for number in range(workers)]
    await _judged(address, [share for share in shares if share.buckets])
    async with connection.transaction():
        await connection.execute("ANALYZE replay_child")
        await replays.set_ready(connection, replay.replay_id, now_utc())
    LOG.info("replayed", replay_id=str(replay.replay_id), version=replay.version, buckets=len(found))
    return await replay_of(connection, replay.replay_id)


async def run_switch(connection: Connection, replay: Replay, by: str) -> Switched:
    """Catch up while batches go on, the last of it while they wait; then verify and switch, or say why not."""
    await plan_for_batches(connection)
    rules = await rules_of(connection, replay)
    for _ in range(MOST_ROUNDS):
        async with connection.transaction():
            if await catch_up(connection, replay, rules) <= FEW_FAMILIES:
                break
    async with connection.transaction():
        switched = await switch_rules(connection, replay, rules, by, lambda: (today_jakarta(), now_utc()))
    LOG.info("rules_switched" if not switched.refused else "switch_refused", version=replay.version)
    return switched


async def run_drop(connection: Connection) -> bool:
    """Drop the replay that was not switched; False where there is none."""
    async with connection.transaction():
        await rule_sets.own_rules(connection)
        return await drop_replay(connection)


async def plan_for_batches(connection: Connection) -> None:
    """The planner's settings of a pool, for a connection that is of none."""
    for name, value in PLANNING.items():
        await connection.execute(f"SET {name} = '{value}'")


async def judge_share(address: Address, share: Share) -> None:
    """All buckets of a share, one after the other, each in a transaction of its own."""
    rules = RuleSets(read(share.tried), read(share.in_force))
    connection = await connect(address)
    try:
        await plan_for_batches(connection)
        for bucket in share.buckets:
            async with connection.transaction(isolation="repeatable_read"):
                await replay_bucket(connection, share.replay_id, bucket, rules)
    finally:
        await connection.close()


async def _judged(address: Address, shares: Sequence[Share]) -> None:
    """A process a share. They end by themselves: nothing of them waits for us."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work, args=(address, share), daemon=True) for share in shares]
    for process in processes:
        process.start()
    try:
        await asyncio.gather(*(asyncio.to_thread(process.join) for process in processes))
    finally:
        _end(processes)
    failed = [process.exitcode for process in processes if process.exitcode != 0]
    if failed:
        raise ReplayFailedError(f"{len(failed)} of {len(processes)} processes failed: {failed}")


def _end(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        if process.is_alive():
            process.terminate()


def _work(address: Address, share: Share) -> Any:
    asyncio.run(judge_share(address, share))
