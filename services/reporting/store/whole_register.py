"""The whole register below an area, for what is made once and kept; pages read only the levels that they need."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.reporting.domain.areas import Entry, Tree
from shared.postgres.pool import Connection

_BELOW: Final = """
SELECT entry, code, name, level, parent_code, desa_codes, target_children FROM (
    SELECT DISTINCT ON (fact_id) * FROM register_fact
    WHERE valid_from <= $1 AND (code = $2 OR (parent_code >= $2 AND parent_code < $2 || '/')
        OR (entry = 'target' AND code >= $2 AND code < $2 || '/'))
    ORDER BY fact_id, epoch DESC, revision DESC
) AS newest WHERE NOT voided AND (valid_to IS NULL OR valid_to > $1)
"""


async def tree_below(connection: Connection, day: date, area: str) -> Tree:
    """Every entry on `day` of `area` and below it."""
    rows = await connection.fetch(_BELOW, day, area)
    return Tree(
        Entry(row[0], row[1], row[2], row[3], row[4], tuple(filter(None, row[5].split("|"))), row[6]) for row in rows
    )
