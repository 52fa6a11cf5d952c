"""`prevalence IN.csv OUT.csv`: shares and mean scores of a survey with standard errors and intervals, by group.

Input, one row per child: `sex` (1/m/M, 2/f/F), `age` in days, `weight` (kg), `lenhei` (cm); optional `is_age_in_month`
(1 = months), `measure` (L, H), `oedema` (y, n), and groups: `typeres, gregion, wealthq` (1-5), `mothered`. Empty or NA
= missing; `None` is a word. --weights, --strata and --cluster name columns of the design. Output: the rows and the 135
columns of the WHO's R package anthro. docs/statistics.md says how each figure is made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from deploy.local.errors import RefusedError
from deploy.local.sheet_files import MISSING, numbers_of, read_columns, sheet_files, words_of
from services.reporting.domain.survey_prevalence import QUINTILE_COLUMN, QUINTILES, WORDED, Group, Survey, prevalences
from services.reporting.formats.prevalence_table import header, line
from shared.growth.anthro import Anthropometry
from shared.growth.codes import Position, Sex

NOTHING: Final = dict.fromkeys(MISSING, 0)
SEXES: Final = {**NOTHING, **dict.fromkeys("1mM", Sex.MALE), **dict.fromkeys("2fF", Sex.FEMALE)}
POSITIONS: Final = {**NOTHING, **dict.fromkeys("lL", Position.LYING), **dict.fromkeys("hH", Position.STANDING)}
OEDEMAS: Final = {**NOTHING, **dict.fromkeys("nN2", 0), **dict.fromkeys("yY1", 1)}
IN_MONTHS: Final = {**NOTHING, "0": 0, "1": 1}
FIFTHS: Final = {
    **NOTHING,
    **{
        word: number
        for number, label in enumerate(QUINTILES, 1)
        for word in dict.fromkeys((f"{number}", f"Q{number}", label))
    },
}
NEEDED: Final = ("sex", "age", "weight", "lenhei")
ONE_PERCENT: Final = 0.01
Cells = Mapping[str, Sequence[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("output", type=Path, metavar="OUT.csv")
    parser.add_argument("--weights", metavar="C", help="column of sampling weights")
    parser.add_argument("--strata", metavar="C", help="column of strata")
    parser.add_argument("--cluster", metavar="C", help="column of clusters")


def run(args: argparse.Namespace) -> int:
    """Estimate; MissingError without the file, RefusedError when it cannot be read. OUT.csv appears when whole."""
    with sheet_files(args.input, args.output) as (source, target):
        survey = read(source, weights=args.weights, strata=args.strata, cluster=args.cluster)
        groups = list(prevalences(survey))
        for cells in (header(), *map(line, groups)):
            target.write(",".join(cells) + "\n")
    if any([args.weights, args.strata, args.cluster]):
        _tell_one_percent(groups)
    print(f"{survey.anthropometry.sex.size} baris / rows, {len(groups)} kelompok / groups -> {args.output}")
    return 0


def read(source: IO[str], *, weights: str | None, strata: str | None, cluster: str | None) -> Survey:
    """The survey of a CSV text; RefusedError with line and column where a cell cannot be read."""
    design = [name for name in (weights, strata, cluster) if name is not None]
    cells = read_columns(source, (*NEEDED, *design))
    if not cells["sex"]:
        raise RefusedError("berkas tidak berisi anak / no children in the file")
    size = len(cells["sex"])
    return Survey(
        anthropometry=Anthropometry(
            sex=words_of(cells, "sex", SEXES),
            age=_not_negative(cells, "age"),
            weight_kg=numbers_of(cells, "weight"),
            length_height_cm=numbers_of(cells, "lenhei"),
            position=_optional(cells, "measure", POSITIONS, size),
            oedema=_optional(cells, "oedema", OEDEMAS, size) == 1,
            age_in_months=_optional(cells, "is_age_in_month", IN_MONTHS, size) == 1,
        ),
        weight=_not_negative(cells, weights) if weights is not None else None,
        stratum=_numbered(cells[strata]) if strata is not None else None,
        cluster=_numbered(cells[cluster]) if cluster is not None else None,
        words={name: _words(cells[name]) for name in WORDED if name in cells},
        quintile=words_of(cells, QUINTILE_COLUMN, FIFTHS) if QUINTILE_COLUMN in cells else None,
    )


def _optional(cells: Cells, name: str, known: Mapping[str, int], size: int) -> npt.NDArray[np.int8]:
    return words_of(cells, name, known) if name in cells else np.zeros(size, np.int8)


def _not_negative(cells: Cells, name: str) -> npt.NDArray[np.float64]:
    numbers = numbers_of(cells, name)
    wrong = np.flatnonzero(numbers < 0)
    if wrong.size:
        raise RefusedError(f"baris {wrong[0] + 2}: {name} {cells[name][wrong[0]]!r} negatif (negative)")
    return numbers


def _words(cells: Sequence[str]) -> npt.NDArray[np.str_]:
    return np.array(["" if cell in MISSING else cell for cell in cells], np.str_)


def _numbered(cells: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each word, -1 where it is missing."""
    words = _words(cells)
    return np.where(words == "", -1, np.unique(words, return_inverse=True)[1]).astype(np.int64)


def _tell_one_percent(groups: Sequence[Group]) -> None:
    """The WHO's package gives [1, 1] for exactly 1 %: its test for 100 % looks at percentages. Ours differs there."""
    names = [group.name for group in groups if np.isclose(group.shares.mean, ONE_PERCENT, rtol=1e-12, atol=0).any()]
    if names:
        sys.stderr.write(
            f"catatan: tepat 1 % pada {', '.join(names)}; anthro memberi batas [1, 1], di sini batas yang benar\n"
            f"note: exactly 1 % in {', '.join(names)}; anthro gives limits [1, 1], these are the right ones\n"
        )
