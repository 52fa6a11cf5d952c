"""`early-warning IN.csv OUT.csv`: how likely a child not stunted now is stunted in 3-6 months, with reasons.

Input: one row a visit, `visit_id, child_id, age_days, haz, waz`; other columns are ignored. Rows with `eligible` = 1
are answered or, without that column, each visit at 183-608 days. Output: `visit_id,risk,reasons` in input order; where
no risk can be given it is empty and `reasons` says why. A visit sees its own child's visits up to its age, nothing
else; of several at one age the one with the largest visit_id counts. Empty or NA = missing. A name ending in `.gz` is
compressed.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from deploy.local.errors import RefusedError
from deploy.local.sheet_files import read_columns, sheet_files
from services.scoring.domain.early_warning.coefficients import load
from services.scoring.domain.early_warning.risk import (
    BECAUSE_NAMES,
    FIRST_DAY,
    LAST_DAY,
    STUNTED_BELOW,
    Forecast,
    risk,
)

REQUIRED: Final = ("visit_id", "child_id", "age_days", "haz", "waz")
OUTPUT: Final = ("visit_id", "risk", "reasons")
MISSING: Final = ("", "NA")
CHOSEN: Final = {"1": True, "1.0": True, "0": False, "0.0": False, "": False, "NA": False}
# WHO's flags of HAZ and WAZ: a value outside is implausible and not used.
HAZ_WITHIN: Final = (-6.0, 6.0)
WAZ_WITHIN: Final = (-6.0, 5.0)
OLDEST_DAYS: Final = 36_525

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("output", type=Path, metavar="OUT.csv")


def run(args: argparse.Namespace) -> int:
    """Answer the file; MissingError without one, RefusedError when it cannot be read. OUT.csv appears when whole."""
    with sheet_files(args.input, args.output) as (source, target):
        rows = _write(read_columns(source, REQUIRED), target)
    print(f"{rows} kunjungan / visits -> {args.output} (model {load().version})")
    return 0


def _write(cells: dict[str, Sequence[str]], target: IO[str]) -> int:
    age = _parsed(cells["age_days"], "age_days", _age)
    haz, waz = (np.array(_parsed(cells[name], name, _score), np.float64) for name in ("haz", "waz"))
    age_days = np.array([-1 if value is None else value for value in age], np.int64)
    asked = (
        np.array(_parsed(cells["eligible"], "eligible", CHOSEN.__getitem__), np.bool_)
        if "eligible" in cells
        else (age_days >= FIRST_DAY) & (age_days <= LAST_DAY)
    )
    visit_ids, haz_usable, waz_usable = cells["visit_id"], _within(haz, HAZ_WITHIN), _within(waz, WAZ_WITHIN)
    child = np.unique(np.array(cells["child_id"], np.str_), return_inverse=True)[1]
    # Shorter ids first, so that numbers sort as numbers; the order of the file decides nothing.
    texts = np.array(visit_ids, np.str_)
    order = np.lexsort((waz, haz, texts, np.char.str_len(texts), age_days, child))
    found = risk(
        child[order],
        age_days[order],
        age_days[order],
        haz[order],
        waz[order],
        haz_usable[order],
        waz_usable[order],
    )
    place = np.empty(order.size, np.intp)
    place[order] = np.arange(order.size)
    why_not = _why_not(age_days, haz, haz_usable)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(OUTPUT)
    rows = np.flatnonzero(asked).tolist()
    for row in rows:
        at = int(place[row])
        told = [f"no_risk:{why_not[row]}"] if why_not[row] else list(_reasons(found, at))
        writer.writerow([visit_ids[row], "" if why_not[row] else f"{found.risk[at]:.6f}", ";".join(told)])
    return len(rows)


def _reasons(found: Forecast, row: int) -> Iterator[str]:
    """`code:number` of each reason, then the HAZ expected and its SD; numbers in SD."""
    numbers = found.numbers()
    for because, name in BECAUSE_NAMES.items():
        if found.reasons[row] & because:
            yield f"{name}:{numbers[because][row]:.2f}"
    yield f"expected:{found.expected[row]:.2f}"
    yield f"spread:{found.spread[row]:.2f}"


def _why_not(age_days: npt.NDArray[np.int64], haz: Floats, usable: npt.NDArray[np.bool_]) -> list[str]:
    outside = (age_days < FIRST_DAY) | (age_days > LAST_DAY)
    cases = [outside, np.isnan(haz), ~usable, haz < STUNTED_BELOW]
    return cast("list[str]", np.select(cases, ["age", "no_haz", "haz_implausible", "stunted"], "").tolist())


def _within(values: Floats, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])


def _parsed(cells: Sequence[str], name: str, parse: Callable[[str], T]) -> list[T]:
    """Every cell of a column; RefusedError with line and column for the first that cannot be read."""
    found: list[Any] = []
    for line, cell in enumerate(cells, 2):
        try:
            found.append(parse(cell))
        except (KeyError, ValueError):
            raise RefusedError(f"baris {line}: {name} {cell!r} tidak dapat dibaca (cannot be read)") from None
    return found


def _age(cell: str) -> int | None:
    if cell in MISSING:
        return None
    value = _number(cell)
    if value != int(value) or not -OLDEST_DAYS <= value <= OLDEST_DAYS:
        raise ValueError(cell)
    return int(value)


def _score(cell: str) -> float:
    return math.nan if cell in MISSING else _number(cell)


def _number(cell: str) -> float:
    value = float(cell.replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(cell)
    return value
