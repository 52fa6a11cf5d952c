"""What a file is once its bytes are understood, and how it is refused when they are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from services.measurement.domain.cells import Cell

MEGABYTE: Final = 1_000_000
MAX_FILE_MB: Final = 50
MAX_UNPACKED_MB: Final = 500
MAX_GROWTH: Final = 100  # unpacked size over packed size; real exports grow six to fifteen times
MAX_ROWS: Final = 100_000  # 40,000 must work; a sheet beyond this is no export of a kabupaten
MAX_COLUMNS: Final = 300
MAX_CELLS: Final = 6_000_000  # of all sheets together; 40,000 rows of the longest export are two million


class FileRefusedError(Exception):
    """The file cannot be read. `code` is one of `file_problems`, `facts` fill its text."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one sheet or text file from its first line on. `name` is None for a text file.

    `merged` = blocks of cells joined into one, as (first row, first column, last row, last column) counted from 0.
    """

    rows: list[list[Cell]]
    name: str | None = None
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as sheets: a text file as one, with `encoding` and `delimiter`; of a workbook the visible ones."""

    sheets: list[Sheet]
    encoding: str | None = None
    delimiter: str | None = None
    hidden: list[str] = field(default_factory=list)
