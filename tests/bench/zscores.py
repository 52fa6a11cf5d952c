"""Growth scores per second of processor time, beside a bare compiled loop that does the same arithmetic.

The floor is one numba loop over the same columns, without anything of ours but the tables: whole days, position, four
indices with the restricted formula, R's rounding, flags. Its answers are compared with ours first, so that it does the
same work. Run: `python -m tests.bench.zscores [rows]`.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import numba
import numpy as np

from shared.growth.anthro import Scores, score
from shared.growth.anthro_columns import Anthropometry
from shared.growth.growth_tables import DAY_BLOCK, FIRST_TENTH, TENTHS, AgeTable, age_table, length_table
from tests.bench.report import BenchRow

DEFAULT_ROWS: Final = 500_000
REPEATS: Final = 5


def made_children(rows: int, seed: int = 7) -> Anthropometry:
    """Columns like those of a district: all ages, 2 % without a height, some positions unknown or unexpected."""
    random = np.random.default_rng(seed)
    sex = random.integers(1, 3, rows).astype(np.int8)
    age = random.integers(0, 1827, rows).astype(np.float64)
    row = sex.astype(np.intp) * DAY_BLOCK + age.astype(np.intp) + 1
    height, weight = age_table("lhfa"), age_table("wfa")
    haz = random.normal(-1.2, 1.15, rows)
    waz = 0.6 * haz + random.normal(-0.3, 0.9, rows)
    length_height_cm = height.m[row] * (1 + height.sl[row] * haz)
    weight_kg = weight.m[row] * (1 + weight.sl[row] * waz) ** (1 / weight.l[row])
    length_height_cm[random.random(rows) < 0.02] = np.nan
    position = np.where(random.random(rows) < 0.3, 0, random.integers(1, 3, rows)).astype(np.int8)
    return Anthropometry(
        sex=sex,
        age=age,
        weight_kg=np.round(weight_kg, 1),
        length_height_cm=np.round(length_height_cm, 1),
        position=position,
        oedema=random.random(rows) < 0.001,
    )


@numba.njit(cache=False)  # type: ignore[untyped-decorator]
def _round(x: float) -> Any:
    size = abs(x)
    floor = math.floor(size * 100.0)
    below, above = floor / 100.0, math.ceil(size * 100.0) / 100.0
    to_below, to_above = size - below, above - size
    take_below = to_below < to_above or (to_below == to_above and floor % 2 == 0)
    return math.copysign(below if take_below else above, x)


@numba.njit(cache=False)  # type: ignore[untyped-decorator]
def _lms(y: float, l: float, m: float, s: float) -> Any:  # noqa: E741 - the method's names
    z = ((y / m) ** l - 1.0) / (s * l)
    if z > 3.0:
        sd2, sd3 = m * (1.0 + l * s * 2.0) ** (1.0 / l), m * (1.0 + l * s * 3.0) ** (1.0 / l)
        return 3.0 + (y - sd3) / (sd3 - sd2)
    if z < -3.0:
        sd2, sd3 = m * (1.0 - l * s * 2.0) ** (1.0 / l), m * (1.0 - l * s * 3.0) ** (1.0 / l)
        return -3.0 + (y - sd3) / (sd2 - sd3)
    return z


@numba.njit(cache=False)  # type: ignore[untyped-decorator]
def _loop(sex, age, weight, length, position, oedema, lhfa, wfa, bmifa, size_l, size_m, size_s, z, flag) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for i in range(sex.size):
        days = math.floor(age[i])
        if age[i] - days >= 0.5:
            days += 1.0
        months = age[i] / 30.4375
        y = length[i]
        if days < 731 and position[i] == 2 and months >= 9.0:
            y += 0.7
        elif days >= 731 and position[i] == 1:
            y -= 0.7
        z[0, i] = z[1, i] = z[2, i] = z[3, i] = np.nan
        if sex[i] == 0 or months >= 60.0 or months < 0:
            continue
        row = sex[i] * DAY_BLOCK + int(days) + 1
        if y > 0.0:
            z[0, i] = _round((y / lhfa[1, row] - 1.0) / lhfa[2, row])
        if weight[i] > 0.0 and not oedema[i]:
            w = weight[i]
            z[1, i] = _round(_lms(w, wfa[0, row], wfa[1, row], wfa[2, row]))
            if y > 0.0:
                metres = y / 100.0
                z[3, i] = _round(_lms(w / (metres * metres), bmifa[0, row], bmifa[1, row], bmifa[2, row]))
                table = 1 if days >= 731 else 0
                if (table == 0 and 45.0 <= y <= 110.0) or (table == 1 and 65.0 <= y <= 120.0):
                    lower, upper = math.trunc(y * 10.0), math.trunc(y * 10.0 + 1.0)
                    share = max((y - lower / 10.0) / 0.1, 0.0)
                    at = (sex[i] * 2 + table) * TENTHS - FIRST_TENTH
                    low, up = at + int(lower), at + int(upper)
                    m = size_m[low] + share * (size_m[up] - size_m[low])
                    s = size_s[low] + share * (size_s[up] - size_s[low])
                    z[2, i] = _round(_lms(w, size_l[sex[i]], m, s))
        flag[0, i] = abs(z[0, i]) > 6.0
        flag[1, i] = z[1, i] < -6.0 or z[1, i] > 5.0
        flag[2, i] = abs(z[2, i]) > 5.0
        flag[3, i] = abs(z[3, i]) > 5.0


def _lms_rows(table: AgeTable) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.vstack([table.l, table.m, table.sl / table.l])


def _floor(columns: Anthropometry) -> Callable[[], np.ndarray[Any, np.dtype[np.float64]]]:
    tables = tuple(_lms_rows(age_table(name)) for name in ("lhfa", "wfa", "bmifa"))
    sizes = length_table()

    def run() -> np.ndarray[Any, np.dtype[np.float64]]:
        z = np.empty((4, columns.sex.size))
        flag = np.zeros((4, columns.sex.size), np.bool_)
        _loop(
            columns.sex,
            columns.age,
            columns.weight_kg,
            columns.length_height_cm,
            columns.position,
            columns.oedema,
            *tables,
            sizes.l,
            sizes.m,
            sizes.s,
            z,
            flag,
        )
        return z

    return run


def _same(ours: Scores, theirs: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    z = np.vstack([ours.haz.z, ours.waz.z, ours.whz.z, ours.baz.z])
    return bool(np.allclose(z, theirs, rtol=0, atol=0.010001, equal_nan=True))


def measure(rows: int = DEFAULT_ROWS) -> list[BenchRow]:
    """Medians of five, ours and the floor taken in turns within one run."""
    columns = made_children(rows)
    bare = _floor(columns)
    if not _same(score(columns), bare()):
        raise AssertionError("the bare loop and the engine disagree: they do not do the same work")
    seconds: dict[str, list[float]] = {"ours": [], "floor": []}
    for _ in range(REPEATS):
        for name, run in (("ours", lambda: score(columns)), ("floor", bare)):
            began = time.process_time()
            run()
            seconds[name].append(time.process_time() - began)
    value, floor = (rows / statistics.median(seconds[name]) for name in ("ours", "floor"))
    return [BenchRow("a", "Four growth indices scored", value, "rows/s", floor, value / floor)]


if __name__ == "__main__":
    for line in measure(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS):
        print(asdict(line))  # noqa: T201 - a bench prints
