"""Lists of feeding courses as a puskesmas keeps them."""

from datetime import date

import pytest

from services.measurement.formats.course_file import read_courses
from services.measurement.formats.table import FileRefusedError

HEAD = "NIK;Nama;Kelas;Jenis PMT;Tanggal mulai;Tanggal selesai;Jumlah hari;Status akhir;Alasan selesai\n"


def test_heads_words_and_days_are_read_as_people_write_them() -> None:
    text = HEAD + "1219014507230003;Citra;Gizi Kurang;Lokal;01/07/2025;25/08/2025;50;Gizi baik;Tuntas\n;;;;;;;;\n"
    (line,) = read_courses(text.encode("utf-8-sig"))
    assert (line.line, line.nik, line.problem) == (2, "1219014507230003", None)
    assert line.values == {
        "feeding_class": "wasted",
        "product": "local",
        "started_on": date(2025, 7, 1),
        "ended_on": date(2025, 8, 25),
        "days_given": 50,
        "end_class": "normal",
        "end_reason": "completed",
    }
    assert "1219014507230003" not in repr(line)


@pytest.mark.parametrize(
    ("row", "problem", "field"),
    [
        ("6,11203E+15;x;T;lokal;2025-07-01;;;;", "nik_unreadable", "nik"),
        ("1219014507230003;x;kurus;lokal;2025-07-01;;;;", "course_cell_unreadable", "feeding_class"),
        ("1219014507230003;x;T;;2025-07-01;;;;", "course_cell_unreadable", "product"),
        ("1219014507230003;x;T;lokal;31/02/2025;;;;", "course_cell_unreadable", "started_on"),
        ("1219014507230003;x;T;lokal;2025-07-01;;lima;;", "course_cell_unreadable", "days_given"),
    ],
)
def test_a_row_that_cannot_be_read_says_which_cell(row: str, problem: str, field: str) -> None:
    (line,) = read_courses((HEAD + row).encode())
    assert (line.problem, line.field) == (problem, field)


def test_a_file_without_the_columns_of_a_course_is_refused() -> None:
    for content in (b"", b"nik,kelas\n1,T\n", b"%PDF-1.4"):
        with pytest.raises(FileRefusedError):
            read_courses(content)
