"""`zscores IN.csv OUT.csv`: WHO 2006 growth scores of a file, with a reason for every blank.

What a sheet holds and what comes out of it: `services/scoring/formats/zscore_sheet.py`. A name ending in `.gz` is
compressed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from deploy.local.errors import RefusedError
from deploy.local.sheet_files import sheet_files
from services.scoring.formats.zscore_sheet import BadCell, BadSheetError, score_sheet

CHUNK_ROWS: Final = 20_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.description = (
        "Growth scores by WHO 2006, equal to the WHO's R package anthro, with a reason for every blank."
    )
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("output", type=Path, metavar="OUT.csv")


def run(args: argparse.Namespace) -> int:
    """Score the file; MissingError without one, RefusedError when it cannot be scored. OUT.csv appears when whole."""
    rows = 0
    try:
        with sheet_files(args.input, args.output) as (source, target):
            for rows in score_sheet(source, target, CHUNK_ROWS):  # noqa: B007 - the last one is told
                pass
    except BadSheetError as error:
        raise RefusedError(_refusal(error)) from None
    print(f"{rows} baris / rows -> {args.output}")
    return 0


def _refusal(error: BadSheetError) -> str:
    """The first thing that is wrong, and how many more there are."""
    first = error.cells[0]
    if first.code == "missing_column":
        return f"kolom tidak ada (missing columns): {', '.join(cell.column for cell in error.cells)}"
    more = len(error.cells) - 1
    return f"{_told(first)}{f'; dan {more} lagi (and {more} more)' if more else ''}"


def _told(bad: BadCell) -> str:
    match bad.code:
        case "wrong_width":
            return f"baris {bad.line}: {bad.cell} kolom, seharusnya {bad.allowed} (columns)"
        case "unknown_word":
            return f"baris {bad.line}: {bad.column} {bad.cell!r} tidak dikenal (unknown; {bad.allowed})"
        case _:
            return f"baris {bad.line}: {bad.column} {bad.cell!r} bukan angka (not a number)"
