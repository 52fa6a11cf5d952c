"""Each reason to doubt a posyandu-month: where it begins, where it does not, and what chance explains."""

from __future__ import annotations

from typing import Any

import pytest

from services.reporting.domain.quality_counts import POWERS, Counts
from services.reporting.domain.quality_month import NUMBERS, Month
from services.reporting.domain.quality_reasons import Judgement, grade_of, judge
from services.reporting.domain.quality_ruleset import QualityRulesError, load, read

RULES = load()
TENTHS = [20] * 10  # last digits that no kader prefers


def counts(**told: Any) -> Counts:
    """A posyandu-month of which nothing is known but what is told."""
    each: Counts = dict.fromkeys(NUMBERS, 0)
    each |= {f"{name}_p{power}": 0.0 for name in ("haz", "waz", "whz") for power in range(1, POWERS + 1)}
    return each | {"weight_digits": TENTHS, "height_digits": TENTHS, "devices": {}} | told


def spread(name: str, n: int, mean: float, sd: float) -> Counts:
    """So many scores with this mean and sample SD."""
    return {f"{name}_n": n, f"{name}_p1": n * mean, f"{name}_p2": (n - 1) * sd**2 + n * mean**2}


def judged(*months: list[Counts | None]) -> list[Judgement]:
    """The posyandu of a kecamatan in the last of some months."""
    return judge(RULES, [Month(month) for month in months])


def grades(one: Judgement) -> dict[str, str]:
    return {reason.code: reason.grade for reason in one.reasons}


@pytest.mark.parametrize(
    ("code", "numerator", "denominator", "clean", "doubtful"),
    [
        ("whole_cm", "heights_whole", "heights", 20, 23),
        ("flagged", "flagged", "scored", 4, 7),
        ("incomplete", "incomplete", "children", 10, 16),
        ("wrong_position", "position_wrong", "position_stated", 10, 18),
        ("same_day_twice", "same_day_twice", "children", 3, 7),
        ("birth_days", "births_heaped", "children", 20, 21),
        ("birth_january", "births_january", "children", 25, 26),
        ("late_entry", "late", "visits", 20, 21),
        ("letters_differ", "letters_differ", "letters_compared", 20, 25),
    ],
)
def test_a_share_is_a_reason_beyond_its_limit_and_what_chance_explains(
    code: str, numerator: str, denominator: str, clean: int, doubtful: int
) -> None:
    """Both edges, of 100; of too few values nothing is said."""
    rule = RULES.reasons[code]
    fine, found = judged(
        [counts(**{numerator: clean, denominator: 100}), counts(**{numerator: doubtful, denominator: 100})]
    )
    assert code not in grades(fine)
    assert code in fine.seen
    assert grades(found)[code] >= "B"
    reason = found.reasons[0]
    assert (reason.value, reason.n) == (doubtful / 100, 100)
    assert reason.value > reason.limit
    assert reason.p < RULES.alpha
    few = rule.fewest - 1
    assert judged([counts(**{numerator: few, denominator: few})])[0].seen.isdisjoint({code})


@pytest.mark.parametrize(("whole", "grade"), [(10, None), (30, "B"), (41, "C"), (71, "D")])
def test_the_grade_is_that_of_the_last_limit_passed(whole: int, grade: str | None) -> None:
    one = judged([counts(heights_whole=whole, heights=100)])[0]
    assert grades(one).get("whole_cm") == grade
    assert grade_of(one.reasons) == (grade or "A")


def test_weights_in_half_kilograms_are_a_reason() -> None:
    half = [50, 0, 0, 0, 0, 50, 0, 0, 0, 0]
    fine, found = judged([counts(weights=200), counts(weights=100, weight_digits=half)])
    assert ("weight_round" in grades(fine), grades(found)["weight_round"]) == (False, "D")


def test_what_is_a_copy_depends_on_how_finely_scale_and_board_are_read() -> None:
    """Seven of 30 the same: improbable to 0.1 kg and 0.1 cm, not so to 0.5 kg and whole centimetres."""
    half, whole = [100, 0, 0, 0, 0, 100, 0, 0, 0, 0], [200] + [0] * 9
    pairs = {"repeats": 30, "repeats_same": 7, "weights": 200, "heights": 200}
    fine = counts(**pairs)
    coarse = counts(**pairs, weight_digits=half, height_digits=whole, heights_whole=200)
    found, explained = judged([fine, coarse])
    assert grades(found)["copied"] == "B"
    assert "copied" not in grades(explained)


def test_children_with_the_same_values_are_a_reason_by_their_pairs() -> None:
    day = {"both_measured": 40, "pairs_possible": 780.0, "weights": 200, "heights": 200}
    fine, found = judged(
        [
            counts(**day, pairs_identical=2.0, identical_children=4.0),
            counts(**day, pairs_identical=10.0, identical_children=20.0),
        ]
    )
    assert ("identical" in grades(fine), grades(found)["identical"]) == (False, "C")


@pytest.mark.parametrize(("name", "sd", "code"), [("haz", 2.4, "haz_wide"), ("haz", 0.35, "haz_narrow"),
                                                  ("whz", 2.4, "whz_wide"), ("whz", 0.35, "whz_narrow")])  # fmt: skip
def test_scores_too_wide_or_too_alike_are_a_reason(name: str, sd: float, code: str) -> None:
    fine, found = judged([counts(**spread(name, 40, -1.0, 1.1)), counts(**spread(name, 40, -1.0, sd))])
    assert not fine.reasons
    assert set(grades(found)) == {code}


def shifted(by: float, n: int = 40, change: str = "dwaz") -> Counts:
    """Whose children have moved `by` since their last visit, each within 0.3."""
    return counts(**{f"{change}_n": n, f"{change}_p1": n * by, f"{change}_p2": (n - 1) * 0.09 + n * by**2})


@pytest.mark.parametrize(("change", "code"), [("dwaz", "scale_bias"), ("dhaz", "height_bias")])
def test_children_who_shift_while_their_neighbours_do_not_point_at_the_scale(change: str, code: str) -> None:
    """Beside the neighbours: a month in which all of them shift points at nobody's scale."""
    month: list[Counts | None] = [shifted(1.0, change=change), *(shifted(0.1, change=change) for _ in range(4))]
    found = judged(month)
    assert grades(found[0])[code] == "D"
    assert all(not one.reasons for one in found[1:])
    everybody: list[Counts | None] = [shifted(1.0, change=change) for _ in range(5)]
    assert not any(one.reasons for one in judged(everybody))


def test_a_scale_stays_off_until_an_opposite_shift_answers() -> None:
    """A mended scale moves everybody back, which is no new fault."""
    others: list[Counts | None] = [shifted(0.0) for _ in range(4)]
    off, still, mended = ([shifted(by), *others] for by in (0.4, 0.0, -0.38))
    assert grades(judged(off)[0]) == {"scale_bias": "C"}
    assert grades(judged(off, still)[0]) == {"scale_bias": "C"}
    assert grades(judged(off, still, mended)[0]) == {}
    assert grades(judged(off, still, mended, still)[0]) == {}
    assert grades(judged(still, mended)[0]) == {"scale_bias": "C"}


def test_a_device_is_judged_over_all_posyandu_that_used_it() -> None:
    def used(device: str, by: float) -> Counts:
        return shifted(by, 8) | {"devices": {device: [8.0, 8 * by, 7 * 0.09 + 8 * by**2]}}

    month: list[Counts | None] = [
        used("a", 0.4),
        used("a", 0.45),
        used("a", 0.4),
        used("b", 0.0),
        used("b", 0.02),
        used("b", 0.0),
    ]
    found = judged(month)
    assert [("device_bias" in grades(one)) for one in found] == [True] * 3 + [True] * 3
    assert {one.reasons[-1].value > 0 for one in found[:3]} == {True}


def test_a_mean_far_from_the_neighbours_is_a_reason_where_there_are_enough_of_them() -> None:
    others: list[Counts | None] = [counts(**spread("whz", 60, -0.4, 1.0)) for _ in range(30)]
    far = counts(**spread("whz", 60, 1.0, 1.0))
    assert grades(judged([far, *others])[0])["weight_level"] == "D"
    assert grades(judged([far, *others[:2]])[0]) == {}


def stunting(children: int, stunted: int) -> Counts:
    return counts(**spread("haz", children, -1.1, 1.1), stunted=stunted, children=children)


def test_nobody_stunted_for_three_months_beside_neighbours_at_a_fifth_is_improbable() -> None:
    """B114: 60 children, 0 stunted for 3 months, neighbours at 20 %."""
    month: list[Counts | None] = [stunting(60, 0), *(stunting(50, 10) for _ in range(6))]
    found = judged(month, month, month)[0]
    assert grades(found)["improbable_zero"] == "D"
    reason = found.reasons[0]
    assert (reason.value, reason.limit, reason.n, reason.test) == (0.0, 0.2, 60, "beta_binomial")


@pytest.mark.parametrize(
    ("children", "stunted", "neighbours", "months"),
    [
        (60, 0, 10, 2),  # not three months
        (15, 0, 10, 3),  # too few children
        (60, 0, 2, 3),  # neighbours with hardly any, either
        (60, 6, 10, 3),  # half of what the neighbours have
    ],
)
def test_few_stunted_children_may_be_the_truth(children: int, stunted: int, neighbours: int, months: int) -> None:
    month: list[Counts | None] = [stunting(children, stunted), *(stunting(50, neighbours) for _ in range(6))]
    assert not judged(*[month] * months)[0].reasons


def test_far_too_few_is_improbable_as_nobody_is() -> None:
    month: list[Counts | None] = [stunting(120, 1), *(stunting(50, 12) for _ in range(6))]
    assert grades(judged(month, month, month)[0]) == {"improbable_low": "C"}


def test_a_month_without_a_posyandu_says_nothing_of_it() -> None:
    assert not judged([stunting(60, 0), None], [stunting(60, 0), None])[1].reasons


def test_rules_that_say_less_than_the_code_finds_are_refused() -> None:
    shipped = load()
    assert shipped.alpha == pytest.approx(0.01 / len(shipped.reasons))
    content = b'version = "x"\n[sources]\n[method]\nfalse_alarms_at_most = 0.01\n[reason.whole_cm]\nfewest = 1\n'
    with pytest.raises(QualityRulesError, match="flagged"):
        read(content)
