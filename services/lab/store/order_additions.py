"""Rows of `order_addition`: tests that a person asked for beyond what the case requires."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Addition:
    """One test, and why: `sign` is a code of the panels, `reason_text` somebody's words."""

    child_id: UUID
    order_id: UUID
    orderable: str
    sign: str | None
    reason_text: str | None
    added_by: str
    added_at: datetime


async def read_additions(connection: Connection, order_ids: Collection[UUID]) -> dict[UUID, list[Addition]]:
    """By order, in the order they were asked for."""
    rows = await connection.fetch(
        "SELECT child_id, order_id, orderable, sign, reason_text, added_by, added_at FROM order_addition "
        "WHERE order_id = ANY($1::uuid[]) ORDER BY added_at, orderable",
        sorted(order_ids),
    )
    found: dict[UUID, list[Addition]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(Addition(*row))
    return found


async def insert_additions(connection: Connection, additions: Sequence[Addition]) -> None:
    """Keep those that are not asked for yet: the first reason stays."""
    await connection.executemany(
        "INSERT INTO order_addition (child_id, order_id, orderable, sign, reason_text, added_by, added_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        [
            (each.child_id, each.order_id, each.orderable, each.sign, each.reason_text, each.added_by, each.added_at)
            for each in additions
        ],
    )
