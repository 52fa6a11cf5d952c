"""Whether the z-scores that a file states follow from the values it states.

The growth engine is handed in as a function: a file is judged here, growth is judged by scoring, and neither imports
the other. A row recomputes when |z - official| <= 0.01 with its stated position, or with either where it states none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]

INDICES: Final = ("HAZ", "WAZ", "WHZ")
MALE: Final = 1
FEMALE: Final = 2
UNKNOWN: Final = 0
LYING: Final = 1
STANDING: Final = 2

TOLERANCE_Z: Final = 0.01
_FLOAT_NOISE: Final = 1e-9  # -1.76 - -1.75 is a little more than 0.01 in binary
LARGEST_OFFICIAL_Z: Final = 20.0  # beyond it stands no score but a wrong weight (9855 "kg" gave 5324.99)
# Within these a value is what a living child may have; WHO's own flags (domain.md §2).
FLAG_LIMITS: Final = {"HAZ": (-6.0, 6.0), "WAZ": (-6.0, 5.0), "WHZ": (-5.0, 5.0)}


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """Columns of equal length. `sex` 1 male, 2 female, 0 unknown; `position` 0 unknown, 1 lying, 2 standing.

    `age_days` whole days, `weight_kg`, `length_height_cm`; NaN = no value.
    """

    sex: Int8s
    age_days: Floats
    weight_kg: Floats
    length_height_cm: Floats
    position: Int8s


@dataclass(frozen=True, slots=True)
class ZScores:
    """Columns of z-scores rounded to two decimals, NaN = no score."""

    haz: Floats
    waz: Floats
    whz: Floats

    def of(self, index: str) -> Floats:
        """The column of `HAZ`, `WAZ` or `WHZ`."""
        columns: dict[str, Floats] = {"HAZ": self.haz, "WAZ": self.waz, "WHZ": self.whz}
        return columns[index]


Recompute = Callable[[ScoreInputs], ZScores]


@dataclass(frozen=True, slots=True)
class Readings:
    """The scores of rows under each position they may have been measured in (twice the same where it is stated)."""

    lying: ZScores
    standing: ZScores

    def equal(self, official: Floats, index: str) -> Bools:
        """Rows whose official z follows from their values."""
        with np.errstate(invalid="ignore"):
            return self._distance(official, index) <= TOLERANCE_Z + _FLOAT_NOISE

    def checkable(self, official: Floats, index: str) -> Bools:
        """Rows that have both an official z and one of ours."""
        return ~np.isnan(self._distance(official, index))

    def flagged(self, index: str) -> Bools:
        """Rows whose z lies outside the flag limits under every position."""
        return self.beyond(index, FLAG_LIMITS[index])

    def beyond(self, index: str, limits: tuple[float, float]) -> Bools:
        """Rows whose z lies outside `limits` under every position; a blank lies nowhere."""
        low, high = limits
        with np.errstate(invalid="ignore"):
            lying, standing = ((z < low) | (z > high) for z in self._both(index))
        both: Bools = lying & standing
        return both

    def _distance(self, official: Floats, index: str) -> Floats:
        lying, standing = self._both(index)
        return np.fmin(np.abs(lying - official), np.abs(standing - official))

    def _both(self, index: str) -> tuple[Floats, Floats]:
        return self.lying.of(index), self.standing.of(index)


def read_both_positions(recompute: Recompute, inputs: ScoreInputs) -> Readings:
    """Scores with the stated position, or with either where none is stated."""
    unknown = inputs.position == UNKNOWN
    lying = recompute(replace(inputs, position=np.where(unknown, LYING, inputs.position).astype(np.int8)))
    if not unknown.any():
        return Readings(lying, lying)
    standing = np.where(unknown, STANDING, inputs.position).astype(np.int8)
    return Readings(lying, recompute(replace(inputs, position=standing)))
