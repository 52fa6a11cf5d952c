"""Map, trend and numbers of the page."""

from __future__ import annotations

from datetime import date

import pytest

from services.reporting.http.map_svg import dissolve, map_below
from services.reporting.http.numbers import count, interval, month_name, percent
from services.reporting.http.page_texts import texts
from services.reporting.http.page_view import share_class
from services.reporting.http.trend_svg import Month, draw_trend

pytestmark = pytest.mark.bare


def month(share: float | None, *, solid: bool = True) -> Month:
    low, high = (None, None) if share is None else (share - 0.02, share + 0.02)
    return Month("Apr 26", share, low, high, solid, "")


def test_a_month_without_data_is_a_gap_in_the_line() -> None:
    picture = draw_trend([month(0.20), month(0.22), month(None), month(0.21)])
    assert [len(line.split()) for line in picture.lines] == [2, 1]
    assert len(picture.dots) == 3


def test_the_axis_begins_at_zero_and_ends_above_the_highest_bound() -> None:
    picture = draw_trend([month(0.31)])
    shares = [share for _, share in picture.grid]
    assert shares[0] == 0
    assert shares[-1] >= 0.33
    assert draw_trend([]).lines == ()


def test_a_month_that_cannot_be_compared_is_hollow() -> None:
    assert [dot.solid for dot in draw_trend([month(0.2), month(0.2, solid=False)]).dots] == [True, False]


def test_the_map_has_every_area_once_and_kecamatan_keep_the_borders_of_their_desa() -> None:
    district = map_below("12.19")
    assert district is not None
    assert sorted(shape.code for shape in district.shapes) == [f"12.19.{number:02d}" for number in range(1, 13)]
    one = map_below("12.19.01")
    assert one is not None
    assert len({shape.code for shape in one.shapes}) == len(one.shapes) == 21
    assert map_below("12.19.01.2003") is None


def test_a_border_between_two_areas_falls_out_of_their_outline() -> None:
    left = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    right = [(1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0), (1.0, 0.0)]  # drawn the other way round
    (outline,) = dissolve([left, right])
    assert outline[0] == outline[-1]
    assert set(outline) == {(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (0.0, 1.0)}
    assert len(outline) == 7


@pytest.mark.parametrize(
    ("share", "name"),
    [(None, "no-data"), (0.0, "class-0"), (0.025, "class-1"), (0.0999, "class-1"), (0.20, "class-3"), (0.3, "class-4")],
)
def test_classes_are_half_open_and_no_data_is_its_own(share: float | None, name: str) -> None:
    assert share_class(share) == name


def test_numbers_are_written_as_each_language_does() -> None:
    assert (count(12345, "id"), count(12345, "en"), count(None, "id")) == ("12.345", "12,345", "–")  # noqa: RUF001
    assert (percent(0.194, "id"), percent(0.194, "en")) == ("19,4\N{NO-BREAK SPACE}%", "19.4%")
    assert percent(None, "id") == "–"  # noqa: RUF001 - as people read it
    assert interval(0.179, 0.21, "id") == "17,9–21,0\N{NO-BREAK SPACE}%"  # noqa: RUF001
    assert (month_name(date(2026, 5, 1), "id"), month_name(date(2026, 5, 1), "en")) == ("Mei 2026", "May 2026")


def test_every_text_exists_in_both_languages() -> None:
    indonesian, english = texts("id"), texts("en")
    assert indonesian.keys() == english.keys()
    assert all(indonesian.values())
    assert all(english.values())
