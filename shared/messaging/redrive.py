"""Dead letters: look at them, try them again, discard them; and step over a record that the consumer falls on.

Every function works with the worker's rights while the service runs or not: a letter is locked before it is tried, and
the position row is locked before it is moved, so that a running consumer and an operator never both have a record.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.codec import UndecodableError, decode
from shared.messaging import positions
from shared.messaging.batch import Handler
from shared.messaging.outcomes import is_never
from shared.messaging.records import Dead, RawRecord, Received
from shared.outbox.append import append
from shared.postgres.pool import Connection, Pool

SKIPPED: Final = Dead("skipped_by_operator", "the consumer fell on this record")
MATCHING: Final = """
SELECT topic, partition, record_offset, reason, detail, state, received_at, settled_at, settled_by
FROM dead_letter
WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR reason = $3)
  AND ($4::integer IS NULL OR partition = $4) AND ($5::bigint IS NULL OR record_offset = $5)
ORDER BY topic, partition, record_offset
"""
OPEN_LETTER: Final = """
SELECT key, headers, body FROM dead_letter
WHERE (topic, partition, record_offset) = ($1, $2, $3) AND state = 'open' FOR UPDATE
"""
SETTLE: Final = """
UPDATE dead_letter SET state = $4, settled_by = $5, settled_at = clock_timestamp()
WHERE (topic, partition, record_offset) = ($1, $2, $3) AND state = 'open'
"""


class NotHereError(Exception):
    """The record that was to be skipped is not the one the consumer stands before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; what is left out means any."""

    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one letter: `redriven`, or still open and why."""

    topic: str
    partition: int
    offset: int
    outcome: str


async def letters(pool: Pool, choice: Choice, *, state: str | None = "open") -> list[dict[str, Any]]:
    """The chosen letters in the order of their records, without their content."""
    rows = await pool.fetch(MATCHING, state, choice.topic, choice.reason, choice.partition, choice.offset)
    return [dict(row) for row in rows]


async def redrive(pool: Pool, handler: Handler, choice: Choice, *, by: str) -> list[Tried]:
    """Decode the original bytes of the chosen open letters again and apply each in a transaction of its own.

    A letter that still cannot be applied stays open. An error that is no fault of the letter's is raised; what was
    re-driven before it stays so.
    """
    tried = []
    for row in await letters(pool, choice):
        place = (row["topic"], row["partition"], row["record_offset"])
        tried.append(Tried(*place, await _again(pool, handler, place, by)))
    return tried


async def _again(pool: Pool, handler: Handler, place: tuple[str, int, int], by: str) -> str:
    try:
        async with pool.acquire() as connection, connection.transaction():
            letter = await connection.fetchrow(OPEN_LETTER, *place)
            if letter is None:
                return "settled_meanwhile"
            headers = [(name, base64.b64decode(value)) for name, value in letter["headers"]]
            fact = decode(place[0], letter["key"], headers, letter["body"])
            effect = await handler.apply(connection, [fact])
            if effect.outcomes[0] == "revision_conflict":
                return "revision_conflict"
            await append(connection, effect.messages)
            await connection.execute(SETTLE, *place, "redriven", by)
    except UndecodableError as error:
        return error.code
    except Exception as error:
        if not is_never(error):
            raise
        return f"sqlstate_{getattr(error, 'sqlstate', None)}"
    return "redriven"


async def discard(pool: Pool, choice: Choice, *, by: str) -> int:
    """Settle the chosen open letters for good; how many there were. Their bytes stay, the facts ledger stays honest."""
    count = 0
    for row in await letters(pool, choice):
        done = await pool.execute(SETTLE, row["topic"], row["partition"], row["record_offset"], "discarded", by)
        count += done == "UPDATE 1"
    return count


async def skip(pool: Pool, record: RawRecord, *, by: str) -> None:
    """Step over `record`, the first one that is not accounted for: it becomes an open dead letter.

    NotHereError if the consumer does not stand before it. (Offsets that the broker no longer has may lie between: the
    caller fetched `record` as the first at or after the stored position.)
    """
    async with pool.acquire() as connection, connection.transaction():
        fresh = await positions.lock(connection, [Received(record, None, SKIPPED)])
        if not fresh:
            raise NotHereError(f"{record.topic} {record.partition} is already past {record.offset}")
        await positions.advance(connection, fresh, [Dead(SKIPPED.reason, f"{SKIPPED.detail}; by {by}")])


async def stands_before(connection: Connection, topic: str, partition: int) -> int:
    """The first offset that is not accounted for. NotHereError for a partition never consumed."""
    stored = await positions.load(connection, [(topic, partition)])
    if not stored:
        raise NotHereError(f"{topic} {partition} has not been consumed")
    return stored[topic, partition].next_offset
