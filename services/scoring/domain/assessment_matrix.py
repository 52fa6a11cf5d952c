"""Assessments as rows of integers, as they are stored: a row a measurement, columns in the order of `Assessments`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import numpy as np
import numpy.typing as npt

from services.scoring.domain.assessment_codes import NO_SCORE
from services.scoring.domain.fold_columns import Assessments

CODE_COLUMNS: Final = tuple(field.name for field in fields(Assessments))
Matrix = npt.NDArray[np.int32]

# What a row says that was stored before the column was: nothing. Zero where not named here.
ABSENT: Final = dict.fromkeys(
    (
        *("hcz", "acz", "haz_change_short", "haz_change_long", "weight_velocity", "length_velocity", "head_velocity"),
        *("stunting_risk", "stunting_risk_level", "stunting_risk_usual_change", "stunting_risk_weight_change"),
        "stunting_risk_spread",
    ),
    NO_SCORE,
)
_ABSENT_ROW: Final = np.array([ABSENT.get(name, 0) for name in CODE_COLUMNS], "<i4")


def code_matrix(assessments: Assessments) -> Matrix:
    """All assessment columns as one int32 matrix.

    New columns are appended to `Assessments`; a stored row of another width is judged anew.
    """
    return np.stack([getattr(assessments, name).astype("<i4") for name in CODE_COLUMNS], axis=1)


def read_matrix(stored: Sequence[bytes]) -> Matrix:
    """Stored rows as a matrix; a shorter row, older than the last columns, says nothing in those."""
    matrix = np.tile(_ABSENT_ROW, (len(stored), 1))
    for row, codes in enumerate(stored):
        known = np.frombuffer(codes, "<i4")
        matrix[row, : known.size] = known
    return matrix
