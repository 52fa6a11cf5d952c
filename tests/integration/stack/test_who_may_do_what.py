"""The local broker and database refuse what production refuses."""

from __future__ import annotations

import asyncio
import struct

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from deploy.local import kafka_access
from deploy.local.ports import KAFKA_CONTROLLER_PORT, LOOPBACK
from deploy.local.secret_store import KAFKA_ADMIN
from deploy.local.stack import Stack
from shared.contracts.topics import LAB, MEASUREMENT, SERVICES, TOPICS, Topic
from shared.messaging import registry
from shared.postgres.pool import connect

DESCRIBE_CLUSTER = 60  # key of the request in the Kafka protocol
WRONG = "not the password"
pytestmark = pytest.mark.usefixtures("topics")


async def _write(stack: Stack, account: str, topic: str) -> None:
    settings = kafka_access.credentials(stack.bootstrap, account, stack.secrets.kafka[account])
    producer = AIOKafkaProducer(**settings, acks="all")
    try:
        await producer.start()
        await asyncio.wait_for(producer.send_and_wait(topic, b"{}", key=b"k"), 10)
    finally:
        await producer.stop()


async def _use(stack: Stack, account: str, topic: str, group: str) -> None:
    """Read one partition and commit: both the topic's and the group's right are needed."""
    consumer = stack.broker(account).consumer(group)
    place = TopicPartition(topic, 0)
    try:
        await consumer.start()
        consumer.assign([place])
        consumer.seek(place, 0)
        await asyncio.wait_for(consumer.getmany(timeout_ms=100), 10)
        await asyncio.wait_for(consumer.commit({place: 0}), 10)
    finally:
        await consumer.stop()


async def _visible(stack: Stack, account: str) -> set[str]:
    """The registry's topics that `account` may as much as describe, which reading and writing include."""
    client = AIOKafkaAdminClient(**kafka_access.credentials(stack.bootstrap, account, stack.secrets.kafka[account]))
    try:
        await client.start()
        described = await client.describe_topics([topic.name for topic in TOPICS])
    finally:
        await client.close()
    return {topic["topic"] for topic in described if topic["error_code"] == 0}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
async def test_only_the_producer_of_a_topic_may_write_it(stack: Stack, topic: Topic) -> None:
    await _write(stack, topic.producer, topic.name)
    for other in set(SERVICES) - {topic.producer}:
        with pytest.raises(TopicAuthorizationFailedError):
            await _write(stack, other, topic.name)


async def test_a_service_that_produces_nothing_gets_no_producer_id(stack: Stack) -> None:
    producer = stack.broker("reporting").producer()
    with pytest.raises(ClusterAuthorizationFailedError):
        await producer.start()
    await producer.stop()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sees_the_topics_it_writes_or_reads_and_no_other(stack: Stack, service: str) -> None:
    own = {topic.name for topic in TOPICS if service == topic.producer or service in topic.consumers}
    assert await _visible(stack, service) == own


async def test_a_consumer_reads_its_topics_with_its_own_group(stack: Stack) -> None:
    await _use(stack, "lab", MEASUREMENT.name, "tumbuh-lab")


async def test_a_service_may_not_use_the_group_of_another(stack: Stack) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await _use(stack, "lab", MEASUREMENT.name, "tumbuh-scoring")


async def test_nobody_is_anonymous_at_the_broker(stack: Stack) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap, request_timeout_ms=2000)
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


async def test_nobody_is_anonymous_at_the_controller(stack: Stack) -> None:
    """A controller that let us in would describe itself; one that wants a login first hangs up."""
    reader, writer = await asyncio.open_connection(LOOPBACK, stack.ports[KAFKA_CONTROLLER_PORT])
    try:
        header = struct.pack(">hhih", DESCRIBE_CLUSTER, 1, 7, -1) + b"\0"  # key, version, correlation, no client id
        body = struct.pack(">bb", 0, 2) + b"\0"  # no authorized operations, endpoints of controllers
        writer.write(struct.pack(">i", len(header + body)) + header + body)
        assert await asyncio.wait_for(reader.read(4), 10) == b""
    finally:
        writer.close()


async def test_a_wrong_password_is_refused_by_the_broker(stack: Stack) -> None:
    settings = kafka_access.credentials(stack.bootstrap, "lab", WRONG)
    producer = AIOKafkaProducer(**settings, request_timeout_ms=2000)
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


async def test_the_access_list_is_the_registry_and_nothing_else(stack: Stack) -> None:
    async with kafka_access.admin(stack.bootstrap, stack.secrets.kafka[KAFKA_ADMIN]) as client:
        assert await registry.described(client) == registry.access_list()


async def test_access_that_the_registry_no_longer_gives_is_taken_away(stack: Stack) -> None:
    generous = Topic(
        name=LAB.name,
        purpose="",
        kinds=(),
        producer="lab",
        consumers=("measurement", "scoring", "reporting"),
        partitions=LAB.partitions,
        cleanup_policy="delete",
        retention_ms=-1,
    )
    async with kafka_access.admin(stack.bootstrap, stack.secrets.kafka[KAFKA_ADMIN]) as client:
        await registry.apply_registry(client, (generous, *(topic for topic in TOPICS if topic is not LAB)))
        assert LAB.name in await _visible(stack, "measurement")
        await registry.apply_registry(client)
    assert LAB.name not in await _visible(stack, "measurement")


async def test_a_role_may_not_look_into_another_services_schema(database: Stack) -> None:
    owner = await connect(database.address("lab_owner"))
    worker = await connect(database.address("scoring_worker"))
    try:
        await owner.execute("CREATE TABLE lab.secret (id integer)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.fetch("SELECT * FROM lab.secret")
    finally:
        await owner.close()
        await worker.close()


async def test_a_wrong_password_is_refused_by_the_database(database: Stack) -> None:
    address = database.address("lab_worker")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=address.host, port=address.port, user=address.user, password=WRONG, database=database.database
        )
