"""The kind of tallies that indicators count children by: numerators and denominators of every count, by desa."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    return (await count_services_of(connection, where, [period]))[0]


async def count_services_of(connection: Connection, where: Where, periods: Sequence[Period]) -> list[Tally]:
    """The same of each of `periods`. From January to December is what the last quarter, semester and year look at."""
    looked: dict[Period, dict[Count, None]] = {}
    for period in periods:
        for count in _COUNTS:
            looked.setdefault(counted_over(period, count), {})[count] = None
    found: dict[Period, list[Counted]] = {}
    for months, counts in looked.items():
        found[months] = await count_children(connection, Window(where, months, None), load().acts, list(counts))
    return [_tally(period, looked, found) for period in periods]


def _tally(
    period: Period, looked: Mapping[Period, Mapping[Count, None]], found: Mapping[Period, Sequence[Counted]]
) -> Tally:
    rows: dict[str, np.ndarray[tuple[int], np.dtype[np.int32]]] = {}
    for months in dict.fromkeys(counted_over(period, count) for count in _COUNTS):
        own = [(at, count) for at, count in enumerate(looked[months]) if counted_over(period, count) == months]
        for place in found[months]:
            row = rows.setdefault(place.desa_code, np.zeros(2 * len(_COUNTS), np.int32))
            for at, count in own:
                row[_COLUMN[count]] += place.numerators[at]
                row[len(_COUNTS) + _COLUMN[count]] += place.denominators[at]
    desa = tuple(sorted(rows))
    return Tally(desa, np.array([rows[code] for code in desa], np.int32).reshape(-1, 2 * len(_COUNTS)))


def services_of(tally: Tally, counts: Sequence[Count]) -> list[Counted]:
    """As count_children gives them, with the code of a part in place of the desa."""
    columns = [_COLUMN[count] for count in counts]
    return [
        Counted(code, "", tuple(row[columns].tolist()), tuple(row[len(_COUNTS) :][columns].tolist()))
        for code, row in zip(tally.parts, tally.counts, strict=True)
    ]


def pairs_of(tally: Tally, counts: Sequence[Count]) -> list[tuple[str, NDArray[np.int64]]]:
    """By part: counts x (numerator, denominator)."""
    columns = [_COLUMN[count] for count in counts]
    pairs = tally.counts.reshape(-1, 2, len(_COUNTS))[:, :, columns].transpose(0, 2, 1).astype(np.int64)
    return list(zip(tally.parts, pairs, strict=True))
