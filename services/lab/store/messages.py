"""Rows of `inbound_message`: what laboratories sent, less identities, and what they were answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from shared.postgres.pool import Connection

Door = Literal["fhir", "hl7", "csv"]
MessageState = Literal["taken", "partly", "refused"]
FORGOTTEN_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `kept` is what it said less identities, `sha256` is of the bytes as they came.

    `number` is the sender's own, `number_key` the digest that it is known by. `outcomes`: one an observation.
    """

    laboratory_code: str
    message_id: UUID
    door: Door
    received_at: datetime
    sha256: bytes
    state: MessageState
    outcomes: Sequence[dict[str, Any]]
    kept: str
    answer: str
    number: str | None = None
    number_key: bytes | None = None


# Without what a list does not show: the message and the answer may be large.
_LISTED: Final = "laboratory_code, message_id, door, received_at, sha256, state, outcomes::text, number"
_SELECT: Final = f"SELECT {_LISTED}, kept, answer, number_key FROM inbound_message"


async def hold_number(connection: Connection, laboratory_code: str, key: bytes) -> None:
    """Alone with this number until the commit: of two copies of a message the second sees the first's answer."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || encode($2, 'hex'), 2))", laboratory_code, key
    )


async def message_of_number(connection: Connection, laboratory_code: str, key: bytes) -> Message | None:
    """The message that has this number."""
    row = await connection.fetchrow(f"{_SELECT} WHERE (laboratory_code, number_key) = ($1, $2)", laboratory_code, key)
    return None if row is None else _built(row)


async def insert_message(connection: Connection, message: Message, account: str) -> None:
    """Keep the message."""
    await connection.execute(
        "INSERT INTO inbound_message (laboratory_code, message_id, door, received_at, received_by, sha256, kept, "
        "answer, number, number_key, state, outcomes) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::json)",
        message.laboratory_code,
        message.message_id,
        message.door,
        message.received_at,
        account,
        message.sha256,
        message.kept,
        message.answer,
        message.number,
        message.number_key,
        message.state,
        orjson.dumps(list(message.outcomes)).decode(),
    )


async def find_message(connection: Connection, message_id: UUID) -> Message | None:
    """One message; None also where the caller may not see it."""
    row = await connection.fetchrow(f"{_SELECT} WHERE message_id = $1", message_id)
    return None if row is None else _built(row)


async def list_messages(
    connection: Connection, door: Door | None, state: MessageState | None, after: tuple[Any, ...] | None, limit: int
) -> list[Message]:
    """The newest first; `kept` and `answer` are left out."""
    rows = await connection.fetch(
        f"SELECT {_LISTED}, '' AS kept, '' AS answer FROM inbound_message "
        "WHERE ($1::text IS NULL OR door = $1) AND ($2::text IS NULL OR state = $2) "
        "AND ($3::timestamptz IS NULL OR (received_at, message_id) < ($3, $4::uuid)) "
        "ORDER BY received_at DESC, message_id DESC LIMIT $5",
        door,
        state,
        *(after or (None, None)),
        limit,
    )
    return [_built(row) for row in rows]


async def forget_messages(connection: Connection, before: datetime) -> int:
    """Delete messages received before (worker role), so many at once; how many."""
    status = await connection.execute(
        "DELETE FROM inbound_message WHERE (laboratory_code, message_id) IN (SELECT laboratory_code, message_id "
        "FROM inbound_message WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
        before,
        FORGOTTEN_AT_ONCE,
    )
    return int(status.rsplit(" ", 1)[-1])


def _built(row: Any) -> Message:
    return Message(**{**dict(row), "outcomes": orjson.loads(row["outcomes"])})
