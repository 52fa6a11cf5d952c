"""How figures are told, and what is hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.figures import figures, label, quality, share_of, wilson
from services.reporting.domain.quality_pool import pooled_reasons
from services.reporting.domain.quality_ruleset import load
from services.reporting.store.sums import SUM_COLUMNS

pytestmark = pytest.mark.bare


def sums(**counts: int) -> dict[str, int]:
    return dict.fromkeys(SUM_COLUMNS, 0) | counts


def test_the_interval_of_nobody_begins_at_zero_and_that_of_everybody_ends_at_one() -> None:
    for total in range(1, 400):
        nobody, everybody = wilson(0, total), wilson(total, total)
        assert nobody is not None
        assert everybody is not None
        assert (nobody.low, everybody.high) == (0.0, 1.0)


def test_the_interval_is_wilsons() -> None:
    """Values of Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29."""
    for numerator, denominator, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(numerator, denominator)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.00006)


@given(denominator=st.integers(1, 10_000), data=st.data())
def test_the_interval_holds_the_share_and_stays_within_0_and_1(denominator: int, data: st.DataObject) -> None:
    numerator = data.draw(st.integers(0, denominator))
    found = wilson(numerator, denominator)
    assert found is not None
    assert 0 <= found.low <= numerator / denominator + 1e-12
    assert numerator / denominator - 1e-12 <= found.high <= 1


def test_nobody_measured_is_no_data_and_never_zero_percent() -> None:
    """B108: denominator 0."""
    told = figures(sums(target_children=12))
    assert told["stunted_share"] is None
    assert told["stunted_low"] is None
    assert told["coverage"] == 0
    assert told["label"]["code"] == "no_data"
    assert told["quality_grade"] is None
    assert share_of(0, 0) is None
    assert figures(sums())["coverage"] is None


def test_three_normal_children_are_zero_stunted() -> None:
    """B110: a child entered as normal is counted as measured, and as nothing else."""
    told = figures(sums(target_children=3, weighed=3, height_measured=3, both_measured=3, haz_measured=3))
    assert (told["stunted"], told["stunted_share"], told["wasted"], told["severely_wasted"]) == (0, 0.0, 0, 0)


@pytest.mark.parametrize(
    ("coverage", "code"),
    [(None, "no_data"), (0.0, "no_data"), (0.30, "among_measured"), (0.7999, "among_measured"),
     (0.80, "with_caution"), (0.90, "with_caution"), (0.9001, "comparable")],
)  # fmt: skip
def test_what_a_rate_may_be_called_follows_from_coverage(coverage: float | None, code: str) -> None:
    """B112: 30 % measured is not a prevalence."""
    told = label(coverage)
    assert told["code"] == code
    assert "preval" not in (told["text_id"] + told["text_en"]).lower()


def test_the_grade_is_that_of_the_worst_part() -> None:
    good = sums(target_children=100, weighed=95, height_measured=95, both_measured=95, haz_measured=95)
    assert quality(good)["quality_grade"] == "A"
    assert quality(good | {"height_whole_cm": 75})["quality_grade"] == "D"
    assert quality(good | {"haz_measured": 92, "haz_flagged": 3})["quality_grade"] == "C"
    assert quality(good | {"both_measured": 85})["quality_grade"] == "B"


def judged(children: int, *, whole: int = 0, **counts: int) -> dict[str, int]:
    """Sums of an area with so many children measured, `whole` heights in whole centimetres."""
    pooled = {"pooled_children": children, "pooled_heights": children, "pooled_heights_whole": whole}
    cells = dict.fromkeys(("target_children", "weighed", "height_measured", "both_measured", "haz_measured"), children)
    return sums(**cells) | pooled | counts


@pytest.mark.parametrize(
    ("area", "grade"),
    [
        (judged(9, not_judged=9), None),  # a small posyandu: neither good nor bad
        (judged(9, graded_c=9), "C"),  # a reason stood all the same
        (judged(40, not_judged=40), "A"),  # of small ones only: what all children show together
        (judged(40, not_judged=40, whole=30), "D"),
        (judged(100, graded_a=10, graded_d=40, not_judged=50), "D"),  # before, the 50 counted as A: 60 % and more
        (judged(100, graded_a=90, not_judged=10, whole=30), "B"),  # no posyandu stands out, all together do
        (judged(100, graded_a=90, not_judged=10, whole=10), "A"),
        (sums(target_children=5, weighed=5, height_measured=5, both_measured=5, haz_measured=5), None),
    ],
)
def test_too_few_to_judge_is_no_good_grade_and_all_children_are_looked_at_together(
    area: dict[str, int], grade: str | None
) -> None:
    """72 % of heights in whole centimetres, in posyandu of fewer than ten children, were graded A."""
    assert quality(area)["quality_grade"] == grade


def test_few_values_and_chance_are_no_reason_of_an_area() -> None:
    """The limit of a share is passed by chance where children are few."""
    rules = load()
    assert pooled_reasons(rules, judged(9, whole=9)) == []
    assert pooled_reasons(rules, judged(12, whole=3)) == []
    (found,) = pooled_reasons(rules, judged(400, whole=288))
    assert (found.code, found.grade, found.value, found.limit, found.n) == ("whole_cm", "D", 0.72, 0.7, 400)
    assert not any(rules.reasons[code].pooled for code in ("birth_days", "copied", "scale_bias", "improbable_zero"))
