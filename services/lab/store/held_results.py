"""Rows of `held_result`: values without a unit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from shared.postgres.pool import Connection

State = Literal["open", "recorded", "discarded"]


@dataclass(frozen=True, slots=True)
class Held:
    """A value that waits for its unit, or what became of it."""

    held_id: UUID
    child_id: UUID
    laboratory_code: str | None
    received_at: datetime
    reported: dict[str, Any]  # as it was sent
    state: State = "open"
    result_id: UUID | None = None
    discard_reason: str | None = None
    settled_at: datetime | None = None
    reason: str | None = None  # code of the problem; None of rows from before it was kept


_SELECT: Final = (
    "SELECT held_id, child_id, laboratory_code, received_at, reported::text, state, result_id, discard_reason, "
    "settled_at, reason FROM held_result"
)


async def insert_held(connection: Connection, held: Sequence[Held], account: str) -> None:
    """Keep those that are not kept yet: the same row sent again is the same held row."""
    ordered = sorted(held, key=lambda each: (each.child_id, each.held_id))
    await connection.executemany(
        "INSERT INTO held_result (child_id, held_id, laboratory_code, received_at, received_by, reported, reason) "
        "VALUES ($1, $2, $3, $4, $5, $6::text::json, $7) ON CONFLICT DO NOTHING",
        [
            (
                each.child_id,
                each.held_id,
                each.laboratory_code,
                each.received_at,
                account,
                _text(each.reported),
                each.reason,
            )
            for each in ordered
        ],
    )


async def lock_held(connection: Connection, held_id: UUID) -> Held | None:
    """The row, alone with it until the commit; None also where the caller may not see it."""
    row = await connection.fetchrow(f"{_SELECT} WHERE held_id = $1 FOR UPDATE", held_id)
    return None if row is None else _built(row)


async def held_of(connection: Connection, keys: Sequence[tuple[UUID, UUID]]) -> list[Held]:
    """Open rows by child and id, locked in the order of their keys; what was settled meanwhile is left out."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE state = 'open' AND (child_id, held_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) "
        "ORDER BY child_id, held_id FOR UPDATE",
        [child_id for child_id, _ in keys],
        [held_id for _, held_id in keys],
    )
    return [_built(row) for row in rows]


async def settle_held(
    connection: Connection, held: Held, state: State, at: datetime, account: str, *, outcome: UUID | str
) -> None:
    """Close a locked row: `outcome` is the result's id, or the reason why there is none."""
    await connection.execute(
        "UPDATE held_result SET state = $3, settled_at = $4, settled_by = $5, result_id = $6, discard_reason = $7 "
        "WHERE (child_id, held_id) = ($1, $2)",
        held.child_id,
        held.held_id,
        state,
        at,
        account,
        outcome if isinstance(outcome, UUID) else None,
        outcome if isinstance(outcome, str) else None,
    )


async def list_held(
    connection: Connection, state: str, after: tuple[Any, ...] | None, limit: int, hidden: Collection[str] = ()
) -> list[Held]:
    """Rows in a state, the longest waiting first; none of the `hidden` tests, nor of one that nobody knows yet."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE state = $1 AND ($2::timestamptz IS NULL OR (received_at, held_id) > ($2, $3::uuid)) "
        "AND reported ->> 'test_code' <> ALL($5::text[]) "
        "AND (reason IS DISTINCT FROM 'unknown_test' OR cardinality($5::text[]) = 0) "
        "ORDER BY received_at, held_id LIMIT $4",
        state,
        *(after or (None, None)),
        limit,
        sorted(hidden),
    )
    return [_built(row) for row in rows]


def _text(reported: dict[str, Any]) -> str:
    return orjson.dumps(reported).decode()


def _built(row: Any) -> Held:
    return Held(**{**dict(row), "reported": orjson.loads(row["reported"])})
