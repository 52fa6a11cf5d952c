"""Tables → a workbook: numbers are numbers, dates dates, codes text, and every sheet prints on A4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from services.reporting.formats.tables import HIDDEN, Column, Table, Value
from shared.spreadsheet_text import neutralised

_MADE_ON: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed mark instead of a clock: same figures, same bytes
_FORMATS: Final = {
    "code": {"num_format": "@"},
    "text": {"num_format": "@"},
    "count": {"num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "score": {"num_format": "0.00"},
    "date": {"num_format": "yyyy-mm-dd"},
}
_WIDTHS: Final = {"code": 16.0, "text": 24.0, "count": 12.0, "share": 12.0, "score": 9.0, "date": 12.0}
WIDEST: Final = 90.0
HIDDEN_COLOUR: Final = "#D9D9D9"
A4: Final = 9


def write_workbook(tables: Sequence[Table], title: str, notes: Sequence[str], page: str) -> bytes:
    """A sheet for each table, in memory. Above each: its title and `notes`; `page` = the word before a page number."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": _MADE_ON, "title": title})
    formats = {sort: book.add_format(form) for sort, form in _FORMATS.items()}
    formats["hidden"] = book.add_format({"bg_color": HIDDEN_COLOUR})
    formats["title"] = book.add_format({"bold": True, "font_size": 14})
    formats["head"] = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "num_format": "@"}
    )
    formats["wrapped"] = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    for table in tables:
        _write_sheet(book.add_worksheet(table.title), table, formats, (f"{title}: {table.title}", *notes), page)
    book.close()
    return buffer.getvalue()


def _write_sheet(sheet: Any, table: Table, formats: dict[str, Any], above: Sequence[str], page: str) -> None:
    for row, text in enumerate(above):
        sheet.write_string(row, 0, neutralised(text), formats["title"] if row == 0 else None)
    head = len(above) + 1
    for at, column in enumerate(table.columns):
        sheet.write_string(head, at, neutralised(column.head), formats["head"])
        sheet.set_column(at, at, _width(table, at, column))
    for row, values in enumerate(table.rows, head + 1):
        for at, (column, value) in enumerate(zip(table.columns, values, strict=True)):
            _write_cell(sheet, (row, at), column, value, formats)
    last = len(table.columns) - 1
    sheet.freeze_panes(head + 1, min(2, last))
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer(f"&L&8{_printed(above[-1])}&R&8{page} &P/&N")
    if table.rows:
        sheet.autofilter(head, 0, head + len(table.rows), last)


def _width(table: Table, at: int, column: Column) -> float:
    if column.sort != "text":
        return _WIDTHS[column.sort]
    longest = max((len(str(row[at])) for row in table.rows if row[at] not in {None, HIDDEN}), default=0)
    return min(WIDEST, max(14.0, longest * 0.9 + 2))


def _printed(text: str) -> str:
    """In a footer `&` begins a code."""
    return text.replace("&", "&&")


def _write_cell(sheet: Any, place: tuple[int, int], column: Column, value: Value, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if value is HIDDEN:
        sheet.write_blank(*place, None, formats["hidden"])
    elif isinstance(value, str):
        form = formats["wrapped"] if len(value) > WIDEST else formats[column.sort]
        sheet.write_string(*place, neutralised(value), form)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, formats["date"])
    else:
        # What may be a mean, and is none, is a count.
        sort = "count" if column.sort == "score" and isinstance(value, int) else column.sort
        sheet.write_number(*place, value, formats[sort])
