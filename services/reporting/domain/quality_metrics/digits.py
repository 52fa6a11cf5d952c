"""Which last digits a measurer likes: the digit preference score (Kuulasmaa, Hense, Tolonen, WHO MONICA 1998)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from services.reporting.domain.quality_metrics.count_tests import equal_counts
from shared.growth.rounding import round_hundredths

Floats = npt.NDArray[np.float64]

DIGITS: Final = 10
CLASSES: Final = ("Excellent", "Good", "Acceptable", "Problematic")
SCORE_BELOW: Final = (8.0, 12.0, 20.0)  # limits of the classes; the words are those of the field's software


def last_digits(values: Floats, decimals: int) -> npt.NDArray[np.int64]:
    """The last digit of each value read to so many decimals (1 for kg and cm, 0 for mm); -1 where missing."""
    scaled = np.rint(values * 10.0**decimals)
    there = np.isfinite(scaled)
    return np.where(there, np.abs(np.where(there, scaled, 0.0)) % DIGITS, -1).astype(np.int64)


def digit_preference_score(counts: npt.NDArray[np.integer]) -> Floats:
    """0 (no digit preferred) to 100 (always the same one) of digit counts, shape (..., 10); NaN of no values.

    100 times the root of X2 / (9 n), rounded to hundredths. Its expectation for honest values is about 100 / sqrt(n):
    below a few hundred values the score alone accuses nobody, see `count_tests.equal_digits_p`.
    """
    n = counts.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = 100.0 * np.sqrt(equal_counts(counts).x2 / (n * (DIGITS - 1)))
    rounded: Floats = round_hundredths(np.atleast_1d(score)).reshape(np.shape(score))
    return rounded
