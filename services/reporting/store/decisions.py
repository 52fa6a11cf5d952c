"""Decisions of the TPPS, their revisions, and the list of what is due."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.reporting.domain.decisions import Decision, Evidence
from shared.postgres.pool import Connection

_NAMES: Final = (
    "area_code, decision_id, revision, owner_code, met_on, due_on, state, decided, reason, evidence, changed_by, "
    "changed_at"
)
_VALUES: Final = "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_WRITE: Final = f"""
INSERT INTO decision ({_NAMES}) {_VALUES} ON CONFLICT (area_code, decision_id) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES.split(", ")[2:])}
"""
_LIST: Final = f"""
SELECT {_NAMES} FROM decision
WHERE ($1::text IS NULL OR area_code = $1 OR starts_with(area_code, $1 || '.'))
  AND ($2::text IS NULL OR owner_code = $2)
  AND ($3::text IS NULL OR state = $3) AND ($4::date IS NULL OR due_on < $4)
  AND ($5::date IS NULL OR (due_on < $5 AND state IN ('open', 'in_progress')))
  AND ($6::boolean IS NULL OR $6 = (state IN ('done', 'dropped')))
  AND ($7::date IS NULL OR (due_on, decision_id) > ($7, $8::uuid))
ORDER BY due_on, decision_id LIMIT $9
"""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One decision as it is stored."""

    decision_id: UUID
    revision: int
    decision: Decision
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions: of an area and below, of an office, in a state, due before a day, overdue on a day, ended."""

    area_code: str | None = None
    owner: str | None = None
    state: str | None = None
    due_before: date | None = None
    overdue_on: date | None = None
    ended: bool | None = None


async def write_decision(connection: Connection, stored: StoredDecision) -> None:
    """Store a decision at its revision, and that revision for ever."""
    one = stored.decision
    row = (
        *(one.area_code, stored.decision_id, stored.revision, one.owner, one.met_on, one.due_on, one.state, one.text),
        *(one.reason, [asdict(each) for each in one.evidence], stored.changed_by, stored.changed_at),
    )
    await connection.execute(_WRITE, *row)
    await connection.execute(f"INSERT INTO decision_revision ({_NAMES}) {_VALUES}", *row)


async def find_decision(connection: Connection, decision_id: UUID, *, lock: bool = False) -> StoredDecision | None:
    """The decision; None also where the caller may not see it."""
    query = f"SELECT {_NAMES} FROM decision WHERE decision_id = $1"
    row = await connection.fetchrow(f"{query} FOR UPDATE" if lock else query, decision_id)
    return None if row is None else _stored(row)


async def list_decisions(
    connection: Connection, wanted: Wanted, after: tuple[date, UUID] | None, limit: int
) -> list[StoredDecision]:
    """What is due first comes first."""
    conditions = (wanted.area_code, wanted.owner, wanted.state, wanted.due_before, wanted.overdue_on, wanted.ended)
    rows = await connection.fetch(_LIST, *conditions, *(after or (None, None)), limit)
    return [_stored(row) for row in rows]


async def decision_history(connection: Connection, decision_id: UUID) -> list[StoredDecision]:
    """Every state of a decision, the oldest first."""
    rows = await connection.fetch(
        f"SELECT {_NAMES} FROM decision_revision WHERE decision_id = $1 ORDER BY revision", decision_id
    )
    return [_stored(row) for row in rows]


def _stored(row: asyncpg.Record) -> StoredDecision:
    evidence: list[dict[str, Any]] = row["evidence"]
    decision = Decision(
        area_code=row["area_code"],
        text=row["decided"],
        owner=row["owner_code"],
        met_on=row["met_on"],
        due_on=row["due_on"],
        state=row["state"],
        reason=row["reason"],
        evidence=tuple(Evidence(**each) for each in evidence),
    )
    return StoredDecision(
        UUID(str(row["decision_id"])), row["revision"], decision, row["changed_by"], row["changed_at"]
    )
