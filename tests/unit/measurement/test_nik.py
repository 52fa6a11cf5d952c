from __future__ import annotations

from datetime import date

import pytest

from services.measurement.domain.cells import Cell
from services.measurement.domain.entry_problems import words_of
from services.measurement.domain.names import normalise_name
from services.measurement.domain.nik import broken_hard_rules, mask_nik, read_nik, soft_flags, zeros_of_a_spreadsheet

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


@pytest.mark.parametrize(
    ("fits", "breaks", "code"),
    [
        ("1119014507230003", "1019014507230003", "nik_province"),
        ("9619014507230003", "9719014507230003", "nik_province"),
        ("1219010107230003", "1219010007230003", "nik_day"),
        ("1219013107230003", "1219013207230003", "nik_day"),
        ("1219014107230003", "1219014007230003", "nik_day"),
        ("1219017107230003", "1219017207230003", "nik_day"),
        ("1219014501230003", "1219014500230003", "nik_month"),
        ("1219014512230003", "1219014513230003", "nik_month"),
        ("1219014507230001", "1219014507230000", "nik_serial"),
        ("1219014507230003", "121901450723000", "nik_length"),
        ("1219014507230003", "12190145072300034", "nik_length"),
        ("1219014507230003", "121901450723000O", "nik_length"),
    ],
)
def test_each_hard_rule_has_its_code_at_both_edges(fits: str, breaks: str, code: str) -> None:
    assert broken_hard_rules(fits) == []
    assert broken_hard_rules(breaks) == [code]
    assert words_of(code).text_id != words_of(code).text_en


def test_every_broken_rule_is_named() -> None:
    assert broken_hard_rules("1019013213230000") == ["nik_province", "nik_day", "nik_month", "nik_serial"]


def test_a_masked_nik_shows_its_last_four_digits() -> None:
    assert mask_nik(GIRL_OF_5_JULY_2023) == "************0003"


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
        ("1219014407230003", "female", ["nik_birth_date_differs"]),
        ("1219014508230003", "female", ["nik_birth_date_differs"]),
        ("1219014507120003", "female", ["nik_birth_date_differs"]),  # eleven years older: no parent
        ("1219014507110003", "female", ["nik_parent_birth_date"]),  # twelve years older
        ("1219014507230003", None, []),  # a sex that is not known cannot differ
        ("1219010507230003", "male", []),
        ("1219010507230003", "female", ["nik_sex_differs"]),
        ("1218014507230003", "female", ["nik_foreign_region"]),
        ("3216014507230003", "female", ["nik_foreign_region"]),
        ("1219014507233333", "female", []),
        ("1219014507230001", "female", []),
    ],
)
def test_soft_flags_of_an_nik(nik: str, sex: str | None, flags: list[str]) -> None:
    assert soft_flags(nik, BIRTH_DATE, sex, home_region="1219") == flags


def test_a_child_numbered_where_it_once_lived_is_no_foreigner() -> None:
    assert soft_flags(GIRL_OF_5_JULY_2023, BIRTH_DATE, "female", home_region=("1271", "1219")) == []
    assert soft_flags(GIRL_OF_5_JULY_2023, BIRTH_DATE, "female", home_region=("1271", "3216")) == ["nik_foreign_region"]


def test_six_times_one_digit_is_doubtful_and_five_is_not() -> None:
    born = date(2023, 1, 1)
    assert "nik_repeated_digits" in soft_flags("1211111101230003", born, "male")
    assert soft_flags("1222222101230003", born, "male") == ["nik_birth_date_differs", "nik_repeated_digits"]
    assert soft_flags("1233333001230003", born, "male") == ["nik_birth_date_differs"]


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
