"""One batch, one transaction: the fixed order that makes effects exact.

(1) positions locked, (2) the service's handler: stubs and locks, merge, fold, compare, outbox, cells last,
(3) positions advanced and dead letters stored, all in the same transaction. The Kafka offset is committed after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from shared.contracts.codec import Message
from shared.contracts.fact import Fact
from shared.messaging import positions
from shared.messaging.crash_points import AFTER_DATABASE_COMMIT, INSIDE_BISECT, crash_point
from shared.messaging.outcomes import is_never
from shared.messaging.records import Dead, Received
from shared.outbox.append import append
from shared.postgres.pool import Connection, Pool

# Header of a record → header of what it caused.
CARRIED_ON: Final = {"ce_id": "ce_causationid", "traceparent": "traceparent"}
Applied = Literal["applied", "not_newer", "revision_conflict"]


@dataclass(slots=True)
class Effect:
    """What a handler did with a batch: one outcome per fact, and what is to be published."""

    outcomes: Sequence[Applied]
    messages: list[Message] = field(default_factory=list)


class Handler(Protocol):
    """A service's use of a batch: inside the open transaction, children locked before merging, nothing committed."""

    @property
    def kinds(self) -> frozenset[str]:
        """The event kinds that this service holds; the others of its topics are passed by, counted as not newer."""
        ...

    async def apply(self, connection: Connection, facts: Sequence[Fact]) -> Effect:
        """Merge `facts` (any kinds, in partition order), fold what they touch; outcomes in input order."""
        ...


@dataclass(slots=True)
class Counts:
    """What became of a batch's records."""

    applied: int = 0
    not_newer: int = 0
    dead: int = 0
    published: int = 0
    reasons: list[tuple[Received, Dead]] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Both halves of a bisected batch."""
        self.applied += other.applied
        self.not_newer += other.not_newer
        self.dead += other.dead
        self.published += other.published
        self.reasons += other.reasons


async def process(pool: Pool, handler: Handler, batch: Sequence[Received]) -> Counts:
    """Apply `batch` (sorted by topic, partition, offset).

    A SQLSTATE of class 22 or 23 cuts the batch in two until the record that causes it stands alone: that one is dead.
    Every other error leaves this function with nothing stored.
    """
    if not batch:
        return Counts()
    try:
        return await _transaction(pool, handler, batch)
    except Exception as error:
        if not is_never(error):
            raise
        if len(batch) == 1:
            code = getattr(error, "sqlstate", None) or "data"
            constraint = getattr(error, "constraint_name", None) or type(error).__name__
            poisoned = Received(batch[0].raw, None, Dead(f"sqlstate_{code}", constraint))
            return await _transaction(pool, handler, [poisoned])
    middle = len(batch) // 2
    counts = await process(pool, handler, batch[:middle])
    crash_point(INSIDE_BISECT)
    counts.add(await process(pool, handler, batch[middle:]))
    return counts


async def _transaction(pool: Pool, handler: Handler, batch: Sequence[Received]) -> Counts:
    counts = Counts()
    async with pool.acquire() as connection, connection.transaction():
        fresh = await positions.lock(connection, batch)
        if not fresh:
            return counts
        living = [record.fact for record in fresh if record.fact is not None]
        effect = await handler.apply(connection, living) if living else Effect([])
        if len(effect.outcomes) != len(living):
            raise RuntimeError("the handler lost count of its facts")
        outcomes = _outcomes(fresh, effect, counts)
        if effect.messages:
            await append(connection, caused(effect.messages, fresh))
        await positions.advance(connection, fresh, outcomes)
        counts.published = len(effect.messages)
    crash_point(AFTER_DATABASE_COMMIT)
    return counts


def caused(messages: Sequence[Message], records: Sequence[Received]) -> list[Message]:
    """Each message with the event that caused it, the last record of the batch with its key, and that event's trace."""
    headers_of = {record.raw.key: record.raw.headers for record in records if record.raw.key is not None}
    carried = {
        _text(key): tuple((CARRIED_ON[name], _text(value)) for name, value in headers if name in CARRIED_ON)
        for key, headers in headers_of.items()
    }
    return [
        message._replace(headers=message.headers + carried[message.key]) if message.key in carried else message
        for message in messages
    ]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _outcomes(batch: Sequence[Received], effect: Effect, counts: Counts) -> list[str | Dead]:
    outcomes: list[str | Dead] = []
    handled = iter(effect.outcomes)
    for record in batch:
        outcome: str | Dead | None = record.dead if record.fact is None else next(handled)
        if outcome == "revision_conflict":
            outcome = Dead("revision_conflict", "the same epoch and revision is stored with other content")
        if isinstance(outcome, Dead):
            counts.dead += 1
            counts.reasons.append((record, outcome))
        elif outcome == "applied":
            counts.applied += 1
        else:
            outcome = positions.NOT_NEWER
            counts.not_newer += 1
        outcomes.append(outcome)
    return outcomes
