"""Every profile and every kind of dirt that files come with, made with a seed and compared with what was planted."""

from __future__ import annotations

import random

import pytest

from tests.generators.eppgbm.profiles import PROFILES
from tests.unit.measurement.eppgbm_files import examine

SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", PROFILES)
def test_a_profile_is_recognised_and_read_whole(kind: str, seed: int) -> None:
    made = PROFILES[kind](random.Random(seed))
    assert made.differences(examine(made.data)) == {}
