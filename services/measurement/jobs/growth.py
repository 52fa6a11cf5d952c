"""The growth engine as a file's z-scores are tested with it."""

from __future__ import annotations

import numpy as np

from services.measurement.domain.recompute import ScoreInputs, ZScores
from shared.growth.anthro import score
from shared.growth.anthro_columns import Anthropometry


def recompute(columns: ScoreInputs) -> ZScores:
    """HAZ, WAZ and WHZ by the WHO's arithmetic; a file states no oedema."""
    scores = score(
        Anthropometry(
            sex=columns.sex,
            age=columns.age_days,
            weight_kg=columns.weight_kg,
            length_height_cm=columns.length_height_cm,
            position=columns.position,
            oedema=np.zeros(columns.sex.size, dtype=np.bool_),
        )
    )
    return ZScores(haz=scores.haz.z, waz=scores.waz.z, whz=scores.whz.z)
