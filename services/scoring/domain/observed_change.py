"""What was measured before, during and after an intervention, and how it differs: observed, never called an effect.

A child may recover without feeding and fall ill in spite of it; scores of one visit have a noise of about 0.2 SD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

VALUES: Final = ("weight_kg", "waz", "whz", "haz")
DECIMALS: Final = {"weight_kg": 3, "waz": 2, "whz": 2, "haz": 2}
GRAMS_PER_KG: Final = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement that counts on its day. `values` by name (`VALUES`, kg and SD); what is flagged is left out."""

    on: date
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """A value on a day."""

    on: date
    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """One value before, last during and first after; the changes are those since before, in its unit."""

    before: Seen | None
    during: Seen | None
    after: Seen | None
    change_during: float | None
    change_after: float | None


def parts(days: Sequence[date], began_on: date, ended_on: date | None) -> tuple[int, int]:
    """How many of the ascending `days` lie before the intervention, and before what comes after it.

    What was measured on its first day is before it, on its last day during it.
    """
    before = sum(on <= began_on for on in days)
    during = len(days) if ended_on is None else sum(on <= ended_on for on in days)
    return before, max(before, during)


def changes(points: Sequence[Point], began_on: date, ended_on: date | None) -> dict[str, Change]:
    """Of every value what was seen last before, last during and first after. `points` ascend by day."""
    first, last = parts([point.on for point in points], began_on, ended_on)
    before, during, after = points[:first], points[first:last], points[last:]
    found = {}
    for name in VALUES:
        earlier, meanwhile, later = (_seen(some, name) for some in (before[::-1], during[::-1], after))
        since = [_difference(earlier, other, name) for other in (meanwhile, later)]
        found[name] = Change(earlier, meanwhile, later, since[0], since[1])
    return found


def gain_g_per_kg_per_day(weight: Change) -> float | None:
    """Weight gained from before to the last weighing during, per kilogram at the beginning and day; two decimals."""
    before, during = weight.before, weight.during
    if before is None or during is None or during.on <= before.on:
        return None
    grams = (during.value - before.value) * GRAMS_PER_KG
    return round(grams / before.value / (during.on - before.on).days, 2)


def _seen(points: Sequence[Point], name: str) -> Seen | None:
    return next((Seen(point.on, point.values[name]) for point in points if name in point.values), None)


def _difference(before: Seen | None, later: Seen | None, name: str) -> float | None:
    return None if before is None or later is None else round(later.value - before.value, DECIMALS[name])
