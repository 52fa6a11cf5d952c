"""The register as valid on a day."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.reporting.domain.areas import Entry, Tree
from shared.postgres.pool import Connection

# Of each entry the newest revision that had begun by the day: a later rename or split leaves earlier periods alone
# (B106). The register is read as it is known now, also for an `as_of`: names and borders are not figures.
_VALID: Final = """
SELECT entry, code, name, level, parent_code, desa_codes, target_children FROM (
    SELECT DISTINCT ON (fact_id) * FROM register_fact
    WHERE valid_from <= $1 AND (code = ANY($3::text[]) OR (parent_code >= $2 AND parent_code < $2 || '/')
        OR (entry = 'target' AND code >= $2 AND code < $2 || '/'))
    ORDER BY fact_id, epoch DESC, revision DESC
) AS newest WHERE NOT voided AND (valid_to IS NULL OR valid_to > $1)
"""


async def tree_on(connection: Connection, day: date, area: str) -> Tree:
    """The entries on `day` of `area`, of all below it and of those above it."""
    parts = area.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    rows = await connection.fetch(_VALID, day, area, above)
    return Tree(
        Entry(row[0], row[1], row[2], row[3], row[4], tuple(filter(None, row[5].split("|"))), row[6]) for row in rows
    )
