"""Values that speak for themselves, without any history."""

from __future__ import annotations

import numpy as np

from services.scoring.domain.plausibility.detect import judge_batch, judge_stream
from services.scoring.domain.plausibility.values import Param, Values
from shared.growth.codes import Position, Sex


def one_value(param: Param, value: float, age_days: int) -> Values:
    return Values(
        child=np.array([1], np.int64),
        visit=np.array([1], np.int64),
        posyandu=np.array([1], np.int64),
        day=np.array([20_000], np.int32),
        birth_day=np.array([20_000 - age_days], np.int32),
        sex=np.array([Sex.MALE], np.int8),
        param=np.array([param], np.int8),
        value=np.array([value]),
        position=np.array([Position.LYING if param else Position.UNKNOWN], np.int8),
    )


def test_a_value_no_child_has_is_flagged_by_both_ways() -> None:
    values = one_value(Param.WEIGHT_KG, 80.5, 540)
    assert judge_batch(values).flagged.tolist() == [True]
    assert judge_stream(values, np.array([True])).flagged.tolist() == [True]


def test_an_ordinary_first_value_is_not_flagged() -> None:
    values = one_value(Param.LENGTH_HEIGHT_CM, 80.5, 540)
    assert judge_batch(values).flagged.tolist() == [False]
    assert judge_stream(values, np.array([True])).flagged.tolist() == [False]
