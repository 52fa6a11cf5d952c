"""The workbook of held-back rows: the original shape, mended and sent again."""

from __future__ import annotations

import csv
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from services.measurement.domain.cells import Cell
from services.measurement.formats.diagnose import Examination
from services.measurement.formats.error_file import LINE_HEAD, REASON_HEAD, line_end_of, write_error_file
from tests.unit.measurement.eppgbm_files import (
    HEADS_A,
    Row,
    at_noon,
    changed,
    dates_written,
    examine,
    healthy_rows,
    text_file,
    workbook,
)

REAL_FILES = Path(__file__).parents[2] / "data" / "eppgbm"
ROWS = healthy_rows(30)


def cells_of(data: bytes) -> list[list[Cell]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()]


def to_mend(examination: Examination) -> bytes:
    return write_error_file(examination).content


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
    heads, *rows = cells_of(to_mend(examine(with_changes({"Berat": 4100}))))
    assert heads == [*HEADS_A, LINE_HEAD, REASON_HEAD]
    assert len(rows) == 1
    assert rows[0][HEADS_A.index("Berat")] == 4100.0
    assert rows[0][-2] == 2.0
    reason = str(rows[0][-1])
    assert reason.startswith("[weight_in_grams] Berat 4100: ")
    assert "Usulan: Berat 4,1" in reason


def test_only_held_back_rows_are_in_it() -> None:
    examination = examine(workbook([*ROWS, ROWS[0], changed(ROWS[1], {"JK": "X"}), dict.fromkeys(HEADS_A)]))
    assert len(cells_of(to_mend(examination))) == 2


def test_b062_an_nik_is_written_as_text_and_reads_back_the_same() -> None:
    nik = 1219014507230003  # typed as a number, so a spreadsheet may cut it at any time
    error_file = to_mend(examine(with_changes({"NIK": nik, "JK": "X"})))
    assert cells_of(error_file)[1][0] == "1219014507230003"
    row = examine(mended(error_file, "JK", "P")).judged[0].row
    assert row is not None
    assert row.nik == "1219014507230003"


def test_b116_a_formula_is_neutralised_and_a_negative_score_stays_a_number() -> None:
    changes: Row = {"Nama": '=HYPERLINK("http://x")', "ZS TB/U": -2.31, "ZS BB/U": "-2,31", "JK": "X"}
    error_file = to_mend(examine(with_changes(changes)))
    cells = dict(zip(HEADS_A, cells_of(error_file)[1], strict=False))
    assert cells["Nama"] == '\'=HYPERLINK("http://x")'
    assert cells["ZS TB/U"] == -2.31
    assert cells["ZS BB/U"] == "-2,31"
    row = examine(mended(error_file, "JK", "L")).judged[0].row
    assert row is not None
    assert row.name == '=HYPERLINK("http://x")', "what was neutralised reads back the same"


def test_a_mended_error_file_is_taken_and_its_reason_column_ignored() -> None:
    error_file = to_mend(examine(with_changes({"JK": "X"})))
    again = examine(mended(error_file, "JK", "L"))
    assert again.diagnosis.counts["taken"] == 1
    assert again.diagnosis.columns[REASON_HEAD] is None


def test_reasons_of_an_earlier_round_are_replaced() -> None:
    first = to_mend(examine(with_changes({"JK": "X", "Berat": "delapan"})))
    heads, row = cells_of(to_mend(examine(mended(first, "JK", "L"))))
    assert heads.count(REASON_HEAD) == 1
    assert "JK" not in str(row[-1])
    assert "Berat" in str(row[-1])


@pytest.mark.parametrize("name", ["01-ttu-2022-export32.xlsx", "04-bekasi-2023-cp1252-ddmmyyyy.csv"])
def test_unmended_rows_are_held_back_again_for_the_same_reasons(name: str) -> None:
    first = examine((REAL_FILES / name).read_bytes())
    second = examine(to_mend(first))
    assert second.diagnosis.reasons == first.diagnosis.reasons
    assert second.diagnosis.counts["quarantined"] == first.diagnosis.counts["quarantined"]


def test_the_same_rows_give_the_same_bytes() -> None:
    examination = examine(with_changes({"JK": "X"}))
    assert to_mend(examination) == to_mend(examination)


def test_dates_of_a_text_file_stay_as_they_were_written() -> None:
    data = text_file([changed(ROWS[0], {"JK": "X", "Tgl Lahir": "5/13/2022"}), *ROWS[1:]])
    assert b",5/13/2022," in to_mend(examine(data))


def test_a_file_that_never_was_a_table_has_nothing_to_mend() -> None:
    with pytest.raises(ValueError, match="no rows to mend"):
        to_mend(examine(b""))


def mended_text(data: bytes, old: str, new: str, encoding: str) -> bytes:
    """The text file with one cell corrected, as an editor would do it."""
    text = data.decode(encoding)
    assert text.count(old) == 1
    return text.replace(old, new).encode(encoding)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"])
def test_a_text_file_comes_back_as_one_of_the_same_kind(delimiter: str, encoding: str) -> None:
    rows = [{**row, "Alamat": "GANG CAF\u00c9"} for row in ROWS]
    data = text_file([changed(rows[0], {"JK": "X"}), *rows[1:]], delimiter=delimiter, encoding=encoding)
    mend = write_error_file(examine(data), line_end=line_end_of(data))
    assert (mend.media_type, mend.extension) == ("text/csv", "csv")
    heads, line, end = mend.content.decode(encoding).split("\r\n")
    assert (heads, end) == (delimiter.join([*HEADS_A, LINE_HEAD, REASON_HEAD]), "")
    original = data.decode(encoding).split("\r\n")[1]
    assert line.startswith(f"{original}{delimiter}2{delimiter}")
    again = examine(mended_text(mend.content, f"{delimiter}X{delimiter}", f"{delimiter}L{delimiter}", encoding))
    assert (again.diagnosis.encoding, again.diagnosis.delimiter) == (encoding, delimiter)
    assert again.diagnosis.counts["taken"] == 1


def test_a_text_file_keeps_its_line_ends() -> None:
    data = text_file([changed(ROWS[0], {"JK": "X"}), *ROWS[1:]]).replace(b"\r\n", b"\n")
    assert b"\r" not in write_error_file(examine(data), line_end=line_end_of(data)).content


def test_a_formula_of_a_text_file_is_neutralised_and_a_negative_score_is_not() -> None:
    """B116."""
    changes: Row = {"Nama": "=HYPERLINK(1)", "ZS TB/U": "-2,31", "JK": "X"}
    data = text_file([changed(ROWS[0], changes), *ROWS[1:]], delimiter=";")
    cells = next(csv.reader(StringIO(to_mend(examine(data)).decode().splitlines()[1]), delimiter=";"))
    row = dict(zip(HEADS_A, cells, strict=False))
    assert (row["Nama"], row["ZS TB/U"]) == ("'=HYPERLINK(1)", "-2,31")


def test_lines_above_the_heads_stay_above_them() -> None:
    above = [["DATA BALITA KABUPATEN"], ["Ditarik 14 Februari"]]
    data = workbook([changed(ROWS[0], {"JK": "X"}), *ROWS[1:]], before=above)
    error_file = to_mend(examine(data))
    first, second, heads, *rows = cells_of(error_file)
    assert (first[0], second[0], heads[: len(HEADS_A)]) == (above[0][0], above[1][0], HEADS_A)
    assert len(rows) == 1
    assert examine(error_file).diagnosis.header_row == 3


def test_the_sheet_keeps_its_name_and_cells_their_types() -> None:
    row = changed(ROWS[0], {"Tgl Lahir": at_noon(date(2023, 5, 4)), "Alamat": True, "RT": "003", "JK": "X"})
    error_file = to_mend(examine(workbook([row, *ROWS[1:]])))
    book = CalamineWorkbook.from_filelike(BytesIO(error_file))
    assert book.sheet_names == ["Data"]
    cells = dict(zip(HEADS_A, cells_of(error_file)[1], strict=False))
    assert cells["Tgl Lahir"] == at_noon(date(2023, 5, 4))
    assert (cells["Alamat"], cells["RT"]) == (True, "003")
    assert isinstance(cells["Tanggal Pengukuran"], date)
    assert isinstance(cells["Berat"], float)


def test_days_that_only_the_whole_file_tells_from_months_are_written_year_first() -> None:
    """Sent alone, one row of 4/5/2023 would be held up, or read as 4 May in a file of the other order."""
    rows = [{**row, "Usia Saat Ukur": None} for row in healthy_rows(30, measured_on=date(2025, 2, 14))]
    rows[0] = {**rows[0], "Tgl Lahir": date(2023, 4, 5), "Tanggal Pengukuran": date(2025, 2, 3), "JK": "X"}
    data = text_file(rows, written=dates_written("%m/%d/%Y"))
    whole = examine(data)
    assert whole.diagnosis.date_order == "M/D/Y"
    error_file = to_mend(whole)
    assert b",2023-04-05," in error_file
    row = examine(mended_text(error_file, ",X,", ",L,", "utf-8")).judged[0].row
    assert row is not None
    assert (row.birth_date, row.measured_on) == (date(2023, 4, 5), date(2025, 2, 3))
