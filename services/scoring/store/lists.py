"""Reads for lists: keyset pages, sorted by what is in the index."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from shared.postgres.pool import Connection

STATUS: Final = """
SELECT content FROM risk_status WHERE child_id = (SELECT root_id FROM child WHERE child_id = $1) AND NOT voided
"""
CASES: Final = """
SELECT child_id, fact_id, state, content FROM child_case
WHERE (($1::text IS NULL AND state <> 'closed') OR state = $1)
  AND ($2::uuid IS NULL OR (child_id, fact_id) > ($2, $3::uuid))
ORDER BY child_id, fact_id LIMIT $4
"""
FOLLOW_UPS: Final = """
SELECT child_id, fact_id, task, owner_role, due_on, content FROM follow_up
WHERE state = 'open' AND ($1::text IS NULL OR owner_role = $1)
  AND ($2::date IS NULL OR (due_on, child_id, fact_id) > ($2, $3::uuid, $4::uuid))
ORDER BY due_on, child_id, fact_id LIMIT $5
"""


async def status_of(connection: Connection, child_id: UUID) -> dict[str, Any] | None:
    """The status of the child, or of the one it was merged into."""
    content: dict[str, Any] | None = await connection.fetchval(STATUS, child_id)
    return content


async def cases(
    connection: Connection, state: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Cases in order of child and id."""
    last = after or (None, None)
    return [dict(row) for row in await connection.fetch(CASES, state, *last, limit)]


async def follow_ups(
    connection: Connection, owner: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """Open follow-ups, the earliest due date first."""
    last = after or (None, None, None)
    return [dict(row) for row in await connection.fetch(FOLLOW_UPS, owner, *last, limit)]
