"""The worker of a service: relay, consumer and its own background work, watched and measured together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from shared import metrics
from shared.calendar import now_utc
from shared.contracts.topics import TOPICS, topics_of
from shared.http.health import Health
from shared.http.serve import Task
from shared.messaging.batch import Counts, Handler
from shared.messaging.consumer import BatchConsumer
from shared.messaging.kafka import Broker
from shared.messaging.outcomes import is_not_now
from shared.messaging.records import Received
from shared.outbox.relay import Relay
from shared.postgres.pool import Address, Pool

LOG = structlog.get_logger(__name__)
WATCH_SECONDS: Final = 1.0
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
        # A service that publishes nothing has no outbox to empty, and its account may not even start a producer.
        publishes = any(topic.producer == service for topic in TOPICS)
        self._relay = Relay(service, address, broker, published=_published) if publishes else None
        self.consumer: BatchConsumer | None = None
        if handler is not None:
            self.consumer = BatchConsumer(
                broker,
                f"tumbuh-{service}",
                [topic.name for topic in topics_of(service)],
                pool,
                handler,
                on_commit=self.wake,
                observe=_observed,
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
                await self._measure()
            except Exception as error:
                if not is_not_now(error):
                    raise
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
            dead = await connection.fetch(
                "SELECT topic, count(*) AS n FROM dead_letter WHERE state = 'open' GROUP BY topic"
            )
        if outbox is not None:
            metrics.OUTBOX_PENDING_MESSAGES.set(outbox["pending"])
            metrics.OUTBOX_OLDEST_SECONDS.set(float(outbox["age"]))
        for row in dead:
            metrics.DEAD_LETTERS_OPEN.labels(topic=row["topic"]).set(row["n"])
        if self.consumer is None:
            return
        lag = await self.consumer.note_ends()
        for (topic, partition), records in lag.items():
            metrics.CONSUMER_LAG_RECORDS.labels(topic=topic, partition=str(partition)).set(records)
        for topic in {topic for topic, _ in lag}:
            behind = any(records for (name, _), records in lag.items() if name == topic)
            waiting = self.consumer.progress.waiting_since
            metrics.CONSUMER_PAUSED.labels(topic=topic).set(waiting is not None)
            if not behind:
                metrics.CONSUMER_OLDEST_UNPROCESSED_SECONDS.labels(topic=topic).set(0)


def _published(topic: str, messages: int) -> None:
    metrics.OUTBOX_PUBLISHED.labels(topic=topic).inc(messages)


def _observed(batch: Sequence[Received], counts: Counts, seconds: float) -> None:
    dead = Counter(record.raw.topic for record, _ in counts.reasons)
    seen = Counter(record.raw.topic for record in batch)
    oldest = {topic: min(record.raw.timestamp for record in batch if record.raw.topic == topic) for topic in seen}
    for topic, records in seen.items():
        metrics.CONSUMER_RECORDS.labels(topic=topic, outcome="dead").inc(dead[topic])
        metrics.CONSUMER_RECORDS.labels(topic=topic, outcome="done").inc(records - dead[topic])
    now_ms = now_utc().timestamp() * 1000
    for topic, timestamp in oldest.items():
        metrics.CONSUMER_BATCH_SECONDS.labels(topic=topic).observe(seconds)
        metrics.CONSUMER_OLDEST_UNPROCESSED_SECONDS.labels(topic=topic).set(max(0.0, (now_ms - timestamp) / 1000))
