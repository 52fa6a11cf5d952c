"""Rows of `critical_limit`: what a laboratory calls critical instead of the catalogue's limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from shared.postgres.pool import Connection

_COLUMNS: Final = (
    "laboratory_code, test_code, valid_from, critical_below, critical_above, reason_text, entered_by, entered_at"
)


@dataclass(frozen=True, slots=True)
class CriticalLimit:
    """Limits of one test at one laboratory from a day on, in the canonical unit; None = none on that side."""

    laboratory_code: str
    test_code: str
    valid_from: date
    critical_below: Decimal | None
    critical_above: Decimal | None
    reason_text: str
    entered_by: str
    entered_at: datetime


async def read_limits(connection: Connection, laboratory_codes: Collection[str]) -> list[CriticalLimit]:
    """All rows of these laboratories: by laboratory and test, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM critical_limit WHERE laboratory_code = ANY($1) "
        "ORDER BY laboratory_code, test_code, valid_from DESC",
        sorted(laboratory_codes),
    )
    return [CriticalLimit(*row) for row in rows]


async def insert_limit(connection: Connection, limit: CriticalLimit) -> bool:
    """Store a row; False if the test has one from that day on already."""
    status: str = await connection.execute(
        f"INSERT INTO critical_limit ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        limit.laboratory_code,
        limit.test_code,
        limit.valid_from,
        limit.critical_below,
        limit.critical_above,
        limit.reason_text,
        limit.entered_by,
        limit.entered_at,
    )
    return status.endswith(" 1")
