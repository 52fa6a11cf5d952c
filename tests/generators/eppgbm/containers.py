"""Small writers of the workbook formats that no library here writes: .ods, .xls (BIFF8), .xlsb (BIFF12).

Each writes one sheet of text, numbers and dates, just enough for a reader; record layouts after [MS-XLS], [MS-XLSB],
[MS-CFB] and OpenDocument 1.2.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

from services.measurement.domain.cells import Cell, clean_text
from services.measurement.domain.dates import EXCEL_DAY_ZERO

Lines = Sequence[Sequence[Cell]]

_ODS_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    '<office:body><office:spreadsheet><table:table table:name="Data">'
)
_ODS_TAIL: Final = "</table:table></office:spreadsheet></office:body></office:document-content>"
# What LibreOffice puts below the last row: an empty row said to stand a million times.
_ODS_REST: Final = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def zipped(parts: dict[str, bytes | str]) -> bytes:
    """A zip of these parts."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def ods(lines: Lines, rest: str = _ODS_REST) -> bytes:
    """An OpenDocument sheet; `rest` stands below the last row."""
    rows = "".join(f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>" for line in lines)
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mimetype}"/></manifest:manifest>'
    )
    content = _ODS_HEAD + rows + rest + _ODS_TAIL
    return zipped({"mimetype": mimetype, "META-INF/manifest.xml": manifest, "content.xml": content})


def _ods_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    shown = f"<text:p>{escape(clean_text(cell))}</text:p></table:table-cell>"
    if isinstance(cell, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}">{shown}'
    if isinstance(cell, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{cell}">{shown}'
    return f'<table:table-cell office:value-type="string">{shown}'


def xls(lines: Lines, *, protected: bool = False, dimensions: tuple[int, int] | None = None) -> bytes:
    """An Excel 97 to 2003 workbook; `dimensions` = rows and columns that it says it has."""
    name = "Data"
    start = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    if protected:
        start += _biff(0x002F, bytes(54))
    formats = b"".join(_biff(0x00E0, struct.pack("<HHH", 0, number, 0) + bytes(14)) for number in (0, 14))
    bound = struct.pack("<BBBB", 0, 0, len(name), 0) + name.encode()
    offset = len(start) + len(formats) + 4 + 4 + len(bound) + 4
    stream = start + formats + _biff(0x0085, struct.pack("<I", offset) + bound) + _biff(0x000A, b"")
    stream += _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    if dimensions is not None:
        stream += _biff(0x0200, struct.pack("<IIHHH", 0, dimensions[0], 0, dimensions[1], 0))
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            stream += _xls_cell(row, column, cell)
    return compound({"Workbook": stream + _biff(0x000A, b"")})


def _xls_cell(row: int, column: int, cell: Cell) -> bytes:
    if cell is None or cell == "":
        return b""
    if isinstance(cell, date):
        return _biff(0x0203, struct.pack("<HHHd", row, column, 1, (cell - EXCEL_DAY_ZERO).days))
    if isinstance(cell, (int, float)):
        return _biff(0x0203, struct.pack("<HHHd", row, column, 0, cell))
    text = clean_text(cell)
    return _biff(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def _biff(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of these streams, each in sectors of its own."""
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    sectors: list[bytes] = []
    fat: list[int] = []
    entries = [_entry("Root Entry", 5, end, 0, child=1)]
    for number, (name, content) in enumerate(streams.items(), start=1):
        padded = content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0")
        first, count = len(sectors), len(padded) // 512
        sectors += [padded[at : at + 512] for at in range(0, len(padded), 512)]
        fat += [*range(first + 1, first + count), end]
        after = number + 1 if number < len(streams) else free
        entries.append(_entry(name, 2, first, len(padded), right=after))
    entries += [bytes(128)] * (-len(entries) % 4)
    directory = len(sectors)
    for at in range(0, len(entries), 4):
        sectors.append(b"".join(entries[at : at + 4]))
        fat.append(end if at + 4 >= len(entries) else len(sectors))
    fat_at = len(sectors)
    fat_count = -(-(len(fat) + 1) // 127)
    fat += [fat_mark] * fat_count
    fat += [free] * (fat_count * 128 - len(fat))
    table = struct.pack(f"<{len(fat)}I", *fat)
    difat = [*range(fat_at, fat_at + fat_count)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, fat_count, directory, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", *difat, *[free] * (109 - len(difat)))
    return head + b"".join(sectors) + table


def _entry(name: str, kind: int, start: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def xlsb(lines: Lines, *, last_row: int | None = None, last_column: int | None = None) -> bytes:
    """A binary Excel workbook, dates as text; `last_row`, `last_column` = where one more cell stands."""
    place = b"".join(map(_wide, ("rId1", "Data")))
    book = _record(131) + _record(143) + _record(156, struct.pack("<II", 0, 1) + place) + _record(144) + _record(132)
    height, width = len(lines), max(map(len, lines), default=0)
    sheet = _record(129) + _record(148, struct.pack("<IIII", 0, height - 1, 0, width - 1)) + _record(145)
    for row, line in enumerate(lines):
        sheet += _record(0, struct.pack("<IIHBBB", row, 0, 300, 0, 0, 0) + bytes(4))
        sheet += b"".join(_xlsb_cell(column, cell) for column, cell in enumerate(line))
    if last_row is not None and last_column is not None:
        sheet += _record(0, struct.pack("<IIHBBB", last_row, 0, 300, 0, 0, 0) + bytes(4)) + _xlsb_cell(last_column, 1.0)
    sheet += _record(146) + _record(130)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    rels = f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{relation}/worksheet"'
    return zipped({
        "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": rels + ' Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/worksheets/sheet1.bin": sheet,
    })  # fmt: skip


def _xlsb_cell(column: int, cell: Cell) -> bytes:
    if cell is None or cell == "":
        return b""
    if isinstance(cell, (int, float)):
        return _record(5, struct.pack("<IId", column, 0, cell))
    return _record(6, struct.pack("<II", column, 0) + _wide(clean_text(cell)))


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(kind: int, content: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, left = b"", len(content)
    while True:
        size += bytes([left & 0x7F | (0x80 if left > 0x7F else 0)])
        left >>= 7
        if not left:
            return number + size + content
