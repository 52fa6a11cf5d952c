"""Rows kept for a person: why, what was probably meant, and the row itself, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from services.measurement.store.vault import Sealed
from shared.postgres.pool import Connection

# `unnest` cannot carry an array per row, so lists travel as text; no code holds a comma.
_HOLD: Final = """
INSERT INTO quarantine
    (quarantine_id, created_at, channel, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
SELECT id, $2, channel, intake_id, row_number, string_to_array(areas, ','), string_to_array(reasons, ','), proposed,
       wrapped_key, sealed
FROM unnest($1::uuid[], $3::text[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::jsonb[], $9::bytea[],
            $10::bytea[])
     AS new(id, channel, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
"""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One row that is held back. `areas` are the sender's: who covers them may look at it."""

    quarantine_id: UUID
    channel: Literal["api", "file"]
    areas: tuple[str, ...]
    reasons: tuple[str, ...]
    sealed: Sealed
    proposed: dict[str, Any] = field(default_factory=dict)
    intake_id: UUID | None = None
    row_number: int | None = None


async def hold(connection: Connection, rows: Sequence[HeldRow], now: datetime) -> None:
    """Store rows that are held back."""
    if rows:
        await connection.execute(
            _HOLD,
            [row.quarantine_id for row in rows],
            now,
            [row.channel for row in rows],
            [row.intake_id for row in rows],
            [row.row_number for row in rows],
            [",".join(row.areas) for row in rows],
            [",".join(row.reasons) for row in rows],
            [row.proposed for row in rows],
            [row.sealed.wrapped_key for row in rows],
            [row.sealed.sealed for row in rows],
        )


async def open_count(connection: Connection) -> int:
    """Rows that wait for somebody."""
    count: int = await connection.fetchval("SELECT count(*) FROM quarantine WHERE state = 'open'")
    return count
