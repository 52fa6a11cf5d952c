"""Sums of judged posyandu-months: a posyandu counts once, wherever its children live and however often it is found."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain.quality_counts import summed
from services.reporting.domain.quality_sums import JudgedRow, KecamatanSum, reasons_of, sum_of, together

KECAMATAN = ("12.19.01", "12.19.02")
CODES = ("copied", "whole_cm")


def row(dice: random.Random, kecamatan: str) -> JudgedRow:
    """A posyandu-month; one in three is of a posyandu of either kecamatan."""
    home = dice.choice((kecamatan, kecamatan, *KECAMATAN))
    posyandu = dice.choice((f"{home}.2001.P001", f"{home}.2001.P002", ""))
    grade = dice.choice((None, 0, 1, 2, 3))
    reasons = [{"code": code, "grade": "ABCD"[grade]} for code in CODES if grade and dice.random() < 0.6]
    return JudgedRow(
        f"{kecamatan}.2001", posyandu, dice.randrange(1, 9), grade, reasons, {"visits": 2, "digits": [1, 0]}
    )


def counted(rows: Sequence[JudgedRow], code: str) -> int:
    """By looking at every row."""
    return len({one.posyandu_code or one.desa_code for one in rows if code in {why["code"] for why in one.reasons}})


@settings(max_examples=60, deadline=None, database=None)
@given(seed=st.integers(0, 10**9))
def test_sums_of_months_and_kecamatan_say_what_the_rows_say(seed: int) -> None:
    """Children by grade, the worst grade of a reason, its children, its posyandu, and the counts."""
    dice = random.Random(seed)
    every: list[JudgedRow] = []
    sums: list[KecamatanSum] = []
    for kecamatan in KECAMATAN:
        months = [[row(dice, kecamatan) for _ in range(dice.randrange(1, 5))] for _ in range(3)]
        sums.append(together(kecamatan, [sum_of(kecamatan, rows) for rows in months]))
        every += [one for rows in months for one in rows]
    owners = {one.kecamatan_code: one.own for one in sums}
    told = [one._replace(own={}) for one in sums]  # as they are read
    found = reasons_of(told, owners)
    for code in CODES:
        having = [one for one in every if code in {why["code"] for why in one.reasons}]
        if not having:
            assert code not in found
            continue
        worst = max(why["grade"] for one in having for why in one.reasons)
        assert found[code] == (worst, sum(one.children for one in having), counted(every, code))
    small = [one for one in every if one.grade is None]
    assert [sum(one.few[place] for one in sums) for place in range(3)] == [
        sum(one.children for one in small), len(every), len(small),
    ]  # fmt: skip
    for grade in range(4):
        children = sum(one.children for one in every if one.grade == grade)
        assert sum(one.graded[grade] for one in told) == children
    assert sum(one.counts["visits"] for one in told) == 2 * len(every)


def test_a_posyandu_whose_own_kecamatan_lies_outside_the_area_is_counted_all_the_same() -> None:
    """Its owner's sum is not part of what is added."""
    why = [{"code": "copied", "grade": "B"}]
    one = sum_of("12.19.01", [JudgedRow("12.19.01.2001", "12.20.01.2001.P001", 3, 1, why, {"visits": 3})])
    owners = {"12.20.01": {"copied": ["12.20.01.2001.P001"]}}
    assert reasons_of([one], owners)["copied"] == ("B", 3, 1)


def test_a_sum_of_changes_that_is_zero_in_the_first_month_cuts_nothing_off_the_others() -> None:
    assert summed([{"n": 3, "dhaz_p1": 0}, {"n": 4, "dhaz_p1": 0.06}]) == {"n": 7, "dhaz_p1": 0.06}
    assert isinstance(summed([{"n": 3}, {"n": 4}])["n"], int)
