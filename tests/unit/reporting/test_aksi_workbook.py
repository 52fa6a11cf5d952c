"""Workbooks of the board: out and in unchanged, marked where changed, official templates kept whole."""

from __future__ import annotations

import zipfile
from functools import cache
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from services.reporting.domain.aksi_programme import Indicator, programme_of
from services.reporting.domain.aksi_submission import Area, Change
from services.reporting.domain.aksi_values import CellKey
from services.reporting.formats.aksi_mapping import SheetMap, find_mapping, map_problems, mapping_of, stored_form
from services.reporting.formats.aksi_programme_sheet import programme_workbook, read_programme_workbook
from services.reporting.formats.aksi_workbook import Note, fill, own_workbook, read_cells
from services.reporting.formats.office_package import WorkbookRefusedError, close_package, open_package

AREAS = (
    Area("12.19.01.2003", "=HYPERLINK(1)", "12.19.01", "Medang Deras"),
    Area("12.19.01.2004", "Dua & <Tiga>", "12.19.01", "Medang Deras"),
)
PROGRAMME = programme_of(2026)
assert PROGRAMME is not None
INDICATORS: tuple[Indicator, ...] = PROGRAMME.indicators[:4]
NAMES = {one.code: one.name_id for one in INDICATORS}
KEYS: list[CellKey] = [(area.desa_code, one.code) for area in AREAS for one in INDICATORS]
NOTHING = Note([("Kabupaten", "12.19")], [])
MARK = "FFFFEB9C"


@cache
def official() -> bytes:
    """A template as offices make them: merged head, styled cells, formulas, protection, a hidden list, validation."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data Sasaran"
    sheet.merge_cells("A1:F1")
    sheet["A1"] = "REKAPITULASI"
    for column, one in enumerate(INDICATORS, start=3):
        sheet.cell(3, column).value = one.name_id
    for row, area in zip((6, 5), AREAS, strict=True):  # not in the official order: rows are found, not counted
        sheet.cell(row, 1).value = area.desa_code
        sheet.cell(row, 3).font = Font(bold=True)
        sheet.cell(row, 3).fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["C9"] = "=SUM(C5:C6)"
    sheet.protection.sheet = True
    rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0")
    rule.add("C5:F6")
    sheet.add_data_validation(rule)
    hidden = book.create_sheet("Daftar")
    hidden.sheet_state = "hidden"
    hidden["A1"] = "rahasia"
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.integers(0, 9_999_999)), st.sampled_from(("own", "official")))
def test_what_goes_out_comes_in_unchanged_and_goes_out_again_with_the_same_bytes(
    values: dict[CellKey, int], shape: str
) -> None:
    if shape == "official":
        blank = official()
        mapping, problems = find_mapping(blank, INDICATORS, AREAS)
        assert problems == []
    else:
        blank, mapping = own_workbook(INDICATORS, AREAS)
    sent = fill(blank, mapping_of(stored_form(mapping)), AREAS, values, NOTHING, NAMES)
    cells, problems = read_cells(sent, mapping, AREAS)
    read = {(cell.desa_code, cell.indicator_code): cell.value for cell in cells}
    assert (read, problems) == (values, [])
    assert fill(blank, mapping, AREAS, {key: read.get(key) for key in KEYS}, NOTHING, NAMES) == sent


def test_everything_but_the_filled_cells_of_a_template_survives() -> None:
    blank = official()
    mapping, _ = find_mapping(blank, INDICATORS, AREAS)
    values = dict.fromkeys(KEYS, 7)
    change = Change(AREAS[0].desa_code, "DS1", 3, 7)
    sent = fill(blank, mapping, AREAS, values, Note([], [change]), NAMES)
    before, after = open_package(blank), open_package(sent)
    touched = {name for name in before if before[name] != after[name]}
    assert touched == {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
                       "xl/worksheets/sheet1.xml"}  # fmt: skip
    book = openpyxl.load_workbook(BytesIO(sent))
    sheet = book["Data Sasaran"]
    assert (sheet["C9"].value, sheet["C6"].value, sheet["C6"].font.bold) == ("=SUM(C5:C6)", 7, True)
    assert (sheet["C6"].fill.fgColor.rgb, sheet["C5"].fill.fgColor.rgb) == (MARK, "FF00FF00")
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:F1"]
    assert sheet.protection.sheet
    assert sheet.data_validations.dataValidation[0].sqref
    assert [book[name].sheet_state for name in book.sheetnames] == ["visible", "hidden", "visible"]
    assert book.calculation.fullCalcOnLoad
    again = fill(sent, mapping, AREAS, values, Note([], [change]), NAMES)
    assert openpyxl.load_workbook(BytesIO(again)).sheetnames[-2:] == ["Perubahan", "Perubahan (2)"]


def test_no_text_of_ours_is_a_formula() -> None:
    blank, mapping = own_workbook(INDICATORS, AREAS)
    change = Change(AREAS[0].desa_code, "DS1", None, 1)
    book = openpyxl.load_workbook(BytesIO(fill(blank, mapping, AREAS, {}, Note([], [change]), NAMES)))
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    texts = {cell.value for cell in cells if isinstance(cell.value, str)}
    assert {"'=HYPERLINK(1)", "Dua & <Tiga>"} <= texts


def test_a_cell_that_holds_no_whole_number_is_told_where_it_stands() -> None:
    blank, mapping = own_workbook(INDICATORS, AREAS)
    book = openpyxl.load_workbook(BytesIO(blank))
    sheet = book["Isian"]
    said: dict[str, Any] = {"D4": "12", "E4": 1.5, "F4": "seribu", "G4": True, "D5": -2, "E5": "=1+1", "F5": " "}
    for place, value in said.items():
        sheet[place] = value
    sheet["A6"], sheet["A7"] = AREAS[0].desa_code, "12.19.01.9999"
    buffer = BytesIO()
    book.save(buffer)
    cells, problems = read_cells(buffer.getvalue(), mapping, AREAS)
    assert {cell.place: cell.code or cell.value for cell in cells} == {
        "D4": 12, "E4": "not_a_whole_number", "F4": "not_a_whole_number", "G4": "not_a_whole_number",
        "D5": "negative", "E5": "formula_without_value",
    }  # fmt: skip
    assert [(one.place, one.code) for one in problems] == [("Isian!A6", "row_twice"), ("Isian!A7", "row_unknown")]


def test_a_mapping_onto_formulas_merged_cells_or_nothing_is_refused() -> None:
    blank = official()
    wrong = SheetMap("Data Sasaran", "A", "code", 1, {"DS1": "C"})
    assert map_problems(blank, [wrong], AREAS) == []
    book = openpyxl.load_workbook(BytesIO(blank))
    sheet = book["Data Sasaran"]
    sheet["D5"] = "=C5"
    sheet.merge_cells("E5:F5")
    buffer = BytesIO()
    book.save(buffer)
    told = map_problems(buffer.getvalue(), [SheetMap("Data Sasaran", "A", "code", 1, {"DS1": "D", "DS2": "F"}),
                                            SheetMap("Lain", "A", "code", 1, {})], AREAS)  # fmt: skip
    assert [(one.place, one.code) for one in told] == [
        ("Data Sasaran!D5", "cell_is_formula"), ("Data Sasaran!F5", "cell_is_merged"), ("Lain", "sheet_missing"),
    ]  # fmt: skip
    assert PROGRAMME is not None
    assert [one.code for one in find_mapping(official(), PROGRAMME.indicators[:5], AREAS)[1]] == ["column_missing"]


def package(**parts: bytes) -> bytes:
    whole = open_package(official()) | parts
    return close_package(whole)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"nothing", "not_a_workbook"),
        (official()[:-200], "not_a_workbook"),
        (package(**{"xl/vbaProject.bin": b"x"}), "macros"),
        (package(**{"xl/media/image1.bmp": bytes(70_000_000)}), "workbook_too_large"),
        (package(**{"xl/worksheets/sheet9.xml": b"<c r='A1'/>" * 500_000}), "workbook_too_large"),
    ],
)
def test_a_file_that_is_no_sound_small_workbook_without_macros_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(WorkbookRefusedError) as refused:
        open_package(content)
    assert refused.value.code == code


def test_parts_are_written_without_a_clock() -> None:
    with zipfile.ZipFile(BytesIO(close_package(open_package(official())))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_the_indicators_of_a_programme_go_out_and_come_in_unchanged() -> None:
    assert PROGRAMME is not None
    rows = read_programme_workbook(programme_workbook(PROGRAMME))
    assert [Indicator(**row) for row in rows] == list(PROGRAMME.indicators)
    with pytest.raises(WorkbookRefusedError):
        read_programme_workbook(official())
