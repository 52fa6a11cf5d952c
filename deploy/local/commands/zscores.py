"""`zscores IN.csv OUT.csv`: WHO 2006 growth scores of a file, with a reason for every blank.

What a sheet holds and what comes out of it: `services/scoring/formats/zscore_sheet.py`. A name ending in `.gz` is
compressed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path
from typing import IO, Final, cast

from deploy.local.errors import MissingError, RefusedError
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
    if not args.input.is_file():
        raise MissingError(f"{args.input}: tidak ada / no such file")
    if not args.output.resolve().parent.is_dir():
        raise MissingError(f"{args.output.resolve().parent}: folder tidak ada / no such folder")
    partial = args.output.with_name(f"{args.output.name}.partial")
    rows = 0
    try:
        with _open(args.input, "r") as source, _open(partial, "w", like=args.output) as target:
            for rows in score_sheet(source, target, CHUNK_ROWS):  # noqa: B007 - the last one is told
                pass
        partial.replace(args.output)
    except BadSheetError as error:
        raise RefusedError(_refusal(error)) from None
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile) as error:
        raise RefusedError(f"{args.input}: bukan CSV UTF-8 / not UTF-8 CSV ({error})") from None
    finally:
        partial.unlink(missing_ok=True)
    print(f"{rows} baris / rows -> {args.output}")
    return 0


def _open(path: Path, mode: str, like: Path | None = None) -> IO[str]:
    if (like or path).suffix == ".gz":
        return cast(
            "IO[str]", gzip.open(path, f"{mode}t", encoding="utf-8-sig" if mode == "r" else "utf-8", newline="")
        )
    return path.open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8", newline="")


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
