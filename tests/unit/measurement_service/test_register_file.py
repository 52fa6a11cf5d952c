"""Register files as tables of text."""

import io

import pytest
import xlsxwriter

from services.measurement.formats.register_file import NotARegisterError, read_register

HEAD = "kind,code,name,level,parent_code,desa_codes,valid_from"
LINE = "area,12.19,Batu Bara,kabupaten,12,,2020-01-01"


def test_remarks_bom_and_empty_lines_are_passed_over_and_rows_keep_their_number() -> None:
    """B064."""
    content = f"\ufeff# source\n{HEAD}\n\n{LINE}\n".encode()
    [(number, cells)] = read_register(content)
    assert (number, cells["code"], cells["name"]) == (4, "12.19", "Batu Bara")


def test_semicolons_separate_as_well() -> None:
    [(_, cells)] = read_register(f"{HEAD};\n{LINE}\n".replace(",", ";").encode())
    assert cells["level"] == "kabupaten"


def test_a_workbook_is_read_like_a_text_file() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for row, line in enumerate((HEAD, LINE)):
        for column, cell in enumerate(line.split(",")):
            sheet.write_string(row, column, cell)
    book.close()
    [(number, cells)] = read_register(out.getvalue())
    assert (number, cells["code"], cells["valid_from"]) == (2, "12.19", "2020-01-01")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"kode,nama\n1,2\n", "wrong_columns"),
        (f"{HEAD},extra\n".encode(), "wrong_columns"),
        (f"{HEAD},code\n".encode(), "wrong_columns"),
        (HEAD.encode() + b"\n\xff\xfe", "not_utf8"),
        (f'{HEAD}\narea,"12\n'.encode(), "not_a_table"),
        (b"PK\x03\x04 no workbook", "not_a_workbook"),
    ],
)
def test_what_is_no_register_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(NotARegisterError) as refused:
        read_register(content)
    assert refused.value.code == code
