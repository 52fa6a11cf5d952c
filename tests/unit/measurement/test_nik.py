from __future__ import annotations

from datetime import date

import pytest

from services.measurement.domain.cells import Cell
from services.measurement.domain.names import normalise_name
from services.measurement.domain.nik import read_nik, soft_flags, zeros_of_a_spreadsheet

GIRL_OF_5_JULY_2023 = "1219014507230003"
BIRTH_DATE = date(2023, 7, 5)


@pytest.mark.parametrize(
    "cell",
    [
        GIRL_OF_5_JULY_2023,
        f"{GIRL_OF_5_JULY_2023}\xa0\xa0",
        f"'{GIRL_OF_5_JULY_2023}",
        "12.1901.450723.0003",
        "1219 0145 0723 0003",
        int(GIRL_OF_5_JULY_2023),
        float(GIRL_OF_5_JULY_2023),
    ],
)
def test_an_nik_is_read_however_it_is_typed(cell: Cell) -> None:
    assert read_nik(cell).value == GIRL_OF_5_JULY_2023


@pytest.mark.parametrize(
    "cell",
    ["6,11203E+15", "6.11203E+15", "121901450723000", 121901450723000, 1219014507230000.0, "1219014500000000"],
)
def test_b062_an_nik_damaged_by_a_spreadsheet_is_never_padded_or_guessed(cell: Cell) -> None:
    parsed = read_nik(cell)
    assert parsed.value is None
    assert parsed.problem == "nik_damaged"
    assert parsed.proposed is None


@pytest.mark.parametrize(
    "nik",
    [
        "1019014507230003",  # province below 11
        "9719014507230003",  # province above 96
        "1219013207230003",  # day 32
        "1219017207230003",  # day 72
        "1219014500230003",  # month 0
        "1219014513230003",  # month 13
        "1219014507230000",  # serial 0000: typed in, so made up rather than damaged
        "12190145072300",  # 14 digits
        "12190145072300034",  # 17 digits
        "121901450723000O",
    ],
)
def test_the_hard_rules_of_an_nik(nik: str) -> None:
    assert read_nik(nik).problem == "nik_malformed"


@pytest.mark.parametrize("cell", ["", None, "-", "0", 0, " \xa0"])
def test_no_nik_is_no_problem(cell: Cell) -> None:
    assert read_nik(cell).value is None
    assert read_nik(cell).problem is None


def test_a_number_cell_whose_last_digit_survived_is_whole() -> None:
    assert read_nik(1219014507230003).value == GIRL_OF_5_JULY_2023


@pytest.mark.parametrize(
    ("nik", "sex", "flags"),
    [
        (GIRL_OF_5_JULY_2023, "female", []),
        (GIRL_OF_5_JULY_2023, "male", ["nik_sex_differs"]),
        ("1219014607230003", "female", ["nik_birth_date_differs"]),
        ("1219014507930003", "female", ["nik_parent_birth_date"]),
        ("3216014507230003", "female", ["nik_foreign_region"]),
        ("1219014507233333", "female", []),
        ("1219014507230001", "female", []),
    ],
)
def test_soft_flags_of_an_nik(nik: str, sex: str, flags: list[str]) -> None:
    assert soft_flags(nik, BIRTH_DATE, sex, home_region="1219") == flags


def test_one_digit_many_times_is_doubtful() -> None:
    assert "nik_repeated_digits" in soft_flags("1222222207230003", BIRTH_DATE, "male")


def test_a_file_of_numbers_that_end_in_zero_was_saved_by_a_spreadsheet() -> None:
    cut = [f"12190145072300{number}0" for number in range(1, 10)] * 3
    whole = [f"121901450723000{number}" for number in range(1, 10)] * 3
    assert zeros_of_a_spreadsheet(cut)
    assert not zeros_of_a_spreadsheet(whole)
    assert not zeros_of_a_spreadsheet(cut[:5]), "five may end in 0 by chance"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SITI  AISYAH\xa0", "siti aisyah"),
        ("A'B DEWI", "ab dewi"),
        ("By. Ny SITI", "siti"),
        ("MUH. YUSUF", "Mochammad Yusuf"),
        ("Émilia", "emilia"),
        ("ABDUL-AZIZ", "abdul aziz"),
    ],
)
def test_names_are_compared_without_what_does_not_distinguish_them(left: str, right: str) -> None:
    assert normalise_name(left) == normalise_name(right)


def test_b080_names_that_differ_by_one_letter_are_two_names() -> None:
    assert normalise_name("HASAN") != normalise_name("HASIN")
    assert normalise_name("AN") == "an", "a name that is only a title stays a name"
