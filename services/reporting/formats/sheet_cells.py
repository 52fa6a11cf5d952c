"""Whole numbers put into a sheet's XML, and sheets added, without touching anything else of the workbook.

A library that reads and writes a workbook again loses what it does not know (extended validation, form controls,
charts); here a cell's own element is replaced and nothing more. Shapes are those of ECMA-376 part 1, §18.3 and §18.8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from services.reporting.formats.office_package import CONTENT_TYPES, WORKBOOK, WorkbookRefusedError
from shared.spreadsheet_text import neutralised

RELATIONS: Final = "xl/_rels/workbook.xml.rels"
STYLES: Final = "xl/styles.xml"
MARK_COLOUR: Final = "FFFFEB9C"  # light yellow: a cell that differs from what was sent last time
_ROW: Final = re.compile(rb"<row(?=[\s/>])([^>]*?)(/>|>(.*?)</row>)", re.DOTALL)
_CELL: Final = re.compile(rb"<c(?=[\s/>])([^>]*?)(/>|>(.*?)</c>)", re.DOTALL)
_REFERENCE: Final = re.compile(rb'\br="([A-Z]{1,3})?(\d{1,7})"')
_STYLE: Final = re.compile(rb'\bs="(\d+)"')
_SHEET: Final = re.compile(rb"<sheet\s[^>]*?/>")
_RELATION: Final = re.compile(rb"<Relationship\s[^>]*?/>")
_SHEET_DATA: Final = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
_DIMENSION: Final = re.compile(rb"<dimension\s[^>]*?/>")
_CALC: Final = re.compile(rb"<calcPr(\s[^>]*?)?/>")
_NO_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0 has no way to write them
_WORKSHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
Cells = Mapping[tuple[int, int], int | None]  # (row, column), from 1 → the number, or nothing


def sheet_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Sheet name → part, in the order of the workbook."""
    targets = {}
    for relation in _RELATION.findall(parts.get(RELATIONS, b"")):
        target = _attribute(relation, "Target")
        targets[_attribute(relation, "Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return {
        _unescaped(_attribute(sheet, "name")): targets.get(_attribute(sheet, "r:id"), "")
        for sheet in _SHEET.findall(parts[WORKBOOK])
    }


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """A → 1, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def put_numbers(sheet: bytes, cells: Cells, styles: Mapping[tuple[int, int], int]) -> bytes:
    """The sheet with `cells`; a cell keeps its style unless `styles` gives it another.

    WorkbookRefusedError `not_a_workbook` for a sheet whose cells do not say where they stand.
    """
    by_row: dict[int, dict[int, int | None]] = {}
    for (row, column), value in cells.items():
        by_row.setdefault(row, {})[column] = value
    found = _SHEET_DATA.search(sheet)
    if found is None:
        raise WorkbookRefusedError("not_a_workbook")
    rows: dict[int, bytes] = {}
    for match in _ROW.finditer(found.group()):
        number = _place(match.group(1))[1]
        inside = match.group(3) or b""
        fresh = by_row.pop(number, None)
        rows[number] = match.group() if fresh is None else _row(match.group(1), inside, number, fresh, styles)
    for number, fresh in by_row.items():
        rows[number] = _row(f' r="{number}"'.encode(), b"", number, fresh, styles)
    data = b"<sheetData>" + b"".join(rows[number] for number in sorted(rows)) + b"</sheetData>"
    whole = sheet[: found.start()] + data + sheet[found.end() :]
    return _DIMENSION.sub(b"", whole)  # optional, and no longer true


def _row(
    attributes: bytes,
    inside: bytes,
    number: int,
    fresh: Mapping[int, int | None],
    styles: Mapping[tuple[int, int], int],
) -> bytes:
    cells: dict[int, bytes] = {}
    own_style: dict[int, int] = {}
    for match in _CELL.finditer(inside):
        letters, _ = _place(match.group(1))
        column = column_number(letters)
        cells[column] = match.group()
        style = _STYLE.search(match.group(1))
        if style is not None:
            own_style[column] = int(style.group(1))
    for column, value in fresh.items():
        style_number = styles.get((number, column), own_style.get(column))
        style_text = "" if style_number is None else f' s="{style_number}"'
        head = f'<c r="{column_letters(column)}{number}"{style_text}'
        cells[column] = (f"{head}/>" if value is None else f"{head}><v>{value}</v></c>").encode()
    attributes = re.sub(rb'\s+spans="[^"]*"', b"", attributes.rstrip())
    return b"<row" + attributes + b">" + b"".join(cells[column] for column in sorted(cells)) + b"</row>"


def _place(attributes: bytes) -> tuple[str, int]:
    match = _REFERENCE.search(attributes)
    if match is None:
        raise WorkbookRefusedError("not_a_workbook")
    return (match.group(1) or b"").decode(), int(match.group(2))


def styles_of(sheet: bytes, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The style of each place, 0 where it has none."""
    wanted = set(places)
    found = dict.fromkeys(places, 0)
    for match in _CELL.finditer(sheet):
        letters, row = _place(match.group(1))
        place = (row, column_number(letters)) if letters else (0, 0)
        style = _STYLE.search(match.group(1))
        if place in wanted and style is not None:
            found[place] = int(style.group(1))
    return found


def marked_styles(parts: dict[str, bytes], wanted: Sequence[int]) -> dict[int, int]:
    """Style → the same with the marking fill, added to the workbook's styles."""
    styles = parts.get(STYLES)
    found = None if styles is None else re.search(rb"<fills(\s[^>]*)?>(.*?)</fills>", styles, re.DOTALL)
    formats = None if styles is None else re.search(rb"<cellXfs(\s[^>]*)?>(.*?)</cellXfs>", styles, re.DOTALL)
    if styles is None or found is None or formats is None:
        raise WorkbookRefusedError("not_a_workbook")
    fill_number = len(re.findall(rb"<fill[\s>]", found.group(2)))
    fill = (
        f'<fill><patternFill patternType="solid"><fgColor rgb="{MARK_COLOUR}"/><bgColor indexed="64"/>'
        "</patternFill></fill>"
    ).encode()
    known = re.findall(rb"<xf(?=[\s/>])[^>]*?/>|<xf(?=[\s>])[^>]*?>.*?</xf>", formats.group(2), re.DOTALL)
    marked: dict[int, int] = {}
    added: list[bytes] = []
    for style in sorted(set(wanted)):
        base = known[style] if style < len(known) else known[0]
        marked[style] = len(known) + len(added)
        added.append(_with_fill(base, fill_number))
    fills = b'<fills count="%d">' % (fill_number + 1) + found.group(2) + fill + b"</fills>"
    cell_formats = b'<cellXfs count="%d">' % (len(known) + len(added)) + formats.group(2) + b"".join(added)
    parts[STYLES] = (
        styles[: found.start()]
        + fills
        + styles[found.end() : formats.start()]
        + cell_formats
        + b"</cellXfs>"
        + styles[formats.end() :]
    )
    return marked


def _with_fill(base: bytes, fill_number: int) -> bytes:
    head, sign, rest = base.partition(b">")
    if head.endswith(b"/"):
        head, sign = head[:-1], b"/>"
    head = re.sub(rb'\s(?:fillId|applyFill)="[^"]*"', b"", head.rstrip())
    return head + b' fillId="%d" applyFill="1"' % fill_number + sign + rest


def add_sheet(
    parts: dict[str, bytes], name: str, rows: Sequence[Sequence[str | int | None]], *, hidden: bool = False
) -> None:
    """A sheet at the end; texts are inline and neutralised, numbers are numbers. Another sheet's name is left to it."""
    names = sheet_parts(parts)
    free = next(
        text for text in (name, *(f"{name} ({number})" for number in range(2, len(names) + 3))) if text not in names
    )
    number = next(n for n in range(1, len(parts) + 2) if f"xl/worksheets/sheet{n}.xml" not in parts)
    ids = [int(_attribute(sheet, "sheetId")) for sheet in _SHEET.findall(parts[WORKBOOK])]
    relation_id = f"rIdTumbuh{number}"
    state = ' state="hidden"' if hidden else ""
    parts[f"xl/worksheets/sheet{number}.xml"] = _sheet_of(rows)
    _insert(
        parts, CONTENT_TYPES, "</Types>",
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_WORKSHEET_TYPE}"/>',
    )  # fmt: skip
    _insert(
        parts, RELATIONS, "</Relationships>",
        f'<Relationship Id="{relation_id}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>',
    )  # fmt: skip
    _insert(
        parts, WORKBOOK, "</sheets>",
        f'<sheet xmlns:r="{_OFFICE}" name="{escape(free)}" sheetId="{max(ids, default=0) + 1}"'
        f'{state} r:id="{relation_id}"/>',
    )  # fmt: skip


def calculate_on_open(parts: dict[str, bytes]) -> None:
    """Formulas that look at what was filled in are computed when the workbook is opened."""
    book = parts[WORKBOOK]
    found = _CALC.search(book)
    if found is not None:
        attributes = re.sub(rb'\s+fullCalcOnLoad="[^"]*"', b"", found.group(1) or b"")
        parts[WORKBOOK] = (
            book[: found.start()] + b"<calcPr" + attributes + b' fullCalcOnLoad="1"/>' + book[found.end() :]
        )


def _sheet_of(rows: Sequence[Sequence[str | int | None]]) -> bytes:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for column, value in enumerate(row, start=1):
            place = f"{column_letters(column)}{number}"
            if isinstance(value, int):
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
            elif value is not None:
                text = escape(neutralised(_NO_XML.sub("", value)))
                cells.append(f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'.encode()


def _insert(parts: dict[str, bytes], part: str, before: str, text: str) -> None:
    start, mark, end = parts[part].rpartition(before.encode())
    if not mark:
        raise WorkbookRefusedError("not_a_workbook")
    parts[part] = start + text.encode() + mark + end


def _attribute(element: bytes, name: str) -> str:
    match = re.search(rb"\s" + re.escape(name).encode() + rb"\s*=\s*\"([^\"]*)\"", element)
    return "" if match is None else match.group(1).decode()


def _unescaped(text: str) -> str:
    for written, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(written, plain)
    return text
