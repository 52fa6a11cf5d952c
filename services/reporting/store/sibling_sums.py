"""Sums of the areas directly below one, for many periods at once: what suppression looks at. Without grades."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np

from services.reporting.domain.child_month import MARKS
from services.reporting.domain.hidden_counts import Counts
from services.reporting.domain.levels import LEVELS
from services.reporting.domain.periods import MONTH, Period
from services.reporting.store.generations import LIVE, has_long_cells
from services.reporting.store.sums import SUM_COLUMNS, Detail, Sums, Where, sums_by_place
from shared.postgres.page import read_once
from shared.postgres.pool import Connection

# How many were targets before the first period (month null), then what each period has.
_SERIES: Final = f"""
SELECT desa_code, NULL::date AS month, sum(target_change)::integer, 0, {", ".join("0" for _ in MARKS)} FROM {{cells}}
WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month < $4 AND target_change <> 0 GROUP BY 1
UNION ALL
SELECT desa_code, month, sum(target_change)::integer, sum(target_shift)::integer,
       {", ".join(f"sum({mark})::integer" for mark in MARKS)}
FROM {{cells}} WHERE generation = {LIVE} AND {{where}} AND months = $3 AND month BETWEEN $4 AND $5 GROUP BY 1, 2
"""
_LEVEL: Final = "(SELECT level_cell.*, area_code AS desa_code FROM level_cell WHERE level = {level}) AS cell"


class SumsBelow(NamedTuple):
    """Of areas below one (or of desa), by `codes`: periods x codes x SUM_COLUMNS, zero where there is nobody."""

    codes: list[str]
    counts: Counts


async def sums_below(
    connection: Connection,
    where: Where,
    periods: Sequence[Period],
    known_before: datetime | None,
    *,
    by_desa: bool,
) -> SumsBelow:
    """As `_read_below`; several parts of one page ask for the same."""
    return await read_once(
        ("sums below", where, tuple(periods), known_before, by_desa),
        lambda: _read_below(connection, where, periods, known_before, by_desa=by_desa),
    )


async def _read_below(
    connection: Connection,
    where: Where,
    periods: Sequence[Period],
    known_before: datetime | None,
    *,
    by_desa: bool,
) -> SumsBelow:
    """For each of `periods` (one after the other, of one length) the sums of the areas directly below.

    By desa where so asked, or where no level is kept. What nobody keeps as cells is counted, period by period.
    """
    length = periods[0].months
    if known_before is not None or (length != MONTH and not await has_long_cells(connection)):
        detail: Detail = "place" if by_desa else "below"
        return _by_code([await sums_by_place(connection, where, period, known_before, detail) for period in periods])
    level = (where.parts or 0) + 1
    cells = _LEVEL.format(level=level) if level in LEVELS and not by_desa else "cell"
    sql = _SERIES.format(cells=cells, where=where.condition)
    rows = await connection.fetch(sql, where.first, where.second, length, periods[0].first, periods[-1].first)
    return _of_series(rows, periods)


def _by_code(of_periods: Sequence[Sequence[Sums]]) -> SumsBelow:
    codes = sorted({each.desa_code for found in of_periods for each in found})
    place = {code: number for number, code in enumerate(codes)}
    counts = np.zeros((len(of_periods), len(codes), len(SUM_COLUMNS)), np.int64)
    for number, found in enumerate(of_periods):
        for each in found:  # by posyandu, where it is counted
            counts[number, place[each.desa_code]] += [each.counts[name] for name in SUM_COLUMNS]
    return SumsBelow(codes, counts)


def _of_series(rows: Sequence[Any], periods: Sequence[Period]) -> SumsBelow:
    """Targets are changes that add up; the other counts are each period's own."""
    codes = sorted({row[0] for row in rows})
    place = {code: number for number, code in enumerate(codes)}
    column = {period.first: number for number, period in enumerate(periods, start=1)} | {None: 0}
    # code, month, change and shift of targets, then MARKS; what was before the first period comes first
    values = np.zeros((len(periods) + 1, len(codes), 2 + len(MARKS)), np.int64)
    if rows:
        values[[column[row[1]] for row in rows], [place[row[0]] for row in rows]] = [tuple(row)[2:] for row in rows]
    targets = values[..., 0].cumsum(axis=0)[1:] + values[1:, :, 1]
    pending = np.zeros_like(targets)
    return SumsBelow(codes, np.concatenate([np.stack([targets, pending], axis=-1), values[1:, :, 2:]], axis=-1))
