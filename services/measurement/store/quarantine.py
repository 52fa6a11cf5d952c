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
    (quarantine_id, created_at, channel, source, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
SELECT id, $2, channel, source, intake_id, row_number, string_to_array(areas, ','), string_to_array(reasons, ','),
       proposed, wrapped_key, sealed
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::uuid[], $6::integer[], $7::text[], $8::text[], $9::jsonb[],
            $10::bytea[], $11::bytea[])
     AS new(id, channel, source, intake_id, row_number, areas, reasons, proposed, wrapped_key, sealed)
"""


HeldChannel = Literal["api", "file"]
State = Literal["open", "resolved", "discarded"]
AnswerKind = Literal["accepted", "corrected", "rejected"]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One row that is held back. `areas` are the sender's: who covers them may look at it."""

    quarantine_id: UUID
    channel: HeldChannel
    source: str
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
            [row.source for row in rows],
            [row.intake_id for row in rows],
            [row.row_number for row in rows],
            [",".join(row.areas) for row in rows],
            [",".join(row.reasons) for row in rows],
            [row.proposed for row in rows],
            [row.sealed.wrapped_key for row in rows],
            [row.sealed.sealed for row in rows],
        )


@dataclass(frozen=True, slots=True)
class StoredHeldRow:
    """A row that is or was held back, and what was decided."""

    quarantine_id: UUID
    created_at: datetime
    channel: HeldChannel
    source: str
    intake_id: UUID | None
    row_number: int | None
    reasons: tuple[str, ...]
    proposed: dict[str, Any]
    sealed: Sealed
    state: State
    settled_at: datetime | None
    settled_by: str | None
    answer: AnswerKind | None
    reject_reason: str | None
    child_id: UUID | None
    fact_id: UUID | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which held rows to list; None = any."""

    state: State
    channel: HeldChannel | None = None
    reason: str | None = None
    intake_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a held row, and what it became."""

    state: State
    answer: AnswerKind
    by: str
    reject_reason: str | None = None
    child_id: UUID | None = None
    fact_id: UUID | None = None


_SELECT: Final = (
    "SELECT quarantine_id, created_at, channel, source, intake_id, row_number, reasons, proposed, wrapped_key, sealed, "
    "state, settled_at, settled_by, answer, reject_reason, child_id, fact_id FROM quarantine"
)


async def find(connection: Connection, quarantine_id: UUID, *, lock: bool = False) -> StoredHeldRow | None:
    """The held row, if the caller may see it; `lock` keeps others from answering it meanwhile."""
    row = await connection.fetchrow(f"{_SELECT} WHERE quarantine_id = $1{' FOR UPDATE' if lock else ''}", quarantine_id)
    return None if row is None else _stored(row)


async def list_held(connection: Connection, wanted: Wanted, after: UUID | None, limit: int) -> list[StoredHeldRow]:
    """A page in the order they were held back."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE state = $1 AND ($2::text IS NULL OR channel = $2) "
        "AND ($3::text IS NULL OR $3 = ANY(reasons)) AND ($4::uuid IS NULL OR intake_id = $4) "
        "AND ($5::uuid IS NULL OR quarantine_id > $5) ORDER BY quarantine_id LIMIT $6",
        wanted.state,
        wanted.channel,
        wanted.reason,
        wanted.intake_id,
        after,
        limit,
    )
    return [_stored(row) for row in rows]


async def settle(connection: Connection, quarantine_id: UUID, decision: Decision, now: datetime) -> None:
    """Write down what was decided; the caller holds the row."""
    await connection.execute(
        "UPDATE quarantine SET state = $2, answer = $3, settled_by = $4, reject_reason = $5, child_id = $6, "
        "fact_id = $7, settled_at = $8 WHERE quarantine_id = $1",
        quarantine_id,
        decision.state,
        decision.answer,
        decision.by,
        decision.reject_reason,
        decision.child_id,
        decision.fact_id,
        now,
    )


def _stored(row: Any) -> StoredHeldRow:
    fields = dict(row)
    sealed = Sealed(fields.pop("wrapped_key"), fields.pop("sealed"))
    return StoredHeldRow(**{**fields, "reasons": tuple(fields["reasons"]), "sealed": sealed})


async def open_count(connection: Connection) -> int:
    """Rows that wait for somebody."""
    count: int = await connection.fetchval("SELECT count(*) FROM quarantine WHERE state = 'open'")
    return count
