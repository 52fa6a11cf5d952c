"""Whose family a row of a file speaks of, and the rows that speak of nobody we know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

_SURVIVORS: Final = (
    "SELECT i.nik_key, coalesce(c.merged_into, c.child_id) AS child_id FROM child_identity i "
    "JOIN child c ON c.child_id = i.child_id WHERE i.nik_key = ANY($1::bytea[]) AND NOT c.voided"
)
_OPEN: Final = (
    "SELECT held_id, created_at, source, line, reason, wrapped_key, sealed, state, child_id FROM household_row"
)


class HeldHousehold(NamedTuple):
    """A row that waits for a person; `sealed` is the row as it came."""

    held_id: UUID
    line: int
    reason: str
    sealed: Sealed


class StoredHousehold(NamedTuple):
    """The same as it is stored."""

    held_id: UUID
    created_at: datetime
    source: str
    line: int
    reason: str
    sealed: Sealed
    state: str
    child_id: UUID | None


async def children_by_nik(connection: Connection, nik_keys: Sequence[bytes]) -> dict[bytes, set[UUID]]:
    """Children (of merged ones the survivor) with these numbers, as far as the caller may see them."""
    found: dict[bytes, set[UUID]] = {}
    for row in await connection.fetch(_SURVIVORS, list(nik_keys)):
        found.setdefault(row["nik_key"], set()).add(row["child_id"])
    return found


async def hold(
    connection: Connection, rows: Sequence[HeldHousehold], areas: Sequence[str], source: str, now: datetime
) -> None:
    """Keep rows for a person of the sender's areas."""
    if rows:
        await connection.execute(
            "INSERT INTO household_row (held_id, created_at, source, areas, line, reason, wrapped_key, sealed) "
            "SELECT id, $2, $3, $4::text[], line, reason, key, sealed "
            "FROM unnest($1::uuid[], $5::integer[], $6::text[], $7::bytea[], $8::bytea[]) "
            "AS new(id, line, reason, key, sealed)",
            [row.held_id for row in rows],
            now,
            source,
            list(areas),
            [row.line for row in rows],
            [row.reason for row in rows],
            [row.sealed.wrapped_key for row in rows],
            [row.sealed.sealed for row in rows],
        )


async def list_held(connection: Connection, after: UUID | None, limit: int) -> list[StoredHousehold]:
    """Open rows, the oldest first."""
    rows = await connection.fetch(
        f"{_OPEN} WHERE state = 'open' AND ($1::uuid IS NULL OR held_id > $1) ORDER BY held_id LIMIT $2", after, limit
    )
    return [_stored(row) for row in rows]


async def lock_held(connection: Connection, held_id: UUID) -> StoredHousehold | None:
    """The row, held against a second answer; None where it is not the caller's to see."""
    row = await connection.fetchrow(f"{_OPEN} WHERE held_id = $1 FOR UPDATE", held_id)
    return None if row is None else _stored(row)


async def settle(
    connection: Connection,
    held_id: UUID,
    state: Literal["taken", "discarded"],
    child_id: UUID | None,
    by: str,
    now: datetime,
) -> None:
    """What a person decided of a locked row."""
    await connection.execute(
        "UPDATE household_row SET state = $2, child_id = $3, settled_by = $4, settled_at = $5 WHERE held_id = $1",
        held_id,
        state,
        child_id,
        by,
        now,
    )


def _stored(row: Any) -> StoredHousehold:
    return StoredHousehold(
        row["held_id"],
        row["created_at"],
        row["source"],
        row["line"],
        row["reason"],
        Sealed(row["wrapped_key"], row["sealed"]),
        row["state"],
        row["child_id"],
    )
