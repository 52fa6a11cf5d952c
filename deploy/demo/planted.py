"""Two posyandu whose measuring is wrong, so that the demo can show who is found: a heavy scale, a copying kader.

They are spoilt in the newest round only, and only in a district with posyandu large enough for it to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from deploy.demo import growth
from deploy.demo.children import Children
from deploy.demo.visits import Visits

FEWEST: Final = 30  # weighings in each of the two newest rounds
HEAVY_KG: Final = 0.5
COPIED_SHARE: Final = 0.8  # of the children who came last month, too
#: What is planted, and the kind of alert that must name the posyandu.
ALERT_OF: Final = {"biased_scale": "scale_bias", "copied_values": "copied"}


def plant(children: Children, before: Visits, newest: Visits, posyandu: int) -> tuple[Visits, Mapping[str, int]]:
    """The newest weighings with what is planted, and by kind the index of its posyandu (of so many `posyandu`)."""
    size = np.minimum(*(np.bincount(each.posyandu, minlength=posyandu) for each in (before, newest)))
    # Not the largest: that one sends by telephone.
    chosen = [int(index) for index in np.argsort(-size, kind="stable")[1:3] if size[index] >= FEWEST]
    if len(chosen) < len(ALERT_OF):
        return newest, {}
    heavy, copying = chosen
    weight, height = newest.weight_kg.copy(), newest.length_height_cm.copy()
    at = np.flatnonzero(newest.posyandu == heavy)
    weight[at] = np.round(weight[at] + HEAVY_KG, 1)
    last = {child: index for index, child in enumerate(before.child.tolist())}
    came = [index for index in np.flatnonzero(newest.posyandu == copying) if int(newest.child[index]) in last]
    for index in came[: round(len(came) * COPIED_SHARE)]:
        there = last[int(newest.child[index])]
        weight[index], height[index] = before.weight_kg[there], before.length_height_cm[there]
    age = np.clip(newest.measured_day - children.birth_day[newest.child], 0, growth.LAST_DAY + 1)
    scores = growth.official_scores(children.sex[newest.child], age, weight, height, newest.standing)
    spoilt = np.isin(newest.posyandu, chosen)
    told = {name: np.where(spoilt, getattr(scores, name), getattr(newest, name)) for name in ("haz", "waz", "whz")}
    return replace(newest, weight_kg=weight, length_height_cm=height, **told), {
        "biased_scale": heavy,
        "copied_values": copying,
    }
