from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.measurement.domain.age_text import Age, age_agrees, read_age
from services.measurement.domain.cells import Cell
from services.measurement.domain.dates import EXCEL_DAY_ZERO, Order, decide_order, read_date, swap_day_and_month

DAYS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (45581, date(2024, 10, 16)),
        (43102, date(2018, 1, 2)),
        ("45581", date(2024, 10, 16)),
        (45581.75, date(2024, 10, 16)),
    ],
)
def test_b068_excel_serials_are_dates(cell: Cell, day: date) -> None:
    assert read_date(cell).value == day


def test_b068_a_day_that_does_not_exist_is_an_error_and_no_date() -> None:
    parsed = read_date("31/02/2024")
    assert parsed.value is None
    assert parsed.problem == "impossible"


def test_b070_two_digit_years_are_of_this_century() -> None:
    assert read_date("12/06/23", "D/M/Y").value == date(2023, 6, 12)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-05",
        "2024/3/5",
        "05/03/2024",
        "5-3-2024",
        "5.3.24",
        "5 Mar 2024",
        "05-Maret-2024",
        "2024-03-05 00:00:00",
        "2024-03-05T23:30:00+07:00",
        "2024-03-04T23:30:00Z",
        datetime(2024, 3, 5, 6, 30),  # noqa: DTZ001 - a spreadsheet cell has no zone
        date(2024, 3, 5),
        "\xa02024-03-05\xa0",
    ],
)
def test_every_way_to_write_a_day_gives_that_day(cell: Cell) -> None:
    assert read_date(cell, "D/M/Y").value == date(2024, 3, 5)


@pytest.mark.parametrize("cell", ["", None, "-", " \xa0", 0, "//"])
def test_no_date_is_no_problem(cell: Cell) -> None:
    assert read_date(cell) == read_date(None)
    assert read_date(cell).problem is None


@pytest.mark.parametrize("cell", ["besok", "8.2", 8.2, "2024", 9999999, "12/2024", True, "1/1/0024"])
def test_what_names_no_day_is_unreadable(cell: Cell) -> None:
    assert read_date(cell).problem == "unreadable"


def test_a_date_that_only_fits_the_other_order_is_held_with_its_likely_meaning() -> None:
    parsed = read_date("12/25/2023", "D/M/Y")
    assert parsed.value is None
    assert parsed.problem == "order"
    assert parsed.proposed == date(2023, 12, 25)


@given(DAYS, st.sampled_from(["D/M/Y", "M/D/Y"]), st.sampled_from("/-."))
def test_a_written_date_reads_back_in_its_order(day: date, order: Order, mark: str) -> None:
    pattern = f"%d{mark}%m{mark}%Y" if order == "D/M/Y" else f"%m{mark}%d{mark}%Y"
    assert read_date(day.strftime(pattern), order).value == day
    assert read_date(day.isoformat(), order).value == day
    assert read_date((day - EXCEL_DAY_ZERO).days, order).value == day


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(["D/M/Y", "M/D/Y"]))
def test_the_age_text_tells_day_from_month(births: list[date], order: Order) -> None:
    pattern = "%d/%m/%Y" if order == "D/M/Y" else "%m/%d/%Y"
    seen = date(2031, 2, 3)  # read the other way: 27 days later
    # A birth date that moves as far as the visit does leaves the age as it was, and proves nothing.
    moved = [(swapped - born).days for born in births if (swapped := swap_day_and_month(born))]
    assume(sum(20 <= days <= 34 for days in moved) < len(births))
    rows = []
    for born in births:
        years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
        anniversary = date(born.year + years, born.month, min(born.day, 28))
        age = f"{years} Tahun - 0 Bulan - {(seen - anniversary).days} Hari"
        rows.append((born.strftime(pattern), seen.strftime(pattern), age))
    decision = decide_order(rows)
    assert decision.order == order
    assert decision.form == order
    assert decision.proven


def test_without_age_the_order_that_no_date_contradicts_wins() -> None:
    decision = decide_order([("3/4/2024", "5/6/2024", None), ("3/25/2024", "5/6/2024", None)])
    assert decision.order == "M/D/Y"
    assert decision.proven


def test_where_nothing_tells_the_order_is_called_unproven() -> None:
    decision = decide_order([("3/4/2024", "5/6/2024", "-")])
    assert decision.order == "D/M/Y"
    assert not decision.proven


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        ((date(2024, 1, 2), datetime(2024, 3, 4, 6, 30)), "datetime"),  # noqa: DTZ001 - a spreadsheet cell
        (("2024-01-02", "2024-03-04"), "ISO"),
        ((45000, "45100"), "serial"),
        ((None, ""), None),
    ],
)
def test_dates_that_need_no_order_are_named_by_their_form(cells: tuple[Cell, Cell], form: str | None) -> None:
    decision = decide_order([(*cells, None)])
    assert decision.form == form
    assert decision.proven


@pytest.mark.parametrize(
    ("cell", "age"),
    [
        ("2 Tahun - 9 Bulan - 9 Hari", Age(2, 9, 9)),
        ("4\xa0Tahun -\xa02\xa0Bulan -\xa022\xa0Hari", Age(4, 2, 22)),
        ("3 tahun - 5 bulan - 15 hari", Age(3, 5, 15)),
        ("18 bln", Age(0, 18, None)),
        ("#NUM!", None),
        ("-", None),
        (33, None),
    ],
)
def test_an_age_in_words_is_read(cell: Cell, age: Age | None) -> None:
    assert read_age(cell) == age


@given(DAYS, st.integers(0, 1800))
def test_an_age_counted_by_the_calendar_agrees_with_its_dates(born: date, days: int) -> None:
    seen = born + timedelta(days=days)
    months = (seen.year - born.year) * 12 + seen.month - born.month - (seen.day < born.day)
    index = born.year * 12 + born.month - 1 + months
    reached = date(index // 12, index % 12 + 1, min(born.day, 28))
    age = Age(months // 12, months % 12, (seen - reached).days)
    assert age_agrees(age, born, seen)
    assert not age_agrees(age, born, seen + timedelta(days=27))


def test_day_and_month_exchange_only_where_a_date_comes_out() -> None:
    assert swap_day_and_month(date(2024, 3, 5)) == date(2024, 5, 3)
    assert swap_day_and_month(date(2024, 3, 25)) is None
    assert swap_day_and_month(date(2024, 3, 3)) is None
