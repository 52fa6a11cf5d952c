"""Case sheets, their revisions, and the lists of a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Record

from services.scoring.domain.case_audit import AuditFinding, Recommendation, Sheet, TookPart
from shared.postgres.pool import Connection

COLUMNS: Final = "child_id, audit_id, case_id, cycle, revision, sheet::text AS sheet, changed_by, changed_at"
LIST: Final = f"""
SELECT {COLUMNS} FROM case_audit a
WHERE ($1::text IS NULL OR cycle = $1) AND ($2::uuid IS NULL OR audit_id > $2)
  AND (NOT $3 OR EXISTS (
      SELECT FROM jsonb_array_elements(a.sheet -> 'recommendations') AS r (one)
      WHERE r.one ->> 'state' = 'open' AND (r.one ->> 'due_on')::date < $4))
ORDER BY audit_id LIMIT $5
"""
INSERT: Final = """
INSERT INTO case_audit (child_id, audit_id, case_id, cycle, revision, sheet, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8)
"""
UPDATE: Final = """
UPDATE case_audit SET cycle = $4, revision = $5, sheet = $6::text::jsonb, changed_by = $7, changed_at = $8
WHERE child_id = $1 AND audit_id = $2 AND case_id = $3
"""
KEEP: Final = """
INSERT INTO case_audit_revision (child_id, audit_id, revision, sheet, changed_by, changed_at)
VALUES ($1, $2, $3, $4::text::jsonb, $5, $6)
"""


@dataclass(frozen=True, slots=True)
class CaseAudit:
    """One sheet as it is stored."""

    child_id: UUID
    audit_id: UUID
    case_id: UUID
    revision: int
    sheet: Sheet
    changed_by: str
    changed_at: datetime


async def write(connection: Connection, audit: CaseAudit) -> None:
    """Store a sheet at its revision, and that revision for ever. UniqueViolationError: the case has one that cycle."""
    text = orjson.dumps(audit.sheet).decode()
    await connection.execute(
        INSERT if audit.revision == 1 else UPDATE,
        *(audit.child_id, audit.audit_id, audit.case_id, audit.sheet.cycle, audit.revision, text),
        *(audit.changed_by, audit.changed_at),
    )
    await connection.execute(
        KEEP, audit.child_id, audit.audit_id, audit.revision, text, audit.changed_by, audit.changed_at
    )


async def find(connection: Connection, audit_id: UUID, *, lock: bool = False) -> CaseAudit | None:
    """The sheet; None also where the caller may not see it."""
    query = f"SELECT {COLUMNS} FROM case_audit WHERE audit_id = $1"
    row = await connection.fetchrow(f"{query} FOR UPDATE" if lock else query, audit_id)
    return None if row is None else _audit(row)


async def of_cycle(
    connection: Connection, cycle: str | None, after: UUID | None, overdue_on: date | None, limit: int
) -> list[CaseAudit]:
    """Sheets in the order of their ids; with `overdue_on` those with a recommendation overdue that day."""
    rows = await connection.fetch(LIST, cycle, after, overdue_on is not None, overdue_on, limit)
    return [_audit(row) for row in rows]


async def history(connection: Connection, audit_id: UUID) -> list[dict[str, Any]]:
    """Every state of a sheet with who made it and when, the oldest first."""
    rows = await connection.fetch(
        "SELECT revision, changed_by, changed_at, sheet::text AS sheet FROM case_audit_revision "
        "WHERE audit_id = $1 ORDER BY revision",
        audit_id,
    )
    return [{**dict(row), "sheet": orjson.loads(row["sheet"])} for row in rows]


def _audit(row: Record) -> CaseAudit:
    return CaseAudit(
        row["child_id"],
        row["audit_id"],
        row["case_id"],
        row["revision"],
        _sheet(orjson.loads(row["sheet"])),
        row["changed_by"],
        row["changed_at"],
    )


def _sheet(stored: dict[str, Any]) -> Sheet:
    return Sheet(
        held_on=date.fromisoformat(stored["held_on"]),
        participants=tuple(TookPart(**each) for each in stored["participants"]),
        findings=tuple(AuditFinding(**each) for each in stored["findings"]),
        causes=tuple(stored["causes"]),
        recommendations=tuple(
            Recommendation(**{**each, "due_on": _day(each["due_on"]), "ended_on": _day(each["ended_on"])})
            for each in stored["recommendations"]
        ),
    )


def _day(text: str | None) -> Any:
    return None if text is None else date.fromisoformat(text)
