"""The kind of tallies that a target path is reckoned from: a year of growth of the children of a kecamatan, by desa."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from services.reporting.domain.child_month import MARK_BITS
from services.reporting.domain.growth_rates import (
    AGE_CLASSES,
    AGE_FROM,
    AGES,
    BAND_EDGES,
    BANDS,
    HISTORY_MONTHS,
    LONGEST_GAP,
    SCORE_MONTHS,
    Counts,
    History,
    history_from,
    moves_by_part,
)
from services.reporting.domain.periods import MONTH, Period
from services.reporting.domain.tallies import Tally, area_above
from services.reporting.store.sums import Where
from services.reporting.store.tallies import Kind
from shared.calendar import add_months, completed_months
from shared.postgres.pool import Connection

_MOVES: Final = (len(AGE_FROM), BANDS, BANDS, LONGEST_GAP + 1)
_PARTS: Final = (_MOVES, (BANDS,), (AGES, BANDS), (AGES,))  # moves, first scores, targets with a score and without
_ENDS: Final = np.cumsum([math.prod(shape) for shape in _PARTS])
_LAYOUT: Final = f"{_PARTS};{BAND_EDGES};{AGE_CLASSES};{HISTORY_MONTHS};{SCORE_MONTHS}"
GROWTH: Final = Kind("growth", _LAYOUT, months_before=HISTORY_MONTHS - 1, lengths=(MONTH,))
_ROWS: Final = "SELECT * FROM growth_by_desa($1, $2, $3, $4, $5, $6, $7, $8)"


class Growth(NamedTuple):
    """A year's history of an area, and its targets of the last month: `known[age, band]`, `unknown[age]`."""

    history: History
    known: Counts
    unknown: Counts


async def count_growth(connection: Connection, where: Where, period: Period) -> Tally:
    """The year that ends with the month `period` in a kecamatan, as known now, a row for each desa.

    Scores elsewhere in its kabupaten are seen, so the kecamatan of a kabupaten add up to it.
    """
    if where.area is None:
        raise ValueError("growth is counted by kecamatan")
    month = period.first
    months = add_months(month, 1 - HISTORY_MONTHS), month, add_months(month, 1 - SCORE_MONTHS)
    about = (*months, area_above(where.area), where.area, MARK_BITS["haz_measured"], BAND_EDGES, AGE_CLASSES)
    rows = await connection.fetch(_ROWS, *about)
    desa = sorted({row[0] for row in rows})
    number = {code: at for at, code in enumerate(desa)}
    pasts = [(number[code], past, here, children) for code, past, here, _, _, children in rows if past is not None]
    known, unknown = np.zeros((len(desa), AGES, BANDS), np.int64), np.zeros((len(desa), AGES), np.int64)
    for code, past, _, born, band, children in rows:
        if past is None and 0 <= (age := completed_months(born, period.last_day)) < AGES:
            if band is None:
                unknown[number[code], age] += children
            else:
                known[number[code], age, band] += children
    moves, first = moves_by_part(np.array(pasts, np.int64).reshape(-1, 4), len(desa))
    parts = zip((moves[:-1], first[:-1], known, unknown), _PARTS, strict=True)
    columns = [part.reshape(len(desa), math.prod(shape)) for part, shape in parts]
    return Tally(tuple(desa), np.concatenate(columns, axis=1).astype(np.int32))


def growth_of_tally(tally: Tally) -> Growth:
    """Of all its rows together."""
    counts = tally.counts.sum(axis=0, dtype=np.int64) if len(tally.counts) else np.zeros(_ENDS[-1], np.int64)
    moves, first, known, unknown = (
        part.reshape(shape) for part, shape in zip(np.split(counts, _ENDS[:-1]), _PARTS, strict=True)
    )
    return Growth(history_from(moves, first), known, unknown)


def kept_growth(tally: Tally) -> dict[str, Any]:
    """All its rows together, as json holds them."""
    return {"layout": _LAYOUT, "counts": tally.counts.sum(axis=0, dtype=np.int64).tolist()}


def growth_kept(kept: Mapping[str, Any] | None) -> Growth | None:
    """What `kept_growth` keeps; None of nothing, and of what was kept by a program that counted other things."""
    if kept is None or kept["layout"] != _LAYOUT:
        return None
    return growth_of_tally(Tally((), np.array([kept["counts"]], np.int32)))
