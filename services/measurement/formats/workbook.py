"""Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods): measured first, then the visible sheets are read."""

from __future__ import annotations

from io import BytesIO
from typing import Final, cast

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from services.measurement.domain.cells import Cell
from services.measurement.formats.old_workbook import measure_old_workbook
from services.measurement.formats.table import MAX_CELLS, FileRefusedError, Sheet, Source
from services.measurement.formats.workbook_limits import measure_workbook

ZIP_HEAD: Final = b"PK\x03\x04"
OLE_HEAD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx behind a password


def open_workbook(data: bytes) -> Source:
    """Raises FileRefusedError: `not_a_workbook`, `protected_workbook`, `no_visible_sheet` or a limit."""
    if data.startswith(OLE_HEAD):
        measure_old_workbook(data)
    else:
        measure_workbook(data)
    try:
        return _read_visible_sheets(data)
    except PasswordError:
        raise FileRefusedError("protected_workbook") from None
    except (CalamineError, ValueError, OverflowError, OSError):
        raise FileRefusedError("not_a_workbook") from None
    except BaseException as error:
        # A panic of the native reader is no Exception; a broken workbook may cause one and is not our failure.
        if type(error).__name__ != "PanicException":
            raise
        raise FileRefusedError("not_a_workbook") from None


def _read_visible_sheets(data: bytes) -> Source:
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    sheets, hidden = [], []
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        if meta.visible != SheetVisibleEnum.Visible:
            hidden.append(meta.name)
            continue
        sheet = book.get_sheet_by_name(meta.name)
        if sheet.total_height * sheet.total_width > MAX_CELLS:  # a cell may lie outside the row that holds it
            raise FileRefusedError("too_many_cells", limit=MAX_CELLS)
        rows = cast("list[list[Cell]]", sheet.to_python(skip_empty_area=False))
        merged = [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
        sheets.append(Sheet(rows, meta.name, merged))
    if not sheets:
        raise FileRefusedError("no_visible_sheet")
    return Source(sheets, hidden=hidden)
