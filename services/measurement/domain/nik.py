"""The national identity number: sixteen digits `PPKKCC DDMMYY SSSS`, the day plus 40 for girls (domain.md §1).

An NIK is a claim, not a key: two children may claim one, and a person decides. A malformed one is dropped and the row
goes on by name; one that a spreadsheet has damaged holds the row back, because the true digits are known to somebody.
Nothing is padded or guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from services.measurement.domain.cells import Cell, Parsed, clean_text

LENGTH: Final = 16
LOWEST_PROVINCE: Final = 11
HIGHEST_PROVINCE: Final = 96
GIRLS_ADD_TO_DAY: Final = 40
EXCEL_DIGITS: Final = 15  # a spreadsheet number keeps 15 digits, the rest becomes 0
PARENT_YEARS_OLDER: Final = 12
REPEATED_DIGITS: Final = 6
SHOWN_DIGITS: Final = 4  # of a masked NIK
# Chance gives one NIK in ten that ends in 0; half of at least twenty is the mark of a file saved by a spreadsheet.
ZERO_ENDINGS_AT_LEAST: Final = 20
ZERO_ENDINGS_SHARE: Final = 0.5

_SEPARATORS: Final = re.compile(r"[\s.\-'`\u2018\u2019]")
_EXPONENT: Final = re.compile(r"\d+([.,]\d+)?e\+?\d+", re.IGNORECASE)
_ZERO_TAIL: Final = re.compile(r"0{6,}$")
_RUN: Final = re.compile(rf"(\d)\1{{{REPEATED_DIGITS - 1},}}")


def read_nik(cell: Cell) -> Parsed[str]:
    """The sixteen digits, or None: without a problem (none given), `nik_damaged` or `nik_malformed`."""
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float, type(None))):
        return Parsed(None, "nik_malformed")
    text = clean_text(cell)
    if not text.strip("-0 "):
        return Parsed(None)
    if _EXPONENT.fullmatch(text):
        return Parsed(None, "nik_damaged")
    digits = bare_digits(text)
    if not digits.isascii() or not digits.isdigit():
        return Parsed(None, "nik_malformed")
    rounded = not isinstance(cell, str) and len(digits) >= LENGTH and digits.endswith("0")
    if rounded or len(digits) == EXCEL_DIGITS or (len(digits) >= LENGTH and _ZERO_TAIL.search(digits)):
        return Parsed(None, "nik_damaged")
    return Parsed(digits) if follows_hard_rules(digits) else Parsed(None, "nik_malformed")


def broken_hard_rules(nik: str) -> list[str]:
    """Codes of the rules that no NIK can break; of what is no sixteen digits only that (domain.md §1)."""
    if len(nik) != LENGTH or not nik.isascii() or not nik.isdigit():
        return ["nik_length"]
    day, month = int(nik[6:8]), int(nik[8:10])
    rules = {
        "nik_province": LOWEST_PROVINCE <= int(nik[:2]) <= HIGHEST_PROVINCE,
        "nik_day": 1 <= day <= 31 or 1 <= day - GIRLS_ADD_TO_DAY <= 31,
        "nik_month": 1 <= month <= 12,
        "nik_serial": nik[12:] != "0000",
    }
    return [code for code, holds in rules.items() if not holds]


def follows_hard_rules(nik: str) -> bool:
    """Sixteen digits, a province, a day and month that may exist, a serial that was given out."""
    return not broken_hard_rules(nik)


def mask_nik(nik: str) -> str:
    """What may be shown to everybody who sees the child: that there is one, and how it ends."""
    return "*" * (len(nik) - SHOWN_DIGITS) + nik[-SHOWN_DIGITS:]


def soft_flags(
    nik: str, birth_date: date, sex: str | None, *, home_region: str | tuple[str, ...] | None = None
) -> list[str]:
    """What makes a well-formed NIK doubtful, as codes.

    `home_region` = the six digits most of the file has, or the regions (any number of first digits) that would do.
    """
    flags = []
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    is_girl = day > GIRLS_ADD_TO_DAY
    day -= GIRLS_ADD_TO_DAY if is_girl else 0
    if (day, month, year) != (birth_date.day, birth_date.month, birth_date.year % 100):
        older = birth_date.year - _full_year(year, birth_date.year) >= PARENT_YEARS_OLDER
        flags.append("nik_parent_birth_date" if older else "nik_birth_date_differs")
    if sex is not None and is_girl != (sex == "female"):
        flags.append("nik_sex_differs")
    if home_region is not None and not nik.startswith(home_region):
        flags.append("nik_foreign_region")
    if _RUN.search(nik):
        flags.append("nik_repeated_digits")
    return flags


def bare_digits(text: str) -> str:
    """`text` without what people write between the digits of an NIK."""
    return _SEPARATORS.sub("", text)


def sixteen_digits(cell: Cell) -> str | None:
    """The digits of a cell that holds sixteen of them, whether they follow the rules or not."""
    digits = bare_digits(clean_text(cell))
    return digits if len(digits) == LENGTH and digits.isascii() and digits.isdigit() else None


def zeros_of_a_spreadsheet(numbers: Iterable[str]) -> bool:
    """Whether so many of a file's sixteen digits end in 0 that a spreadsheet must have cut the last one.

    Serials begin at 0001, so a cut one mostly reads 0000: numbers that fail the hard rules by that count too.
    """
    endings = [number[-1] for number in numbers]
    zeros = endings.count("0")
    return len(endings) >= ZERO_ENDINGS_AT_LEAST and zeros > ZERO_ENDINGS_SHARE * len(endings)


def _full_year(two_digits: int, birth_year: int) -> int:
    """A child's NIK carries its birth year, a parent's one of the last century or early in this one."""
    return 2000 + two_digits if 2000 + two_digits <= birth_year + 1 else 1900 + two_digits
