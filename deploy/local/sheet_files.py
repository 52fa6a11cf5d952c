"""CSV that commands read and write: UTF-8, gzip where the name ends in `.gz`; what is written appears when whole."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from deploy.local.errors import MissingError, RefusedError


@contextmanager
def sheet_files(source: Path, target: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    """`source` to read and `target` to write, which is there only if the block ends well.

    MissingError without the file or the folder, RefusedError where `source` is no CSV in UTF-8.
    """
    if not source.is_file():
        raise MissingError(f"{source}: tidak ada / no such file")
    if not target.resolve().parent.is_dir():
        raise MissingError(f"{target.resolve().parent}: folder tidak ada / no such folder")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with _open(source, "r") as reading, _open(partial, "w", like=target) as writing:
            yield reading, writing
        partial.replace(target)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise RefusedError(f"{source}: bukan CSV UTF-8 / not UTF-8 CSV ({error})") from None
    finally:
        partial.unlink(missing_ok=True)


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


def _open(path: Path, mode: str, like: Path | None = None) -> IO[str]:
    encoding = "utf-8-sig" if mode == "r" else "utf-8"
    if (like or path).suffix == ".gz":
        return cast("IO[str]", gzip.open(path, f"{mode}t", encoding=encoding, newline=""))
    return path.open(mode, encoding=encoding, newline="")
