"""How often quality accuses clean posyandu, and how often it finds what is planted: figures of docs/data-quality.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from deploy.demo.visits import Visits as Weighed
from services.reporting.domain.quality_reasons import judge
from services.reporting.domain.quality_ruleset import load
from tests.unit.reporting.quality_world import clean_rounds, counted, kecamatan_months, rescored

pytestmark = pytest.mark.slow
CHILDREN = 30_000
MONTHS = 6
SPOILT_FROM = 3
EVERY = 9  # of so many posyandu one is spoilt
FEWEST = 20  # children of a posyandu in which a fault is asked for
Hit = npt.NDArray[np.bool_]
Fault = Callable[[Any, Weighed, Hit, Weighed], Weighed]  # people, weighings, those spoilt, the month before
DICE = np.random.default_rng(5)


@pytest.fixture(scope="module")
def world() -> tuple[Any, Any, list[Weighed]]:
    return clean_rounds(1, CHILDREN, MONTHS)


def biased(weight_kg: float) -> Fault:
    def spoil(people: Any, weighed: Weighed, hit: Hit, _: Weighed) -> Weighed:
        read = np.where(hit, np.round(weighed.weight_kg + weight_kg, 1), weighed.weight_kg)
        return rescored(people, replace(weighed, weight_kg=read))

    return spoil


def copied(share: float) -> Fault:
    """Values of the last visit, as they were written then."""

    def spoil(people: Any, weighed: Weighed, hit: Hit, before: Weighed) -> Weighed:
        last = dict(zip(before.child.tolist(), range(before.count), strict=True))
        weight, height = weighed.weight_kg.copy(), weighed.length_height_cm.copy()
        for at in np.flatnonzero(hit & (DICE.random(weighed.count) < share)):
            there = last.get(int(weighed.child[at]))
            if there is not None:
                weight[at], height[at] = before.weight_kg[there], before.length_height_cm[there]
        return rescored(people, replace(weighed, weight_kg=weight, length_height_cm=height))

    return spoil


def of_another(people: Any, weighed: Weighed, hit: Hit, _: Weighed) -> Weighed:
    """Half of the children in pairs with the values of the first."""
    weight, height = weighed.weight_kg.copy(), weighed.length_height_cm.copy()
    for post in np.unique(weighed.posyandu[hit]):
        there = np.flatnonzero(weighed.posyandu == post)
        there = there[DICE.random(there.size) < 0.5]
        for one, other in zip(there[::2], there[1::2], strict=False):
            weight[other], height[other] = weight[one], height[one]
    return rescored(people, replace(weighed, weight_kg=weight, length_height_cm=height))


def none_stunted(_people: Any, weighed: Weighed, hit: Hit, _: Weighed) -> Weighed:
    return replace(weighed, haz=np.where(hit & (weighed.haz < -1.9), -1.5, weighed.haz))


def whole_cm(people: Any, weighed: Weighed, hit: Hit, _: Weighed) -> Weighed:
    read = np.where(hit, np.round(weighed.length_height_cm), weighed.length_height_cm)
    return rescored(people, replace(weighed, length_height_cm=read))


def test_at_most_one_in_a_hundred_clean_posyandu_months_is_doubted(world: tuple[Any, Any, list[Weighed]]) -> None:
    people, posts, months = world
    counts = counted(people, months, len(posts))
    judged = [
        one
        for month in range(1, MONTHS)
        for _, window in kecamatan_months(counts, posts, month)
        for one in judge(load(), window)
    ]
    assert len(judged) > 2_000
    assert sum(bool(one.reasons) for one in judged) / len(judged) <= 0.01


@pytest.mark.parametrize(
    ("fault", "code", "until", "found_at_least"),
    [
        (biased(0.4), "scale_bias", SPOILT_FROM, 0.90),
        (biased(0.3), "scale_bias", SPOILT_FROM, 0.60),
        (copied(0.5), "copied", SPOILT_FROM, 0.90),
        (copied(0.3), "copied", SPOILT_FROM, 0.70),
        (of_another, "identical", SPOILT_FROM, 0.90),
        (none_stunted, "improbable_zero", SPOILT_FROM + 2, 0.45),
        (whole_cm, "whole_cm", SPOILT_FROM, 0.95),
    ],
    ids=["scale-0.4", "scale-0.3", "copied-50", "copied-30", "identical", "zero", "whole-cm"],
)
def test_what_is_planted_is_found_and_nobody_else_accused(
    world: tuple[Any, Any, list[Weighed]], fault: Fault, code: str, until: int, found_at_least: float
) -> None:
    people, posts, months = world
    spoilt = months[:SPOILT_FROM]
    for weighed in months[SPOILT_FROM : until + 1]:
        spoilt.append(fault(people, weighed, weighed.posyandu % EVERY == 0, spoilt[-1]))
    counts = counted(people, spoilt, len(posts))
    found, others = [], []
    for members, window in kecamatan_months(counts, posts, until):
        for member, one in zip(members, judge(load(), window), strict=True):
            if member % EVERY:
                others.append(bool(one.reasons))
            elif counts[until][member]["children"] >= FEWEST:
                found.append(any(reason.code == code for reason in one.reasons))
    assert np.mean(found) >= found_at_least
    assert np.mean(others) <= 0.01
