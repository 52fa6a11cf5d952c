"""What visits add up to, and what of it may be told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.reporting.domain.quality_counts import LYING, NOT_STATED, STANDING, Counts, Visits, counts_of, summed
from services.reporting.domain.quality_measures import measures

COLUMNS: dict[str, Any] = {
    "group": 0, "before": False, "child": 0, "day": 100, "age_days": 400, "weight_kg": 9.3, "length_height_cm": 74.5,
    "position": LYING, "haz": -1.0, "waz": -1.0, "whz": -0.5, "haz_flagged": False, "waz_flagged": False,
    "whz_flagged": False, "letter": 0, "reported_letter": NOT_STATED, "late_days": 1, "birth_day": 7, "birth_month": 6,
    "is_remeasurement": False, "device": -1, "has_muac": False,
}  # fmt: skip
TYPES: dict[type, Any] = {int: np.int64, float: np.float64, bool: np.bool_}


def visits(*rows: dict[str, Any]) -> Visits:
    """Visits that differ from an ordinary one as told."""
    table = [COLUMNS | row for row in rows]
    return Visits(
        **{name: np.array([row[name] for row in table], dtype=TYPES[type(COLUMNS[name])]) for name in COLUMNS}
    )


def counted(*rows: dict[str, Any], groups: int = 1, devices: tuple[str, ...] = ()) -> list[Counts]:
    return counts_of(visits(*rows), groups, devices, pair_days=14, late_days=31)


def test_nothing_measured_is_zero_everywhere() -> None:
    each = counted(groups=2)[1]
    assert each["visits"] == each["children"] == each["repeats"] == 0
    assert measures([each])[0]["whole_cm"] == {"numerator": 0, "denominator": 0, "share": None}
    assert measures([each])[0]["haz"]["sd"] is None


def test_each_group_has_its_own_counts() -> None:
    one, two = counted({}, {"group": 1, "child": 1, "length_height_cm": 75.0}, {"group": 1, "child": 2}, groups=2)
    assert (one["visits"], two["visits"]) == (1, 2)
    assert (one["heights_whole"], two["heights_whole"]) == (0, 1)
    assert two["height_digits"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("age_days", "position", "wrong"),
    [(730, LYING, 0), (730, STANDING, 1), (731, LYING, 1), (731, STANDING, 0), (731, NOT_STATED, 0)],
)
def test_the_position_is_that_of_the_age(age_days: int, position: int, wrong: int) -> None:
    each = counted({"age_days": age_days, "position": position})[0]
    assert each["position_wrong"] == wrong
    assert each["position_stated"] == (position != NOT_STATED)


def test_a_child_counts_once_and_lacks_only_what_none_of_its_visits_has() -> None:
    weight_only = {"length_height_cm": None, "day": 90}
    each = counted(weight_only, {"weight_kg": None}, {"child": 1, **weight_only})[0]
    assert (each["visits"], each["children"], each["incomplete"]) == (3, 2, 1)


def test_two_values_of_a_child_on_one_day_are_a_contradiction_but_not_a_second_reading() -> None:
    same = counted({}, {})[0]
    other = counted({}, {"weight_kg": 9.4})[0]
    again = counted({}, {"weight_kg": 9.4, "is_remeasurement": True})[0]
    assert [each["same_day_twice"] for each in (same, other, again)] == [0, 1, 0]


def test_pairs_of_children_with_the_same_values_are_of_one_day() -> None:
    three = counted(*({"child": number} for number in range(3)), {"child": 3, "weight_kg": 9.4})[0]
    assert (three["pairs_identical"], three["identical_children"], three["pairs_possible"]) == (3, 3, 6)
    apart = counted({"child": 0}, {"child": 1, "day": 101})[0]
    assert (apart["pairs_identical"], apart["pairs_possible"]) == (0, 0)


@pytest.mark.parametrize(("day", "pairs"), [(86, 1), (87, 0)])
def test_visits_far_enough_apart_are_a_pair(day: int, pairs: int) -> None:
    each = counted({}, {"before": True, "day": day, "haz": -1.2})[0]
    assert (each["repeats"], each["repeats_same"]) == (pairs, pairs)
    assert each["dhaz_n"] == pairs
    assert each["dhaz_p1"] == pytest.approx(0.2 * pairs)
    assert each["visits"] == 1


def test_a_flagged_score_is_in_no_mean_and_no_change() -> None:
    each = counted({"haz": -6.5, "haz_flagged": True}, {"before": True, "day": 60})[0]
    assert (each["haz_n"], each["flagged"], each["dhaz_n"], each["dwaz_n"]) == (0, 1, 0, 1)


@pytest.mark.parametrize(("days", "late"), [(31, 0), (32, 1)])
def test_late_is_later_than_the_days_of_the_rules(days: int, late: int) -> None:
    assert counted({"late_days": days})[0]["late"] == late


def test_letters_are_compared_where_both_are_there() -> None:
    each = counted({}, {"child": 1, "reported_letter": 0}, {"child": 2, "reported_letter": 1})[0]
    assert (each["letters_compared"], each["letters_differ"]) == (2, 1)


@pytest.mark.parametrize(("day", "month", "heaped", "january"), [(1, 1, 1, 1), (15, 2, 1, 0), (14, 12, 0, 0)])
def test_births_on_the_first_or_fifteenth_or_in_january(day: int, month: int, heaped: int, january: int) -> None:
    each = counted({"birth_day": day, "birth_month": month})[0]
    assert (each["births_heaped"], each["births_january"]) == (heaped, january)


def test_devices_are_counted_by_their_code_and_told_to_nobody() -> None:
    each = counted({"device": 0, "waz": -0.6}, {"before": True, "day": 60}, devices=("timbangan",))[0]
    assert each["devices"] == {"timbangan": [1.0, 0.4, 0.16]}
    assert "devices" not in summed([each, each])
    assert "timbangan" not in str(measures([summed([each])]))


def test_counts_of_parts_add_up_and_shape_follows_from_sums_of_powers() -> None:
    scores = [-2.0, -1.0, 0.5, 1.0, 3.0, -0.5]
    parts = [counted({"child": number, "haz": score})[0] for number, score in enumerate(scores)]
    told = measures([summed(parts)])[0]["haz"]
    z = np.array(scores) - np.mean(scores)
    assert told["sd"] == pytest.approx(np.std(scores, ddof=1), abs=0.001)
    assert told["skew"] == pytest.approx(np.mean(z**3) / np.mean(z**2) ** 1.5, abs=0.001)
    assert told["kurtosis"] == pytest.approx(np.mean(z**4) / np.mean(z**2) ** 2 - 3, abs=0.001)
