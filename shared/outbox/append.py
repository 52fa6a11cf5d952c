"""Append to the outbox: state and messages commit together, or neither does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import orjson

from shared.contracts.codec import Message
from shared.postgres.pool import Connection


class NoTransactionError(Exception):
    """`append` was called outside a transaction: the message could outlive a state that never was."""


async def append(connection: Connection, messages: Sequence[Message]) -> None:
    """Store `messages` in the open transaction of `connection`.

    One row per topic, not per message: the write budget of a measurement (architecture §6) leaves no room for two row
    writes per event, and the relay sends them in one batch anyway. Order within a topic is kept.
    """
    if not connection.is_in_transaction():
        raise NoTransactionError("open a transaction around the state change and the outbox append")
    by_topic: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_topic[message.topic].append(message)
    for topic, group in sorted(by_topic.items()):
        await connection.execute(
            "INSERT INTO outbox (topic, keys, headers, bodies) VALUES ($1, $2, $3, $4)",
            topic,
            [message.key for message in group],
            [orjson.dumps(message.headers).decode() for message in group],
            [message.body for message in group],
        )
