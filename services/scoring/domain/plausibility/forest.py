"""Boosted trees as arrays, evaluated by numpy: the probability that a value is an error, from its features.

`forest.json` is made by tests/bench/detect_fit.py, which says from what. A row goes left where its feature is not above
the threshold; a leaf points at itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.scoring.domain.plausibility.values import Floats, Rows

FILE: Final = Path(__file__).with_name("forest.json")
CHUNK_ROWS: Final = 1024


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes of all trees in one: feature, threshold, left and right node, value; `roots` begins each tree.

    `flag_from` is the probability from which a value is flagged.
    """

    names: tuple[str, ...]
    base: float
    depth: int
    flag_from: float
    roots: Rows
    feature: Rows
    threshold: Floats
    left: Rows
    right: Rows
    value: Floats

    def probability(self, features: Floats) -> Floats:
        """Of an error, for each row of the matrix (rows, names)."""
        parts = [self._log_odds(features[start : start + CHUNK_ROWS]) for start in range(0, len(features), CHUNK_ROWS)]
        log_odds = np.concatenate(parts) if parts else np.zeros(0)
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))

    def _log_odds(self, features: Floats) -> Floats:
        lines = np.arange(len(features))[:, None] * features.shape[1]
        flat = np.ascontiguousarray(features).ravel()
        node = np.broadcast_to(self.roots, (len(features), self.roots.size))
        for _ in range(self.depth):
            above = flat.take(self.feature.take(node) + lines) > self.threshold.take(node)
            node = np.where(above, self.right.take(node), self.left.take(node))
        log_odds: Floats = self.base + self.value.take(node).sum(axis=1)
        return log_odds


@cache
def forest(name: str) -> Forest:
    """The forest of a mode, `batch` or `stream`."""
    data: dict[str, Any] = json.loads(FILE.read_text(encoding="ascii"))[name]
    return from_trees(
        tuple(data["names"]), data["base"], data["flag_from"], [tuple(map(tuple, tree)) for tree in data["trees"]]
    )


def from_trees(names: tuple[str, ...], base: float, flag_from: float, trees: list[Any]) -> Forest:
    """Join trees, each a sequence of nodes (feature, threshold, left, right, value); a leaf has left = right = 0."""
    roots: list[int] = []
    nodes: list[tuple[float, float, float, float, float]] = []
    for tree in trees:
        start = len(nodes)
        roots.append(start)
        for place, (feature, threshold, left, right, value) in enumerate(tree):
            leaf = left == 0
            here = start + place
            nodes.append((feature, threshold, here if leaf else start + left, here if leaf else start + right, value))
    table = np.array(nodes, np.float64).reshape(-1, 5)
    whole = table[:, [0, 2, 3]].astype(np.intp)
    return Forest(
        names,
        base,
        max((_depth(tree) for tree in trees), default=0),
        flag_from,
        np.array(roots, np.intp),
        whole[:, 0].copy(),
        table[:, 1].copy(),
        whole[:, 1].copy(),
        whole[:, 2].copy(),
        table[:, 4].copy(),
    )


def _depth(tree: Any, node: int = 0) -> int:
    left, right = int(tree[node][2]), int(tree[node][3])
    return 0 if left == 0 else 1 + max(_depth(tree, left), _depth(tree, right))
