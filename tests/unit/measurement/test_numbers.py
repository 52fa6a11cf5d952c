from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.measurement.domain.cells import Cell, clean_text
from services.measurement.domain.numbers import day_month_as_number, read_measure, read_number
from shared.spreadsheet_text import neutralised


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("8,5", 8.5),
        ("80,5", 80.5),
        ("11,2", 11.2),
        (" 8.5\xa0", 8.5),
        ("62,45", 62.45),
        ("-1,0", -1.0),
        ("\u22121,96", -1.96),
        (",5", 0.5),
        ("8.", 8.0),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("8,5 kg", 8.5),
        (86, 86.0),
        (8.2, 8.2),
    ],
)
def test_b066_comma_and_dot_decimals_are_both_read(cell: str | float, value: float) -> None:
    assert read_number(cell).value == value


@pytest.mark.parametrize("cell", ["8..5", "8,5,1", "12.345.678", "O2", "8/2", "#NUM!", "delapan", "1e5", True])
def test_what_is_not_one_number_stays_unreadable(cell: Cell) -> None:
    parsed = read_number(cell)
    assert parsed.value is None
    assert parsed.problem == "unreadable"


@pytest.mark.parametrize(
    "cell", ["0", 0, 0.0, "-", "", None, " \xa0", 999.99, "999.99", "999,99", 8888, "8888", "#N/A"]
)
def test_sentinels_are_no_value_and_never_a_measurement(cell: str | float | None) -> None:
    parsed = read_measure(cell)
    assert parsed.value is None
    assert parsed.problem is None


def test_zero_is_a_score_but_no_weight() -> None:
    assert read_number("0.0").value == 0.0
    assert read_measure("0.0").value is None


@given(st.decimals(min_value=-999, max_value=999, places=2), st.sampled_from([".", ","]))
def test_a_number_written_with_either_mark_reads_back(number: object, mark: str) -> None:
    text = str(number).replace(".", mark)
    value = read_number(text).value
    assert value == float(str(number)) or float(str(number)) in {999.99, -999.99}


def test_a_weight_that_became_a_date_is_day_point_month() -> None:
    assert day_month_as_number(8, 2) == 8.2
    assert day_month_as_number(14, 12) == 14.12


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+62812", "+62812"),
        ("+cmd", "'+cmd"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("-", "-"),
        ("-2.31", "-2.31"),
        ("-2,31 ", "-2,31 "),
        ("\t=1+1", "'\t=1+1"),
        ("SITI", "SITI"),
    ],
)
def test_b116_formulas_are_neutralised_and_negative_numbers_are_not(text: str, written: str) -> None:
    assert neutralised(text) == written


@given(st.text(st.one_of(st.characters(), st.sampled_from("=+-@\x27 \t\r1")), max_size=12))
def test_neutralised_text_reads_back_the_same(text: str) -> None:
    assert clean_text(neutralised(text)) == clean_text(text)


def test_what_the_eye_cannot_see_is_no_part_of_a_text() -> None:
    assert clean_text("\ufeffSITI\xa0\xa0 AISYAH\x00\u200b ") == "SITI AISYAH"
