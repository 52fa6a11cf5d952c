"""Topics and access lists exactly as the topic registry says: what is missing is made, what is too much removed.

A service may write the topics it produces, read the topics it consumes, and use consumer groups whose names start
with `tumbuh-<service>`. Nothing else is allowed to anybody but the administrator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from deploy.local.secret_store import KAFKA_ADMIN
from shared.contracts.topics import SERVICES, TOPICS, Topic

NOT_YET: Final = (KafkaError, OSError, TimeoutError)
PROBE_TOPIC: Final = "tumbuh.readiness"
TOPIC_EXISTS: Final = 36
ROUND_TRIP_WITHIN_S: Final = 10
RESET_WITHIN_S: Final = 30

# Codes of the Kafka protocol: resource types, pattern types, operations, permissions.
ANY: Final = 1
TOPIC, GROUP = 2, 3
LITERAL, PREFIXED = 3, 4
READ, WRITE = 3, 4
ALLOW: Final = 3


class Access(NamedTuple):
    """One line of the access list, in the order of the protocol."""

    resource_type: int
    resource_name: str
    pattern_type: int
    principal: str
    host: str
    operation: int
    permission: int


def access_list(topics: tuple[Topic, ...] = TOPICS) -> set[Access]:
    """Everything that is allowed."""
    lines: set[Access] = set()
    for topic in topics:
        lines.add(_allow(TOPIC, topic.name, LITERAL, topic.producer, WRITE))
        lines.update(_allow(TOPIC, topic.name, LITERAL, consumer, READ) for consumer in topic.consumers)
    lines.update(_allow(GROUP, f"tumbuh-{service}", PREFIXED, service, READ) for service in SERVICES)
    return lines


def _allow(resource_type: int, name: str, pattern_type: int, account: str, operation: int) -> Access:
    return Access(resource_type, name, pattern_type, f"User:{account}", "*", operation, ALLOW)


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
    """Make topics and access lists true; repeatable, and quick when nothing is to do."""
    await create_topics(client, topics)
    wanted, there = access_list(topics), await described(client)
    # One after the other would cost a round trip each; the broker orders them anyway.
    await asyncio.gather(
        *(_send(client, CreateAclsRequest(*line)) for line in sorted(wanted - there)),
        *(_send(client, DeleteAclsRequest(*line)) for line in sorted(there - wanted)),
    )


async def create_topics(client: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> None:
    """Make the topics that are not there. Partition counts of existing ones are fixed at birth and left alone."""
    present = set(await client.list_topics())
    missing = [_new_topic(topic) for topic in topics if topic.name not in present]
    if PROBE_TOPIC not in present:
        missing.append(NewTopic(PROBE_TOPIC, 1, 1, topic_configs={"retention.ms": "60000"}))
    if missing:
        response = await client.create_topics(missing)
        for _, code, *_ in response.topic_errors:
            if code not in {0, TOPIC_EXISTS}:
                raise for_code(code)


def _new_topic(topic: Topic) -> NewTopic:
    settings = {"cleanup.policy": topic.cleanup_policy, "retention.ms": str(topic.retention_ms)}
    return NewTopic(topic.name, topic.partitions, 1, topic_configs=settings)


async def described(client: AIOKafkaAdminClient) -> set[Access]:
    """The access lists the broker has now."""
    response = await client._send_request(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))  # noqa: SLF001 - no public method
    if response.error_code:
        raise for_code(response.error_code)
    return {
        Access(resource_type, name, pattern_type, *line)
        for resource_type, name, pattern_type, lines in response.resources
        for line in lines
    }


async def _send(client: AIOKafkaAdminClient, request: CreateAclsRequest | DeleteAclsRequest) -> None:
    response = await client._send_request(request)  # noqa: SLF001 - aiokafka has the message but no method for it
    answers = getattr(response, "creation_responses", None) or response.filter_responses
    for code, message, *_ in answers:
        if code:
            raise for_code(code)(message)


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
    await create_topics(client, topics)


async def _remembered(client: AIOKafkaAdminClient, names: set[str]) -> bool:
    """Whether a service's group still holds an offset in one of the topics; the coordinator drops them by itself."""
    for service in SERVICES:
        offsets = await client.list_consumer_group_offsets(f"tumbuh-{service}")
        if any(place.topic in names and known.offset >= 0 for place, known in offsets.items()):
            return True
    return False
