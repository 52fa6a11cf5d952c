"""A workbook of one sheet, written row by row into memory.

A file of names never touches a disk, and 40,000 rows of it never stand in memory at once. (XlsxWriter does one or the
other; it stays in use where a file is small.) The same rows give the same bytes: nothing in the file tells when, where
or by whom it was made.
Format: ECMA-376 (Office Open XML), strings inline.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

Cell = str | float | date | None

_MADE_ON: Final = (1980, 1, 1, 0, 0, 0)  # the first day a zip archive knows
_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TEXT: Final = 1  # styles, by their place in `cellXfs`
_DATE: Final = 2
_HEAD: Final = 3

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPE_LIKE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads `_x0041_` as `A`

_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
_SHEET_START: Final = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_END: Final = "</sheetData></worksheet>"


class WorkbookStream:
    """Add rows, then `close`. Texts are written as text (never a formula, never a number), dates as dates.

    `sheet` is the sheet's name: at most 31 characters, no brackets, colons, marks or slashes.
    """

    def __init__(self, sheet: str, heads: Sequence[str]) -> None:
        self._buffer = BytesIO()
        self._archive = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        for name, xml in _PARTS.items():
            self._archive.writestr(_entry(name), _DECLARATION + xml.replace("{sheet}", _xml_text(sheet)))
        self._sheet = self._archive.open(_entry("xl/worksheets/sheet1.xml"), "w")
        self._rows = 0
        self._sheet.write((_DECLARATION + _SHEET_START).encode())
        self._add([heads], _HEAD)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """The next rows."""
        self._add(rows, _TEXT)

    def _add(self, rows: Iterable[Sequence[Cell]], text_style: int) -> None:
        parts = []
        for row in rows:
            self._rows += 1
            parts.append(f'<row r="{self._rows}">')
            parts += [
                _cell(f"{_column(at)}{self._rows}", cell, text_style) for at, cell in enumerate(row) if cell is not None
            ]
            parts.append("</row>")
        self._sheet.write("".join(parts).encode())

    def close(self) -> bytes:
        """The whole file."""
        self._sheet.write(_SHEET_END.encode())
        self._sheet.close()
        self._archive.close()
        return self._buffer.getvalue()


def _cell(place: str, cell: str | float | date, text_style: int) -> str:
    if isinstance(cell, str):
        text = _xml_text(cell)
        return f'<c r="{place}" s="{text_style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, date):
        return f'<c r="{place}" s="{_DATE}"><v>{(cell - _EXCEL_DAY_ZERO).days}</v></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def _xml_text(text: str) -> str:
    if text.isascii() and text.isprintable() and "_x" not in text:
        return escape(text) if ("&" in text or "<" in text or ">" in text) else text
    return escape(_ESCAPE_LIKE.sub("_x005F_", _NOT_XML.sub(" ", text)))


@cache
def _column(at: int) -> str:
    letters = ""
    while at >= 0:
        letters = chr(ord("A") + at % 26) + letters
        at = at // 26 - 1
    return letters


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MADE_ON)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0  # otherwise the archive tells the system it was made on
    entry.external_attr = 0
    return entry
