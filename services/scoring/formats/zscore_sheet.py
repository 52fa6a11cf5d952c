"""Growth scores of CSV text: the one reader and writer of such sheets, for the command and for the door alike.

Input: the columns of tests/data/golden/anthro_zscores.csv.gz (`sex, age, is_age_in_month, weight, lenhei, measure,
headc, armc, triskin, subskin, oedema`); others are kept. Output: the input columns in input order, then the corrected
values, a z-score and a flag per index, and `reasons`. Empty or NA = missing; decimal points or commas. Cells are
separated by commas, semicolons or tabs; the answer is written like the question.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from shared.growth.anthro import IndexScores, Scores, score
from shared.growth.anthro_columns import Anthropometry
from shared.growth.codes import BLANK_REASON_NAMES

SEPARATORS: Final = ",;\t"
MISSING: Final = ("", "NA")
SEXES: Final = {"": 0, "NA": 0, "1": 1, "m": 1, "M": 1, "2": 2, "f": 2, "F": 2}
POSITIONS: Final = {"": 0, "NA": 0, "l": 1, "L": 1, "h": 2, "H": 2}
OEDEMAS: Final = {"": 0, "NA": 0, "n": 0, "N": 0, "2": 0, "y": 1, "Y": 1, "1": 1}
IN_MONTHS: Final = {"": 0, "NA": 0, "0": 0, "1": 1}
NUMBERS: Final = ("age", "weight", "lenhei", "headc", "armc", "triskin", "subskin")
WORDS: Final = {"sex": SEXES, "measure": POSITIONS, "oedema": OEDEMAS, "is_age_in_month": IN_MONTHS}
NEEDED: Final = ("sex", *NUMBERS, "measure", "oedema")
# WHO's names of the indices, in the order of its output, and ours.
INDICES: Final = {
    "len": "haz",
    "wei": "waz",
    "wfl": "whz",
    "bmi": "baz",
    "hc": "hcz",
    "ac": "acz",
    "ts": "tsz",
    "ss": "ssz",
}
OUTPUT: Final = (
    "clenhei",
    "cmeasure",
    "c9mo_flag",
    "cbmi",
    "csex",
    *(name for index in INDICES for name in (f"z{index}", f"f{index}")),
    "reasons",
)


@dataclass(frozen=True, slots=True)
class BadCell:
    """What of a sheet cannot be read. `row` counts from 1 after the header; None = the sheet as a whole.

    `code`: `missing_column`, `wrong_width` (then `cell` is the number of cells, `allowed` that of the header),
    `unknown_word` (`allowed` says which are known), `not_a_number`. `cell` may hold whatever somebody typed.
    """

    code: str
    column: str
    row: int | None = None
    cell: str = ""
    allowed: str = ""

    @property
    def line(self) -> int | None:
        """The line of the sheet, the header being the first; empty lines are no lines."""
        return None if self.row is None else self.row + 1


class BadSheetError(ValueError):
    """The sheet cannot be scored; `cells` are those of the first chunk that has any, in order."""

    def __init__(self, cells: Sequence[BadCell]) -> None:
        super().__init__(cells[0].code)
        self.cells = tuple(cells)


def score_sheet(source: IO[str], target: IO[str], chunk_rows: int) -> Iterator[int]:
    """Score CSV text chunk by chunk; yields the rows done so far after each. BadSheetError, csv.Error."""
    first = source.readline()
    separator = max(SEPARATORS, key=first.count)
    reader = (row for row in csv.reader(chain([first], source), delimiter=separator) if row)  # an empty line is no row
    header = next(reader, [])
    if missing := [BadCell("missing_column", name) for name in NEEDED if name not in header]:
        raise BadSheetError(missing)
    # A file that was scored before is scored anew: its old results do not stand beside the new ones.
    kept = [place for place, name in enumerate(header) if name not in OUTPUT]
    writer = csv.writer(target, delimiter=separator, lineterminator="\n")
    writer.writerow([*(header[place] for place in kept), *OUTPUT])
    done = 0
    while rows := list(islice(reader, chunk_rows)):
        columns = _Chunk(header, rows, done + 1).columns()
        for row, results in zip(rows, _results(columns, score(columns)), strict=True):
            writer.writerow([*(row[place] for place in kept), *results])
        done += len(rows)
        yield done


class _Chunk:
    """Some rows of a sheet; `first_row` is the number of the first one."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]], first_row: int) -> None:
        self._first_row = first_row
        self._bad = [
            BadCell("wrong_width", "", row, str(len(cells)), str(len(header)))
            for row, cells in enumerate(rows, first_row)
            if len(cells) != len(header)
        ]
        self._refuse_bad()
        self._cells = dict(zip(header, zip(*rows, strict=True), strict=True))

    def columns(self) -> Anthropometry:
        """The rows as the engine takes them."""
        words = {name: self._words(name, known) for name, known in WORDS.items() if name in self._cells}
        numbers = {name: self._numbers(name) for name in NUMBERS}
        self._refuse_bad()
        in_months = words.get("is_age_in_month")
        return Anthropometry(
            sex=words["sex"],
            age=numbers["age"],
            age_in_months=None if in_months is None else in_months == 1,
            weight_kg=numbers["weight"],
            length_height_cm=numbers["lenhei"],
            position=words["measure"],
            oedema=words["oedema"] == 1,
            head_circumference_cm=numbers["headc"],
            muac_cm=numbers["armc"],
            triceps_mm=numbers["triskin"],
            subscapular_mm=numbers["subskin"],
        )

    def _refuse_bad(self) -> None:
        if self._bad:
            raise BadSheetError(sorted(self._bad, key=lambda bad: bad.row or 0))

    def _words(self, name: str, known: Mapping[str, int]) -> npt.NDArray[np.int8]:
        cells = self._cells[name]
        unknown = set(cells) - known.keys()
        if unknown:
            allowed = ", ".join(word or "kosong (empty)" for word in known)
            self._note(name, "unknown_word", [cell in unknown for cell in cells], allowed)
        return np.array([known.get(cell, 0) for cell in cells], np.int8)

    def _numbers(self, name: str) -> npt.NDArray[np.float64]:
        cells = self._cells[name]
        try:
            return np.array([float(cell) if cell else np.nan for cell in cells], np.float64)
        except ValueError:  # a decimal comma, NA, or no number: looked at one by one
            numbers = [_number(cell) for cell in cells]
            self._note(name, "not_a_number", [number is None for number in numbers])
            return np.array(numbers, np.float64)  # None becomes NaN

    def _note(self, name: str, code: str, bad: Sequence[bool], allowed: str = "") -> None:
        cells = self._cells[name]
        self._bad += [
            BadCell(code, name, self._first_row + place, cells[place], allowed)
            for place, is_bad in enumerate(bad)
            if is_bad
        ]


def _number(cell: str) -> float | None:
    if cell in MISSING:
        return np.nan
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _results(columns: Anthropometry, scores: Scores) -> Iterator[list[str]]:
    """The output cells of each row, printed as R prints them: 15 significant digits."""
    parts: list[list[str]] = [
        _printed(scores.adjusted_length_height_cm),
        [("", "l", "h")[code] for code in scores.position.tolist()],
        [str(int(flag)) for flag in scores.position_implausible.tolist()],
        _printed(scores.bmi),
        [("", "1", "2")[code] for code in columns.sex.tolist()],
    ]
    reasons: list[list[str]] = [[] for _ in range(columns.sex.size)]
    for name, attribute in INDICES.items():
        index: IndexScores = getattr(scores, attribute)
        blank = np.isnan(index.z).tolist()
        parts.append(_printed(index.z))
        parts.append(["" if none else str(int(flag)) for none, flag in zip(blank, index.flagged.tolist(), strict=True)])
        for row in np.flatnonzero(index.reason).tolist():
            reasons[row].append(f"z{name}:{BLANK_REASON_NAMES[int(index.reason[row])]}")
    parts.append([";".join(each) for each in reasons])
    for cells in zip(*parts, strict=True):
        yield list(cells)


def _printed(values: npt.NDArray[np.float64]) -> list[str]:
    cells: list[Any] = values.tolist()
    return ["" if value != value else f"{value:.15g}" for value in cells]  # noqa: PLR0124 - NaN differs from itself
