"""How many present children under five stand in which tier."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.scoring.domain.risk_codes import TIER_NAMES, Tier
from shared.postgres.pool import Connection

COUNTS: Final = """
SELECT s.tier, count(*) AS children FROM risk_status s JOIN child c USING (child_id)
WHERE NOT s.voided AND NOT c.voided AND c.died_on IS NULL AND c.departed_on IS NULL AND c.birth_date > $1
GROUP BY s.tier
"""


async def count_tiers(connection: Connection, born_after: date) -> dict[Tier, int]:
    """Children by present tier, of those the connection may see; a tier without children is left out."""
    rows = await connection.fetch(COUNTS, born_after)
    return {Tier(TIER_NAMES.index(row["tier"])): row["children"] for row in rows}
