"""The catalogue: every row complete and checked, a broken one refused as a whole."""

from datetime import date

import pytest

from services.lab.domain.catalogue import FILE, CatalogueError, load, read
from services.lab.domain.loinc import check_digit, is_loinc

TEXT = FILE.read_text(encoding="utf-8")


def test_it_has_every_test_that_can_be_ordered() -> None:
    assert set(load().orderables) == {
        "blood_count", "ferritin", "crp", "agp", "zinc", "retinol", "vitamin_d", "vitamin_b12", "folate", "albumin",
        "tsh", "ft4", "stool", "urinalysis", "urine_culture", "mantoux", "hiv", "hiv_pcr", "glucose", "electrolytes",
        "calcium", "iron",
    }  # fmt: skip
    assert {code for codes in load().orderables.values() for code in codes} == set(load().rows)
    assert load().leads["haemoglobin"] == "blood_count"


def test_every_loinc_code_has_its_check_digit() -> None:
    codes = {code for rows in load().rows.values() for row in rows for code in row.loincs}
    assert len(codes) == 40
    assert all(is_loinc(code) for code in codes)


@pytest.mark.parametrize("code", ["718-7", "2276-4", "5763-8", "1988-5", "4544-3"])
def test_one_wrong_digit_is_no_loinc_code(code: str) -> None:
    body, _, digit = code.partition("-")
    assert check_digit(body) == int(digit)
    for place in range(len(body)):
        for other in set("0123456789") - {body[place]}:
            assert not is_loinc(f"{body[:place]}{other}{body[place + 1 :]}-{digit}")


@pytest.mark.parametrize("code", ["", "718", "718-", "7187", "718-7 ", "A18-7"])
def test_what_has_not_the_form_is_no_loinc_code(code: str) -> None:
    assert not is_loinc(code)


@pytest.mark.parametrize("row", [row for rows in load().rows.values() for row in rows], ids=lambda row: row.code)
def test_every_row_says_where_it_is_from(row: object) -> None:
    assert getattr(row, "source", "")
    assert getattr(row, "status", "") in {"S", "S2", "P"}


def test_the_row_that_holds_is_the_newest_at_the_day() -> None:
    assert load().analyte("haemoglobin", date(2019, 12, 31)) is None
    later = TEXT + TEXT[TEXT.index("[[analyte]]") : TEXT.index('[[analyte]]\ncode = "haematocrit"')].replace(
        "from = 2020-01-01", "from = 2026-05-01"
    ).replace('critical_below = "70"', 'critical_below = "65"')
    catalogue = read(later.encode())
    limits = [
        row.critical_below
        for day in (date(2026, 4, 30), date(2026, 5, 1))
        if (row := catalogue.analyte("haemoglobin", day)) is not None
    ]
    assert limits == [70, 65]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"718-7"', '"718-8"', "check digit"),
        ("plausible = [20, 250]", "plausible = [250, 20]", "range is empty"),
        ('canonical_unit = "g/L"\ndecimals = 1', 'canonical_unit = "kg/L"\ndecimals = 1', "canonical unit"),
        ('aliases = ["ug/mL", "mcg/mL"]', 'aliases = ["mg/dl"]', "written alike"),
        ('status = "S2"\nsource = "LOINC 718-7', 'status = "X"\nsource = "LOINC 718-7', "status"),
        ('zinc = ["zinc"]', 'zinc = ["tin"]', "tin is no test"),
        ("decimals = 1\n", "", "decimals"),
        ('over = "100"', 'over = "0"', "no positive number"),
        ("{ after_minutes = 0, role", "{ after_minutes = 5, role", "begin at 0 minutes"),
        ("{ after_minutes = 60, role", "{ after_minutes = 30, role", "later than the one before"),
        ('role = "clinician" }', 'role = "nobody" }', "nobody is no role"),
        ('loinc = "10704-5"', 'loinc = "10704-6"', "check digit"),
        ('aliases = ["steril", ', 'aliases = ["kontaminasi", ', "two findings are written alike"),
        ('code = "giardia"', 'code = "taenia"', "two findings have one code"),
        ('kind = "findings"\nname_id = "Nitrit', 'kind = "word"\nname_id = "Nitrit', "kind is not"),
        ('kind = "findings"\nname_id = "Nitrit', 'kind = "findings"\nunits = []\nname_id = "Nitrit', "has no unit"),
        ('needs = ["administration"]', 'needs = ["luck"]', "nobody can give"),
        ('mantoux_rt23 = "mantoux"', 'mantoux_rt23 = "tibc"', "results no orderable"),
        ("version =", "version", "TOML"),
    ],
)
def test_a_broken_catalogue_is_refused(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(CatalogueError, match=said):
        read(TEXT.replace(old, new, 1).encode())
