"""Tables → text files: for a spreadsheet in either language, and for machines.

For people: UTF-8 with byte order mark, CRLF, heads in words, shares as percentages. In Bahasa Indonesia `;` and decimal
commas, in English `,` and points, as spreadsheets of those settings expect. A text that begins with a digit (`12.19`,
`2026-04`) carries the apostrophe that keeps it a text; else `12.10` would become 12.1.

For machines: UTF-8, `,`, LF, decimal points, column keys as heads, shares from 0 to 1, codes bare, and the code of each
word that stands for one (label, step, tier, what is hidden): the same in both languages.

In both a text that a spreadsheet could take for a formula is neutralised, a negative number is a number, and an empty
cell is no data or hidden: the column `suppressed` says which counts are hidden.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from io import BytesIO, StringIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from services.reporting.formats.tables import HIDDEN, Coded, Column, Hidden, Table, Value
from shared.problems import Language
from shared.spreadsheet_text import neutralised

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # of a zip: no clock, so that the same figures are the same bytes
_READABLE: Final = 0o644 << 16


def write_text(table: Table, language: Language, *, machine: bool) -> bytes:
    """One table as a text file."""
    out = StringIO()
    delimiter = "," if machine or language == "en" else ";"
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n" if machine else "\r\n")
    writer.writerow([column.key if machine else column.head for column in table.columns])
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        writer.writerow([_machine(value) if machine else _readable(column, value, language) for column, value in cells])
    return out.getvalue().encode("utf-8" if machine else "utf-8-sig")


def write_archive(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of (name, content), the same for the same."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in files:
            entry = ZipInfo(name, _EARLIEST)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, _READABLE, 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def _machine(value: Value) -> str:
    if value is None or value is HIDDEN:
        return ""
    if isinstance(value, Coded):
        return neutralised(value.code)
    if isinstance(value, str):
        return neutralised(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _readable(column: Column, value: Value, language: Language) -> str:
    if value is None or isinstance(value, Hidden):
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value[:1].isdigit() else neutralised(value)
    if column.sort == "share":
        text = f"{value * 100:.1f}"
    else:
        text = f"{value:.2f}" if column.sort == "score" and isinstance(value, float) else str(value)
    return text.replace(".", ",") if language == "id" else text
