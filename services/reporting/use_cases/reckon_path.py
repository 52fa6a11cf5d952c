"""A target path reckoned from what was read of an area, beside the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.domain.growth_rates import History, Rates, is_enough, rates_by_age, rates_of
from services.reporting.domain.periods import Period
from services.reporting.domain.target_path import Start, expected_path, needed_factor, simulate


@dataclass(frozen=True, slots=True)
class Ground:
    """What was read: no connection is needed any more."""

    start: Start
    own: History
    wider: History
    months: int
    target: float | None


async def reckon_target_path(head: dict[str, Any], ground: Ground) -> dict[str, Any]:
    """The whole answer; a second of arithmetic, in a thread of its own."""
    return await asyncio.to_thread(_reckon, head, ground)


def _reckon(head: dict[str, Any], ground: Ground) -> dict[str, Any]:
    children = int(ground.start.known.sum() + ground.start.unknown.sum())
    about = {"children": children, "without_score": int(ground.start.unknown.sum()), "births": ground.start.births}
    if not is_enough(ground.wider) or not ground.start.known.sum():
        return {**head, "start": about, "path": None, "reason": "history_too_short"}
    rates = rates_of(ground.own, ground.wider)
    expected, flows = expected_path(ground.start, rates, ground.months)
    path = simulate(ground.start, rates, ground.months, ground.target)
    measured = head["measured"]["share"]
    first = Period(date.fromisoformat(f"{head['period']}-01"))
    return {
        **head,
        "start": {
            **about,
            "share": float(expected[0]),
            # What the rate of all registered children would be beside that of those measured this month.
            "coverage_effect": None if measured is None else float(expected[0]) - measured,
        },
        "reason": None,
        "rates": rates_by_age(rates),
        "path": [
            {"period": str(first.shifted(at)), "share": float(share), "low": float(low), "high": float(high)}
            for at, (share, low, high) in enumerate(zip(expected, path.low, path.high, strict=True))
        ],
        "causes": [
            {
                "code": flow.name,
                "numerator": flow.numerator,
                "denominator": flow.denominator,
                "share_change": flow.share,
            }
            for flow in flows
        ],
        "at_end": _at_end(ground, rates, float(expected[-1]), path.reached),
    }


def _at_end(ground: Ground, rates: Rates, expected: float, reached: float | None) -> dict[str, Any] | None:
    if ground.target is None:
        return None
    return {
        "gap": expected - ground.target,
        "chance_of_reaching": reached,
        "recovery_must_be_times": needed_factor(ground.start, rates, ground.months, ground.target, recovery=True),
        "incidence_must_be_times": needed_factor(ground.start, rates, ground.months, ground.target, recovery=False),
    }
