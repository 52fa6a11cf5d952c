"""The board's values as a workbook: our own plain shape, or an official template; filled, marked, and read back.

Where which cell stands is a mapping (aksi_mapping), whichever shape it is: made here for our own, found or told for a
template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final

import xlsxwriter
from openpyxl.workbook.workbook import Workbook

from services.reporting.domain.aksi_programme import Indicator
from services.reporting.domain.aksi_submission import Area, Change
from services.reporting.domain.aksi_values import CellKey
from services.reporting.formats.aksi_mapping import NO_BREAK, MapProblem, SheetMap, open_workbook, rows_of_desa
from services.reporting.formats.office_package import WorkbookRefusedError, close_package, open_package
from services.reporting.formats.sheet_cells import (
    add_sheet,
    calculate_on_open,
    column_letters,
    column_number,
    marked_styles,
    put_numbers,
    sheet_parts,
    styles_of,
)
from shared.spreadsheet_text import neutralised

SHEET: Final = "Isian"
CHANGES_SHEET: Final = "Perubahan"
SEEN_SHEET: Final = (
    "_tumbuh"  # of a workbook to fill in: what stood there when it was made, so that nobody overwrites unseen
)
FIRST_ROW: Final = 4
FIRST_COLUMN: Final = 4
MADE_ON: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed mark instead of a clock: same content, same bytes


@dataclass(frozen=True, slots=True)
class ReadCell:
    """A cell with a value that was read: a whole number, or a problem with what stands there."""

    sheet: str
    place: str
    desa_code: str
    indicator_code: str
    value: int | None
    code: str | None = None
    shown: str | None = None

    @property
    def key(self) -> CellKey:
        """Which cell of the board."""
        return self.desa_code, self.indicator_code


@dataclass(frozen=True, slots=True)
class Note:
    """What added sheets say of a workbook: title lines, and the cells that changed since it was sent last.

    `seen`: of a workbook to fill in, the revision of each cell when it was made.
    """

    lines: Sequence[tuple[str, str]]
    changes: Sequence[Change]
    seen: Mapping[CellKey, int] | None = None


def own_workbook(indicators: Sequence[Indicator], areas: Sequence[Area]) -> tuple[bytes, tuple[SheetMap, ...]]:
    """An empty workbook of our own shape: desa in official order, a column an indicator."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": MADE_ON})
    head = book.add_format({"bold": True, "num_format": "@", "text_wrap": True, "valign": "top"})
    text, number = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0"})
    sheet = book.add_worksheet(SHEET)
    sheet.freeze_panes(FIRST_ROW - 1, FIRST_COLUMN - 1)
    sheet.set_column(0, 2, 20)
    sheet.set_column(FIRST_COLUMN - 1, FIRST_COLUMN + len(indicators), 14)
    for column, name in enumerate(("Kode desa", "Kecamatan", "Desa/Kelurahan")):
        sheet.write_string(1, column, name, head)
    for place, one in enumerate(indicators):
        for line, words in enumerate((one.code, one.name_id, one.unit)):
            sheet.write_string(line, FIRST_COLUMN - 1 + place, neutralised(words), head)
    for line, area in enumerate(areas, start=FIRST_ROW - 1):
        for column, words in enumerate((area.desa_code, area.kecamatan_name, area.desa_name)):
            sheet.write_string(line, column, neutralised(words), text)
        for place in range(len(indicators)):
            sheet.write_blank(line, FIRST_COLUMN - 1 + place, None, number)
    book.close()
    columns = {one.code: column_letters(FIRST_COLUMN + place) for place, one in enumerate(indicators)}
    return buffer.getvalue(), (SheetMap(SHEET, "A", "code", FIRST_ROW, columns),)


def fill(
    workbook: bytes,
    mapping: Sequence[SheetMap],
    areas: Sequence[Area],
    values: Mapping[CellKey, int | None],
    note: Note,
    names: Mapping[str, str],
) -> bytes:
    """The workbook with `values`, cells of `note.changes` marked, and a sheet that lists them. Nothing else changes.

    A mapped cell without a value is emptied. WorkbookRefusedError if the workbook is none, or a mapped sheet is gone.
    """
    parts = open_package(workbook)
    book = open_workbook(workbook)
    changed = {(change.desa_code, change.indicator_code) for change in note.changes}
    by_name = sheet_parts(parts)
    places: dict[str, dict[tuple[int, int], CellKey]] = {}
    for one in mapping:
        part = by_name.get(one.sheet, "")
        if part not in parts:
            raise WorkbookRefusedError("sheet_missing")
        rows, _ = rows_of_desa(book[one.sheet], one, areas)
        cells = places.setdefault(part, {})
        for desa_code, row in rows.items():
            cells |= {(row, column_number(column)): (desa_code, code) for code, column in one.columns.items()}
    to_mark = {part: [place for place, key in cells.items() if key in changed] for part, cells in places.items()}
    own = {part: styles_of(parts[part], marks) for part, marks in to_mark.items()}
    wanted = [style for styles in own.values() for style in styles.values()]
    marked = marked_styles(parts, wanted) if wanted else {}
    for part, cells in places.items():
        numbers = {place: values.get(key) for place, key in cells.items()}
        styles = {place: marked[style] for place, style in own[part].items()}
        parts[part] = put_numbers(parts[part], numbers, styles)
    calculate_on_open(parts)
    add_sheet(parts, CHANGES_SHEET, _change_rows(note, areas, names))
    if note.seen is not None:
        seen = [[*key, revision, values.get(key)] for key, revision in sorted(note.seen.items())]
        add_sheet(parts, SEEN_SHEET, seen, hidden=True)
    return close_package(parts)


def _change_rows(note: Note, areas: Sequence[Area], names: Mapping[str, str]) -> list[list[str | int | None]]:
    places = {area.desa_code: area for area in areas}
    rows: list[list[str | int | None]] = [[*line] for line in note.lines]
    rows += [[], ["Kecamatan", "Kode desa", "Desa/Kelurahan", "Kode indikator", "Indikator", "Sebelumnya", "Sekarang"]]
    for change in note.changes:
        area = places[change.desa_code] if change.desa_code in places else Area(change.desa_code, "", "", "")
        rows.append(
            [
                *(area.kecamatan_name, change.desa_code, area.desa_name, change.indicator_code),
                *(names.get(change.indicator_code, ""), change.before, change.after),
            ]
        )
    return rows


def read_cells(
    workbook: bytes, mapping: Sequence[SheetMap], areas: Sequence[Area]
) -> tuple[list[ReadCell], list[MapProblem]]:
    """Every mapped cell that holds something, and what is wrong with sheets and rows. Empty cells say nothing.

    WorkbookRefusedError: not a workbook, too large, with macros.
    """
    open_package(workbook)
    book = open_workbook(workbook)
    computed: Workbook | None = None
    found: list[ReadCell] = []
    problems: list[MapProblem] = []
    for one in mapping:
        if one.sheet not in book.sheetnames:
            problems.append(MapProblem(one.sheet, "sheet_missing"))
            continue
        sheet = book[one.sheet]
        rows, wrong = rows_of_desa(sheet, one, areas)
        problems += wrong
        for desa_code, row in rows.items():
            for code, column in one.columns.items():
                place = f"{column}{row}"
                value = sheet[place].value
                if sheet[place].data_type == "f":
                    computed = computed or open_workbook(workbook, computed=True)
                    value = computed[one.sheet][place].value
                    if value is None:
                        found.append(ReadCell(one.sheet, place, desa_code, code, None, "formula_without_value"))
                        continue
                cell = _read(one.sheet, place, (desa_code, code), value)
                if cell is not None:
                    found.append(cell)
    return found, problems


def read_seen(workbook: bytes) -> dict[CellKey, tuple[int, int | None]] | None:
    """Revision and value of each cell when a workbook to fill in was made; None for one that does not say so."""
    book = open_workbook(workbook)
    if SEEN_SHEET not in book.sheetnames:
        return None
    cells: dict[int, dict[int, object]] = {}
    for (row, column), cell in book[SEEN_SHEET]._cells.items():  # noqa: SLF001 - only cells that are there
        cells.setdefault(row, {})[column] = cell.value
    seen: dict[CellKey, tuple[int, int | None]] = {}
    for told in cells.values():
        desa_code, code, revision, value = (told.get(column) for column in range(1, 5))
        if isinstance(desa_code, str) and isinstance(code, str) and isinstance(revision, int):
            seen[desa_code, code] = (revision, value if isinstance(value, int) else None)
    return seen


def _read(sheet: str, place: str, key: CellKey, value: object) -> ReadCell | None:
    if isinstance(value, str):
        text = value.replace(NO_BREAK, " ").strip()
        if not text:
            return None
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
        return ReadCell(sheet, place, *key, number, None if number is not None else "not_a_whole_number", text[:40])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = value.isoformat() if isinstance(value, date | datetime) else None
        return ReadCell(sheet, place, *key, None, "not_a_whole_number", shown)
    if not float(value).is_integer():
        return ReadCell(sheet, place, *key, None, "not_a_whole_number", str(value))
    return ReadCell(sheet, place, *key, int(value), "negative" if value < 0 else None, str(value))
