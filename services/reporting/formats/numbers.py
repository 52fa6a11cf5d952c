"""Numbers as people write them: `1.234` and `19,4 %` in Bahasa Indonesia, `1,234` and `19.4%` in English."""
# ruff: noqa: RUF001, RUF002 - people read these texts: a dash is a dash, a minus a minus

from __future__ import annotations

from datetime import date
from typing import Final

from services.reporting.domain.periods import MONTH, QUARTER, SEMESTER, YEAR, Period
from shared.problems import Language

NOTHING: Final = "–"
MONTHS: Final = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
LONG_MONTHS: Final = {
    "id": ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
           "November", "Desember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip

PARTS: Final = {
    "id": {QUARTER: ("Triwulan", "T"), SEMESTER: ("Semester", "S")},
    "en": {QUARTER: ("Quarter", "Q"), SEMESTER: ("Semester", "S")},
}
YEARS: Final = {"id": "Tahun", "en": "Year"}
ROMAN: Final = ("I", "II", "III", "IV")


def count(value: int | None, language: Language) -> str:
    """A whole number, grouped by thousands."""
    if value is None:
        return NOTHING
    return f"{value:,}" if language == "en" else f"{value:,}".replace(",", ".")


def percent(share: float | None, language: Language) -> str:
    """A share as a percentage with one decimal; nothing where there is none, never 0 %."""
    if share is None:
        return NOTHING
    text = f"{share * 100:.1f}"
    return f"{text}%" if language == "en" else f"{text.replace('.', ',')}\N{NO-BREAK SPACE}%"


def interval(low: float | None, high: float | None, language: Language) -> str:
    """`17,9–21,0 %`."""
    if low is None or high is None:
        return NOTHING
    first, last = f"{low * 100:.1f}", f"{high * 100:.1f}"
    if language == "en":
        return f"{first}–{last}%"
    return f"{first}–{last}\N{NO-BREAK SPACE}%".replace(".", ",")


def month_name(month: date, language: Language, *, short: bool = False) -> str:
    """`April 2026`, or `Apr 26`."""
    if short:
        return f"{MONTHS[language][month.month - 1]} {month:%y}"
    return f"{LONG_MONTHS[language][month.month - 1]} {month.year}"


def period_name(period: Period, language: Language, *, short: bool = False) -> str:
    """`April 2026`, `Triwulan II 2026`, `Semester I 2026`, `Tahun 2026`; short `Apr 26`, `T2 26`, `S1 26`, `2026`."""
    if period.months == MONTH:
        return month_name(period.first, language, short=short)
    if period.months == YEAR:
        return f"{period.first:%Y}" if short else f"{YEARS[language]} {period.first:%Y}"
    number = (period.first.month - 1) // period.months
    long_name, letter = PARTS[language][period.months]
    return f"{letter}{number + 1} {period.first:%y}" if short else f"{long_name} {ROMAN[number]} {period.first:%Y}"


def day_name(day: date, language: Language) -> str:
    """`3 April 2026`."""
    return f"{day.day} {month_name(day, language)}"
