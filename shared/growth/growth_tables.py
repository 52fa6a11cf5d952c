"""The WHO 2006 LMS tables as dense arrays, read once when first needed.

A table by age is indexed `sex * DAY_BLOCK + day + 1`; position 0 of a block, the whole block of the missing sex and
days a table does not have hold NaN, so that an unscorable row needs no branch: it gathers NaN.
A table by length or height is indexed by sex, table (length, height) and whole tenths of a centimetre.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FOLDER: Final = Path(__file__).parent / "who2006"
LAST_DAY: Final = 1826  # the tables end on the last whole day under 60 months
DAY_BLOCK: Final = LAST_DAY + 2
SEX_BLOCKS: Final = 3  # missing, male, female

# Weight-for-length/height rows run over one span of tenths of a centimetre, so that both tables share the arithmetic.
# One row beyond 120.0 cm is gathered (never used) when the top of the height table is read.
FIRST_TENTH: Final = 450
TENTHS: Final = 1202 - FIRST_TENTH
LENGTH_TABLE: Final = 0
HEIGHT_TABLE: Final = 1


@dataclass(frozen=True, slots=True)
class AgeTable:
    """One index by age: `l`, `m`, `s*l` and the values at -3, -2, 2 and 3 SD, each of shape (3 * DAY_BLOCK,)."""

    l: Floats  # noqa: E741 - L, M, S are the names of the method
    m: Floats
    sl: Floats
    sd_minus_3: Floats
    sd_minus_2: Floats
    sd_2: Floats
    sd_3: Floats


@dataclass(frozen=True, slots=True)
class LengthTable:
    """Weight by length and by height: `l` by sex (it does not depend on size), `m`, `s` of shape (3 * 2 * TENTHS,)."""

    l: Floats  # noqa: E741
    m: Floats
    s: Floats


def sd_value(l: Floats, m: Floats, sl: Floats, k: float) -> Floats:  # noqa: E741
    """The measurement at `k` SD of the LMS distribution: M * (1 + L*S*k)^(1/L)."""
    return m * (1.0 + sl * k) ** (1.0 / l)


@cache
def age_table(name: str) -> AgeTable:
    """The table `name` (lhfa, wfa, bmifa, hcfa, acfa, tsfa, ssfa)."""
    rows = _read(name)
    position = rows[:, 0].astype(np.intp) * DAY_BLOCK + rows[:, 1].astype(np.intp) + 1
    l, m, s = (_scatter(SEX_BLOCKS * DAY_BLOCK, position, rows[:, column]) for column in (2, 3, 4))  # noqa: E741
    sl = s * l
    return AgeTable(l, m, sl, *(sd_value(l, m, sl, k) for k in (-3.0, -2.0, 2.0, 3.0)))


@cache
def length_table() -> LengthTable:
    """Weight-for-length (wfl) and weight-for-height (wfh) in one."""
    size = SEX_BLOCKS * 2 * TENTHS
    m, s = np.full(size, np.nan), np.full(size, np.nan)
    l_by_sex = np.full(SEX_BLOCKS, np.nan)
    l_by_sex[[1, 2]] = [_read("wfl")[0, 2], _read("wfl")[-1, 2]]  # the file lists boys, then girls
    for table, name in ((LENGTH_TABLE, "wfl"), (HEIGHT_TABLE, "wfh")):
        rows = _read(name)
        sex = rows[:, 0].astype(np.intp)
        if not np.array_equal(l_by_sex[sex], rows[:, 2]):
            raise ValueError(f"{name}.csv: L is expected to depend on sex alone")
        position = (sex * 2 + table) * TENTHS + np.rint(rows[:, 1] * 10).astype(np.intp) - FIRST_TENTH
        m[position], s[position] = rows[:, 3], rows[:, 4]
        # The row after the last one is only ever read with weight 0; it must be a number for 0 * it to vanish.
        for block in (1, 2):
            after = position[sex == block].max() + 1
            m[after], s[after] = m[after - 1], s[after - 1]
    return LengthTable(l_by_sex, m, s)


def _scatter(size: int, position: npt.NDArray[np.intp], values: Floats) -> Floats:
    dense = np.full(size, np.nan)
    dense[position] = values
    return dense


def _read(name: str) -> Floats:
    """Columns sex, x, l, m, s of a table file."""
    with (FOLDER / f"{name}.csv").open(encoding="ascii", newline="") as file:
        return np.array([[float(row[key]) for key in ("sex", "x", "l", "m", "s")] for row in csv.DictReader(file)])
