"""`detect IN.csv OUT.csv --mode stream|batch`: values that were probably not measured so, with kind and evidence.

Input, one row per value: `row_id, posyandu_id, child_id, visit_id, visit_date, birth_date` (YYYY-MM-DD), `sex` (M, F),
`param` (weight_kg, height_cm), `value`, `position` (L, H, empty); other columns are ignored. Output: `row_id, flagged,
kind, probability, evidence`, one line per input row in input order. In a stream a row sees earlier days and its own
posyandu-day, in a batch everything. A name ending in `.gz` is compressed.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from deploy.local.errors import RefusedError
from deploy.local.sheet_files import read_columns, sheet_files, words_of
from services.scoring.domain.plausibility.detect import judge_batch, judge_stream
from services.scoring.domain.plausibility.values import Param, Values
from services.scoring.domain.plausibility.verdicts import EVIDENCE_CODES, KIND_CODES, NO_VISIT, Evidence, Verdicts
from shared.growth.codes import Position, Sex

IDS: Final = ("row_id", "posyandu_id", "child_id", "visit_id")
DATES: Final = ("visit_date", "birth_date")
SEXES: Final = {"M": Sex.MALE, "F": Sex.FEMALE}
PARAMS: Final = {"weight_kg": Param.WEIGHT_KG, "height_cm": Param.LENGTH_HEIGHT_CM}
POSITIONS: Final = {"": Position.UNKNOWN, "L": Position.LYING, "H": Position.STANDING}
WORDS: Final[dict[str, Mapping[str, int]]] = {"sex": SEXES, "param": PARAMS, "position": POSITIONS}
COLUMNS: Final = (*IDS, *DATES, *WORDS, "value")
OUTPUT: Final = ("row_id", "flagged", "kind", "probability", "evidence")
# `proposed` of these is no value in kg or cm.
PROPOSED_SEX: Final = {int(Sex.MALE): "M", int(Sex.FEMALE): "F"}
EPOCH: Final = date(1970, 1, 1).toordinal()


class Table(NamedTuple):
    """What was read: the ids as they were written, and the values."""

    row_ids: Sequence[str]
    visit_ids: npt.NDArray[np.str_]  # by number of the visit
    values: Values


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("output", type=Path, metavar="OUT.csv")
    parser.add_argument("--mode", choices=("stream", "batch"), required=True, help="what a row may see")


def run(args: argparse.Namespace) -> int:
    """Judge the file; MissingError without one, RefusedError when it cannot be judged. OUT.csv appears when whole."""
    with sheet_files(args.input, args.output) as (source, target):
        table = read(source)
        flagged = write(target, table, judge(table.values, args.mode))
    print(f"{len(table.row_ids)} baris / rows, {flagged} ditandai / flagged -> {args.output}")
    return 0


def judge(values: Values, mode: str) -> Verdicts:
    """Verdicts of all values in the mode."""
    return judge_batch(values) if mode == "batch" else judge_stream(values, np.ones(len(values), np.bool_))


def read(source: IO[str]) -> Table:
    """Values of a CSV text; RefusedError with line and column where one cannot be read."""
    cells = read_columns(source, COLUMNS)
    words = {name: words_of(cells, name, known) for name, known in WORDS.items()}
    numbers = {name: np.unique(np.array(cells[name], np.str_), return_inverse=True) for name in IDS[1:]}
    values = Values(
        child=numbers["child_id"][1].astype(np.int64),
        visit=numbers["visit_id"][1].astype(np.int64),
        posyandu=numbers["posyandu_id"][1].astype(np.int64),
        day=_days(cells["visit_date"], "visit_date"),
        birth_day=_days(cells["birth_date"], "birth_date"),
        sex=words["sex"],
        param=words["param"],
        value=_numbers(cells["value"]),
        position=words["position"],
    )
    return Table(cells["row_id"], numbers["visit_id"][0], values)


def write(target: IO[str], table: Table, verdicts: Verdicts) -> int:
    """Write the verdicts; returns how many rows are flagged."""
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(OUTPUT)
    flagged = verdicts.flagged.tolist()
    told = dict(zip(np.flatnonzero(verdicts.flagged).tolist(), _told(table, verdicts), strict=True))
    for place, (row_id, probability) in enumerate(zip(table.row_ids, verdicts.probability.tolist(), strict=True)):
        kind, evidence = told.get(place, ("", ""))
        writer.writerow((row_id, int(flagged[place]), kind, f"{probability:.3f}", evidence))
    return sum(flagged)


def _told(table: Table, verdicts: Verdicts) -> Iterator[tuple[str, str]]:
    """Kind and evidence of each flagged row: a code, then numbers by name."""
    some = verdicts.rows(verdicts.flagged)
    for place in range(some.kind.size):
        code = int(some.evidence_code[place])
        parts = [EVIDENCE_CODES[code]]
        if np.isfinite(some.expected[place]):
            parts.append(f"expected={some.expected[place]:.2f}")
        if np.isfinite(some.proposed[place]):
            parts.append(f"proposed={_proposed(code, float(some.proposed[place]))}")
        if some.other_visit[place] != NO_VISIT:
            parts.append(f"other_visit={table.visit_ids[some.other_visit[place]]}")
        yield KIND_CODES[some.kind[place]], ";".join(parts)


def _proposed(code: int, proposed: float) -> str:
    if code == Evidence.OTHER_SEX:
        return PROPOSED_SEX[int(proposed)]
    if code == Evidence.OTHER_BIRTH_DATE:
        return date.fromordinal(EPOCH + int(proposed)).isoformat()
    return f"{proposed:g}"


def _days(cells: Sequence[str], name: str) -> npt.NDArray[np.int32]:
    distinct = {cell: _day(cell) for cell in set(cells)}
    wrong = [cell for cell, day in distinct.items() if day is None]
    if wrong:
        place = next(place for place, cell in enumerate(cells) if distinct[cell] is None)
        raise RefusedError(f"baris {place + 2}: {name} {cells[place]!r} bukan tanggal YYYY-MM-DD (not a date)")
    return np.array([distinct[cell] for cell in cells], np.int32)


def _day(cell: str) -> int | None:
    try:
        return date.fromisoformat(cell).toordinal() - EPOCH
    except ValueError:
        return None


def _numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    numbers = np.array([_number(cell) for cell in cells], np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        place = int(wrong[0])
        raise RefusedError(f"baris {place + 2}: value {cells[place]!r} bukan angka (not a number)")
    return numbers


def _number(cell: str) -> float:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return np.nan
