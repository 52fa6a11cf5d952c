"""Areas whose share differs from that of the whole by more than chance: told only where intervals allow it.

Many areas are compared at once, so each interval is widened for their number (Bonferroni): of districts in which all
desa are alike, one in twenty names a desa, not one desa in twenty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, Final, NamedTuple

from services.reporting.domain.figures import CAUTION_FROM, wilson

CONFIDENCE: Final = 0.95
FEWEST_MEASURED: Final = 20  # of fewer, an interval of this width excludes next to nothing


class StandingOut(NamedTuple):
    """Areas above and below the whole, each by code; `compared` were enough measured to be looked at."""

    higher: list[Mapping[str, Any]]
    lower: list[Mapping[str, Any]]
    compared: int


def stand_out(rows: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> StandingOut:
    """Of `rows` (figures of areas) those whose widened interval of the stunted share leaves the share of `whole` out.

    Areas with a hidden count are not looked at, nor those where fewer than four in five have weight and height: there
    the children who came may differ from those who did not.
    """
    share = whole["stunted_share"]
    known = [
        row
        for row in rows
        if row["stunted"] is not None
        and (row["haz_measured"] or 0) >= FEWEST_MEASURED
        and (row["coverage_both"] or 0.0) >= CAUTION_FROM
    ]
    if share is None or not known:
        return StandingOut([], [], len(known))
    reach = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * len(known)))
    higher, lower = [], []
    for row in sorted(known, key=lambda row: str(row["code"])):
        bounds = wilson(row["stunted"], row["haz_measured"], reach)
        if bounds is not None and bounds.low > share:
            higher.append(row)
        elif bounds is not None and bounds.high < share:
            lower.append(row)
    return StandingOut(higher, lower, len(known))
