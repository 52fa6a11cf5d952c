"""Every profile and every kind of dirt that files come with, made with a seed and compared with what was planted."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generators.eppgbm.dirt import DIRT, PLANTS, mixed
from tests.generators.eppgbm.profiles import PROFILES
from tests.generators.eppgbm.whole_files import WHOLE_FILES
from tests.unit.measurement.eppgbm_files import examine

SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", PROFILES)
def test_a_profile_is_recognised_and_read_whole(kind: str, seed: int) -> None:
    made = PROFILES[kind](random.Random(seed))
    assert made.differences(examine(made.data)) == {}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", DIRT)
def test_a_kind_of_dirt_is_judged_as_planted(kind: str, seed: int) -> None:
    made = DIRT[kind](random.Random(seed))
    assert made.differences(examine(made.data)) == {}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", WHOLE_FILES)
def test_what_concerns_a_whole_file_is_said_of_it(kind: str, seed: int) -> None:
    made = WHOLE_FILES[kind](random.Random(seed))
    assert made.differences(examine(made.data)) == {}


@given(
    st.integers(0, 10**6),
    st.lists(st.sampled_from(sorted(PLANTS)), max_size=12),
    st.sampled_from(["workbook", "text"]),
    st.integers(0, 6),
)
@settings(max_examples=40, deadline=None)
def test_whatever_dirt_meets_in_one_file_every_row_is_counted_once(
    seed: int, names: list[str], container: str, duplicates: int
) -> None:
    made = mixed(random.Random(seed), names, as_text=container == "text", extra_duplicates=duplicates)
    assert made.differences(examine(made.data)) == {}
