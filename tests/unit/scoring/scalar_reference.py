"""A slow second engine for the tests: one row at a time, plain Python, straight from the written rules.

It shares nothing with the product but the CSV tables, and nothing of its structure: no chunks, no NaN gathering.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path("shared/growth/who2006")
Lms = tuple[float, float, float]


@dataclass(frozen=True)
class Row:
    sex: int  # 0 missing, 1 male, 2 female
    age: float | None
    in_months: bool
    weight: float | None
    lenhei: float | None
    measure: str  # "", "l", "h"
    oedema: bool
    headc: float | None = None
    armc: float | None = None
    triskin: float | None = None
    subskin: float | None = None


@cache
def table(name: str) -> dict[tuple[int, str], Lms]:
    with (FOLDER / f"{name}.csv").open(encoding="ascii") as file:
        return {
            (int(r["sex"]), f"{float(r['x']):.1f}"): (float(r["l"]), float(r["m"]), float(r["s"]))
            for r in csv.DictReader(file)
        }


def r_round(x: float) -> float:
    size = abs(x)
    if math.isinf(size * 100):
        return math.copysign(math.inf, x)
    below, above = math.floor(100 * size) / 100, math.ceil(100 * size) / 100
    if size - below == above - size:
        chosen = below if math.floor(100 * size) % 2 == 0 else above
    else:
        chosen = below if size - below < above - size else above
    return math.copysign(chosen, x)


def power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except (OverflowError, ZeroDivisionError):  # what is all but 0 is 0 once divided
        return math.inf


def z_of(y: float, lms: Lms, *, restricted: bool) -> float:
    l, m, s = lms  # noqa: E741 - the method's names
    z = (power(y / m, l) - 1) / (s * l)
    if not restricted or -3 <= z <= 3:
        return z
    sign = 1 if z > 3 else -1
    sd3 = m * (1 + l * s * 3 * sign) ** (1 / l)
    sd2 = m * (1 + l * s * 2 * sign) ** (1 / l)
    return float(sign * 3 + (y - sd3) / abs(sd3 - sd2))


def days_and_months(row: Row) -> tuple[float | None, float | None]:
    if row.age is None:
        return None, None
    days = row.age * 30.4375 if row.in_months else row.age
    months = row.age if row.in_months else row.age / 30.4375
    if math.isinf(days):
        return days, months
    return math.floor(days) + (1 if days - math.floor(days) >= 0.5 else 0), months


def adjusted(row: Row) -> tuple[float | None, str, bool]:
    maybe_days, months = days_and_months(row)
    known = months is not None and months >= 0
    days = maybe_days if known and maybe_days is not None else math.nan
    implausible = row.measure == "h" and months is not None and 0 <= months < 9
    measure = "" if implausible else row.measure
    if row.lenhei is None:
        return None, measure, implausible
    if days < 731 and measure == "h":
        return row.lenhei + 0.7, measure, implausible
    if days >= 731 and measure == "l":
        return row.lenhei - 0.7, measure, implausible
    return row.lenhei, measure, implausible


def by_size(row: Row, weight: float, size: float, measure: str) -> float | None:
    days, _ = days_and_months(row)
    if days is not None:
        name = "wfl" if days < 731 else "wfh"
    elif measure:
        name = "wfl" if measure == "l" else "wfh"
    else:
        name = "wfl" if size < 87 else "wfh"
    low, high = (45, 110) if name == "wfl" else (65, 120)
    if not low <= size <= high:
        return None
    lower, upper = math.trunc(size * 10), math.trunc(size * 10 + 1)
    share = (size - lower / 10) / 0.1
    lms = table(name)[row.sex, f"{lower / 10:.1f}"]
    if share > 0:
        above = table(name)[row.sex, f"{upper / 10:.1f}"]
        lms = tuple(a + share * (b - a) for a, b in zip(lms, above, strict=True))  # type: ignore[assignment]
    return z_of(weight, lms, restricted=True)


def scores(row: Row) -> dict[str, tuple[float | None, bool | None]]:
    """Z and flag per index, None where blank."""
    days, months = days_and_months(row)
    size, measure, _ = adjusted(row)
    if row.lenhei is not None and row.lenhei <= 0:
        size = None
    weight = None if row.weight is None or row.weight <= 0 else row.weight
    if row.oedema:
        weight = None
    bmi = None
    if weight is not None and size is not None and size > 0:
        square = (size / 100) * (size / 100)
        bmi = math.inf if square == 0 else weight / square
    raw: dict[str, float | None] = {}
    plan = (
        ("haz", "lhfa", size, False),
        ("waz", "wfa", weight, True),
        ("baz", "bmifa", bmi, True),
        ("hcz", "hcfa", row.headc, False),
        ("acz", "acfa", row.armc, True),
        ("tsz", "tsfa", row.triskin, True),
        ("ssz", "ssfa", row.subskin, True),
    )
    for name, file, y, restricted in plan:
        scorable = row.sex and days is not None and months is not None and 0 <= months < 60 and y is not None and y > 0
        lms = table(file).get((row.sex, f"{days:.1f}")) if scorable else None
        raw[name] = z_of(y, lms, restricted=restricted) if lms and y is not None else None
    age_fits = months is None or 0 <= months < 60
    raw["whz"] = by_size(row, weight, size, measure) if row.sex and age_fits and weight and size else None
    return {name: flagged(name, z) for name, z in raw.items()}


def flagged(name: str, raw: float | None) -> tuple[float | None, bool | None]:
    if raw is None or not math.isfinite(raw) or not math.isfinite(r_round(raw)):
        return None, None
    z = r_round(raw)
    low, high = {"haz": (-6, 6), "waz": (-6, 5)}.get(name, (-5, 5))
    return z, z < low or z > high
