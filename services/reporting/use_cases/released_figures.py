"""Figures as they were released: what readers outside the district see, whatever has come in since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from services.reporting.domain.figures import JUDGED, counts_of, figures
from services.reporting.domain.periods import Period
from services.reporting.domain.release import Released
from services.reporting.domain.suppression import hide, without
from services.reporting.store.releases import Found, read_released, read_released_below
from services.reporting.store.sums import SUM_COLUMNS
from services.reporting.use_cases.hidden_columns import EVERY_COUNT
from shared.postgres.pool import Connection

_NOBODY: Final = dict.fromkeys((*SUM_COLUMNS, *JUDGED), 0)


class Shown(NamedTuple):
    """Figures of an area as they are told outside, and since which day."""

    released_on: date
    figures: dict[str, Any]


async def released_figures(
    connection: Connection, code: str, periods: Sequence[Period], known_on: date
) -> dict[Period, Shown]:
    """Of an area in those of `periods` (of one length) that were released by the end of `known_on`."""
    found = await read_released(connection, code, periods, known_on)
    return {period: shown(batches) for period, batches in found.items()}


async def released_below(connection: Connection, code: str, period: Period, known_on: date) -> dict[str, Shown]:
    """Of the areas that lay directly below one when the period was released; by code."""
    by_code: dict[str, list[Found]] = {}
    for found in (await read_released_below(connection, code, [period], known_on)).get(period, ()):
        by_code.setdefault(found.area.area_code, []).append(found)
    return {child: shown(batches) for child, batches in by_code.items()}


def nothing_shown() -> dict[str, Any]:
    """Figures of what is too small for eyes outside, or not released."""
    return without({**figures(_NOBODY), "pending": None}, EVERY_COUNT)


def shown(batches: Sequence[Found]) -> Shown:
    """Of a provinsi the sum of its releases: what is hidden in one of them is hidden."""
    sums = dict(_NOBODY)
    for batch in batches:
        for name, count in batch.area.sums.items():
            sums[name] = sums.get(name, 0) + count
    hidden = frozenset().union(*(batch.area.hidden | _uncounted(batch.area) for batch in batches))
    # What waits is not told of what is for good.
    return Shown(max(batch.released_on for batch in batches), hide({**figures(sums), "pending": None}, hidden))


def _uncounted(area: Released) -> set[str]:
    """Counts that the program which released did not know: not zero, but not told."""
    known = counts_of({name: int(name in area.sums) for name in SUM_COLUMNS})
    return {name for name, columns in known.items() if not columns}
