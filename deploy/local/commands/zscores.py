"""`zscores IN.csv OUT.csv`: WHO 2006 growth scores of a file, with a reason for every blank.

Input: the columns of tests/data/golden/anthro_zscores.csv.gz (`sex, age, is_age_in_month, weight, lenhei, measure,
headc, armc, triskin, subskin, oedema`); others are kept. Output: the input columns in input order, then the corrected
values, a z-score and a flag per index, and `reasons`. Empty = missing. A name ending in `.gz` is compressed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, cast

import numpy as np
import numpy.typing as npt

from deploy.local.errors import MissingError, RefusedError
from shared.growth.anthro import IndexScores, Scores, score
from shared.growth.anthro_columns import Anthropometry
from shared.growth.codes import BLANK_REASON_NAMES

CHUNK_ROWS: Final = 20_000

MISSING: Final = ("", "NA")
SEXES: Final = {"": 0, "NA": 0, "1": 1, "m": 1, "M": 1, "2": 2, "f": 2, "F": 2}
POSITIONS: Final = {"": 0, "NA": 0, "l": 1, "L": 1, "h": 2, "H": 2}
OEDEMAS: Final = {"": 0, "NA": 0, "n": 0, "N": 0, "2": 0, "y": 1, "Y": 1, "1": 1}
IN_MONTHS: Final = {"": 0, "NA": 0, "0": 0, "1": 1}
NUMBERS: Final = ("age", "weight", "lenhei", "headc", "armc", "triskin", "subskin")
WORDS: Final = {"sex": SEXES, "measure": POSITIONS, "oedema": OEDEMAS, "is_age_in_month": IN_MONTHS}
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.description = (
        "Growth scores by WHO 2006, equal to the WHO's R package anthro, with a reason for every blank."
    )
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("output", type=Path, metavar="OUT.csv")


def run(args: argparse.Namespace) -> int:
    """Score the file; MissingError without one, RefusedError when it cannot be scored. OUT.csv appears when whole."""
    if not args.input.is_file():
        raise MissingError(f"{args.input}: tidak ada / no such file")
    if not args.output.resolve().parent.is_dir():
        raise MissingError(f"{args.output.resolve().parent}: folder tidak ada / no such folder")
    partial = args.output.with_name(f"{args.output.name}.partial")
    try:
        with _open(args.input, "r") as source, _open(partial, "w", like=args.output) as target:
            rows = score_file(source, target)
        partial.replace(args.output)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile) as error:
        raise RefusedError(f"{args.input}: bukan CSV UTF-8 / not UTF-8 CSV ({error})") from None
    finally:
        partial.unlink(missing_ok=True)
    print(f"{rows} baris / rows -> {args.output}")
    return 0


def score_file(source: IO[str], target: IO[str]) -> int:
    """Score CSV text, chunk by chunk. Returns the number of rows; RefusedError with the line and column otherwise."""
    reader = (row for row in csv.reader(source) if row)  # an empty line is no row
    header = next(reader, [])
    missing = [name for name in ("sex", *NUMBERS, "measure", "oedema") if name not in header]
    if missing:
        raise RefusedError(f"kolom tidak ada (missing columns): {', '.join(missing)}")
    # A file that was scored before is scored anew: its old results do not stand beside the new ones.
    kept = [place for place, name in enumerate(header) if name not in OUTPUT]
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*(header[place] for place in kept), *OUTPUT])
    done = 0
    while rows := list(islice(reader, CHUNK_ROWS)):
        columns = _parse(header, rows, first_line=done + 2)
        for row, results in zip(rows, _results(columns, score(columns)), strict=True):
            writer.writerow([*(row[place] for place in kept), *results])
        done += len(rows)
    return done


def _open(path: Path, mode: str, like: Path | None = None) -> IO[str]:
    if (like or path).suffix == ".gz":
        return cast(
            "IO[str]", gzip.open(path, f"{mode}t", encoding="utf-8-sig" if mode == "r" else "utf-8", newline="")
        )
    return path.open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8", newline="")


def _parse(header: Sequence[str], rows: list[list[str]], first_line: int) -> Anthropometry:
    for line, row in enumerate(rows, first_line):
        if len(row) != len(header):
            raise RefusedError(f"baris {line}: {len(row)} kolom, seharusnya {len(header)} (columns)")
    by_name = dict(zip(header, zip(*rows, strict=True), strict=True))
    words = {name: _words(by_name[name], name, known, first_line) for name, known in WORDS.items() if name in by_name}
    numbers = {name: _numbers(by_name[name], name, first_line) for name in NUMBERS}
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


def _words(cells: Sequence[str], name: str, known: dict[str, int], first_line: int) -> npt.NDArray[np.int8]:
    try:
        return np.array([known[cell] for cell in cells], np.int8)
    except KeyError:
        place, cell = next((place, cell) for place, cell in enumerate(cells) if cell not in known)
        allowed = ", ".join(word or "kosong (empty)" for word in known)
        raise RefusedError(f"baris {first_line + place}: {name} {cell!r} tidak dikenal (unknown; {allowed})") from None


def _numbers(cells: Sequence[str], name: str, first_line: int) -> npt.NDArray[np.float64]:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], np.float64)
    except ValueError:  # a decimal comma, NA, or no number: looked at one by one
        return np.array([_number(cell, name, first_line + place) for place, cell in enumerate(cells)], np.float64)


def _number(cell: str, name: str, line: int) -> float:
    if cell in MISSING:
        return np.nan
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        raise RefusedError(f"baris {line}: {name} {cell!r} bukan angka (not a number)") from None


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
