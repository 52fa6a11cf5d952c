"""Each kind of mistake in a clear example: found, named, and with the right hint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.scoring.domain.plausibility.detect import judge_batch, judge_stream
from services.scoring.domain.plausibility.values import Param
from services.scoring.domain.plausibility.verdicts import Evidence, Kind, Verdicts
from shared.growth.codes import Sex
from tests.unit.scoring.plausibility.examples import (
    FIRST_DAY,
    LENGTH,
    MONTH,
    WEIGHT,
    Entry,
    changed,
    growing,
    kinds,
    value_at,
    values_of,
)

MODES = ["batch", "stream"]


def judge(entries: list[Entry], mode: str) -> Verdicts:
    values = values_of(entries)
    return judge_batch(values) if mode == "batch" else judge_stream(values, np.ones(len(values), np.bool_))


def at(entries: list[Entry], month: int, param: Param) -> int:
    (row,) = (
        row
        for row, entry in enumerate(entries)
        if entry.day == entries[0].birth_day + MONTH * month and entry.param == param and entry.child == 1
    )
    return row


def only(verdicts: Verdicts, rows: list[int], kind: Kind) -> bool:
    flagged: list[int] = np.flatnonzero(verdicts.flagged).tolist()
    return flagged == rows and verdicts.kind[rows].tolist() == [kind] * len(rows)


@pytest.mark.parametrize("mode", MODES)
def test_a_child_that_grows_on_its_line_is_not_flagged(mode: str) -> None:
    assert not judge(growing(), mode).flagged.any()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("z", [-4.5, -3.5, 3.5])
def test_a_severe_child_that_stays_so_is_never_flagged(z: float, mode: str) -> None:
    assert not judge(growing(z=z), mode).flagged.any()


@pytest.mark.parametrize("mode", MODES)
def test_a_steady_fall_into_severe_thinness_is_not_flagged(mode: str) -> None:
    entries = [
        replace(entry, value=round(entry.value - 0.12 * ((entry.day - FIRST_DAY) // MONTH - 1), 1))
        if entry.param == WEIGHT
        else entry
        for entry in growing(z=-2.0, months=range(2, 16))
    ]
    assert not judge(entries, mode).flagged.any()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("param", "factor", "kind", "code"),
    [
        (WEIGHT, 10.0, Kind.DECIMAL_SHIFT, Evidence.TIMES_TEN),
        (WEIGHT, 0.1, Kind.DECIMAL_SHIFT, Evidence.TENTH),
        (LENGTH, 0.1, Kind.DECIMAL_SHIFT, Evidence.TENTH),
        (WEIGHT, 2.2046, Kind.UNIT_ERROR, Evidence.POUNDS),
        (WEIGHT, 1000.0, Kind.UNIT_ERROR, Evidence.GRAMS),
        (LENGTH, 1 / 2.54, Kind.UNIT_ERROR, Evidence.INCHES),
        (LENGTH, 0.01, Kind.UNIT_ERROR, Evidence.METRES),
    ],
)
def test_a_decimal_or_unit_mistake_is_named_with_the_value_meant(
    param: Param, factor: float, kind: Kind, code: Evidence, mode: str
) -> None:
    entries = growing()
    meant = value_at(entries, 11, param)
    wrong = changed(entries, 11, param, value=round(meant * factor, 2))
    row = at(wrong, 11, param)
    verdicts = judge(wrong, mode)
    assert only(verdicts, [row], kind)
    assert verdicts.evidence_code[row] == code
    assert verdicts.proposed[row] == pytest.approx(meant, abs=0.6 if code == Evidence.METRES else 0.11)


@pytest.mark.parametrize("mode", MODES)
def test_102_after_10_1_is_ten_times_too_much(mode: str) -> None:
    entries = [
        Entry(1, 1, FIRST_DAY + 500, WEIGHT, 10.1),
        Entry(1, 2, FIRST_DAY + 530, WEIGHT, 102.0),
    ]
    verdicts = judge(entries, mode)
    assert only(verdicts, [1], Kind.DECIMAL_SHIFT)
    assert (verdicts.evidence_code[1], verdicts.proposed[1]) == (Evidence.TIMES_TEN, pytest.approx(10.2))


@pytest.mark.parametrize("mode", MODES)
def test_weight_and_length_exchanged_are_both_flagged_without_any_history(mode: str) -> None:
    """B028."""
    entries = [
        Entry(1, 1, FIRST_DAY + 540, WEIGHT, 80.5),
        Entry(1, 1, FIRST_DAY + 540, LENGTH, 10.2),
    ]
    verdicts = judge(entries, mode)
    assert only(verdicts, [0, 1], Kind.SWAP_WT_HT)
    assert verdicts.proposed.tolist() == [10.2, 80.5]


def test_a_fall_of_1_5_cm_among_steady_values_is_flagged_by_a_batch() -> None:
    """B022: later values show that the length had not fallen; the tolerance itself is a rule of the assessment."""
    entries = growing(months=range(12, 24))
    lower = round(value_at(entries, 17, LENGTH) - 1.5, 1)
    wrong = changed(entries, 18, LENGTH, value=lower)
    verdicts = judge(wrong, "batch")
    row = at(wrong, 18, LENGTH)
    assert only(verdicts, [row], Kind.TEM_OUTLIER)
    assert verdicts.expected[row] == pytest.approx(value_at(entries, 18, LENGTH), abs=0.7)


@pytest.mark.parametrize("mode", MODES)
def test_two_exchanged_digits_are_named_with_the_value_meant(mode: str) -> None:
    entries = changed(growing(), 11, LENGTH, value=72.1)
    wrong = changed(entries, 11, LENGTH, value=27.1)
    row = at(wrong, 11, LENGTH)
    verdicts = judge(wrong, mode)
    assert only(verdicts, [row], Kind.DIGIT_TRANSPOSITION)
    assert verdicts.proposed[row] == 72.1


@pytest.mark.parametrize("mode", MODES)
def test_the_values_of_two_children_of_a_session_exchanged_name_each_other(mode: str) -> None:
    small, tall = growing(child=1, z=-2.5), growing(child=2, z=0.5)
    bystander = growing(child=3, z=-1.0)
    ones, twos = (
        {param: value_at(each, 12, param, child) for param in (WEIGHT, LENGTH)}
        for each, child in ((small, 1), (tall, 2))
    )
    for param in (WEIGHT, LENGTH):
        small = changed(small, 12, param, value=twos[param])
        tall = changed(tall, 12, param, value=ones[param])
    entries = small + tall + bystander
    verdicts = judge(entries, mode)
    rows = [row for row, entry in enumerate(entries) if entry.visit in (1012, 2012)]
    assert only(verdicts, rows, Kind.WRONG_CHILD)
    assert {int(entries[row].visit): int(verdicts.other_visit[row]) for row in rows} == {1012: 2012, 2012: 1012}


@pytest.mark.parametrize("mode", MODES)
def test_a_value_copied_from_the_last_visit_of_a_fast_growing_child_is_flagged(mode: str) -> None:
    entries = growing(months=range(1, 9))
    wrong = changed(entries, 4, WEIGHT, value=value_at(entries, 3, WEIGHT))
    wrong = changed(wrong, 4, LENGTH, value=value_at(entries, 3, LENGTH))
    verdicts = judge(wrong, mode)
    rows = [at(wrong, 4, WEIGHT), at(wrong, 4, LENGTH)]
    assert only(verdicts, rows, Kind.CARRIED_FORWARD)
    assert verdicts.other_visit[rows].tolist() == [1003, 1003]


@pytest.mark.parametrize("mode", MODES)
def test_a_sex_that_all_other_visits_contradict_is_flagged(mode: str) -> None:
    wrong = changed(growing(), 10, None, sex=Sex.FEMALE)
    rows = [at(wrong, 10, WEIGHT), at(wrong, 10, LENGTH)]
    verdicts = judge(wrong, mode)
    assert only(verdicts, rows, Kind.WRONG_SEX)
    assert verdicts.proposed[rows].tolist() == [Sex.MALE, Sex.MALE]


@pytest.mark.parametrize("mode", MODES)
def test_a_birth_date_that_all_other_visits_contradict_is_flagged(mode: str) -> None:
    wrong = changed(growing(), 10, None, birth_day=FIRST_DAY - 365)
    rows = [row for row, entry in enumerate(wrong) if entry.birth_day != FIRST_DAY]
    verdicts = judge(wrong, mode)
    assert only(verdicts, rows, Kind.WRONG_BIRTH_DATE)
    assert verdicts.proposed[rows].tolist() == [FIRST_DAY, FIRST_DAY]


@pytest.mark.parametrize("mode", MODES)
def test_a_birth_date_wrong_at_all_visits_shows_in_the_shape_of_growth(mode: str) -> None:
    entries = growing(months=range(7, 20), born=FIRST_DAY + 183)
    verdicts = judge(entries, mode)
    told = np.flatnonzero(verdicts.kind == Kind.WRONG_BIRTH_DATE)
    assert told.size
    assert (np.abs(verdicts.proposed[told] - (FIRST_DAY + 183)) <= 31).all()


@pytest.mark.parametrize("mode", MODES)
def test_a_visit_entered_twice_is_a_duplicate_and_other_values_a_conflict(mode: str) -> None:
    entries = growing()
    day = FIRST_DAY + MONTH * 10
    weight = value_at(entries, 10, WEIGHT)
    length = value_at(entries, 10, LENGTH)
    again = [Entry(1, 99, day, WEIGHT, weight), Entry(1, 99, day, LENGTH, length + 3.0)]
    verdicts = judge(entries + again, mode)
    first = [at(entries, 10, WEIGHT), at(entries, 10, LENGTH)]
    found = dict(
        zip([*first, len(entries), len(entries) + 1], ["exact_duplicate", "same_day_conflict"] * 2, strict=True)
    )
    assert {row: kind for row, kind in enumerate(kinds(verdicts)) if kind} == found
    assert verdicts.other_visit[first[0]] == 99
    assert verdicts.proposed[len(entries) + 1] == length


def clinic(sessions: int, children: int = 14) -> list[Entry]:
    """A posyandu whose children are not all alike, on the same days."""
    return [
        entry
        for child in range(1, children + 1)
        for entry in growing(child=child, z=-2.5 + 0.2 * child, months=range(3, 3 + sessions))
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_scale_that_reads_half_a_kilogram_too_much_is_told_for_the_session(mode: str) -> None:
    day = FIRST_DAY + MONTH * 9
    entries = [
        replace(entry, value=round(entry.value + 0.5, 1)) if entry.day == day and entry.param == WEIGHT else entry
        for entry in clinic(14)
    ]
    verdicts = judge(entries, mode)
    told = {(entries[row].day, entries[row].param) for row in np.flatnonzero(verdicts.kind == Kind.SCALE_BIAS)}
    assert told == {(day, WEIGHT)}


@pytest.mark.parametrize("mode", MODES)
def test_weights_rounded_to_halves_are_told_once_for_a_session(mode: str) -> None:
    days = [FIRST_DAY + MONTH * month for month in (9, 10, 11)]
    entries = [
        replace(entry, value=round(entry.value * 2) / 2) if entry.day in days and entry.param == WEIGHT else entry
        for entry in clinic(14)
    ]
    verdicts = judge(entries, mode)
    told = [(entries[row].day, entries[row].param) for row in np.flatnonzero(verdicts.kind == Kind.HEAPING)]
    assert sorted(told) == [(day, WEIGHT) for day in days]


@pytest.mark.parametrize("mode", MODES)
def test_no_rows_have_no_verdicts(mode: str) -> None:
    assert judge([], mode).flagged.size == 0
