"""The rows that were held back, in the shape they came in, with the reasons: to be mended and sent again."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from services.measurement.domain.cells import Cell, clean_text, neutralised
from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.problems import is_note, reason_texts
from services.measurement.formats.diagnose import Examination
from services.measurement.formats.reader import Table

REASON_HEAD: Final = "Alasan (Tumbuh)"
LONGEST_EXCEL_CELL: Final = 32_767
_MADE_ON: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed mark instead of a clock: same rows, same bytes
_REASON_WIDTH: Final = 80


def write_error_file(examination: Examination) -> bytes:
    """An .xlsx of the held-back rows: their cells as they were, NIK as text, and one more column with the reasons.

    ValueError where the file never became a table: there is nothing to mend row by row.
    """
    table = examination.table
    if table is None:
        raise ValueError("a file without a table has no rows to mend")
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": _MADE_ON})
    _fill(book, table, [row for row in examination.judged if row.outcome is Outcome.QUARANTINED])
    book.close()
    return buffer.getvalue()


def _fill(book: Any, table: Table, held_back: list[JudgedRow]) -> None:
    sheet = book.add_worksheet(_sheet_name(table))
    formats = {
        "head": book.add_format({"bold": True}),
        "text": book.add_format({"num_format": "@"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "reason": book.add_format({"text_wrap": True}),
    }
    heads = table.sheet.rows[table.header_row - 1]
    earlier = {at for at, head in enumerate(heads) if clean_text(head) == REASON_HEAD}  # mended once before
    kept = [at for at in range(len(heads)) if at not in earlier]
    text_columns = {table.positions.get("nik")}
    for column, at in enumerate(kept):
        sheet.write_string(0, column, neutralised(clean_text(heads[at])), formats["head"])
    sheet.write_string(0, len(kept), REASON_HEAD, formats["head"])
    sheet.set_column(len(kept), len(kept), _REASON_WIDTH)
    sheet.freeze_panes(1, 0)
    for line, verdict in enumerate(held_back, start=1):
        cells = table.rows[verdict.row_number - table.header_row - 1]
        for column, at in enumerate(kept):
            if at < len(cells):
                _write(sheet, (line, column), cells[at], formats, as_text=at in text_columns)
        sheet.write_string(line, len(kept), _reasons(verdict), formats["reason"])


def _write(sheet: Any, place: tuple[int, int], cell: Cell, formats: dict[str, Any], *, as_text: bool) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, date):
        sheet.write_datetime(*place, cell, formats["date"])
    elif isinstance(cell, (int, float)) and not isinstance(cell, bool) and not as_text:
        sheet.write_number(*place, cell)
    else:
        text = cell if isinstance(cell, str) else clean_text(cell)
        sheet.write_string(*place, neutralised(text)[:LONGEST_EXCEL_CELL], formats["text"] if as_text else None)


def _reasons(verdict: JudgedRow) -> str:
    texts = [reason_texts(reason)[0] for reason in verdict.reasons if not is_note(reason.code)]
    return f"Baris {verdict.row_number}: {' '.join(texts)}"


def _sheet_name(table: Table) -> str:
    """The name the sheet had; a text file has none. Excel allows 31 characters and no brackets or slashes."""
    name = table.sheet.name or ""
    return name if name and len(name) <= 31 and not set(name) & set("[]:*?/\\'") else "Perbaikan"
