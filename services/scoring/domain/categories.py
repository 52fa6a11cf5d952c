"""Nutritional classes by Permenkes 2/2020, from rounded z-scores.

A flagged score is class `outlier`: measured, but in no rate. With bilateral pitting oedema the weight-based indices
have no score and count as the lowest class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import OUTLIER
from services.scoring.domain.ruleset import CutOffs
from shared.growth.anthro import IndexScores
from shared.growth.codes import BlankReason

Int8s = npt.NDArray[np.int8]

LOWEST_CLASS = 1


def classify(index: IndexScores, cuts: CutOffs) -> Int8s:
    """Class codes of an index (names in `assessment_codes.CLASSES`), 0 where there is neither a score nor oedema."""
    code = class_of(index.z, cuts)
    code[index.flagged] = OUTLIER
    code[index.reason == BlankReason.OEDEMA] = LOWEST_CLASS
    return code


def class_of(z: npt.NDArray[np.float64], cuts: CutOffs) -> Int8s:
    """Class codes by the borders alone, 0 where z is NaN."""
    code = np.ones(z.size, np.int8)
    for border in cuts.below:
        code += z >= border
    for border in cuts.above:
        code += z > border
    code[np.isnan(z)] = 0
    return code
