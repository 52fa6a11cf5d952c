"""`quality IN.csv OUTDIR`: how well the children of a file were measured: digits, ages, scores, outliers, a score.

Input, one row per child: `row_id, team, sex` (1/m/M, 2/f/F), `age_months, weight` (kg), `height` (cm), `muac_mm, haz,
waz, whz`; other columns are ignored, empty or NA = missing. Output: seven tables in OUTDIR, for all (`overall`)
and for each team. A child without team counts in `overall` only. docs/statistics.md says how each figure is made.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from deploy.local.errors import MissingError, RefusedError
from deploy.local.sheet_files import numbers_of, read_columns, read_sheet, words_of
from services.reporting.formats.quality_tables import Children, quality_tables
from shared.growth.codes import Sex

SEXES: Final = {
    **dict.fromkeys(("", "NA"), Sex.MISSING),
    **dict.fromkeys(("1", "m", "M"), Sex.MALE),
    **dict.fromkeys(("2", "f", "F"), Sex.FEMALE),
}
NUMBERS: Final = ("age_months", "weight", "height", "muac_mm", "haz", "waz", "whz")
COLUMNS: Final = ("row_id", "team", "sex", *NUMBERS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("folder", type=Path, metavar="OUTDIR")


def run(args: argparse.Namespace) -> int:
    """Judge the file; MissingError without one, RefusedError when it cannot be judged. All tables appear, or none."""
    if not args.folder.is_dir() and not args.folder.resolve().parent.is_dir():
        raise MissingError(f"{args.folder.resolve().parent}: folder tidak ada / no such folder")
    with read_sheet(args.input) as source:
        children = read(source)
    tables = quality_tables(children)
    args.folder.mkdir(exist_ok=True)
    partial = {name: args.folder / f"{name}.csv.partial" for name in tables}
    try:
        for name, lines in tables.items():
            _write(partial[name], lines)
        for name, path in partial.items():
            path.replace(args.folder / f"{name}.csv")
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    print(f"{children.sex.size} baris / rows, {len(tables)} tabel / tables -> {args.folder}")
    return 0


def read(source: IO[str]) -> Children:
    """Children of a CSV text; RefusedError with line and column where a cell cannot be read, or nobody is in it."""
    cells = read_columns(source, COLUMNS)
    if not cells["row_id"]:
        raise RefusedError("berkas tidak berisi anak / no children in the file")
    return Children(
        row_id=np.array(cells["row_id"], np.str_),
        team=_teams(cells["team"]),
        sex=words_of(cells, "sex", SEXES),
        **{name: numbers_of(cells, name) for name in NUMBERS},
    )


def _teams(cells: Sequence[str]) -> npt.NDArray[np.str_]:
    return np.array(["" if cell == "NA" else cell for cell in cells], np.str_)


def _write(path: Path, lines: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows(lines)
