"""Children and sessions made by hand, and the simulated posyandu of tests/data/benchmarks."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from deploy.local.commands.detect import read
from services.scoring.domain.plausibility.values import Param, Values
from services.scoring.domain.plausibility.verdicts import Kind, Verdicts
from shared.growth.codes import Position, Sex
from shared.growth.growth_tables import DAY_BLOCK, age_table

SIMULATED = Path("tests/data/benchmarks/measurement_errors_simulated.csv.gz")
FIRST_DAY = 19_000
MONTH = 30
WEIGHT, LENGTH = Param.WEIGHT_KG, Param.LENGTH_HEIGHT_CM


@dataclass(frozen=True)
class Entry:
    """One value, as somebody typed it."""

    child: int
    visit: int
    day: int
    param: Param
    value: float
    sex: Sex = Sex.MALE
    birth_day: int = FIRST_DAY
    posyandu: int = 1


def values_of(entries: list[Entry]) -> Values:
    """The columns of entries, in their order."""

    def column(name: str, kind: Any) -> Any:
        return np.array([getattr(entry, name) for entry in entries], kind)

    day, birth_day, param = column("day", np.int32), column("birth_day", np.int32), column("param", np.int8)
    expected = np.where(day - birth_day < 731, Position.LYING, Position.STANDING)
    return Values(
        child=column("child", np.int64),
        visit=column("visit", np.int64),
        posyandu=column("posyandu", np.int64),
        day=day,
        birth_day=birth_day,
        sex=column("sex", np.int8),
        param=param,
        value=column("value", np.float64),
        position=np.where(param == LENGTH, expected, Position.UNKNOWN).astype(np.int8),
    )


def growing(  # one child is described by many things
    child: int = 1,
    z: float = -1.0,
    months: range = range(2, 20),
    sex: Sex = Sex.MALE,
    birth_day: int = FIRST_DAY,
    born: int | None = None,
) -> list[Entry]:
    """Monthly weights and lengths at `z`, to 0.1; `born` where the recorded birth day is not the true one."""
    entries = []
    for month in months:
        day = birth_day + MONTH * month
        row = sex * DAY_BLOCK + (day - (birth_day if born is None else born)) + 1
        for param, name in ((WEIGHT, "wfa"), (LENGTH, "lhfa")):
            table = age_table(name)
            value = float(table.m[row] * (1 + table.sl[row] * z) ** (1 / table.l[row]))
            # A child is never exactly on its line; the wobble is the same in every run.
            value += (0.05 if param == WEIGHT else 0.2) * np.sin(7.0 * month + child)
            entries.append(Entry(child, 1000 * child + month, day, param, round(value, 1), sex, birth_day))
    return entries


def changed(entries: list[Entry], month: int, param: Param | None, **fields_: Any) -> list[Entry]:
    """The entries with something else at one visit (all visits: month -1), of one kind of value or of both."""
    return [
        replace(entry, **fields_)
        if month in (-1, (entry.day - entries[0].birth_day) // MONTH) and param in (None, entry.param)
        else entry
        for entry in entries
    ]


def value_at(entries: list[Entry], month: int, param: Param, child: int = 1) -> float:
    """The value of a visit."""
    (found,) = (
        entry.value
        for entry in entries
        if (entry.child, entry.visit, entry.param) == (child, 1000 * child + month, param)
    )
    return found


def kinds(verdicts: Verdicts) -> list[str]:
    """Kinds of all rows, in lower case; empty where not flagged."""
    return [Kind(kind).name.lower() if kind else "" for kind in verdicts.kind.tolist()]


@cache
def simulated() -> tuple[Values, dict[str, np.ndarray[Any, Any]]]:
    """The committed rows and their truth."""
    with gzip.open(SIMULATED, "rt", encoding="utf-8", newline="") as file:
        table = read(file)
    with gzip.open(SIMULATED, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return table.values, {name: np.array([row[name] for row in rows]) for name in rows[0]}


def equal(left: Verdicts, right: Verdicts) -> bool:
    """The same verdicts; numbers to the rounding of sums taken in another order."""
    return all(
        np.allclose(getattr(left, field.name), getattr(right, field.name), rtol=1e-9, atol=1e-9, equal_nan=True)
        for field in fields(Verdicts)
    )
