"""The kind of tallies that indicators count children by: numerators and denominators of every count, by desa."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np

from services.reporting.domain.indicator_set import Count
from services.reporting.domain.indicator_values import counted_over
from services.reporting.domain.periods import Period
from services.reporting.domain.read_indicators import load
from services.reporting.domain.tallies import Tally
from services.reporting.store.service_counts import Counted, Window, count_children
from services.reporting.store.sums import Where
from services.reporting.store.tallies import Kind
from shared.postgres.pool import Connection

# Of every definition, whenever in force: columns are the numerators of these, then the denominators.
_COUNTS: Final = sorted({one.count for one in load().indicators if one.count.kind == "children"}, key=repr)
_COLUMN: Final = {count: number for number, count in enumerate(_COUNTS)}
_LAYOUT: Final = hashlib.sha256(repr((_COUNTS, load().acts)).encode()).hexdigest()
SERVICES: Final = Kind("services", _LAYOUT, since_january=True)


async def count_services(connection: Connection, where: Where, period: Period) -> Tally:
    """Every count over the months that it looks at for `period`, as known now, a row for each desa."""
    found: dict[str, np.ndarray[tuple[int], np.dtype[np.int32]]] = {}
    for _, group in groupby(sorted(_COUNTS, key=_window), key=_window):
        counts = list(group)
        window = Window(where, counted_over(period, counts[0]), None)
        for place in await count_children(connection, window, load().acts, counts):
            row = found.setdefault(place.desa_code, np.zeros(2 * len(_COUNTS), np.int32))
            for count, numerator, denominator in zip(counts, place.numerators, place.denominators, strict=True):
                row[_COLUMN[count]] += numerator
                row[len(_COUNTS) + _COLUMN[count]] += denominator
    desa = tuple(sorted(found))
    return Tally(desa, np.array([found[code] for code in desa], np.int32).reshape(-1, 2 * len(_COUNTS)))


def services_of(tally: Tally, counts: Sequence[Count]) -> list[Counted]:
    """As count_children gives them, with the code of a part in place of the desa."""
    columns = [_COLUMN[count] for count in counts]
    return [
        Counted(code, "", tuple(row[columns].tolist()), tuple(row[len(_COUNTS) :][columns].tolist()))
        for code, row in zip(tally.parts, tally.counts, strict=True)
    ]


def _window(count: Count) -> str:
    return count.window
