"""One score of plausibility for weight-for-height (SMART-type): points for each criterion, a class of the sum.

Limits and points are those of published scoring tables for WHZ, without the digit preference of MUAC and the test
of clusters. We judge skew and kurtosis by their size; judged by sign a strong negative skew would be called excellent,
and the sum of that reading is given only because other software prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from services.reporting.domain.quality_metrics.digits import CLASSES, SCORE_BELOW

Floats = npt.NDArray[np.float64]
Int8s = npt.NDArray[np.int8]
Reading = Literal["size", "sign"]

FLAGGED_AT_MOST: Final = (0.025, 0.05, 0.075)
SD_WITHIN: Final = (0.10, 0.15, 0.20)  # of 1
P_ABOVE: Final = (0.10, 0.05, 0.001)
SHAPE_BELOW: Final = (0.2, 0.4, 0.6)
SCORE_UP_TO: Final = (9, 14, 24)
UNKNOWN: Final = -1
# Points by class, Excellent to Problematic.
HEAVY, LIGHT, SHAPE = (0, 5, 10, 20), (0, 2, 4, 10), (0, 1, 3, 5)
POINTS: Final = {
    "flagged": HEAVY,
    "sd": HEAVY,
    "sex_ratio": LIGHT,
    "age_ratio": LIGHT,
    "dps_weight": LIGHT,
    "dps_height": LIGHT,
    "skew": SHAPE,
    "kurtosis": SHAPE,
}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is judged, one value per group; NaN = not known.

    `flagged` share of all children with a WHZ flagged by SMART; `sd`, `skew`, `kurtosis` of WHZ without them; p of sex
    and age ratio; digit preference scores.
    """

    flagged: Floats
    sd: Floats
    sex_ratio: Floats
    age_ratio: Floats
    dps_weight: Floats
    dps_height: Floats
    skew: Floats
    kurtosis: Floats


def class_names(classes: Int8s) -> list[str | None]:
    """Words of class numbers; None = not known."""
    return [None if code == UNKNOWN else CLASSES[code] for code in classes.tolist()]


def classes_of(criteria: Criteria, reading: Reading = "size") -> dict[str, Int8s]:
    """By criterion the class of each group, 0 Excellent to 3 Problematic, -1 where it is not known."""
    shape: Callable[[Floats], Floats] = np.abs if reading == "size" else np.asarray
    return {
        "flagged": _count_failed(criteria.flagged, [criteria.flagged > limit for limit in FLAGGED_AT_MOST]),
        # Rounded: 0.9 lies 0.1 from 1, which is not so in binary.
        "sd": _count_failed(criteria.sd, [np.round(np.abs(criteria.sd - 1.0), 12) > limit for limit in SD_WITHIN]),
        **{
            name: _count_failed(p, [p <= limit for limit in P_ABOVE])
            for name, p in (("sex_ratio", criteria.sex_ratio), ("age_ratio", criteria.age_ratio))
        },
        **{
            name: digit_class(score)
            for name, score in (("dps_weight", criteria.dps_weight), ("dps_height", criteria.dps_height))
        },
        **{
            name: _count_failed(value, [shape(value) >= limit for limit in SHAPE_BELOW])
            for name, value in (("skew", criteria.skew), ("kurtosis", criteria.kurtosis))
        },
    }


def digit_class(score: Floats) -> Int8s:
    """The class of digit preference scores."""
    return _count_failed(score, [score >= limit for limit in SCORE_BELOW])


def smart_score(classes: dict[str, Int8s]) -> tuple[Floats, Int8s]:
    """Points of each group, 0 (best) to 85, and the class of them; NaN and -1 where a criterion is not known."""
    known = np.logical_and.reduce([codes != UNKNOWN for codes in classes.values()])
    points = sum(np.array(POINTS[name])[codes] for name, codes in classes.items())
    total = np.where(known, points, np.nan)
    return total, _count_failed(total, [total > limit for limit in SCORE_UP_TO])


def _count_failed(value: Floats, failed: list[npt.NDArray[np.bool_]]) -> Int8s:
    """The class is the number of limits missed."""
    return np.where(np.isnan(value), UNKNOWN, sum(each.astype(np.int8) for each in failed)).astype(np.int8)
