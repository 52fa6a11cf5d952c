"""The indicators of a programme as a workbook: out to be corrected, in to replace them."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import xlsxwriter

from services.reporting.domain.aksi_programme import Programme
from services.reporting.formats.aksi_mapping import open_workbook
from services.reporting.formats.aksi_workbook import MADE_ON
from services.reporting.formats.office_package import WorkbookRefusedError, open_package
from shared.spreadsheet_text import neutralised

SHEET: Final = "Indikator"
# Head of a column → field of an indicator.
COLUMNS: Final = {
    "Kode": "code",
    "Aksi": "aksi",
    "Nama": "name_id",
    "Nama (Inggris)": "name_en",
    "Satuan": "unit",
    "Sumber": "source",
    "Penyebut": "denominator",
    "Terkonfirmasi": "confirmed",
}
_YES_NO: Final = {"ya": True, "tidak": False}


def programme_workbook(programme: Programme) -> bytes:
    """One row an indicator."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": MADE_ON})
    head, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(SHEET)
    sheet.freeze_panes(1, 1)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, head)
    for line, one in enumerate(programme.indicators, start=1):
        for column, field in enumerate(COLUMNS.values()):
            value = getattr(one, field)
            written = ("ya" if value else "tidak") if field == "confirmed" else value or ""
            sheet.write_string(line, column, neutralised(written), text)
    book.close()
    return buffer.getvalue()


def read_programme_workbook(content: bytes) -> list[dict[str, Any]]:
    """Rows below the heads of the first sheet that has them all. WorkbookRefusedError: `sheet_missing`, and others."""
    open_package(content)
    wanted = {name.casefold(): field for name, field in COLUMNS.items()}
    for sheet in open_workbook(content).worksheets:
        cells: dict[int, dict[int, str]] = {}
        for (row, column), cell in sorted(sheet._cells.items()):  # noqa: SLF001 - only cells that are there
            if cell.value is not None and str(cell.value).strip():
                cells.setdefault(row, {})[column] = str(cell.value).strip().lstrip("'")
        for start, heads in cells.items():
            fields = {column: wanted[text.casefold()] for column, text in heads.items() if text.casefold() in wanted}
            if set(fields.values()) == set(wanted.values()):
                return [_row(cells[row], fields) for row in sorted(cells) if row > start]
    raise WorkbookRefusedError("sheet_missing")


def _row(cells: dict[int, str], fields: dict[int, str]) -> dict[str, Any]:
    row: dict[str, Any] = {field: cells.get(column) for column, field in fields.items()}
    row["confirmed"] = _YES_NO.get(str(row["confirmed"]).casefold())
    return row
