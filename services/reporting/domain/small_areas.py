"""What stands beside the rates of sibling areas: each drawn towards all of them, and whether it stands out at all.

The one rule for who stands out: comparison, files and the report of the TPPS tell what it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from services.reporting.domain.areas import UNMAPPED
from services.reporting.domain.figures import CAUTION_FROM, RATES
from services.reporting.domain.uncertainty import HIGHEST, LOWEST, Shrunk, shrink, standings

SHRUNK: Final = ("stunted", "wasted", "underweight")
Row = Mapping[str, Any]


class StandingOut(NamedTuple):
    """Areas with more and with fewer stunted children than their siblings, each by code; how many were looked at."""

    higher: list[Row]
    lower: list[Row]
    compared: int


def standing_out(rows: Sequence[Row]) -> StandingOut:
    """Of rows `with_shrunk`, also of several families: in the order of codes, which is no ranking."""
    standing = [(row, row["standing"]["stunted"]) for row in sorted(rows, key=lambda row: str(row["code"]))]
    return StandingOut(
        [row for row, told in standing if told == HIGHEST],
        [row for row, told in standing if told == LOWEST],
        sum(told is not None for _, told in standing),
    )


def with_shrunk(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """`rows` of all siblings with `shrunk` and `standing` by rate; None where there is none to tell.

    So where nobody was measured, the area is unknown, there are fewer than three, or a count of one is hidden: the
    others would tell it. No `standing` where fewer than four in five have weight and height: the children who came may
    differ from those who did not.
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
                row["standing"][name] = standing if (row["coverage_both"] or 0.0) >= CAUTION_FROM else None
    return told


def _told(found: Shrunk, place: int) -> dict[str, float]:
    parts = {"rate": found.rate, "low": found.low, "high": found.high, "weight": found.weight}
    return {name: round(float(part[place]), 6) for name, part in parts.items()}
