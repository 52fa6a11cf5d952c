"""What a verdict may depend on: the running service gives no more than that, and must get the same answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.plausibility.detect import STREAM_POSYANDU_DAYS, judge_batch, judge_stream
from services.scoring.domain.plausibility.values import Bools, Values
from services.scoring.domain.plausibility.verdicts import Verdicts
from tests.unit.scoring.plausibility.examples import (
    FIRST_DAY,
    LENGTH,
    WEIGHT,
    Entry,
    equal,
    growing,
    simulated,
    values_of,
)


@pytest.fixture(scope="module", name="whole")
def whole_file() -> tuple[Values, Verdicts]:
    """The simulated rows, some made worse: children at two posyandu, mixed sexes and birth dates, visits on one day."""
    values, _ = simulated()
    random = np.random.default_rng(3)
    size = len(values)
    posyandu, sex, birth, day = values.posyandu.copy(), values.sex.copy(), values.birth_day.copy(), values.day.copy()
    guests = random.random(size) < 0.03
    posyandu[guests] = random.integers(0, 4, guests.sum())
    odd = random.random(size) < 0.02
    sex[odd], birth[odd] = 3 - sex[odd], birth[odd] + 92
    order = np.lexsort((values.day, values.child))
    again = order[1:][(values.child[order][1:] == values.child[order][:-1]) & (random.random(size - 1) < 0.03)]
    day[again] = values.day[order[np.flatnonzero(np.isin(order, again)) - 1]]
    mixed = replace(values, posyandu=posyandu, sex=sex, birth_day=birth, day=day)
    return mixed, judge_stream(mixed, np.ones(size, np.bool_))


def visit(values: Values, row: int) -> Bools:
    asked: Bools = (values.visit == values.visit[row]) & (values.posyandu == values.posyandu[row])
    return asked


def needed(values: Values, asked: Bools) -> Bools:
    """What the contract of `judge_stream` names, for the rows of one visit."""
    day, posyandu = values.day[asked][0], values.posyandu[asked][0]
    earlier = np.isin(values.child, values.child[asked]) & (values.day < day)
    near = (values.posyandu == posyandu) & (values.day >= day - STREAM_POSYANDU_DAYS) & (values.day <= day)
    rows: Bools = earlier | near
    return rows


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_stream_verdict_depends_on_nothing_but_what_its_contract_names(
    data: st.DataObject, whole: tuple[Values, Verdicts]
) -> None:
    values, verdicts = whole
    asked = visit(values, data.draw(st.integers(0, len(values) - 1)))
    rows = np.flatnonzero(needed(values, asked))
    rows = rows[np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).permutation(rows.size)]
    alone = judge_stream(values.rows(rows), asked[rows])
    assert equal(alone, verdicts.rows(rows[asked[rows]]))


def test_the_rows_asked_about_together_do_not_matter(whole: tuple[Values, Verdicts]) -> None:
    values, verdicts = whole
    asked = np.random.default_rng(5).random(len(values)) < 0.2
    assert equal(judge_stream(values, asked), verdicts.rows(asked))


def test_later_days_never_change_a_stream_verdict(whole: tuple[Values, Verdicts]) -> None:
    values, verdicts = whole
    until = values.day <= np.quantile(values.day, 0.6)
    assert equal(judge_stream(values.rows(until), np.ones(until.sum(), np.bool_)), verdicts.rows(until))


def test_ids_are_only_compared(whole: tuple[Values, Verdicts]) -> None:
    values, verdicts = whole
    renumbered = [
        10_000_000_000 + np.random.default_rng(number).permutation(int(column.max()) + 1)[column]
        for number, column in enumerate((values.child, values.visit, values.posyandu))
    ]
    child, visit, posyandu = renumbered
    other = judge_stream(replace(values, child=child, visit=visit, posyandu=posyandu), np.ones(len(values), np.bool_))
    back = dict(zip(visit.tolist(), values.visit.tolist(), strict=True)) | {-1: -1}
    other_visit = np.array([back[visit_id] for visit_id in other.other_visit.tolist()])
    assert equal(replace(other, other_visit=other_visit), verdicts)


def test_the_order_of_rows_does_not_matter_to_a_batch() -> None:
    values, _ = simulated()
    order = np.random.default_rng(9).permutation(len(values))
    assert equal(judge_batch(values.rows(order)), judge_batch(values).rows(order))


def test_surprises_that_add_up_to_a_limit_exactly_do_not_depend_on_whose_rows_stand_before() -> None:
    """Four values of a child that was visited before its birth date: each as surprising as a value can be."""
    entries = [
        replace(entry, value=entry.value * (1.05 if month % 5 == 0 else 1.0))
        for child in range(2, 8)
        for month, entry in enumerate(growing(child, z=0.13 * child))
    ]
    entries += [
        Entry(9, 9000 + visit, FIRST_DAY - 11 + day, param, value)
        for visit, day, param, value in (
            (1, 0, WEIGHT, 8.6),
            (1, 0, LENGTH, 66.2),
            (2, 28, WEIGHT, 58.0),
            (2, 28, LENGTH, 67.8),
        )
    ]
    values = values_of(entries)
    asked = np.ones(len(values), np.bool_)
    first = judge_stream(values, asked)
    for number in range(10, 20):
        renumbered = np.random.default_rng(number).permutation(10)[values.child]
        assert equal(judge_stream(replace(values, child=renumbered), asked), first)
