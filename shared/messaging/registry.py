"""Topics and access lists exactly as the topic registry says: what is missing is made, what is too much removed.

A service may write the topics it produces, read the topics it consumes, and use consumer groups whose names start
with `tumbuh-<service>`. Nothing else is allowed to anybody but the administrator.

Also a job of its own, for containers: `python -m shared.messaging.registry` as the administrator.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.contracts.topics import SERVICES, TOPICS, Topic
from shared.messaging.kafka import Broker
from shared.setting_groups import Mode

TOPIC_EXISTS: Final = 36
REACHED_WITHIN_SECONDS: Final = 120.0

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


async def apply_registry(
    client: AIOKafkaAdminClient, topics: tuple[Topic, ...] = TOPICS, *, replication: int = 1
) -> None:
    """Make topics and access lists true; repeatable, and quick when nothing is to do."""
    await create_topics(client, topics, replication=replication)
    wanted, there = access_list(topics), await described(client)
    # One after the other would cost a round trip each; the broker orders them anyway.
    await asyncio.gather(
        *(_send(client, CreateAclsRequest(*line)) for line in sorted(wanted - there)),
        *(_send(client, DeleteAclsRequest(*line)) for line in sorted(there - wanted)),
    )


async def create_topics(client: AIOKafkaAdminClient, topics: tuple[Topic, ...], *, replication: int = 1) -> None:
    """Make the topics that are not there. Partition counts of existing ones are fixed at birth and left alone."""
    present = set(await client.list_topics())
    missing = [_new_topic(topic, replication) for topic in topics if topic.name not in present]
    if missing:
        response = await client.create_topics(missing)
        for _, code, *_ in response.topic_errors:
            if code not in {0, TOPIC_EXISTS}:
                raise for_code(code)


def _new_topic(topic: Topic, replication: int) -> NewTopic:
    settings = {"cleanup.policy": topic.cleanup_policy, "retention.ms": str(topic.retention_ms)}
    return NewTopic(topic.name, topic.partitions, replication, topic_configs=settings)


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


async def main() -> int:
    """Apply the registry to the broker that TUMBUH_KAFKA_* name; TUMBUH_KAFKA_REPLICATION is 3 unless stated."""
    try:
        bootstrap, username, password = (
            os.environ[f"TUMBUH_KAFKA_{name}"] for name in ("BOOTSTRAP", "USERNAME", "PASSWORD")
        )
    except KeyError as error:
        sys.stderr.write(f"{error.args[0]} is not set\n")
        return 2
    broker = Broker(bootstrap, username, password, os.environ.get("TUMBUH_MODE") != Mode.LOCAL)
    replication = int(os.environ.get("TUMBUH_KAFKA_REPLICATION", "3"))
    async with asyncio.timeout(REACHED_WITHIN_SECONDS):
        while True:
            client = broker.admin()
            try:
                await client.start()
                await apply_registry(client, replication=replication)
            except (KafkaError, OSError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                await asyncio.sleep(1)
            else:
                return 0
            finally:
                await client.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
