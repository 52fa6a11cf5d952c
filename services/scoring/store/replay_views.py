"""What a replay would change: in all, by desa, by child. Within the areas that the connection may see."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from services.scoring.domain.risk_codes import TIER_NAMES, Tier
from shared.postgres.pool import Connection

CHANGED: Final = "(r.status_changed OR r.visits_changed > 0)"
# A tier as its number, so that up and down are comparisons; no status counts as unknown.
RANK: Final = f"array_position(ARRAY{list(TIER_NAMES)}, coalesce(r.{{0}}, 'unknown'))"
RAISED: Final = f"{RANK.format('tier')} > {RANK.format('was_tier')}"
LOWERED: Final = f"{RANK.format('tier')} < {RANK.format('was_tier')}"
TOTALS: Final = f"""
SELECT count(*) AS children, coalesce(sum(visits), 0) AS measurements,
       coalesce(sum(visits_changed), 0) AS assessments_changed,
       count(*) FILTER (WHERE status_changed) AS statuses_changed,
       count(*) FILTER (WHERE {CHANGED}) AS children_changed,
       count(*) FILTER (WHERE {RAISED}) AS raised, count(*) FILTER (WHERE {LOWERED}) AS lowered,
       count(*) FILTER (WHERE priority <> was_priority) AS priority_changed,
       coalesce(bit_xor(digest), 0) AS hash
FROM replay_child r WHERE replay_id = $1
"""
MOVES: Final = """
SELECT was_tier, tier, count(*) AS children FROM replay_child
WHERE replay_id = $1 AND status_changed AND was_tier IS DISTINCT FROM tier GROUP BY was_tier, tier
ORDER BY children DESC, was_tier, tier
"""
REASONS: Final = """
SELECT reason, count(*) FILTER (WHERE gained) AS gained, count(*) FILTER (WHERE NOT gained) AS lost
FROM (
    SELECT unnest(reasons) AS reason, true AS gained, was_reasons AS other
    FROM replay_child WHERE replay_id = $1 AND status_changed
    UNION ALL
    SELECT unnest(was_reasons), false, reasons FROM replay_child WHERE replay_id = $1 AND status_changed
) AS each WHERE NOT reason = ANY(coalesce(other, '{}')) GROUP BY reason ORDER BY reason
"""
MONTHS: Final = """
SELECT month, count(*) FILTER (WHERE NOT is_new) AS cases_before, count(*) FILTER (WHERE is_new) AS cases
FROM (
    SELECT unnest(opened) AS month, false AS is_new FROM replay_child WHERE replay_id = $1 AND opened <> '{}'
    UNION ALL SELECT unnest(opens), true FROM replay_child WHERE replay_id = $1 AND opens <> '{}'
) AS opening GROUP BY month ORDER BY month
"""
TIERS: Final = """
SELECT r.tier, count(*) AS children FROM replay_child r JOIN child c USING (child_id)
WHERE r.replay_id = $1 AND r.tier IS NOT NULL
  AND NOT c.voided AND c.died_on IS NULL AND c.departed_on IS NULL AND c.birth_date > $2
GROUP BY r.tier
"""
BY_DESA: Final = f"""
SELECT coalesce(c.desa_code, '') AS desa_code, count(*) AS children,
       count(*) FILTER (WHERE r.status_changed) AS statuses_changed,
       count(*) FILTER (WHERE {RAISED}) AS raised, count(*) FILTER (WHERE {LOWERED}) AS lowered,
       count(*) FILTER (WHERE r.was_tier = 'suspected') AS was_suspected,
       count(*) FILTER (WHERE r.tier = 'suspected') AS suspected,
       count(*) FILTER (WHERE r.was_tier = 'urgent') AS was_urgent, count(*) FILTER (WHERE r.tier = 'urgent') AS urgent
FROM replay_child r JOIN child c USING (child_id)
WHERE r.replay_id = $1 AND ($2::text IS NULL OR coalesce(c.desa_code, '') > $2)
GROUP BY 1 ORDER BY 1 LIMIT $3
"""
BY_CHILD: Final = f"""
SELECT r.child_id::text, c.desa_code, c.posyandu_code, r.was_tier, r.tier, r.was_priority, r.priority,
       ARRAY(SELECT unnest(r.was_reasons) EXCEPT SELECT unnest(r.reasons) ORDER BY 1) AS reasons_lost,
       ARRAY(SELECT unnest(r.reasons) EXCEPT SELECT unnest(r.was_reasons) ORDER BY 1) AS reasons_gained,
       r.status_changed, r.visits_changed AS assessments_changed
FROM replay_child r JOIN child c USING (child_id)
WHERE r.replay_id = $1 AND {CHANGED} AND ($2::uuid IS NULL OR r.child_id > $2)
  AND ($3::text IS NULL OR c.posyandu_code = $3 OR (c.desa_code >= $3 AND c.desa_code < $3 || '/'))
ORDER BY r.child_id LIMIT $4
"""


async def totals(connection: Connection, replay_id: UUID) -> dict[str, Any]:
    """Numbers of children and verdicts, and `hash`: the same for the same judgements, in whatever order."""
    row = await connection.fetchrow(TOTALS, replay_id)
    if row is None:
        raise LookupError("an aggregate without a row")
    return {**row, "hash": f"{row['hash'] & (2**64 - 1):016x}"}


async def moves(connection: Connection, replay_id: UUID) -> list[dict[str, Any]]:
    """Children by their tier before and after, of those whose tier is another; the most frequent first."""
    return [dict(row) for row in await connection.fetch(MOVES, replay_id)]


async def reasons(connection: Connection, replay_id: UUID) -> list[dict[str, Any]]:
    """By rule: of how many children it becomes a reason, of how many it is one no more."""
    return [dict(row) for row in await connection.fetch(REASONS, replay_id)]


async def months(connection: Connection, replay_id: UUID) -> list[tuple[date, int, int]]:
    """By month of the measurement: cases that would have opened by the rules in force and by those tried."""
    rows = await connection.fetch(MONTHS, replay_id)
    return [
        (date(1970 + row["month"] // 12, row["month"] % 12 + 1, 1), row["cases_before"], row["cases"]) for row in rows
    ]


async def tiers(connection: Connection, replay_id: UUID, born_after: date) -> dict[Tier, int]:
    """Present children under five by their tier under the rules tried."""
    rows = await connection.fetch(TIERS, replay_id, born_after)
    return {Tier(TIER_NAMES.index(row["tier"])): row["children"] for row in rows}


async def by_desa(connection: Connection, replay_id: UUID, after: str | None, limit: int) -> list[dict[str, Any]]:
    """A row a desa of present residence; `limit` of them after `after`."""
    return [dict(row) for row in await connection.fetch(BY_DESA, replay_id, after, limit)]


async def by_child(
    connection: Connection, replay_id: UUID, area: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Children with a changed verdict, in order of id."""
    return [dict(row) for row in await connection.fetch(BY_CHILD, replay_id, after, area, limit)]
