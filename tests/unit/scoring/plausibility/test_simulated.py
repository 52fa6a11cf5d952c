"""A floor on the committed simulated rows, and the full score where the path of the benchmark file is given."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from deploy.local.commands.detect import judge
from services.scoring.domain.plausibility.scale import scale_of, to_z
from shared.growth.growth_tables import LAST_DAY
from tests.bench.detect_fit import fit, labelled, weighed
from tests.bench.detect_score import core_f1, hits_and_alarms, predicted
from tests.unit.scoring.plausibility.examples import SIMULATED

FULL = "TUMBUH_MEASUREMENT_ERRORS_DATA"  # path of the whole development file
# These rows were among those the trees learned from: the floors guard the code, see docs/detector.md for figures.
FLOORS = {"batch": 0.83, "stream": 0.76}  # measured 0.855 and 0.780: these four are hard ones
FALSE_ALARMS_PER_1000 = 3.0


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_floors_on_the_committed_simulated_rows(mode: str) -> None:
    data = labelled(SIMULATED)
    found = predicted(judge(data.values, mode))
    everything = np.ones(len(data.values), np.bool_)
    _, alarms = hits_and_alarms(data, found)
    assert core_f1(data, found, everything) > FLOORS[mode]
    assert 1000 * alarms.sum() / data.clean.sum() < FALSE_ALARMS_PER_1000


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_the_whole_development_file_where_its_path_is_given(mode: str) -> None:
    path = os.environ.get(FULL)
    if not path:
        pytest.skip(f"{FULL} is not set: real rows stay outside the repository")
    data = labelled(Path(path))
    assert core_f1(data, predicted(judge(data.values, mode)), np.ones(len(data.values), np.bool_)) > FLOORS[mode]


def test_rounding_and_scale_of_a_posyandu_are_found_in_their_months() -> None:
    data = labelled(SIMULATED)
    found = predicted(judge(data.values, "stream"))
    for kind in ("heaping", "scale_bias"):
        events = set(data.group[data.kind == kind].tolist())
        told = data.group[(data.kind == kind) & (found.kind == kind)].tolist()
        assert events
        assert len(set(told)) >= 0.5 * len(events), kind


def test_a_severe_child_is_not_flagged_more_often_than_the_limit_of_false_alarms() -> None:
    data = labelled(SIMULATED)
    values = data.values
    found = predicted(judge(values, "batch"))
    age = np.clip(values.day - values.birth_day, 0, LAST_DAY)
    z = to_z(scale_of(values.param, values.sex, age, values.position), values.value)
    severe = data.clean & (z < -3)
    _, alarms = hits_and_alarms(data, found)
    assert severe.sum() > 100
    assert alarms[severe].mean() < 2 * FALSE_ALARMS_PER_1000 / 1000


@pytest.mark.slow
def test_a_fit_repeated_gives_the_same_trees() -> None:
    data = labelled(SIMULATED)
    seen = weighed(data.values, "batch")
    first, second = (fit(seen, data, np.ones(len(data.values), np.bool_), 0.5)[0] for _ in range(2))
    assert all(np.array_equal(getattr(first, each.name), getattr(second, each.name)) for each in fields(first))
