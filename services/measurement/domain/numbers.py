"""Numbers as people type them: comma or dot decimals, numbers as text, marks that mean "no value".

Nothing is padded, scaled or guessed here: a text that is not one number stays unreadable (domain.md §7).
"""

from __future__ import annotations

import math
import re
from typing import Final

from services.measurement.domain.cells import Cell, Parsed, clean_text

# Seen in real exports: `999.99` for "outside the table", `8888` for "not measured", `-` everywhere (domain.md §7).
SENTINELS: Final = frozenset({999.99, -999.99, 8888.0})
NO_VALUE_TEXT: Final = frozenset({"", "-", "--", "n/a", "na", "null", "none", "#n/a"})
_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")
_THOUSANDS_COMMA: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")  # 1,234.5
_THOUSANDS_DOT: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")  # 1.234,5
_UNIT: Final = re.compile(r"\s*(kg|cm)\.?$", re.IGNORECASE)


def read_number(cell: Cell) -> Parsed[float]:
    """A number where zero is a value (z-scores, kilograms of food received)."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _real(float(cell))
    if not isinstance(cell, str):
        return Parsed(None) if cell is None else Parsed(None, "unreadable")
    text = clean_text(cell).replace("\u2212", "-")
    if text.casefold() in NO_VALUE_TEXT:
        return Parsed(None)
    plain = _plain_decimal(_UNIT.sub("", text))
    return Parsed(None, "unreadable") if plain is None else _real(float(plain))


def read_measure(cell: Cell) -> Parsed[float]:
    """A number where zero means "not measured": a weight, a length, a circumference."""
    parsed = read_number(cell)
    return Parsed(None) if parsed.value == 0 else parsed


def day_month_as_number(day: int, month: int) -> float:
    """The decimal number that Excel turned into a date: 8 February was typed as `8.2`."""
    return float(f"{day}.{month}")


def _plain_decimal(text: str) -> str | None:
    """`text` with a decimal point and no grouping; None where it is not exactly one number."""
    if _NUMBER.fullmatch(text):
        return text.replace(",", ".")
    if _THOUSANDS_COMMA.fullmatch(text):
        return text.replace(",", "")
    if _THOUSANDS_DOT.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return None


def _real(value: float) -> Parsed[float]:
    if not math.isfinite(value):
        return Parsed(None, "unreadable")
    return Parsed(None) if value in SENTINELS else Parsed(value)
