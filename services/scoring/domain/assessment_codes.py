"""The one place that says how an assessment is written in integer columns.

Everything stored or compared is an integer, so that a batch of new assessments is compared with the stored ones by
numpy. Codes are for ever: append, never renumber (stored rows and fingerprints hold them).

- z-scores: hundredths of a z (`centi_z`, int32), `NO_SCORE` where there is none (the reason column says why)
- lengths: tenths of a millimetre, i.e. hundredths of a centimetre (int32), `NO_LENGTH` where there is none
- ages: int32, `NO_AGE` where unknown
- enumerations: int8, 0 = nothing to say
- `AssessmentFlag`: int32 bit mask
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

NO_SCORE: Final = -(2**31)
NO_LENGTH: Final = -(2**31)
NO_AGE: Final = -(2**31)
LARGEST_CENTI: Final = 2**31 - 1  # entry limits keep real values far below; beyond it the code saturates


class Oedema(IntEnum):
    """Bilateral pitting oedema."""

    UNKNOWN = 0
    NO = 1
    YES = 2


class Channel(IntEnum):
    """The door a measurement came through; the larger wins on the same day."""

    FILE = 0
    API = 1


class State(IntEnum):
    """What the fold did with a row."""

    JUDGED = 0
    VOIDED = 1
    AFTER_CUT_OFF = 2


class Letter(IntEnum):
    """Weight gain on the KMS card: N gained, T not gained, O not weighed last month, B first weighing."""

    NONE = 0
    N = 1
    T = 2
    O = 3  # noqa: E741 - the card's own letter
    B = 4


class AssessmentFlag(IntFlag):
    """Bit mask of what else was seen in a measurement."""

    NONE = 0
    HAZ_FLAGGED = 1 << 0
    WAZ_FLAGGED = 1 << 1
    WHZ_FLAGGED = 1 << 2
    BAZ_FLAGGED = 1 << 3
    POSITION_IMPLAUSIBLE = 1 << 4  # standing before nine months
    POSITION_MATTERS = 1 << 5  # position unknown and 0.7 cm would change a class
    OEDEMA = 1 << 6
    PRIMARY = 1 << 7  # the value of its day
    INTERVAL_ATYPICAL = 1 << 8
    TWICE_NOT_GAINED = 1 << 9  # 2T
    BELOW_RED_LINE = 1 << 10  # BGM
    ABOVE_ORANGE_LINE = 1 << 11
    IMPLAUSIBLE_DECREASE = 1 << 12  # length/height fell by more than the tolerance
    HAZ_DROP = 1 << 13  # lost the configured amount against 3 or 6 months ago
    HAZ_DROP_CONFIRMED = 1 << 14  # seen by a second measurement
    CORRECTED_AGE = 1 << 15  # preterm and young: the tier uses the corrected scores
    HCZ_FLAGGED = 1 << 16
    ACZ_FLAGGED = 1 << 17
    WEIGHT_VELOCITY_LOW = 1 << 18  # below the centile of the rule set
    LENGTH_VELOCITY_LOW = 1 << 19
    HEAD_VELOCITY_LOW = 1 << 20


class VelocityReason(IntEnum):
    """Why a measured value has no velocity."""

    NONE = 0
    NO_EARLIER_MEASUREMENT = 1
    NO_VELOCITY_STANDARD = 2  # no earlier value at a distance, or no age, that the standard has
    NOT_ASSESSABLE = 3  # unknown position, whole-centimetre heights, no valid score on either side
    FLAGGED = 4  # the value itself is implausible
    BELOW_STANDARD = 5  # lost more than the formula can express: low all the same


VELOCITY_REASON_NAMES: Final = tuple(reason.name.lower() if reason else "" for reason in VelocityReason)


# Classes by code, lowest first. 0 = no class (the blank reason says why), OUTLIER = flagged.
OUTLIER: Final = 9
HEIGHT_CLASSES: Final = ("severely_stunted", "stunted", "normal", "tall")
WEIGHT_CLASSES: Final = ("severely_underweight", "underweight", "normal", "overweight_risk")
SIZE_CLASSES: Final = ("severely_wasted", "wasted", "normal", "overweight_risk", "overweight", "obese")
CLASSES: Final = {
    "height_for_age": HEIGHT_CLASSES,
    "weight_for_age": WEIGHT_CLASSES,
    "weight_for_height": SIZE_CLASSES,
    "bmi_for_age": SIZE_CLASSES,
}
# Of what no assessment is classed by, in the same way.
FURTHER_CLASSES: Final = {
    "head_circumference_for_age": ("small", "normal", "large"),
    "muac": ("severely_wasted", "wasted", "normal"),
}
ALL_CLASSES: Final = CLASSES | FURTHER_CLASSES


def class_name(kind: str, code: int) -> str | None:
    """Name of a class code of `kind` (a key of `ALL_CLASSES`); None where there is no class."""
    if code == OUTLIER:
        return "outlier"
    return ALL_CLASSES[kind][code - 1] if code else None


def to_centi(values: npt.NDArray[np.float64], missing: int = NO_SCORE) -> npt.NDArray[np.int32]:
    """Hundredths of `values` as int32 (nearest; saturating); NaN becomes `missing`."""
    scaled = np.rint(values * 100.0)
    blank = np.isnan(scaled)
    bounded = np.clip(np.where(blank, 0.0, scaled), -LARGEST_CENTI, LARGEST_CENTI)
    return np.where(blank, missing, bounded).astype(np.int32)


def from_centi(codes: npt.NDArray[np.int32], missing: int = NO_SCORE) -> npt.NDArray[np.float64]:
    """The inverse of `to_centi`: two-decimal values, NaN where missing."""
    return np.where(codes == missing, np.nan, codes / 100.0)
