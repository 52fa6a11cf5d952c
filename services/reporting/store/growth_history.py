"""What a target path rests on: today's children by age and score, and the past of all, as counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import numpy as np

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.growth_rates import AGE_CLASSES, BAND_EDGES, Counts
from services.reporting.store.sums import Where
from shared.postgres.pool import Connection

_GROWTH: Final = "SELECT * FROM growth_of_children($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
Today = tuple[date, int | None, int]  # birth date, band of the last score or None, children


async def growth_of(
    connection: Connection, where: Where, wider: str, months: tuple[date, date, date], known_before: datetime | None
) -> tuple[Counts, list[Today]]:
    """Pasts of all in `wider` who may be seen, as `histories_of` takes them, and the targets of the area.

    `months`: the first and the last of the past, and the first whose scores speak for today.
    """
    first, last, recent = months
    about = (first, last, recent, known_before, wider, where.area, where.posyandu, where.homes)
    rows = await connection.fetch(_GROWTH, *about, MARK_BITS["haz_measured"], BAND_EDGES, AGE_CLASSES)
    pasts = [(past, here, children) for past, here, _, _, children in rows if past is not None]
    today = [(born, band, children) for past, _, born, band, children in rows if past is None]
    return np.array(pasts, np.int64).reshape(-1, 3), today
