"""What the fold found of some roots, as Python values taken out of the columns in one go.

For rules that work child by child: reading single cells of a column costs more than most of those rules do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np

from services.scoring.domain.fold_columns import Fold, Int64s
from services.scoring.domain.laboratory import NOTHING, LabFinding
from services.scoring.domain.risk_codes import Evidence, RiskRule, Tier, UnknownThing

VALID_KINDS = (Evidence.HAZ, Evidence.WAZ, Evidence.WHZ, Evidence.MUAC, Evidence.OEDEMA, Evidence.DANGER_SIGN)
NO_DAY = np.iinfo(np.int64).min
NO_RESULTS: Final[Mapping[int, LabFinding]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of one root. `evidence[kind]` is the deciding input row of measurements, -1 where there is none.

    `tier` is the child's, `growth_tier` by growth alone: the laboratory may raise the one and never touches the other.
    """

    root: int
    tier: Tier
    priority: bool
    rules: tuple[RiskRule, ...]  # that fired
    things: tuple[UnknownThing, ...]  # that are unknown
    evidence: list[int]
    measured_on: date | None  # of the newest valid measurement
    growth_tier: Tier
    laboratory: LabFinding = NOTHING


def findings(fold: Fold, roots: Sequence[int], laboratory: Mapping[int, LabFinding] = NO_RESULTS) -> list[Finding]:
    """One finding a root number, in the order given; `laboratory` has the roots with results."""
    risk, chosen = fold.risk, np.asarray(roots, np.int64)
    newest = newest_valid_day(fold)[chosen]
    days = np.where(newest == NO_DAY, 0, newest).astype("M8[D]").astype(object)
    found = [
        Finding(
            root,
            Tier(tier),
            priority,
            rules_in(reasons),
            things_in(unknowns),
            evidence,
            day if known else None,
            Tier(tier),
        )
        for root, tier, priority, reasons, unknowns, evidence, day, known in zip(
            chosen.tolist(),
            risk.tier[chosen].tolist(),
            risk.priority[chosen].tolist(),
            risk.reasons[chosen].tolist(),
            risk.unknowns[chosen].tolist(),
            risk.evidence[:, chosen].T.tolist(),
            days.tolist(),
            (newest != NO_DAY).tolist(),
            strict=True,
        )
    ]
    return [_with(each, laboratory[each.root], fold) if each.root in laboratory else each for each in found]


def _with(found: Finding, laboratory: LabFinding, fold: Fold) -> Finding:
    return replace(found, tier=max(found.tier, laboratory.tier(fold.rules)), laboratory=laboratory)


@cache
def rules_in(mask: int) -> tuple[RiskRule, ...]:
    """The rules of a `reasons` mask."""
    return tuple(rule for rule in RiskRule if mask >> rule & 1)


@cache
def things_in(mask: int) -> tuple[UnknownThing, ...]:
    """The things of an `unknowns` mask."""
    return tuple(thing for thing in UnknownThing if mask >> thing & 1)


def newest_valid_day(fold: Fold) -> Int64s:
    """Per root the day (since 1970) of its newest valid measurement of any kind, NO_DAY where there is none."""
    rows = fold.risk.evidence[list(VALID_KINDS)]
    if not fold.measurements.voided.size:
        return np.full(rows.shape[1], NO_DAY, np.int64)
    days = fold.measurements.measured_on.astype(np.int64)[rows]
    newest: Int64s = np.where(rows >= 0, days, NO_DAY).max(axis=0)
    return newest
