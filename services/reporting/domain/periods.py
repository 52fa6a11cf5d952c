"""Periods of figures: a month, a quarter, a semester or a year of the calendar.

Written `2026-04`, `2026-Q2`, `2026-S1`, `2026`. A period is never a range of anybody's choosing: a child counts once in
it, and that is kept for these four only.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from shared.calendar import add_months, last_day

MONTH: Final = 1
QUARTER: Final = 3
SEMESTER: Final = 6
YEAR: Final = 12
LENGTHS: Final = (MONTH, QUARTER, SEMESTER, YEAR)  # in months
# The forms, for patterns of routes and for messages.
PATTERN: Final = r"^\d{4}(-(0[1-9]|1[0-2]|Q[1-4]|S[12]))?$"

_LENGTH_BY_LETTER: Final = {"Q": QUARTER, "S": SEMESTER}
_LETTER_BY_LENGTH: Final = {length: letter for letter, length in _LENGTH_BY_LETTER.items()}


class Period(NamedTuple):
    """`months` (1, 3, 6 or 12) calendar months that begin on `first`, the first day of one."""

    first: date
    months: int = MONTH

    @property
    def last_month(self) -> date:
        """First day of the last month."""
        return _months_of(self)[-1]

    @property
    def last_day(self) -> date:
        """Last calendar day: areas and names are those that are valid on it."""
        return last_day(self.last_month)

    @property
    def months_of(self) -> tuple[date, ...]:
        """First day of each month."""
        return _months_of(self)

    def shifted(self, count: int) -> Period:
        """The period of the same length `count` periods later (earlier: negative)."""
        return Period(add_months(self.first, count * self.months), self.months)

    def __str__(self) -> str:
        if self.months == YEAR:
            return f"{self.first:%Y}"
        if self.months == MONTH:
            return f"{self.first:%Y-%m}"
        return f"{self.first:%Y}-{_LETTER_BY_LENGTH[self.months]}{(self.first.month - 1) // self.months + 1}"


@cache  # asked for at each fold; a year has nineteen periods
def _months_of(period: Period) -> tuple[date, ...]:
    return tuple(add_months(period.first, number) for number in range(period.months))


def period_of(month: date, months: int = MONTH) -> Period:
    """The period of so many `months` that holds the month that begins on `month`."""
    return Period(month.replace(month=(month.month - 1) // months * months + 1), months)


def parse_period(text: str) -> Period:
    """`2026-04`, `2026-Q2`, `2026-S1` or `2026`. ValueError otherwise."""
    if not re.fullmatch(PATTERN, text, re.ASCII):
        raise ValueError(f"period {text!r} is not YYYY-MM, YYYY-Q1 to Q4, YYYY-S1 or S2, or YYYY")
    year, _, part = text.partition("-")
    if not part:
        return Period(date(int(year), 1, 1), YEAR)
    if part.isdigit():
        return Period(date(int(year), int(part), 1), MONTH)
    length = _LENGTH_BY_LETTER[part[0]]
    return Period(date(int(year), (int(part[1]) - 1) * length + 1, 1), length)
