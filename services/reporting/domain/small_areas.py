"""What stands beside the rates of desa: each drawn towards its kecamatan, and whether it stands out at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import RATES
from services.reporting.domain.uncertainty import Shrunk, shrink, standings

SHRUNK: Final = ("stunted", "wasted", "underweight")
Row = Mapping[str, Any]


def with_shrunk(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """`rows` of the desa of one kecamatan with `shrunk` and `standing` by rate; None where there is none to tell.

    So where nobody was measured, the desa is unknown, there are fewer than three, or a count of one is hidden: the
    others would tell it.
    """
    told: list[dict[str, Any]] = [
        {**row, "shrunk": dict.fromkeys(SHRUNK), "standing": dict.fromkeys(SHRUNK)} for row in rows
    ]
    for name in SHRUNK:
        numerator, denominator = RATES[name]
        if any(row[numerator] is None or row[denominator] is None for row in rows):
            continue
        some = [row for row in told if row[denominator] and row["code"] != UNMAPPED]
        found = shrink(np.array([row[numerator] for row in some]), np.array([row[denominator] for row in some]))
        if found is not None:
            for place, (row, standing) in enumerate(zip(some, standings(found), strict=True)):
                row["shrunk"][name] = _told(found, place)
                row["standing"][name] = standing
    return told


def _told(found: Shrunk, place: int) -> dict[str, float]:
    parts = {"rate": found.rate, "low": found.low, "high": found.high, "weight": found.weight}
    return {name: round(float(part[place]), 6) for name, part in parts.items()}
