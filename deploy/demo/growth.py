"""z-scores and their inverse by the WHO 2006 tables: how the simulated ministry scores, and how children grow.

Written apart from the platform's engine on purpose: what the demo puts into the official columns must not come from
the code that later checks them. Source of the tables and of the rules: shared/growth/who2006.
Sex is an index here: 0 = male, 1 = female. Lengths in cm, weights in kg, ages in whole days.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

TABLES: Final = Path(__file__).parents[2] / "shared" / "growth" / "who2006"
LAST_DAY: Final = 1826  # 60 months less a day: the last row of the tables
STANDING_FROM_DAY: Final = 731  # from here the tables are of standing height
POSITION_DIFFERENCE_CM: Final = 0.7  # lying minus standing, WHO
STANDING_IMPLAUSIBLE_TO_DAY: Final = 273  # nobody stands at eight months: the stated position is not used

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lms:
    """L, M and S of one index, one element a child; NaN outside the table."""

    l: Floats  # noqa: E741 - the WHO's own letters
    m: Floats
    s: Floats

    def at(self, z: Floats | float) -> Floats:
        """The measure at `z`, by the plain LMS formula."""
        return np.asarray(self.m * np.power(1 + self.l * self.s * z, 1 / self.l), dtype=np.float64)


@lru_cache(maxsize=8)
def _table(name: str, step: float, first: int, last: int) -> Floats:
    """A table as [sex, row, L|M|S]; rows are days, or tenths of a centimetre, from `first` to `last`."""
    table = np.full((2, last - first + 1, 3), np.nan)
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            place = round(float(row["x"]) / step) - first
            table[int(row["sex"]) - 1, place] = (float(row["l"]), float(row["m"]), float(row["s"]))
    return table


def lms_by_age(name: str, sex: Ints, age_days: Ints) -> Lms:
    """L, M and S of `lhfa` or `wfa` on that day of life."""
    table = _table(name, 1.0, 0, LAST_DAY)
    inside = (age_days >= 0) & (age_days <= LAST_DAY)
    rows = np.where(inside[:, None], table[sex, np.clip(age_days, 0, LAST_DAY)], np.nan)
    return Lms(rows[:, 0], rows[:, 1], rows[:, 2])


def lms_by_length(sex: Ints, age_days: Ints, adjusted_cm: Floats) -> Lms:
    """L, M and S of weight for length (below day 731) or height, between the 0.1 cm rows in proportion."""
    tenths = np.floor(adjusted_cm * 10 + 1e-9)
    part = np.clip(adjusted_cm * 10 - tenths, 0.0, 1.0)[:, None]
    rows = np.full((sex.size, 3), np.nan)
    for name, first, last, chosen in (
        ("wfl", 450, 1100, age_days < STANDING_FROM_DAY),
        ("wfh", 650, 1200, age_days >= STANDING_FROM_DAY),
    ):
        table = _table(name, 0.1, first, last)
        inside = chosen & (tenths >= first) & ((tenths < last) | ((tenths == last) & (part[:, 0] < 1e-6)))
        low = np.clip(np.nan_to_num(tenths, nan=first), first, last).astype(np.int64) - first
        high = np.minimum(low + 1, last - first)
        between = table[sex, low] * (1 - part) + table[sex, high] * part
        rows = np.where(inside[:, None], between, rows)
    return Lms(rows[:, 0], rows[:, 1], rows[:, 2])


def z_of(lms: Lms, measure: Floats, *, restricted: bool) -> Floats:
    """The z to two decimals; `restricted` goes on in straight lines beyond ±3, as the WHO does for weights."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (np.power(measure / lms.m, lms.l) - 1) / (lms.s * lms.l)
        if restricted:
            high, low = lms.at(3.0), lms.at(-3.0)
            z = np.where(z > 3, 3 + (measure - high) / (high - lms.at(2.0)), z)
            z = np.where(z < -3, -3 + (measure - low) / (lms.at(-2.0) - low), z)
        return np.asarray(np.round(np.where(measure > 0, z, np.nan), 2), dtype=np.float64)


def weight_at(lms: Lms, z: Floats) -> Floats:
    """The weight at `z`: the inverse of the restricted formula."""
    plain = lms.at(np.clip(z, -3.0, 3.0))
    above = np.maximum(z - 3, 0) * (lms.at(3.0) - lms.at(2.0))
    below = np.minimum(z + 3, 0) * (lms.at(-2.0) - lms.at(-3.0))
    return np.asarray(plain + above + below, dtype=np.float64)


def adjusted_cm(age_days: Ints, length_height_cm: Floats, standing: Bools) -> Floats:
    """Length or height as the table of that age expects it (the 0.7 cm rule)."""
    plus = (age_days < STANDING_FROM_DAY) & (age_days > STANDING_IMPLAUSIBLE_TO_DAY) & standing
    minus = (age_days >= STANDING_FROM_DAY) & ~standing
    return length_height_cm + POSITION_DIFFERENCE_CM * (plus.astype(np.float64) - minus)


@dataclass(frozen=True)
class Scores:
    """What the ministry's file states: two decimals, NaN where it states nothing."""

    haz: Floats
    waz: Floats
    whz: Floats


def official_scores(sex: Ints, age_days: Ints, weight_kg: Floats, length_height_cm: Floats, standing: Bools) -> Scores:
    """The three scores of e-PPGBM."""
    adjusted = adjusted_cm(age_days, length_height_cm, standing)
    return Scores(
        haz=z_of(lms_by_age("lhfa", sex, age_days), adjusted, restricted=False),
        waz=z_of(lms_by_age("wfa", sex, age_days), weight_kg, restricted=True),
        whz=z_of(
            lms_by_length(sex, age_days, np.where(age_days <= LAST_DAY, adjusted, np.nan)), weight_kg, restricted=True
        ),
    )
