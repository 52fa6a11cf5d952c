"""The age at a visit in the ministry's words, as each kind of its exports computes it.

Found by recomputing real files (tests/data/eppgbm): the export of 32 columns counts months of 30.4375 days (404 of 404
rows of two kabupaten), the later one with `Cara Ukur` calendar months between two midnights of Jakarta written in UTC,
hence of the days before (479 of 479 rows).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

_DAYS_PER_MONTH: Final = 30.4375
_DAY: Final = timedelta(days=1)


def age_in_mean_months(birth_date: date, on: date) -> str:
    """`4 Tahun - 2 Bulan - 6 Hari`, months of 30.4375 days. `on` is not before `birth_date`."""
    days = (on - birth_date).days
    months = int(days / _DAYS_PER_MONTH)
    return _words(months, int(days - months * _DAYS_PER_MONTH))


def age_in_calendar_months(birth_date: date, on: date) -> str:
    """The same in calendar months; days left over are borrowed from the month before the visit."""
    born, seen = birth_date - _DAY, on - _DAY
    months = (seen.year - born.year) * 12 + seen.month - born.month
    days = seen.day - born.day
    if days < 0:
        last_month = seen.replace(day=1) - _DAY
        months -= 1
        days += monthrange(last_month.year, last_month.month)[1]
    return _words(months, days)


def _words(months: int, days: int) -> str:
    return f"{months // 12} Tahun - {months % 12} Bulan - {days} Hari"
