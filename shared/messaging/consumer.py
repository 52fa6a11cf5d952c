"""The consume loop: fetch a batch, apply it in one transaction, then commit the offset.

Three outcomes only (outcomes.py). `Not now` pauses the partitions, keeps polling so that the group does not take them
away, and tries again with jitter. Anything unexpected is counted at its offset and ends the process: a supervisor
starts it anew, and from then on that partition is read record by record, so that an alert can name the exact one.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.messaging import positions
from shared.messaging.batch import Counts, Handler, process
from shared.messaging.kafka import Broker
from shared.messaging.outcomes import NeverLimit, is_not_now
from shared.messaging.patience import Patience, Progress, pause_seconds
from shared.messaging.records import RawRecord, Received, receive
from shared.postgres.pool import Pool

LOG = structlog.get_logger(__name__)
SMALLEST_BATCH: Final = 50
LARGEST_BATCH: Final = 2_000
# Of processor time, not of the wall: what must stay short is what holds the loop, which the heartbeat shares. By the
# wall, a busy machine would make batches smaller and its work dearer.
TARGET_CPU_SECONDS: Final = 0.4
# A transaction for a handful of records costs as much as one for hundreds. While records flow, wait for more of them;
# the first after a quiet moment is worked at once.
FEW_RECORDS: Final = 200
GATHER_SECONDS: Final = 0.2
FLOWING_SECONDS: Final = 1.0
CRASHES_BEFORE_ALERT: Final = 3


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, loop: BatchConsumer) -> None:
        self._loop = loop

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Nothing is held between batches: the position in the database is the truth."""

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        await self._loop.seek_to_stored(assigned)


Observer = Callable[[Sequence[Received], Counts, float], None]


class BatchConsumer:
    """Consumes `topics` in one group and hands batches to `handler`.

    Args:
        broker: connection and account.
        group: consumer group, one per service.
        topics: names.
        pool: of the worker role.
        handler: the service's use of a batch.
        on_commit: called after each database commit that published something (wakes the relay).
        observe: called after each batch with its records, counts and seconds (metrics).
    """

    def __init__(
        self,
        broker: Broker,
        group: str,
        topics: Sequence[str],
        pool: Pool,
        handler: Handler,
        *,
        on_commit: Callable[[], None],
        observe: Observer,
    ) -> None:
        self._broker = broker
        self._group = group
        self._topics = tuple(topics)
        self._pool = pool
        self._handler = handler
        self._on_commit = on_commit
        self._observe = observe
        self._consumer: AIOKafkaConsumer | None = None
        self._limits: dict[positions.Place, NeverLimit] = defaultdict(NeverLimit)
        self._careful: set[positions.Place] = set()
        self._batch_size = 500
        self._worked_at = -FLOWING_SECONDS
        self._patience = Patience(group)

    @property
    def progress(self) -> Progress:
        """What health and metrics read."""
        return self._patience.progress

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch in work is finished first."""
        consumer = self._broker.consumer(self._group)
        self._consumer = consumer
        consumer.subscribe(list(self._topics), listener=_Listener(self))
        await self._started(consumer, stop)
        try:
            while not stop.is_set():
                fetched = await consumer.getmany(timeout_ms=200, max_records=1 if self._careful else self._batch_size)
                self.progress.moved_at = time.monotonic()
                records = [record for group in fetched.values() for record in group]
                if not records:
                    continue
                flowing = time.monotonic() - self._worked_at < FLOWING_SECONDS
                if flowing and len(records) < FEW_RECORDS and not self._careful:
                    await asyncio.sleep(GATHER_SECONDS)
                    more = await consumer.getmany(timeout_ms=0, max_records=self._batch_size)
                    records += [record for group in more.values() for record in group]
                await self._batch(consumer, records, stop)
                self._worked_at = time.monotonic()
        finally:
            self._consumer = None
            await asyncio.wait_for(consumer.stop(), 10)

    async def _started(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        attempt = 0
        while not stop.is_set():
            try:
                await consumer.start()
            except KafkaError as error:
                if not is_not_now(error):
                    raise
                self._patience.waits("consumer_waits_for_broker", error)
                attempt += 1
                await asyncio.sleep(pause_seconds(attempt))
            else:
                self.progress.waiting_since = None
                return

    async def seek_to_stored(self, assigned: Sequence[TopicPartition]) -> None:
        """Start each partition where the database says, not where Kafka remembers."""
        consumer = self._consumer
        if consumer is None or not assigned:
            return
        places = [(item.topic, item.partition) for item in assigned]

        async def read() -> dict[positions.Place, positions.Position]:
            async with self._pool.acquire() as connection:
                return await positions.load(connection, places)

        stored = await self._patience.retried(read, asyncio.Event())
        for item in assigned:
            position = (stored or {}).get((item.topic, item.partition))
            if position is None:
                await consumer.seek_to_beginning(item)
            else:
                consumer.seek(item, position.next_offset)
                if position.crashes:
                    self._careful.add((item.topic, item.partition))

    async def note_ends(self) -> dict[positions.Place, int]:
        """Ask the broker where the assigned partitions end and store it; returns lag in records by place."""
        consumer = self._consumer
        if consumer is None or not consumer.assignment():
            return {}
        assigned = list(consumer.assignment())
        beginnings = await consumer.beginning_offsets(assigned)
        ends = await consumer.end_offsets(assigned)
        known = {(item.topic, item.partition): (beginnings[item], ends[item]) for item in assigned}
        async with self._pool.acquire() as connection:
            await positions.note_ends(connection, known)
            stored = await positions.load(connection, list(known))
        return {place: end - stored[place].next_offset for place, (_, end) in known.items() if place in stored}

    async def _batch(self, consumer: AIOKafkaConsumer, records: Sequence[RawRecord], stop: asyncio.Event) -> None:
        began, cpu_began = time.monotonic(), time.thread_time()
        batch = receive(records, self._handler.kinds)
        counts = await self._patience.retried(lambda: self._applied(batch), stop, consumer)
        if counts is None:
            return  # told to stop while waiting: nothing was stored, the records come again
        seconds = time.monotonic() - began
        self._careful -= {record.place for record in batch}
        self._adapt(len(batch), time.thread_time() - cpu_began)
        self.progress.batches += 1
        self._observe(batch, counts, seconds)
        self._watch_dead(batch, counts)
        if counts.published:
            self._on_commit()
        await self._commit(consumer, batch)

    async def _applied(self, batch: Sequence[Received]) -> Counts:
        try:
            return await process(self._pool, self._handler, batch)
        except Exception as error:
            if is_not_now(error):
                raise
            async with self._pool.acquire() as connection:
                crashes = await positions.count_crash(connection, batch, type(error).__name__)
            first = batch[0].raw
            LOG.critical(
                "consumer_crash" if crashes < CRASHES_BEFORE_ALERT else "consumer_stuck_at_offset",
                topic=first.topic,
                partition=first.partition,
                offset=first.offset,
                records=len(batch),
                crashes=crashes,
                error=type(error).__name__,
            )
            raise

    def _adapt(self, size: int, cpu_seconds: float) -> None:
        if size >= self._batch_size and cpu_seconds < TARGET_CPU_SECONDS / 2:
            self._batch_size = min(LARGEST_BATCH, self._batch_size * 2)
        elif cpu_seconds > TARGET_CPU_SECONDS:
            self._batch_size = max(SMALLEST_BATCH, min(self._batch_size, size) // 2)

    def _watch_dead(self, batch: Sequence[Received], counts: Counts) -> None:
        dead = {(record.place, record.raw.offset) for record, _ in counts.reasons}
        for record, why in counts.reasons:
            LOG.error(
                "dead_letter",
                topic=record.raw.topic,
                partition=record.raw.partition,
                offset=record.raw.offset,
                reason=why.reason,
            )
        for record in batch:
            self._limits[record.place].see(dead=(record.place, record.raw.offset) in dead)

    async def _commit(self, consumer: AIOKafkaConsumer, batch: Sequence[Received]) -> None:
        """Tell Kafka too, for lag tools; our own position is already stored."""
        last = {TopicPartition(*record.place): record.raw.offset + 1 for record in batch}
        ours = {item: offset for item, offset in last.items() if item in consumer.assignment()}
        if not ours:
            return  # a rebalance took the partitions away meanwhile; their new owner goes on from our stored position
        try:
            await consumer.commit(ours)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            LOG.warning("offset_commit_failed", group=self._group, error=type(error).__name__)
