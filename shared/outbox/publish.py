"""Events of what was written, in the transaction that wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.codec import encode
from shared.contracts.fact import Fact
from shared.outbox.append import append
from shared.postgres.pool import Connection
from shared.trace import current_traceparent


async def publish(connection: Connection, facts: Sequence[Fact]) -> None:
    """Append the state of each fact to the outbox, in the order given; on the trace of the step under way."""
    traceparent = current_traceparent()
    await append(connection, [encode(fact, traceparent=traceparent) for fact in facts])
