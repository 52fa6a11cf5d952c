"""The rows that were held back, in the shape they came in, with the reasons: to be mended and sent again.

A workbook comes back as a workbook and a text file as a text file of the same delimiter, encoding and line ends: the
same lines above the heads, the same columns in the same order, the cells as they were. Two columns follow: the line
that a row had, and why it was held back; both are unknown heads to who reads the file, so they change nothing. A
wide workbook comes back with a row per child and month, as it was read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any, Final, cast

import xlsxwriter

from services.measurement.domain.cells import Cell, clean_text
from services.measurement.domain.dates import Order, decide_order, read_date
from services.measurement.domain.file_row import JudgedRow, Outcome
from services.measurement.domain.problems import is_note, reason_texts
from services.measurement.formats.diagnose import Examination
from services.measurement.formats.reader import Table
from shared.spreadsheet_text import neutralised

LINE_HEAD: Final = "Baris (Tumbuh)"
REASON_HEAD: Final = "Alasan (Tumbuh)"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_EXCEL_CELL: Final = 32_767
_MADE_ON: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed mark instead of a clock: same rows, same bytes
_REASON_WIDTH: Final = 80
ORDERS: Final[tuple[Order, ...]] = ("D/M/Y", "M/D/Y")
_DATES: Final = ("birth_date", "measured_on")
_NO_COLUMN: Final = -1


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """The bytes, what they are, and how such a file's name ends."""

    content: bytes
    media_type: str
    extension: str


def write_error_file(examination: Examination, *, line_end: str = "\r\n") -> ErrorFile:
    """The held-back rows of a file, as a file of its kind; `line_end` of a text file.

    ValueError where the file never became a table: there is nothing to mend row by row.
    """
    table = examination.table
    if table is None:
        raise ValueError("a file without a table has no rows to mend")
    held_back = [row for row in examination.judged if row.outcome is Outcome.QUARANTINED]
    shape = _Shape(table, held_back, examination.diagnosis.date_order)
    if table.source.encoding is None:
        return ErrorFile(_workbook(shape), XLSX, "xlsx")
    content = _text_file(shape, table.source.delimiter or ",", table.source.encoding, line_end)
    return ErrorFile(content, "text/csv", "csv")


def line_end_of(data: bytes) -> str:
    """How a text file ends its lines, by its first."""
    at = data.find(b"\n")
    return "\r\n" if b"\r" in data[max(at - 2, 0) : at] else "\n"


class _Shape:
    """Which columns and rows go out, and what stands in them."""

    def __init__(self, table: Table, held_back: Sequence[JudgedRow], date_order: str | None) -> None:
        self.table = table
        self.held_back = held_back
        heads = table.sheet.rows[table.header_row - 1]
        earlier = {at for at, head in enumerate(heads) if clean_text(head) in {LINE_HEAD, REASON_HEAD}}  # mended before
        width = max([len(heads), *(len(self._cells(row)) for row in held_back)])
        self.kept = [at for at in range(width) if at not in earlier]
        self.nik = table.positions.get("nik", _NO_COLUMN)
        self._iso = self._dates_to_tell_apart(next((order for order in ORDERS if order == date_order), None))

    def above(self) -> Iterator[list[Cell]]:
        """The lines before the heads, and the heads."""
        for line in self.table.sheet.rows[: self.table.header_row]:
            yield [line[at] if at < len(line) else None for at in self.kept]

    def rows(self) -> Iterator[tuple[JudgedRow, list[Cell]]]:
        """The verdict and the cells of each row."""
        for verdict in self.held_back:
            cells = self._cells(verdict)
            yield verdict, [self._cell(cells, at) for at in self.kept]

    def _cells(self, verdict: JudgedRow) -> list[Cell]:
        return self.table.rows[verdict.row_number - self.table.header_row - 1]

    def _cell(self, cells: list[Cell], at: int) -> Cell:
        cell = cells[at] if at < len(cells) else None
        order = self._iso.get(at)
        day = None if order is None or not isinstance(cell, str) else read_date(cell, order).value
        return cell if day is None else day.isoformat()

    def _dates_to_tell_apart(self, whole: Order | None) -> dict[int, Order]:
        """Columns whose days are written year first, since the few rows that go out do not tell day from month.

        The whole file did; read by themselves they would be held up, or read the other way round.
        """
        columns = [self.table.positions.get(field, _NO_COLUMN) for field in (*_DATES, "age_text")]
        found = decide_order(
            cast("tuple[Cell, Cell, Cell]", tuple(cells[at] if 0 <= at < len(cells) else None for at in columns))
            for cells in map(self._cells, self.held_back)
        )
        if whole is None or (found.proven and found.order == whole):
            return {}
        return dict.fromkeys(columns[:2], whole)


def _workbook(shape: _Shape) -> bytes:
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": _MADE_ON})
    sheet = book.add_worksheet(_sheet_name(shape.table))
    formats = {
        "head": book.add_format({"bold": True}),
        "text": book.add_format({"num_format": "@"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "reason": book.add_format({"text_wrap": True}),
    }
    line_at, reason_at = len(shape.kept), len(shape.kept) + 1
    heads_at = shape.table.header_row - 1
    for line, cells in enumerate(shape.above()):
        for column, cell in enumerate(cells):
            _write(sheet, (line, column), cell, formats, "head" if line == heads_at else None)
    sheet.write_string(heads_at, line_at, LINE_HEAD, formats["head"])
    sheet.write_string(heads_at, reason_at, REASON_HEAD, formats["head"])
    sheet.set_column(reason_at, reason_at, _REASON_WIDTH)
    sheet.freeze_panes(heads_at + 1, 0)
    for line, (verdict, cells) in enumerate(shape.rows(), start=heads_at + 1):
        for at, column, cell in zip(shape.kept, range(len(cells)), cells, strict=True):
            _write(sheet, (line, column), cell, formats, "text" if at == shape.nik else None)
        if shape.table.places:  # of a wide workbook: line and month
            sheet.write_string(line, line_at, shape.table.place(verdict.row_number))
        else:
            sheet.write_number(line, line_at, verdict.row_number)
        sheet.write_string(line, reason_at, _reasons(verdict), formats["reason"])
    book.close()
    return buffer.getvalue()


def _write(sheet: Any, place: tuple[int, int], cell: Cell, formats: dict[str, Any], kind: str | None) -> None:
    """One cell of its own type; `kind` = `text` makes a number text, as an NIK must be."""
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime) and cell.time() != time.min:
        sheet.write_datetime(*place, cell, formats["moment"])
    elif isinstance(cell, date):
        sheet.write_datetime(*place, cell, formats["date"])
    elif isinstance(cell, bool):
        sheet.write_boolean(*place, cell)
    elif isinstance(cell, (int, float)) and kind != "text":
        sheet.write_number(*place, cell)
    else:
        text = cell if isinstance(cell, str) else clean_text(cell)
        sheet.write_string(*place, neutralised(text)[:LONGEST_EXCEL_CELL], formats[kind] if kind else None)


def _text_file(shape: _Shape, delimiter: str, encoding: str, line_end: str) -> bytes:
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_end)
    for line, cells in enumerate(shape.above(), start=1):
        texts = [neutralised(_plain(cell)) for cell in cells]
        writer.writerow([*texts, LINE_HEAD, REASON_HEAD] if line == shape.table.header_row else texts)
    for verdict, cells in shape.rows():
        # What the file's encoding lacks stands in our words only: its own cells came from it.
        reasons = _reasons(verdict).encode(encoding, "replace").decode(encoding)
        writer.writerow(
            [*(neutralised(_plain(cell)) for cell in cells), shape.table.place(verdict.row_number), reasons]
        )
    return buffer.getvalue().encode(encoding)


def _plain(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _reasons(verdict: JudgedRow) -> str:
    """Code, problem, proposal and remedy of everything that holds the row back."""
    return " ".join(
        f"[{reason.code}] {reason_texts(reason)[0]}" for reason in verdict.reasons if not is_note(reason.code)
    )


def _sheet_name(table: Table) -> str:
    """The name the sheet had; a text file has none. Excel allows 31 characters and no brackets or slashes."""
    name = table.sheet.name or ""
    return name if name and len(name) <= 31 and not set(name) & set("[]:*?/\\'") else "Perbaikan"
