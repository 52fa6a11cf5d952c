"""Our own scores in the shape of the ministry's: what an export writes, and what a row adds that is not ours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np

from services.measurement.domain.official_classes import class_of
from shared.contracts.child import OfficialScores
from shared.growth.anthro import score
from shared.growth.anthro_columns import Anthropometry

SEX_CODES: Final = {"male": 1, "female": 2, None: 0}
POSITION_CODES: Final = {"lying": 1, "standing": 2, None: 0}
INDICES: Final[tuple[tuple[Literal["haz", "waz", "whz"], str], ...]] = (("haz", "HAZ"), ("waz", "WAZ"), ("whz", "WHZ"))
TOLERANCE_Z: Final = 0.01 + 1e-9  # as a file's rows are recomputed: -1.76 - -1.75 is a little more than 0.01 in binary


class Values(Protocol):
    """What of a measurement is scored; units are in the names."""

    @property
    def measured_on(self) -> date: ...  # noqa: D102 - the names say it
    @property
    def weight_kg(self) -> float | None: ...  # noqa: D102
    @property
    def length_height_cm(self) -> float | None: ...  # noqa: D102
    @property
    def measurement_position(self) -> str | None: ...  # noqa: D102
    @property
    def oedema(self) -> bool | None: ...  # noqa: D102


class Scored(NamedTuple):
    """A measurement with what of its child decides its scores."""

    sex: str | None
    birth_date: date
    values: Values


def our_scores(visits: Sequence[Scored]) -> list[OfficialScores]:
    """HAZ, WAZ, WHZ and their classes, in order; None = no score (oedema, 60 months, no sex, out of the tables)."""
    if not visits:
        return []
    scores = score(
        Anthropometry(
            sex=np.array([SEX_CODES[visit.sex] for visit in visits], np.int8),
            age=np.array([(visit.values.measured_on - visit.birth_date).days for visit in visits], np.float64),
            weight_kg=_floats([visit.values.weight_kg for visit in visits]),
            length_height_cm=_floats([visit.values.length_height_cm for visit in visits]),
            position=np.array([POSITION_CODES[visit.values.measurement_position] for visit in visits], np.int8),
            oedema=np.array([bool(visit.values.oedema) for visit in visits], np.bool_),
        )
    )
    columns = (scores.haz.z.tolist(), scores.waz.z.tolist(), scores.whz.z.tolist())
    return [_official(*z) for z in zip(*columns, strict=True)]


def follows(official: OfficialScores | None, ours: OfficialScores | None) -> bool:
    """Whether scores and classes say only what we compute ourselves: then they add nothing to a measurement."""
    if official is None:
        return True
    if ours is None:
        return False
    return all(_index_follows(official, ours, name, index) for name, index in INDICES)


def _index_follows(
    official: OfficialScores, ours: OfficialScores, name: Literal["haz", "waz", "whz"], index: str
) -> bool:
    stated: float | None = getattr(official, name)
    computed: float | None = getattr(ours, name)
    word: str | None = getattr(official, f"{name}_class")
    if stated is not None and (computed is None or abs(stated - computed) > TOLERANCE_Z):
        return False
    return word is None or word in {class_of(index, stated), class_of(index, computed)}


def _official(haz: float, waz: float, whz: float) -> OfficialScores:
    values: dict[str, Any] = {}
    for (name, index), z in zip(INDICES, (haz, waz, whz), strict=True):
        values[name] = None if math.isnan(z) else z
        values[f"{name}_class"] = class_of(index, z)
    return OfficialScores.model_construct(**values)


def _floats(values: list[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
