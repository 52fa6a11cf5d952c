"""What was stored, counted as it is stored; and the same counted again from the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.reporting.store.fact_tables import TABLES
from shared.contracts.fact import Fact
from shared.postgres.pool import Connection

_DIGEST: Final = "bit_xor(hashtextextended(fact_id::text || ':' || epoch || ':' || revision, 0))"
_DAY: Final = "(known_at AT TIME ZONE 'Asia/Jakarta')::date"
ADD: Final = f"""
INSERT INTO fact_tally AS tally (kind, day, facts, digest)
SELECT kind, {_DAY}, count(*), {_DIGEST}
FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::integer[], $5::timestamptz[])
    AS applied(kind, fact_id, epoch, revision, known_at)
GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (kind, day) DO UPDATE
SET facts = tally.facts + EXCLUDED.facts, digest = tally.digest # EXCLUDED.digest
"""
_COUNTED: Final = " UNION ALL ".join(
    f"SELECT '{kind}' AS kind, {_DAY} AS day, count(*) AS facts, {_DIGEST} AS digest FROM {table.name} GROUP BY 2"
    for kind, table in TABLES.items()
)
COMPARE: Final = f"""
SELECT kind AS fact_kind, day, coalesce(tally.facts, 0) AS stored_once, coalesce(counted.facts, 0) AS found
FROM fact_tally AS tally FULL JOIN ({_COUNTED}) AS counted USING (kind, day)
WHERE (tally.facts, tally.digest) IS DISTINCT FROM (counted.facts, counted.digest)
ORDER BY 1, 2
"""


async def add_to_tally(connection: Connection, facts: Sequence[Fact]) -> None:
    """Count `facts` that this transaction has stored. Late in the transaction: all writers share these rows."""
    if facts:
        await connection.execute(
            ADD,
            [fact.kind for fact in facts],
            [fact.fact_id for fact in facts],
            [fact.epoch for fact in facts],
            [fact.revision for fact in facts],
            [fact.known_at for fact in facts],
        )


async def compare_tally(connection: Connection) -> list[dict[str, Any]]:
    """Kinds and days of which the tables do not hold exactly what was stored: facts lost, doubled or swapped."""
    return [dict(row) for row in await connection.fetch(COMPARE)]
