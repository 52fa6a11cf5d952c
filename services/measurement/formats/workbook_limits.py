"""The size of a workbook, taken before it is opened.

The reader of a sheet makes room for every cell between the first and the last one, so a file of one kilobyte with a
value in the far corner would take all memory, and a packed part may grow a thousandfold. Here every part is unpacked
once, block by block; no size that the file states about itself is believed.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final

from services.measurement.formats.other_workbooks import measure_other_sheets
from services.measurement.formats.sheet_room import checked_room
from services.measurement.formats.table import (
    MAX_CELLS,
    MAX_GROWTH,
    MAX_ROWS,
    MAX_UNPACKED_MB,
    MEGABYTE,
    FileRefusedError,
)

_BLOCK_BYTES: Final = 1 << 20
_OVERLAP_BYTES: Final = 64  # a reference may lie across two blocks
_SMALL_BYTES: Final = 1_000_000  # growth is judged beyond this: a few equal cells pack very well
# Loose on purpose: what they match beyond cell references only makes a sheet look larger.
_COLUMN: Final = re.compile(rb"""r\s*=\s*["']([A-Z]{1,3})\d""")
_ROW: Final = re.compile(rb"""row\b[^>]{0,400}?\br\s*=\s*["'](\d{1,7})["']""")
_CELL_BEYOND_ROWS: Final = re.compile(rb"""r\s*=\s*["'][A-Z]{1,3}(?:\d{7}|[2-9]\d{5}|1[1-9]\d{4})""")  # after 109,999
_ROW_START: Final = re.compile(rb"<(?:\w+:)?row\b")
_CELL_STARTS: Final = (b"<c ", b"<c>", b"<c/")
_PREFIXED_CELL_STARTS: Final = (b":c ", b":c>", b":c/")
_SPACES: Final = bytes.maketrans(b"\t\n\r\v\f", b"     ")  # what may stand between the words of a tag


def measure_workbook(data: bytes) -> None:
    """Raises FileRefusedError: `not_a_workbook`, `unpacked_too_large`, `compressed_too_much` or `too_many_…`."""
    unpacked = cells = 0
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for part in archive.infolist():
                with archive.open(part) as stream:
                    shape = _measure_part(stream, already=unpacked, packed=len(data))
                unpacked += shape.unpacked
                cells += shape.cells()
                if cells > MAX_CELLS:
                    raise FileRefusedError("too_many_cells", limit=MAX_CELLS)
            measure_other_sheets(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise FileRefusedError("not_a_workbook") from None


@dataclass(slots=True)
class _Shape:
    """What one part holds. Positions may be stated (`r="C7"`) or follow from the order; both are counted."""

    unpacked: int = 0
    last_row: int = 0
    last_column: int = 0
    rows: int = 0
    cells_in_row: int = 0
    widest_row: int = 0

    def cells(self) -> int:
        """Room that the reader of this sheet would need. Refuses too many rows or columns."""
        return checked_room(max(self.last_row, self.rows), max(self.last_column, self.widest_row))

    def add(self, xml: bytes) -> None:
        """Take in the next piece of the part."""
        xml = xml.translate(_SPACES)
        stated = self._read_positions(xml) if b"r=" in xml or b" =" in xml else 0
        self.rows += xml.count(b"<row") + xml.count(b":row")
        # Writers state every position. Where some are left out, the place of a cell follows from its order.
        if _cells(xml) > stated + 1:
            self._count_cells(xml)

    def _read_positions(self, xml: bytes) -> int:
        """How many cells say where they stand."""
        if _CELL_BEYOND_ROWS.search(xml):
            raise FileRefusedError("too_many_rows", limit=MAX_ROWS)
        columns = _COLUMN.findall(xml)
        self.last_column = max([self.last_column, *map(_column_number, set(columns))])
        self.last_row = max([self.last_row, *map(int, _ROW.findall(xml))])
        return len(columns)

    def _count_cells(self, xml: bytes) -> None:
        first, *others = _ROW_START.split(xml)
        self.cells_in_row += _cells(first)
        self.widest_row = max(self.widest_row, self.cells_in_row)
        for row in others:
            self.cells_in_row = _cells(row)
            self.widest_row = max(self.widest_row, self.cells_in_row)


def _cells(xml: bytes) -> int:
    prefixed = sum(map(xml.count, _PREFIXED_CELL_STARTS)) if b":c" in xml else 0
    return prefixed + sum(map(xml.count, _CELL_STARTS))


def _measure_part(stream: IO[bytes], *, already: int, packed: int) -> _Shape:
    shape = _Shape()
    tail = b""
    while block := stream.read(_BLOCK_BYTES):
        shape.unpacked += len(block)
        _check_growth(already + shape.unpacked, packed)
        shape.add(tail + block)
        tail = block[-_OVERLAP_BYTES:]
    return shape


def _check_growth(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED_MB * MEGABYTE:
        raise FileRefusedError("unpacked_too_large", limit_mb=MAX_UNPACKED_MB)
    if unpacked > max(MAX_GROWTH * packed, _SMALL_BYTES):
        raise FileRefusedError("compressed_too_much", limit=MAX_GROWTH)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
