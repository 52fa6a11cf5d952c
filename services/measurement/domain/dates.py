"""Dates as files carry them: real dates, ISO text, day/month/year in either order, Excel serials, month names.

A date is a calendar day and never moves by a time of day or a time zone of the machine. Which of two numbers is the
day is decided once for a file (`decide_order`), because one cell cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final, Literal

from services.measurement.domain.age_text import age_agrees, read_age
from services.measurement.domain.cells import Cell, Parsed, clean_text

Order = Literal["D/M/Y", "M/D/Y"]
Form = Literal["D/M/Y", "M/D/Y", "ISO", "datetime", "serial"]

JAKARTA_OFFSET: Final = timezone(timedelta(hours=7))
EXCEL_DAY_ZERO: Final = date(1899, 12, 30)  # serial 1 = 1900-01-01, with Excel's 29 February 1900 that never was
FIRST_SERIAL: Final = 36526  # 2000-01-01: no child under five in these files was born before
LAST_SERIAL: Final = 73050  # 2099-12-31
EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2099

_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_ZONED: Final = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})")
_ORDERED: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?: \d{1,2}:\d{2}(?::\d{2})?)?")
_WORDED: Final = re.compile(r"(\d{1,2})[-/ .]*([a-z]{3,9})\.?[-/ .]*(\d{4}|\d{2})?")
_SERIAL: Final = re.compile(r"\d{5}(\.\d+)?")
# First three letters, Indonesian and English.
_MONTHS: Final = {
    "jan": 1, "feb": 2, "peb": 2, "mar": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7, "agu": 8, "agt": 8,
    "ags": 8, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "nop": 11, "des": 12, "dec": 12,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderDecision:
    """`form` = how the dates of the file are written (None without any), `proven` = false where nothing decided."""

    order: Order
    form: Form | None
    proven: bool


@lru_cache(maxsize=16384, typed=True)  # a file has few days, each of them asked for several times
def read_date(cell: Cell, order: Order = "D/M/Y") -> Parsed[date]:
    """The day a cell names. Problems: `unreadable`, `impossible` (31 February), `order` (only the other order fits)."""
    if isinstance(cell, date):
        return Parsed(cell.date() if isinstance(cell, datetime) else cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _from_serial(float(cell))
    text = clean_text(cell)
    return _from_text(text, order) if text.strip("-/. ") else Parsed(None)


def read_day_month_name(text: str) -> tuple[int, int, int | None] | None:
    """Day, month and year (if any) of `8 Feb 2025`, `08-Agu`: how Excel writes dates into text files."""
    worded = _WORDED.fullmatch(text.casefold())
    month = _MONTHS.get(worded[2][:3]) if worded else None
    if worded is None or month is None:
        return None
    return int(worded[1]), month, _year(worded[3]) if worded[3] else None


def swap_day_and_month(day: date) -> date | None:
    """The date with day and month exchanged, None where there is no such date or it is the same."""
    if day.day > 12 or day.day == day.month:
        return None
    return date(day.year, day.day, day.month)


def decide_order(rows: Iterable[tuple[Cell, Cell, Cell]]) -> OrderDecision:
    """The day/month order of a file from its (birth date, measured on, age text) cells.

    The age text is the judge: the order in which more rows give the stated age wins. Without a winner the order that
    fewer dates contradict wins. Where nothing tells, Indonesian order is assumed and called unproven.
    """
    agreed: dict[Order, int] = {"D/M/Y": 0, "M/D/Y": 0}
    possible: dict[Order, int] = {"D/M/Y": 0, "M/D/Y": 0}
    forms: dict[Form, int] = {}
    asked = False
    for birth, measured, age_cell in rows:
        for cell in (birth, measured):
            form = _form(cell)
            if form is not None:
                forms[form] = forms.get(form, 0) + 1
        day_first = read_date(birth, "D/M/Y").value, read_date(measured, "D/M/Y").value
        month_first = read_date(birth, "M/D/Y").value, read_date(measured, "M/D/Y").value
        if day_first == month_first:
            continue
        asked = True
        age = read_age(age_cell)
        readings: tuple[tuple[Order, tuple[date | None, date | None]], ...]
        readings = ("D/M/Y", day_first), ("M/D/Y", month_first)
        for order, (born, seen) in readings:
            possible[order] += (born is not None) + (seen is not None)
            if born and seen and age and age_agrees(age, born, seen):
                agreed[order] += 1
    winner = _winner(agreed) or _winner(possible)
    order = winner or "D/M/Y"
    commonest = max(forms.items(), key=lambda item: item[1])[0] if forms else None
    return OrderDecision(order, order if commonest == "D/M/Y" else commonest, proven=winner is not None or not asked)


def _from_text(text: str, order: Order) -> Parsed[date]:
    if _ZONED.fullmatch(text):
        return Parsed(datetime.fromisoformat(text).astimezone(JAKARTA_OFFSET).date())
    if iso := _ISO.fullmatch(text):
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    if ordered := _ORDERED.fullmatch(text):
        return _from_ordered(int(ordered[1]), int(ordered[2]), _year(ordered[3]), order)
    worded = read_day_month_name(text)
    if worded is not None and worded[2] is not None:
        return _day(worded[2], worded[1], worded[0])
    return _from_serial(float(text)) if _SERIAL.fullmatch(text) else Parsed(None, "unreadable")


def _winner(votes: dict[Order, int]) -> Order | None:
    if votes["D/M/Y"] == votes["M/D/Y"]:
        return None
    return "D/M/Y" if votes["D/M/Y"] > votes["M/D/Y"] else "M/D/Y"


@lru_cache(maxsize=16384, typed=True)
def _form(cell: Cell) -> Form | None:
    if isinstance(cell, date):
        return "datetime"
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return "serial"
    text = clean_text(cell)
    if _ISO.fullmatch(text) or _ZONED.fullmatch(text):
        return "ISO"
    if _ORDERED.fullmatch(text):
        return "D/M/Y"  # stands for "some order", decided by the caller
    return "serial" if _SERIAL.fullmatch(text) else None


def _year(digits: str) -> int:
    """Two digits are of this century: these files hold children under five (their dates are checked for the future)."""
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _from_ordered(first: int, second: int, year: int, order: Order) -> Parsed[date]:
    day, month = (first, second) if order == "D/M/Y" else (second, first)
    parsed = _day(year, month, day)
    if parsed.value is None and parsed.problem == "impossible" and month > 12:
        other = _day(year, day, month)
        if other.value is not None:
            return Parsed(None, "order", other.value)
    return parsed


def _from_serial(number: float) -> Parsed[date]:
    if not FIRST_SERIAL <= number <= LAST_SERIAL:
        return Parsed(None) if number == 0 else Parsed(None, "unreadable")
    return Parsed(EXCEL_DAY_ZERO + timedelta(days=int(number)))


def _day(year: int, month: int, day: int) -> Parsed[date]:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return Parsed(None, "unreadable")
    try:
        return Parsed(date(year, month, day))
    except ValueError:
        return Parsed(None, "impossible")
