"""Lists of children of an area: ids and judgements, never an identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.periods import Period
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
# The months ($4 to $5) of children who have one of them in the area. Only children who live where the caller may look
# are listed, and of those the policies show every month.
_KNOWN: Final = f"""generation = {LIVE} AND month BETWEEN $4 AND $5
      AND (($3::timestamptz IS NULL AND known_to IS NULL)
           OR (known_from < $3 AND (known_to IS NULL OR known_to >= $3)))"""
_MONTHS: Final = f"""
SELECT * FROM child_month WHERE {_KNOWN} AND root_id IN (SELECT root_id FROM child_month WHERE {_KNOWN} AND {{where}})
"""


def _latest(column: str, having: str) -> str:
    """The column as of the latest month that has what `having` says."""
    return f"(array_agg({column} ORDER BY month DESC) FILTER (WHERE {having}))[1] AS {column}"


_LATEST_SCORES: Final = ", ".join(
    _latest(index, f"marks & {MARK_BITS[f'{index}_measured'] | MARK_BITS[f'{index}_flagged']} <> 0")
    for index in ("haz", "waz", "whz", "baz")
)
# Children who counted in the area in a period: as at their last measurement in it, each index from the latest month
# that has it.
_OF_PERIOD: Final = f"""
SELECT child_id, last.sex, child.birth_date, last.desa_code, last.posyandu_code, tier,
       NULL AS priority, NULL AS reasons, measured_on, haz, waz, whz, baz
FROM (
    SELECT * FROM (
        SELECT root_id, {
    ", ".join(
        f"(array_agg({column} ORDER BY month DESC))[1] AS {column}"
        for column in ("sex", "desa_code", "posyandu_code", "tier", "measured_on")
    )
}, {_LATEST_SCORES}
        FROM ({_MONTHS}) AS months GROUP BY root_id
    ) AS of_child WHERE {{where}}
) AS last JOIN child ON child.child_id = root_id
WHERE ($6::text IS NULL OR tier = $6) AND ($7::uuid IS NULL OR root_id > $7)
ORDER BY root_id LIMIT $8
"""

# The first to look at among those suspected in a period: urgent, then by day measured. Results as the cascade counts.
_SUSPECTED: Final = f"""
SELECT root_id AS child_id, last.age_months, CASE WHEN urgent THEN 'urgent' ELSE 'suspected' END AS tier,
       CASE WHEN case_marks & {MARK_BITS["lab_complete"]} <> 0 THEN 'complete'
            WHEN case_marks & {MARK_BITS["lab_ordered"]} <> 0 THEN 'awaited' ELSE 'none' END AS results
FROM (
    SELECT * FROM (
        SELECT root_id, {
    ", ".join(
        f"(array_agg({column} ORDER BY month DESC))[1] AS {column}"
        for column in ("desa_code", "posyandu_code", "age_months", "measured_on")
    )
},
               bool_or(marks & {MARK_BITS["suspected"]} <> 0) AS suspected,
               bool_or(marks & {MARK_BITS["urgent"]} <> 0) AS urgent,
               (array_agg(marks ORDER BY month DESC) FILTER (WHERE course IS NOT NULL))[1] AS case_marks
        FROM ({_MONTHS}) AS months GROUP BY root_id
    ) AS of_child WHERE suspected AND {{where}}
) AS last JOIN child ON child.child_id = root_id
ORDER BY urgent DESC, measured_on DESC, root_id LIMIT $6
"""


async def list_children(
    connection: Connection,
    where: Where,
    *,
    tier: str | None,
    born_after: date,
    period: Period | None,
    known_before: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Up to `limit` children by id: who lives there now, or (`period`) who counted there in that period."""
    asked = (where.first, where.second, known_before)
    if period is None:
        sql, dates = _PRESENT, [born_after]
    else:
        sql, dates = _OF_PERIOD, [period.first, period.last_month]
    rows = await connection.fetch(sql.format(where=where.condition), *asked, *dates, tier, after, limit)
    return [dict(row) for row in rows]


async def list_suspected(connection: Connection, where: Where, period: Period, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` children suspected in the period, urgent first; `results`: complete, awaited or none (ordered)."""
    asked = (where.first, where.second, None, period.first, period.last_month, limit)
    return [dict(row) for row in await connection.fetch(_SUSPECTED.format(where=where.condition), *asked)]
