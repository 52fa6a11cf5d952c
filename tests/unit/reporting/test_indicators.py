"""Indicators as data: a file that can be used, definitions by date, and what a period says of its months."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.domain.indicator_set import Count
from services.reporting.domain.indicator_values import Told, counted_over, coverage_over, parts_of, value_of
from services.reporting.domain.periods import Period, parse_period
from services.reporting.domain.read_indicators import FILE, IndicatorError, load, read

pytestmark = pytest.mark.bare
GOOD = """
[[indicator]]
code = "d_s"
name = { id = "D/S", en = "D/S" }
definition = { id = "Ditimbang", en = "Weighed" }
rule = "mean_of_months"
from = 2024-01-01
source = "x"
status = "P"
count = { kind = "figures", numerator = "measured_children", denominator = "target_children" }
"""
NOW = date(2026, 6, 1)


def test_the_shipped_file_can_be_used_and_says_everything_in_two_languages() -> None:
    for one in load().indicators:
        assert one.name["id"] != one.definition["id"]
        assert one.definition["id"] != one.definition["en"]
    assert {one.rule for one in load().indicators} == {
        "latest_of_child", "mean_of_months", "cumulative", "sum", "point_in_time",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (GOOD.replace("figures", "guess"), "count: kind must be one of"),
        (GOOD.replace("measured_children", "measured"), "numerator is no count"),
        (GOOD.replace('"P"', '"sure"'), "status must be one of"),
        (GOOD.replace("rule =", "rul ="), "unknown key rul"),
        (GOOD.replace("2024-01-01", '"2024"'), "from must be a day"),
        (GOOD.replace('id = "D/S", ', ""), "name must say id and en"),
        (GOOD + GOOD, "begins before the one before it ends"),
        (
            GOOD.replace(
                'kind = "figures", numerator = "measured_children", denominator = "target_children"',
                'kind = "children", window = "month", age_months = [0, 60], counted = ["growth_card"], '
                'known_by = ["growth_card_known"]',
            ),
            "nothing of its window and ages counts who has growth_card_known",
        ),
        (GOOD.replace("d_s", "D/S"), "code must be a word"),
        ("[[indicator]\n", "no TOML"),
        ("", "there is none"),
    ],
)
def test_a_broken_file_stops_and_says_what_is_wrong(broken: str, problem: str) -> None:
    with pytest.raises(IndicatorError, match=problem):
        read(broken.encode())


def test_every_problem_of_a_file_is_told_at_once() -> None:
    broken = GOOD.replace("mean_of_months", "guess").replace('"P"', '"X"').replace('source = "x"', "")
    with pytest.raises(IndicatorError) as found:
        read(broken.encode())
    assert len(found.value.problems) == 3


def test_an_act_and_a_mark_that_do_not_exist_are_named() -> None:
    text = FILE.read_text(encoding="utf-8").replace('counted = ["vitamin_a"]', 'counted = ["vitamin_b"]')
    with pytest.raises(IndicatorError, match="vitamin_b is neither a mark nor an act"):
        read(text.encode())


def test_an_old_period_keeps_the_old_definition() -> None:
    later = GOOD.replace("2024-01-01", "2026-04-01").replace('"Ditimbang"', '"Lain"')
    known = read((GOOD.replace('source = "x"', 'source = "x"\nuntil = 2026-04-01') + later).encode())
    assert [one.definition["id"] for one in known.on(date(2026, 3, 31))] == ["Ditimbang"]
    assert [one.definition["id"] for one in known.on(date(2026, 4, 1))] == ["Lain"]
    assert len(known.of("d_s")) == 2


@pytest.mark.parametrize(
    ("rule", "rounds", "period", "parts"),
    [
        ("latest_of_child", (), "2026-Q1", ["2026-Q1"]),
        ("mean_of_months", (), "2026-Q1", ["2026-01", "2026-02", "2026-03"]),
        ("cumulative", (), "2026-Q1", ["2026-03"]),
        ("point_in_time", (2, 8), "2026-Q1", ["2026-02"]),
        ("point_in_time", (2, 8), "2026", ["2026-02"]),  # August has not begun
        ("point_in_time", (2, 8), "2025", ["2025-08"]),
        ("point_in_time", (2, 8), "2026-05", []),
        ("mean_of_months", (), "2026-Q2", ["2026-04", "2026-05", "2026-06"]),
        ("mean_of_months", (), "2026-S2", []),
    ],
)
def test_a_rule_looks_at_its_months_that_have_begun(
    rule: Any, rounds: tuple[int, ...], period: str, parts: list[str]
) -> None:
    count = Count("children", round_months=rounds)
    assert [str(part) for part in parts_of(rule, count, parse_period(period), NOW)] == parts


def test_what_is_cumulative_is_counted_from_january() -> None:
    june = Period(date(2026, 6, 1))
    assert counted_over(june, Count("children", window="year_to_date")) == Period(date(2026, 1, 1), 6)
    assert counted_over(june, Count("children")) == june


def test_ratios_are_summed_by_numerator_and_denominator_and_counts_averaged() -> None:
    """1 of 2 and 9 of 98 are 10 of 100, not 29.6 %; as a mean of months 5 of 50."""
    months = [Told(1, 2), Told(9, 98)]
    summed = value_of("sum", months, is_share=True)
    assert (summed["numerator"], summed["denominator"], summed["share"]) == (10, 100, 0.1)
    mean = value_of("mean_of_months", months, is_share=True)
    assert (mean["numerator"], mean["denominator"], mean["share"]) == (5, 50, 0.1)
    assert mean["low"] < 0.1 < mean["high"]
    assert value_of("mean_of_months", [Told(1, 2), Told(2, 2)], is_share=True)["numerator"] == 1.5


def test_nobody_in_the_denominator_is_no_data_and_never_zero_percent() -> None:
    """B108."""
    value = value_of("sum", [Told(0, 0)], is_share=True)
    assert value["share"] is None
    assert value["reason"]["code"] == "no_data"
    assert value_of("sum", [Told(0, 7)], is_share=True)["share"] == 0.0


def test_months_in_which_nobody_has_an_answer_are_left_out_and_where_that_is_all_nothing_is_recorded() -> None:
    unknown = Told(0, 40, recorded=False)
    value = value_of("mean_of_months", [unknown, Told(8, 40)], is_share=True)
    assert (value["numerator"], value["denominator"]) == (8, 40)
    assert value_of("mean_of_months", [unknown], is_share=True)["reason"]["code"] == "not_recorded"


def test_one_hidden_month_hides_the_whole_period() -> None:
    value = value_of("mean_of_months", [Told(30, 40), Told(None, None, "suppressed")], is_share=True)
    assert value["suppressed"]
    assert value["numerator"] is None
    assert value["denominator"] is None
    assert value["share"] is None


def month_row(target: int | None, both: int, grade: str | None) -> dict[str, Any]:
    return {"target_children": target, "measured_children": both, "both_measured": both, "quality_grade": grade}


def test_the_coverage_of_several_months_is_the_sum_over_the_sum_and_their_grade_the_worst() -> None:
    told = coverage_over([month_row(100, 95, "A"), month_row(100, 55, "C"), month_row(100, 0, None)])
    assert (told["coverage"], told["coverage_both"], told["quality_grade"]) == (0.5, 0.5, "C")
    assert told["label"]["code"] == "among_measured"
    assert coverage_over([month_row(100, 95, "A")])["label"]["code"] == "comparable"
    hidden = coverage_over([month_row(100, 95, "A"), month_row(None, 95, "A")])
    assert (hidden["coverage"], hidden["label"]["code"]) == (None, "no_data")
    assert coverage_over([month_row(0, 0, None)])["coverage"] is None


def test_a_share_above_one_has_no_interval() -> None:
    value = value_of("mean_of_months", [Told(50, 40)], is_share=True)
    assert (value["share"], value["low"]) == (1.25, None)


def test_without_an_official_target_there_is_no_share_of_it() -> None:
    assert value_of("point_in_time", [Told(None, None)], is_share=False)["reason"]["code"] == "no_target"
    assert value_of("mean_of_months", [Told(50, None)], is_share=True)["reason"]["code"] == "no_target"
