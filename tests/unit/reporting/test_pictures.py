"""Map, trend and numbers of the page."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.formats.map_classes import share_class
from services.reporting.formats.map_labels import Box, place_labels, places_of_shares, size_of
from services.reporting.formats.map_svg import dissolve, map_below
from services.reporting.formats.numbers import NOTHING, count, interval, month_name, percent
from services.reporting.formats.trend_svg import Month, draw_trend
from services.reporting.http.cascade_view import cascade_view
from services.reporting.http.page_texts import texts

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


@pytest.mark.parametrize("area", ["12.19", *(f"12.19.{number:02d}" for number in (1, 4, 6, 7))])
def test_no_label_lies_upon_another_or_outside_the_map(area: str) -> None:
    picture = map_below(area)
    assert picture is not None
    wanted = {shape.code: [f"{shape.name}\n12,3 %", "12,3 %"] for shape in picture.shapes}
    labels = place_labels(picture, wanted, 15)
    boxes = [Box(label.x, label.y, *size_of(label.text, 15)) for label in labels.values()]
    assert not any(one.meets(other) for number, one in enumerate(boxes) for other in boxes[:number])
    for box in boxes:
        assert box.width / 2 <= box.x <= picture.width - box.width / 2
        assert box.height / 2 <= box.y <= picture.height - box.height / 2
    named = [label for label in labels.values() if "\n" in label.text]
    assert len(named) >= len(picture.shapes) / 2


def test_every_kecamatan_of_the_district_shows_its_share_and_few_give_way_on_a_phone() -> None:
    places = places_of_shares("12.19")
    assert len(places) == 12
    assert sum(place.tight for place in places.values()) <= 2
    assert places_of_shares("12.19.01.2003") == {}


def test_islets_far_out_do_not_make_the_land_a_spot_in_the_sea() -> None:
    picture = map_below("12.19.06")
    assert picture is not None
    across = [x for shape in picture.shapes for x, _ in shape.ring]
    assert max(across) - min(across) > picture.width / 2


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


RATE = {"numerator": 1, "denominator": 3, "share": 1 / 3, "low": 0.0615, "high": 0.7923}


def cascade(*counts: int | None, rate: dict[str, Any] = RATE) -> dict[str, Any]:
    steps = [
        {"step": name, "count": value, "share": value / 3 if value is not None else None, "median_days": 1}
        for name, value in zip(("suspected", "lab_ordered", "recovered"), counts, strict=True)
    ]
    return {"steps": steps, "lab_coverage": rate, "anaemia": rate}


def test_a_cascade_is_bars_numbers_and_two_rates() -> None:
    view = cascade_view(cascade(3, 2, 0), texts("en"), "en")
    assert view is not None
    assert [(step["bar"], step["share"]) for step in view["steps"]] == [
        (100.0, "100.0%"),
        (66.7, "66.7%"),
        (None, "0.0%"),
    ]
    assert view["steps"][1] | {"bar": 0} == {
        "name": "Laboratory ordered", "count": "2", "share": "66.7%", "bar": 0, "days": "1 day",
    }  # fmt: skip
    assert view["rates"][0]["basis"].startswith("1 of 3 suspected children; 95% interval: ")


def test_nobody_suspected_is_no_cascade_and_a_hidden_count_is_neither_zero_nor_no_data() -> None:
    words = texts("id")
    assert cascade_view(cascade(0, 0, 0), words, "id") is None
    hidden = cascade_view(cascade(None, None, 0, rate=dict.fromkeys(RATE)), words, "id")
    assert hidden is not None
    assert [step["count"] for step in hidden["steps"]] == [NOTHING, NOTHING, "0"]
    assert hidden["rates"][0]["value"] == NOTHING
    nobody = cascade_view(cascade(3, 0, 0, rate=dict.fromkeys(RATE) | {"numerator": 0, "denominator": 0}), words, "id")
    assert nobody is not None
    assert nobody["rates"][1]["value"] == words["no_data"]


def test_every_text_exists_in_both_languages() -> None:
    indonesian, english = texts("id"), texts("en")
    assert indonesian.keys() == english.keys()
    assert all(indonesian.values())
    assert all(english.values())
