"""WHO 2006 growth velocity: increments of weight, length and head circumference over 1, 2, 3, 4 or 6 months.

`z = (((increment + delta) / M)^L - 1) / (L * S)`, by sex and interval; delta shifts an increment that may be negative
into the formula's range. The tables give an interval for every month of age at its beginning; the nearest one counts.
No restriction beyond +-3 is described for velocity, so none is applied.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.growth.anthro_columns import DAYS_PER_MONTH
from shared.growth.growth_tables import FOLDER, SEX_BLOCKS
from shared.growth.rounding import round_hundredths

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

INCREMENT_MONTHS: Final = (1, 2, 3, 4, 6)
NO_INTERVAL: Final = -1
HALF_MONTH_DAYS: Final = 15  # after the last beginning of a table, up to which it is still the nearest


class Growing(IntEnum):
    """What grows; the increment is in grams for weight, in centimetres otherwise."""

    WEIGHT = 0
    LENGTH = 1
    HEAD_CIRCUMFERENCE = 2


TABLE_NAMES: Final = ("weight_velocity", "length_velocity", "headc_velocity")


@dataclass(frozen=True, slots=True)
class VelocityTable:
    """Intervals of one measure.

    `interval` has shape (7, days): by months of increment and age in days at the beginning, the interval's number or
    `NO_INTERVAL`. `l`, `m`, `s`, `delta` have shape (3, intervals), by sex; NaN where the sex is missing.
    """

    interval: Rows
    l: Floats  # noqa: E741 - L, M, S are the names of the method
    m: Floats
    s: Floats
    delta: Floats

    def find(self, months: Int8s, begin_days: Ints) -> Rows:
        """The interval of so many months that begins nearest to that age, `NO_INTERVAL` where there is none."""
        inside = (begin_days >= 0) & (begin_days < self.interval.shape[1])
        day = np.where(inside, begin_days, 0)
        return np.where(inside, self.interval[months, day], NO_INTERVAL)

    def z(self, sex: Int8s, interval: Rows, increment: Floats) -> Floats:
        """Z of increments, rounded to 2 decimals; NaN where there is no interval or the increment is below them all."""
        l, m, s, delta = (column[sex, interval] for column in (self.l, self.m, self.s, self.delta))  # noqa: E741
        with np.errstate(all="ignore"):
            share = (increment + delta) / m
            z = (share**l - 1.0) / (l * s)
        z[(interval == NO_INTERVAL) | ~(share > 0.0) | ~np.isfinite(z)] = np.nan
        return round_hundredths(z)


def fitting_months(one_month_within: int, others_within: int) -> Int8s:
    """By whole days apart: the months of increment an interval of that length fits, 0 = none.

    An interval fits k months if it differs from k * 30.4375 days by at most `one_month_within` (k = 1) or
    `others_within` days. ValueError where a length would fit two.
    """
    days = np.arange(int(INCREMENT_MONTHS[-1] * DAYS_PER_MONTH) + others_within + 2)
    months = np.zeros(days.size, np.int8)
    for k in INCREMENT_MONTHS:
        near = np.abs(days - k * DAYS_PER_MONTH) <= (one_month_within if k == 1 else others_within)
        if months[near].any():
            raise ValueError("the tolerances make one interval fit two increments")
        months[near] = k
    return months


@cache
def velocity_table(growing: Growing) -> VelocityTable:
    """The table of a measure, read once."""
    with (FOLDER / f"{TABLE_NAMES[growing]}.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    spans = sorted({(int(row["increment_months"]), int(row["from_days"])) for row in rows})
    number = {span: place for place, span in enumerate(spans)}
    lms = np.full((4, SEX_BLOCKS, len(spans)), np.nan)
    for row in rows:
        place = number[int(row["increment_months"]), int(row["from_days"])]
        lms[:, int(row["sex"]), place] = [float(row[name]) for name in ("l", "m", "s", "delta")]
    last = max(begin for _, begin in spans) + HALF_MONTH_DAYS
    interval = np.full((INCREMENT_MONTHS[-1] + 1, last + 1), NO_INTERVAL, np.intp)
    for k in INCREMENT_MONTHS:
        begins = np.array([begin for months, begin in spans if months == k])
        if not begins.size:
            continue  # head circumference has no interval of one month, length neither
        day = np.arange(begins[-1] + HALF_MONTH_DAYS + 1)
        nearest = np.abs(day[:, None] - begins[None, :]).argmin(axis=1)  # of two as near, the earlier
        interval[k, : day.size] = nearest + number[k, int(begins[0])]
    return VelocityTable(interval, *lms)
