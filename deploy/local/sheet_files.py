"""CSV that commands read and write: UTF-8, gzip where the name ends in `.gz`; what is written appears when whole."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
import numpy.typing as npt

from deploy.local.errors import MissingError, RefusedError

MISSING: Final = ("", "NA")


@contextmanager
def sheet_files(source: Path, target: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    """`source` to read and `target` to write, which is there only if the block ends well.

    MissingError without the file or the folder, RefusedError where `source` is no CSV in UTF-8.
    """
    if not target.resolve().parent.is_dir():
        raise MissingError(f"{target.resolve().parent}: folder tidak ada / no such folder")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with read_sheet(source) as reading, _open(partial, "w", like=target) as writing:
            yield reading, writing
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def read_sheet(source: Path) -> Iterator[IO[str]]:
    """`source` to read; MissingError without the file, RefusedError where it turns out to be no CSV in UTF-8."""
    if not source.is_file():
        raise MissingError(f"{source}: tidak ada / no such file")
    try:
        with _open(source, "r") as reading:
            yield reading
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise RefusedError(f"{source}: bukan CSV UTF-8 / not UTF-8 CSV ({error})") from None


def read_columns(source: IO[str], required: Sequence[str]) -> dict[str, Sequence[str]]:
    """The cells by column; RefusedError names columns that are missing and lines of another width."""
    lines = csv.reader(source)
    header = next(lines, [])
    if missing := [name for name in required if name not in header]:
        raise RefusedError(f"kolom tidak ada (missing columns): {', '.join(missing)}")
    rows = [row for row in lines if row]  # an empty line is no row
    for line, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise RefusedError(f"baris {line}: {len(row)} kolom, seharusnya {len(header)} (columns)")
    return dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(header, ())


def words_of(cells: Mapping[str, Sequence[str]], name: str, known: Mapping[str, int]) -> npt.NDArray[np.int8]:
    """A column of known words as their codes; RefusedError with the line of the first that is not known."""
    try:
        return np.array([known[cell] for cell in cells[name]], np.int8)
    except KeyError:
        place, cell = next((place, cell) for place, cell in enumerate(cells[name]) if cell not in known)
        allowed = ", ".join(word or "kosong (empty)" for word in known)
        raise RefusedError(f"baris {place + 2}: {name} {cell!r} tidak dikenal (unknown; {allowed})") from None


def numbers_of(cells: Mapping[str, Sequence[str]], name: str) -> npt.NDArray[np.float64]:
    """A column of numbers with decimal point or comma, NaN where empty or NA; RefusedError with the line otherwise."""
    numbers = np.array([_number(cell) for cell in cells[name]], np.float64)
    wrong = np.flatnonzero(np.isinf(numbers))
    if wrong.size:
        place = int(wrong[0])
        raise RefusedError(f"baris {place + 2}: {name} {cells[name][place]!r} bukan angka (not a number)")
    return numbers


def _number(cell: str) -> float:
    """The number of a cell, NaN where it is missing, infinite where it is no number."""
    if cell in MISSING:
        return math.nan
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        return math.inf
    return math.inf if math.isnan(number) else number


def _open(path: Path, mode: str, like: Path | None = None) -> IO[str]:
    encoding = "utf-8-sig" if mode == "r" else "utf-8"
    if (like or path).suffix == ".gz":
        return cast("IO[str]", gzip.open(path, f"{mode}t", encoding=encoding, newline=""))
    return path.open(mode, encoding=encoding, newline="")
