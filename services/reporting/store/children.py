"""Lists of children of an area: ids and judgements, never an identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.store.generations import LIVE
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection

# Children who live in the area now, are under five and counted; each with its newest status and month. `known_before`
# ($3) looks back: the status and month as known then, of the children who live here now. History goes with the child.
_PRESENT: Final = f"""
SELECT child.child_id, child.sex, child.birth_date, child.desa_code, child.posyandu_code,
       coalesce(status.tier, 'unknown') AS tier, coalesce(status.priority, false) AS priority,
       coalesce(status.reasons_count, 0) AS reasons, month.measured_on, month.haz, month.waz, month.whz, month.baz
FROM child
LEFT JOIN LATERAL (
    SELECT tier, priority, reasons_count, voided FROM risk_status_fact AS fact
    WHERE fact.child_id = child.child_id AND ($3::timestamptz IS NULL OR known_at < $3)
    ORDER BY epoch DESC, revision DESC LIMIT 1
) AS status ON NOT status.voided
LEFT JOIN LATERAL (
    SELECT measured_on, haz, waz, whz, baz FROM child_month
    WHERE generation = {LIVE} AND root_id = child.child_id
      AND (($3::timestamptz IS NULL AND known_to IS NULL)
           OR (known_from < $3 AND (known_to IS NULL OR known_to >= $3)))
    ORDER BY month DESC LIMIT 1
) AS month ON true
WHERE {{where}} AND counted AND birth_date > $4 AND ($5::text IS NULL OR coalesce(status.tier, 'unknown') = $5)
  AND ($6::uuid IS NULL OR child.child_id > $6)
ORDER BY child.child_id LIMIT $7
"""
# Children who counted in the area in a month, and who still live where the caller may look.
_OF_MONTH: Final = f"""
SELECT root_id AS child_id, month.sex, child.birth_date, month.desa_code, month.posyandu_code, tier,
       NULL AS priority, NULL AS reasons, measured_on, haz, waz, whz, baz
FROM (
    SELECT * FROM child_month WHERE generation = {LIVE} AND month = $8 AND {{where}}
      AND (($3::timestamptz IS NULL AND known_to IS NULL)
           OR (known_from < $3 AND (known_to IS NULL OR known_to >= $3)))
) AS month JOIN child ON child.child_id = root_id
WHERE $4::date IS NOT NULL AND ($5::text IS NULL OR tier = $5) AND ($6::uuid IS NULL OR root_id > $6)
ORDER BY root_id LIMIT $7
"""

# The first to look at among those suspected in a month: urgent, then by day measured. Results as the cascade counts.
_SUSPECTED: Final = f"""
SELECT root_id AS child_id, month.age_months, tier,
       CASE WHEN marks & {MARK_BITS["lab_complete"]} <> 0 THEN 'complete'
            WHEN marks & {MARK_BITS["lab_ordered"]} <> 0 THEN 'awaited' ELSE 'none' END AS results
FROM (
    SELECT * FROM child_month WHERE generation = {LIVE} AND month = $3 AND known_to IS NULL AND {{where}}
      AND marks & {MARK_BITS["suspected"]} <> 0
) AS month JOIN child ON child.child_id = root_id
ORDER BY tier = 'urgent' DESC, measured_on DESC, root_id LIMIT $4
"""


async def list_children(
    connection: Connection,
    where: Where,
    *,
    tier: str | None,
    born_after: date,
    month: date | None,
    known_before: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Up to `limit` children by id: who lives there now, or (`month`) who counted there in that month."""
    arguments = (where.first, where.second, known_before, born_after, tier, after, limit)
    if month is None:
        rows = await connection.fetch(_PRESENT.format(where=where.condition), *arguments)
    else:
        rows = await connection.fetch(_OF_MONTH.format(where=where.condition), *arguments, month)
    return [dict(row) for row in rows]


async def list_suspected(connection: Connection, where: Where, month: date, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` children suspected in the month, urgent first; `results`: complete, awaited or none (ordered)."""
    rows = await connection.fetch(_SUSPECTED.format(where=where.condition), where.first, where.second, month, limit)
    return [dict(row) for row in rows]
