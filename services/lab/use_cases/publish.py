"""Events of what was written, in the transaction that wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from shared.contracts.codec import encode
from shared.contracts.fact import Change, Fact
from shared.outbox.append import append
from shared.postgres.pool import Connection
from shared.trace import current_traceparent

FactT = TypeVar("FactT", bound=Fact)


async def publish(connection: Connection, facts: Sequence[Fact]) -> None:
    """Append the state of each fact to the outbox, in the order given."""
    traceparent = current_traceparent()
    await append(connection, [encode(fact, traceparent=traceparent) for fact in facts])


def revised(stored: FactT, change: Change, now: datetime, **values: object) -> FactT:
    """The next revision of a fact whose row is locked; `values` have been checked. Known no earlier than the last."""
    return stored.model_copy(
        update={
            **values,
            "revision": stored.revision + 1,
            "change": change,
            "known_at": max(now.astimezone(UTC), stored.known_at),
        }
    )
