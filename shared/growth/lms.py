"""The LMS arithmetic over columns: z = ((y/M)^L - 1) / (S*L), and the restricted formula beyond +-3.

A z-score beyond +-3 of a weight-based index is read off in steps of the distance between 2 and 3 SD (WHO 2006, chapter
on the restricted application of the LMS method). The test is on the unrounded z.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from shared.growth.growth_tables import FIRST_TENTH, TENTHS, AgeTable, LengthTable, sd_value

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

RESTRICTED_BEYOND: Final = 3.0
TENTH_CM: Final = 0.1


def plain(y: Floats, row: Rows, table: AgeTable) -> Floats:
    """Z by age of an index whose L is 1 (length/height, head circumference), never restricted."""
    z = y / table.m.take(row)
    z -= 1.0
    z /= table.sl.take(row)
    return z


def restricted(y: Floats, row: Rows, table: AgeTable) -> Floats:
    """Z by age, restricted beyond +-3."""
    z = y / table.m.take(row)
    z **= table.l.take(row)
    z -= 1.0
    z /= table.sl.take(row)
    far = np.flatnonzero(np.abs(z) > RESTRICTED_BEYOND)
    if far.size:
        at = row[far]
        sd = (column.take(at) for column in (table.sd_minus_3, table.sd_minus_2, table.sd_2, table.sd_3))
        z[far] = _beyond(y[far], z[far], *sd)
    return z


def by_size(weight_kg: Floats, size_cm: Floats, sex: Rows, by_height: Rows, table: LengthTable) -> Floats:
    """Weight z by length (`by_height` 0) or height (1), L, M and S interpolated between the rows 0.1 cm apart.

    `size_cm` must lie within the table.
    """
    tenths = size_cm * 10.0
    lower = np.floor(tenths)
    # The reference computes the share in centimetres; a share below zero is float noise on a row of the table.
    share = size_cm - lower / 10.0
    share /= TENTH_CM
    np.maximum(share, 0.0, out=share)
    block = (sex * 2 + by_height) * TENTHS - FIRST_TENTH
    at_lower = lower.astype(np.intp) + block
    # Not simply the next row: adding 1.0 rounds, and the reference follows the rounding.
    tenths += 1.0
    at_upper = tenths.astype(np.intp) + block
    l = table.l.take(sex)  # noqa: E741 - the method's names
    m, s = _between(table.m, at_lower, at_upper, share), _between(table.s, at_lower, at_upper, share)
    s *= l
    z = weight_kg / m
    z **= l
    z -= 1.0
    z /= s
    far = np.flatnonzero(np.abs(z) > RESTRICTED_BEYOND)
    if far.size:
        parameters = l[far], m[far], s[far]
        sd = (sd_value(*parameters, k) for k in (-3.0, -2.0, 2.0, 3.0))
        z[far] = _beyond(weight_kg[far], z[far], *sd)
    return z


def _between(column: Floats, at_lower: Rows, at_upper: Rows, share: Floats) -> Floats:
    lower = column.take(at_lower)
    step = column.take(at_upper)
    step -= lower
    step *= share
    step += lower
    return step


def _beyond(y: Floats, z: Floats, minus_3: Floats, minus_2: Floats, plus_2: Floats, plus_3: Floats) -> Floats:
    above = 3.0 + (y - plus_3) / (plus_3 - plus_2)
    below = -3.0 + (y - minus_3) / (minus_2 - minus_3)
    return np.where(z > 0, above, below)
