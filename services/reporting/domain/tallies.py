"""Tallies: what takes long to count, as a matrix of whole numbers for an area and a period.

A tally of a kecamatan is counted from its children; one of an area above is brought together from those below it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.reporting.domain.periods import LENGTHS, Period, period_of

COUNTED_LEVEL: Final = 3  # parts of the code: of a kecamatan, from its children
LEVELS: Final = (COUNTED_LEVEL, 2, 1)  # kabupaten and provinsi from what lies below


class Tally(NamedTuple):
    """`counts`: (rows, columns), whole numbers; `parts`: the code of the area of each row, none where it has none."""

    parts: tuple[str, ...]
    counts: NDArray[np.int32]


def rows_of(tally: Tally) -> list[tuple[str, tuple[int, ...]]]:
    """Rows with their code, in an order; one of nothing but zeros is as one that is not there."""
    codes = tally.parts or ("",) * len(tally.counts)
    return sorted((code, tuple(row)) for code, row in zip(codes, tally.counts.tolist(), strict=True) if any(row))


def by_area(below: Mapping[str, Tally]) -> Tally:
    """A row for each area `below` that sums its own rows."""
    codes = tuple(sorted(below))
    return Tally(codes, np.array([below[code].counts.sum(axis=0) for code in codes], np.int32))


def total(tally: Tally) -> Tally:
    """All its rows as one, of the whole area."""
    return Tally(("",), tally.counts.sum(axis=0, keepdims=True, dtype=np.int32))


def added_up(below: Mapping[str, Tally]) -> Tally:
    """Rows that are the same but for their last number are one, of the whole area, with the sum of it."""
    every = np.concatenate([tally.counts for tally in below.values()])
    rows, place = np.unique(every[:, :-1], axis=0, return_inverse=True)
    sums = np.zeros(len(rows), np.int64)
    np.add.at(sums, place.reshape(-1), every[:, -1])
    return Tally((), np.column_stack((rows, sums)).astype(np.int32))


def periods_with(months: Collection[date]) -> list[Period]:
    """Every period, of any length, that one of `months` is in."""
    return sorted({period_of(month, length) for month in months for length in LENGTHS})


def months_after(months: Collection[date]) -> set[date]:
    """The months that follow one of `months` in its year."""
    return {month.replace(month=number) for month in months for number in range(month.month + 1, 13)}


def first_kept(this_month: date) -> date:
    """From January of the last year on: whole years, since tallies of long periods are known to be right by months."""
    return this_month.replace(year=this_month.year - 1, month=1)


def area_above(code: str) -> str:
    """The code of the area that is one level up; empty above a provinsi."""
    return code.rpartition(".")[0]
