"""The relay: pending outbox rows go to Kafka, acknowledged rows are deleted.

One relay per service (a session advisory lock on its own direct connection). It reads *pending* rows, never
`id > last seen`: ids are handed out in insert order but become visible in commit order, and a lower id that commits
later must not be skipped. Sending twice is harmless, because a fact's revision decides at the consumer.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import OutOfOrderSequenceNumber
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.messaging.crash_points import AFTER_PRODUCE, crash_point
from shared.messaging.kafka import Broker
from shared.messaging.outcomes import is_not_now
from shared.outbox.partitions import partitions_of
from shared.postgres.pool import Address, Connection, connect

LOG = structlog.get_logger(__name__)
POLL_SECONDS: Final = 0.1  # fall-back; a commit in this process wakes the relay at once
ROWS_PER_ROUND: Final = 16
SEND_TIMEOUT_SECONDS: Final = 60.0  # a send can hang while the broker is down (aiokafka#1101)


class Relay:
    """Publishes the outbox of one service."""

    def __init__(
        self, service: str, address: Address, broker: Broker, *, published: Callable[[str, int], None]
    ) -> None:
        self._service = service
        self._address = address
        self._broker = broker
        self._published = published
        self._wake = asyncio.Event()
        self.moved_at = time.monotonic()

    def wake(self) -> None:
        """Something was committed: look now instead of at the next poll."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; connection and broker failures are waited out, anything else ends the process."""
        while not stop.is_set():
            try:
                await self._connected(stop)
            except Exception as error:
                if not (is_not_now(error) or isinstance(error, OutOfOrderSequenceNumber)):
                    raise
                LOG.warning("relay_waits", service=self._service, error=type(error).__name__)
                await _pause(stop, 0.2 + random.random())  # noqa: S311 - jitter

    async def _connected(self, stop: asyncio.Event) -> None:
        connection = await connect(self._address)
        producer = self._broker.producer()
        try:
            if not await self._leads(connection, stop):
                return
            await asyncio.wait_for(producer.start(), SEND_TIMEOUT_SECONDS)
            while not stop.is_set():
                self._wake.clear()
                self.moved_at = time.monotonic()
                if not await self._round(connection, producer):
                    await _pause(stop, POLL_SECONDS, self._wake)
        finally:
            connection.terminate()  # ends the session, and with it the advisory lock
            await asyncio.wait_for(producer.stop(), 10)

    async def _leads(self, connection: Connection, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('relay:' || $1))", self._service):
                return True
            self.moved_at = time.monotonic()
            await _pause(stop, 1.0)
        return False

    async def _round(self, connection: Connection, producer: AIOKafkaProducer) -> int:
        rows = await connection.fetch(
            "SELECT id, topic, keys, headers, bodies FROM outbox ORDER BY id LIMIT $1", ROWS_PER_ROUND
        )
        if not rows:
            return 0
        await asyncio.wait_for(self._send(producer, rows), SEND_TIMEOUT_SECONDS)
        crash_point(AFTER_PRODUCE)
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", [row["id"] for row in rows])
        for row in rows:
            self._published(row["topic"], len(row["keys"]))
        return len(rows)

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> None:
        """Send all messages of `rows` and wait until every one is acknowledged.

        Whole batches are handed to the producer: a future and a timer per message cost more than the message.
        """
        acknowledgements: list[asyncio.Future[Any]] = []
        for topic in dict.fromkeys(row["topic"] for row in rows):
            partitions = len(await producer.partitions_for(topic))
            mine = [row for row in rows if row["topic"] == topic]
            for partition, batch in batches_of(mine, partitions, producer.create_batch):
                batch.close()  # full or complete: no lingering for more
                acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*acknowledgements)


def batches_of(
    rows: Sequence[asyncpg.Record], partitions: int, create: Callable[[], BatchBuilder]
) -> list[tuple[int, BatchBuilder]]:
    """The messages of outbox rows of one topic as (partition, batch), in the order of the rows within a partition."""
    batches: list[tuple[int, BatchBuilder]] = []
    filling: dict[int, BatchBuilder] = {}
    for row in rows:
        keys = [key.encode() for key in row["keys"]]
        places = partitions_of(keys, partitions)
        for place, key, header, body in zip(places, keys, row["headers"], row["bodies"], strict=True):
            headers = [(name, value.encode()) for name, value in orjson.loads(header)]
            batch = filling.get(place)
            if batch is None or batch.append(timestamp=None, key=key, value=body, headers=headers) is None:
                filling[place] = batch = create()
                batches.append((place, batch))
                batch.append(timestamp=None, key=key, value=body, headers=headers)
    return batches


async def _pause(stop: asyncio.Event, seconds: float, wake: asyncio.Event | None = None) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, wake) if event is not None]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
