"""How long a step takes, told with those who still wait: Kaplan and Meier's estimate (1958)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final, NamedTuple

HALF: Final = Fraction(1, 2)


class Waited(NamedTuple):
    """So many who reached the step after `days`, or (`reached` False) were last seen then without it."""

    days: int
    reached: bool
    children: int


def median_days(waited: Iterable[Waited]) -> int | None:
    """The first day by which half have reached the step; None while the curve stays above one half.

    Who was last seen on the day on which others reached it was still waiting when they did. Leaving out those who wait
    would show only the quick ones.
    """
    reached: dict[int, int] = {}
    seen: dict[int, int] = {}
    for days, is_reached, children in waited:
        seen[days] = seen.get(days, 0) + children
        if is_reached:
            reached[days] = reached.get(days, 0) + children
    waiting = sum(seen.values())
    still = Fraction(1)
    for days in sorted(seen):
        if days in reached:
            still *= Fraction(waiting - reached[days], waiting)
            if still <= HALF:
                return days
        waiting -= seen[days]
    return None
