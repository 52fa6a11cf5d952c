"""The desa of an area with their kecamatan, as named on a day."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.reporting.domain.aksi_submission import Area, in_order
from shared.postgres.pool import Connection

# Of each entry the newest revision that had begun by the day, as in `register.tree_on`; here with all desa below.
_AREAS: Final = """
SELECT code, name, parent_code FROM (
    SELECT DISTINCT ON (fact_id) * FROM register_fact
    WHERE entry = 'area' AND valid_from <= $1 AND ((code >= $2 AND code < $2 || '/') OR code = ANY ($3::text[]))
    ORDER BY fact_id, epoch DESC, revision DESC
) AS newest WHERE NOT voided AND (valid_to IS NULL OR valid_to > $1)
"""
DESA_DOTS: Final = 3


async def read_areas(connection: Connection, day: date, area_code: str) -> tuple[Area, ...] | None:
    """All desa of an area (itself, if it is one) in official order; None for an area not in the register."""
    above = [area_code.rpartition(".")[0]] if area_code.count(".") == DESA_DOTS else []
    rows = await connection.fetch(_AREAS, day, area_code, above)
    names = {row[0]: row[1] for row in rows}
    if area_code not in names:
        return None
    desa = [(row[0], row[2] or row[0].rpartition(".")[0]) for row in rows if row[0].count(".") == DESA_DOTS]
    return in_order(Area(code, names[code], parent, names.get(parent, parent)) for code, parent in desa)
