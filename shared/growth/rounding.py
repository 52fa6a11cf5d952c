"""R's rule for rounding to two decimals (R >= 4.0), which the WHO software uses.

Of floor(100|x|)/100 and ceil(100|x|)/100 the one nearer to |x| in double arithmetic; at equal distance the one whose
hundredths are even. It differs from numpy's and Python's rounding on ties such as 0.015 or 2.675.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Farther than this from a tie, and below this size, the nearest whole hundredth is R's answer too.
TIE_MARGIN: Final = 0.49
SAFE_SIZE: Final = 1e6


def round_hundredths(x: Floats) -> Floats:
    """`x` rounded to two decimals as R does. NaN and infinities pass through; the sign of zero is kept, as in R."""
    hundredths = x * 100.0
    whole = np.rint(hundredths)
    rounded = whole / 100.0
    np.subtract(hundredths, whole, out=hundredths)
    np.abs(hundredths, out=hundredths)
    careful = np.flatnonzero((hundredths > TIE_MARGIN) | (np.abs(whole) > SAFE_SIZE))
    if careful.size:
        rounded[careful] = _by_definition(x[careful])
    return rounded


def _by_definition(x: Floats) -> Floats:
    size = np.abs(x)
    floor = np.floor(size * 100.0)
    below, above = floor / 100.0, np.ceil(size * 100.0) / 100.0
    to_below, to_above = size - below, above - size
    take_below = (to_below < to_above) | ((to_below == to_above) & (np.fmod(floor, 2.0) == 0.0))
    return np.copysign(np.where(take_below, below, above), x)
