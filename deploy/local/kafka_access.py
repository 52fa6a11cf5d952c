"""The administrator's way to the local broker: topics as the registry says, a round trip, topics made empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local.secret_store import KAFKA_ADMIN
from shared.contracts.topics import SERVICES, TOPICS, Topic
from shared.messaging import registry

NOT_YET: Final = (KafkaError, OSError, TimeoutError)
PROBE_TOPIC: Final = "tumbuh.readiness"
ROUND_TRIP_WITHIN_S: Final = 10
RESET_WITHIN_S: Final = 30


def credentials(bootstrap: str, account: str, password: str) -> dict[str, Any]:
    """How any client of the local broker connects."""
    return {
        "bootstrap_servers": bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": account,
        "sasl_plain_password": password,
    }


@asynccontextmanager
async def admin(bootstrap: str, password: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """The administrator's client."""
    client = AIOKafkaAdminClient(**credentials(bootstrap, KAFKA_ADMIN, password))
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def apply_registry(client: AIOKafkaAdminClient, topics: tuple[Topic, ...] = TOPICS) -> None:
    """Make topics and access lists true, with a topic of our own to try the broker with."""
    await registry.apply_registry(client, topics)
    if PROBE_TOPIC not in await client.list_topics():
        await client.create_topics([NewTopic(PROBE_TOPIC, 1, 1, topic_configs={"retention.ms": "60000"})])


async def round_trip(bootstrap: str, password: str) -> None:
    """Write one record, read it back and commit its offset: only then log, fetch and group coordinator work.

    The first commit also makes the broker create its internal offsets topic, so that no service waits for that.
    The partition is assigned by hand: joining a group would add a second and prove nothing more.
    """
    common = credentials(bootstrap, KAFKA_ADMIN, password)
    place = TopicPartition(PROBE_TOPIC, 0)
    producer = AIOKafkaProducer(**common, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(**common, group_id="tumbuh-readiness", enable_auto_commit=False)
    try:
        await producer.start()
        sent = await producer.send_and_wait(PROBE_TOPIC, b"ready?")
        await consumer.start()
        consumer.assign([place])
        consumer.seek(place, sent.offset)
        await asyncio.wait_for(consumer.getone(place), ROUND_TRIP_WITHIN_S)
        await asyncio.wait_for(consumer.commit({place: sent.offset + 1}), ROUND_TRIP_WITHIN_S)
    finally:
        await consumer.stop()
        await producer.stop()


async def reset_topics(client: AIOKafkaAdminClient, topics: tuple[Topic, ...] = TOPICS) -> None:
    """Make the topics new and empty, and wait until no group remembers an offset of the old ones."""
    await client.delete_topics([topic.name for topic in topics])
    names = {topic.name for topic in topics}
    async with asyncio.timeout(RESET_WITHIN_S):
        while names & set(await client.list_topics()) or await _remembered(client, names):  # noqa: ASYNC110 - the broker sends no event
            await asyncio.sleep(0.02)
    await registry.create_topics(client, topics)


async def _remembered(client: AIOKafkaAdminClient, names: set[str]) -> bool:
    """Whether a service's group still holds an offset in one of the topics; the coordinator drops them by itself."""
    for service in SERVICES:
        offsets = await client.list_consumer_group_offsets(f"tumbuh-{service}")
        if any(place.topic in names and known.offset >= 0 for place, known in offsets.items()):
            return True
    return False
