"""Register files: CSV or workbook with one entry a row, as rows of text by column name.

Columns: `kind, code, name, level, parent_code, desa_codes, valid_from`, optional `valid_to, target_children,
elevation_m`; lines that begin with `#` are remarks. Nothing is checked here but that it is such a table.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any, Final

import python_calamine

REQUIRED: Final = ("kind", "code", "name", "level", "parent_code", "desa_codes", "valid_from")
OPTIONAL: Final = ("valid_to", "target_children", "elevation_m")
MAX_ROWS: Final = 100_000  # a province has some ten thousand posyandu
WORKBOOK_MARK: Final = b"PK\x03\x04"


class NotARegisterError(Exception):
    """No such table; `code` says why and `detail` names columns."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


def read_register(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """(row number as a spreadsheet counts, column → text) of every row that is not empty. NotARegisterError."""
    table = _workbook(content) if content.startswith(WORKBOOK_MARK) else _csv(content)
    rows = [(number, cells) for number, cells in enumerate(table, start=1) if any(cells)]
    rows = [(number, cells) for number, cells in rows if not cells[0].startswith("#")]
    if not rows:
        raise NotARegisterError("empty_file")
    if len(rows) > MAX_ROWS:
        raise NotARegisterError("too_many_rows", str(MAX_ROWS))
    names = [cell.strip().lower() for cell in rows[0][1]]
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name and name not in REQUIRED + OPTIONAL]
    if missing or unknown or len(set(names)) != len(names):
        raise NotARegisterError("wrong_columns", ", ".join(missing or unknown or names))
    return [(number, dict(zip(names, cells, strict=False))) for number, cells in rows[1:]]


def _csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotARegisterError("not_utf8") from None
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise NotARegisterError("not_a_table") from None
    return [[cell.strip() for cell in row] or [""] for row in table]


def _workbook(content: bytes) -> list[list[str]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        table: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except python_calamine.CalamineError:
        raise NotARegisterError("not_a_workbook") from None
    return [[_text(cell) for cell in row] or [""] for row in table]


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat()[:10] if isinstance(cell, date) else str(cell).strip()
