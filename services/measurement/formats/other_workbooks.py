"""The size of the sheets of .xlsb and .ods workbooks, taken before they are opened.

Both are zips; `workbook_limits` has looked at how far they unpack. An .xlsb sheet is a stream of records [MS-XLSB], an
.ods one XML in which a row or cell may be said to stand a million times.
"""

from __future__ import annotations

import re
import struct
from typing import IO, Final
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZipFile

from services.measurement.formats.sheet_room import Room
from services.measurement.formats.table import FileRefusedError

_BLOCK_BYTES: Final = 1 << 20
_LONGEST_RECORD: Final = 1 << 24
_ROW, _DIMENSIONS = 0, 148
_CELLS: Final = range(1, 12)
_VALUE_ATTRIBUTES: Final = ("office:value-type", "table:formula")
_OPEN_DOCUMENT: Final = "content.xml"
_BINARY_RELATIONS: Final = "xl/_rels/workbook.bin.rels"
_TARGET: Final = re.compile(r"""Target\s*=\s*["']/?([^"']+)["']""")
_NO_RECORDS: Final = (b"<", b"\xef\xbb\xbf<", b"\xd0\xcf\x11\xe0")  # a theme, or macros


def measure_other_sheets(archive: ZipFile) -> None:
    """All sheets of an .xlsb or .ods, none of any other zip. Raises FileRefusedError `not_a_workbook`, `too_many_…`."""
    room, names = Room(), set(archive.namelist())
    if _OPEN_DOCUMENT in names:
        with archive.open(_OPEN_DOCUMENT) as stream:
            measure_open_document(stream, room)
    if _BINARY_RELATIONS in names:
        # Whatever the workbook names may be read as a sheet, whatever kind it says it is.
        targets = _TARGET.findall(archive.read(_BINARY_RELATIONS).decode("utf-8", "replace"))
        for name in names.intersection((*targets, *(f"xl/{target}" for target in targets))):
            with archive.open(name) as stream:
                measure_binary_sheet(stream, room)


def measure_binary_sheet(stream: IO[bytes], room: Room) -> None:
    """One sheet of an .xlsb. Raises FileRefusedError `not_a_workbook` or `too_many_…`."""
    room.next_sheet()
    held, at, row = stream.read(_BLOCK_BYTES), 0, 0
    if held.startswith(_NO_RECORDS):
        return
    while at < len(held):
        head = _record_head(held, at)
        if head is None or head[2] + head[1] > len(held):
            if head is not None and head[1] > _LONGEST_RECORD:
                raise FileRefusedError("not_a_workbook")
            more = stream.read(_BLOCK_BYTES)
            if not more:
                return
            held, at = held[at:] + more, 0
            continue
        kind, size, start = head
        at = start + size
        if kind == _ROW and size >= 4:
            row = struct.unpack_from("<I", held, start)[0] + 1
            room.reach(row, 0)
        elif kind in _CELLS and size >= 4:
            room.reach(row, struct.unpack_from("<I", held, start)[0] + 1)
        elif kind == _DIMENSIONS and size >= 16:
            _, last_row, _, last_column = struct.unpack_from("<IIII", held, start)
            room.reach(last_row + 1, last_column + 1)


def _record_head(held: bytes, at: int) -> tuple[int, int, int] | None:
    """Kind, size and start of the content of the record at `at`; None where the head is cut off."""
    kind = held[at]
    at += 1
    if kind & 0x80:
        if at >= len(held):
            return None
        kind = (kind & 0x7F) | (held[at] & 0x7F) << 7
        at += 1
    size = 0
    for shift in (0, 7, 14, 21):
        if at >= len(held):
            return None
        size |= (held[at] & 0x7F) << shift
        at += 1
        if not held[at - 1] & 0x80:
            break
    return kind, size, at


def measure_open_document(stream: IO[bytes], room: Room) -> None:
    """The content of an .ods. Raises FileRefusedError `not_a_workbook` or `too_many_…`."""
    parser = ParserCreate()
    counter = _Repeats(room)
    parser.StartElementHandler = counter.start
    parser.EndElementHandler = counter.end
    parser.EntityDeclHandler = _refuse
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.ParseFile(stream)
    except ExpatError:
        raise FileRefusedError("not_a_workbook") from None


def _refuse(*_: object) -> None:
    raise FileRefusedError("not_a_workbook")


class _Repeats:
    """Rows and columns as they stand after every repetition; empty ones count only before something that is not."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._rows = self._waiting_rows = self._repeat = 0
        self._width = self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._room.next_sheet()
            self._rows = self._waiting_rows = 0
        elif name == "table:table-row":
            self._repeat = _times(attributes, "table:number-rows-repeated")
            self._width = self._column = 0
        elif name in {"table:table-cell", "table:covered-table-cell"}:
            self._column += _times(attributes, "table:number-columns-repeated")
            if any(attribute in attributes for attribute in _VALUE_ATTRIBUTES):
                self._width = self._column

    def end(self, name: str) -> None:
        if name != "table:table-row":
            return
        if not self._width:
            self._waiting_rows += self._repeat
            return
        self._rows += self._waiting_rows + self._repeat
        self._waiting_rows = 0
        self._room.reach(self._rows, self._width)


def _times(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise FileRefusedError("not_a_workbook")
    return int(text)
