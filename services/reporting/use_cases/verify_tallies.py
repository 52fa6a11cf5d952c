"""Tallies that claim to be of this moment, counted again: some of each level, other ones at each call."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, Final

import numpy as np

from services.reporting.domain.periods import Period
from services.reporting.domain.tallies import COUNTED_LEVEL, Tally, rows_of
from services.reporting.store.tallies import Kept, areas_below, kept_tallies, read_below, read_tally
from services.reporting.use_cases.count_tallies import count_now
from services.reporting.use_cases.tally_kinds import KINDS, TallyKind
from shared.postgres.pool import Connection

# Of kecamatan and of what lies above: a kecamatan takes up to half a second, an area of thirty some hundredths.
MOST_COUNTED_AGAIN: Final = 100


async def verify_tallies(
    connection: Connection, since: date | None = None, *, most: int = MOST_COUNTED_AGAIN
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How many are kept (of periods that begin no earlier than `since`), were compared, wait; and which differ.

    One of a kecamatan is counted from its children, one above brought together from those below. What has changed since
    a tally was counted is no difference: it says so itself. Takes a transaction that sees one state.
    """
    kinds = {kind.kind.name: kind for kind in KINDS}
    kept = await kept_tallies(connection, [kind.kind for kind in KINDS], since)
    compared: Counter[bool] = Counter()  # by whether it is of a kecamatan
    waiting = 0
    differences = []
    for one in kept:
        from_children = one.area_code.count(".") + 1 == COUNTED_LEVEL
        if compared[from_children] == most:
            continue
        kind = kinds[one.kind]
        found = await read_tally(connection, kind.kind, one.area_code, one.period)
        if found is None or not found.is_fresh:
            waiting += 1
            continue
        compared[from_children] += 1
        differ = _differ(found.tally, await _right(connection, kind, one.area_code, one.period))
        if differ:
            about = {"tally": one.kind, "area_code": one.area_code, "period": str(one.period)}
            differences.append({**about, "counted_at": one.counted_at.isoformat(), "rows": differ})
    return _about(kept, compared.total(), waiting), differences


async def _right(connection: Connection, kind: TallyKind, area_code: str, period: Period) -> Tally:
    if area_code.count(".") + 1 == COUNTED_LEVEL:
        (counted,) = await count_now(connection, kind, area_code, [period])
        return counted
    below = await read_below(connection, kind.kind, area_code, period)
    if below and below.keys() >= await areas_below(connection, area_code):
        return kind.bring_together(below)
    return Tally((), np.zeros((0, 1), np.int32))  # a sum whose parts are not there is none


def _differ(stored: Tally, right: Tally) -> int:
    """How many rows the one or the other has and the other has not."""
    before, after = Counter(rows_of(stored)), Counter(rows_of(right))
    return max((before - after).total(), (after - before).total())


def _about(kept: list[Kept], compared: int, waiting: int) -> dict[str, Any]:
    oldest = min((one.counted_at for one in kept), default=None)
    return {
        "kept": len(kept),
        "compared": compared,
        "waiting": waiting,
        "oldest_counted_at": oldest.isoformat() if oldest is not None else None,
    }
