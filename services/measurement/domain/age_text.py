"""The age that the ministry's export states in words, `2 Tahun - 9 Bulan - 9 Hari`: the check on dates."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from services.measurement.domain.cells import Cell, clean_text

# Borrowing a day across months of different length makes two honest calculations differ by up to three days.
TOLERANCE_DAYS: Final = 3
_PARTS: Final = re.compile(r"(\d{1,3})\s*(tahun|thn|th|bulan|bln|bl|hari|hr)\b")
_UNITS: Final = {"t": 0, "b": 1, "h": 2}


@dataclass(frozen=True, slots=True)
class Age:
    """An age in words; `days` is None where the text stops at months."""

    years: int
    months: int
    days: int | None


@lru_cache(maxsize=8192)  # asked twice of every row, and children are of one age
def read_age(cell: Cell) -> Age | None:
    """The age a cell states, None where it states none."""
    if not isinstance(cell, str):
        return None
    parts: list[int | None] = [None, None, None]
    for number, unit in _PARTS.findall(clean_text(cell).casefold()):
        parts[_UNITS[unit[0]]] = int(number)
    if parts == [None, None, None]:
        return None
    return Age(parts[0] or 0, parts[1] or 0, parts[2])


def age_agrees(age: Age, birth_date: date, on: date) -> bool:
    """Whether a child born on `birth_date` has the stated age on `on`."""
    try:
        reached = _add_months(birth_date, 12 * age.years + age.months)
    except ValueError:  # a year beyond the calendar: no child has that age
        return False
    late = (on - reached).days
    if age.days is None:
        return -TOLERANCE_DAYS <= late <= 31 + TOLERANCE_DAYS
    return abs((on - reached - timedelta(days=age.days)).days) <= TOLERANCE_DAYS


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
