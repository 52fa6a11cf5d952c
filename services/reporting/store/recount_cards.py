"""Whether children have a growth card, counted again from their facts by SQL of its own, beside what spans say."""

from __future__ import annotations

from typing import Any, Final

from shared.postgres.pool import Connection

RECOUNT: Final = """
WITH child_now AS (
    SELECT DISTINCT ON (child_id) child_id, merged_into, voided, has_growth_card FROM child_fact
    ORDER BY child_id, epoch DESC, revision DESC
),
said AS (   -- the survivor's own word, else of those merged into it one yes, or a no
    SELECT coalesce(merged_into, child_id) AS root_id,
           coalesce(bool_or(has_growth_card) FILTER (WHERE merged_into IS NULL), bool_or(has_growth_card)) AS has_card
    FROM child_now WHERE NOT voided GROUP BY 1
)
SELECT root_id::text, s.from_month::text, said.has_card AS expected, s.has_growth_card AS stored
FROM child_span s LEFT JOIN said USING (root_id)
WHERE s.generation = $1 AND s.known_to IS NULL AND s.has_growth_card IS DISTINCT FROM said.has_card
ORDER BY root_id, from_month
"""


async def recount_cards(connection: Connection, generation: int) -> list[dict[str, Any]]:
    """Current spans of a generation that say otherwise than the facts."""
    return [dict(row) for row in await connection.fetch(RECOUNT, generation)]
