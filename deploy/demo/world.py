"""The simulated district over some months: who is in it, and every weighing of every round. Same seed, same world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from deploy.demo.children import Children, make_children
from deploy.demo.planted import plant
from deploy.demo.register import District, build_district
from deploy.demo.visits import Growing, Places, Visits
from shared.calendar import add_months, last_day, month_of

UNDER_FIVE_MONTHS: Final = 60


@dataclass(frozen=True)
class Round:
    """One month's weighing: `month` is its first day."""

    month: date
    visits: Visits


@dataclass(frozen=True)
class World:
    """A district and its rounds, oldest first; the newest is the month before `today`."""

    district: District
    children: Children
    rounds: tuple[Round, ...]
    today: date
    seed: int
    planted: Mapping[str, int]  # kind of fault → index of the posyandu whose measuring has it


def newest_month(today: date) -> date:
    """The month before today's: the last one that is complete."""
    return add_months(month_of(today), -1)


def make_world(*, children: int, months: int, seed: int, today: date) -> World:
    """A district with about `children` under five in each month and `months` rounds.

    Raises ValueError for less than one child or month.
    """
    if children < 1 or months < 1:
        raise ValueError("a world needs at least one child and one month")
    rng = np.random.default_rng(seed)
    district = build_district()
    newest = newest_month(today)
    # One month more than asked for is lived, so that the first round already has gains (N and T).
    lived = [add_months(newest, -back) for back in range(months, -1, -1)]
    desa_index = {area.code: index for index, area in enumerate(district.desa)}
    shares = np.array([post.share for post in district.posyandu])
    people = make_children(
        rng,
        count=round(children * (UNDER_FIVE_MONTHS + months) / UNDER_FIVE_MONTHS),
        born_from=add_months(lived[0], -UNDER_FIVE_MONTHS) + timedelta(days=14),
        born_to=last_day(newest),
        shares=shares / shares.sum(),
        kecamatan=np.array([int(post.desa_code.split(".")[2]) for post in district.posyandu], dtype=np.int64),
    )
    places = Places.make(rng, np.array([desa_index[post.desa_code] for post in district.posyandu], dtype=np.int64))
    growing = Growing(rng, people, places)
    rounds = [Round(first, growing.month(first)) for first in lived]
    spoilt, planted = plant(people, rounds[-2].visits, rounds[-1].visits, len(district.posyandu))
    rounds[-1] = Round(rounds[-1].month, spoilt)
    return World(district, people, tuple(rounds[1:]), today, seed, planted)
