"""What was done for children counted again from the facts by SQL of its own, beside the acts that are stored."""

from __future__ import annotations

from typing import Any, Final

from shared.postgres.pool import Connection

RECOUNT: Final = """
WITH child_now AS (
    SELECT DISTINCT ON (child_id) child_id, merged_into, voided, birth_date FROM child_fact
    ORDER BY child_id, epoch DESC, revision DESC
),
act_now AS (
    SELECT DISTINCT ON (fact_id) * FROM intervention_fact ORDER BY fact_id, epoch DESC, revision DESC
),
expected AS (
    SELECT root.child_id AS root_id, a.fact_id AS act_id, a.type, a.subject, a.dose, a.began_on, a.ended_on,
           ((extract(year FROM a.began_on) - extract(year FROM root.birth_date)) * 12
             + extract(month FROM a.began_on) - extract(month FROM root.birth_date)
             - (extract(day FROM a.began_on) < extract(day FROM root.birth_date))::int)::smallint AS age_months
    FROM act_now a JOIN child_now c USING (child_id)
    JOIN child_now root ON root.child_id = coalesce(c.merged_into, c.child_id)
    WHERE NOT a.voided AND NOT c.voided AND NOT root.voided AND root.merged_into IS NULL
),
stored AS (
    SELECT root_id, act_id, type, subject, dose, began_on, ended_on, age_months FROM child_service
    WHERE generation = $1 AND known_to IS NULL
)
SELECT root_id::text, act_id::text, expected IS NOT NULL AS expected, stored IS NOT NULL AS stored
FROM expected FULL JOIN stored USING (root_id, act_id)
WHERE to_jsonb(expected) IS DISTINCT FROM to_jsonb(stored) ORDER BY root_id, act_id
"""


async def recount_services(connection: Connection, generation: int) -> list[dict[str, Any]]:
    """Acts of a generation that are not what the facts say: missing, too many, or (both true) other ones."""
    return [dict(row) for row in await connection.fetch(RECOUNT, generation)]
