"""The work list: open follow-ups by urgency and due date, with what people wrote to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from shared.contracts.risk import FollowUpV1
from shared.postgres.pool import Connection

# `area` is a code of any level: a desa lies in it, or the posyandu is it. How urgent a task is says the rule set.
LIST: Final = """
SELECT f.child_id, f.fact_id, f.due_on, u.urgency, f.content::text, c.desa_code, c.posyandu_code
FROM unnest($1::text[], $2::integer[]) AS u (task, urgency)
JOIN follow_up f ON f.task = u.task
JOIN child c ON c.child_id = f.child_id
WHERE f.state = 'open'
  AND ($3::text IS NULL OR f.owner_role = $3)
  AND ($4::text IS NULL OR c.posyandu_code = $4 OR (c.desa_code >= $4 AND c.desa_code < $4 || '/'))
  AND ($5::date IS NULL OR f.due_on < $5)
  AND ($6::date IS NULL OR f.due_on >= $6)
  AND ($7::integer IS NULL OR (u.urgency, f.due_on, f.child_id, f.fact_id) > ($7, $8::date, $9::uuid, $10::uuid))
ORDER BY u.urgency, f.due_on, f.child_id, f.fact_id LIMIT $11
"""
ONE: Final = """
SELECT f.child_id, f.fact_id, f.due_on, f.content::text, c.desa_code, c.posyandu_code
FROM follow_up f JOIN child c ON c.child_id = f.child_id WHERE f.fact_id = $1
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks: of an owner role, of an area, due before (exclusive) and from a day. None = all."""

    owner: str | None = None
    area: str | None = None
    due_before: date | None = None
    due_from: date | None = None


@dataclass(frozen=True, slots=True)
class ListedTask:
    """A task and where its child lives now."""

    task: FollowUpV1
    desa_code: str | None
    posyandu_code: str | None


async def list_follow_ups(
    connection: Connection, urgency: Mapping[str, int], wanted: Wanted, after: tuple[Any, ...] | None, limit: int
) -> list[ListedTask]:
    """Open tasks within the caller's areas: the most urgent first, of these the one due longest ago.

    `urgency`: of every task, 1 = first; `after`: urgency, due date, child and id of the last one shown.
    """
    last = after or (None, None, None, None)
    filters = (wanted.owner, wanted.area, wanted.due_before, wanted.due_from)
    rows = await connection.fetch(LIST, list(urgency), list(urgency.values()), *filters, *last, limit)
    return [_listed(row) for row in rows]


async def find_follow_up(connection: Connection, follow_up_id: UUID) -> ListedTask | None:
    """The task in any state; None also where the caller may not see it."""
    row = await connection.fetchrow(ONE, follow_up_id)
    return None if row is None else _listed(row)


def _listed(row: Record) -> ListedTask:
    return ListedTask(FollowUpV1.read(row["content"]), row["desa_code"], row["posyandu_code"])
