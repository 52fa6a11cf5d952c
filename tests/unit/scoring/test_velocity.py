"""Growth velocity by the WHO's standard of increments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.assessment_codes import NO_SCORE, VELOCITY_REASON_NAMES, AssessmentFlag
from services.scoring.domain.fold_columns import Fold
from services.scoring.domain.ruleset import load
from shared.growth.velocity import INCREMENT_MONTHS, NO_INTERVAL, Growing, fitting_months, velocity_table
from tests.unit.scoring import velocity_reference as reference
from tests.unit.scoring.fold_examples import Child, Story, Visit, weight_at
from tests.unit.scoring.velocity_reference import Expected

BORN = date(2025, 1, 1)
BOY, GIRL = Child(1, "M", BORN), Child(1, "F", BORN)
LOW = {
    "weight": AssessmentFlag.WEIGHT_VELOCITY_LOW,
    "length": AssessmentFlag.LENGTH_VELOCITY_LOW,
    "head": AssessmentFlag.HEAD_VELOCITY_LOW,
}


def told(folded: Fold, row: int, what: str) -> Expected | None:
    """What the fold says of a visit, in the reference's words."""
    assessed = folded.assessments
    z, days, reason = (int(getattr(assessed, f"{what}_velocity{part}")[row]) for part in ("", "_days", "_reason"))
    if z == NO_SCORE and not reason:
        return None
    low = bool(assessed.flags[row] & LOW[what])
    return Expected(
        None if z == NO_SCORE else z / 100, days or None, low, VELOCITY_REASON_NAMES[reason] if reason else None
    )


def of(child: Child, *visits: Visit, what: str = "weight") -> Expected | None:
    """What is said of the last visit."""
    return told(Story([child], list(visits)).folded(), len(visits) - 1, what)


def at(number: int, days: int, **values: Any) -> Visit:
    return Visit(number, 1, BORN + timedelta(days=days), **values)


def gain_at(what: Growing, sex: int, months: int, begin: int, z: float) -> float:
    """The increment that scores `z`."""
    table = velocity_table(what)
    place = table.find(np.array([months], np.int8), np.array([begin]))[0]
    l, m, s, delta = (column[sex, place] for column in (table.l, table.m, table.s, table.delta))  # noqa: E741
    return float(m * (1 + l * s * z) ** (1 / l) - delta)


@pytest.mark.parametrize(("sex", "median_g"), [(1, 1023), (2, 879)])
def test_the_median_gain_of_the_first_four_weeks_is_the_printed_one(sex: int, median_g: int) -> None:
    """The WHO's table prints 1023 g for boys and 879 g for girls."""
    assert round(gain_at(Growing.WEIGHT, sex, 1, 0, 0.0)) == median_g


@pytest.mark.parametrize(
    ("what", "months", "begin", "last"),
    [
        (Growing.WEIGHT, 1, 0, 335),
        (Growing.WEIGHT, 2, 0, 670),
        (Growing.WEIGHT, 6, 0, 548),
        (Growing.LENGTH, 2, 0, 670),
        (Growing.LENGTH, 6, 0, 548),
        (Growing.HEAD_CIRCUMFERENCE, 2, 0, 304),
        (Growing.HEAD_CIRCUMFERENCE, 3, 0, 274),
        (Growing.HEAD_CIRCUMFERENCE, 4, 0, 609),
    ],
)
def test_every_increment_has_its_ages(what: Growing, months: int, begin: int, last: int) -> None:
    def there(day: int) -> bool:
        return bool(velocity_table(what).find(np.array([months], np.int8), np.array([day]))[0] != NO_INTERVAL)

    assert [there(day) for day in (begin - 1, begin, last, last + 15, last + 16)] == [False, True, True, True, False]


@pytest.mark.parametrize("what", [Growing.LENGTH, Growing.HEAD_CIRCUMFERENCE])
def test_only_weight_has_a_standard_of_one_month(what: Growing) -> None:
    table = velocity_table(what)
    assert (table.find(np.ones(800, np.int8), np.arange(800)) == NO_INTERVAL).all()


def test_an_interval_fits_one_increment_within_its_days() -> None:
    fitting = fitting_months(3, 7)
    spans = {k: [int(day) for day in np.flatnonzero(fitting == k)[[0, -1]]] for k in INCREMENT_MONTHS}
    assert spans == {1: [28, 33], 2: [54, 67], 3: [85, 98], 4: [115, 128], 6: [176, 189]}
    with pytest.raises(ValueError, match="two increments"):
        fitting_months(3, 16)


@pytest.mark.parametrize(
    ("z", "rounded", "low"), [(-1.60, -1.6, False), (-1.64, -1.64, False), (-1.66, -1.66, True), (2.5, 2.5, False)]
)
def test_a_gain_below_the_fifth_centile_is_low(z: float, rounded: float, *, low: bool) -> None:
    first = weight_at(0.0, 91)
    second = first + gain_at(Growing.WEIGHT, 1, 2, 91, z) / 1000
    said = of(BOY, at(1, 91, weight=first), at(2, 152, weight=second))
    assert said == Expected(rounded, 61, low)


@pytest.mark.parametrize(
    ("days", "k"),
    [(27, 0), (28, 1), (33, 1), (34, 0), (53, 0), (54, 2), (67, 2), (68, 0), (98, 3), (128, 4), (189, 6), (190, 0)],
)
def test_only_an_interval_near_whole_months_is_judged(days: int, k: int) -> None:
    said = of(BOY, at(1, 91, weight=6.0), at(2, 91 + days, weight=7.0))
    assert said is not None
    assert (said.reason, said.days) == ((None, days) if k else ("no_velocity_standard", None))


def test_the_latest_earlier_visit_that_fits_is_compared_with() -> None:
    weights = {91: 6.0, 122: 6.6, 152: 7.0, 165: 7.1}
    visits = [at(i, day, weight=kg) for i, (day, kg) in enumerate(weights.items())]
    monthly = of(BOY, *visits[:3])
    assert monthly is not None
    assert monthly.days == 30
    assert of(BOY, *visits) == Expected(reason="no_velocity_standard"), "13, 43 and 74 days are no interval"


def test_length_of_last_month_has_no_standard_so_the_visit_of_two_months_ago_is_used() -> None:
    visits = [
        at(i, day, length=cm, position="l") for i, (day, cm) in enumerate({91: 61.3, 122: 63.4, 152: 65.1}.items())
    ]
    said = of(BOY, *visits, what="length")
    assert said is not None
    assert (said.days, said.reason) == (61, None)


def test_a_first_measurement_has_nothing_to_be_compared_with() -> None:
    assert of(BOY, at(1, 91, weight=6.0)) == Expected(reason="no_earlier_measurement")
    assert of(BOY, at(1, 91, weight=6.0), what="length") is None, "not measured is nothing to explain"


@pytest.mark.parametrize(("begin", "reason"), [(548, None), (563, None), (564, "no_velocity_standard")])
def test_the_standard_ends_at_two_years(begin: int, reason: str | None) -> None:
    said = of(BOY, at(1, begin, weight=10.0), at(2, begin + 183, weight=11.2))
    assert said is not None
    assert said.reason == reason


@pytest.mark.parametrize(("first", "second"), [("", "l"), ("l", "")])
def test_length_is_not_assessable_where_a_position_is_unknown(first: str, second: str) -> None:
    said = of(
        BOY, at(1, 91, length=61.4, position=first), at(2, 183, length=67.3, position=second), what="length"
    )  # fmt: skip
    assert said == Expected(reason="not_assessable")


def test_length_is_not_assessable_between_two_heights_in_whole_centimetres() -> None:
    assert of(
        BOY, at(1, 91, length=61.0, position="l"), at(2, 183, length=67.0, position="l"), what="length"
    ) == Expected(days=92, reason="not_assessable")  # fmt: skip
    said = of(BOY, at(1, 91, length=61.4, position="l"), at(2, 183, length=67.0, position="l"), what="length")
    assert said is not None
    assert said.reason is None


def test_standing_heights_are_compared_as_lying_lengths_across_731_days() -> None:
    born = date(2024, 1, 1)
    child = Child(1, "M", born)

    def seen(position: str, cm: float) -> Expected | None:
        return of(
            child,
            Visit(1, 1, born + timedelta(days=548), length=81.3, position="l"),
            Visit(2, 1, born + timedelta(days=731), length=cm, position=position),
            what="length",
        )

    assert seen("h", 86.1) == seen("l", 86.8)


def test_a_flagged_value_is_neither_judged_nor_compared_with() -> None:
    fine, wild = at(1, 91, weight=6.0), at(2, 122, weight=25.0)
    assert of(BOY, fine, wild) == Expected(reason="flagged")
    assert of(BOY, fine, wild, at(3, 152, weight=7.0)) == of(BOY, fine, at(3, 152, weight=7.0))
    assert of(BOY, wild, at(3, 152, weight=7.0)) == Expected(reason="not_assessable")


def test_a_loss_beyond_the_formula_is_low_without_a_score() -> None:
    said = of(BOY, at(1, 0, weight=4.2), at(2, 30, weight=3.7))
    assert said == Expected(days=30, low=True, reason="below_standard")


def test_head_circumference_is_judged_by_its_own_standard() -> None:
    said = of(GIRL, at(1, 91, head=39.6), at(2, 152, head=42.1), what="head")
    assert said is not None
    assert said.days == 61
    assert said.z is not None
    assert abs(said.z) < 2


def test_a_late_visit_changes_the_velocity_of_the_months_after_it() -> None:
    """B094 for velocity."""
    first, last = at(1, 91, weight=6.0), at(3, 152, weight=7.0)
    assert of(BOY, first, last) != of(BOY, first, replace(at(2, 122, weight=6.9)), last)


children = st.builds(
    Child,
    number=st.just(1),
    sex=st.sampled_from(["M", "F", ""]),
    born=st.integers(0, 700).map(lambda days: BORN - timedelta(days=days)),
)
some_visits = st.lists(
    st.builds(
        Visit,
        number=st.just(0),
        child=st.just(1),
        # Mostly near whole months apart, as posyandu are.
        on=st.tuples(st.integers(0, 9), st.integers(-4, 4)).map(
            lambda each: BORN + timedelta(days=max(0, round(each[0] * 30.4375) + each[1]))
        ),
        weight=st.one_of(st.none(), st.integers(25, 140).map(lambda tenths: tenths / 10)),
        length=st.one_of(st.none(), st.integers(90, 190).map(lambda halves: halves / 2), st.just(72.3)),
        position=st.sampled_from(["l", "l", "h", ""]),
        oedema=st.sampled_from([None, None, False, True]),
        head=st.one_of(st.none(), st.integers(340, 500).map(lambda tenths: tenths / 10)),
        api=st.booleans(),
        remeasured=st.sampled_from([False, False, True]),
        voided=st.sampled_from([False, False, False, True]),
        recorded=st.integers(0, 3),
    ),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(children, some_visits)
def test_the_fold_says_of_every_visit_what_the_reference_says(child: Child, made: list[Visit]) -> None:
    visits = [replace(each, number=100 + i) for i, each in enumerate(made)]
    folded = Story([child], visits).folded()
    for what in LOW:
        expected = reference.velocity(what, child, visits)
        for row, each in enumerate(visits):
            assert told(folded, row, what) == expected.get(each.number), (what, each)


def test_the_rule_set_says_where_its_numbers_come_from() -> None:
    assert load().velocity.low_below == -1.645
