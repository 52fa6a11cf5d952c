"""The two ways to judge values: as they arrive (`judge_stream`), or all at once (`judge_batch`)."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.scoring.domain.plausibility.values import Bools, Floats, Param, Values
from services.scoring.domain.plausibility.verdicts import Evidence, Kind, Verdicts, no_verdicts
from shared.growth.anthro import score
from shared.growth.anthro_columns import Anthropometry

# How far back the rows of a posyandu matter to a verdict, in days: the rows of days d - STREAM_POSYANDU_DAYS to d - 1.
STREAM_POSYANDU_DAYS: Final = 190


def judge_batch(values: Values) -> Verdicts:
    """A verdict for every row; every row sees all rows, later ones too."""
    return _beyond_limits(values)


def judge_stream(values: Values, asked: Bools) -> Verdicts:
    """Verdicts for the rows where `asked` (in their order), each as of the end of its day.

    A verdict depends on the rows of the same child with an earlier day or of the same posyandu and day, on all rows of
    the same posyandu and day, and on the rows of that posyandu in the `STREAM_POSYANDU_DAYS` before; on nothing else,
    whatever else is given, in whatever order.
    """
    return _beyond_limits(values.rows(asked))


def _beyond_limits(values: Values) -> Verdicts:
    verdicts = no_verdicts(len(values))
    weight = values.param == Param.WEIGHT_KG
    blank: Floats = np.full(len(values), np.nan)
    scores = score(
        Anthropometry(
            sex=values.sex,
            age=(values.day - values.birth_day).astype(np.float64),
            weight_kg=np.where(weight, values.value, blank),
            length_height_cm=np.where(weight, blank, values.value),
            position=values.position,
            oedema=np.zeros(len(values), np.bool_),
        )
    )
    verdicts.flagged[:] = np.where(weight, scores.waz.flagged, scores.haz.flagged)
    verdicts.kind[verdicts.flagged] = Kind.OTHER
    verdicts.evidence_code[verdicts.flagged] = Evidence.BEYOND_WHO_LIMITS
    verdicts.probability[verdicts.flagged] = 0.95
    return verdicts
