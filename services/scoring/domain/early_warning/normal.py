"""The lower tail of the normal distribution over columns, without a library for it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17: error of the tail below 7.5e-8.
_P: Final = 0.2316419
_B: Final = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)
_LARGEST: Final = 5.0  # beyond it the approximation's own error would be most of the tail


def tail_below(z: Floats) -> Floats:
    """P(Z < z), z held within ±5."""
    z = np.clip(z, -_LARGEST, _LARGEST)
    t = 1.0 / (1.0 + _P * np.abs(z))
    poly = t * (_B[0] + t * (_B[1] + t * (_B[2] + t * (_B[3] + t * _B[4]))))
    tail = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * poly
    return np.asarray(np.where(z < 0.0, tail, 1.0 - tail))


def log_odds_below(z: Floats) -> Floats:
    """Logarithm of the odds of Z < z."""
    size = tail_below(-np.abs(z))
    odds = np.log(size) - np.log1p(-size)
    return np.asarray(np.where(z < 0.0, odds, -odds))
