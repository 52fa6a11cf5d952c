"""What a child counts for in a month."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.child_month import MARKS, ChildMonth
from shared.contracts.child import MeasurementV1
from shared.contracts.fact import Fact
from tests.unit.reporting.history import BORN, DESA, assessment, at, child, measurement
from tests.unit.reporting.revisions import group_of, months_of

pytestmark = pytest.mark.bare
JUNE = date(2026, 6, 10)


def month_from(*facts: Fact) -> ChildMonth:
    """The one current child-month of `facts`."""
    (version,) = [version for version in months_of(group_of((child(), *facts))) if version.known_to is None]
    return version.content


def marks_of(content: ChildMonth) -> set[str]:
    return {name for bit, name in enumerate(MARKS) if content.marks >> bit & 1}


def visit(name: str, on: date = JUNE, *, scores: dict[str, Any] | None = None, **fields: Any) -> list[Fact]:
    taken: MeasurementV1 = measurement(name, on, **fields)
    return [taken, assessment(taken, **(scores or {}))]


def test_a_child_with_oedema_counts_as_severe_in_the_weight_based_rates_only() -> None:
    """B032: blank WAZ, WHZ, BAZ count below -3 in numerator and denominator; HAZ is judged by itself."""
    scores = {"waz": None, "whz": None, "baz": None, "haz": -1.0, "oedema": True, "tier": "urgent"}
    marks = marks_of(month_from(*visit("a", scores=scores)))
    severe = {"waz_measured", "underweight", "severely_underweight", "whz_measured", "wasted", "severely_wasted"}
    assert severe | {"oedema", "baz_measured", "baz_low", "baz_severely_low", "urgent", "suspected"} <= marks
    assert "haz_measured" in marks
    assert not {"stunted", "overweight", "waz_flagged"} & marks


def test_a_tall_child_is_never_stunted() -> None:
    """B034: HAZ +3.5 is `tall`, measured and not stunted."""
    marks = marks_of(month_from(*visit("a", scores={"haz": 3.5})))
    assert "haz_measured" in marks
    assert not {"stunted", "severely_stunted"} & marks


@pytest.mark.parametrize(
    ("haz", "stunted", "severe"), [(-2.0, False, False), (-2.01, True, False), (-3.0, True, False), (-3.01, True, True)]
)
def test_cut_offs_are_strict_on_the_rounded_score(*, haz: float, stunted: bool, severe: bool) -> None:
    """B030: list, card and map agree, since all look at the rounded z."""
    marks = marks_of(month_from(*visit("a", scores={"haz": haz})))
    assert ("stunted" in marks, "severely_stunted" in marks) == (stunted, severe)


def test_a_flagged_score_is_measured_but_in_no_rate() -> None:
    marks = marks_of(month_from(*visit("a", scores={"haz": -6.5, "haz_flagged": True})))
    assert {"height_measured", "haz_flagged"} <= marks
    assert not {"haz_measured", "stunted"} & marks


def test_each_index_comes_from_the_latest_measurement_that_has_it() -> None:
    early = visit("a", date(2026, 6, 2), scores={"haz": -2.5, "waz": -2.5})
    late = visit("b", date(2026, 6, 20), length_height_cm=None, scores={"waz": -1.0, "tier": "watch"})
    content = month_from(*early, *late)
    assert (content.haz, content.waz, content.tier) == (-2.5, -1.0, "watch")
    assert {"weighed", "height_measured", "both_measured", "stunted"} <= marks_of(content)
    assert content.measured_on == date(2026, 6, 20)


def test_on_one_day_a_remeasurement_speaks_before_the_api_and_the_api_before_a_file() -> None:
    file = visit("a", channel="file", recorded_at=at(9), scores={"haz": -1.0})
    api = visit("b", channel="api", recorded_at=at(5), scores={"haz": -2.0})
    again = visit("c", channel="file", is_remeasurement=True, recorded_at=at(1), scores={"haz": -3.0})
    assert month_from(*file, *api, *again).haz == -3.0
    assert month_from(*file, *api).haz == -2.0
    later = visit("d", channel="file", recorded_at=at(10), scores={"haz": -1.5})
    assert month_from(*file, *later).haz == -1.5


def test_a_second_weighing_on_one_day_does_not_take_the_height_of_that_day_away() -> None:
    """B024: the primary speaks first, what it lacks comes from the other."""
    first = visit("a", scores={"haz": -2.4, "waz": -4.0, "is_primary": False})
    second = visit("b", is_remeasurement=True, length_height_cm=None, scores={"waz": -1.9, "is_primary": True})
    content = month_from(*first, *second)
    assert (content.haz, content.waz) == (-2.4, -1.9)


@pytest.mark.parametrize("on", [BORN.replace(year=2029), date(2024, 3, 9)])
def test_outside_0_to_59_months_a_measurement_counts_for_nothing(on: date) -> None:
    assert months_of(group_of((child(), *visit("a", on)))) == []
    assert months_of(group_of((child(), *visit("a", BORN.replace(year=2029, day=9))))) != []


def test_the_place_is_that_of_the_last_measurement_of_the_month() -> None:
    """B102: measured before and after a move, the child counts once, where it lived at the last measurement."""
    homes = [(BORN, DESA[0], None), (date(2026, 6, 15), DESA[2], None)]
    facts = [child(homes=homes), *visit("a", date(2026, 6, 2)), *visit("b", date(2026, 6, 20))]
    (version,) = months_of(group_of(facts))
    assert version.content.place.desa_code == DESA[2]
    (version,) = months_of(group_of(facts[:3]))
    assert version.content.place.desa_code == DESA[0]
    assert version.content.span_place is not None
    assert version.content.span_place.desa_code == DESA[2]
