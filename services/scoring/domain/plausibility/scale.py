"""The scale on which values of all ages compare: WHO z by age, and back from z to kilograms or centimetres.

The plain LMS formula is used on purpose, beyond +-3 too: it is smooth and can be turned round. Ages outside the tables
take the nearest day that they have, so that a child of 61 months still has an expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.scoring.domain.plausibility.values import Bools, Floats, Int8s, Int32s, Param, Rows
from shared.growth import lms
from shared.growth.anthro_columns import HEIGHT_FROM_DAY, POSITION_CORRECTION_CM, STANDING_FROM_MONTHS
from shared.growth.codes import Position
from shared.growth.growth_tables import DAY_BLOCK, LAST_DAY, age_table

# The corrections of position are those of `shared.growth.anthro_columns.prepare`.
_STANDING_FROM_DAY: Final = STANDING_FROM_MONTHS * 30.4375
_SMALLEST: Final = 1e-3  # kg or cm: keeps a value of zero or below on the scale, far away
_Z_END: Final = 60.0  # beyond this all values are alike


@dataclass(frozen=True, slots=True)
class Scale:
    """How to read values of n rows: place in the tables by age, and centimetres to add for the position."""

    weight: Bools
    row: Rows
    added_cm: Floats

    def rows(self, part: Rows) -> Scale:
        """The same for some of the rows."""
        return Scale(self.weight[part], self.row[part], self.added_cm[part])


def scale_of(param: Int8s, sex: Int8s, age_days: Int32s, position: Int8s) -> Scale:
    """The scale of rows with these facts; an unknown sex is read as a boy's, since only differences matter here."""
    day = np.clip(age_days, 0, LAST_DAY).astype(np.intp)
    row = np.maximum(sex, 1).astype(np.intp) * DAY_BLOCK + day + 1
    weight = param == Param.WEIGHT_KG
    tall = age_days >= HEIGHT_FROM_DAY
    standing_early = (position == Position.STANDING) & ~tall & (age_days >= _STANDING_FROM_DAY) & ~weight
    lying_late = (position == Position.LYING) & tall & ~weight
    return Scale(weight, row, POSITION_CORRECTION_CM * (standing_early.astype(np.float64) - lying_late))


def to_z(scale: Scale, value: Floats) -> Floats:
    """Z of values in kg or cm, within +-60."""
    z = np.empty(value.size)
    for weight, name in ((True, "wfa"), (False, "lhfa")):
        part = np.flatnonzero(scale.weight == weight)
        if part.size == 0:
            continue
        table, row = age_table(name), scale.row[part]
        y = np.maximum(value[part] + scale.added_cm[part], _SMALLEST)
        if weight:
            l = table.l.take(row)  # noqa: E741 - the method's name
            ratio = np.exp(l * np.log(y / table.m.take(row)))
            z[part] = (ratio - 1.0) / table.sl.take(row)
        else:
            z[part] = lms.plain(y, row, table)
    return np.clip(z, -_Z_END, _Z_END)


def from_z(scale: Scale, z: Floats) -> Floats:
    """Kilograms or centimetres (as would be read in the recorded position) at z."""
    value = np.empty(z.size)
    for weight, name in ((True, "wfa"), (False, "lhfa")):
        part = np.flatnonzero(scale.weight == weight)
        table, row = age_table(name), scale.row[part]
        base = np.maximum(1.0 + table.sl.take(row) * z[part], _SMALLEST)
        value[part] = table.m.take(row) * base ** (1.0 / table.l.take(row)) - scale.added_cm[part]
    return value


def unit_per_z(scale: Scale) -> Floats:
    """Kilograms or centimetres of one z near the median."""
    size = np.empty(scale.row.size)
    for weight, name in ((True, "wfa"), (False, "lhfa")):
        part = np.flatnonzero(scale.weight == weight)
        table, row = age_table(name), scale.row[part]
        size[part] = table.sl.take(row) / table.l.take(row) * table.m.take(row)
    return size
