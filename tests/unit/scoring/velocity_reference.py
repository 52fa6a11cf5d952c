"""A slow second engine for velocity: one child, one visit at a time, plain Python, straight from the written rules."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.unit.scoring.fold_examples import Child, Visit
from tests.unit.scoring.scalar_reference import Row, adjusted, r_round, scores

FOLDER = Path("shared/growth/who2006")
FILES = {"weight": "weight_velocity", "length": "length_velocity", "head": "headc_velocity"}
INDEX = {"weight": "waz", "length": "haz", "head": "hcz"}
MONTH = 30.4375


@dataclass(frozen=True)
class Expected:
    z: float | None = None
    days: int | None = None
    low: bool = False
    reason: str | None = None


@cache
def intervals(what: str) -> list[dict[str, str]]:
    with (FOLDER / f"{FILES[what]}.csv").open(encoding="ascii") as file:
        return list(csv.DictReader(file))


def interval(what: str, sex: int, begin: int, days: int) -> dict[str, str] | None:
    """The interval of the standard for so many days from that age, or None."""
    fitting = [k for k in (1, 2, 3, 4, 6) if abs(days - k * MONTH) <= (3 if k == 1 else 7)]
    rows = [r for r in intervals(what) if int(r["sex"]) == sex and [int(r["increment_months"])] == fitting]
    if not rows or begin > max(int(r["from_days"]) for r in rows) + 15:
        return None
    return min(rows, key=lambda r: (abs(int(r["from_days"]) - begin), int(r["from_days"])))


def score(row: dict[str, str], gain: float) -> float | None:
    l, m, s, delta = (float(row[name]) for name in ("l", "m", "s", "delta"))  # noqa: E741 - the method's names
    share = (gain + delta) / m
    return r_round((share**l - 1) / (l * s)) if share > 0 else None


class One:
    """One visit seen by one measure."""

    def __init__(self, what: str, child: Child, visit: Visit) -> None:
        sex = {"": 0, "M": 1, "F": 2}[child.sex]
        self.visit, self.sex = visit, sex
        self.age = None if child.born is None else (visit.on - child.born).days
        row = Row(
            sex, self.age, False, visit.weight, visit.length, visit.position, visit.oedema is True, visit.head
        )  # fmt: skip
        z, flagged = scores(row)[INDEX[what]]
        size, position, _ = adjusted(row)
        raw = {"weight": visit.weight, "length": visit.length, "head": visit.head}[what]
        self.measured = raw is not None
        self.flagged = flagged is True
        self.usable = z is not None and not self.flagged and (what != "length" or position != "")
        self.whole = what == "length" and raw is not None and raw == math.floor(raw)
        self.value = math.nan
        if raw is not None:
            self.value = raw * 1000 if what == "weight" else raw
        if what == "length" and size is not None and self.age is not None:
            self.value = size + (0.7 if self.age >= 731 else 0)


def velocity(what: str, child: Child, visits: Sequence[Visit]) -> dict[int, Expected | None]:
    """By visit number; None where the visit says nothing about the measure (or another of its day speaks for it)."""
    rank = sorted(
        (v for v in visits if not v.voided),
        key=lambda v: (v.on, v.remeasured, v.api, v.number if v.recorded is None else v.recorded, -v.number),
    )
    seen = [One(what, child, visit) for visit in rank]
    return {one.visit.number: _at(what, one, seen) for one in seen}


def _at(what: str, one: One, seen: list[One]) -> Expected | None:
    if not one.measured:
        return None
    if not one.usable:
        return Expected(reason="flagged" if one.flagged else "not_assessable")
    own = {each.visit.on: each for each in seen if each.usable}  # the last in rank is the day's own
    if own[one.visit.on] is not one:
        return None
    earlier = [own[on] for on in sorted(own, reverse=True) if on < one.visit.on]
    for before in earlier:
        row = interval(what, one.sex, before.age or 0, (one.visit.on - before.visit.on).days)
        if row is not None:
            return _compared(one, before, row)
    useless = [each for each in seen if each.measured and each.visit.on < one.visit.on]
    if useless and not useless[-1].usable:
        return Expected(reason="not_assessable")
    return Expected(reason="no_velocity_standard" if earlier else "no_earlier_measurement")


def _compared(one: One, before: One, row: dict[str, str]) -> Expected:
    days = (one.visit.on - before.visit.on).days
    if one.whole and before.whole:
        return Expected(days=days, reason="not_assessable")
    z = score(row, round(one.value - before.value, 6))
    return Expected(days=days, low=True, reason="below_standard") if z is None else Expected(z, days, z < -1.645)
