"""The worker of a service: relay, consumer and its own background work, watched and measured together."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import structlog

from shared import metrics
from shared.calendar import now_utc
from shared.contracts.topics import TOPICS, topics_of
from shared.http.health import Health
from shared.http.serve import Task
from shared.ledger.gauges import refresh_bus_gauges
from shared.messaging.batch import Counts, Handler
from shared.messaging.consumer import BatchConsumer
from shared.messaging.kafka import Broker
from shared.messaging.outcomes import is_not_now
from shared.messaging.records import Received
from shared.messaging.waiting import Waiting
from shared.outbox.relay import Relay
from shared.postgres.pool import Address, Connection, Pool

LOG = structlog.get_logger(__name__)
WATCH_SECONDS: Final = 1.0
LEDGER_SECONDS: Final = 15.0
STALLED_SECONDS: Final = 60.0  # liveness: a loop that did not move for so long is started anew


class Worker:
    """Relay and consumer of a service, with what watches them; its own jobs and sweeps run beside it.

    Args:
        service: name, also of the consumer group and the Kafka account.
        pool: of the worker role.
        address: the worker role's address, for the relay's own connection.
        broker: Kafka.
        handler: None for a service that consumes nothing.
    """

    def __init__(self, service: str, pool: Pool, address: Address, broker: Broker, handler: Handler | None) -> None:
        self._pool = pool
        self._consumed = tuple(topic.name for topic in topics_of(service))
        self._waiting = Waiting()
        self._ledger_at = -LEDGER_SECONDS
        # A service that publishes nothing has no outbox to empty, and its account may not even start a producer.
        publishes = any(topic.producer == service for topic in TOPICS)
        self._relay = Relay(service, address, broker, published=_published) if publishes else None
        self.consumer: BatchConsumer | None = None
        if handler is not None:
            self.consumer = BatchConsumer(
                broker,
                f"tumbuh-{service}",
                self._consumed,
                pool,
                handler,
                on_commit=self.wake,
                observe=self._observed,
            )

    def wake(self) -> None:
        """Something was committed in this process: the relay looks now instead of at its next poll."""
        if self._relay is not None:
            self._relay.wake()

    def tasks(self) -> dict[str, Task]:
        """What the process runs until it is told to stop, by name."""
        tasks: dict[str, Task] = {"watch": self._watch}
        if self._relay is not None:
            tasks["relay"] = self._relay.run
        if self.consumer is not None:
            tasks["consumer"] = self.consumer.run
        return tasks

    def register(self, health: Health) -> None:
        """Liveness by the loops' progress, readiness by whether the consumer can work."""
        relay = self._relay
        if relay is not None:
            health.loop("relay", lambda: relay.moved_at, STALLED_SECONDS)
        consumer = self.consumer
        if consumer is not None:
            health.loop("consumer", lambda: consumer.progress.moved_at, STALLED_SECONDS)
            health.state("consumer", consumer.progress.ready)

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await _unless(stop, self._measure())
            except Exception as error:
                if not is_not_now(error):
                    raise
            self._tell_waiting()
            try:
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)
            except TimeoutError:
                continue

    async def _measure(self) -> None:
        async with self._pool.acquire() as connection:
            outbox = await connection.fetchrow(
                "SELECT coalesce(sum(cardinality(keys)), 0) AS pending, "
                "coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) AS age FROM outbox"
            )
            await self._look_for_trouble(connection)
        if outbox is not None:
            metrics.OUTBOX_PENDING_MESSAGES.set(outbox["pending"])
            metrics.OUTBOX_OLDEST_SECONDS.set(float(outbox["age"]))
        if self.consumer is None:
            return
        lag = await self.consumer.note_ends()
        self._waiting.seen(lag, now_utc().timestamp())
        metrics.CONSUMER_LAG_RECORDS.clear()  # a partition that went to another worker is told of there
        for (topic, partition), records in lag.items():
            metrics.CONSUMER_LAG_RECORDS.labels(topic=topic, partition=str(partition)).set(records)

    async def _look_for_trouble(self, connection: Connection) -> None:
        rows = await connection.fetch(
            "SELECT topic, count(*) AS n FROM dead_letter WHERE state = 'open' GROUP BY topic"
        )
        # Those that are settled have no row any more, and a gauge keeps what it was last told.
        for topic, letters in (dict.fromkeys(self._consumed, 0) | {row["topic"]: row["n"] for row in rows}).items():
            metrics.DEAD_LETTERS_OPEN.labels(topic=topic).set(letters)
        if time.monotonic() - self._ledger_at >= LEDGER_SECONDS:
            await refresh_bus_gauges(connection)
            self._ledger_at = time.monotonic()

    def _tell_waiting(self) -> None:
        """Also while database or broker are away: then above all the age has to grow."""
        if self.consumer is None:
            return
        now = now_utc().timestamp()
        for topic in self._consumed:
            metrics.CONSUMER_PAUSED.labels(topic=topic).set(self.consumer.progress.waiting_since is not None)
            age = self._waiting.age_seconds(topic, now)
            metrics.CONSUMER_OLDEST_UNPROCESSED_SECONDS.labels(topic=topic).set(max(0.0, age))

    def _observed(self, batch: Sequence[Received], counts: Counts, seconds: float) -> None:
        self._waiting.applied(batch)
        dead = Counter(record.raw.topic for record, _ in counts.reasons)
        for topic, records in Counter(record.raw.topic for record in batch).items():
            metrics.CONSUMER_RECORDS.labels(topic=topic, outcome="dead").inc(dead[topic])
            metrics.CONSUMER_RECORDS.labels(topic=topic, outcome="done").inc(records - dead[topic])
            metrics.CONSUMER_BATCH_SECONDS.labels(topic=topic).observe(seconds)


def _published(topic: str, messages: int) -> None:
    metrics.OUTBOX_PUBLISHED.labels(topic=topic).inc(messages)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, or give it up at `stop`: whoever asks a consumer that is closing for offsets gets no answer."""
    tasks = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0] in done:
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
