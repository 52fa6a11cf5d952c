"""The intake ledger: what was received and what became of it, one row a batch or chunk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.postgres.pool import Connection

Channel = Literal["api", "batch", "file"]


@dataclass(frozen=True, slots=True)
class IntakeCount:
    """`received = accepted + unchanged + rejected + quarantined + pending`, each counted by itself.

    Corrected rows are accepted, repeated rows unchanged, blank rows are none. A term may be negative where rows leave
    a state: a chunk of a file takes its rows out of `pending`.
    """

    received: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    quarantined: int = 0
    pending: int = 0


async def add(connection: Connection, channel: Channel, count: IntakeCount, now: datetime) -> None:
    """Append a count, in the transaction of what it counts."""
    await connection.execute(
        "INSERT INTO intake_count (counted_at, channel, received, accepted, unchanged, rejected, quarantined, pending) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        now,
        channel,
        count.received,
        count.accepted,
        count.unchanged,
        count.rejected,
        count.quarantined,
        count.pending,
    )


async def totals(connection: Connection, day: date | None = None) -> dict[str, int]:
    """The terms added up, of one Jakarta day or of all time."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(received), 0) AS received, coalesce(sum(accepted), 0) AS accepted, "
        "coalesce(sum(unchanged), 0) AS unchanged, coalesce(sum(rejected), 0) AS rejected, "
        "coalesce(sum(quarantined), 0) AS quarantined, coalesce(sum(pending), 0) AS pending FROM intake_count "
        "WHERE $1::date IS NULL OR (counted_at AT TIME ZONE 'Asia/Jakarta')::date = $1",
        day,
    )
    return {name: int(value) for name, value in row.items()} if row is not None else {}


async def pending_of(connection: Connection, intake_id: UUID) -> int:
    """Rows of a committed file that its job has not come to (worker)."""
    pending: int | None = await connection.fetchval(
        'SELECT rows - done FROM job WHERE job_id = $1 AND payload = \'{"phase": "commit"}\' AND done > 0', intake_id
    )
    return pending or 0
