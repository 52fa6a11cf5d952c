"""Where a workbook of the board has what: indicators by column, desa by row; found by itself or told, and tried."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Literal
from zipfile import BadZipFile

import openpyxl
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from services.reporting.domain.aksi_programme import Indicator
from services.reporting.domain.aksi_submission import Area
from services.reporting.formats.office_package import WorkbookRefusedError, open_package
from services.reporting.formats.sheet_cells import column_letters, column_number

NO_BREAK: Final = "\xa0"
_DESA_CODE: Final = re.compile(r"\d{2}\.\d{2}\.\d{2}\.\d{4}")


@dataclass(frozen=True, slots=True)
class SheetMap:
    """Where one sheet has what. `columns`: indicator → column letters; desa rows from `first_row` on."""

    sheet: str
    area_column: str
    area_by: Literal["code", "name"]
    first_row: int
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MapProblem:
    """What is wrong with a mapping or a row: where, and a code."""

    place: str
    code: str
    value: str | None = None


def mapping_of(stored: Any) -> tuple[SheetMap, ...]:
    """A mapping from its stored form."""
    return tuple(SheetMap(**sheet) for sheet in stored["sheets"])


def stored_form(mapping: Sequence[SheetMap]) -> dict[str, Any]:
    """A mapping as it is stored."""
    names = SheetMap.__slots__
    return {"sheets": [{name: _plain(getattr(sheet, name)) for name in names} for sheet in mapping]}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def map_problems(workbook: bytes, mapping: Sequence[SheetMap], areas: Sequence[Area]) -> list[MapProblem]:
    """Why a template cannot be filled by a mapping: sheets, rows, formulas and merged cells in the way."""
    book = open_workbook(workbook)
    problems: list[MapProblem] = []
    for one in mapping:
        if one.sheet not in book.sheetnames:
            problems.append(MapProblem(one.sheet, "sheet_missing"))
            continue
        sheet = book[one.sheet]
        rows, wrong = rows_of_desa(sheet, one, areas)
        # A row of a desa that is not ours is left as it is.
        problems += [problem for problem in wrong if problem.code != "row_unknown"]
        covered = {
            (row, column)
            for merged in sheet.merged_cells.ranges
            for row in range(merged.min_row, merged.max_row + 1)
            for column in range(merged.min_col, merged.max_col + 1)
            if (row, column) != (merged.min_row, merged.min_col)
        }
        for row in rows.values():
            for column in one.columns.values():
                place = f"{one.sheet}!{column}{row}"
                if (row, column_number(column)) in covered:
                    problems.append(MapProblem(place, "cell_is_merged"))
                elif sheet[f"{column}{row}"].data_type == "f":
                    problems.append(MapProblem(place, "cell_is_formula"))
    return problems


def find_mapping(
    workbook: bytes, indicators: Sequence[Indicator], areas: Sequence[Area]
) -> tuple[tuple[SheetMap, ...], list[MapProblem]]:
    """Where an unknown workbook has the indicators and the desa, by codes or names in it; and what was not found.

    WorkbookRefusedError: not a workbook, too large, with macros.
    """
    open_package(workbook)
    book = open_workbook(workbook)
    heads = {_key(words): one.code for one in indicators for words in (one.code, one.name_id, one.name_en)}
    by_code = {_key(area.desa_code) for area in areas}
    by_name = {_key(area.desa_name) for area in areas}
    found: list[SheetMap] = []
    missing = {one.code for one in indicators}
    for sheet in book.worksheets:
        columns: dict[str, str] = {}
        counts: dict[tuple[str, str], list[int]] = {}
        for (row, column), text in _texts(sheet):
            code = heads.get(text)
            if code in missing and code not in columns:
                columns[code] = column_letters(column)
            for kind, known in (("code", by_code), ("name", by_name)):
                if text in known:
                    counts.setdefault((kind, column_letters(column)), []).append(row)
        if columns and counts:
            # Codes before names; then whichever column has most of them.
            (kind, letters), rows = max(counts.items(), key=lambda item: (item[0][0] == "code", len(item[1])))
            by: Literal["code", "name"] = "code" if kind == "code" else "name"
            found.append(SheetMap(sheet.title, letters, by, min(rows), columns))
            missing -= set(columns)
    problems = [MapProblem(code, "column_missing") for code in sorted(missing)]
    if not found:
        problems.insert(0, MapProblem("", "areas_missing"))
    return tuple(found), problems + (map_problems(workbook, found, areas) if found else [])


def _texts(sheet: Worksheet) -> list[tuple[tuple[int, int], str]]:
    cells = sorted(sheet._cells.items())  # noqa: SLF001 - only cells that are there, whatever the sheet's extent
    return [(place, _key(cell.value)) for place, cell in cells if isinstance(cell.value, str)]


def rows_of_desa(sheet: Worksheet, one: SheetMap, areas: Sequence[Area]) -> tuple[dict[str, int], list[MapProblem]]:
    """The row of each desa in a mapped sheet, and what is wrong with rows: twice, unknown, missing."""
    problems: list[MapProblem] = []
    codes: dict[str, str] = {}
    for area in areas:
        words = _key(area.desa_code if one.area_by == "code" else area.desa_name)
        if words in codes:
            problems.append(MapProblem(f"{one.sheet}!{one.area_column}", "name_twice", area.desa_name))
        codes[words] = area.desa_code
    rows: dict[str, int] = {}
    column = column_number(one.area_column)
    for (row, at), cell in sorted(sheet._cells.items()):  # noqa: SLF001 - as above
        if at != column or row < one.first_row or cell.value is None or not _key(cell.value):
            continue
        desa_code = codes.get(_key(cell.value))
        place = f"{one.sheet}!{one.area_column}{row}"
        if desa_code is None:
            # Sums and signatures below a table are no rows of it.
            if _DESA_CODE.fullmatch(_key(cell.value)):
                problems.append(MapProblem(place, "row_unknown", _key(cell.value)[:40]))
        elif desa_code in rows:
            problems.append(MapProblem(place, "row_twice", desa_code))
        else:
            rows[desa_code] = row
    problems += [MapProblem(one.sheet, "row_missing", area.desa_code) for area in areas if area.desa_code not in rows]
    return rows, problems


def _key(value: object) -> str:
    return " ".join(str(value).replace(NO_BREAK, " ").lstrip("'").split()).casefold()


def open_workbook(workbook: bytes, *, computed: bool = False) -> Workbook:
    """The library's view of a workbook. WorkbookRefusedError `not_a_workbook`."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of parts that it would lose: nothing is written from it
            return openpyxl.load_workbook(BytesIO(workbook), data_only=computed)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError, AttributeError, IndexError, SyntaxError):
        # Whatever the reader stumbles over in a broken file (an XML error is a SyntaxError).
        raise WorkbookRefusedError("not_a_workbook") from None
