"""The independent recount (recount.sql), and the range of months there is anything to count in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

from shared.postgres.pool import Connection

RECOUNT: Final = Path(__file__).with_name("recount.sql").read_text(encoding="utf-8")
MONTHS: Final = """
SELECT min(month) AS first, max(month) AS last FROM (
    SELECT month FROM cell WHERE generation = $1 AND months = 1
    UNION ALL SELECT date_trunc('month', min(measured_on)::timestamp)::date FROM measurement_fact
    UNION ALL SELECT date_trunc('month', max(measured_on)::timestamp)::date FROM measurement_fact
) AS every
"""


async def months_held(connection: Connection, generation: int) -> tuple[date, date] | None:
    """First and last month of cells and measurements; None while there are none."""
    row = await connection.fetchrow(MONTHS, generation)
    return None if row is None or row["first"] is None else (row["first"], row["last"])


async def recount(connection: Connection, generation: int, first: date, last: date) -> tuple[int, list[dict[str, Any]]]:
    """Compare the cells of a generation with the facts; how many were compared, and what differs."""
    row = await connection.fetchrow(RECOUNT, generation, first, last)
    if row is None:
        raise LookupError("the recount returned nothing")
    return row["compared"], row["differences"]
