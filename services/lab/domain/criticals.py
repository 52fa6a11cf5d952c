"""Which values call a person now, and whose turn it is: measured values, no adjustment, at any age (domain.md §4)."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, Literal, TypeVar

from services.lab.domain.catalogue import Step
from services.lab.domain.catalogue_rows import Analyte

Side = Literal["low", "high"]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit that a value lies beyond."""

    limit: float
    side: Side


@dataclass(frozen=True, slots=True)
class Drawn(Generic[Key]):
    """A valid result as the alerts look at it; `draw` is the same for all results of one draw."""

    key: Key
    draw: Hashable
    analyte: Analyte
    value: float
    comparator: str | None
    age_days: int  # of the draw when it was reported


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whose turn it is to see to an alert that nobody has acknowledged, and who is next, if anybody."""

    step: int  # 0 = not escalated
    role: str
    since: datetime
    next_role: str | None
    next_at: datetime | None


def escalation(steps: Sequence[Step], raised_at: datetime, now: datetime) -> Escalation:
    """Where an alert stands `now`: the last step whose time has come; computed, never stored."""
    times = [raised_at + timedelta(minutes=step.after_minutes) for step in steps]
    step = max(0, sum(at <= now for at in times) - 1)
    following = step + 1
    has_next = following < len(steps)
    return Escalation(
        step,
        steps[step].role,
        times[step],
        steps[following].role if has_next else None,
        times[following] if has_next else None,
    )


def crossing(analyte: Analyte, value: float, comparator: str | None) -> Crossing | None:
    """The limit that is certainly crossed: a bound crosses only where all that it leaves open lies beyond.

    Compared at the limit's own decimals, half up, as every reading is: 69.6 g/L is not below 70.
    """
    low, high = analyte.critical_below, analyte.critical_above
    if low is not None and comparator not in {">", ">="}:
        shown = _at(value, low)
        if shown < low or (comparator == "<" and shown == low):
            return Crossing(float(low), "low")
    if high is not None and comparator not in {"<", "<="}:
        shown = _at(value, high)
        if shown > high or (comparator == ">" and shown == high):
            return Crossing(float(high), "high")
    return None


def alerts(results: Collection[Drawn[Key]], drawn_at_most_days: int) -> Mapping[Key, Crossing]:
    """The results that need a person; of a draw whose leading value is critical, the follower is silent."""
    found: dict[Key, Crossing] = {}
    critical_draws = set()
    for result in results:
        if result.age_days > drawn_at_most_days:
            continue
        crossed = crossing(result.analyte, result.value, result.comparator)
        if crossed is not None:
            found[result.key] = crossed
            critical_draws.add((result.draw, result.analyte.code))
    for result in results:
        if result.key in found and (result.draw, result.analyte.leader) in critical_draws:
            del found[result.key]
    return found


def _at(value: float, limit: Decimal) -> Decimal:
    return Decimal(repr(value)).quantize(limit, ROUND_HALF_UP)
