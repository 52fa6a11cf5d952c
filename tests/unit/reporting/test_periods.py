"""Periods of figures: how they are written, what they hold."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.periods import LENGTHS, Period, parse_period, period_of

MONTHS = st.dates(date(1990, 1, 1), date(2090, 12, 31)).map(lambda day: day.replace(day=1))


@pytest.mark.parametrize(
    ("text", "first", "months"),
    [
        ("2026-04", date(2026, 4, 1), 1),
        ("2026-Q1", date(2026, 1, 1), 3),
        ("2026-Q4", date(2026, 10, 1), 3),
        ("2026-S2", date(2026, 7, 1), 6),
        ("2026", date(2026, 1, 1), 12),
    ],
)
def test_a_period_is_written_as_it_is_read(text: str, first: date, months: int) -> None:
    assert parse_period(text) == Period(first, months)
    assert str(Period(first, months)) == text


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-Q5", "2026-S3", "2026-4", "26", "2026-Q", "2026-04-01", "२०२६", "0000"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|year"):
        parse_period(text)


@given(month=MONTHS, months=st.sampled_from(LENGTHS))
def test_each_month_lies_in_one_period_of_each_length(month: date, months: int) -> None:
    period = period_of(month, months)
    assert month in period.months_of
    assert len(period.months_of) == months
    assert month not in period.shifted(1).months_of
    assert parse_period(str(period)) == period
    assert period.shifted(1).shifted(-1) == period
    assert period.last_day < period.shifted(1).first
