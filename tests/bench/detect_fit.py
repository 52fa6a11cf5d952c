"""Fits the trees of the detector; tests/bench/detect_score.py says how well they do on posyandu they have not seen.

    python -m tests.bench.detect_fit BENCHMARK.csv.gz   # writes forest.json, from all rows

The benchmark file is not part of the repository (most of its real rows may not be copied); what is fitted from it are
trees and thresholds only. Truth columns are read here and nowhere else. Fitting twice gives the same file.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from deploy.local.commands.detect import read
from services.scoring.domain.plausibility.detect import needs_weighing
from services.scoring.domain.plausibility.evidence import gather
from services.scoring.domain.plausibility.features import features
from services.scoring.domain.plausibility.forest import FILE, Forest, from_trees
from services.scoring.domain.plausibility.values import Bools, Floats, Rows, Values

MODES: Final = ("batch", "stream")
FOLDS: Final = 5
FOLDINGS: Final = 3
RULED: Final = ("exact_duplicate", "same_day_conflict", "wrong_sex", "wrong_birth_date")
SUBTLE: Final = ("position_error", "heaping", "scale_bias")
SETTINGS: Final[dict[str, Any]] = {
    "max_iter": 90,
    "learning_rate": 0.09,
    "max_leaf_nodes": 12,
    "max_depth": 5,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "early_stopping": False,
    "random_state": 0,
}
# The threshold is chosen where F1 is best while at most this many false alarms come per 1,000 clean values: below the
# limit of 3, since a cohort of another kind than all that were learned from brings more, in a stream twice as many.
FALSE_ALARMS: Final = {"batch": 2.6, "stream": 1.6}
THRESHOLDS: Final = np.arange(0.30, 0.71, 0.02)
DIGITS: Final = 6  # of what is written: the file is read by people who compare two of them


@dataclass(frozen=True, slots=True)
class Labelled:
    """The benchmark: values with truth. Flagged `clean` rows are false alarms, `core` rows are to be found."""

    values: Values
    row_id: Sequence[str]
    kind: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    clean: Bools
    core: Bools


def labelled(path: Path) -> Labelled:
    """Read values and truth."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        table = read(file)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kind, source, group = (np.array([row[name] for row in rows]) for name in ("kind", "source", "group_id"))
    error = np.array([row["is_error"] == "1" for row in rows])
    ignored = np.array([row["ignore_fp"] == "1" for row in rows])
    return Labelled(table.values, table.row_ids, kind, source, group, ~error & ~ignored, error & ~np.isin(kind, SUBTLE))


@dataclass(frozen=True, slots=True)
class Weighed:
    """Features of the rows that the forest is asked about, in one mode."""

    mode: str
    names: tuple[str, ...]
    rows: Rows
    matrix: Floats


def weighed(values: Values, mode: str) -> Weighed:
    """What the forest will be asked about these values."""
    everything = np.ones(len(values), np.bool_)
    evidence = gather(values, everything, all_days=mode == "batch")
    rows = needs_weighing(evidence, everything)
    names, matrix = features(evidence, rows)
    return Weighed(mode, names, rows, matrix)


def fit(seen: Weighed, data: Labelled, learn: Bools, flag_from: float) -> tuple[Forest, list[Any], float]:
    """A forest from the rows of `learn`; subtle errors and partners of repeats teach nothing."""
    use = (learn & (data.clean | data.core))[seen.rows]
    model = HistGradientBoostingClassifier(**SETTINGS)
    model.fit(seen.matrix[use], data.core[seen.rows][use])
    trees = [_nodes(each[0].nodes) for each in model._predictors]
    base = round(float(model._baseline_prediction[0, 0]), DIGITS)
    return from_trees(seen.names, base, flag_from, trees), trees, base


def _nodes(nodes: Any) -> list[list[float]]:
    return [
        [0, 0.0, 0, 0, round(float(node["value"]), DIGITS)]
        if node["is_leaf"]
        else [
            int(node["feature_idx"]),
            round(float(node["num_threshold"]), DIGITS),
            int(node["left"]),
            int(node["right"]),
            0.0,
        ]
        for node in nodes
    ]


def threshold(seen: Weighed, data: Labelled, learn: Bools) -> float:
    """The median of the best thresholds over several ways to fold the posyandu of `learn`."""
    return round(
        float(
            np.median(
                [
                    best_threshold(
                        out_of_fold(seen, data, learn, folds_by_posyandu(data.values, seed)), seen, data, learn
                    )
                    for seed in range(FOLDINGS)
                ]
            )
        ),
        2,
    )


def out_of_fold(seen: Weighed, data: Labelled, learn: Bools, fold: npt.NDArray[np.intp]) -> Floats:
    """Probability of the rows of `learn` by forests that have not seen their fold (0 for rows not asked about)."""
    probability = np.zeros(len(data.values))
    for number in np.unique(fold[learn]):
        forest, _, _ = fit(seen, data, learn & (fold != number), 0.5)
        there = (learn & (fold == number))[seen.rows]
        probability[seen.rows[there]] = forest.probability(seen.matrix[there])
    return probability


def best_threshold(probability: Floats, seen: Weighed, data: Labelled, of: Bools) -> float:
    """Where F1 of the weighed rows and what rules find is best within the limit of false alarms."""
    ruled = data.core & of & np.isin(data.kind, RULED)
    ruled[seen.rows] = False
    scores = []
    for candidate in THRESHOLDS:
        flagged = (probability >= candidate) & of
        hits, alarms = int((flagged & data.core).sum()) + int(ruled.sum()), int((flagged & data.clean).sum())
        score = 2 * hits / (hits + alarms + int((data.core & of).sum()))
        allowed = alarms <= FALSE_ALARMS[seen.mode] / 1000 * int((data.clean & of).sum())
        scores.append((score if allowed else 0.0, float(candidate)))
    return round(max(scores)[1], 2)


def folds_by_posyandu(values: Values, seed: int) -> npt.NDArray[np.intp]:
    """A fold for each posyandu; all its children are in it."""
    _, place = np.unique(values.posyandu, return_inverse=True)
    order = np.random.default_rng(seed).permutation(int(place.max()) + 1)
    return (order % FOLDS)[place].astype(np.intp)


def write(data: Labelled) -> None:
    """Fit on everything, thresholds from out-of-fold probabilities, and write the file of the detector."""
    out: dict[str, Any] = {}
    for mode in MODES:
        seen = weighed(data.values, mode)
        everything = np.ones(len(data.values), np.bool_)
        flag_from = threshold(seen, data, everything)
        _, trees, base = fit(seen, data, everything, flag_from)
        out[mode] = {"names": seen.names, "base": base, "flag_from": flag_from, "trees": trees}
        print(  # noqa: T201 - a script
            f"{mode}: {len(trees)} trees on {seen.rows.size} rows, flagged from {flag_from}"
        )
    FILE.write_text(json.dumps(out, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmark", type=Path)
    write(labelled(parser.parse_args().benchmark))
