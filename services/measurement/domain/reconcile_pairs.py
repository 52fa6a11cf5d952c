"""Visits known on both sides, as columns: what a reconciliation compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.measurement.domain.recompute import Bools, Floats, ScoreInputs

Zs = npt.NDArray[np.float64]  # shape (3, n): HAZ, WAZ, WHZ

NOISE: Final = 1e-6  # of decimals in binary


@dataclass(frozen=True, slots=True)
class Pairs:
    """n visits known on both sides, in the order of the file.

    `official`: their scores, shape (3, n) as `INDICES`, NaN = none. `own_scores`: ours likewise. `other_ages`: ages in
    days that an explanation may rest on, by its name (`age_text`, `dates_swapped`), NaN = none. `months` = completed
    calendar months at their visit. `states_position`: whether the file has a column for it. `follows` = the row stands
    directly below the row before it.
    """

    theirs: ScoreInputs
    ours: ScoreInputs
    official: Zs
    own_scores: Zs
    their_muac_cm: Floats
    our_muac_cm: Floats
    birth_date_differs: Bools
    day_differs: Bools
    other_ages: Mapping[str, Floats]
    months: Floats
    states_position: bool
    follows: Bools


def apart(one: Floats, other: Floats) -> Bools:
    """Rows whose values are not the same; no value on either side is."""
    with np.errstate(invalid="ignore"):
        different: Bools = ~((np.abs(one - other) < NOISE) | (np.isnan(one) & np.isnan(other)))
    return different
