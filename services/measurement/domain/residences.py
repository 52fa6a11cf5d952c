"""Where a child has lived: stays in order, changed by moves and by being seen somewhere.

A stay begins on the first day it is known of. Being seen at a place is weaker than a reported move: it opens a new stay
only if nothing later is known of the child, because an old file must not send a child back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple


class Stay(NamedTuple):
    """A desa and a home posyandu (None = not known) from a day on."""

    valid_from: date
    desa_code: str
    posyandu_code: str | None


Stays = tuple[Stay, ...]


def seen_at(
    stays: Stays, day: date, desa_code: str, posyandu_code: str | None, newest_day: date | None = None
) -> Stays:
    """`stays` after the child came to be measured on `day` as living there; the same tuple where nothing is new.

    `newest_day` is the day of the newest other visit: an older one never moves the child.
    """
    seen = Stay(day, desa_code, posyandu_code)
    if not stays:
        return (seen,)
    at = _index_at(stays, day)
    if at is None:
        first = stays[0]
        if _same_place(first, seen):
            return (_filled(first, posyandu_code)._replace(valid_from=day), *stays[1:])
        return (seen, *stays)
    if _same_place(stays[at], seen):
        filled = _filled(stays[at], posyandu_code)
        return stays if filled == stays[at] else (*stays[:at], filled, *stays[at + 1 :])
    if at == len(stays) - 1 and day > max(stays[at].valid_from, newest_day or date.min):
        return (*stays, seen)
    return stays


def moved_to(stays: Stays, stay: Stay) -> Stays:
    """`stays` with a reported move put in its place in time; a move on the same day replaces the earlier report."""
    by_day = {known.valid_from: known for known in stays}
    by_day[stay.valid_from] = stay
    ordered = [by_day[day] for day in sorted(by_day)]
    kept = ordered[:1]
    for following in ordered[1:]:
        if following[1:] != kept[-1][1:]:
            kept.append(following)
    return tuple(kept)


def _index_at(stays: Sequence[Stay], day: date) -> int | None:
    started = [index for index, stay in enumerate(stays) if stay.valid_from <= day]
    return started[-1] if started else None


def _same_place(stay: Stay, seen: Stay) -> bool:
    return stay.desa_code == seen.desa_code and (
        stay.posyandu_code == seen.posyandu_code or None in {stay.posyandu_code, seen.posyandu_code}
    )


def _filled(stay: Stay, posyandu_code: str | None) -> Stay:
    return stay if posyandu_code is None else stay._replace(posyandu_code=posyandu_code)
