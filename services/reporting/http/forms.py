"""How fields are written that many routes have: periods, months, codes of areas; and how a wrong one is refused."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.reporting.domain.periods import PATTERN, parse_period
from shared.http.validation import Texts

EARLIEST_YEAR: Final = 1990
AREA: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$"
BELOW_PROVINCE: Final = r"^\d{2}\.\d{2}(\.\d{2}(\.\d{4})?)?$"
KABUPATEN: Final = r"^\d{2}\.\d{2}$"
KECAMATAN: Final = r"^\d{2}\.\d{2}\.\d{2}$"
DESA: Final = r"^\d{2}\.\d{2}\.\d{2}\.\d{4}$"
PLACE: Final = r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.P\d{3,4})?)?)?)?$"  # an area or a posyandu
ENTRY: Final = r"^[0-9A-Z][0-9A-Za-z.-]{1,39}$"  # any code of the register
MONTH: Final = r"^\d{4}-(0[1-9]|1[0-2])$"

_PERIOD: Final[Texts] = (
    "bukan bulan, triwulan, semester atau tahun",
    "is no month, quarter, semester or year",
    "Tulis bulan 2026-04, triwulan 2026-Q2, semester 2026-S1 atau tahun 2026.",
    "Write a month 2026-04, a quarter 2026-Q2, a semester 2026-S1 or a year 2026.",
)
_TOO_EARLY: Final[Texts] = (
    "periode sebelum mungkin ada data",
    "the period lies before there could be figures",
    f"Pakai periode mulai {EARLIEST_YEAR}.",
    f"Use a period from {EARLIEST_YEAR} on.",
)
_DAY_TOO_EARLY: Final[Texts] = (
    "tanggal sebelum mungkin ada data",
    "the day lies before there could be figures",
    f"Pakai tanggal mulai {EARLIEST_YEAR}.",
    f"Use a day from {EARLIEST_YEAR} on.",
)
_MONTH: Final[Texts] = (
    "bukan bulan",
    "is no month",
    "Tulis bulan sebagai 2026-04.",
    "Write the month as 2026-04.",
)
_CODES: Final[dict[str, tuple[str, str]]] = {  # examples by pattern
    AREA: ("12.19, 12.19.01 atau 12.19.01.2003", "12.19, 12.19.01 or 12.19.01.2003"),
    BELOW_PROVINCE: ("12.19, 12.19.01 atau 12.19.01.2003", "12.19, 12.19.01 or 12.19.01.2003"),
    KABUPATEN: ("kabupaten 12.19", "a kabupaten 12.19"),
    KECAMATAN: ("kecamatan 12.19.01", "a kecamatan 12.19.01"),
    DESA: ("desa 12.19.01.2003", "a desa 12.19.01.2003"),
    PLACE: ("12.19.01 atau posyandu 12.19.01.2003.P001", "12.19.01 or a posyandu 12.19.01.2003.P001"),
    ENTRY: ("12.19 atau posyandu 12.19.01.2003.P001", "12.19 or a posyandu 12.19.01.2003.P001"),
}
_ADDRESS: Final[Texts] = (
    "bukan alamat penerima yang sah",
    "is no address that can be sent to",
    "Tulis https://nama-host/jalur, tanpa nama pengguna dan tanpa #.",
    "Write https://host/path, without a user name and without #.",
)


def refused(code: str, texts: Texts) -> PydanticCustomError:
    """A finding of one field that says its own texts."""
    names = ("problem_id", "problem_en", "remedy_id", "remedy_en")
    return PydanticCustomError(code, "refused", dict(zip(names, texts, strict=True)))


def _matches(pattern: str, texts: Texts) -> AfterValidator:
    def check(text: str | None) -> str | None:
        if text is not None and not re.fullmatch(pattern, text, re.ASCII):
            raise refused("wrong_form", texts)
        return text

    return AfterValidator(check)


def code_form(pattern: str) -> AfterValidator:
    """A code must match `pattern`, one of this module's, or is told how such a code looks."""
    example_id, example_en = _CODES[pattern]
    remedy_id = f"Tulis kode Kemendagri bertitik, misalnya {example_id}."
    remedy_en = f"Write a dotted Kemendagri code, for instance {example_en}."
    return _matches(pattern, ("bukan kode wilayah", "is no code of an area", remedy_id, remedy_en))


def _in_time(text: str | None) -> str | None:
    if text is not None and parse_period(text).first.year < EARLIEST_YEAR:
        raise refused("period_too_early", _TOO_EARLY)
    return text


def _day_in_time(day: date | None) -> date | None:
    if day is not None and day.year < EARLIEST_YEAR:
        raise refused("day_too_early", _DAY_TOO_EARLY)
    return day


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        hostname = parts.hostname
    except ValueError:  # brackets of an IPv6 address left open
        raise refused("wrong_form", _ADDRESS) from None
    if parts.scheme not in {"http", "https"} or not hostname or parts.username is not None or parts.fragment:
        raise refused("wrong_form", _ADDRESS)
    return text


PERIOD_FORM: Final = _matches(PATTERN, _PERIOD)
IN_TIME: Final = AfterValidator(_in_time)
DAY_IN_TIME: Final = AfterValidator(_day_in_time)
MONTH_FORM: Final = _matches(MONTH, _MONTH)
ADDRESS_FORM: Final = AfterValidator(_address)


PeriodText = Annotated[
    str, Field(json_schema_extra={"pattern": PATTERN}, examples=["2026-04", "2026-Q2"]), PERIOD_FORM, IN_TIME
]
AreaText = Annotated[str, Field(json_schema_extra={"pattern": AREA}, examples=["12.19"]), code_form(AREA)]
EntryText = Annotated[str, Field(json_schema_extra={"pattern": ENTRY}, examples=["12.19"]), code_form(ENTRY)]
