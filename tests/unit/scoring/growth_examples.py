"""Short ways to write rows of anthropometry in tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from shared.growth.anthro import Scores, score
from shared.growth.anthro_columns import Anthropometry
from shared.growth.codes import BLANK_REASON_NAMES
from tests.unit.scoring.scalar_reference import Row

POSITIONS = {"": 0, "l": 1, "L": 1, "h": 2, "H": 2}


def floats(values: Iterable[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def columns(rows: Sequence[Row]) -> Anthropometry:
    return Anthropometry(
        sex=np.array([row.sex for row in rows], np.int8),
        age=floats(row.age for row in rows),
        age_in_months=np.array([row.in_months for row in rows], np.bool_),
        weight_kg=floats(row.weight for row in rows),
        length_height_cm=floats(row.lenhei for row in rows),
        position=np.array([POSITIONS[row.measure] for row in rows], np.int8),
        oedema=np.array([row.oedema for row in rows], np.bool_),
        head_circumference_cm=floats(row.headc for row in rows),
        muac_cm=floats(row.armc for row in rows),
        triceps_mm=floats(row.triskin for row in rows),
        subscapular_mm=floats(row.subskin for row in rows),
    )


def child(
    sex: str,
    days: float | None,
    weight: float | None = None,
    lenhei: float | None = None,
    measure: str = "",
    **more: Any,
) -> Row:
    return Row({"": 0, "M": 1, "F": 2}[sex], days, False, weight, lenhei, measure, more.pop("oedema", False), **more)


def score_one(row: Row) -> Scores:
    return score(columns([row]))


def z(row: Row, index: str) -> float:
    return float(getattr(score_one(row), index).z[0])


def reason(row: Row, index: str) -> str:
    return BLANK_REASON_NAMES[int(getattr(score_one(row), index).reason[0])]
