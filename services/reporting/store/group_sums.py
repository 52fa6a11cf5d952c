"""Sums by sex and age: counted on read from the children of a period, so that no batch pays for them."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from services.reporting.domain.groups import FIRST_MONTHS
from services.reporting.domain.periods import Period
from services.reporting.store.sums import CHILDREN_OF_PERIOD, MARK_COUNTS, SUM_COLUMNS, Where
from shared.postgres.pool import Connection

_BY_GROUP: Final = f"""
SELECT desa_code, sex, width_bucket(age_months, $11::integer[]) - 1 AS band, count(*)::integer, 0, {MARK_COUNTS}
FROM {CHILDREN_OF_PERIOD} GROUP BY 1, 2, 3
"""


class GroupSums(NamedTuple):
    """Sums of one desa, sex and band of ages (number of BANDS, None = not known); `counts` by SUM_COLUMNS."""

    desa_code: str
    sex: str | None
    band: int | None
    counts: dict[str, int]


async def sums_by_group(
    connection: Connection, where: Where, period: Period, known_before: datetime | None
) -> list[GroupSums]:
    """Sums of an area and period by desa, sex and band; what waits for an assessment is in none (`pending` 0)."""
    rows = await connection.fetch(_BY_GROUP, *where.of_period(period, known_before), list(FIRST_MONTHS))
    found = []
    for desa, sex, band, *counts in rows:
        found.append(GroupSums(desa, sex, band, dict(zip(SUM_COLUMNS, counts, strict=True))))
    return found
