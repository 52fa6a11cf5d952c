"""One rule book for time (domain.md §1): dates are Asia/Jakarta calendar days, ages come in three kinds.

Nothing here reads a clock but `today_jakarta` and `now_utc`, which only edges may call (a lint rule sees to it).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

JAKARTA: Final = ZoneInfo("Asia/Jakarta")
DAYS_PER_MONTH: Final = 30.4375  # WHO: 365.25 / 12
UNDER_FIVE_MONTHS: Final = 60


def now_utc() -> datetime:
    """The present instant, for edges only."""
    return datetime.now(tz=UTC)


def today_jakarta() -> date:
    """The present calendar day in Batu Bara, for edges only."""
    return datetime.now(tz=JAKARTA).date()


def end_of_day(day: date) -> datetime:
    """The instant at which `day` ends in Jakarta: what `as_of` = that day may still know (exclusive)."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=JAKARTA)


def age_days(birth_date: date, on: date) -> int:
    """Completed days, the age of scoring. Negative before birth."""
    return (on - birth_date).days


def completed_months(birth_date: date, on: date) -> int:
    """Completed *calendar* months, the age of lists, laboratory and KMS bands.

    A child born on the 31st completes a month on the last day of a shorter month's successor, i.e. on the 1st:
    the month is complete when the day number is reached.
    """
    months = (on.year - birth_date.year) * 12 + on.month - birth_date.month
    return months - (on.day < birth_date.day)


def month_of(day: date) -> date:
    """First day of the month of `day`: how periods are stored."""
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """First day of the month `count` months after `month` (itself a first day)."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def last_day(month: date) -> date:
    """Last calendar day of the month that starts on `month`."""
    return add_months(month, 1) - timedelta(days=1)


def turns_sixty_months_on(birth_date: date) -> date:
    """The first day on which 60 calendar months are complete (29 February: 1 March in a common year)."""
    try:
        return birth_date.replace(year=birth_date.year + 5)
    except ValueError:
        return date(birth_date.year + 5, 3, 1)


def born_after_for_under_five(today: date) -> date:
    """Children born later are under five on `today` (29 February counts as the 28th: a day too many harms nobody)."""
    years = UNDER_FIVE_MONTHS // 12
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def parse_month(text: str) -> date:
    """`2026-04` → 2026-04-01. ValueError otherwise."""
    if len(text) != len("2026-04") or text[4] != "-":
        raise ValueError(f"period {text!r} is not YYYY-MM")
    return date(int(text[:4]), int(text[5:]), 1)


def format_month(month: date) -> str:
    """2026-04-01 → `2026-04`."""
    return f"{month:%Y-%m}"
