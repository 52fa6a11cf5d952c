"""The workbook of held-back rows: the original shape, mended and sent again."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from services.measurement.domain.cells import Cell
from services.measurement.formats.error_file import REASON_HEAD, write_error_file
from tests.unit.measurement.eppgbm_files import HEADS_A, Row, changed, examine, healthy_rows, text_file, workbook

REAL_FILES = Path(__file__).parents[2] / "data" / "eppgbm"
ROWS = healthy_rows(30)


def cells_of(data: bytes) -> list[list[Cell]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()]


def with_changes(changes: Row) -> bytes:
    return workbook([changed(ROWS[0], changes), *ROWS[1:]])


def mended(data: bytes, head: str, value: Cell) -> bytes:
    """The error file with one column corrected, as a person would do it."""
    heads, *rows = cells_of(data)
    at = heads.index(head)
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate([heads, *([*row[:at], value, *row[at + 1 :]] for row in rows)]):
            for column, cell in enumerate(row):
                sheet.write(line, column, cell if isinstance(cell, (int, float)) else str(cell))
    return buffer.getvalue()


def test_the_error_file_has_the_original_shape_and_the_reasons() -> None:
    heads, *rows = cells_of(write_error_file(examine(with_changes({"Berat": 4100}))))
    assert heads == [*HEADS_A, REASON_HEAD]
    assert len(rows) == 1
    assert rows[0][HEADS_A.index("Berat")] == 4100.0
    reason = str(rows[0][-1])
    assert reason.startswith("Baris 2: ")
    assert "gram" in reason


def test_only_held_back_rows_are_in_it() -> None:
    examination = examine(workbook([*ROWS, ROWS[0], changed(ROWS[1], {"JK": "X"}), dict.fromkeys(HEADS_A)]))
    assert len(cells_of(write_error_file(examination))) == 2


def test_b062_an_nik_is_written_as_text_and_reads_back_the_same() -> None:
    nik = 1219014507230003  # typed as a number, so a spreadsheet may cut it at any time
    error_file = write_error_file(examine(with_changes({"NIK": nik, "JK": "X"})))
    assert cells_of(error_file)[1][0] == "1219014507230003"
    row = examine(mended(error_file, "JK", "P")).judged[0].row
    assert row is not None
    assert row.nik == "1219014507230003"


def test_b116_a_formula_is_neutralised_and_a_negative_score_stays_a_number() -> None:
    changes: Row = {"Nama": '=HYPERLINK("http://x")', "ZS TB/U": -2.31, "ZS BB/U": "-2,31", "JK": "X"}
    error_file = write_error_file(examine(with_changes(changes)))
    cells = dict(zip(HEADS_A, cells_of(error_file)[1], strict=False))
    assert cells["Nama"] == '\'=HYPERLINK("http://x")'
    assert cells["ZS TB/U"] == -2.31
    assert cells["ZS BB/U"] == "-2,31"
    row = examine(mended(error_file, "JK", "L")).judged[0].row
    assert row is not None
    assert row.name == '=HYPERLINK("http://x")', "what was neutralised reads back the same"


def test_a_mended_error_file_is_taken_and_its_reason_column_ignored() -> None:
    error_file = write_error_file(examine(with_changes({"JK": "X"})))
    again = examine(mended(error_file, "JK", "L"))
    assert again.diagnosis.counts["taken"] == 1
    assert again.diagnosis.columns[REASON_HEAD] is None


def test_reasons_of_an_earlier_round_are_replaced() -> None:
    first = write_error_file(examine(with_changes({"JK": "X", "Berat": "delapan"})))
    heads, row = cells_of(write_error_file(examine(mended(first, "JK", "L"))))
    assert heads.count(REASON_HEAD) == 1
    assert "JK" not in str(row[-1])
    assert "Berat" in str(row[-1])


@pytest.mark.parametrize("name", ["01-ttu-2022-export32.xlsx", "04-bekasi-2023-cp1252-ddmmyyyy.csv"])
def test_unmended_rows_are_held_back_again_for_the_same_reasons(name: str) -> None:
    first = examine((REAL_FILES / name).read_bytes())
    second = examine(write_error_file(first))
    assert second.diagnosis.reasons == first.diagnosis.reasons
    assert second.diagnosis.counts["quarantined"] == first.diagnosis.counts["quarantined"]


def test_the_same_rows_give_the_same_bytes() -> None:
    examination = examine(with_changes({"JK": "X"}))
    assert write_error_file(examination) == write_error_file(examination)


def test_dates_of_a_text_file_stay_as_they_were_written() -> None:
    data = text_file([changed(ROWS[0], {"JK": "X", "Tgl Lahir": "5/13/2022"}), *ROWS[1:]])
    assert "5/13/2022" in cells_of(write_error_file(examine(data)))[1]


def test_a_file_that_never_was_a_table_has_nothing_to_mend() -> None:
    with pytest.raises(ValueError, match="no rows to mend"):
        write_error_file(examine(b""))
