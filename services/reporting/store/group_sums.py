"""Sums by sex and age: counted on read from the children of a period, so that no batch pays for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from services.reporting.domain.groups import BANDS, FIRST_MONTHS
from services.reporting.domain.hidden_counts import Counts
from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import Tally
from services.reporting.store.sums import CHILDREN_OF_PERIOD, MARK_COUNTS, SUM_COLUMNS, Where
from services.reporting.store.tallies import Kind
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


# Rows: desa. Columns: sex, then band (the last one not known), then SUM_COLUMNS; all as the rules of marks have them.
_SEXES: Final = ("male", "female", None)
_SHAPE: Final = (len(_SEXES), len(BANDS) + 1, len(SUM_COLUMNS))
GROUPS: Final = Kind("groups", f"{','.join(map(str, FIRST_MONTHS))};{','.join(SUM_COLUMNS)}")


async def count_groups(connection: Connection, where: Where, period: Period) -> Tally:
    """Sums of an area and period as known now, a row for each desa."""
    found = await sums_by_group(connection, where, period, None)
    desa = sorted({sums.desa_code for sums in found})
    counts = np.zeros((len(desa), *_SHAPE), np.int32)
    for sums in found:
        sex = _SEXES.index(sums.sex if sums.sex in _SEXES else None)
        band = len(BANDS) if sums.band is None else sums.band
        counts[desa.index(sums.desa_code), sex, band] += [sums.counts[name] for name in SUM_COLUMNS]
    return Tally(tuple(desa), counts.reshape(len(desa), math.prod(_SHAPE)))


def no_cells() -> Counts:
    """Sexes x ages x SUM_COLUMNS of nobody."""
    return np.zeros(_SHAPE, np.int64)


def cells_of(tally: Tally) -> Iterator[tuple[str, Counts]]:
    """Each part (desa), and its sums in the shape of `no_cells`: in the order of SEXES and AGES."""
    return zip(tally.parts, tally.counts.astype(np.int64).reshape(len(tally.parts), *_SHAPE), strict=True)


def group_sums_of(tally: Tally) -> list[GroupSums]:
    """Sums of all its parts together ("" in place of the desa) by sex and band, where there are any."""
    counts = tally.counts.reshape(len(tally.parts), *_SHAPE).sum(axis=0)
    return [
        GroupSums(
            "",
            _SEXES[sex],
            None if band == len(BANDS) else int(band),
            dict(zip(SUM_COLUMNS, counts[sex, band].tolist(), strict=True)),
        )
        for sex, band in zip(*np.nonzero(counts.any(axis=2)), strict=True)
    ]


async def sums_by_group(
    connection: Connection, where: Where, period: Period, known_before: datetime | None
) -> list[GroupSums]:
    """Sums of an area and period by desa, sex and band; what waits for an assessment is in none (`pending` 0)."""
    rows = await connection.fetch(_BY_GROUP, *where.of_period(period, known_before), list(FIRST_MONTHS))
    found = []
    for desa, sex, band, *counts in rows:
        found.append(GroupSums(desa, sex, band, dict(zip(SUM_COLUMNS, counts, strict=True))))
    return found
