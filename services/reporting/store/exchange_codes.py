"""What another system calls our areas and counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from services.reporting.domain.exchange_codes import ExchangeCode
from shared.postgres.pool import Connection

# Of each code the entry of the nearest area above, of these the latest day, of these the last one entered.
_IN_FORCE: Final = """
SELECT kind, ours, theirs, valid_from FROM (
    SELECT DISTINCT ON (kind, ours) kind, ours, theirs, valid_from FROM exchange_code
    WHERE area_code = ANY($1::text[]) AND valid_from <= $2
    ORDER BY kind, ours, length(area_code) DESC, valid_from DESC, recorded_at DESC
) AS newest WHERE theirs IS NOT NULL ORDER BY kind, ours
"""


async def insert_codes(
    connection: Connection, area_code: str, codes: Sequence[ExchangeCode], recorded_by: str, now: datetime
) -> None:
    """Keep what a district entered; what it entered before stays."""
    await connection.executemany(
        "INSERT INTO exchange_code (area_code, kind, ours, valid_from, recorded_at, theirs, recorded_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(area_code, code.kind, code.ours, code.valid_from, now, code.theirs, recorded_by) for code in codes],
    )


async def codes_in_force(connection: Connection, area_code: str, on: date) -> list[ExchangeCode]:
    """Those that files of the area use for a period that ends on `on`, by kind and our code."""
    parts = area_code.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    rows: Any = await connection.fetch(_IN_FORCE, above, on)
    return [ExchangeCode(*row) for row in rows]
