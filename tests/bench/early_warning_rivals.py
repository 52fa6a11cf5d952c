"""What the early-warning model is compared with: a logistic regression and a gradient boosting on the same inputs.

Inputs of a visit: HAZ, age, mean HAZ so far, WAZ, WAZ slope (against the latest visit 60-200 days before, a 30 days),
2T (WAZ fell twice running by more than 0.1: the benchmark has no letters), HAZ slope, number of HAZ so far (to 12).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import GradientBoostingClassifier

from tests.bench.early_warning_data import Benchmark, Bools, Floats, logistic

SLOPE_DAYS: Final = (60, 200)
NOT_GAINED_BELOW: Final = -0.1


def inputs(data: Benchmark) -> Floats:
    """The eight inputs, shape (visits, 8); a missing score stands in by the latest one, then by the other kind."""
    haz_known, waz_known = ~np.isnan(data.haz), ~np.isnan(data.waz)
    first = _first_of_child(data)
    total = np.r_[0.0, np.cumsum(np.where(haz_known, data.haz, 0.0))]
    count = np.r_[0, np.cumsum(haz_known)]
    row = np.arange(data.child.size)
    seen = count[row] - count[first]
    past = np.where(seen > 0, (total[row] - total[first]) / np.maximum(seen, 1), data.haz)
    before = _latest(waz_known, first, itself=False)
    last = np.where(waz_known, data.waz, np.where(before >= 0, data.waz[before], data.haz))
    fell = (before >= 0) & (data.waz - data.waz[before] < NOT_GAINED_BELOW)
    twice = fell & (before >= 0) & fell[before]
    return np.stack(
        [
            data.haz,
            data.age_days / 365.25,
            past,
            last,
            _slope(data, data.waz, first),
            twice,
            _slope(data, data.haz, first),
            np.minimum(seen, 12),
        ],
        axis=1,
    )


def logistic_risk(x: Floats, stunted: Bools, train: Bools, test: Bools) -> Floats:
    """Risks of the test rows by a logistic regression on the standardised inputs."""
    middle, spread = x[train].mean(axis=0), np.maximum(x[train].std(axis=0), 1e-9)
    design = np.vstack([np.ones(x.shape[0]), ((x - middle) / spread).T])
    beta = logistic(design[:, train], stunted[train].astype(np.float64), ridge=1e-3)
    return np.asarray(1.0 / (1.0 + np.exp(-(beta @ design[:, test]))))


def boosting_risk(x: Floats, stunted: Bools, train: Bools, test: Bools) -> Floats:
    """Risks of the test rows by a gradient boosting of small trees."""
    trees = GradientBoostingClassifier(n_estimators=200, max_depth=3, learning_rate=0.05, subsample=0.7, random_state=0)
    trees.fit(x[train], stunted[train])
    return np.asarray(trees.predict_proba(x[test])[:, 1])


def _first_of_child(data: Benchmark) -> npt.NDArray[np.intp]:
    new = np.r_[True, data.child[1:] != data.child[:-1]]
    return np.asarray(np.flatnonzero(new)[np.cumsum(new) - 1])


def _latest(known: Bools, first: npt.NDArray[np.intp], *, itself: bool) -> npt.NDArray[np.intp]:
    """The latest row of the child where `known`, -1 = none."""
    place = np.maximum.accumulate(np.where(known, np.arange(known.size), -1))
    if not itself:
        place = np.r_[-1, place[:-1]]
    return np.where(place >= first, place, -1)


def _slope(data: Benchmark, z: Floats, first: npt.NDArray[np.intp]) -> Floats:
    """Change per 30 days against the latest known value 60-200 days before; 0 where there is none."""
    nearest, farthest = SLOPE_DAYS
    slope = np.zeros(z.size)
    open_rows = ~np.isnan(z)
    for back in range(1, z.size):
        here = np.arange(back, z.size)
        here = here[open_rows[here] & (here - back >= first[here])]
        if not here.size:
            break
        days = data.age_days[here] - data.age_days[here - back]
        fits = (days >= nearest) & ~np.isnan(z[here - back])
        near = here[fits & (days <= farthest)]
        slope[near] = (z[near] - z[near - back]) / (data.age_days[near] - data.age_days[near - back]) * 30.0
        open_rows[here[fits]] = False
    return slope
