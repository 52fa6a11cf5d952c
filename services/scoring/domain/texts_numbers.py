"""Numbers, quantities and days as people write them: `−2,61 SD`, `95 g/L (9,5 g/dL)`, `3 Mei 2026`."""
# ruff: noqa: RUF001, RUF002 - people read these texts: a minus is a minus

from __future__ import annotations

from datetime import date
from typing import Final

from shared.problems import Language

MINUS: Final = "−"
MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "id": (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
# UCUM as it is written for people; what is not here is written as it is.
WRITTEN: Final = {
    "ug/L": "µg/L",
    "ug/dL": "µg/dL",
    "umol/L": "µmol/L",
    "m[IU]/L": "mIU/L",
    "10*9/L": "×10⁹/L",
    "10*12/L": "×10¹²/L",
}
WEEKS: Final[dict[Language, str]] = {"id": "minggu", "en": "weeks"}
COMPARATORS: Final[dict[Language, dict[str, str]]] = {
    "id": {"<": "kurang dari ", "<=": "paling banyak ", ">": "lebih dari ", ">=": "paling sedikit "},
    "en": {"<": "less than ", "<=": "at most ", ">": "more than ", ">=": "at least "},
}
EXACT_DECIMALS: Final = {"SD": 2, "cm": 1}  # always shown; other units show what there is, up to two


def number(value: float, language: Language, decimals: int | None = None) -> str:
    """With a decimal comma in Bahasa Indonesia and a real minus; without `decimals`, up to two and no idle zeros."""
    text = f"{abs(value):,.{2 if decimals is None else decimals}f}"
    if decimals is None:
        text = text.rstrip("0").rstrip(".")
    sign = MINUS if value < 0 and any(char in "123456789" for char in text) else ""
    if language == "id":
        text = text.translate(str.maketrans(",.", ".,"))
    return sign + text


def quantity(value: float, unit: str | None, language: Language, comparator: str | None = None) -> str:
    """A value with its unit. Grams of haemoglobin per litre are also told per decilitre, as laboratories here do."""
    before = COMPARATORS[language].get(comparator or "", "")
    if unit is None:
        return before + number(value, language)
    if unit == "1":  # UCUM's word for a share
        return f"{before}{number(value * 100, language, 0)} %"
    if unit == "wk":
        return f"{before}{number(value, language)} {WEEKS[language]}"
    return f"{before}{number(value, language, EXACT_DECIMALS.get(unit))} {WRITTEN.get(unit, unit)}"


def haemoglobin(value: float, language: Language, comparator: str | None = None) -> str:
    """`95 g/L (9,5 g/dL)`: the canonical unit, and the one of the form."""
    return f"{quantity(value, 'g/L', language, comparator)} ({number(value / 10, language, 1)} g/dL)"


def day(on: date, language: Language) -> str:
    """`3 Mei 2026`."""
    return f"{on.day} {MONTHS[language][on.month - 1]} {on.year}"
