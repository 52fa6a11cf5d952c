"""What laboratory values mean, rule by rule, at both edges of every limit."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from services.scoring.domain.laboratory_rules import READINGS
from services.scoring.domain.qualitative import GRADES_OF
from services.scoring.domain.readings import GRADES, NOTES, SETTLE_WITH
from services.scoring.domain.ruleset import load
from tests.unit.scoring.laboratory_examples import BORN, DRAWN, bound, read_all, result, said

NEW, OLD = "haemoglobin_who_2024", "haemoglobin_who_2011"


def at_months(months: int, days: int = 0) -> date:
    """The day a child of these examples completes so many calendar months, moved by days."""
    index = BORN.year * 12 + BORN.month - 1 + months
    return date(index // 12, index % 12 + 1, BORN.day) + timedelta(days=days)


@pytest.mark.parametrize(
    ("months", "g_l", "grade"),
    [
        *((12, g_l, grade) for g_l, grade in (
            (69, "severe_anaemia"), (70, "moderate_anaemia"), (94, "moderate_anaemia"), (95, "mild_anaemia"),
            (104, "mild_anaemia"), (105, "no_anaemia"),
        )),
        *((30, g_l, grade) for g_l, grade in (
            (69, "severe_anaemia"), (70, "moderate_anaemia"), (99, "moderate_anaemia"), (100, "mild_anaemia"),
            (109, "mild_anaemia"), (110, "no_anaemia"),
        )),
    ],
)  # fmt: skip
def test_anaemia_by_who_2024_at_both_edges_of_every_class(months: int, g_l: float, grade: str) -> None:
    reading = read_all(result(1, "haemoglobin", g_l, at_months(months)))[NEW]
    assert said(reading) == ("no" if grade == "no_anaemia" else "yes", grade)
    assert reading.threshold == (105 if months < 24 else 110)


@pytest.mark.parametrize(
    ("months", "days", "g_l", "verdict"),
    [
        (6, -1, 60.0, ("no_reference", "no_reference")),  # 5 months 29 or 30 days
        (6, 0, 104.0, ("yes", "mild_anaemia")),
        (24, -1, 107.0, ("no", "no_anaemia")),
        (24, 0, 107.0, ("yes", "mild_anaemia")),
        (60, -1, 107.0, ("yes", "mild_anaemia")),
        (60, 0, 60.0, ("no_reference", "no_reference")),
    ],
)
def test_each_age_falls_in_one_band_and_the_band_changes_on_the_day(
    months: int, days: int, g_l: float, verdict: tuple[str, str]
) -> None:
    """B050, and the day before and of 6, 24 and 60 calendar months."""
    assert said(read_all(result(1, "haemoglobin", g_l, at_months(months, days)))[NEW]) == verdict


def test_a_child_of_23_9_months_is_read_by_the_younger_band() -> None:
    """B040: 727 days old, Hb 107 g/L."""
    reading = read_all(result(1, "haemoglobin", 107.0), born=DRAWN - timedelta(days=727))[NEW]
    assert said(reading) == ("no", "no_anaemia")


def test_both_rules_are_shown_where_elevation_makes_them_differ() -> None:
    """B038: 30 months, 115 g/L, 1,200 m."""
    readings = read_all(result(1, "haemoglobin", 115.0, at_months(30)), elevation_m=1_200)
    assert (said(readings[NEW]), readings[NEW].adjusted_value) == (("yes", "mild_anaemia"), 107.0)
    assert (said(readings[OLD]), readings[OLD].adjusted_value) == (("no", "no_anaemia"), 113.0)
    assert "elevation_adjusted" in readings[NEW].notes
    assert readings[NEW].provisional, "the newer subtractions are provisional"
    assert not readings[OLD].provisional


@pytest.mark.parametrize(
    ("months", "g_l", "shown"),
    [
        (12, 107.0, True),
        (12, 110.0, False),
        (12, 104.0, False),
        (12, 97.0, True),
        (12, 80.0, False),
        (12, 95.0, True),
        (30, 95.0, False),
    ],
)
def test_the_older_rule_is_shown_only_where_the_class_differs(months: int, g_l: float, *, shown: bool) -> None:
    assert (OLD in read_all(result(1, "haemoglobin", g_l, at_months(months)))) is shown


@pytest.mark.parametrize(
    ("elevation_m", "adjusted"),
    [
        (-5, None), (0, None), (499.9, None), (500, 106.0), (999.9, 106.0), (1_000, 102.0), (1_500, 99.0),
        (1_999, 99.0), (2_000, 96.0), (2_500, 92.0), (3_000, 89.0), (3_500, 85.0), (4_000, 81.0), (4_499, 81.0),
        (4_500, 77.0), (5_500, 77.0),
    ],
)  # fmt: skip
def test_the_highest_band_of_elevation_reached_is_subtracted(elevation_m: float, adjusted: float | None) -> None:
    reading = read_all(result(1, "haemoglobin", 110.0, at_months(30)), elevation_m=elevation_m)[NEW]
    assert reading.adjusted_value == adjusted
    assert said(reading)[0] == ("no" if adjusted is None else "yes")


@pytest.mark.parametrize(
    ("g_l", "verdict", "settle_with"),
    [
        (109.0, ("yes", "mild_anaemia"), None),  # however high the child lives
        (110.0, ("indeterminate", "elevation_unknown"), "record_elevation"),
        (142.0, ("indeterminate", "elevation_unknown"), "record_elevation"),
        (143.0, ("no", "no_anaemia"), None),  # 143 - 33 = 110
    ],
)
def test_an_unknown_elevation_matters_only_where_it_could_turn_the_verdict(
    g_l: float, verdict: tuple[str, str], settle_with: str | None
) -> None:
    reading = read_all(result(1, "haemoglobin", g_l, at_months(30)), elevation_m=None)[NEW]
    assert (said(reading), reading.settle_with) == (verdict, settle_with)
    assert "elevation_unknown" in reading.notes


@pytest.mark.parametrize(
    ("test_code", "value", "verdict"),
    [
        ("haemoglobin", 109.49, ("yes", "mild_anaemia")),
        ("haemoglobin", 109.5, ("no", "no_anaemia")),  # 10.95 g/dL
        ("ferritin", 11.4, ("yes", "deficient")),
        ("ferritin", 29.5, ("no", "not_deficient")),
        ("crp", 5.4, ("no", "normal")),
        ("crp", 5.5, ("yes", "raised")),
        ("crp", 6.0, ("yes", "raised")),  # B036
        ("agp", 1.04, ("no", "normal")),
        ("agp", 1.05, ("yes", "raised")),
        ("mcv", 72.49, ("yes", "low")),
        ("mcv", 72.5, ("no", "not_low")),
    ],
)
def test_values_are_rounded_half_up_to_the_decimals_of_the_cut_off(
    test_code: str, value: float, verdict: tuple[str, str]
) -> None:
    rule = NEW if test_code == "haemoglobin" else test_code
    assert said(read_all(result(1, test_code, value))[rule]) == verdict


@pytest.mark.parametrize(
    ("ferritin", "crp", "agp", "verdict", "notes"),
    [
        (11.0, None, None, ("yes", "deficient"), ()),
        (12.0, None, None, ("indeterminate", "depends_on_inflammation"), ("crp_missing", "agp_missing")),
        (29.0, None, 0.9, ("indeterminate", "depends_on_inflammation"), ("crp_missing",)),
        (30.0, None, None, ("no", "not_deficient"), ()),
        (11.0, 9.0, None, ("yes", "deficient"), ()),
        (12.0, 5.0, None, ("no", "not_deficient"), ("agp_missing",)),
        (12.0, 5.0, 1.0, ("no", "not_deficient"), ()),
        (12.0, 6.0, None, ("yes", "deficient"), ("inflammation", "agp_missing")),
        (29.0, 6.0, 1.0, ("yes", "deficient"), ("inflammation_incubation",)),
        (29.0, 6.0, 1.1, ("yes", "deficient"), ("inflammation_early_convalescence",)),
        (29.0, 5.0, 1.1, ("yes", "deficient"), ("inflammation_late_convalescence",)),
        (29.0, None, 1.1, ("yes", "deficient"), ("inflammation", "crp_missing")),
        (30.0, 6.0, 1.1, ("no", "not_deficient"), ()),
    ],
)
def test_ferritin_is_read_with_inflammation(
    ferritin: float, crp: float | None, agp: float | None, verdict: tuple[str, str], notes: tuple[str, ...]
) -> None:
    results = [result(1, "ferritin", ferritin)]
    results += [result(2, "crp", crp)] if crp is not None else []
    results += [result(3, "agp", agp)] if agp is not None else []
    reading = read_all(*results)["ferritin"]
    assert (said(reading), reading.notes) == (verdict, notes)
    assert reading.settle_with == ("crp" if verdict[0] == "indeterminate" else None)


@pytest.mark.parametrize(
    ("test_code", "text", "verdict"),
    [
        ("ferritin", "<5", ("yes", "deficient")),
        ("ferritin", "<12", ("yes", "deficient")),
        ("ferritin", "<=12", ("indeterminate", "bound_undecided")),
        ("ferritin", "<15", ("indeterminate", "bound_undecided")),
        ("ferritin", ">29", ("indeterminate", "bound_undecided")),
        ("ferritin", ">=30", ("no", "not_deficient")),
        ("crp", ">200", ("yes", "raised")),
        ("crp", ">5", ("yes", "raised")),
        ("crp", ">=5", ("indeterminate", "bound_undecided")),
        ("crp", "<5", ("no", "normal")),
        ("crp", "<6", ("indeterminate", "bound_undecided")),
        ("haemoglobin", "<70", ("yes", "severe_anaemia")),
        ("haemoglobin", "<105", ("yes", "anaemia")),
        ("haemoglobin", "<111", ("indeterminate", "bound_undecided")),
        ("haemoglobin", ">=110", ("no", "no_anaemia")),
        ("mcv", "<73", ("yes", "low")),
        ("mcv", ">73", ("no", "not_low")),
    ],
)
def test_a_bound_is_a_range_and_may_leave_the_verdict_open(test_code: str, text: str, verdict: tuple[str, str]) -> None:
    """B046: `<5` is certainly below 12; `<15` against 12 is indeterminate."""
    reading = read_all(bound(1, test_code, text))[NEW if test_code == "haemoglobin" else test_code]
    assert said(reading) == verdict
    assert reading.comparator == text.rstrip("0123456789")
    assert "bound" in reading.notes
    again = "blood_count" if test_code in {"haemoglobin", "mcv"} else test_code
    assert reading.settle_with == (again if verdict[0] == "indeterminate" else None)


def test_a_bound_that_only_inflammation_separates_is_settled_by_it() -> None:
    with_crp = [bound(1, "ferritin", "<15"), result(2, "crp", 9.0)]
    assert said(read_all(*with_crp)["ferritin"]) == ("yes", "deficient")


NOON = datetime(2026, 4, 20, 5, tzinfo=UTC)  # 12:00 in Jakarta


@pytest.mark.parametrize(
    ("value", "drawn_at", "verdict"),
    [
        (64.0, NOON - timedelta(seconds=1), ("yes", "low")),
        (65.0, NOON - timedelta(seconds=1), ("no", "not_low")),
        (64.0, NOON, ("no", "not_low")),
        (56.0, NOON, ("yes", "low")),
        (57.0, NOON, ("no", "not_low")),
        (40.0, None, ("indeterminate", "draw_time_missing")),
        (64.7059, NOON - timedelta(hours=3), ("no", "not_low")),  # 9.9 umol/L rounds to 65 ug/dL
    ],
)
def test_zinc_is_read_by_the_local_time_of_the_draw(
    value: float, drawn_at: datetime | None, verdict: tuple[str, str]
) -> None:
    reading = read_all(result(1, "zinc", value, drawn_at=drawn_at))["zinc"]
    assert said(reading) == verdict
    assert reading.settle_with == ("record_draw_time" if drawn_at is None else None)


@pytest.mark.parametrize(("test_code", "value"), [("crp", 6.0), ("agp", 1.1)])
def test_low_zinc_with_inflammation_is_low_possibly_for_that(test_code: str, value: float) -> None:
    low = result(1, "zinc", 50.0, drawn_at=NOON)
    assert said(read_all(low, result(2, test_code, value))["zinc"]) == ("yes", "low_possibly_inflammation")
    assert said(read_all(low, result(2, "crp", 5.0))["zinc"]) == ("yes", "low")


@pytest.mark.parametrize(
    ("months", "days", "value", "grade"),
    [
        (6, -1, 60.0, "no_reference"),
        (6, 0, 69.0, "low"),
        (24, -1, 70.0, "not_low"),
        (24, 0, 72.0, "low"),
        (60, -1, 73.0, "not_low"),
        (60, 0, 60.0, "no_reference"),
    ],
)
def test_small_red_cells_by_age(months: int, days: int, value: float, grade: str) -> None:
    reading = read_all(result(1, "mcv", value, at_months(months, days)))["mcv"]
    assert reading.grade == grade
    assert reading.provisional


@pytest.mark.parametrize(
    ("crp_days", "value"),
    [([(-8, 9.0)], None), ([(-7, 9.0)], 9.0), ([(7, 9.0)], 9.0), ([(8, 9.0)], None), ([(-3, 9.0), (2, 4.0)], 4.0),
     ([(-2, 9.0), (2, 4.0)], 4.0), ([(0, 9.0), (0, 4.0)], 4.0)],
)  # fmt: skip
def test_the_nearest_draw_of_crp_belongs_to_a_ferritin_then_the_latest(
    crp_days: list[tuple[int, float]], value: float | None
) -> None:
    crps = [
        result(number, "crp", crp, DRAWN + timedelta(days=days)) for number, (days, crp) in enumerate(crp_days, start=2)
    ]
    grade = {None: "depends_on_inflammation", 9.0: "deficient", 4.0: "not_deficient"}[value]
    assert read_all(result(1, "ferritin", 20.0), *crps)["ferritin"].grade == grade


def test_the_newest_result_of_a_test_is_read_whatever_the_order_they_come_in() -> None:
    morning = datetime(2026, 4, 20, 1, tzinfo=UTC)
    rising = [
        result(9, "haemoglobin", 60.0, DRAWN - timedelta(days=1), drawn_at=morning - timedelta(days=1)),
        result(8, "haemoglobin", 61.0),  # no time: before any time of its day
        result(7, "haemoglobin", 62.0, drawn_at=morning),
        result(6, "haemoglobin", 63.0, drawn_at=morning + timedelta(hours=1)),
        result(5, "haemoglobin", 64.0, drawn_at=morning + timedelta(hours=1), reported_at=morning + timedelta(days=2)),
        result(6, "haemoglobin", 65.0, drawn_at=morning + timedelta(hours=1), reported_at=morning + timedelta(days=2)),
    ]
    for count in range(1, len(rising) + 1):
        shuffled = random.Random(count).sample(rising[:count], count)
        assert read_all(*shuffled)[NEW].value == rising[count - 1].value


def test_an_input_removed_makes_it_indeterminate_and_given_back_the_same_verdict() -> None:
    ferritin, crp = result(1, "ferritin", 20.0), result(2, "crp", 9.0)
    whole = read_all(ferritin, crp)["ferritin"]
    assert read_all(ferritin)["ferritin"].abnormal == "indeterminate"
    assert read_all(crp, ferritin)["ferritin"] == whole
    blood = result(3, "haemoglobin", 112.0)
    assert read_all(blood, elevation_m=None)[NEW].abnormal == "indeterminate"
    assert read_all(blood, elevation_m=500)[NEW].abnormal == "yes"
    unborn = read_all(blood, born=None)[NEW]
    assert (said(unborn), unborn.settle_with) == (("indeterminate", "age_missing"), "register_child")


def test_a_unit_that_is_not_the_rules_own_is_never_assumed() -> None:
    reading = read_all(result(1, "haemoglobin", 11.2, canonical_unit="g/dL"))[NEW]
    assert (said(reading), reading.settle_with) == (("indeterminate", "unit_unexpected"), "blood_count")
    foreign_crp = [result(1, "ferritin", 20.0), result(2, "crp", 0.9, canonical_unit="mg/dL")]
    assert read_all(*foreign_crp)["ferritin"].grade == "depends_on_inflammation"


def test_a_test_without_a_rule_has_no_reading_and_a_capillary_one_is_marked() -> None:
    assert read_all(result(1, "rdw", 14.0), result(2, "platelets", 300.0)) == {}
    assert read_all(result(1, "haemoglobin", 120.0, specimen="capillary"))[NEW].notes == ("capillary",)


# Reached in test_qualitative_readings.py.
QUALITATIVE = {
    *(grade for grades in GRADES_OF.values() for grade in grades),
    *("light_infection", "moderate_infection", "heavy_infection", "maternal_antibodies", "not_readable"),
    *("reading_time_missing", "read_at_wrong_time", "depends_on_immunity"),
}


def test_every_reading_names_its_source_and_only_known_codes() -> None:
    """All rules over ages, values and missing inputs: every grade is reached, none is unknown."""
    rules = load().laboratory
    seen: set[str] = set()
    for months, elevation_m, born in itertools.product((3, 12, 30, 60, 130), (None, 0.0, 1_600.0), (BORN, None)):
        drawn = at_months(months)
        at = datetime(drawn.year, drawn.month, drawn.day, 2, tzinfo=UTC)
        for text in ("<5", "<72", "5", "20", "60", "80", "97", "104", "106", "<108", "150"):
            for crp in ("4", "9", None):
                others = [bound(2, "crp", crp, drawn)] if crp else []
                for test_code in ("haemoglobin", "ferritin", "crp", "agp", "zinc", "mcv"):
                    for drawn_at in (at, None):
                        tested = bound(1, test_code, text, drawn, drawn_at=drawn_at)
                        mates = [each for each in others if each.test_code != test_code]
                        for reading in read_all(tested, *mates, born=born, elevation_m=elevation_m).values():
                            seen.add(reading.grade)
                            assert set(reading.notes) <= set(NOTES)
                            assert reading.settle_with is None or reading.settle_with in SETTLE_WITH
                            assert (reading.settle_with is None) == (reading.abnormal != "indeterminate")
                            assert reading.source == rules.readings[reading.rule_id].source
    for text, test_code, ft4 in itertools.product(
        ("0.3", "0.5", "9", "12", "<6.5", "40", "60", "200", "300"),
        ("retinol", "vitamin_d", "vitamin_b12", "folate", "albumin", "tsh", "ft4"),
        (None, "8", "12"),
    ):
        mates = [bound(2, "crp", "9")] if ft4 is None else [bound(2, "ft4", ft4)] if test_code != "ft4" else []
        for results in ([bound(1, test_code, text)], [bound(1, test_code, text), *mates]):
            for reading in read_all(*results).values():
                seen.add(reading.grade)
                assert set(reading.notes) <= set(NOTES)
                assert reading.settle_with is None or reading.settle_with in SETTLE_WITH
                assert (reading.settle_with is None) == (reading.abnormal != "indeterminate")
    assert seen == set(GRADES) - {"unit_unexpected"} - QUALITATIVE
    assert set(READINGS) == set(rules.readings)
