"""Rows of `order_cancellation`: tests of an order that a person called off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.lab.domain.orders import CancelReason
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One test, why and by whom; ended where somebody asked for it again."""

    child_id: UUID
    order_id: UUID
    orderable: str
    reason: CancelReason
    reason_text: str | None
    cancelled_by: str
    cancelled_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None


async def read_cancellations(connection: Connection, order_ids: Collection[UUID]) -> dict[UUID, list[Cancellation]]:
    """By order, in the order they were said; ended ones, too."""
    rows = await connection.fetch(
        "SELECT child_id, order_id, orderable, reason, reason_text, cancelled_by, cancelled_at, ended_by, ended_at "
        "FROM order_cancellation WHERE order_id = ANY($1::uuid[]) ORDER BY cancelled_at, orderable",
        sorted(order_ids),
    )
    found: dict[UUID, list[Cancellation]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(Cancellation(*row))
    return found


async def insert_cancellation(connection: Connection, said: Cancellation) -> None:
    """Keep it; what stands already stays as it was said first."""
    await connection.execute(
        "INSERT INTO order_cancellation (child_id, order_id, orderable, reason, reason_text, cancelled_by, "
        "cancelled_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        *(said.child_id, said.order_id, said.orderable, said.reason, said.reason_text),
        *(said.cancelled_by, said.cancelled_at),
    )


async def end_cancellations(
    connection: Connection, order_id: UUID, orderables: Collection[str], by: str, at: datetime
) -> int:
    """These tests are asked for again; how many were called off."""
    done = await connection.execute(
        "UPDATE order_cancellation SET ended_by = $3, ended_at = $4 "
        "WHERE order_id = $1 AND orderable = ANY($2::text[]) AND ended_at IS NULL",
        *(order_id, sorted(orderables), by, at),
    )
    return int(done.rpartition(" ")[2])
