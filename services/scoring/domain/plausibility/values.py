"""Measured values as columns: one row is one value (a weight or a length/height) of one visit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Int8s = npt.NDArray[np.int8]
Rows = npt.NDArray[np.intp]


class Param(IntEnum):
    """What was measured."""

    WEIGHT_KG = 0
    LENGTH_HEIGHT_CM = 1


@dataclass(frozen=True, slots=True)
class Values:
    """Columns of equal length n, in any order.

    `child`, `visit` and `posyandu` are numbers that are only ever compared for equality: a visit joins the weight and
    the length/height that were entered together. Days are whole days since 1970; `birth_day` and `sex` are those
    recorded at the visit. `position` is that of a length/height (`Position.UNKNOWN` for weights).
    """

    child: Int64s
    visit: Int64s
    posyandu: Int64s
    day: Int32s
    birth_day: Int32s
    sex: Int8s
    param: Int8s
    value: Floats
    position: Int8s

    def rows(self, part: slice | Rows | Bools) -> Values:
        """The same columns for some of the rows."""
        return Values(*(getattr(self, field.name)[part] for field in fields(self)))

    def __len__(self) -> int:
        """How many values."""
        return int(self.child.size)
